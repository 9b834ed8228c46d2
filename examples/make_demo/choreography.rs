//! What happens: the rider turns in, takes off, turns half a turn with a grab, lands and rides out backwards.

use glam::{Affine3A, Mat3, Quat, Vec3};

use crate::curve;
use crate::stance::Stance;
use crate::terrain;

/// Length of the clip, seconds.
pub const DURATION_S: f32 = 5.0;

/// When the board leaves the lip, seconds.
pub const TAKEOFF_S: f32 = 1.9;

/// Speed down the slope, metres of z a second.
const SPEED_M_S: f32 = 9.5;

const GRAVITY_M_S2: f32 = 9.81;

/// Half the width of the board at its edge, metres; what a tilted board stands on.
const HALF_BOARD_M: f32 = 0.12;

/// From the snow to the deck, metres.
pub const BOARD_THICKNESS_M: f32 = 0.02;

/// When the turn in ends, and when the turn out begins, seconds.
const TURN_IN_END_S: f32 = 1.45;
const TURN_OUT_START_S: f32 = 3.55;

/// The ride, worked out once.
pub struct Ride {
    landing_s: f32,
}

impl Ride {
    /// Finds out where the flight meets the slope.
    pub fn new() -> Self {
        let (mut flying_s, mut landed_s) = (TAKEOFF_S + 0.3, TAKEOFF_S + 2.5);
        for _ in 0..40 {
            let middle_s = 0.5 * (flying_s + landed_s);
            let place = track(middle_s);
            if flight_m(middle_s) > terrain::height_m(place.x, place.z) {
                flying_s = middle_s;
            } else {
                landed_s = middle_s;
            }
        }
        Self { landing_s: landed_s }
    }

    /// When the board is back on the snow, seconds.
    pub fn landing_s(&self) -> f32 {
        self.landing_s
    }

    /// Whether the board is in the air.
    pub fn is_airborne(&self, time_s: f32) -> bool {
        time_s > TAKEOFF_S && time_s < self.landing_s
    }

    /// The place under the board's middle, metres: on the snow, or in the air on a parabola.
    pub fn path_m(&self, time_s: f32) -> Vec3 {
        let place = track(time_s);
        if self.is_airborne(time_s) { place.with_y(flight_m(time_s)) } else { place }
    }

    /// When the rider is at a place down the slope: his speed along z is even.
    pub fn time_at_s(&self, z: f32) -> f32 {
        TAKEOFF_S + z / SPEED_M_S
    }

    /// How far the board is tilted onto its toe edge, radians.
    pub fn edge(&self, time_s: f32) -> f32 {
        curve::sample(&EDGE_DEG, time_s).to_radians()
    }

    /// Where the board is: x to its nose, y up from its deck, z to the toe edge.
    pub fn world_from_board(&self, time_s: f32) -> Affine3A {
        // Without this window, the board would snap to each change of the slope.
        const WINDOW_S: f32 = 0.07;
        let up =
            (self.up(time_s - WINDOW_S) + self.up(time_s) * 2.0 + self.up(time_s + WINDOW_S)).normalize();
        let way = (track(time_s + WINDOW_S) - track(time_s - WINDOW_S)).reject_from(up).normalize();
        let base = Quat::from_mat3(&Mat3::from_cols(way, up, way.cross(up)));
        let edge = self.edge(time_s);
        let spin = curve::sample(&SPIN_DEG, time_s).to_radians();
        let tilt = if self.is_airborne(time_s) {
            curve::sample(&FLIGHT_PITCH_DEG, time_s).to_radians()
        } else {
            0.0
        };
        let turn = Quat::from_axis_angle(base * Vec3::Z, tilt)
            * base
            * Quat::from_rotation_y(spin)
            * Quat::from_rotation_x(edge);
        let lift = up * (BOARD_THICKNESS_M + HALF_BOARD_M * edge.abs().sin());
        Affine3A::from_rotation_translation(turn, self.path_m(time_s) + lift)
    }

    /// How the rider holds himself.
    pub fn stance(&self, time_s: f32) -> Stance {
        curve::sample(&STANCES, time_s)
    }

    /// The way up from the deck of a flat board: the slope's, and in the air from the lip's over to the landing's.
    fn up(&self, time_s: f32) -> Vec3 {
        let on_snow = |time_s: f32| {
            let place = track(time_s);
            terrain::normal(place.x, place.z, 0.35)
        };
        if self.is_airborne(time_s) {
            let lip = Vec3::new(0.0, 1.0, -terrain::lip_rise()).normalize();
            let t = terrain::smoothstep(TAKEOFF_S, self.landing_s, time_s);
            return lip.lerp(on_snow(self.landing_s + 0.05), t).normalize();
        }
        if time_s > TAKEOFF_S - 0.06 && time_s <= TAKEOFF_S {
            // Half a board before the lip, the slope's own patch would already see the drop.
            return on_snow(TAKEOFF_S - 0.06);
        }
        on_snow(time_s)
    }
}

/// The place on the snow below the board's middle.
fn track(time_s: f32) -> Vec3 {
    let turn_in = -1.05 * (TURN_IN_END_S - time_s).max(0.0).powf(2.3);
    let turn_out = 0.95 * (time_s - TURN_OUT_START_S).max(0.0).powf(2.2);
    let (x, z) = (turn_in + turn_out, SPEED_M_S * (time_s - TAKEOFF_S));
    Vec3::new(x, terrain::height_m(x, z), z)
}

/// Height of the flight's parabola, metres.
fn flight_m(time_s: f32) -> f32 {
    let flown_s = time_s - TAKEOFF_S;
    let climb_m_s = SPEED_M_S * terrain::lip_rise();
    terrain::height_m(0.0, 0.0) + climb_m_s * flown_s - 0.5 * GRAVITY_M_S2 * flown_s * flown_s
}

