//! The slope and its kicker, as a height above the plane.
//!
//! World frame: metres, y up, +z the way down the slope, +x to the left of who looks that way. The lip of the kicker is
//! at the origin of x and z.

use glam::Vec3;

use crate::noise;

/// Fall of the slope per metre of z: 13 degrees.
const SLOPE: f32 = 0.231;

/// Length of the kicker's ramp, metres.
const KICKER_LENGTH_M: f32 = 5.5;

/// Height of the lip above the slope, metres.
const KICKER_HEIGHT_M: f32 = 1.1;

/// How sharply the ramp curves up; the lip is this many times steeper than the ramp's mean.
const KICKER_CURVE: f32 = 2.2;

/// Half the width of the kicker's top, metres.
pub const KICKER_HALF_WIDTH_M: f32 = 1.7;

/// Where the slope starts, metres of z: above, the mountain is flatter, so that there is a sky.
const BROW_Z_M: f32 = -34.0;

/// Height of the snow at a place, metres.
pub fn height_m(x: f32, z: f32) -> f32 {
    base_m(z) + kicker_m(x, z) + relief_m(x, z)
}

/// Upward unit normal of the snow, over a patch of `reach_m` to each side.
pub fn normal(x: f32, z: f32, reach_m: f32) -> Vec3 {
    let across = height_m(x + reach_m, z) - height_m(x - reach_m, z);
    let along = height_m(x, z + reach_m) - height_m(x, z - reach_m);
    Vec3::new(-across, 2.0 * reach_m, -along).normalize()
}

/// Rise of the ramp per metre of z at the lip.
pub fn lip_rise() -> f32 {
    KICKER_HEIGHT_M * KICKER_CURVE / KICKER_LENGTH_M - SLOPE
}

/// The even slope with its brow: a parabola joins both slopes over 24 m.
fn base_m(z: f32) -> f32 {
    const FLAT: f32 = 0.05;
    const BLEND_M: f32 = 12.0;
    let above = BROW_Z_M - z;
    let flattening = if above < -BLEND_M {
        0.0
    } else if above > BLEND_M {
        above
    } else {
        (above + BLEND_M).powi(2) / (4.0 * BLEND_M)
    };
    -SLOPE * z - (SLOPE - FLAT) * flattening
}

fn kicker_m(x: f32, z: f32) -> f32 {
    const DROP_M: f32 = 0.35;
    let ramp = ((z + KICKER_LENGTH_M) / KICKER_LENGTH_M).clamp(0.0, 1.0).powf(KICKER_CURVE);
    let lip = 1.0 - smoothstep(0.0, DROP_M, z);
    let height = KICKER_HEIGHT_M * ramp * lip;
    // The sides fall at about 50 degrees.
    let side = (x.abs() - KICKER_HALF_WIDTH_M) / (height * 0.8 + 0.05);
    height * (1.0 - smoothstep(0.0, 1.0, side))
}

/// Banks beside the run and soft bumps; the run itself stays even.
fn relief_m(x: f32, z: f32) -> f32 {
    let off_run = smoothstep(5.0, 16.0, x.abs());
    let bank = off_run * 1.1 + (x.abs() - 16.0).max(0.0) * 0.035;
    let bumps = (noise::fractal(x * 0.09, z * 0.09, 3, 11) - 0.5) * (0.25 + 2.2 * off_run);
    let ripple = (noise::fractal(x * 0.7, z * 0.5, 2, 21) - 0.5) * 0.07 * smoothstep(1.2, 4.5, x.abs());
    bank + bumps * smoothstep(1.5, 7.0, x.abs()) + ripple
}

/// Hermite step from 0 at `from` to 1 at `to`.
pub fn smoothstep(from: f32, to: f32, at: f32) -> f32 {
    let t = ((at - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
