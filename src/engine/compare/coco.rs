//! Detectors against labelled pictures in COCO's annotation format.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::measure::Latency;
use super::run::Ready;
use crate::engine::models::ModelShelf;
use crate::engine::planning::Extent;
use crate::engine::rate::RateMeter;
use crate::engine::{CancelToken, EngineError, Reporter};
use crate::inference::{ImageResult, Truth, average_precision};
use crate::settings::ModelSettings;
use crate::types::{BBox, MemoryWish, RgbImage};

/// Score from which detections enter the precision curve.
const FLOOR: f32 = 0.01;

/// The category that counts; COCO's number of it where no category has the name.
const PERSON: (&str, u64) = ("person", 1);

/// How a detector does on labelled pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DetectorScore {
    /// The model's id.
    pub id: String,
    /// COCO's average precision of persons, 0 to 1.
    pub ap: f64,
    /// The same at an overlap of one half.
    pub ap50: f64,
    /// COCO's average recall of persons with 100 detections a picture, 0 to 1.
    pub ar100: f64,
    /// Time for one picture, milliseconds.
    pub latency_ms: Option<Latency>,
    /// Time to load it, seconds.
    pub load_s: f64,
    /// Memory that it took, bytes.
    pub memory_bytes: u64,
    /// Where it ran.
    pub device: String,
}

