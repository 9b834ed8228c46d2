//! Which pixel formats are taken as they are, and where their chroma samples sit.

use ff::ffi;
use ff::format::Pixel;
use ff::frame;
use ffmpeg_next as ff;

use super::color::{is_jpeg, is_rgb};
use super::orientation::Orientation;
use super::tags::Tags;
use crate::types::Sampling;

/// Layout of a frame's planes before they are turned, or `None` for a format that has to be converted first: R'G'B',
/// packed pixels, grey, floating point, the high byte first.
pub(super) fn of_frame(frame: &frame::Video) -> Option<Sampling> {
    let layout = of_format(frame.format())?;
    Some(Sampling { chroma_offset: chroma_offset(frame, &layout), ..layout })
}

fn of_format(format: Pixel) -> Option<Sampling> {
    if is_rgb(format) {
        return None;
    }
    let descriptor = format.descriptor()?;
    // SAFETY: FFmpeg's descriptors are constants that live as long as the program.
    let raw = unsafe { &*descriptor.as_ptr() };
    let refused = ffi::AV_PIX_FMT_FLAG_BE
        | ffi::AV_PIX_FMT_FLAG_BITSTREAM
        | ffi::AV_PIX_FMT_FLAG_HWACCEL
        | ffi::AV_PIX_FMT_FLAG_FLOAT
        | ffi::AV_PIX_FMT_FLAG_BAYER;
    if raw.flags & refused as u64 != 0 || raw.nb_components < 3 {
        return None;
    }
    let [luma, blue, red] = [raw.comp[0], raw.comp[1], raw.comp[2]];
    let alike = [blue, red].iter().all(|c| (c.depth, c.shift) == (luma.depth, luma.shift));
    let bytes = if luma.depth > 8 { 2 } else { 1 };
    let luma_alone = (luma.plane, luma.offset, luma.step) == (0, 0, bytes);
    let planar = [blue, red].map(|c| (c.plane, c.offset, c.step)) == [(1, 0, bytes), (2, 0, bytes)];
    let interleaved =
        [blue, red].map(|c| (c.plane, c.offset, c.step)) == [(1, 0, 2 * bytes), (1, bytes, 2 * bytes)];
    if !(alike && luma_alone && (planar || interleaved)) || !(8..=16).contains(&luma.depth) {
        return None;
    }
    Some(Sampling {
        bits: luma.depth as u8,
        padding_bits: luma.shift as u8,
        chroma_x: raw.log2_chroma_w,
        chroma_y: raw.log2_chroma_h,
        interleaved,
        chroma_offset: [0.0; 2],
    })
}

/// A chroma sample covers 2^n luma samples; where it sits on the first of them, it is half of their number less a half
/// before their middle. Without a word, it sits to the left and between the rows (H.264, H.265), but for JPEG's formats,
/// which centre it.
fn chroma_offset(frame: &frame::Video, layout: &Sampling) -> [f32; 2] {
    const CENTER: u32 = ffi::AVChromaLocation::AVCHROMA_LOC_CENTER as u32;
    const TOP_LEFT: u32 = ffi::AVChromaLocation::AVCHROMA_LOC_TOPLEFT as u32;
    const TOP: u32 = ffi::AVChromaLocation::AVCHROMA_LOC_TOP as u32;
    const UNSPECIFIED: u32 = ffi::AVChromaLocation::AVCHROMA_LOC_UNSPECIFIED as u32;
    let (left, top) = match Tags::of_frame(frame).chroma_location {
        UNSPECIFIED if is_jpeg(frame.format()) => (false, false),
        CENTER => (false, false),
        TOP_LEFT => (true, true),
        TOP => (false, true),
        // To the left; the bottom ones are for single fields, and no whole frame has them.
        _ => (true, false),
    };
    let offset = |first: bool, log2: u8| if first { 0.5 - 0.5 / f32::from(1_u16 << log2) } else { 0.0 };
    [offset(left, layout.chroma_x), offset(top, layout.chroma_y)]
}

/// The layout of the upright picture.
pub(super) fn turned(layout: Sampling, orientation: Orientation) -> Sampling {
    let [x, y] = layout.chroma_offset;
    if orientation.swaps_axes() {
        let chroma_offset = orientation.turned_offset([y, x]);
        Sampling { chroma_x: layout.chroma_y, chroma_y: layout.chroma_x, chroma_offset, ..layout }
    } else {
        Sampling { chroma_offset: orientation.turned_offset([x, y]), ..layout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_of_cameras_and_decoders_are_taken_as_they_are() {
        for (format, bits, padding_bits, chroma, interleaved) in [
            (Pixel::YUV420P, 8, 0, (1, 1), false),
            (Pixel::YUVJ422P, 8, 0, (1, 0), false),
            (Pixel::YUV444P, 8, 0, (0, 0), false),
            (Pixel::YUV420P10LE, 10, 0, (1, 1), false),
            (Pixel::YUV422P10LE, 10, 0, (1, 0), false),
            (Pixel::YUV444P12LE, 12, 0, (0, 0), false),
            (Pixel::YUVA444P10LE, 10, 0, (0, 0), false),
            (Pixel::NV12, 8, 0, (1, 1), true),
            (Pixel::P010LE, 10, 6, (1, 1), true),
        ] {
            let layout = of_format(format).unwrap();
            assert_eq!(
                (layout.bits, layout.padding_bits, layout.chroma_x, layout.chroma_y, layout.interleaved),
                (bits, padding_bits, chroma.0, chroma.1, interleaved),
                "{format:?}"
            );
        }
        for format in [
            Pixel::RGB24,
            Pixel::GBRP,
            Pixel::YUYV422,
            Pixel::NV21,
            Pixel::GRAY8,
            Pixel::YUV420P10BE,
            Pixel::PAL8,
        ] {
            assert_eq!(of_format(format), None, "{format:?}");
        }
    }

    #[test]
    fn the_chroma_site_follows_the_sample() {
        let mut frame = frame::Video::new(Pixel::YUV420P, 4, 4);
        assert_eq!(of_frame(&frame).unwrap().chroma_offset, [0.25, 0.0]);
        // SAFETY: the frame is this test's own; the field is there for the caller to set.
        unsafe { (*frame.as_mut_ptr()).chroma_location = ffi::AVChromaLocation::AVCHROMA_LOC_TOPLEFT };
        assert_eq!(of_frame(&frame).unwrap().chroma_offset, [0.25, 0.25]);
        assert_eq!(of_frame(&frame::Video::new(Pixel::YUVJ420P, 4, 4)).unwrap().chroma_offset, [0.0, 0.0]);
        assert_eq!(of_frame(&frame::Video::new(Pixel::YUV444P, 4, 4)).unwrap().chroma_offset, [0.0, 0.0]);
        assert_eq!(of_frame(&frame::Video::new(Pixel::YUV411P, 4, 4)).unwrap().chroma_offset, [0.375, 0.0]);
    }
}
