//! How fast the player answers, and whether it ever shows another frame than the one asked for: a scripted run over clips
//! that the `ffmpeg` tool makes, with a table of figures at its end.
//!
//! `cargo bench --bench player`; SEEKS=N for another number of random seeks than 5,000 over the matrix of odd clips,
//! CLIPS=FOLDER to keep the clips there and to take them from there the next time, PARTS=seeking,playing,… for some of
//! the parts alone.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot go on has nothing to tell")]

use std::f32::consts::{PI, TAU};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glam::Vec3;
use snowmesh::engine::Player;
use snowmesh::render::{
    AdapterPreference, AdapterReport, Gpu, OverlayRenderer, OverlayScene, RenderTarget, ViewTransform,
};
use snowmesh::types::Camera;
use snowmesh::video::{self, DecodeOptions, FrameSource};

const PICTURES: &str = "testsrc2=size=1920x1080:rate=60";
const THREADS: DecodeOptions = DecodeOptions { threads: 2, hardware: false };

fn main() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let kept = std::env::var_os("CLIPS").map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(temporary.path());
    let parts = std::env::var("PARTS").unwrap_or_default();
    let wanted = |part: &str| parts.is_empty() || parts.split(',').any(|wanted| wanted == part);
    let clip = make(
        folder,
        "long groups.mp4",
        &format!(
            "-f lavfi -i {PICTURES}:duration=12 -pix_fmt yuv420p -c:v libx264 -preset veryfast -g 250 -keyint_min 250 -sc_threshold 0 -bf 3"
        ),
    );
    println!("1080p60 H.264, a key frame every 250, decoded on 2 threads; wall time, user CPU beside it");
    if wanted("opening") {
        opening(folder, &clip);
    }
    if wanted("seeking") {
        seeking(&clip, THREADS);
    }
    if wanted("stepping") {
        stepping_back(&clip);
        for preference in [AdapterPreference::Software, AdapterPreference::Fastest] {
            cached_steps(&clip, preference);
        }
    }
    if wanted("playing") {
        playing(&clip);
        for (name, mesh) in [("overlay off", false), ("one mesh", true)] {
            for preference in [AdapterPreference::Software, AdapterPreference::Fastest] {
                playing_drawn(&clip, name, mesh, preference);
            }
        }
    }
    if wanted("hardware") {
        hardware(&clip);
    }
    if wanted("matrix") {
        matrix(folder);
    }
}

/// Makes `folder/name` with these arguments of `ffmpeg`, separated by blanks.
fn make(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    if path.is_file() {
        return path;
    }
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(&path)
        .status()
        .expect("the ffmpeg tool is installed");
    assert!(status.success(), "ffmpeg {arguments}");
    path
}

fn open(path: &Path, options: DecodeOptions) -> Box<dyn FrameSource> {
    video::open(path, &options).expect("the clip opens")
}