/// A comparison on labelled pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct CocoComparison {
    /// By detector.
    pub detectors: Vec<DetectorScore>,
    /// Pictures that were looked at.
    pub images: usize,
    /// Pictures that the labels name and the folder lacks; they count for nothing.
    pub missing: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Labels {
    images: Vec<LabelledImage>,
    annotations: Vec<Annotation>,
    #[serde(default)]
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct LabelledImage {
    id: u64,
    file_name: String,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: u64,
    #[serde(default)]
    category_id: Option<u64>,
    /// Left, top, width, height.
    bbox: [f32; 4],
    #[serde(default)]
    iscrowd: u8,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

/// What is planned for the pictures beside the networks: one at a time, seldom larger.
const PICTURES: Extent = Extent { size: (1920, 1080), frames: 1 };

/// Holds each of `detectors` against the labels in the file `labels` of the pictures in the folder `images`.
///
/// # Errors
/// [`EngineError::Labels`] where the labels cannot be used; when a detector cannot be loaded or run.
pub fn compare_on_labels(
    labels: &Path,
    images: &Path,
    detectors: &[String],
    settings: &ModelSettings,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<CocoComparison, EngineError> {
    let pictures = read(labels, images)?;
    let (present, missing): (Vec<_>, Vec<_>) = pictures.into_iter().partition(|(path, _)| path.is_file());
    let missing: Vec<PathBuf> = missing.into_iter().map(|(path, _)| path).collect();
    let unusable = |cause: String| EngineError::Labels { path: labels.to_owned(), cause };
    if present.is_empty() {
        return Err(unusable(format!("none of its {} pictures is in {}", missing.len(), images.display())));
    }
    if !missing.is_empty() {
        let first = missing.first().map(|path| path.display().to_string()).unwrap_or_default();
        reporter.warning(format!(
            "{} of {} labelled pictures are not there and are left out, the first of them {first}",
            missing.len(),
            missing.len() + present.len()
        ));
    }
    let mut scores = Vec::with_capacity(detectors.len());
    for detector in detectors {
        let settings = ModelSettings { detector: detector.clone(), ..settings.clone() };
        let mut ready = Ready::load(shelf, &settings, (&MemoryWish::default(), PICTURES), reporter)?;
        let stage = format!("finding with {detector}");
        let mut meter = RateMeter::new(Instant::now(), 0, present.len() as u64);
        let (mut results, mut times) = (Vec::with_capacity(present.len()), Vec::with_capacity(present.len()));
        for (done, (path, truth)) in (1..).zip(&present) {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            let seen = ready.look(&picture(path)?, FLOOR)?;
            times.push(seen.latency_ms);
            results.push(ImageResult { truth: truth.clone(), detections: seen.detections });
            if let Some(progress) = meter.update(Instant::now(), done, &stage) {
                reporter.progress(progress);
            }
        }
        let precision = average_precision(&results)
            .ok_or_else(|| unusable("nobody is labelled in the pictures that are there".to_owned()))?;
        scores.push(DetectorScore {
            id: detector.clone(),
            ap: precision.ap,
            ap50: precision.ap50,
            ar100: precision.ar100,
            latency_ms: Latency::of(times),
            load_s: ready.info.load_s,
            memory_bytes: ready.info.memory_bytes,
            device: ready.info.device,
        });
    }
    Ok(CocoComparison { detectors: scores, images: present.len(), missing })
}

/// The labelled pictures, in the file's order, and who is in each.
fn read(labels: &Path, images: &Path) -> Result<Vec<(PathBuf, Vec<Truth>)>, EngineError> {
    let unusable = |cause: String| EngineError::Labels { path: labels.to_owned(), cause };
    let text = std::fs::read_to_string(labels).map_err(|error| unusable(error.to_string()))?;
    let read: Labels = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
    let person = read.categories.iter().find(|c| c.name == PERSON.0).map_or(PERSON.1, |c| c.id);
    let mut people: HashMap<u64, Vec<Truth>> = HashMap::new();
    let mut unknown = BTreeMap::new();
    let known: std::collections::HashSet<u64> = read.images.iter().map(|image| image.id).collect();
    for Annotation { image_id, category_id, bbox: [left, top, width, height], iscrowd } in read.annotations {
        if !known.contains(&image_id) {
            *unknown.entry(image_id).or_insert(0usize) += 1;
            continue;
        }
        if category_id.is_none_or(|category| category == person) {
            let bbox = BBox::new(left, top, left + width, top + height);
            people.entry(image_id).or_default().push(Truth { bbox, is_crowd: iscrowd != 0 });
        }
    }
    if let Some((image, count)) = unknown.first_key_value() {
        return Err(unusable(format!("{count} labels belong to picture {image}, which it does not list")));
    }
    let placed = |image: LabelledImage| {
        // A name that leads out of the folder is not followed.
        let path = Path::new(&image.file_name);
        let inside = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let name = if inside { path.to_owned() } else { path.file_name().unwrap_or_default().into() };
        (images.join(name), people.remove(&image.id).unwrap_or_default())
    };
    Ok(read.images.into_iter().map(placed).collect())
}

fn picture(path: &Path) -> Result<RgbImage, EngineError> {
    let unreadable = |cause: String| EngineError::Labels { path: path.to_owned(), cause };
    let pixels = image::open(path).map_err(|error| unreadable(error.to_string()))?.to_rgb8();
    Ok(RgbImage { width: pixels.width(), height: pixels.height(), data: pixels.into_raw() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Result<Vec<(PathBuf, Vec<Truth>)>, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.json");
        std::fs::write(&path, text).unwrap();
        read(&path, Path::new("pictures"))
    }

    #[test]
    fn persons_of_each_picture_are_read_and_other_classes_left_out() {
        let text = r#"{"images":[{"id":7,"file_name":"a.jpg"},{"id":8,"file_name":"../b.jpg"}],
            "annotations":[{"image_id":7,"category_id":3,"bbox":[1,2,3,4],"iscrowd":1},
                           {"image_id":7,"category_id":1,"bbox":[9,9,9,9]}],
            "categories":[{"id":3,"name":"person"},{"id":1,"name":"snowboard"}]}"#;
        let read = labels(text).unwrap();
        let truth = Truth { bbox: BBox::new(1.0, 2.0, 4.0, 6.0), is_crowd: true };
        assert_eq!(read[0], (PathBuf::from("pictures/a.jpg"), vec![truth]));
        assert_eq!(read[1], (PathBuf::from("pictures/b.jpg"), vec![]));
    }

    #[test]
    fn labels_that_cannot_be_used_are_named_with_what_is_wrong() {
        for (text, complaint) in [
            ("[]", "labels.json"),
            ("{\"images\":[]}", "annotations"),
            (
                r#"{"images":[],"annotations":[{"image_id":5,"category_id":1,"bbox":[0,0,1,1]}]}"#,
                "1 labels belong to picture 5",
            ),
            (
                r#"{"images":[{"id":1,"file_name":"a"}],"annotations":[{"image_id":1,"bbox":[0,0]}]}"#,
                "labels.json",
            ),
        ] {
            let error = labels(text).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
