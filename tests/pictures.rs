//! Single pictures and burn-ins by the real binary.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{demo_copy, has_runtime, run};
use image::RgbImage;

fn export(folder: &Path, clip: &Path, output: &str, more: &[&str]) -> (Option<i32>, PathBuf, String) {
    let target = folder.join(output);
    let mut args: Vec<&OsStr> = vec!["export".as_ref(), clip.as_os_str(), "-o".as_ref(), target.as_os_str()];
    args.extend(["--progress", "none"].iter().chain(more).map(OsStr::new));
    let (exit, _, stderr) = run(folder, &args);
    (exit, target, stderr)
}

fn picture(folder: &Path, clip: &Path, output: &str, more: &[&str]) -> RgbImage {
    let (exit, target, stderr) = export(folder, clip, output, more);
    assert_eq!(exit, Some(0), "{more:?}: {stderr}");
    image::open(target).unwrap().into_rgb8()
}

/// Pixels that differ by more than noise, in a part of the picture.
fn differing(
    a: &RgbImage,
    b: &RgbImage,
    (columns, rows): (std::ops::Range<u32>, std::ops::Range<u32>),
) -> usize {
    let pixels = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    pixels
        .filter(|&(x, y)| {
            let (a, b) = (a.get_pixel(x, y), b.get_pixel(x, y));
            a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 24)
        })
        .count()
}

#[test]
fn stills_sheets_and_burn_ins() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let whole = (0..1280, 0..720);

    let mesh = picture(folder.path(), &clip, "mesh 100 %.png", &["--still", "60"]);
    assert_eq!(mesh.dimensions(), (1280, 720), "the clip's own size");
    // The frame itself, as FFmpeg decodes it: the still differs where the rider is, and nowhere else.
    let frame = folder.path().join("frame.png");
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&clip)
        .args(["-vf", r"select=eq(n\,60)", "-frames:v", "1"])
        .arg(&frame)
        .status();
    if decoded.is_ok_and(|status| status.success()) {
        let frame = image::open(&frame).unwrap().into_rgb8();
        let changed = differing(&mesh, &frame, whole.clone());
        assert!((500..200_000).contains(&changed), "{changed} pixels differ from the frame");
    }
    let burnt = |what: &str| {
        let list = format!("mesh,{what}");
        picture(folder.path(), &clip, "burnt.png", &["--still", "60", "--overlay", &list])
    };
    let clock = burnt("clock");
    assert!(differing(&mesh, &clock, (0..400, 660..720)) > 300, "the clock stands at the bottom left");
    assert_eq!(differing(&mesh, &clock, (0..1280, 0..640)), 0, "and nowhere else");
    let (trails, joints, angles) = (burnt("trails"), burnt("joint-trails"), burnt("angles"));
    let drawn = |other: &RgbImage| differing(&mesh, other, whole.clone());
    assert!(drawn(&trails) > 100 && drawn(&joints) > drawn(&trails) && drawn(&angles) > 500);

    let (exit, _, stderr) = export(folder.path(), &clip, "late.png", &["--still", "9999"]);
    assert_eq!(exit, Some(2), "{stderr}");
    assert!(stderr.contains("9999"), "{stderr}");
    let (exit, _, stderr) = export(folder.path(), &clip, "still.jpg", &["--still", "3"]);
    assert_eq!(exit, Some(1), "{stderr}");
    assert!(stderr.contains(".png"), "{stderr}");

    let sheet =
        picture(folder.path(), &clip, "sheet.png", &["--contact-sheet", "6", "--from", "30", "--to", "90"]);
    // 640 × 360 each: two across and three down come nearest to 3 : 2.
    assert_eq!(sheet.dimensions(), (2 * 648 + 8, 3 * 368 + 8));
    let tile = |column: u32, row: u32| {
        image::imageops::crop_imm(&sheet, 8 + column * 648, 8 + row * 368, 640, 360).to_image()
    };
    let tiles: Vec<_> = (0..6).map(|index| tile(index % 2, index / 2)).collect();
    for pair in tiles.windows(2) {
        assert!(differing(&pair[0], &pair[1], (0..640, 0..360)) > 100, "each tile is another moment");
    }
    // The camera follows the rider: in one plane he comes from the one end of the picture to the other.
    let chrono = |list: &str| picture(folder.path(), &clip, "chrono.png", &["--chrono", list]);
    let (pair, three) = (chrono("10,50"), chrono("10,30,50"));
    assert!(pair.width() > 1280 && three.width() >= 1280, "{} and {}", pair.width(), three.width());
    let spread =
        picture(folder.path(), &clip, "spread.png", &["--chrono", "4", "--from", "10", "--to", "60"]);
    assert!(spread.width() > 1280);
    let (exit, _, stderr) = export(folder.path(), &clip, "late.png", &["--chrono", "10,9999"]);
    assert_eq!(exit, Some(2), "{stderr}");

    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".snowmesh-")), "{left:?}");
}
