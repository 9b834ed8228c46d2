//! A detector that is loaded when a frame needs it and unloaded when frames need it seldom.

use std::time::{Duration, Instant};

use crate::inference::{Detector, InferenceError};
use crate::types::{Detection, Device, RgbImage};

/// Loads the detector.
pub type Load = Box<dyn FnMut() -> Result<Box<dyn Detector>, InferenceError> + Send>;

/// It is kept while the time between two looks is less than this many times what loading takes: loading then costs at
/// most a fifth of the time.
const WORTH_LOADING: u32 = 4;

/// A detector on demand.
pub struct OnDemandDetector {
    id: String,
    device: Device,
    load: Load,
    loaded: Option<Box<dyn Detector>>,
    keeping: Keeping,
}

impl OnDemandDetector {
    /// Stands for the detector `id` on `device`, which `load` loads.
    pub fn new(id: String, device: Device, load: Load) -> Self {
        Self { id, device, load, loaded: None, keeping: Keeping::default() }
    }
}

impl Detector for OnDemandDetector {
    fn id(&self) -> &str {
        &self.id
    }

    fn device(&self) -> Device {
        self.device
    }

    fn detect(&mut self, image: &RgbImage, threshold: f32) -> Result<Vec<Detection>, InferenceError> {
        let asked = Instant::now();
        let detector = match &mut self.loaded {
            Some(loaded) => loaded,
            empty => {
                let loaded = (self.load)()?;
                self.keeping.loaded(asked.elapsed());
                empty.insert(loaded)
            }
        };
        let found = detector.detect(image, threshold);
        if !self.keeping.looked(asked, Instant::now()) {
            self.loaded = None;
        }
        found
    }
}

/// Whether to keep a model between two uses.
#[derive(Debug, Default)]
struct Keeping {
    load_time: Duration,
    last: Option<Instant>,
    /// Time from one use's end to the next one's beginning, the later ones counting more.
    idle: Duration,
}

impl Keeping {
    fn loaded(&mut self, took: Duration) {
        self.load_time = took;
    }

    /// Takes note of a use from `asked` to `done`; whether to keep the model until the next.
    fn looked(&mut self, asked: Instant, done: Instant) -> bool {
        if let Some(last) = self.last.replace(done) {
            self.idle = (self.idle + asked.saturating_duration_since(last)) / 2;
        }
        self.idle < self.load_time * WORTH_LOADING
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::inference::fake::FakeDetector;
    use crate::types::BBox;

    #[test]
    fn a_model_is_kept_for_frequent_uses_and_let_go_for_rare_ones() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut keeping = Keeping::default();
        keeping.loaded(Duration::from_secs(1));
        assert!(keeping.looked(at(1.0), at(1.1)), "nothing is known of the next use");
        assert!(keeping.looked(at(2.0), at(2.1)));
        assert!(!keeping.looked(at(60.0), at(60.1)), "half a minute between uses");
        assert!(!keeping.looked(at(61.0), at(61.1)), "one short gap is no rule");
        assert!(keeping.looked(at(62.0), at(62.1)) || keeping.looked(at(63.0), at(63.1)));
    }

    #[test]
    fn it_is_loaded_at_the_first_look_and_answers_as_the_detector_does() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let person = Detection { bbox: BBox::new(1.0, 2.0, 30.0, 40.0), score: 0.9 };
        let script = vec![person.clone()];
        let load: Load = Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            // As slow as to be worth keeping.
            std::thread::sleep(Duration::from_millis(30));
            Ok(Box::new(FakeDetector::scripted(vec![script.clone(); 3])))
        });
        let mut detector = OnDemandDetector::new("fake".into(), Device::Cpu, load);
        assert_eq!(loads.load(Ordering::Relaxed), 0);
        let image = RgbImage { width: 64, height: 64, data: vec![0; 64 * 64 * 3] };
        for _ in 0..3 {
            assert_eq!(detector.detect(&image, 0.1).unwrap(), std::slice::from_ref(&person));
        }
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }
}
