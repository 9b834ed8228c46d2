//! COCO's average precision of one class, as pycocotools computes it for all areas and 100 detections an image.
//!
//! Detections are matched to the truth image by image, best first, each to the free box that it overlaps most. A
//! detection on a crowd is neither right nor wrong. Precision, made non-increasing from the right, is averaged over 101
//! recalls (Lin et al., Microsoft COCO, 2014).

use crate::types::{BBox, Detection};

/// A person who is in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// Where, picture pixels.
    pub bbox: BBox,
    /// Whether the box holds a crowd that is not annotated one by one.
    pub is_crowd: bool,
}

/// One picture: who is there and who was found.
#[derive(Clone, Debug, Default)]
pub struct ImageResult {
    /// Who is there.
    pub truth: Vec<Truth>,
    /// Who was found, in any order.
    pub detections: Vec<Detection>,
}

/// Average precision, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AveragePrecision {
    /// Mean over the overlaps .50, .55, …, .95.
    pub ap: f64,
    /// At an overlap of .50.
    pub ap50: f64,
    /// Average recall: the share of people who are found among 100 detections an image, mean over the same overlaps.
    pub ar100: f64,
}

/// Detections of an image that count.
const MAX_DETECTIONS: usize = 100;

/// Recalls at which precision is read: 0, .01, …, 1.
const RECALL_STEPS: u32 = 100;

/// Average precision over `images`; `None` where no image has a person who is not in a crowd.
pub fn average_precision(images: &[ImageResult]) -> Option<AveragePrecision> {
    let people: usize = images.iter().map(|i| i.truth.iter().filter(|t| !t.is_crowd).count()).sum();
    if people == 0 {
        return None;
    }
    let at = |percent: u32| {
        let mut outcomes: Vec<_> =
            images.iter().flat_map(|image| match_image(image, percent as f32 / 100.0)).collect();
        outcomes.sort_by(|a, b| b.score.total_cmp(&a.score));
        let found = outcomes.iter().filter(|outcome| outcome.is_right).count();
        (interpolated_precision(&outcomes, people), found as f64 / people as f64)
    };
    let at_overlaps: Vec<(f64, f64)> = (50..100).step_by(5).map(at).collect();
    let (ap50, _) = *at_overlaps.first()?;
    let mean =
        |value: fn(&(f64, f64)) -> f64| at_overlaps.iter().map(value).sum::<f64>() / at_overlaps.len() as f64;
    Some(AveragePrecision { ap: mean(|at| at.0), ap50, ar100: mean(|at| at.1) })
}

/// A detection that counts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    score: f32,
    is_right: bool,
}

/// The detections of `image` that are right or wrong at the overlap `min_iou`, best first.
fn match_image(image: &ImageResult, min_iou: f32) -> Vec<Outcome> {
    let mut detections: Vec<_> = image.detections.iter().collect();
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    detections.truncate(MAX_DETECTIONS);
    let mut is_taken = vec![false; image.truth.len()];
    let mut outcomes = Vec::with_capacity(detections.len());
    for detection in detections {
        let person =
            best_match(image, detection, min_iou, |index, truth| !truth.is_crowd && !is_taken[index]);
        if let Some(index) = person {
            is_taken[index] = true;
        } else if best_match(image, detection, min_iou, |_, truth| truth.is_crowd).is_some() {
            continue;
        }
        outcomes.push(Outcome { score: detection.score, is_right: person.is_some() });
    }
    outcomes
}

/// Among the boxes that `may_match`, the one that `detection` overlaps most, if by at least `min_iou`; of equals, the
/// last.
fn best_match(
    image: &ImageResult,
    detection: &Detection,
    min_iou: f32,
    may_match: impl Fn(usize, &Truth) -> bool,
) -> Option<usize> {
    let candidates = image.truth.iter().enumerate().filter(|(index, truth)| may_match(*index, truth));
    let overlaps = candidates.map(|(index, truth)| (index, overlap(detection, truth)));
    overlaps.filter(|(_, iou)| *iou >= min_iou).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}

/// Intersection over union; over the detection alone where the truth is a crowd.
fn overlap(detection: &Detection, truth: &Truth) -> f32 {
    let area = detection.bbox.area();
    if !truth.is_crowd {
        return detection.bbox.iou(&truth.bbox);
    }
    if area > 0.0 { detection.bbox.intersection(&truth.bbox).area() / area } else { 0.0 }
}

