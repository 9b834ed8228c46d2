//! A clip that is hard to track in, and who is where in it.
//!
//! Four riders cross, one behind another and behind a dark board that hides each for about a second; one of them leaves
//! the picture and comes back after several seconds; the cameraman whips to both sides, his hand shakes, and in the end
//! the picture cuts to another camera. Riders keep their numbers throughout.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use glam::{Affine3A, Mat3, Quat, Vec2, Vec3};
use snowmesh::body::{BodyModel, PosedBody};
use snowmesh::types::{BBox, Camera};

use crate::camera::{self, View};
use crate::choreography::{BOARD_THICKNESS_M, Ride};
use crate::mesh::{Mesh, material};
use crate::movie::Movie;
use crate::outfit::Outfit;
use crate::renderer::{Moving, Renderer};
use crate::rig::{Posed, Rig};
use crate::uniforms::Frame;
use crate::{BETAS, BODY, FRAMES_PER_SECOND, board, curve, noise, terrain};

const SIZE_PX: [u32; 2] = [640, 360];
const DURATION_S: f32 = 14.0;

/// When the second camera takes over, seconds.
const CUT_S: f32 = 9.0;

/// Share of a rider's box that must lie in the picture for him to be in it.
const LEAST_IN_PICTURE: f32 = 0.25;

/// Where the middle of everything is, metres.
const STAGE_M: Vec2 = Vec2::new(0.0, 17.0);

/// Ways of the riders: seconds, and metres of x and z.
const WAYS: [&[(f32, Vec2)]; 4] = [
    &[
        (0.0, Vec2::new(-4.6, 17.0)),
        (4.5, Vec2::new(-0.2, 17.3)),
        (8.5, Vec2::new(3.6, 17.0)),
        (11.0, Vec2::new(4.0, 15.5)),
        (14.0, Vec2::new(2.0, 14.0)),
    ],
    &[
        (0.0, Vec2::new(4.6, 19.0)),
        (4.5, Vec2::new(0.0, 19.2)),
        (8.0, Vec2::new(-3.4, 18.6)),
        (10.5, Vec2::new(-3.6, 17.0)),
        (14.0, Vec2::new(-1.0, 16.0)),
    ],
    &[
        (0.0, Vec2::new(1.4, 12.0)),
        (4.0, Vec2::new(1.8, 13.8)),
        (7.0, Vec2::new(-0.4, 15.2)),
        (9.0, Vec2::new(0.5, 16.2)),
        (14.0, Vec2::new(3.4, 18.5)),
    ],
    &[
        (0.0, Vec2::new(1.0, 20.5)),
        (2.2, Vec2::new(4.2, 20.5)),
        (3.4, Vec2::new(6.5, 20.5)),
        (4.6, Vec2::new(6.5, 20.4)),
        (6.2, Vec2::new(3.8, 20.2)),
        (8.5, Vec2::new(1.2, 20.0)),
        (14.0, Vec2::new(-2.5, 19.5)),
    ],
];

/// Turn of the first camera to the right, degrees.
const PAN_DEG: [(f32, f32); 6] = [(0.0, 0.0), (3.0, 0.0), (4.2, 7.0), (5.4, -5.0), (6.4, 0.0), (9.0, 0.0)];

/// The board that hides whoever passes behind: its left and right end and z, and its height, metres.
const SCREEN_M: [f32; 3] = [-3.3, -1.5, 18.2];
const SCREEN_HEIGHT_M: f32 = 2.2;

/// Everything that the clip is made of.
pub struct Stress {
    model: BodyModel,
    rig: Rig,
    outfit: Outfit,
    board: Mesh,
    /// Gives the riders their stances.
    ride: Ride,
    camera: Camera,
    renderer: Renderer,
}

