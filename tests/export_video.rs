//! Exports by the real binary: a part of the clip, slow motion, sizes, layouts and the overlay alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{demo_copy, ffprobe, has_runtime, run};

fn export(folder: &Path, clip: &Path, output: &str, more: &[&str]) -> (PathBuf, String) {
    let target = folder.join(output);
    let mut args: Vec<&OsStr> = vec!["export".as_ref(), clip.as_os_str(), "-o".as_ref(), target.as_os_str()];
    args.extend(["--progress", "none"].iter().chain(more).map(OsStr::new));
    let (exit, _, stderr) = run(folder, &args);
    assert_eq!(exit, Some(0), "{more:?}: {stderr}");
    (target, stderr)
}

fn probed(file: &Path, streams: &str, entry: &str) -> Option<Vec<String>> {
    let printed = ffprobe(&["-select_streams", streams, "-show_entries", entry, "-of", "csv=p=0"], file)?;
    Some(printed.split_whitespace().map(|line| line.trim_end_matches(',').to_owned()).collect())
}

/// Presentation times of the packets, in order.
fn times(file: &Path, streams: &str) -> Option<Vec<f64>> {
    let lines = probed(file, streams, "packet=pts_time")?;
    let mut times: Vec<f64> = lines.iter().map(|line| line.parse().unwrap()).collect();
    times.sort_by(f64::total_cmp);
    Some(times)
}

#[test]
fn parts_speeds_sizes_and_layouts() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());

    // Frames 30 to 59 are the second from 1 s on.
    let (part, _) = export(folder.path(), &clip, "part.mp4", &["--from", "30", "--to", "1.99s"]);
    let Some(pictures) = times(&part, "v") else { return };
    assert_eq!((pictures.len(), pictures[0]), (30, 0.0));
    let sound = times(&part, "a").unwrap();
    assert!(sound[0] >= 0.0 && sound[0] < 0.022, "sound begins at {}", sound[0]);
    assert!(*sound.last().unwrap() < 1.0 && sound.len() >= 46, "{} packets of sound", sound.len());

    let short = ["--from", "30", "--to", "39"];
    let with = |more: &[&'static str]| short.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    let (slow, told) =
        export(folder.path(), &clip, "slow.mp4", &with(&["--speed", "0.25", "--scale", "0.5"]));
    let pictures = times(&slow, "v").unwrap();
    assert_eq!(pictures.len(), 10);
    for (index, time) in pictures.iter().enumerate() {
        assert!((time - index as f64 * 4.0 / 30.0).abs() < 1e-6, "frame {index} at {time}");
    }
    assert!(told.contains("sound"), "{told}");
    assert_eq!(probed(&slow, "a", "stream=codec_name").unwrap(), [""; 0]);
    assert_eq!(probed(&slow, "v", "stream=width,height").unwrap(), ["640,360"]);

    let (beside, _) = export(folder.path(), &clip, "beside.mp4", &with(&["--layout", "side-by-side"]));
    assert_eq!(probed(&beside, "v", "stream=width,height").unwrap(), ["2560,720"]);
    let (views, _) = export(folder.path(), &clip, "views.mp4", &with(&["--layout", "views"]));
    let (plain, _) = export(folder.path(), &clip, "plain.mp4", &short);
    let frame = |file: &Path| {
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(file)
            .args(["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"])
            .output();
        output.unwrap().stdout
    };
    let differing = |a: &[u8], b: &[u8], columns: std::ops::Range<usize>| {
        let rows = a.chunks_exact(1280).zip(b.chunks_exact(1280));
        rows.flat_map(|(a, b)| {
            a[columns.clone()].iter().zip(&b[columns.clone()]).map(|(a, b)| a.abs_diff(*b))
        })
        .filter(|off| *off > 24)
        .count()
    };
    let (views, plain) = (frame(&views), frame(&plain));
    assert!(differing(&views, &plain, 1040..1270) > 20_000, "the views lie in the right-hand corner");
    assert!(differing(&views, &plain, 0..1000) < 100, "and nowhere else");
}

#[test]
fn the_overlay_alone_is_transparent_where_nothing_is_drawn() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    let mattes = folder.path().join("mattes");
    let part = ["--from", "40", "--to", "42", "--overlay-only", "--opacity", "0.5"];
    let matte = ["--matte", mattes.to_str().unwrap()];
    let (pictures, _) = export(folder.path(), &clip, "overlay", &[&part[..], &matte].concat());
    let mut names: Vec<_> = std::fs::read_dir(&pictures)
        .unwrap()
        .flatten()
        .map(|e| e.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["000040.png", "000041.png", "000042.png"]);
    let overlay = image::open(pictures.join("000041.png")).unwrap().into_rgba8();
    let matte = image::open(mattes.join("000041.png")).unwrap().into_luma8();
    assert_eq!(overlay.dimensions(), (1280, 720));
    let (mut half, mut covered, mut bright) = (0, 0, 0);
    for (pixel, matte) in overlay.pixels().zip(matte.pixels()) {
        if matte.0[0] == 255 {
            covered += 1;
            half += usize::from(pixel.0[3].abs_diff(128) <= 2);
            bright = bright.max(pixel.0[2]);
        }
    }
    assert!(covered > 1000 && half * 10 > covered * 9, "{half} of {covered} covered pixels are half opaque");
    assert!(bright > 150, "colours are not multiplied by the opacity: {bright} is the brightest blue");
    let empty = overlay.pixels().filter(|pixel| pixel.0 == [0; 4]).count();
    assert!(empty > 1280 * 720 / 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        let other = folder.path().join("other");
        std::fs::write(&other, "").unwrap();
        assert_eq!(mode(&pictures.join("000041.png")), mode(&other), "permissions of any new file");
        assert_eq!(mode(&mattes.join("000041.png")), mode(&other));
    }

    let (film, _) = export(folder.path(), &clip, "overlay.mov", &part);
    let Some(format) = probed(&film, "v", "stream=codec_name,pix_fmt") else { return };
    assert!(format[0].starts_with("prores,yuva444p"), "{format:?}");
}

