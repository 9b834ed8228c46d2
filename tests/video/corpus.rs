//! Hundreds of damaged files, made from good ones by a generator that always makes the same: none may crash, hang or end
//! in anything but frames or a message.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use crate::damage::{damage, play, told};
use crate::tools::*;

/// Damaged copies of each clip.
const COPIES: u64 = 40;

/// Longer than any of them takes on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The kinds of clip that are damaged.
const CLIPS: [(&str, &str); 6] = [
    ("plain.mp4", "-pix_fmt yuv420p -c:v libx264 -g 10 -bf 2"),
    ("plain.mkv", "-pix_fmt yuv420p -c:v libx264 -g 10 -bf 2"),
    ("stream.ts", "-pix_fmt yuv420p -c:v libx264 -g 10"),
    ("deep.mov", "-pix_fmt yuv422p10le -c:v prores_ks"),
    ("nine.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    ("motion.avi", "-c:v mjpeg"),
];

/// Reads `path` as a player would; a hang or a panic fails the test.
pub fn play_patiently(path: &Path) {
    let (sender, ended) = mpsc::channel();
    let for_thread = path.to_owned();
    let reader = std::thread::Builder::new().name(path.display().to_string());
    let reader = reader
        .spawn(move || {
            play(&for_thread);
            let _ = sender.send(());
        })
        .unwrap();
    match ended.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{}: it hangs", path.display()),
        _ => reader.join().unwrap_or_else(|_| panic!("{}: it panics", path.display())),
    }
}

#[test]
fn hundreds_of_damaged_files_end_in_frames_or_a_message() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (number, (name, coding)) in CLIPS.iter().enumerate() {
        let source = format!("-f lavfi -i testsrc2=size=96x64:rate=30:duration=1 {coding}");
        let whole = std::fs::read(make(folder.path(), name, &source)).unwrap();
        let mut random = Random(number as u64 + 1);
        for copy in 0..COPIES {
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut |limit| random.below(limit));
            let path = folder.path().join(format!("{copy}-{name}"));
            std::fs::write(&path, bytes).unwrap();
            play_patiently(&path);
            std::fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn a_stream_may_change_its_size_and_format_midway() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let part = |name: &str, size: &str, format: &str| {
        let arguments = format!(
            "-f lavfi -i testsrc2=size={size}:rate=30:duration=0.5 -pix_fmt {format} -c:v libx264 -g 5"
        );
        std::fs::read(make(folder.path(), name, &arguments)).unwrap()
    };
    let parts = [
        part("a.ts", "192x108", "yuv420p"),
        part("b.ts", "320x240", "yuv420p"),
        part("c.ts", "192x108", "yuv422p10le"),
    ];
    let path = folder.path().join("changing.ts");
    std::fs::write(&path, parts.concat()).unwrap();
    let mut source = open(&path);
    let mut shown = 0;
    while let Ok(Some(frame)) = source.next_frame() {
        assert!(frame.image.is_whole());
        assert_eq!((frame.image.width, frame.image.height), (192, 108));
        shown += 1;
    }
    assert!(shown >= 15, "{shown}");
}

#[test]
fn times_that_repeat_and_jump_give_frames_that_can_be_sought() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let jumps = r"-bsf:v setts=pts=if(gt(N\,20)\,PTS+900000\,PTS):dts=if(gt(N\,20)\,DTS+900000\,DTS)";
    let path = make(
        folder.path(),
        "jump.ts",
        &format!("-f lavfi -i {PICTURES} -pix_fmt yuv420p -c:v libx264 -g 10 -bf 0 {jumps}"),
    );
    let mut source = open(&path);
    let hashes: Vec<u64> = read_all(&mut *source).iter().map(|frame| hash(&frame.image)).collect();
    assert_eq!(hashes.len() as u64, source.info().frames.len());
    for index in [40, 3, 25, 21, 20, 0] {
        source.seek(index).unwrap();
        let frame = source.next_frame().unwrap().unwrap();
        assert_eq!((frame.index, hash(&frame.image)), (index, hashes[index as usize]));
    }
}

#[test]
fn a_clip_without_its_first_key_frame_shows_what_can_be_decoded() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path =
        make(folder.path(), "cut.ts", &format!("-f lavfi -i {PICTURES} -pix_fmt yuv420p -c:v libx264 -g 30"));
    let bytes = std::fs::read(&path).unwrap();
    // A transport stream has packets of 188 bytes.
    let start = bytes.len() / 4 / 188 * 188;
    std::fs::write(&path, &bytes[start..]).unwrap();
    play(&path);
}

#[test]
fn a_file_that_grows_or_goes_while_it_is_open_keeps_what_it_had() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["grows.ts", "goes.mkv", "goes.mp4"] {
        let path = make_clip(folder.path(), name);
        let mut source = open(&path);
        let count = source.info().frames.len();
        if name.starts_with("grows") {
            let more = std::fs::read(&path).unwrap();
            let mut all = more.clone();
            all.extend(more);
            std::fs::write(&path, all).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        assert_eq!(source.info().frames.len(), count);
        for index in [count - 1, 0, count / 2] {
            source.seek(index).unwrap();
            match source.next_frame() {
                Ok(frame) => assert_eq!(frame.map(|frame| frame.index), Some(index), "{name}"),
                Err(error) => told(&path, &error),
            }
        }
    }
}

#[test]
fn pictures_of_sixteen_thousand_pixels_and_of_none() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let wide = make(
        folder.path(),
        "wide.mkv",
        "-f lavfi -i testsrc2=size=16384x16:rate=5:duration=0.4 -pix_fmt yuv420p -c:v ffv1",
    );
    let frame = open(&wide).next_frame().unwrap().unwrap();
    assert_eq!((frame.image.width, frame.image.height), (16384, 16));
    let raw = make(
        folder.path(),
        "raw.avi",
        "-f lavfi -i testsrc2=size=64x64:rate=5:duration=0.4 -pix_fmt yuv420p -c:v rawvideo",
    );
    // Width and height of the stream's format (BITMAPINFOHEADER).
    let mut bytes = std::fs::read(&raw).unwrap();
    let format = bytes.windows(4).position(|four| four == b"strf").unwrap() + 8;
    bytes[format + 4..format + 12].fill(0);
    std::fs::write(&raw, bytes).unwrap();
    told(&raw, &open_error(&raw));
}
