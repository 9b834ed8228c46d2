//! Colours: flat patches of colour bars in every coding come out as `ffmpeg` converts them.

use snowmesh::types::{RgbImage, YuvColor, YuvMatrix, YuvRange};
use snowmesh::video::yuv_to_rgb;

use crate::tools::*;

/// Colour bars, seven across the upper two thirds.
const BARS: &str =
    "-f lavfi -i smptehdbars=size=640x360:duration=0.2,scale=in_color_matrix=bt709:in_range=tv,format=gbrp";

/// Makes a clip of colour bars and compares the middles of the bars with `ffmpeg`'s own conversion by the matrix
/// and range that the clip must be understood in.
fn check(name: &str, size: &str, coding: &str, matrix: YuvMatrix, range: YuvRange) {
    let folder = tempfile::tempdir().unwrap();
    let path = make(folder.path(), name, &format!("{BARS} -vf scale={size},{coding}"));
    let mut source = open(&path);
    let frame = source.next_frame().unwrap().unwrap();
    assert_eq!(frame.image.color, YuvColor { matrix, range }, "{coding}");
    assert_eq!(source.info().color, frame.image.color, "{coding}");

    let (sws_matrix, sws_range) = (
        match matrix {
            YuvMatrix::Bt601 => "bt601",
            YuvMatrix::Bt709 => "bt709",
            YuvMatrix::Bt2020 => "bt2020",
        },
        if range == YuvRange::Full { "pc" } else { "tv" },
    );
    let filter = if coding.contains("gbrp") {
        String::new()
    } else {
        format!(
            "-vf scale=in_color_matrix={sws_matrix}:in_range={sws_range}:flags=accurate_rnd+full_chroma_int"
        )
    };
    let truth = ffmpeg_output(&path, &format!("{filter} -frames:v 1 -f rawvideo -pix_fmt rgb24"));
    let mut rgb = RgbImage::default();
    yuv_to_rgb(&frame.image, &mut rgb);
    assert_eq!(rgb.data.len(), truth.len());
    let (width, height) = (rgb.width as usize, rgb.height as usize);
    // Two grey columns of an eighth each frame seven bars that share the rest.
    let bar = |number: usize| width / 8 + (2 * number + 1) * (width - width / 4) / 14;
    let mut seen = Vec::new();
    for x in (0..7).map(bar) {
        let place = ((height / 4) * width + x) * 3;
        let (ours, theirs) = (&rgb.data[place..place + 3], &truth[place..place + 3]);
        for (a, b) in ours.iter().zip(theirs) {
            assert!(a.abs_diff(*b) <= 3, "{coding} at {x}: {ours:?} for {theirs:?}");
        }
        seen.push(ours.to_vec());
    }
    // White 75 %, yellow, cyan, green, magenta, red, blue: the colours themselves, not just the same mistake.
    for (pixel, truth) in
        seen.iter().zip([[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 1]])
    {
        for (code, on) in pixel.iter().zip(truth) {
            assert!(code.abs_diff(191 * on) <= 6, "{coding}: {seen:?}");
        }
    }
}

fn coded(format: &str, matrix: &str, range: &str, codec: &str) -> String {
    let tag = match matrix {
        "bt601" => "smpte170m",
        "bt2020" => "bt2020nc",
        other => other,
    };
    format!(
        "scale=out_color_matrix={matrix}:out_range={range}:flags=accurate_rnd+full_chroma_inp,format={format} \
         -colorspace {tag} -color_range {range} -c:v {codec}"
    )
}

#[test]
fn tagged_matrices_and_ranges() {
    if !have_tools() {
        return;
    }
    for (name, matrix) in
        [("bt601", YuvMatrix::Bt601), ("bt709", YuvMatrix::Bt709), ("bt2020", YuvMatrix::Bt2020)]
    {
        for (tag, range) in [("tv", YuvRange::Limited), ("pc", YuvRange::Full)] {
            check("bars.mp4", "640:360", &coded("yuv420p", name, tag, "libx264 -crf 8"), matrix, range);
        }
    }
}

#[test]
fn deeper_and_less_subsampled_formats() {
    if !have_tools() {
        return;
    }
    let (matrix, limited) = (YuvMatrix::Bt709, YuvRange::Limited);
    for format in ["yuv420p10le", "yuv422p", "yuv444p", "yuv422p10le", "yuv444p10le"] {
        check("bars.mkv", "640:360", &coded(format, "bt709", "tv", "libx264 -crf 8"), matrix, limited);
    }
    for format in ["yuv420p10le", "yuv422p", "yuv444p"] {
        check("bars.mkv", "640:360", &coded(format, "bt709", "pc", "libx264 -crf 8"), matrix, YuvRange::Full);
    }
    check("bars.mov", "1280:720", &coded("yuv422p10le", "bt709", "tv", "prores_ks"), matrix, limited);
    check("bars.mkv", "640:360", &coded("yuv420p", "bt709", "tv", "ffv1"), matrix, limited);
}

#[test]
fn motion_jpeg_is_full_range() {
    if !have_tools() {
        return;
    }
    let coding = "scale=out_color_matrix=bt601:out_range=pc,format=yuvj422p -c:v mjpeg -q:v 1";
    check("bars.avi", "640:360", coding, YuvMatrix::Bt601, YuvRange::Full);
}

#[test]
fn without_tags_the_size_decides() {
    if !have_tools() {
        return;
    }
    let untagged =
        |matrix| format!("scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p -c:v mpeg4 -q:v 1");
    check("small.avi", "640:360", &untagged("bt601"), YuvMatrix::Bt601, YuvRange::Limited);
    check("large.avi", "1280:720", &untagged("bt709"), YuvMatrix::Bt709, YuvRange::Limited);
}

#[test]
fn rgb_sources() {
    if !have_tools() {
        return;
    }
    check("bars.mkv", "640:360", "format=gbrp -c:v ffv1", YuvMatrix::Bt709, YuvRange::Limited);
}
