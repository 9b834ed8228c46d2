//! Queues of frames, bounded in bytes: a 4K frame is thirty small ones.

/// Frames of `width` × `height` pixels, `bytes_per_px` each, that a queue may hold: what `bytes` hold, at least one and at
/// most `most`.
pub fn frames_within(bytes: u64, (width, height): (u32, u32), bytes_per_px: f64, most: usize) -> usize {
    let frame = f64::from(width) * f64::from(height) * bytes_per_px;
    // A picture of no pixels is refused elsewhere; the division by it gives infinity, which is `most`.
    ((bytes as f64 / frame) as usize).clamp(1, most.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_frames_wait_in_shorter_queues_and_never_none() {
        let queue = |size| frames_within(96 << 20, size, 1.5, 33);
        assert_eq!(queue((1280, 720)), 33);
        assert_eq!(queue((3840, 2160)), 8);
        assert_eq!(queue((30_000, 30_000)), 1);
        assert_eq!(queue((0, 0)), 33);
    }
}
