//! Frame numbers, timestamps, pixels and seeking.

use std::path::{Path, PathBuf};

use snowmesh::video::{self, DecodeOptions, FrameSource};

use crate::tools::*;

/// Reads a clip in sequence and in random order, and compares with what the tools say.
pub struct Check {
    /// Whether the tools know the timestamps (bare streams have none).
    pub timed: bool,
    /// The format in which `ffmpeg` has to give the same pixels to the last bit, for 8-bit 4:2:0 sources.
    pub exact: Option<&'static str>,
    /// How many times to seek.
    pub seeks: u32,
}

impl Check {
    pub const EXACT: Self = Self { timed: true, exact: Some("yuv420p"), seeks: 40 };

    pub fn run(&self, path: &Path) -> Box<dyn FrameSource> {
        let name = path.file_name().unwrap().to_string_lossy();
        let mut source = open(path);
        if self.timed {
            assert_eq!(index_pts(&*source), probe_pts(path), "{name}: timestamps");
        } else {
            assert_eq!(
                source.info().frames.len() as usize,
                probe(path, "v:0", "frame=pict_type").len(),
                "{name}"
            );
        }

        let frames = read_all(&mut *source);
        let count = source.info().frames.len();
        assert!(frames.iter().map(|frame| frame.index).eq(0..count), "{name}: every frame once, in order");
        for frame in &frames {
            assert_eq!(Some(frame.pts), source.info().frames.pts(frame.index), "{name}");
            assert_eq!((frame.image.width, frame.image.height), (source.info().width, source.info().height));
        }
        if let Some(format) = self.exact {
            let arguments = format!("-map 0:v:0 -vsync passthrough -f rawvideo -pix_fmt {format}");
            let truth = ffmpeg_output(path, &arguments);
            let size = frames[0].image.byte_len();
            assert_eq!(truth.len(), size * frames.len(), "{name}: frames that ffmpeg decodes");
            for (frame, truth) in frames.iter().zip(truth.chunks_exact(size)) {
                assert!(raw(&frame.image) == truth, "{name}: pixels of frame {}", frame.index);
            }
        }

        let hashes: Vec<u64> = frames.iter().map(|frame| hash(&frame.image)).collect();
        for threads in [1, 2] {
            let mut source =
                video::open(path, &DecodeOptions { threads, ..DecodeOptions::default() }).unwrap();
            let mut random = Random(threads as u64);
            for _ in 0..self.seeks {
                let start = random.below(count);
                source.seek(start).unwrap();
                for index in start..count.min(start + 1 + random.below(4)) {
                    let frame = source.next_frame().unwrap().unwrap();
                    assert_eq!(frame.index, index, "{name}: after a seek to {start}");
                    assert_eq!(
                        hash(&frame.image),
                        hashes[index as usize],
                        "{name}: frame {index} after a seek"
                    );
                }
            }
            source.seek(count).unwrap();
            assert!(source.next_frame().unwrap().is_none(), "{name}: nothing past the end");
            source.seek(0).unwrap();
            assert_eq!(source.next_frame().unwrap().unwrap().index, 0, "{name}: back from the end");
        }
        source
    }
}

fn made(name: &str, arguments: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = make(folder.path(), name, arguments);
    (folder, path)
}

/// Checks a clip that is [`PICTURES`] put through these arguments.
fn check(check: &Check, name: &str, arguments: &str) {
    if have_tools() {
        let (_folder, path) = made(name, &format!("-f lavfi -i {PICTURES} {arguments}"));
        check.run(&path);
    }
}

const H264: &str = "-pix_fmt yuv420p -c:v libx264 -g 15 -bf 3";

#[test]
fn constant_rate_with_reordering() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["clip.mp4", "clip.mov", "clip.mkv", "a clip: žluťoučký kůň 滑雪.mp4"] {
        let path = make_clip(folder.path(), name);
        let source = Check::EXACT.run(&path);
        let info = source.info();
        assert_eq!((info.frames.len(), info.width, info.height), (60, 192, 108));
        assert_eq!((info.codec.as_str(), info.has_audio, info.rotation_deg), ("h264", true, 0));
        assert!((info.duration_s - 2.0).abs() < 2e-3, "{}", info.duration_s);
        assert!((info.average_fps() - 30.0).abs() < 0.05);
        assert!(!info.frames.is_variable_rate());
    }
}

#[test]
fn variable_rate() {
    let filter = r"-vf settb=1/90000,setpts=N*3000+mod(N*7\,5)*500 -vsync passthrough -enc_time_base 1/90000";
    for (name, more) in [("v.mp4", "-g 15"), ("v.mkv", "-g 12"), ("short.mp4", "-g 2")] {
        check(&Check::EXACT, name, &format!("{filter} -pix_fmt yuv420p -c:v libx264 -bf 3 {more}"));
    }
}

#[test]
fn open_groups_of_pictures() {
    check(&Check::EXACT, "open.mp4", &format!("{H264} -x264-params open-gop=1:keyint=10:min-keyint=10"));
    check(
        &Check::EXACT,
        "open.mkv",
        "-pix_fmt yuv420p -c:v libx265 -x265-params log-level=none:keyint=12:open-gop=1",
    );
}