impl Stress {
    /// Loads the body and starts the renderer.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let model = BodyModel::from_npz(BODY, "the starter body")?;
        let focal_px = camera::FOCAL_PX * SIZE_PX[0] as f32 / 1280.0;
        Ok(Self {
            rig: Rig::new(BETAS, model.rest_joints(&BETAS)),
            outfit: Outfit::new(&model),
            board: board::mesh(),
            ride: Ride::new(),
            camera: Camera::centered(focal_px, SIZE_PX[0], SIZE_PX[1]),
            renderer: Renderer::new(SIZE_PX)?,
            model,
        })
    }

    /// Writes stress.mp4 and, in the MOTChallenge format, stress.txt.
    pub fn film(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let mut movie = Movie::create(&folder.join("stress.mp4"), None, SIZE_PX, FRAMES_PER_SECOND)?;
        let mut truth = String::new();
        for index in 0..(DURATION_S * FRAMES_PER_SECOND as f32) as u32 {
            let time_s = index as f32 / FRAMES_PER_SECOND as f32;
            let view = view(time_s);
            let mut everyone = Mesh::default();
            for rider in 0..WAYS.len() {
                let dressed = self.rider(rider, time_s);
                if let Some(BBox { min, max }) = self.bbox(&view, &dressed.0) {
                    let size = max - min;
                    // Frames, riders and pixels count from 1.
                    writeln!(
                        truth,
                        "{},{},{:.2},{:.2},{:.2},{:.2},1,1,1",
                        index + 1,
                        rider + 1,
                        min.x + 1.0,
                        min.y + 1.0,
                        size.x,
                        size.y
                    )?;
                }
                everyone.append(&dressed.0);
                everyone.append(&dressed.1);
            }
            let middle = Vec3::new(STAGE_M.x, terrain::height_m(STAGE_M.x, STAGE_M.y), STAGE_M.y);
            let frame = Frame::of(time_s, &view, self.camera.focal_px, SIZE_PX, middle, 9.0);
            let moving = Moving { rider: everyone, props: screen(), spray: Vec::new() };
            movie.write(&self.renderer.draw(&frame, &moving)?)?;
        }
        movie.finish()?;
        Ok(fs::write(folder.join("stress.txt"), truth)?)
    }

    /// A rider's dressed body and his board, in the world.
    fn rider(&self, rider: usize, time_s: f32) -> (Mesh, Mesh) {
        let world_from_board = world_from_board(rider, time_s);
        // Everyone plays the same stances on the snow, each at another moment.
        let stance = self.ride.stance(0.7 + 0.7 * (time_s * 1.1 + rider as f32 * 1.7).sin());
        let posed: Posed = self.rig.solve(&stance, &world_from_board);
        let mut body = PosedBody::default();
        self.model.pose(&posed.params, posed.translation_m, &mut body);
        let mut dressed = self.outfit.dress(&self.model, &body, &posed);
        let mut board = Mesh::default();
        board.append_moved(&self.board, &world_from_board);
        for vertex in dressed.vertices.iter_mut().chain(&mut board.vertices) {
            vertex.material += material::OUTFIT * rider as f32;
        }
        (dressed, board)
    }

    /// The part of a rider's box that is in the picture; `None` where he is out of it.
    fn bbox(&self, view: &View, dressed: &Mesh) -> Option<BBox> {
        let pixel = |world_m: [f32; 3]| self.camera.project(view.camera_from_world_m(world_m.into()));
        let pixels: Option<Vec<Vec2>> =
            dressed.vertices.iter().map(|vertex| pixel(vertex.position)).collect();
        let whole = BBox::around(pixels?)?;
        let picture = BBox::new(0.0, 0.0, SIZE_PX[0] as f32, SIZE_PX[1] as f32);
        let seen = whole.intersection(&picture);
        (seen.area() >= LEAST_IN_PICTURE * whole.area()).then_some(seen)
    }
}

/// Where a rider's board is; he looks along it and leans a little into the slope.
fn world_from_board(rider: usize, time_s: f32) -> Affine3A {
    let place = |time_s: f32| {
        let at = curve::sample(WAYS[rider], time_s);
        Vec3::new(at.x, terrain::height_m(at.x, at.y), at.y)
    };
    let here = place(time_s);
    let up = terrain::normal(here.x, here.z, 0.35);
    let way = (place(time_s + 0.3) - place(time_s - 0.3)).reject_from(up).normalize_or(Vec3::X);
    let turn = Quat::from_mat3(&Mat3::from_cols(way, up, way.cross(up)));
    let sway = Quat::from_rotation_x((6.0 * (time_s * 1.3 + rider as f32).sin()).to_radians());
    Affine3A::from_rotation_translation(turn * sway, here + up * (BOARD_THICKNESS_M + 0.02))
}

/// The first camera pans, the second stands still; both are held by hand.
fn view(time_s: f32) -> View {
    let (eye, aim) = if time_s < CUT_S {
        (Vec2::new(0.0, 27.0), Vec2::new(0.0, 17.0))
    } else {
        (Vec2::new(8.0, 25.5), Vec2::new(0.5, 16.5))
    };
    let eye_m = Vec3::new(eye.x, terrain::height_m(eye.x, eye.y) + 1.6, eye.y);
    let target_m = Vec3::new(aim.x, terrain::height_m(aim.x, aim.y) + 0.9, aim.y);
    let forward = (target_m - eye_m).normalize();
    let right = forward.cross(Vec3::Y).normalize();
    let world_from_level = Quat::from_mat3(&Mat3::from_cols(right, forward.cross(right), forward));
    let pan_deg = if time_s < CUT_S { curve::sample(&PAN_DEG, time_s) } else { 0.0 };
    let shake = |channel: u64| (noise::value(time_s * 2.3, 0.5, 300 + channel) - 0.5) * 1.2;
    let hand = Quat::from_rotation_y((pan_deg + shake(0)).to_radians())
        * Quat::from_rotation_x(shake(1).to_radians());
    View { eye_m, camera_from_world: (world_from_level * hand).conjugate().normalize() }
}

/// The dark board, seen from both sides.
fn screen() -> Mesh {
    let [left, right, z] = SCREEN_M;
    let mut screen = Mesh::default();
    for turned in [false, true] {
        let point = |column: usize, row: usize| {
            let x = if (column == 0) == turned { right } else { left };
            Vec3::new(x, terrain::height_m(x, z) + row as f32 * SCREEN_HEIGHT_M, z)
        };
        screen.add_grid(2, 2, material::POLE, point, |_, _| Vec3::ZERO);
    }
    screen
}
