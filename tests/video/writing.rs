//! New clips: frames, timestamps, colour, sound, and nothing left behind.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use snowmesh::types::{Rational, RgbImage, YuvColor, YuvMatrix, YuvRange};
use snowmesh::video::fake::{FakeSource, number_in};
use snowmesh::video::{
    self, Encoding, FrameSink, FrameSource, Quality, Rate, SinkOptions, VideoError, yuv_to_rgb,
};

use crate::tools::*;

const FINE: Encoding =
    Encoding { codec: None, rate: Rate::Quality(Quality::Fine), hardware: false, intra: false };

/// Noise at this rate fills any small disk.
const HUGE: Encoding =
    Encoding { codec: None, rate: Rate::BitsPerSecond(200_000_000), hardware: false, intra: false };

pub fn options(path: PathBuf, source: &dyn FrameSource, audio_from: Option<&Path>) -> SinkOptions {
    let info = source.info();
    SinkOptions {
        path,
        width: info.width,
        height: info.height,
        pixel_aspect: info.pixel_aspect,
        color: info.color,
        time_base: info.frames.time_base(),
        average_fps: info.average_fps(),
        made_from: audio_from.map(Path::to_owned),
        sound: true,
        span: None,
        encoding: Encoding::default(),
    }
}

pub fn rgba_of(frame: &snowmesh::types::VideoFrame) -> Vec<u8> {
    let mut rgb = RgbImage::default();
    yuv_to_rgb(&frame.image, &mut rgb);
    rgb.data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect()
}

pub fn copy(mut sink: Box<dyn FrameSink>, source: &mut dyn FrameSource) {
    for frame in read_all(source) {
        sink.write(&rgba_of(&frame), frame.pts).unwrap();
    }
    sink.finish().unwrap();
}

/// Seconds of each frame by `ffprobe`, from the stream's exact ticks.
pub fn probe_seconds(path: &Path) -> Vec<f64> {
    let base = probe(path, "v:0", "stream=time_base").remove(0);
    let (num, den) = base.split_once('/').unwrap();
    let tick = num.parse::<f64>().unwrap() / den.parse::<f64>().unwrap();
    probe_pts(path).into_iter().map(|pts| pts as f64 * tick).collect()
}

pub fn audio_seconds(path: &Path) -> Vec<f64> {
    probe(path, "a:0", "packet=pts_time")
        .iter()
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect()
}

pub fn audio_bytes(path: &Path) -> Vec<u8> {
    ffmpeg_output(path, "-map 0:a:0 -c copy -f data")
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

pub fn assert_same_seconds(ours: &[f64], truth: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), truth.len(), "{what}");
    for (a, b) in ours.iter().zip(truth) {
        assert!((a - b).abs() <= tolerance, "{what}: {a} for {b}");
    }
}

/// Copies a clip through a sink and compares timestamps and sound.
fn check_copy(source_path: &Path, target: &Path, tolerance_s: f64) {
    let what = format!("{} to {}", source_path.display(), target.display());
    let mut source = open(source_path);
    let sink = video::create(&options(target.to_owned(), &*source, Some(source_path))).unwrap();
    copy(sink, &mut *source);
    assert_same_seconds(&probe_seconds(target), &probe_seconds(source_path), tolerance_s, &what);
    assert!(audio_bytes(target) == audio_bytes(source_path), "{what}: sound");
    assert_same_seconds(&audio_seconds(target), &audio_seconds(source_path), tolerance_s.max(1e-4), &what);
    // Our own reading agrees.
    let written = open(target);
    assert_eq!(written.info().frames.len(), source.info().frames.len());
    assert!((written.info().duration_s - source.info().duration_s).abs() < 0.05, "{what}");
}

#[test]
fn frames_timestamps_and_sound_are_the_clips() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = make_clip(folder.path(), "whole.mp4");
    let late = make(folder.path(), "late.mp4", &format!("-itsoffset 0.417 -i {} -c copy", whole.display()));
    let late_sound = make(
        folder.path(),
        "sound.mp4",
        &format!("-i {0} -itsoffset 0.25 -i {0} -map 0:v -map 1:a -c copy", whole.display()),
    );
    let cut = make(folder.path(), "cut.mp4", &format!("-ss 0.7 -i {} -c copy", whole.display()));
    let variable = make(
        folder.path(),
        "variable.mp4",
        &format!(
            r"-i {} -vf settb=1/90000,setpts=N*3000+mod(N*7\,5)*500 -vsync passthrough -enc_time_base 1/90000 -c:a copy",
            whole.display()
        ),
    );
    for source in [&whole, &late, &late_sound, &cut, &variable] {
        check_copy(source, &folder.path().join("out.mp4"), 1e-7);
        check_copy(source, &folder.path().join("out.mov"), 1e-7);
    }
    for source in [&whole, &variable] {
        check_copy(source, &folder.path().join("out.mkv"), 0.025);
    }
}

