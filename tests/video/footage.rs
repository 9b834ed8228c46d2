//! The footage of phones and cameras: every codec, depth, subsampling and rate, in sequence and after jumps, bit by bit
//! as `ffmpeg` decodes it.

use std::path::Path;

use crate::reading::Check;
use crate::tools::*;

/// Makes a clip of `rate` frames a second in this coding, if this `ffmpeg` can, and checks it.
fn check(name: &str, rate: u32, format: &'static str, coding: &str) {
    check_decoded(name, rate, format, format, coding);
}

/// The same for a codec that decodes into another format than it was given.
fn check_decoded(name: &str, rate: u32, format: &str, decoded: &'static str, coding: &str) {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        format!("-f lavfi -i testsrc2=size=192x108:rate={rate} -frames:v 40 -pix_fmt {format} {coding}");
    match try_make(folder.path(), name, &arguments) {
        Ok(path) => {
            let source = Check { exact: Some(decoded), ..Check::EXACT }.run(&path);
            assert!((source.info().average_fps() - f64::from(rate)).abs() < 0.5, "{name}: {rate} a second");
        }
        Err(why) => println!("skipped: {name} in {format}: {why}"),
    }
}

const X265: &str = "-c:v libx265 -x265-params log-level=none:keyint=12:bframes=3";

#[test]
fn every_codec_and_depth_and_subsampling() {
    if !have_tools() {
        return;
    }
    for format in ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"] {
        check("h264.mp4", 30, format, "-c:v libx264 -g 12 -bf 2");
        check("hevc.mp4", 30, format, X265);
        check("vp9.webm", 30, format, "-c:v libvpx-vp9 -g 12 -deadline realtime -cpu-used 8");
    }
    for format in ["yuv420p12le", "yuv422p12le", "yuv444p12le"] {
        check("deep.mov", 30, format, X265);
    }
    for format in ["yuv420p", "yuv420p10le"] {
        check("av1.mp4", 30, format, "-c:v libsvtav1 -preset 12 -g 12");
    }
    check("prores.mov", 30, "yuv422p10le", "-c:v prores_ks -profile:v 3");
    // ProRes 4444 holds twelve bits, of which the encoder takes ten.
    check_decoded("prores4444.mov", 30, "yuv444p10le", "yuv444p12le", "-c:v prores_ks -profile:v 4");
    for format in ["yuvj420p", "yuvj422p", "yuvj444p"] {
        check("motion.avi", 30, format, "-c:v mjpeg -q:v 2");
    }
    check("high.mkv", 30, "yuv420p16le", "-c:v ffv1");
}

#[test]
fn rates_from_24_to_240() {
    if !have_tools() {
        return;
    }
    for rate in [24, 25, 50, 60, 120, 240] {
        check("rate.mp4", rate, "yuv420p", "-c:v libx264 -g 24 -bf 3");
    }
}

/// Writes `clip` anew with another matrix in the header of its track (ISO/IEC 14496-12, 8.3.2).
fn with_matrix(clip: &Path, to: &Path, [a, b, c, d]: [i32; 4]) {
    let matrix = |[a, b, c, d]: [i32; 4]| -> Vec<u8> {
        [a, b, 0, c, d, 0, 0, 0, 0x4000].into_iter().flat_map(|n: i32| (n << 16).to_be_bytes()).collect()
    };
    let mut bytes = std::fs::read(clip).unwrap();
    let track = bytes.windows(4).position(|four| four == b"tkhd").unwrap();
    let upright = matrix([1, 0, 0, 1]);
    let place = track + bytes[track..].windows(36).position(|window| window == upright).unwrap();
    bytes[place..place + 36].copy_from_slice(&matrix([a, b, c, d]));
    std::fs::write(to, bytes).unwrap();
}

#[test]
fn selfies_come_the_right_way_round() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let plain = make_clip(folder.path(), "plain.mov");
    let mirrored = folder.path().join("mirrored.mov");
    with_matrix(&plain, &mirrored, [-1, 0, 0, 1]);
    let (mut plain, mut mirrored) = (open(&plain), open(&mirrored));
    let rows_turned = |plane: &[u8], width: usize| -> Vec<u8> {
        plane.chunks_exact(width).flat_map(|row| row.iter().rev().copied()).collect()
    };
    for index in [0, 31, 7] {
        plain.seek(index).unwrap();
        mirrored.seek(index).unwrap();
        let (plain, mirrored) =
            (plain.next_frame().unwrap().unwrap().image, mirrored.next_frame().unwrap().unwrap().image);
        assert_eq!((mirrored.width, mirrored.height), (plain.width, plain.height));
        assert!(mirrored.y == rows_turned(&plain.y, 192), "luma of frame {index}");
        assert!(mirrored.u == rows_turned(&plain.u, 96) && mirrored.v == rows_turned(&plain.v, 96));
    }
}

#[test]
fn damaged_av1_ends() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Ok(path) = try_make(
        folder.path(),
        "one.mp4",
        "-f lavfi -i testsrc2=size=160x96:rate=30:duration=1.5 -c:v libsvtav1 -preset 10",
    ) else {
        println!("skipped: this ffmpeg has no SVT-AV1");
        return;
    };
    let whole = std::fs::read(path).unwrap();
    let mut random = Random(5);
    for copy in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            crate::damage::damage(&mut bytes, &mut |limit| random.below(limit));
        }
        let path = folder.path().join(format!("{copy}.mp4"));
        std::fs::write(&path, bytes).unwrap();
        crate::corpus::play_patiently(&path);
    }
}
