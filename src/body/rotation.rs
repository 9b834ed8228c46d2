//! Rotations from directions.

use glam::{DMat3, DQuat, DVec3};

/// Shorter than this, metres, a difference of two points has no direction.
const MIN_LENGTH_M: f64 = 1e-6;

/// The direction of `vector`, or `None` where it is too short to have one, or not finite.
pub(super) fn direction(vector: DVec3) -> Option<DVec3> {
    let length = vector.length();
    (length.is_finite() && length > MIN_LENGTH_M).then(|| vector / length)
}

/// The frame whose y axis is `up` and whose x axis is as near to `x` as that allows; `None` where they do not span a
/// plane.
pub(super) fn frame(x: DVec3, up: DVec3) -> Option<DMat3> {
    let y = direction(up)?;
    let x = direction(x.reject_from_normalized(y))?;
    Some(DMat3::from_cols(x, y, x.cross(y)))
}

/// The smallest rotation that turns `from` into the direction of `to`; none where either has no direction.
pub(super) fn between(from: DVec3, to: DVec3) -> DMat3 {
    match (direction(from), direction(to)) {
        (Some(from), Some(to)) => DMat3::from_quat(DQuat::from_rotation_arc(from, to)),
        _ => DMat3::IDENTITY,
    }
}

/// The rotation at fraction `t` on the shorter way from `a` to `b`.
pub(super) fn slerp(a: &DMat3, b: &DMat3, t: f64) -> DMat3 {
    DMat3::from_quat(DQuat::from_mat3(a).slerp(DQuat::from_mat3(b), t))
}

/// The rotation about `vector` by its length in radians.
pub(super) fn exp(vector: DVec3) -> DMat3 {
    DMat3::from_quat(DQuat::from_scaled_axis(vector))
}