#[test]
fn sound_of_a_transport_stream_goes_into_mp4() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = make_clip(folder.path(), "whole.mp4");
    let stream = make(folder.path(), "clip.ts", &format!("-i {} -c copy", whole.display()));
    let target = folder.path().join("out.mp4");
    let mut source = open(&stream);
    copy(video::create(&options(target.clone(), &*source, Some(&stream))).unwrap(), &mut *source);
    assert_same_seconds(&probe_seconds(&target), &probe_seconds(&stream), 1e-7, "pictures");
    assert_same_seconds(&audio_seconds(&target), &audio_seconds(&stream), 1e-4, "sound");
    // The framing of the transport stream is taken off, the sound itself is the same.
    assert!(ffmpeg_output(&target, "-map 0:a -f s16le") == ffmpeg_output(&stream, "-map 0:a -f s16le"));
}

#[test]
fn real_clips_keep_frames_timestamps_and_sound() {
    if !have_tools() {
        return;
    }
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/clips");
    let folder = tempfile::tempdir().unwrap();
    for name in ["snow-4.mov", "jump-6.mov"] {
        let clip = clips.join(name);
        if clip.exists() {
            check_copy(&clip, &folder.path().join("out.mp4"), 1e-7);
        } else {
            println!("skipped: no {name} in ../shared/data/clips");
        }
    }
}

#[test]
fn every_frame_is_where_it_was_written_and_odd_sizes_become_even() {
    let folder = tempfile::tempdir().unwrap();
    if video::h264_encoder().is_none() {
        println!("skipped: FFmpeg has no H.264 encoder");
        return;
    }
    for (width, height) in [(128, 96), (427, 241)] {
        let mut source = FakeSource::new(
            width,
            height,
            vec![0, 40, 41, 90, 133, 500, 501, 900],
            Rational { num: 1, den: 1000 },
        );
        let path = folder.path().join("fake.mp4");
        copy(video::create(&options(path.clone(), &source, None)).unwrap(), &mut source);
        let mut written = open(&path);
        let info = written.info();
        assert_eq!((info.width, info.height), (width.next_multiple_of(2), height.next_multiple_of(2)));
        assert_eq!(index_pts(&*written), index_pts(&source));
        assert!(!written.info().has_audio);
        for (index, frame) in read_all(&mut *written).into_iter().enumerate() {
            assert_eq!(number_in(&frame.image), index as u64);
        }
    }
}

#[test]
fn a_clip_before_zero_starts_at_zero() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = FakeSource::new(64, 64, vec![-500, -460, -400, 0, 100], Rational { num: 1, den: 1000 });
    let path = folder.path().join("early.mp4");
    copy(video::create(&options(path.clone(), &source, None)).unwrap(), &mut source);
    assert_eq!(index_pts(&*open(&path)), [0, 40, 100, 500, 600]);
}

#[test]
fn colours_keep_their_tags_and_values() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flat.mp4");
    for (matrix, tag) in
        [(YuvMatrix::Bt601, "smpte170m"), (YuvMatrix::Bt709, "bt709"), (YuvMatrix::Bt2020, "bt2020nc")]
    {
        for (range, range_tag) in [(YuvRange::Limited, "tv"), (YuvRange::Full, "pc")] {
            let source = FakeSource::with_constant_rate(64, 64, 3);
            let color = YuvColor { matrix, range };
            let mut sink =
                video::create(&SinkOptions { color, encoding: FINE, ..options(path.clone(), &source, None) })
                    .unwrap();
            let pixel = [200, 60, 90, 255];
            for pts in 0..3 {
                sink.write(&pixel.repeat(64 * 64), pts).unwrap();
            }
            sink.finish().unwrap();
            assert_eq!(
                probe(&path, "v:0", "stream=color_range,color_space"),
                [format!("{range_tag},{tag}")],
                "{color:?}"
            );
            let frame = open(&path).next_frame().unwrap().unwrap();
            assert_eq!(frame.image.color, color);
            let back = rgba_of(&frame);
            for (ours, given) in back[..3].iter().zip(pixel) {
                assert!(ours.abs_diff(given) <= 3, "{color:?}: {:?}", &back[..3]);
            }
        }
    }
}

#[test]
fn the_shape_of_pixels_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.mov");
    let mut source = FakeSource::with_constant_rate(64, 64, 3);
    let wide = SinkOptions { pixel_aspect: 64.0 / 45.0, ..options(path.clone(), &source, None) };
    copy(video::create(&wide).unwrap(), &mut source);
    assert!((open(&path).info().pixel_aspect - 64.0 / 45.0).abs() < 1e-4);
}

