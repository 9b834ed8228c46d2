//! The cameraman: rides ahead of the rider, swings round in front of him as he turns, and breathes.

use glam::{Mat3, Quat, Vec3};

use crate::choreography::Ride;
use crate::{curve, noise, terrain};

/// Focal length, pixels of a 1280-pixel wide picture: 56 degrees across.
pub const FOCAL_PX: f32 = 1200.0;

/// Least height of the camera over the snow, metres.
const LEAST_HEIGHT_M: f32 = 0.7;

/// From which side the camera looks: degrees from the way down, to the rider's right first, to his left at the end.
const BEARING_DEG: [(f32, f32); 6] =
    [(0.0, -58.0), (1.0, -54.0), (1.9, -36.0), (2.6, 4.0), (3.4, 38.0), (5.0, 52.0)];

/// Distance from the rider, metres.
const DISTANCE_M: [(f32, f32); 6] = [(0.0, 5.3), (1.2, 4.7), (1.9, 4.7), (2.5, 4.5), (3.3, 4.5), (5.0, 4.9)];

/// Height over the rider's feet, metres.
const HEIGHT_M: [(f32, f32); 5] = [(0.0, 0.85), (1.5, 0.75), (2.3, 0.35), (3.2, 0.8), (5.0, 0.8)];

/// Where the camera is and how it is turned.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The pinhole, metres.
    pub eye_m: Vec3,
    /// Rotation camera_from_world; the camera frame has x right, y down, z forward.
    pub camera_from_world: Quat,
}

impl View {
    /// A point of the world in the camera frame, metres.
    pub fn camera_from_world_m(&self, point_m: Vec3) -> Vec3 {
        self.camera_from_world * (point_m - self.eye_m)
    }
}

/// The view at a moment of `ride`.
pub fn view(ride: &Ride, time_s: f32) -> View {
    let bearing = (curve::sample(&BEARING_DEG, time_s)).to_radians();
    // A cameraman follows late and smoothly: the feet's path is averaged over a good half second for his own way, over
    // less for where he points.
    let way = averaged(ride, time_s, 0.30);
    let aim = averaged(ride, time_s, 0.10);
    let beside = Vec3::new(bearing.sin(), 0.0, bearing.cos()) * curve::sample(&DISTANCE_M, time_s);
    let mut eye_m = way + beside;
    let ground_m = terrain::height_m(eye_m.x, eye_m.z) + LEAST_HEIGHT_M;
    eye_m.y = soft_max(way.y + curve::sample(&HEIGHT_M, time_s), ground_m);

    let target_m = aim + Vec3::new(0.0, 0.66, 0.0);
    let forward = (target_m - eye_m).normalize();
    let right = forward.cross(Vec3::Y).normalize();
    let world_from_level = Mat3::from_cols(right, forward.cross(right), forward);
    let shake = |channel: u64, degrees: f32| {
        let slow = noise::value(time_s * 1.3, 0.5, 100 + channel) - 0.5;
        let quick = noise::value(time_s * 4.1, 0.5, 200 + channel) - 0.5;
        (degrees * (2.0 * slow + 0.5 * quick)).to_radians()
    };
    let hand = Quat::from_rotation_y(shake(0, 1.3))
        * Quat::from_rotation_x(shake(1, 1.0))
        * Quat::from_rotation_z(shake(2, 1.6));
    View { eye_m, camera_from_world: (Quat::from_mat3(&world_from_level) * hand).conjugate().normalize() }
}

/// The feet's path averaged with a bell of `sigma_s` around `time_s`.
fn averaged(ride: &Ride, time_s: f32, sigma_s: f32) -> Vec3 {
    const STEPS: i32 = 12;
    let (mut sum, mut total) = (Vec3::ZERO, 0.0);
    for step in -STEPS..=STEPS {
        let sigmas = step as f32 * 2.5 / STEPS as f32;
        let weight = (-0.5 * sigmas * sigmas).exp();
        sum += ride.path_m(time_s + sigmas * sigma_s) * weight;
        total += weight;
    }
    sum / total
}

/// The larger of two heights, without a kink where they cross.
fn soft_max(a: f32, b: f32) -> f32 {
    const BLEND_M: f32 = 0.3;
    let gap = a - b;
    0.5 * (a + b + (gap * gap + BLEND_M * BLEND_M).sqrt())
}
