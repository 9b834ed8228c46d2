//! How fast a model loads and runs here, and what memory it takes.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::ModelFileError;
use crate::engine::user_models::UserModels;
use crate::engine::{CancelToken, EngineError, ModelShelf};
use crate::inference::{self, HMR2, HMR2_BATCH, Hmr2, Hmr2Options, Role, is_hmr2};
use crate::types::{BBox, Device, RgbImage, WeightsHeld};

/// People at once that HMR2 is timed with.
const BATCHES: [usize; 3] = [1, 4, 8];

/// A batch is run this often at least, and for this long at least.
const RUNS: usize = 3;
const SPAN: Duration = Duration::from_secs(2);

/// Memory of this process, bytes; `None` where the system does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Resident {
    /// Pages that nothing but swap can hold.
    pub anonymous: u64,
    /// Pages of mapped files, which the system can drop and read again.
    pub file_backed: u64,
}

/// The time of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BatchTime {
    /// Pictures or people at once.
    pub batch: usize,
    /// Median time for one of them, milliseconds.
    pub each_ms: f64,
}

/// What was measured of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Benchmark {
    /// The model.
    pub id: String,
    /// Where it ran.
    pub device: String,
    /// Threads within an operator.
    pub threads: usize,
    /// Time to load it, seconds.
    pub load_s: f64,
    /// What loading added to this process.
    pub loaded: Option<Resident>,
    /// What loading and running have added.
    pub run: Option<Resident>,
    /// By batch.
    pub times: Vec<BatchTime>,
}

/// Loads a detector or HMR2 on `device` and times it on a picture in which nobody is.
///
/// # Errors
/// [`ModelFileError::Unknown`] for a model that does not run by itself; when it cannot be loaded or run.
pub fn benchmark(
    id: &str,
    device: Device,
    threads: usize,
    shelf: &ModelShelf,
    cancel: &CancelToken,
) -> Result<Benchmark, EngineError> {
    let (runtime, registry) = (shelf.runtime()?, shelf.registry()?);
    let (width, height) = (1280, 720);
    let data = (0..width * height * 3).map(|at| (at / 7 % 251) as u8).collect();
    let picture = RgbImage { width, height, data };
    let before = resident();
    let started = Instant::now();
    let since = |now: Option<Resident>| {
        let (now, before) = (now?, before?);
        Some(Resident {
            anonymous: now.anonymous.saturating_sub(before.anonymous),
            file_backed: now.file_backed.saturating_sub(before.file_backed),
        })
    };
    let (load_s, loaded, times);
    if is_hmr2(id) {
        let path = UserModels::new(shelf.places()).hmr2_path(id);
        let options = Hmr2Options { device, threads, weights: WeightsHeld::Mapped, batch: HMR2_BATCH };
        let mut net = Hmr2::load(&runtime, &path, options)?;
        (load_s, loaded) = (started.elapsed().as_secs_f64(), since(resident()));
        let people = |count: usize| {
            let place =
                |person| BBox::new(100.0 * person as f32, 100.0, 100.0 * person as f32 + 150.0, 500.0);
            (0..count).map(place).collect::<Vec<_>>()
        };
        times = BATCHES
            .iter()
            .map(|&batch| {
                let boxes = people(batch);
                time(batch, cancel, &mut || Ok(net.observe(&picture, &boxes).map(drop)?))
            })
            .collect::<Result<_, _>>()?;
    } else if registry.get_as(Role::Detector, id).is_ok() {
        let mut detector = inference::load_detector(&runtime, registry, id, device, threads)?;
        (load_s, loaded) = (started.elapsed().as_secs_f64(), since(resident()));
        times = vec![time(1, cancel, &mut || Ok(detector.detect(&picture, 0.5).map(drop)?))?];
    } else {
        let detectors = registry.with_role(Role::Detector).map(|model| model.id.clone());
        let known = detectors.chain([HMR2.to_owned()]).collect();
        return Err(ModelFileError::Unknown { id: id.to_owned(), what: "time", known }.into());
    }
    let run = since(resident());
    Ok(Benchmark { id: id.to_owned(), device: device.to_string(), threads, load_s, loaded, run, times })
}

/// The median time of a batch, after one that does not count.
fn time(
    batch: usize,
    cancel: &CancelToken,
    run: &mut dyn FnMut() -> Result<(), EngineError>,
) -> Result<BatchTime, EngineError> {
    run()?;
    let mut spans = Vec::new();
    let started = Instant::now();
    while spans.len() < RUNS || started.elapsed() < SPAN {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let one = Instant::now();
        run()?;
        spans.push(one.elapsed().as_secs_f64());
    }
    spans.sort_by(f64::total_cmp);
    Ok(BatchTime { batch, each_ms: spans[spans.len() / 2] * 1e3 / batch as f64 })
}

/// proc_pid_status(5): RssAnon and RssFile are in kibibytes.
fn resident() -> Option<Resident> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    Some(Resident { anonymous: field("RssAnon:")?, file_backed: field("RssFile:")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ModelPlaces;

    #[test]
    fn a_detector_is_timed_and_what_cannot_be_is_told() {
        let shelf = ModelShelf::new(ModelPlaces::default());
        if let Err(error) = shelf.runtime() {
            println!("skipped: {error}");
            return;
        }
        let cancel = CancelToken::default();
        let found = benchmark("nanodet", Device::Cpu, 1, &shelf, &cancel).unwrap();
        assert_eq!(found.times.len(), 1);
        assert!(found.load_s > 0.0 && found.times[0].each_ms > 0.0);
        let error = benchmark("body-cc0", Device::Cpu, 1, &shelf, &cancel).unwrap_err().to_string();
        assert!(error.contains("nanodet") && error.contains("hmr2"), "{error}");
        cancel.cancel();
        assert!(matches!(benchmark("nanodet", Device::Cpu, 1, &shelf, &cancel), Err(EngineError::Cancelled)));
    }
}
