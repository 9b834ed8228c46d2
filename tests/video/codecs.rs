//! Every codec in every format that holds it, and transparency.

use std::fs;

use snowmesh::video::fake::{FakeSource, number_in};
use snowmesh::video::{self, Codec, Encoding, Quality, Rate, SinkOptions, VideoError};

use crate::tools::*;
use crate::writing::{copy, options};

#[test]
fn each_codec_keeps_frames_and_times_in_each_of_its_formats() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (codec, name, extensions) in [
        (Codec::H264, "h264", &["mp4", "mov", "mkv"][..]),
        (Codec::Hevc, "hevc", &["mp4", "mov", "mkv"]),
        (Codec::Av1, "av1", &["mp4", "mkv", "webm"]),
        (Codec::Vp9, "vp9", &["webm", "mkv"]),
        (Codec::ProRes4444, "prores", &["mov"]),
    ] {
        if !video::codecs().contains(&codec) {
            println!("skipped: FFmpeg has no {} encoder", codec.name());
            continue;
        }
        for extension in extensions {
            let path = folder.path().join("out").with_extension(extension);
            let mut source = FakeSource::with_constant_rate(320, 180, 12);
            let encoding = Encoding { codec: Some(codec), ..Encoding::default() };
            copy(
                video::create(&SinkOptions { encoding, ..options(path.clone(), &source, None) }).unwrap(),
                &mut source,
            );
            assert_eq!(probe(&path, "v:0", "stream=codec_name"), [name], "{extension}");
            let mut written = open(&path);
            let frames = read_all(&mut *written);
            assert_eq!(frames.len(), 12, "{name} in {extension}");
            for (index, frame) in frames.iter().enumerate() {
                assert_eq!(number_in(&frame.image), index as u64, "{name} in {extension}");
                let truth = source_seconds(&source, index as u64);
                assert!((frame.pts_s - truth).abs() < 1e-3 + 1e-9, "{name} in {extension}: {}", frame.pts_s);
            }
        }
    }
}

fn source_seconds(source: &FakeSource, index: u64) -> f64 {
    use snowmesh::video::FrameSource;
    source.info().frames.seconds(index)
}

#[test]
fn a_codec_in_a_format_that_cannot_hold_it_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let source = FakeSource::with_constant_rate(64, 64, 3);
    for (codec, name) in [
        (Codec::ProRes4444, "a.mp4"),
        (Codec::H264, "a.webm"),
        (Codec::Hevc, "a.webm"),
        (Codec::Vp9, "a.mov"),
    ] {
        let encoding = Encoding { codec: Some(codec), ..Encoding::default() };
        let refused = SinkOptions { encoding, ..options(folder.path().join(name), &source, None) };
        let error = video::create(&refused).err().unwrap();
        assert!(matches!(error, VideoError::CodecNotSupported { .. }), "{error}");
        assert!(error.to_string().contains(codec.name()), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn finer_is_larger_and_bits_are_kept_to() {
    if !have_tools() || !video::codecs().contains(&Codec::H264) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clip = make(
        folder.path(),
        "noise.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=30:duration=2 -vf noise=alls=20:allf=t -pix_fmt yuv420p -c:v libx264 -crf 5",
    );
    let size = |rate: Rate, hardware: bool| {
        let path = folder.path().join("out.mp4");
        let mut source = open(&clip);
        let encoding = Encoding { rate, hardware, ..Encoding::default() };
        let sink = video::create(&SinkOptions { encoding, ..options(path.clone(), &*source, None) }).unwrap();
        copy(sink, &mut *source);
        fs::metadata(&path).unwrap().len()
    };
    let [compact, good, fine] =
        [Quality::Compact, Quality::Good, Quality::Fine].map(|quality| size(Rate::Quality(quality), false));
    assert!(compact * 3 < good * 2 && good * 5 < fine * 4, "{compact}, {good}, {fine} bytes");
    // Two seconds at 800 kbit/s are 200,000 bytes.
    let bytes = size(Rate::BitsPerSecond(800_000), false);
    assert!((120_000..300_000).contains(&bytes), "{bytes} bytes");
    // Hardware that is not there is no reason to fail.
    assert!(size(Rate::default(), true) > 0);
}

#[test]
fn transparency_is_kept_without_changing_colours() {
    if !have_tools() || !video::codecs().contains(&Codec::ProRes4444) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overlay.mov");
    let source = FakeSource::with_constant_rate(64, 48, 3);
    let encoding = Encoding { codec: Some(Codec::ProRes4444), ..Encoding::default() };
    let mut sink = video::create(&SinkOptions { encoding, ..options(path.clone(), &source, None) }).unwrap();
    // Left half transparent, right half orange at half opacity.
    let (clear, orange) = ([0, 0, 0, 0], [230, 120, 0, 128]);
    let rgba = [clear.repeat(32), orange.repeat(32)].concat().repeat(48);
    for pts in 0..3 {
        sink.write(&rgba, pts).unwrap();
    }
    sink.finish().unwrap();
    let back = ffmpeg_output(&path, "-frames:v 1 -f rawvideo -pix_fmt rgba");
    assert_eq!(back.len(), rgba.len());
    for (index, (ours, truth)) in back.as_chunks::<4>().0.iter().zip(rgba.as_chunks::<4>().0).enumerate() {
        // The codec smears the hard edge over a block.
        if (24..40).contains(&(index % 64)) {
            continue;
        }
        assert!(ours[3].abs_diff(truth[3]) <= 2, "{ours:?} for {truth:?}");
        let colors = ours.iter().zip(truth).take(3);
        let off = colors.map(|(ours, truth)| ours.abs_diff(*truth)).max().unwrap();
        assert!(truth[3] == 0 || off <= 3, "{ours:?} for {truth:?}");
    }
}

#[test]
fn a_clip_given_up_before_or_after_its_first_picture_ends_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for codec in video::codecs() {
        let path = folder.path().join(if codec == Codec::ProRes4444 { "a.mov" } else { "a.mkv" });
        // SVT-AV1 does not take the smaller one, so that another encoder has to.
        let sizes = if codec == Codec::Av1 { &[(320, 180), (48, 34)][..] } else { &[(320, 180)] };
        for &(width, height) in sizes {
            for pictures in 0..2 {
                let source = FakeSource::with_constant_rate(width, height, 3);
                let encoding = Encoding { codec: Some(codec), ..Encoding::default() };
                let options = SinkOptions { encoding, ..options(path.clone(), &source, None) };
                let mut sink = video::create(&options).unwrap();
                let half_written = sink.half_written().unwrap().to_owned();
                assert!(half_written.is_file());
                for pts in 0..pictures {
                    sink.write(&vec![128; (width * height * 4) as usize], pts).unwrap();
                }
                drop(sink);
                assert!(!half_written.exists(), "{}", codec.name());
            }
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