/// Mean over the recalls of the best precision at that recall or a higher one.
fn interpolated_precision(outcomes: &[Outcome], people: usize) -> f64 {
    let mut right = 0usize;
    let mut curve: Vec<(f64, f64)> = Vec::with_capacity(outcomes.len());
    for (index, outcome) in outcomes.iter().enumerate() {
        right += usize::from(outcome.is_right);
        curve.push((right as f64 / people as f64, right as f64 / (index + 1) as f64));
    }
    let mut best = 0.0f64;
    for point in curve.iter_mut().rev() {
        best = best.max(point.1);
        point.1 = best;
    }
    let precision_at = |step: u32| {
        let recall = f64::from(step) / f64::from(RECALL_STEPS);
        let reached = curve.partition_point(|point| point.0 < recall);
        curve.get(reached).map_or(0.0, |point| point.1)
    };
    (0..=RECALL_STEPS).map(precision_at).sum::<f64>() / f64::from(RECALL_STEPS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(left: f32) -> Truth {
        Truth { bbox: BBox::new(left, 0.0, left + 10.0, 10.0), is_crowd: false }
    }

    /// A box of a person's size, `shift` pixels to the right of the one at `left`: its overlap is
    /// (10 − shift) / (10 + shift).
    fn found(left: f32, shift: f32, score: f32) -> Detection {
        Detection { bbox: BBox::new(left + shift, 0.0, left + shift + 10.0, 10.0), score }
    }

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-6, "{actual} instead of {expected}");
    }

    #[test]
    fn finding_everybody_exactly_is_one_and_nobody_zero() {
        let mut image = ImageResult { truth: vec![person(0.0), person(50.0)], detections: Vec::new() };
        assert_eq!(
            average_precision(&[image.clone()]),
            Some(AveragePrecision { ap: 0.0, ap50: 0.0, ar100: 0.0 })
        );
        image.detections = vec![found(50.0, 0.0, 0.3), found(0.0, 0.0, 0.9)];
        assert_eq!(average_precision(&[image]), Some(AveragePrecision { ap: 1.0, ap50: 1.0, ar100: 1.0 }));
        assert_eq!(average_precision(&[ImageResult::default()]), None);
    }

    #[test]
    fn a_worked_example_over_two_images() {
        // By score: right, wrong, right, of three people. Precision 1 up to recall 1/3 (recalls 0 to .33: 34 of
        // them), 2/3 up to 2/3 (.34 to .66: 33), then nothing. The overlap of the second right one is 9/11 = .818,
        // which is enough up to .80; above, only the first counts.
        let images = [
            ImageResult {
                truth: vec![person(0.0), person(100.0)],
                detections: vec![found(0.0, 0.0, 0.9), found(30.0, 0.0, 0.8)],
            },
            ImageResult { truth: vec![person(0.0)], detections: vec![found(0.0, 1.0, 0.7)] },
        ];
        let both = (34.0 + 33.0 * 2.0 / 3.0) / 101.0;
        let one = 34.0 / 101.0;
        let result = average_precision(&images).unwrap();
        close(result.ap50, both);
        close(result.ap, (7.0 * both + 3.0 * one) / 10.0);
    }

    #[test]
    fn a_second_box_on_the_same_person_is_wrong() {
        let image = ImageResult {
            truth: vec![person(0.0), person(100.0)],
            detections: vec![found(0.0, 0.0, 0.9), found(0.0, 0.5, 0.8), found(100.0, 0.0, 0.7)],
        };
        // Precision 1 up to recall .5 (51 recalls), 2/3 from there (50).
        close(average_precision(&[image]).unwrap().ap50, (51.0 + 50.0 * 2.0 / 3.0) / 101.0);
    }

    #[test]
    fn boxes_in_a_crowd_are_neither_right_nor_wrong() {
        let crowd = Truth { bbox: BBox::new(40.0, 0.0, 90.0, 10.0), is_crowd: true };
        let image = ImageResult {
            truth: vec![crowd, person(0.0)],
            detections: vec![found(45.0, 0.0, 0.9), found(70.0, 0.0, 0.8), found(0.0, 0.0, 0.7)],
        };
        assert_eq!(average_precision(&[image]).unwrap().ap, 1.0);
    }

    #[test]
    fn only_the_best_hundred_of_an_image_count() {
        let wrong = (0..100).map(|i| found(200.0 + 20.0 * i as f32, 0.0, 0.9));
        let detections = wrong.chain([found(0.0, 0.0, 0.1)]).collect();
        assert_eq!(
            average_precision(&[ImageResult { truth: vec![person(0.0)], detections }]).unwrap().ap,
            0.0
        );
    }

    type GoldenImage = (Vec<[f32; 5]>, Vec<[f32; 5]>);

    #[derive(serde::Deserialize)]
    struct Golden {
        /// Of each image: left, top, width, height, crowd of the people, and left, top, width, height, score of the
        /// detections.
        images: Vec<GoldenImage>,
        ap: f64,
        ap50: f64,
        ar100: f64,
    }

    #[test]
    fn the_figures_are_those_of_pycocotools() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/detectors/coco_eval.json");
        let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let bbox = |left, top, width, height| BBox::new(left, top, left + width, top + height);
        let image = |(truth, found): &GoldenImage| ImageResult {
            truth: truth
                .iter()
                .map(|&[x, y, w, h, crowd]| Truth { bbox: bbox(x, y, w, h), is_crowd: crowd > 0.0 })
                .collect(),
            detections: found
                .iter()
                .map(|&[x, y, w, h, score]| Detection { bbox: bbox(x, y, w, h), score })
                .collect(),
        };
        let images: Vec<_> = golden.images.iter().map(image).collect();
        let result = average_precision(&images).unwrap();
        for (ours, theirs) in
            [(result.ap, golden.ap), (result.ap50, golden.ap50), (result.ar100, golden.ar100)]
        {
            assert!((ours - theirs).abs() < 1e-4, "{ours} instead of {theirs}");
        }
    }
}