fn player(path: &Path, options: DecodeOptions) -> Player {
    Player::new(open(path, options), Arc::new(|| {})).expect("a thread")
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

fn seeking(clip: &Path, options: DecodeOptions) {
    let player = player(clip, options);
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
    let player = player(clip, THREADS);
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

fn cached_steps(clip: &Path, preference: AdapterPreference) {
    let Some((gpu, adapter)) = adapter(preference) else { return };
    let mut renderer = OverlayRenderer::new(&gpu).expect("a renderer");
    let target = RenderTarget::new(&gpu, 64, 36).expect("a target");
    let view = ViewTransform { scale: 64.0 / 1920.0, ..ViewTransform::IDENTITY };
    let player = player(clip, THREADS);
    player.seek(60);
    until(Instant::now(), || shown(&player) == Some(60));
    std::thread::sleep(Duration::from_secs(4));
    // The first picture makes the pipelines and the textures.
    let scene = OverlayScene::new(player.frame().map(|frame| frame.image));
    renderer.render(&scene, &target, &view).expect("it draws");
    std::thread::sleep(Duration::from_secs(1));
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
    told(&format!("cached step, to the texture ({adapter})"), times, cpu);
}

fn playing(clip: &Path) {
    let player = player(clip, THREADS);
    until(Instant::now(), || shown(&player).is_some());
    let cpu = cpu_s();
    player.play(false);
    std::thread::sleep(Duration::from_secs(8));
    let used = (cpu_s() - cpu) / 8.0;
    println!("playing 60 a second for 8 s: {} frames left out, {used:.2} processors", player.left_out());
}

/// The same with each frame drawn and read back at the size of a window, as long as that takes.
fn playing_drawn(clip: &Path, name: &str, mesh: bool, preference: AdapterPreference) {
    const WINDOW: (u32, u32) = (1280, 720);
    let Some((gpu, adapter)) = adapter(preference) else { return };
    let (normals, triangles) = sphere();
    let mut renderer = OverlayRenderer::new(&gpu).expect("a renderer");
    renderer.set_topology(&triangles).expect("a topology");
    let target = RenderTarget::new(&gpu, WINDOW.0, WINDOW.1).expect("a target");
    let view = ViewTransform { scale: WINDOW.1 as f32 / 1080.0, ..ViewTransform::IDENTITY };
    let mut scene = OverlayScene::default();
    let player = player(clip, THREADS);
    until(Instant::now(), || shown(&player).is_some());
    let (mut last, mut drawn, mut skipped, mut rgba) = (0, 0_u64, 0, Vec::new());
    let cpu = cpu_s();
    player.play(false);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(8) {
        let Some(frame) = player.frame().filter(|frame| frame.index != last) else {
            std::thread::sleep(Duration::from_micros(500));
            continue;
        };
        skipped += frame.index.saturating_sub(last + 1);
        last = frame.index;
        scene.clear();
        scene.picture = Some(frame.image);
        if mesh {
            let body = scene.push_mesh(Camera::centered(1800.0, 1920, 1080), [0.93, 0.45, 0.13]);
            let radii_m = Vec3::new(0.33, 0.67, 0.33);
            body.vertices.extend(normals.iter().map(|normal| *normal * radii_m + Vec3::new(0.0, 0.0, 4.0)));
            body.normals.extend(normals.iter().map(|normal| (*normal / radii_m).normalize()));
        }
        renderer.render(&scene, &target, &view).expect("it draws");
        renderer.read_rgba(&target, &mut rgba).expect("it reads back");
        drawn += 1;
    }
    let used = (cpu_s() - cpu) / 8.0;
    println!(
        "playing and drawing 1280 x 720, {name}, {}: {drawn} frames drawn in 8 s, {} left out by the decoder, {skipped} \
         not drawn, {used:.2} processors",
        adapter,
        player.left_out()
    );
}

/// A device and its adapter's name; none where the fastest is the software one, which is measured by itself.
fn adapter(preference: AdapterPreference) -> Option<(Gpu, String)> {
    let gpu = Gpu::headless(preference).ok()?;
    let report = AdapterReport::new(&gpu.info);
    let twice = preference == AdapterPreference::Fastest && report.device_type == "CPU";
    (!twice).then_some((gpu, report.name))
}

/// A closed surface with as many vertices as the starter body.
fn sphere() -> (Vec<Vec3>, Vec<[u32; 3]>) {
    let (rings, sectors) = (82_u32, 164_u32);
    let point = |ring: u32, sector: u32| {
        let (sin, cos) = (PI * ring as f32 / rings as f32).sin_cos();
        let (y, x) = (TAU * sector as f32 / sectors as f32).sin_cos();
        Vec3::new(x * sin, -cos, y * sin)
    };
    let normals = (0..=rings).flat_map(|ring| (0..sectors).map(move |sector| point(ring, sector))).collect();
    let faces = (0..rings).flat_map(|ring| (0..sectors).map(move |sector| (ring, sector)));
    let triangles = faces.flat_map(|(ring, sector)| {
        let next = (sector + 1) % sectors;
        let [a, b] = [ring * sectors + sector, ring * sectors + next];
        [[a, a + sectors, b], [b, a + sectors, b + sectors]]
    });
    (normals, triangles.collect())
}

/// The same seeks by a device, and whether its pictures are those of the processor.
fn hardware(clip: &Path) {
    let start = Instant::now();
    let devices = video::find_decoding_devices();
    println!("devices that decode: {devices:?}, found in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    if devices.is_empty() {
        return;
    }
    let options = DecodeOptions { hardware: true, ..THREADS };
    let (mut ours, mut truth) = (open(clip, options), open(clip, THREADS));
    println!("{} decodes {}", ours.device().unwrap_or("the processor"), clip.display());
    let mut random = Random(3);
    let mut wrong = 0;
    for _ in 0..60 {
        let index = random.below(truth.info().frames.len());
        let next = |source: &mut dyn FrameSource| {
            source.seek(index).expect("it can be sought");
            source.next_frame().expect("it decodes").expect("a frame")
        };
        let (ours, truth) = (next(&mut *ours), next(&mut *truth));
        wrong += u64::from(ours.index != truth.index || ours.image.y != truth.image.y);
    }
    println!("{wrong} wrong of 60 random seeks; {} at the end", ours.device().unwrap_or("the processor"));
    drop((ours, truth));
    seeking(clip, options);
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
        let there = folder.join(name).is_file();
        let made = there
            || Command::new("ffmpeg")
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
        let mut source = open(&path, THREADS);
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
