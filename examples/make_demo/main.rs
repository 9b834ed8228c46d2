//! Makes the demo clip that the program opens on its first start, the truth that tests hold estimates against, and
//! the icon.
//!
//! ```text
//! cargo run --release --example make_demo -- assets             # demo.mp4, demo.truth.json, icon.png
//! cargo run --release --example make_demo -- stills 0 75 149    # only pictures of these frames, as PNG
//! cargo run --release --example make_demo -- --stress target/stress    # stress.mp4, stress.txt: see stress.rs
//! ```
//!
//! Nothing in it is filmed: the starter body rides a made-up slope. So the clip is free of anyone's rights, and
//! where the rider is, is known exactly. The same numbers come out on every run; pictures may differ in the last bit
//! between graphics devices. The `ffmpeg` tool must be installed.
//!
//! # demo.truth.json
//! One object: `about` (frames of reference and units, in words), `width`, `height`, `frames_per_second`, and `frames`,
//! for each frame of the clip:
//!
//! | key | shape | meaning |
//! |---|---|---|
//! | `pts_s` | | presentation time, seconds |
//! | `global_orient` | 3 | camera_from_body, axis times angle, radians |
//! | `body_pose` | 23 × 3 | SMPL joints 1 to 23 relative to their parents, axis times angle |
//! | `betas` | 10 | shape of the starter body |
//! | `translation_m` | 3 | root joint less its rest position, camera frame |
//! | `camera` | | `focal_px` and `center_px` of a pinhole without distortion |
//! | `joints_3d` | 24 × 3 | SMPL joints, camera frame, metres |
//! | `joints_2d` | 17 × 2 | COCO keypoints, picture pixels |
//! | `bbox` | 4 | left, top, right, bottom of the dressed body without the board, picture pixels |

mod board;
mod camera;
mod choreography;
mod curve;
mod footwear;
mod gpu;
mod headwear;
mod icon;
mod mesh;
mod movie;
mod noise;
mod outfit;
mod renderer;
mod rig;
mod scenery;
mod soundtrack;
mod spray;
mod stance;
mod stress;
mod terrain;
mod truth;
mod uniforms;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use snowmesh::body::{BodyModel, PosedBody};
use snowmesh::types::Camera;

use crate::camera::View;
use crate::choreography::{DURATION_S, Ride};
use crate::mesh::Mesh;
use crate::movie::Movie;
use crate::outfit::Outfit;
use crate::renderer::{Moving, Renderer};
use crate::rig::{Posed, Rig};
use crate::stress::Stress;
use crate::truth::Truth;
use crate::uniforms::Frame;

const SIZE_PX: [u32; 2] = [1280, 720];
const FRAMES_PER_SECOND: u32 = 30;

/// The rider's shape: a little shorter and sturdier than the starter body's mean.
const BETAS: [f32; 10] = [-0.35, 0.5, -0.6, 0.3, 0.4, -0.2, 0.1, 0.0, 0.0, 0.0];

static BODY: &[u8] = include_bytes!("../../models/starter/body_cc0_smpl24.npz");

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let usage = "say where to: make_demo FOLDER [FRAME…], or make_demo --stress FOLDER";
    let folder = arguments.next().ok_or(usage)?;
    if folder == "--stress" {
        let folder = arguments.next().ok_or(usage)?;
        fs::create_dir_all(&folder)?;
        return Stress::new()?.film(Path::new(&folder));
    }
    let stills = arguments
        .map(|argument| argument.to_string_lossy().parse::<u32>())
        .collect::<Result<Vec<u32>, _>>()
        .map_err(|error| format!("frames are numbers: {error}"))?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut studio = Studio::new()?;
    if stills.is_empty() { studio.film(folder) } else { studio.photograph(folder, &stills) }
}

/// Rider, ride and renderer.
struct Studio {
    model: BodyModel,
    rig: Rig,
    outfit: Outfit,
    board: Mesh,
    ride: Ride,
    camera: Camera,
    renderer: Renderer,
}

/// The rider at one moment, in the world.
struct Scene {
    view: View,
    posed: Posed,
    body: PosedBody,
    dressed: Mesh,
}

impl Studio {
    fn new() -> Result<Self, Box<dyn Error>> {
        let model = BodyModel::from_npz(BODY, "the starter body")?;
        Ok(Self {
            rig: Rig::new(BETAS, model.rest_joints(&BETAS)),
            outfit: Outfit::new(&model),
            board: board::mesh(),
            ride: Ride::new(),
            camera: Camera::centered(camera::FOCAL_PX, SIZE_PX[0], SIZE_PX[1]),
            renderer: Renderer::new(SIZE_PX)?,
            model,
        })
    }

    /// Writes the clip, its truth and the icon.
    fn film(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let scratch = tempfile::tempdir()?;
        let sound = scratch.path().join("sound.wav");
        soundtrack::write(&self.ride, &sound)?;
        let mut movie = Movie::create(&folder.join("demo.mp4"), Some(&sound), SIZE_PX, FRAMES_PER_SECOND)?;
        let mut truth = Truth::new(SIZE_PX, FRAMES_PER_SECOND);
        let count = (DURATION_S * FRAMES_PER_SECOND as f32).round() as u32;
        for index in 0..count {
            let time_s = index as f32 / FRAMES_PER_SECOND as f32;
            let scene = self.scene(time_s);
            movie.write(&self.picture(time_s, &scene)?)?;
            truth.push(&self.camera, &scene.view, &scene.posed, &scene.body, &scene.dressed);
        }
        movie.finish()?;
        truth.write(&folder.join("demo.truth.json"))?;
        icon::draw().save(folder.join("icon.png"))?;
        Ok(())
    }

    /// Writes single frames as PNG files.
    fn photograph(&mut self, folder: &Path, frames: &[u32]) -> Result<(), Box<dyn Error>> {
        for index in frames {
            let time_s = *index as f32 / FRAMES_PER_SECOND as f32;
            let scene = self.scene(time_s);
            let rgba = self.picture(time_s, &scene)?;
            let path = folder.join(format!("frame_{index:03}.png"));
            image::save_buffer(path, &rgba, SIZE_PX[0], SIZE_PX[1], image::ColorType::Rgba8)?;
        }
        Ok(())
    }

    fn scene(&self, time_s: f32) -> Scene {
        let posed = self.rig.solve(&self.ride.stance(time_s), &self.ride.world_from_board(time_s));
        let mut body = PosedBody::default();
        self.model.pose(&posed.params, posed.translation_m, &mut body);
        let dressed = self.outfit.dress(&self.model, &body, &posed);
        Scene { view: camera::view(&self.ride, time_s), posed, body, dressed }
    }

    fn picture(&mut self, time_s: f32, scene: &Scene) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut rider = scene.dressed.clone();
        rider.append_moved(&self.board, &self.ride.world_from_board(time_s));
        let spray = spray::flakes(&self.ride, time_s, scene.view.eye_m);
        let frame = Frame::new(&self.ride, time_s, &scene.view, self.camera.focal_px, SIZE_PX);
        self.renderer.draw(&frame, &Moving { rider, props: Mesh::default(), spray })
    }
}
