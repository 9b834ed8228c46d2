//! Files that are not what they should be.

use std::fs;
use std::path::Path;

use snowmesh::video::{FrameSource, Severity, VideoError};

use crate::tools::*;

/// Reads to the end; the indices that came out, and those reported as damaged.
fn survey(source: &mut dyn FrameSource) -> (Vec<u64>, Vec<u64>) {
    let (mut good, mut bad) = (vec![], vec![]);
    loop {
        match source.next_frame() {
            Ok(Some(frame)) => good.push(frame.index),
            Ok(None) => return (good, bad),
            Err(error @ VideoError::BadFrame { index, .. }) => {
                assert_eq!(error.severity(), Severity::Warning);
                bad.push(index);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn assert_names(error: &VideoError, path: &Path) {
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert_eq!(error.severity(), Severity::Fatal);
}

#[test]
fn what_is_no_file_with_content() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no such clip.mp4");
    assert_eq!(open_error(&missing), VideoError::Missing { path: missing.clone() });
    assert_eq!(open_error(folder.path()), VideoError::IsDirectory { path: folder.path().to_owned() });
    let empty = folder.path().join("empty.mp4");
    fs::write(&empty, []).unwrap();
    assert_eq!(open_error(&empty), VideoError::Empty { path: empty.clone() });
    for path in [&missing, &empty] {
        assert_names(&open_error(path), path);
    }
}

#[test]
fn what_is_no_video() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.mp4");
    fs::write(&text, "Notes of a coach.\n".repeat(500)).unwrap();
    assert!(matches!(open_error(&text), VideoError::NotVideo { .. }), "{:?}", open_error(&text));
    assert_names(&open_error(&text), &text);
    let noise = folder.path().join("noise.mov");
    let mut random = Random(9);
    fs::write(&noise, (0..100_000).map(|_| random.below(256) as u8).collect::<Vec<_>>()).unwrap();
    assert!(matches!(open_error(&noise), VideoError::NotVideo { .. } | VideoError::NoVideoStream { .. }));

    if !have_tools() {
        return;
    }
    for name in ["picture.png", "picture.jpg", "picture.bmp", "picture.webp"] {
        let picture = make(folder.path(), name, &format!("-f lavfi -i {PICTURES} -frames:v 1"));
        // Under a video's name as well: the content counts.
        let disguised = folder.path().join("disguised.mp4");
        fs::copy(&picture, &disguised).unwrap();
        for path in [picture, disguised] {
            let error = open_error(&path);
            assert_eq!(error, VideoError::NotVideo { path: path.clone(), what: "a picture" });
        }
    }
}

#[test]
fn sound_alone() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["tone.m4a", "tone.mp4", "tone.wav", "tone.mp3"] {
        let path = make(folder.path(), name, "-f lavfi -i sine=duration=1");
        assert_eq!(open_error(&path), VideoError::NoVideoStream { path: path.clone() });
    }
    let cover = make(folder.path(), "cover.png", &format!("-f lavfi -i {PICTURES} -frames:v 1"));
    let arguments = format!(
        "-f lavfi -i sine=duration=1 -i {} -map 0 -map 1 -c:v png -disposition:v attached_pic",
        cover.display()
    );
    let path = make(folder.path(), "covered.m4a", &arguments);
    assert_eq!(open_error(&path), VideoError::NoVideoStream { path: path.clone() });
}

#[test]
fn a_track_without_frames() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = make(
        folder.path(),
        "none.mp4",
        &format!("-f lavfi -i {PICTURES} -frames:v 0 -pix_fmt yuv420p -c:v libx264"),
    );
    let error = open_error(&path);
    assert!(matches!(error, VideoError::NoFrames { .. } | VideoError::NoVideoStream { .. }), "{error:?}");
    assert_names(&error, &path);
}

#[test]
fn cut_off_before_the_index_was_written() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = make_clip(folder.path(), "clip.mp4");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(open_error(&path), VideoError::Unfinished { path: path.clone() });
}

#[test]
fn cut_off_in_the_middle_gives_the_frames_that_are_there() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in [("first.mp4", "-movflags +faststart"), ("cut.mkv", ""), ("cut.ts", "")] {
        let whole = make_clip(folder.path(), "whole.mp4");
        let path = make(folder.path(), name, &format!("-i {} -c copy {arguments}", whole.display()));
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() * 6 / 10]).unwrap();
        let mut source = open(&path);
        let count = source.info().frames.len();
        let (good, bad) = survey(&mut *source);
        assert!((15..60).contains(&good.len()), "{name}: {}", good.len());
        // A cut can take a picture that others at the very end are made from.
        assert!(bad.len() <= 5, "{name}: {bad:?}");
        let mut all = [good, bad].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..count), "{name}: every frame is accounted for once");
    }
}

#[test]
fn damage_in_the_middle_is_survived_and_every_frame_accounted_for() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..6 {
        let path = make_clip(folder.path(), "clip.mkv");
        let mut bytes = fs::read(&path).unwrap();
        let mut random = Random(seed);
        for _ in 0..400 {
            let place = bytes.len() * 4 / 10 + random.below(bytes.len() as u64 / 5) as usize;
            bytes[place] = random.below(256) as u8;
        }
        fs::write(&path, &bytes).unwrap();
        let mut source = open(&path);
        let count = source.info().frames.len();
        let (good, bad) = survey(&mut *source);
        let mut all = [good.clone(), bad].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..count), "{seed}: every frame once");
        assert!(good.last().is_some_and(|&last| last + 2 >= count), "{seed}: goes on after the damage");
        // Seeking into the damage ends, with the frame or with a warning.
        for _ in 0..20 {
            let index = random.below(count);
            source.seek(index).unwrap();
            match source.next_frame() {
                Ok(Some(frame)) => assert_eq!(frame.index, index),
                Err(VideoError::BadFrame { index: bad, .. }) => assert_eq!(bad, index),
                other => panic!("{seed}: {other:?}"),
            }
        }
    }
}
