//! How fast the player answers, and whether it ever shows another frame than the one asked for: a scripted run over clips
//! that the `ffmpeg` tool makes, with a table of figures at its end.
//!
//! `cargo bench --bench player`; SEEKS=N for another number of random seeks than 5,000 over the matrix of odd clips.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot go on has nothing to tell")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use snowmesh::engine::Player;
use snowmesh::render::{AdapterPreference, Gpu, OverlayRenderer, OverlayScene, RenderTarget, ViewTransform};
use snowmesh::video::{self, DecodeOptions, FrameSource};

const PICTURES: &str = "testsrc2=size=1920x1080:rate=60";
const THREADS: DecodeOptions = DecodeOptions { threads: 2 };

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clip = make(
        folder.path(),
        "long groups.mp4",
        &format!(
            "-f lavfi -i {PICTURES}:duration=12 -pix_fmt yuv420p -c:v libx264 -preset veryfast -g 250 -keyint_min 250 -sc_threshold 0 -bf 3"
        ),
    );
    println!("1080p60 H.264, a key frame every 250, decoded on 2 threads; wall time, user CPU beside it");
    opening(folder.path(), &clip);
    seeking(&clip);
    stepping_back(&clip);
    cached_steps(&clip);
    playing(&clip);
    matrix(folder.path());
}

/// Makes `folder/name` with these arguments of `ffmpeg`, separated by blanks.
fn make(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(&path)
        .status()
        .expect("the ffmpeg tool is installed");
    assert!(status.success(), "ffmpeg {arguments}");
    path
}

fn open(path: &Path) -> Box<dyn FrameSource> {
    video::open(path, &THREADS).expect("the clip opens")
}

fn player(path: &Path) -> Player {
    Player::new(open(path), Arc::new(|| {})).expect("a thread")
}

/// Seconds of the processor that this process has used, where the system tells.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().nth(11).and_then(|field| field.parse::<f64>().ok());
    ticks.unwrap_or(0.0) / 100.0
}

fn told(name: &str, mut times: Vec<Duration>, cpu_since: f64) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let cpu_ms = (cpu_s() - cpu_since) * 1e3 / times.len() as f64;
    println!(
        "{name:<44} median {:7.1} ms  p95 {:7.1} ms  worst {:7.1} ms  {cpu_ms:7.1} ms CPU each",
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

/// Waits until the player shows what `holds` asks for.
fn until(since: Instant, holds: impl Fn() -> bool) -> Duration {
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(20), "the player does not answer");
        std::thread::sleep(Duration::from_micros(200));
    }
    since.elapsed()
}

fn shown(player: &Player) -> Option<u64> {
    player.frame().map(|frame| frame.index)
}

fn opening(folder: &Path, clip: &Path) {
    let repeated = |name: &str| {
        make(
            folder,
            name,
            &format!("-stream_loop -1 -i {} -c copy -fs 1000000000", spaceless(folder, clip).display()),
        )
    };
    for name in ["gigabyte.mp4", "gigabyte.mkv"] {
        let large = repeated(name);
        let bytes = std::fs::metadata(&large).map_or(0, |metadata| metadata.len());
        let mut first = None;
        let (start, cpu) = (Instant::now(), cpu_s());
        let mut showing = |_| first = Some(start.elapsed());
        let mut source = video::open_showing(&large, &THREADS, &mut showing).expect("it opens");
        let frame = source.next_frame().expect("it decodes");
        assert!(frame.is_some());
        let whole = start.elapsed();
        let first = first.unwrap_or(whole);
        println!(
            "open {name}, {:.2} GB, {} frames: first picture {:.0} ms, index and first frame {:.0} ms, {:.0} ms CPU",
            bytes as f64 / 1e9,
            source.info().frames.len(),
            first.as_secs_f64() * 1e3,
            whole.as_secs_f64() * 1e3,
            (cpu_s() - cpu) * 1e3
        );
        let _ = std::fs::remove_file(large);
    }
}

/// The clip under a name that can stand between blanks.
fn spaceless(folder: &Path, clip: &Path) -> PathBuf {
    let link = folder.join("clip.mp4");
    if !link.exists() {
        std::fs::copy(clip, &link).expect("a copy");
    }
    link
}

fn seeking(clip: &Path) {
    let player = player(clip);
    until(Instant::now(), || shown(&player).is_some());
    let mut random = Random(1);
    let (mut near, mut exact) = (Vec::new(), Vec::new());
    let cpu = cpu_s();
    for _ in 0..60 {
        let wanted = random.below(720);
        let before = shown(&player).map_or(u64::MAX, |index| index.abs_diff(wanted));
        let start = Instant::now();
        player.seek(wanted);
        let nearer = |index: u64| index == wanted || index.abs_diff(wanted) < before;
        near.push(until(start, || shown(&player).is_some_and(nearer)));
        exact.push(until(start, || shown(&player) == Some(wanted)));
    }
    told("random seek: a nearer picture is shown", near, cpu);
    told("random seek: the exact frame is shown", exact, cpu);
}

