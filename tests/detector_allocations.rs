//! Looking at one picture after the other costs a detector no memory of its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use snowmesh::inference::{
    NetworkContract, OnnxFile, PictureInput, Recognized, Runtime, load_detector_file, recognize,
};
use snowmesh::types::{Device, RgbImage};

/// Counts what is asked of the system's allocator.
struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; `pointer` came from `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations during `work`.
fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.load(Ordering::Relaxed);
    work();
    COUNT.load(Ordering::Relaxed) - before
}

fn contract(path: &Path) -> NetworkContract {
    let Ok(Recognized::Detector(contract)) = recognize(&OnnxFile::open(path).unwrap()) else {
        panic!("{path:?}")
    };
    *contract
}

// One test alone: others beside it would be counted too.
#[test]
fn pictures_and_people_cost_no_allocation_once_it_has_looked_at_some() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = root.join("runtime/onnxruntime");
    if !library.exists() {
        println!("skipped: {} is not there", library.display());
        return;
    }
    let runtime = Runtime::start(None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = RgbImage { width: 1920, height: 1080, data: vec![90; 1920 * 1080 * 3] };
    for name in ["yolox", "yolo", "rt_detr", "rtmdet", "ssd", "faster_rcnn", "vitdet"] {
        let path = folder.path().join(format!("{name}.onnx"));
        let packed =
            std::fs::File::open(root.join(format!("tests/data/detectors/idle_{name}.onnx.gz"))).unwrap();
        let mut file = std::fs::File::create(&path).unwrap();
        std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut file).unwrap();
        let contract = contract(&path);

        let mut input = PictureInput::of(&contract).unwrap();
        input.fill(&image).unwrap();
        let filling = allocations(|| (0..100).for_each(|_| input.fill(&image).unwrap()));
        assert!(
            filling <= 4,
            "{name}: {filling} times for 100 pictures; the thread pool's queue grows in blocks"
        );

        let mut detector = load_detector_file(&runtime, &path, &contract, Device::Cpu, 1).unwrap();
        let mut found = Vec::new();
        let mut look = |threshold| {
            detector.detect_into(&image, threshold, &mut found).unwrap();
            let look = |_| allocations(|| detector.detect_into(&image, threshold, &mut found).unwrap());
            ((0..3).map(look).min(), found.len())
        };
        let (with_people, people) = look(0.3);
        let (without, nobody) = look(0.95);
        assert!(
            people > 5 && nobody == 0,
            "{name}: {people} people, {nobody} at a threshold over all scores"
        );
        // What is left is what running a network takes, whoever is found.
        assert_eq!(with_people, without, "{name}: reading {people} people");
    }
}
