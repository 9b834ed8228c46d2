//! What the shaders know of a frame, and the projections behind it.

use bytemuck::{Pod, Zeroable};
use glam::{Mat3, Mat4, Vec3, Vec4};

use crate::camera::View;
use crate::choreography::{DURATION_S, Ride};

/// Unit vector to the sun: over the cameraman's left shoulder.
pub const TO_SUN: Vec3 = Vec3::new(-0.553, 0.590, 0.588);

/// Samples of the rider's track; four to a vector.
const TRACK_VECTORS: usize = 80;

/// Where the track's samples start and how far apart they are, metres of z; as in `common.wgsl`.
const TRACK_START_M: f32 = -30.0;
const TRACK_STEP_M: f32 = 0.25;

/// The near plane, metres; the far one is at infinity (reversed depth).
const NEAR_M: f32 = 0.2;

/// `Frame` of `common.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Frame {
    clip_from_world: Mat4,
    near_sun_from_world: Mat4,
    far_sun_from_world: Mat4,
    world_from_camera: Mat4,
    eye: Vec4,
    to_sun: Vec4,
    picture: Vec4,
    track: Vec4,
    track_x: [Vec4; TRACK_VECTORS],
}

impl Frame {
    /// The uniforms of a moment, seen through a pinhole of `focal_px` in a picture of `size_px`.
    pub fn new(ride: &Ride, time_s: f32, view: &View, focal_px: f32, size_px: [u32; 2]) -> Self {
        let rider = ride.world_from_board(time_s).transform_point3(Vec3::new(0.0, 0.8, 0.0));
        let at_z = |z: f32| ride.path_m(ride.time_at_s(z)).x;
        Self {
            track: Vec4::new(
                ride.path_m(-1.0).z,
                -0.05,
                ride.path_m(ride.landing_s()).z,
                ride.path_m(time_s.min(DURATION_S)).z,
            ),
            track_x: std::array::from_fn(|vector| {
                Vec4::from_array(std::array::from_fn(|lane| {
                    at_z(TRACK_START_M + TRACK_STEP_M * (vector * 4 + lane) as f32)
                }))
            }),
            ..Self::of(time_s, view, focal_px, size_px, rider, 2.0)
        }
    }

    /// The uniforms without a track, where shadows fall within `half_m` of `middle_m`.
    pub fn of(
        time_s: f32,
        view: &View,
        focal_px: f32,
        size_px: [u32; 2],
        middle_m: Vec3,
        half_m: f32,
    ) -> Self {
        /// Beyond everything.
        const NOWHERE_M: f32 = 1e6;
        let [width, height] = size_px.map(|side| side as f32);
        let world_from_camera = Mat3::from_quat(view.camera_from_world.conjugate());
        let camera_from_world = Mat4::from_quat(view.camera_from_world) * Mat4::from_translation(-view.eye_m);
        let clip_from_camera = Mat4::from_cols(
            Vec4::new(2.0 * focal_px / width, 0.0, 0.0, 0.0),
            Vec4::new(0.0, -2.0 * focal_px / height, 0.0, 0.0),
            Vec4::new(0.0, 0.0, 0.0, 1.0),
            Vec4::new(0.0, 0.0, NEAR_M, 0.0),
        );
        Self {
            clip_from_world: clip_from_camera * camera_from_world,
            near_sun_from_world: sun_from_world(middle_m, half_m, 30.0),
            far_sun_from_world: sun_from_world(Vec3::new(0.0, 6.0, -20.0), 95.0, 200.0),
            world_from_camera: Mat4::from_mat3(world_from_camera),
            eye: view.eye_m.extend(time_s),
            to_sun: TO_SUN.normalize().extend(0.0),
            picture: Vec4::new(width, height, focal_px, 0.0),
            track: Vec4::new(NOWHERE_M, -NOWHERE_M, NOWHERE_M, -NOWHERE_M),
            track_x: [Vec4::ZERO; TRACK_VECTORS],
        }
    }
}

/// Looks along the sun's rays at a square of twice `half_m` around `middle`; depth 0 is `range_m` nearer to the sun.
fn sun_from_world(middle: Vec3, half_m: f32, range_m: f32) -> Mat4 {
    let to_sun = TO_SUN.normalize();
    let (right, up) = to_sun.any_orthonormal_pair();
    let axes = Mat3::from_cols(right / half_m, up / half_m, -to_sun / (2.0 * range_m)).transpose();
    let offset = axes * -middle + Vec3::new(0.0, 0.0, 0.5);
    Mat4::from_translation(offset) * Mat4::from_mat3(axes)
}