fn stepping_back(clip: &Path) {
    let player = player(clip);
    player.seek(719);
    until(Instant::now(), || shown(&player) == Some(719));
    player.step(-1);
    std::thread::sleep(Duration::from_secs(2));
    let mut times = Vec::new();
    let cpu = cpu_s();
    for wanted in (300..718).rev() {
        let start = Instant::now();
        player.step(-1);
        times.push(until(start, || shown(&player) == Some(wanted)));
        // As fast as a key that is held repeats.
        std::thread::sleep(Duration::from_millis(33).saturating_sub(start.elapsed()));
    }
    told("backwards, 30 steps a second", times, cpu);
}

fn cached_steps(clip: &Path) {
    let Ok(gpu) = Gpu::headless(AdapterPreference::Software) else {
        println!("no graphics adapter: the way to the texture is not measured");
        return;
    };
    let mut renderer = OverlayRenderer::new(&gpu).expect("a renderer");
    let target = RenderTarget::new(&gpu, 64, 36).expect("a target");
    let view = ViewTransform { scale: 64.0 / 1920.0, ..ViewTransform::IDENTITY };
    let player = player(clip);
    player.seek(60);
    until(Instant::now(), || shown(&player) == Some(60));
    std::thread::sleep(Duration::from_secs(4));
    let mut times = Vec::new();
    let cpu = cpu_s();
    for step in [1, 1, 1, -1, -1, -1, -1, 1].into_iter().cycle().take(80) {
        let start = Instant::now();
        player.step(step);
        let frame = player.frame().expect("a frame");
        assert_eq!(frame.index, player.state().playhead, "a cached frame is there at once");
        let scene = OverlayScene::new(Some(frame.image));
        renderer.render(&scene, &target, &view).expect("it draws");
        times.push(start.elapsed());
    }
    told("cached step, to the texture (software GPU)", times, cpu);
}

fn playing(clip: &Path) {
    let player = player(clip);
    until(Instant::now(), || shown(&player).is_some());
    let cpu = cpu_s();
    player.play(false);
    std::thread::sleep(Duration::from_secs(8));
    let used = (cpu_s() - cpu) / 8.0;
    println!("playing 60 a second for 8 s: {} frames left out, {used:.2} processors", player.left_out());
}

/// Clips with everything that makes a player show another frame than it says.
fn matrix(folder: &Path) {
    let seeks: u64 = std::env::var("SEEKS").ok().and_then(|seeks| seeks.parse().ok()).unwrap_or(5000);
    let small = "-f lavfi -i testsrc2=size=192x108:rate=30:duration=4";
    let h264 = "-pix_fmt yuv420p -c:v libx264 -g 30 -bf 3";
    let whole = make(folder, "whole.mp4", &format!("{small} {h264}"));
    let turned = format!("-i {} -c copy -metadata:s:v:0 rotate=90", whole.display());
    let clips = [
        (
            "variable rate",
            "v.mp4",
            format!(
                r"{small} -vf settb=1/90000,setpts=N*3000+mod(N*7\,5)*500 -vsync passthrough -enc_time_base 1/90000 {h264}"
            ),
        ),
        ("B-frames, Matroska", "b.mkv", format!("{small} {h264} -bf 8")),
        ("edit list", "cut.mp4", format!("-ss 0.7 -i {} -c copy", whole.display())),
        ("rotation", "turned.mov", turned),
        (
            "open groups",
            "open.mp4",
            format!("{small} {h264} -x264-params open-gop=1:keyint=20:min-keyint=20"),
        ),
        (
            "10 bits",
            "deep.mkv",
            format!(
                "{small} -pix_fmt yuv420p10le -c:v libx265 -x265-params log-level=none:keyint=24:open-gop=1"
            ),
        ),
        ("VP9", "v.webm", format!("{small} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 30")),
        ("negative start", "late.ts", format!("-itsoffset -0.4 -i {} -c copy", whole.display())),
    ];
    let each = seeks.div_ceil(clips.len() as u64);
    let (mut wrong, mut all) = (0, 0);
    for (title, name, arguments) in &clips {
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-y"])
            .args(arguments.split_whitespace())
            .arg(folder.join(name))
            .status()
            .is_ok_and(|status| status.success());
        if !made {
            println!("{title}: this ffmpeg cannot make it");
            continue;
        }
        let path = folder.join(name);
        let mut source = open(&path);
        let truth: Vec<u64> = std::iter::from_fn(|| source.next_frame().expect("it decodes"))
            .map(|frame| hash(&frame.image))
            .collect();
        let mut random = Random(7);
        let mut here = 0;
        for _ in 0..each {
            let wanted = random.below(truth.len() as u64);
            source.seek(wanted).expect("it can be sought");
            let right =
                source.next_frame().ok().flatten().is_some_and(|frame| {
                    frame.index == wanted && hash(&frame.image) == truth[wanted as usize]
                });
            here += u64::from(!right);
        }
        println!("{title}: {here} wrong of {each}");
        wrong += here;
        all += each;
    }
    println!("wrong frames: {wrong} of {all} random seeks");
}

fn hash(image: &snowmesh::types::YuvImage) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&image.y, &image.u, &image.v).hash(&mut hasher);
    hasher.finish()
}

/// Numbers of a linear congruential generator (Knuth, MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}