#[test]
fn nothing_appears_before_the_end_and_nothing_is_left_of_a_dropped_clip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    fs::write(&path, "what was there").unwrap();
    let source = FakeSource::with_constant_rate(64, 64, 100);
    let rgba = [128; 64 * 64 * 4];
    let mut sink = video::create(&options(path.clone(), &source, None)).unwrap();
    for pts in 0..80 {
        sink.write(&rgba, pts).unwrap();
    }
    assert_eq!(fs::read(&path).unwrap(), b"what was there");
    drop(sink);
    assert_eq!(names_in(folder.path()), ["clip.mp4"]);
    assert_eq!(fs::read(&path).unwrap(), b"what was there");

    let empty = video::create(&options(path.clone(), &source, None)).unwrap();
    assert!(matches!(empty.finish(), Err(VideoError::Encode { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"what was there");

    let mut sink = video::create(&options(path.clone(), &source, None)).unwrap();
    sink.write(&rgba, 0).unwrap();
    sink.finish().unwrap();
    assert_eq!(names_in(folder.path()), ["clip.mp4"]);
    assert_eq!(open(&path).info().frames.len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let other = folder.path().join("other");
        fs::write(&other, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&other), "a finished clip has the permissions of any new file");
    }
}

#[test]
fn the_clip_itself_is_never_overwritten() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = make_clip(folder.path(), "clip.mp4");
    let before = fs::read(&clip).unwrap();
    let roundabout = folder.path().join(".").join("clip.mp4");
    let mut targets = vec![clip.clone(), roundabout];
    #[cfg(unix)]
    {
        let link = folder.path().join("link.mp4");
        std::os::unix::fs::symlink(&clip, &link).unwrap();
        targets.push(link);
    }
    let source = open(&clip);
    for target in targets {
        let error = video::create(&options(target.clone(), &*source, Some(&clip))).err().unwrap();
        assert_eq!(error, VideoError::OverwritesSource { path: target });
    }
    assert!(fs::read(&clip).unwrap() == before);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let source = FakeSource::with_constant_rate(64, 64, 3);
    let create = |path: PathBuf| video::create(&options(path, &source, None));
    for name in ["clip.txt", "clip", "clip.avi"] {
        let path = folder.path().join(name);
        assert_eq!(create(path.clone()).err().unwrap(), VideoError::UnsupportedOutput { path });
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for parent in [folder.path().join("missing"), file] {
        let error = create(parent.join("clip.mp4")).err().unwrap();
        assert!(matches!(&error, VideoError::NotWritable { folder, .. } if *folder == parent), "{error:?}");
    }
    let mut sink = create(folder.path().join("clip.MP4")).unwrap();
    let rgba = [0; 64 * 64 * 4];
    sink.write(&rgba, 5).unwrap();
    for pts in [5, 4] {
        let path = folder.path().join("clip.MP4");
        assert_eq!(sink.write(&rgba, pts), Err(VideoError::FramesNotRising { path, previous: 5, pts }));
    }
    assert!(matches!(sink.write(&rgba[1..], 6), Err(VideoError::Encode { .. })), "a frame of the wrong size");
}

#[test]
fn names_with_blanks_colons_and_other_letters() {
    let folder = tempfile::tempdir().unwrap();
    let mut names: Vec<OsString> = ["a clip: žluťoučký kůň 滑雪.mp4", "100%d.mkv"].map(OsString::from).into();
    #[cfg(unix)]
    names.push(std::os::unix::ffi::OsStringExt::from_vec(b"not UTF-8 \xff.mov".to_vec()));
    for name in names {
        let path = folder.path().join(name);
        let mut source = FakeSource::with_constant_rate(64, 64, 3);
        copy(video::create(&options(path.clone(), &source, None)).unwrap(), &mut source);
        assert_eq!(open(&path).info().frames.len(), 3);
    }
}

/// Runs itself again as the only user of a tiny disk, where the system lets a user mount one.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_named_and_nothing_is_left() {
    const DISK: &str = "SNOWMESH_TEST_DISK";
    if let Some(disk) = std::env::var_os(DISK) {
        fill_disk(Path::new(&disk));
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let unshared = |script: &str| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .arg(std::env::current_exe().unwrap())
            .env(DISK, disk.path())
            .output()
    };
    let mount = format!("mount -t tmpfs -o size=96k none \"${DISK}\"");
    if !unshared(&mount).is_ok_and(|output| output.status.success()) {
        println!("skipped: no small disk can be mounted here");
        return;
    }
    let again = format!("{mount} && exec \"$0\" --exact writing::a_full_disk_is_named_and_nothing_is_left");
    let output = unshared(&again).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[cfg(target_os = "linux")]
fn fill_disk(disk: &Path) {
    for name in ["clip.mp4", "clip.mkv"] {
        let source = FakeSource::with_constant_rate(320, 240, 200);
        let mut random = Random(1);
        let noise: Vec<u8> = (0..320 * 240 * 4).map(|_| random.below(256) as u8).collect();
        let huge = SinkOptions { encoding: HUGE, ..options(disk.join(name), &source, None) };
        let mut sink = video::create(&huge).unwrap();
        let failed = (0..200).find_map(|pts| sink.write(&noise, pts).err());
        let error = failed.unwrap_or_else(|| sink.finish().unwrap_err());
        assert_eq!(error, VideoError::DiskFull { folder: disk.to_owned() });
    }
    assert!(names_in(disk).is_empty());
}