#[test]
fn clips_cut_without_encoding_keep_only_what_is_shown() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = make_clip(folder.path(), "whole.mp4");
    let cut = make(folder.path(), "cut.mp4", &format!("-ss 0.7 -i {} -c copy", whole.display()));
    let source = Check::EXACT.run(&cut);
    assert!(source.info().frames.len() < 45, "the frames before the cut are hidden");
}

#[test]
fn clips_that_start_late() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = make_clip(folder.path(), "whole.mp4");
    for (name, arguments) in [("late.mp4", "-c copy"), ("late.mkv", "-c copy"), ("transport.ts", "-c copy")] {
        let late = make(folder.path(), name, &format!("-itsoffset 0.4 -i {} {arguments}", whole.display()));
        assert!(index_pts(&*Check::EXACT.run(&late))[0] > 0, "{name}");
    }
}

#[test]
fn other_codecs_and_containers() {
    check(&Check::EXACT, "vp9.webm", "-pix_fmt yuv420p -c:v libvpx-vp9 -g 20 -deadline realtime -cpu-used 8");
    check(&Check::EXACT, "mpeg4.mp4", "-pix_fmt yuv420p -c:v mpeg4 -bf 2 -g 12");
    check(&Check::EXACT, "mpeg2.ts", "-pix_fmt yuv420p -c:v mpeg2video -bf 2 -g 12");
    check(
        &Check { exact: Some("yuvj420p"), ..Check::EXACT },
        "motion.avi",
        "-pix_fmt yuvj420p -c:v mjpeg -q:v 3",
    );
    check(&Check { exact: None, ..Check::EXACT }, "moving.gif", "-r 10");
}

#[test]
fn streams_without_presentation_times() {
    let untimed = Check { timed: false, ..Check::EXACT };
    check(&untimed, "bare.h264", H264);
    check(&untimed, "reordered.avi", H264);
}

#[test]
fn one_frame() {
    if !have_tools() {
        return;
    }
    for name in ["one.mp4", "one.mkv"] {
        let (_folder, path) = made(name, &format!("-f lavfi -i {PICTURES} -frames:v 1 {H264}"));
        let source = Check::EXACT.run(&path);
        assert_eq!(source.info().frames.len(), 1);
        assert!((source.info().duration_s - 1.0 / 30.0).abs() < 2e-3, "{}", source.info().duration_s);
    }
}

#[test]
fn sideways_clips_come_upright() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let flat = make_clip(folder.path(), "flat.mov");
    for (turn, size) in [(90, (108, 192)), (180, (192, 108)), (270, (108, 192))] {
        let name = format!("turned{turn}.mov");
        let turned = make(
            folder.path(),
            &name,
            &format!("-i {} -c copy -metadata:s:v:0 rotate={turn}", flat.display()),
        );
        // ffmpeg turns clips upright too when it decodes, so that equal pixels prove the direction.
        let source = Check::EXACT.run(&turned);
        assert_eq!((source.info().width, source.info().height), size);
        // ffprobe counts degrees the other way round.
        let probed: i32 = probe(&turned, "v:0", "stream_side_data=rotation")[0].parse().unwrap();
        assert_eq!(source.info().rotation_deg as i32, (-probed).rem_euclid(360), "{turn}");
    }
}

#[test]
fn odd_sizes() {
    let size = "-vf scale=427:241 -frames:v 20";
    check(&Check::EXACT, "odd.mkv", &format!("{size} -pix_fmt yuv420p -c:v ffv1"));
    check(&Check::EXACT, "odd.mp4", &format!("{size} -pix_fmt yuv420p -c:v mpeg4"));
}

#[test]
fn pictures_keep_the_size_of_the_first_when_the_stream_changes_it() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let part = |name: &str, more: &str| {
        let path = make(folder.path(), name, &format!("-f lavfi -i {PICTURES} {more} {H264}"));
        std::fs::read(path).unwrap()
    };
    let parts = [part("one.ts", ""), part("two.ts", "-vf scale=96:160 -output_ts_offset 3")];
    let both = folder.path().join("both.ts");
    std::fs::write(&both, parts.concat()).unwrap();
    let source = Check { exact: None, ..Check::EXACT }.run(&both);
    assert_eq!((source.info().width, source.info().height, source.info().frames.len()), (192, 108, 120));
}

#[test]
fn pixels_that_are_not_square() {
    if !have_tools() {
        return;
    }
    let (folder, path) = made("wide.mov", &format!("-f lavfi -i {PICTURES} -vf setsar=64/45 {H264}"));
    assert!((open(&path).info().pixel_aspect - 64.0 / 45.0).abs() < 1e-4);
    let turned =
        make(folder.path(), "tall.mov", &format!("-i {} -c copy -metadata:s:v:0 rotate=90", path.display()));
    assert!((open(&turned).info().pixel_aspect - 45.0 / 64.0).abs() < 1e-4);
}

#[test]
fn real_clips() {
    if !have_tools() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/clips");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no clips in ../shared/data/clips");
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "mov" || extension == "mp4") {
            Check { seeks: 8, ..Check::EXACT }.run(&path);
        }
    }
}
