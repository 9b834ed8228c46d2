//! Smooth curves through keys.

use std::ops::{Add, Mul, Sub};

/// The value at `time_s` of a curve through `keys` (time, value), in rising time: cubic Hermite pieces whose tangents
/// are the slopes between each key's neighbours (Catmull and Rom, 1974, for uneven times). Constant outside of them.
pub fn sample<T>(keys: &[(f32, T)], time_s: f32) -> T
where
    T: Copy + Default + Add<Output = T> + Sub<Output = T> + Mul<f32, Output = T>,
{
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return T::default() };
    if time_s <= first.0 {
        return first.1;
    }
    if time_s >= last.0 {
        return last.1;
    }
    let right = keys.partition_point(|key| key.0 <= time_s);
    let left = right - 1;
    let tangent = |key: usize| {
        if key == 0 || key + 1 == keys.len() {
            return T::default();
        }
        let (before, after) = (keys[key - 1], keys[key + 1]);
        (after.1 - before.1) * (1.0 / (after.0 - before.0))
    };
    let (start, end) = (keys[left], keys[right]);
    let span = end.0 - start.0;
    let t = (time_s - start.0) / span;
    let (t2, t3) = (t * t, t * t * t);
    start.1 * (2.0 * t3 - 3.0 * t2 + 1.0)
        + tangent(left) * ((t3 - 2.0 * t2 + t) * span)
        + end.1 * (3.0 * t2 - 2.0 * t3)
        + tangent(right) * ((t3 - t2) * span)
}
