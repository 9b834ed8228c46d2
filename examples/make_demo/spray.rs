//! Snow thrown up by the edge: each flake's whole flight follows from its number, so any frame can be drawn alone.

use bytemuck::{Pod, Zeroable};
use glam::Vec3;

use crate::board::HALF_LENGTH_M;
use crate::choreography::{DURATION_S, Ride, TAKEOFF_S};
use crate::{noise, terrain};

/// Flakes thrown a second.
const RATE_HZ: f32 = 1500.0;

/// How long a flake is seen, seconds.
const LIFE_S: f32 = 0.75;

/// Snow hangs in the air: it falls slower than a stone.
const FALL_M_S2: f32 = 4.2;

/// A puff of snow as the shader reads it.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Flake {
    /// World, metres.
    pub position: [f32; 3],
    /// Metres.
    pub radius: f32,
    /// 0 to 1.
    pub opacity: f32,
}

/// All flakes in the air at a moment, farthest from `eye_m` first.
pub fn flakes(ride: &Ride, time_s: f32, eye_m: Vec3) -> Vec<Flake> {
    let first = ((time_s - LIFE_S) * RATE_HZ).ceil() as i64;
    let last = (time_s.min(DURATION_S) * RATE_HZ).floor() as i64;
    let mut flakes: Vec<Flake> = (first..=last).filter_map(|number| flake(ride, number, time_s)).collect();
    let distance = |flake: &Flake| Vec3::from(flake.position).distance_squared(eye_m);
    flakes.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
    flakes
}

fn flake(ride: &Ride, number: i64, time_s: f32) -> Option<Flake> {
    let born_s = number as f32 / RATE_HZ;
    let strength = strength(ride, born_s);
    let random = |channel: u64| noise::unit((number + 100_000) as u64 * 8 + channel);
    let signed = |channel: u64| random(channel) * 2.0 - 1.0;
    if random(0) > strength {
        return None;
    }
    let age_s = time_s - born_s;
    let board = ride.world_from_board(born_s);
    let edge = ride.edge(born_s);
    let behind = -(board.transform_vector3(Vec3::X).z.signum());
    // From the rear half of the edge that is in the snow.
    let at = Vec3::new(behind * HALF_LENGTH_M * (0.35 + 0.75 * random(1)), -0.02, 0.13 * edge.signum());
    let start = board.transform_point3(at);
    let ahead = ride.path_m(born_s + 0.02) - ride.path_m(born_s - 0.02);
    let speed = ahead / 0.04;
    let outward = board.transform_vector3(Vec3::Z).with_y(0.0).normalize_or_zero() * -edge.signum();
    let thrown = speed * (0.42 + 0.2 * signed(2))
        + outward * (0.4 + 1.3 * random(3)) * (0.4 + strength)
        + Vec3::Y * (0.5 + 2.5 * random(4)) * (0.35 + 0.65 * strength)
        + Vec3::new(signed(5), 0.0, signed(6)) * 0.5;
    let drag = (1.0 - (-2.2 * age_s).exp()) / 2.2;
    let mut position = start + thrown * drag - Vec3::Y * (0.5 * FALL_M_S2 * age_s * age_s);
    let ground_m = terrain::height_m(position.x, position.z);
    let above = position.y - ground_m;
    if above < -0.05 {
        return None;
    }
    position.y = position.y.max(ground_m);
    let fade = (1.0 - age_s / LIFE_S).max(0.0);
    let radius = (0.012 + 0.09 * random(7).powi(3)) * (1.0 + 3.5 * age_s);
    Some(Flake {
        position: position.into(),
        radius,
        opacity: 0.42 * fade * terrain::smoothstep(0.0, 0.04, age_s),
    })
}

/// How much snow is thrown: by the edge in turns, in a burst at the landing, none in the air.
pub fn strength(ride: &Ride, time_s: f32) -> f32 {
    if ride.is_airborne(time_s) {
        return 0.0;
    }
    let carving = 0.12 + 2.6 * ride.edge(time_s).abs();
    let since_landing_s = time_s - ride.landing_s();
    let burst = if since_landing_s > 0.0 { 1.6 * (-since_landing_s * 5.0).exp() } else { 0.0 };
    let to_lip = terrain::smoothstep(0.0, 0.25, TAKEOFF_S - time_s);
    let on_snow = if time_s < TAKEOFF_S { 0.3 + 0.7 * to_lip } else { 1.0 };
    ((carving + burst) * on_snow).min(1.0)
}
