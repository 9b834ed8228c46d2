//! Detectors' runs over a clip against who really is where in it.

use std::path::Path;
use std::sync::Arc;

use crate::engine::EngineError;
use crate::inference::{AveragePrecision, ImageResult, Truth, average_precision};
use crate::tracking::evaluate::{Sequence, read_truth};
use crate::types::detector_run::DetectorRun;

/// A truth, and the file that it is from.
pub struct ClipTruth<'a> {
    path: &'a Path,
    people: Sequence,
}

/// Reads who really is where.
///
/// # Errors
/// [`EngineError::Io`] or [`EngineError::Truth`], with the file and what is wrong.
pub fn read(path: &Path) -> Result<ClipTruth<'_>, EngineError> {
    let text = std::fs::read_to_string(path).map_err(|cause| EngineError::Io {
        doing: "reading the truth",
        path: path.to_owned(),
        cause,
    })?;
    let people = read_truth(&text).map_err(|cause| EngineError::Truth { path: path.to_owned(), cause })?;
    Ok(ClipTruth { path, people })
}

/// Each run's average precision over all frames of the clip; in those without a line in the truth nobody is.
///
/// # Errors
/// [`EngineError::Labels`] where the truth has nobody.
pub fn precision(
    truth: &ClipTruth<'_>,
    runs: &[Arc<DetectorRun>],
) -> Result<Vec<AveragePrecision>, EngineError> {
    let of = |run: &Arc<DetectorRun>| {
        let frames = (0..).zip(&run.frames).map(|(frame, seen)| {
            let people = truth.people.get(&frame).map_or(&[][..], Vec::as_slice);
            let truth = people.iter().map(|placed| Truth { bbox: placed.bbox, is_crowd: false }).collect();
            ImageResult { truth, detections: seen.detections.clone() }
        });
        average_precision(&frames.collect::<Vec<_>>())
    };
    let nobody = || EngineError::Labels {
        path: truth.path.to_owned(),
        cause: "it has nobody in the frames of this clip".to_owned(),
    };
    runs.iter().map(|run| of(run).ok_or_else(nobody)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::detector_run::{DetectedFrame, DetectorRunInfo};
    use crate::types::{BBox, Detection};

    fn run(lefts: &[f32]) -> Arc<DetectorRun> {
        let frame = |&left: &f32| DetectedFrame {
            detections: vec![Detection { bbox: BBox::new(left, 0.0, left + 60.0, 120.0), score: 0.9 }],
            ..DetectedFrame::default()
        };
        Arc::new(DetectorRun { info: DetectorRunInfo::default(), frames: lefts.iter().map(frame).collect() })
    }

    #[test]
    fn a_detector_on_the_spot_has_all_of_it_and_one_beside_it_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gt.txt");
        std::fs::write(&path, "1,1,11,1,60,120,1,1,1\n2,1,11,1,60,120,1,1,1\n").unwrap();
        let truth = read(&path).unwrap();
        let found =
            precision(&truth, &[run(&[10.0, 10.0]), run(&[10.0, 300.0]), run(&[300.0, 300.0])]).unwrap();
        let ap50: Vec<f64> = found.iter().map(|found| found.ap50).collect();
        assert!((ap50[0] - 1.0).abs() < 1e-9 && ap50[2] == 0.0 && (0.4..0.6).contains(&ap50[1]), "{ap50:?}");
    }

    #[test]
    fn a_truth_without_anybody_and_one_that_is_none_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gt.txt");
        std::fs::write(&path, "900,1,1,1,60,120,1,1,1\n").unwrap();
        let error = precision(&read(&path).unwrap(), &[run(&[0.0])]).unwrap_err().to_string();
        assert!(error.contains("gt.txt") && error.contains("nobody"), "{error}");
        std::fs::write(&path, "hello").unwrap();
        let error = read(&path).err().unwrap().to_string();
        assert!(error.contains("gt.txt") && error.contains("line 1"), "{error}");
    }
}