const EDGE_DEG: [(f32, f32); 10] = [
    (0.0, 23.0),
    (0.6, 21.0),
    (1.3, 2.0),
    (1.7, 0.0),
    (2.2, -6.0),
    (2.7, -3.0),
    (3.1, 0.0),
    (3.6, 2.0),
    (4.3, 17.0),
    (5.0, 24.0),
];

const SPIN_DEG: [(f32, f32); 9] = [
    (0.0, 2.0),
    (1.2, -3.0),
    (1.7, -4.0),
    (1.95, 4.0),
    (2.5, 92.0),
    (2.95, 168.0),
    (3.2, 181.0),
    (3.7, 180.0),
    (5.0, 176.0),
];

/// How far the leading end of the board comes up in the air, degrees.
const FLIGHT_PITCH_DEG: [(f32, f32); 5] = [(1.9, 0.0), (2.15, 7.0), (2.5, 0.0), (2.75, -3.0), (2.94, 0.0)];

const fn stance(
    pelvis_m: [f32; 3],
    pelvis_turn: [f32; 3],
    spine_turn: [f32; 3],
    head_turn: [f32; 3],
    left_wrist_m: [f32; 3],
    right_wrist_m: [f32; 3],
) -> Stance {
    Stance {
        pelvis_m: Vec3::from_array(pelvis_m),
        pelvis_turn: Vec3::from_array(pelvis_turn),
        spine_turn: Vec3::from_array(spine_turn),
        head_turn: Vec3::from_array(head_turn),
        left_wrist_m: Vec3::from_array(left_wrist_m),
        right_wrist_m: Vec3::from_array(right_wrist_m),
    }
}

/// Pelvis, its turn, spine, head, left wrist, right wrist: see [`Stance`] for the frame and the units.
#[rustfmt::skip]
const STANCES: [(f32, Stance); 14] = [
    // Turning in on the toe edge, arms out.
    (0.0, stance([0.02, 0.80, -0.10], [20.0, 12.0, 0.0], [18.0, 18.0, 0.0], [-18.0, 34.0, 0.0], [0.62, 1.04, 0.18], [-0.58, 1.02, 0.20])),
    (0.6, stance([0.00, 0.77, -0.09], [22.0, 12.0, 0.0], [20.0, 20.0, -3.0], [-20.0, 34.0, 0.0], [0.62, 0.96, 0.26], [-0.60, 1.08, 0.16])),
    (1.1, stance([0.01, 0.82, -0.10], [20.0, 12.0, 0.0], [18.0, 18.0, 0.0], [-18.0, 34.0, 0.0], [0.60, 0.98, 0.24], [-0.60, 0.98, 0.14])),
    // Sinking before the lip and winding up against the turn.
    (1.55, stance([-0.02, 0.68, -0.13], [24.0, 6.0, 0.0], [20.0, 6.0, 0.0], [-22.0, 44.0, 0.0], [0.62, 0.86, 0.16], [-0.62, 0.94, -0.02])),
    // Up and off.
    (1.93, stance([0.03, 0.92, -0.06], [10.0, 20.0, 0.0], [8.0, 24.0, 0.0], [2.0, 22.0, 0.0], [0.58, 1.34, 0.02], [-0.52, 1.36, 0.30])),
    // Knees up, the right hand to the toe edge, the left one high.
    (2.28, stance([0.02, 0.60, -0.14], [24.0, 12.0, 6.0], [26.0, 14.0, 12.0], [-26.0, 10.0, 0.0], [0.62, 1.16, -0.02], [-0.30, 0.44, 0.30])),
    (2.50, stance([0.04, 0.58, -0.13], [22.0, 8.0, 12.0], [25.0, 8.0, 22.0], [-20.0, 0.0, -10.0], [0.62, 1.14, -0.06], [-0.26, 0.27, 0.26])),
    (2.70, stance([0.02, 0.58, -0.13], [22.0, 2.0, 8.0], [28.0, 0.0, 14.0], [-24.0, -16.0, -4.0], [0.62, 1.06, 0.02], [-0.36, 0.42, 0.26])),
    // Legs long for the landing.
    (2.92, stance([-0.02, 0.92, -0.08], [12.0, -8.0, 0.0], [12.0, -14.0, 0.0], [-12.0, -28.0, 0.0], [0.56, 1.20, 0.20], [-0.58, 1.22, 0.16])),
    // The landing: what the legs take up within a seventh of a second.
    (2.98, stance([-0.02, 0.88, -0.09], [15.0, -8.0, 0.0], [15.0, -14.0, 0.0], [-15.0, -29.0, 0.0], [0.57, 1.14, 0.21], [-0.58, 1.16, 0.17])),
    (3.10, stance([0.00, 0.62, -0.15], [28.0, -8.0, 0.0], [25.0, -14.0, 0.0], [-28.0, -30.0, 0.0], [0.62, 0.92, 0.24], [-0.62, 0.94, 0.20])),
    (3.28, stance([0.00, 0.56, -0.16], [31.0, -8.0, 0.0], [27.0, -14.0, 0.0], [-31.0, -30.0, 0.0], [0.62, 0.78, 0.25], [-0.62, 0.80, 0.22])),
    // Riding out.
    (3.85, stance([-0.01, 0.82, -0.10], [18.0, -10.0, 0.0], [16.0, -18.0, 0.0], [-16.0, -32.0, 0.0], [0.60, 1.02, 0.16], [-0.62, 1.04, 0.18])),
    (5.0, stance([0.00, 0.78, -0.09], [20.0, -12.0, 0.0], [18.0, -18.0, 3.0], [-18.0, -34.0, 0.0], [0.58, 1.08, 0.16], [-0.62, 0.96, 0.24])),
];
