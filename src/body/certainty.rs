//! How well each part of a body is known, on its surface.

use super::model::BodyModel;
use crate::types::smpl::JOINT_COUNT;

/// Spread of a joint up to which it counts as known, and from which as guessed, metres: the width of a hand and the
/// length of a forearm.
const KNOWN_M: f32 = 0.08;
const GUESSED_M: f32 = 0.25;

/// What a guessed part fades to: the grey of snow in shade, gamma-coded.
const UNKNOWN_RGB: [u8; 3] = [205, 210, 218];

/// How far a guessed part fades, 0 to 255: the rider's colour stays, so that he is one figure, and no part looks bare.
const MOST_FADED: f32 = 130.0;

impl BodyModel {
    /// Fills `colors` with a colour for each vertex and how far it covers the rider's, 0 to 255: none where the joints that
    /// move it are known, most where they are guessed. `joint_sigma_m` as in
    /// [`BodyEstimate`](crate::types::BodyEstimate).
    pub fn paint_doubt(&self, joint_sigma_m: &[f32; JOINT_COUNT], colors: &mut Vec<[u8; 4]>) {
        let doubt = joint_sigma_m.map(|sigma| ((sigma - KNOWN_M) / (GUESSED_M - KNOWN_M)).clamp(0.0, 1.0));
        let [r, g, b] = UNKNOWN_RGB;
        colors.clear();
        colors.extend((0..self.vertex_count()).map(|vertex| {
            let influences = self.influences_of(vertex).iter();
            let doubt: f32 = influences.map(|i| i.weight * doubt[i.joint as usize]).sum();
            [r, g, b, (doubt * MOST_FADED).round() as u8]
        }));
    }
}

#[cfg(test)]
mod tests {
    use crate::body::testing;
    use crate::types::smpl::JOINT_COUNT;

    const LEFT_WRIST: usize = 20;
    const LEFT_HAND: usize = 22;

    #[test]
    fn a_hand_that_is_guessed_fades_and_the_rest_of_the_body_does_not() {
        let model = testing::starter_model();
        let mut sigma_m = [0.03; JOINT_COUNT];
        let mut colors = Vec::new();
        model.paint_doubt(&sigma_m, &mut colors);
        assert_eq!(colors.len(), model.vertex_count());
        assert!(colors.iter().all(|color| color[3] == 0));

        sigma_m[LEFT_WRIST] = 0.5;
        sigma_m[LEFT_HAND] = 0.5;
        model.paint_doubt(&sigma_m, &mut colors);
        let rest = model.rest_vertices(&[0.0; 10]);
        let wrist = model.rest_joints(&[0.0; 10])[LEFT_WRIST];
        // Left is +X, so the hand is all that lies further out than the wrist.
        let faded = |beyond: bool| {
            let of_side: Vec<f32> = rest
                .iter()
                .zip(&colors)
                .filter(|(at, _)| (at.x > wrist.x + 0.03) == beyond)
                .map(|(_, color)| f32::from(color[3]))
                .collect();
            of_side.iter().sum::<f32>() / of_side.len() as f32
        };
        assert!(faded(true) > 120.0 && faded(false) < 5.0, "{} {}", faded(true), faded(false));
    }
}
