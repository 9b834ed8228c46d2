//! The bodies of an analysis against the true joints, fitted over time and as each frame alone gave them.

use std::path::Path;

use glam::Vec3;
use serde::{Deserialize, Serialize};

use super::evaluate_doubt::{self, DoubtQuality};
use super::{EngineError, ResolvedRiders, clip_info, finished_store, load_resolved, use_raw_bodies};
use crate::body::joint_error::{Joints, acceleration_m, procrustes_error_m, root_aligned_error_m};
use crate::types::smpl::JOINT_COUNT;
use crate::types::{RiderFrame, TrackId};

/// How far the main rider's joints are off, millimetres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BodyErrors {
    /// Frames in which he has a body.
    pub frames: usize,
    /// Mean distance with the roots on each other (MPJPE).
    pub root_aligned_mm: f64,
    /// Mean distance after the best turn, scale and shift (PA-MPJPE).
    pub procrustes_mm: f64,
    /// Mean second difference of the joints relative to the root, a frame².
    pub acceleration_mm: f64,
}

/// Both views of the bodies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BodyEvaluation {
    /// Fitted over time.
    pub refined: BodyErrors,
    /// As each frame alone gave them.
    pub raw: BodyErrors,
    /// The truth's own acceleration, millimetres a frame².
    pub true_acceleration_mm: f64,
    /// What the bodies' own doubt about their joints is worth; `None` where they tell none.
    pub doubt: Option<DoubtQuality>,
}

#[derive(Deserialize)]
struct Truth {
    frames: Vec<TruthFrame>,
}

#[derive(Deserialize)]
struct TruthFrame {
    joints_3d: [Vec3; JOINT_COUNT],
}

/// Holds the main rider's body of the finished analysis `store` of `clip` against the joints in the file `truth`; `None`
/// where the truth is of boxes alone or nobody is the main rider.
///
/// # Errors
/// [`EngineError::Tracks`] where the clip has not been analysed; [`EngineError::Io`] where the truth cannot be read.
pub fn evaluate_bodies(
    clip: &Path,
    store: &Path,
    truth: &Path,
) -> Result<Option<BodyEvaluation>, EngineError> {
    let text = std::fs::read_to_string(truth).map_err(|cause| EngineError::Io {
        doing: "reading the truth",
        path: truth.to_owned(),
        cause,
    })?;
    let Ok(truth) = serde_json::from_str::<Truth>(&text) else { return Ok(None) };
    let truth: Vec<Option<Joints>> = truth.frames.into_iter().map(|frame| Some(frame.joints_3d)).collect();
    let frames = clip_info(clip)?.frames.len();
    let store = finished_store(store, clip)?.ok_or_else(|| EngineError::not_analysed(clip))?;
    let mut riders = load_resolved(&store, frames)?;
    let Some(rider) = riders.main() else { return Ok(None) };
    let refined = errors(&joints_of(&riders, rider), &truth);
    let doubt = evaluate_doubt::quality(&riders, rider, &truth);
    use_raw_bodies(&store, &mut riders)?;
    let raw = errors(&joints_of(&riders, rider), &truth);
    let true_acceleration_mm = 1e3 * mean_acceleration_m(&truth);
    Ok(refined.zip(raw).map(|(refined, raw)| BodyEvaluation { refined, raw, true_acceleration_mm, doubt }))
}

/// The rider's joints in each frame in which he has a body.
fn joints_of(riders: &ResolvedRiders, rider: TrackId) -> Vec<Option<Joints>> {
    let body = |frame: &Vec<RiderFrame>| {
        frame.iter().find(|r| r.track == rider).and_then(|r| r.body.as_ref()).map(|body| body.joints_3d)
    };
    riders.frames.iter().map(body).collect()
}

/// `None` where no frame has both.
fn errors(found: &[Option<Joints>], truth: &[Option<Joints>]) -> Option<BodyErrors> {
    let pairs: Vec<(&Joints, &Joints)> =
        found.iter().zip(truth).filter_map(|(found, truth)| found.as_ref().zip(truth.as_ref())).collect();
    let count = pairs.len() as f64;
    let root_aligned: f64 = pairs.iter().map(|(found, truth)| root_aligned_error_m(found, truth)).sum();
    let procrustes: Option<f64> = pairs.iter().map(|(found, truth)| procrustes_error_m(found, truth)).sum();
    Some(BodyErrors {
        frames: pairs.len(),
        root_aligned_mm: 1e3 * root_aligned / count,
        procrustes_mm: 1e3 * procrustes? / count,
        acceleration_mm: 1e3 * mean_acceleration_m(found),
    })
    .filter(|errors| errors.frames > 0)
}

/// Over every three consecutive frames that have joints; 0 where there are none.
fn mean_acceleration_m(joints: &[Option<Joints>]) -> f64 {
    let each: Vec<f64> = joints
        .windows(3)
        .filter_map(|frames| match frames {
            [Some(before), Some(now), Some(after)] => Some(acceleration_m(before, now, after)),
            _ => None,
        })
        .collect();
    each.iter().sum::<f64>() / each.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joints(at: Vec3) -> Joints {
        std::array::from_fn(|joint| {
            at + Vec3::new(0.1 * joint as f32, (joint % 5) as f32 * 0.2, (joint % 3) as f32)
        })
    }

    #[test]
    fn place_is_no_error_and_frames_without_a_body_do_not_count() {
        let truth = vec![Some(joints(Vec3::ZERO)); 4];
        let mut found = vec![Some(joints(Vec3::new(1.0, 2.0, 5.0))); 4];
        found[1] = None;
        let errors = errors(&found, &truth).unwrap();
        assert_eq!(errors.frames, 3);
        assert!(errors.root_aligned_mm < 1e-2 && errors.procrustes_mm < 1e-2, "{errors:?}");
        // No three frames in a row have a body.
        assert_eq!(errors.acceleration_mm, 0.0);
        // All joints but the root 24 mm off: 23 of 24 joints.
        let mut off = joints(Vec3::ZERO);
        off[1..].iter_mut().for_each(|joint| joint.y += 0.024);
        let errors = super::errors(&[Some(off)], &truth).unwrap();
        assert!((errors.root_aligned_mm - 23.0).abs() < 1e-2, "{errors:?}");
        assert_eq!(super::errors(&[None, None], &truth), None);
    }
}
