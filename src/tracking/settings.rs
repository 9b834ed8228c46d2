//! What tracking may be told.

use glam::Vec2;

/// Settings of [`super::Tracker`] and [`super::resolve()`]. The defaults suit the starter detectors.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerSettings {
    /// Width and height of the picture, pixels. Where it is `None` it is guessed from the observations.
    pub picture_px: Option<Vec2>,
    /// Detections below this score are ignored.
    pub min_score: f32,
    /// Detections from this score on may begin a track and are matched first; those below only go on with a track
    /// that is there (Zhang et al., ByteTrack, 2022).
    pub confident_score: f32,
    /// Detections that make a rider certain (PHALP's `n_init`). A clip of fewer frames asks for no more than it has.
    pub min_hits: u32,
    /// Frames that a rider who is not certain yet may be unseen. PHALP allows none; but a rider who is found in every
    /// other frame only, far away or in the air, would never begin.
    pub max_tentative_misses: u64,
    /// Time that a certain rider may be unseen and still be recognised by where he is expected, seconds. PHALP's
    /// `max_age` of 50 frames at 30 frames a second.
    pub max_lost_s: f64,
    /// Time for which an unseen rider is shown where he is expected, seconds. Without a detection the expectation
    /// is worth nothing much longer.
    pub max_predicted_s: f64,
    /// Longest gap between two detections that is filled in afterwards, seconds: as long as he is recognised by where he
    /// is.
    pub max_interpolated_s: f64,
    /// Longest gap across which two pieces of track are joined afterwards, seconds.
    pub max_join_s: f64,
    /// Tracks detected in fewer frames than this are dropped afterwards, unless the clip has no more.
    pub min_detected_frames: usize,
}

impl Default for TrackerSettings {
    fn default() -> Self {
        Self {
            picture_px: None,
            min_score: 0.15,
            confident_score: 0.35,
            min_hits: 5,
            max_tentative_misses: 2,
            max_lost_s: 50.0 / 30.0,
            max_predicted_s: 0.5,
            max_interpolated_s: 50.0 / 30.0,
            max_join_s: 3.0,
            min_detected_frames: 5,
        }
    }
}
