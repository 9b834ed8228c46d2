//! What is drawn over the picture.

use serde::{Deserialize, Serialize};

use super::person::TrackId;

/// Which overlays are drawn and how strongly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OverlayStyle {
    /// The lit body mesh.
    pub mesh: bool,
    /// The mesh in the colours that the rider was seen in, where they are known.
    pub textured: bool,
    /// The mesh faded where the body is guessed rather than seen.
    pub doubt: bool,
    /// The mesh's edges.
    pub wireframe: bool,
    /// The 2D keypoints, joined.
    pub skeleton: bool,
    /// A box around each rider.
    pub boxes: bool,
    /// Name, provenance and score of each rider, beside his box.
    pub labels: bool,
    /// The outline of each rider as the detector saw it, where it gives one.
    pub masks: bool,
    /// The way of each rider over the last seconds.
    pub trails: bool,
    /// The ways of his head, hands and feet.
    pub joint_trails: bool,
    /// How far knees, hips and elbows are bent, beside them.
    pub angles: bool,
    /// The clip's time and the frame number, in the corner.
    pub clock: bool,
    /// Everyone, not only the main rider.
    pub others: bool,
    /// Bodies as each frame alone gave them, in place of those fitted over time.
    pub raw: bool,
    /// Opacity of the mesh, 0 to 1.
    pub opacity: f32,
    /// Keypoints below this score are left out of the skeleton, 0 to 1.
    pub min_keypoint_score: f32,
}

impl Default for OverlayStyle {
    fn default() -> Self {
        Self {
            mesh: true,
            textured: false,
            doubt: true,
            wireframe: false,
            skeleton: false,
            boxes: false,
            labels: false,
            masks: false,
            trails: false,
            joint_trails: false,
            angles: false,
            clock: false,
            others: false,
            raw: false,
            opacity: 0.85,
            min_keypoint_score: 0.2,
        }
    }
}

/// Colour of a rider wherever he is shown: mesh, box, timeline lane; sRGB, 0 to 1.
///
/// The hues are Okabe and Ito's palette for all kinds of colour vision (Color Universal Design, 2008), without black
/// and yellow, which are lost on rock and on sunlit snow. The first rider is blue: orange, and what it fades to, is taken
/// for skin.
pub fn track_color(track: TrackId) -> [f32; 3] {
    const HUES: [[u8; 3]; 6] =
        [[0, 114, 178], [230, 120, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0]];
    let index = track.0.saturating_sub(1) as usize % HUES.len();
    HUES[index].map(|channel| f32::from(channel) / 255.0)
}
