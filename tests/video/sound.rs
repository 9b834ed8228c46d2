//! The sound of a new clip: of a part of the old one, and encoded again where it has to be.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use snowmesh::video::{self, FrameSource, SinkOptions};

use crate::tools::*;
use crate::writing::{audio_seconds, options, probe_seconds, rgba_of};

/// Writes frames `range` of a clip; gives the first frame's time and the end of the last frame, seconds.
fn write_part(source: &mut dyn FrameSource, clip: &Path, target: &Path, range: Range<u64>) -> (f64, f64) {
    let frames = source.info().frames.clone();
    let (start, end) = (frames.pts(range.start).unwrap(), frames.pts(range.end).unwrap());
    let part = SinkOptions { span: Some(start..end), ..options(target.to_owned(), &*source, Some(clip)) };
    let mut sink = video::create(&part).unwrap();
    source.seek(range.start).unwrap();
    for _ in range {
        let frame = source.next_frame().unwrap().unwrap();
        sink.write(&rgba_of(&frame), frame.pts).unwrap();
    }
    sink.finish().unwrap();
    (start as f64 * frames.time_base().as_f64(), end as f64 * frames.time_base().as_f64())
}

/// Hashes of the sound's packets.
fn packet_hashes(path: &Path) -> Vec<String> {
    let text = ffmpeg_output(path, "-map 0:a:0 -c copy -f framemd5");
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

#[test]
fn a_part_starts_at_zero_with_the_sound_that_begins_in_it() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = make_clip(folder.path(), "whole.mp4");
    let late = make(folder.path(), "late.mp4", &format!("-itsoffset 0.417 -i {} -c copy", whole.display()));
    for clip in [&whole, &late] {
        let (times, hashes) = (audio_seconds(clip), packet_hashes(clip));
        for (name, tolerance) in [("out.mp4", 1e-4), ("out.mov", 1e-4), ("out.mkv", 2e-3)] {
            for range in [0..20, 17..41, 50..59] {
                let target = folder.path().join(name);
                let mut source = open(clip);
                let (start, end) = write_part(&mut *source, clip, &target, range.clone());
                let what = format!("{} {range:?} in {name}", clip.display());
                // Pictures: the same distances, from zero.
                let all = probe_seconds(clip);
                let expected: Vec<f64> =
                    all[range.start as usize..range.end as usize].iter().map(|t| t - start).collect();
                let written = probe_seconds(&target);
                assert_eq!(written.len(), expected.len(), "{what}");
                for (ours, truth) in written.iter().zip(&expected) {
                    assert!((ours - truth).abs() <= tolerance, "{what}: {ours} for {truth}");
                }
                // Sound: exactly the packets that begin within, each as far from the pictures as before.
                let within: Vec<usize> =
                    (0..times.len()).filter(|&i| times[i] >= start - 1e-6 && times[i] < end - 1e-6).collect();
                let kept: Vec<&String> = within.iter().map(|&i| &hashes[i]).collect();
                assert_eq!(packet_hashes(&target).iter().collect::<Vec<_>>(), kept, "{what}");
                for (ours, &index) in audio_seconds(&target).iter().zip(&within) {
                    let truth = times[index] - start;
                    assert!((ours - truth).abs() <= tolerance.max(1e-3), "{what}: {ours} for {truth}");
                }
            }
        }
    }
}

/// Mono samples of a clip's sound at 48 kHz as they are played, from the first that is not skipped.
fn samples(path: &Path) -> Vec<f32> {
    let bytes = ffmpeg_output(path, "-map 0:a:0 -ac 1 -ar 48000 -f f32le");
    bytes.as_chunks::<4>().0.iter().map(|sample| f32::from_le_bytes(*sample)).collect()
}

/// A clip with a click of 5 ms every half second, as PCM.
fn make_clicks(folder: &Path, rate: u32) -> PathBuf {
    make(
        folder,
        &format!("clicks-{rate}.mov"),
        &format!(
            r"-f lavfi -i {PICTURES} -f lavfi -i aevalsrc=0.8*lt(mod(t\,0.5)\,0.005):s={rate}:d=2 -pix_fmt yuv420p -c:v libx264 -c:a pcm_s16le"
        ),
    )
}

/// Where the clicks begin, seconds.
fn clicks(samples: &[f32]) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        let at = index as f64 / 48_000.0;
        if sample.abs() > 0.3 && found.last().is_none_or(|last| at - last > 0.1) {
            found.push(at);
        }
    }
    found
}

#[test]
fn sound_that_a_format_cannot_hold_is_encoded_again_in_its_place_and_told() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for rate in [48_000, 44_100] {
        let clip = make_clicks(folder.path(), rate);
        for (name, codec, tolerance_s) in [("out.mp4", "aac", 0.004), ("out.webm", "opus", 0.001)] {
            let target = folder.path().join(name);
            if name == "out.webm" && !video::codecs().contains(&video::Codec::Vp9) {
                println!("skipped: FFmpeg has no VP9 encoder");
                continue;
            }
            let mut source = open(&clip);
            let mut sink = video::create(&options(target.clone(), &*source, Some(&clip))).unwrap();
            assert!(matches!(sink.notes(), [note] if note.contains("pcm_s16le")), "{:?}", sink.notes());
            for frame in read_all(&mut *source) {
                sink.write(&rgba_of(&frame), frame.pts).unwrap();
            }
            sink.finish().unwrap();
            assert_eq!(probe(&target, "a:0", "stream=codec_name"), [codec]);
            assert_eq!(probe_seconds(&target)[0], 0.0, "{name}: the pictures stay in place");
            let heard = clicks(&samples(&target));
            if name == "out.webm" {
                // What is skipped at the start (6.5 ms) lies before zero, to the millisecond that WebM counts in.
                let first = audio_seconds(&target)[0];
                assert!((first + 0.0065).abs() <= 0.001, "{rate}: the sound begins at {first}");
            }
            assert_eq!(heard.len(), 4, "{name} at {rate}: {heard:?}");
            for (heard, truth) in heard.iter().zip([0.0, 0.5, 1.0, 1.5]) {
                assert!(
                    (heard - truth).abs() < tolerance_s,
                    "{name} at {rate}: a click at {heard} for {truth}"
                );
            }
            fs::remove_file(&target).unwrap();
        }
        // A part of it: frame 20 is at 2/3 s, so clicks come after 1/3 and 5/6 s.
        let target = folder.path().join("part.mp4");
        let mut source = open(&clip);
        write_part(&mut *source, &clip, &target, 20..50);
        let heard = clicks(&samples(&target));
        assert_eq!(heard.len(), 2, "{heard:?}");
        for (heard, truth) in heard.iter().zip([1.0 / 3.0, 5.0 / 6.0]) {
            assert!((heard - truth).abs() < 0.004, "a click at {heard} for {truth}");
        }
        let length = probe(&target, "a:0", "stream=duration").remove(0).parse::<f64>().unwrap();
        assert!((length - 1.0).abs() < 0.03, "{length} s of sound for 1 s of pictures");
    }
}