/// A clip as phones make it: turned, at a variable rate, with colour tags and sound. Nobody is in it.
fn phone_clip(folder: &Path) -> Option<PathBuf> {
    let (flat, clip) = (folder.join("flat.mp4"), folder.join("phone.mp4"));
    let ffmpeg = |args: &[&str], target: &Path| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y"]).args(args).arg(target);
        command.status().is_ok_and(|status| status.success())
    };
    let pictures = r"testsrc2=s=320x180:r=30:d=2,select=not(eq(mod(n\,5)\,3))";
    let inputs = ["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", "sine=f=440:d=2", "-vsync", "vfr"];
    let tags =
        ["-color_range", "tv", "-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709"];
    let codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"];
    let made = ffmpeg(&[&inputs[..], &tags, &codecs].concat(), &flat)
        && ffmpeg(&["-i", flat.to_str()?, "-c", "copy", "-metadata:s:v", "rotate=90"], &clip);
    if !made {
        println!("skipped: FFmpeg makes no clip here");
    }
    made.then_some(clip)
}

#[test]
fn a_phone_clip_keeps_its_times_sound_turn_and_colours() {
    if !has_runtime() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(clip) = phone_clip(folder.path()) else { return };
    let sound = |file: &Path| {
        let hashes = ["-map", "0:a", "-c", "copy", "-f", "streamhash", "-hash", "sha256", "-"];
        let output =
            Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(file).args(hashes).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = times(&clip, "v").unwrap();
    assert_eq!(before.len(), 48);
    let rhythm =
        |times: &[f64]| times.windows(2).map(|pair| (pair[1] - pair[0]) * 1e6).map(f64::round).collect();
    let steps: Vec<f64> = rhythm(&before);
    assert!(steps.contains(&66_667.0) && steps.contains(&33_333.0), "the rate is variable: {steps:?}");
    for (name, tolerance_s) in [("out.mp4", 1e-6), ("out.mov", 1e-6), ("out.mkv", 6e-4)] {
        let (out, _) = export(folder.path(), &clip, name, &["--overlay", "none"]);
        let after = times(&out, "v").unwrap();
        assert_eq!(after.len(), before.len(), "{name}");
        // Matroska has no time before zero: there the picture waits for the encoder's delay of the copied sound.
        let delay_s = after[0] - before[0];
        assert!(
            (0.0..0.03).contains(&delay_s) && (delay_s == 0.0 || name == "out.mkv"),
            "{name}: {delay_s} s late"
        );
        for (after, before) in after.iter().map(|time| time - delay_s).zip(&before) {
            assert!((after - before).abs() <= tolerance_s, "{name}: a frame at {after} for {before}");
        }
        assert_eq!(sound(&out), sound(&clip), "{name}: the sound is the clip's own, bit by bit");
        assert_eq!(probed(&out, "v", "stream=width,height").unwrap(), ["180,320"], "{name} stands upright");
        let turn = probed(&out, "v", "stream_side_data=rotation").unwrap();
        assert!(
            turn.iter().all(|turn| turn.is_empty() || turn == "0"),
            "{name} is not turned twice: {turn:?}"
        );
        let tags = "stream=color_range,color_space,color_transfer,color_primaries";
        assert_eq!(probed(&clip, "v", tags).unwrap(), ["tv,bt709,bt709,bt709"]);
        assert_eq!(probed(&out, "v", tags), probed(&clip, "v", tags), "{name}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let clip = demo_copy(folder.path());
    for (more, exit) in [
        (&["--from", "100", "--to", "50"][..], 2),
        (&["--from", "400"], 2),
        (&["--speed", "0"], 2),
        (&["--codec", "vp9"], 1),
        (&["--overlay-only"], 1),
    ] {
        let output = folder.path().join("out.mp4");
        let mut args: Vec<&OsStr> =
            vec!["export".as_ref(), clip.as_os_str(), "-o".as_ref(), output.as_os_str()];
        args.extend(more.iter().map(OsStr::new));
        let (code, _, stderr) = run(folder.path(), &args);
        assert_eq!(code, Some(exit), "{more:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("out")), "{left:?}");
}
