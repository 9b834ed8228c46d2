//! What the code values of a frame mean, from its tags or, where there are none, by custom.

use ff::color::{Range, Space, TransferCharacteristic};
use ff::ffi;
use ff::format::Pixel;
use ff::frame;
use ffmpeg_next as ff;

use super::tags::Tags;
use crate::types::{Light, Primaries, Transfer, YuvColor, YuvMatrix, YuvRange};

/// Colour of a frame.
///
/// A frame's own tags come first, then the stream's. Without a matrix, pictures of high definition are BT.709 and
/// smaller ones BT.601, as players hold it; without a range they are limited. R'G'B' sources become BT.709 limited.
pub(super) fn of_frame(frame: &frame::Video, stream: Tags) -> YuvColor {
    let format = frame.format();
    if is_rgb(format) {
        return YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };
    }
    let tags = Tags::of_frame(frame);
    let matrix = matrix(tags.space).or_else(|| matrix(stream.space));
    let matrix = matrix.unwrap_or_else(|| customary_matrix(frame.width(), frame.height()));
    let full = is_jpeg(format) || tags.or(stream).range == ffi::AVColorRange::AVCOL_RANGE_JPEG as u32;
    YuvColor { matrix, range: if full { YuvRange::Full } else { YuvRange::Limited } }
}

/// What a frame's R'G'B' means as light: only what is said is converted. Wide primaries go without saying for high
/// dynamic range, which has no others.
pub(super) fn light_of_frame(frame: &frame::Video, stream: Tags) -> Light {
    const PQ: u32 = ffi::AVColorTransferCharacteristic::AVCOL_TRC_SMPTE2084 as u32;
    const HLG: u32 = ffi::AVColorTransferCharacteristic::AVCOL_TRC_ARIB_STD_B67 as u32;
    const BT2020: u32 = ffi::AVColorPrimaries::AVCOL_PRI_BT2020 as u32;
    const DISPLAY_P3: u32 = ffi::AVColorPrimaries::AVCOL_PRI_SMPTE432 as u32;
    const UNSPECIFIED: u32 = ffi::AVColorPrimaries::AVCOL_PRI_UNSPECIFIED as u32;
    let tags = Tags::of_frame(frame).or(stream);
    let transfer = match tags.transfer {
        PQ => Transfer::Pq,
        HLG => Transfer::Hlg,
        _ => Transfer::Standard,
    };
    let primaries = match tags.primaries {
        BT2020 => Primaries::Bt2020,
        DISPLAY_P3 => Primaries::DisplayP3,
        UNSPECIFIED if transfer != Transfer::Standard => Primaries::Bt2020,
        _ => Primaries::Bt709,
    };
    let peak_nits = mastering_peak_nits(frame).filter(|_| transfer == Transfer::Pq);
    Light {
        transfer,
        primaries,
        ..peak_nits.map_or_else(Light::default, |peak_nits| Light { peak_nits, ..Light::default() })
    }
}

/// Brightest light of the display that the picture was graded on (SMPTE ST 2086), cd/m².
fn mastering_peak_nits(frame: &frame::Video) -> Option<f32> {
    /// Places in FFmpeg's AVMasteringDisplayMetadata, in ints: after three primaries, a white point and the least
    /// luminance, all of them fractions.
    const MAX_LUMINANCE: usize = 18;
    const HAS_LUMINANCE: usize = 21;
    let data = frame.side_data(frame::side_data::Type::MasteringDisplayMetadata)?;
    let ints = data.data().as_chunks::<4>().0;
    let int = |place: usize| ints.get(place).map(|bytes| i32::from_ne_bytes(*bytes));
    let peak = f64::from(int(MAX_LUMINANCE)?) / f64::from(int(MAX_LUMINANCE + 1)?);
    (int(HAS_LUMINANCE)? != 0 && (100.0..=10_000.0).contains(&peak)).then_some(peak as f32)
}

/// What the pictures are coded as once they are drawn for a screen.
pub(super) fn on_screen(color: YuvColor, light: Light) -> YuvColor {
    if light.is_screen() { color } else { YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited } }
}

/// Whether the pixels are R'G'B', packed, planar or through a palette.
pub(super) fn is_rgb(format: Pixel) -> bool {
    let Some(descriptor) = format.descriptor() else { return false };
    // SAFETY: FFmpeg's descriptors are constants that live as long as the program.
    let flags = unsafe { (*descriptor.as_ptr()).flags };
    flags & (ffi::AV_PIX_FMT_FLAG_RGB | ffi::AV_PIX_FMT_FLAG_PAL) as u64 != 0
}

/// The `yuvj…` formats are full range by name.
pub(super) fn is_jpeg(format: Pixel) -> bool {
    matches!(format, Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P | Pixel::YUVJ440P | Pixel::YUVJ411P)
}

fn matrix(space: u32) -> Option<YuvMatrix> {
    use ffi::AVColorSpace as Av;
    // SMPTE 240M differs from BT.709 by less than its successors do.
    let names = [
        (YuvMatrix::Bt709, &[Av::AVCOL_SPC_BT709, Av::AVCOL_SPC_SMPTE240M][..]),
        (YuvMatrix::Bt601, &[Av::AVCOL_SPC_BT470BG, Av::AVCOL_SPC_SMPTE170M, Av::AVCOL_SPC_FCC]),
        (YuvMatrix::Bt2020, &[Av::AVCOL_SPC_BT2020_NCL, Av::AVCOL_SPC_BT2020_CL]),
    ];
    let found = names.into_iter().find(|(_, spaces)| spaces.iter().any(|&name| name as u32 == space));
    found.map(|(matrix, _)| matrix)
}

fn customary_matrix(width: u32, height: u32) -> YuvMatrix {
    if width >= 1280 || height >= 720 { YuvMatrix::Bt709 } else { YuvMatrix::Bt601 }
}

/// swscale's number of a matrix.
pub(super) fn coefficients(matrix: YuvMatrix) -> i32 {
    match matrix {
        YuvMatrix::Bt601 => ffi::SWS_CS_ITU601,
        YuvMatrix::Bt709 => ffi::SWS_CS_ITU709,
        YuvMatrix::Bt2020 => ffi::SWS_CS_BT2020,
    }
}

/// FFmpeg's tags for what is written as `color`: matrix and range as they are, and the primaries and transfer
/// that go with the matrix.
pub(super) fn written_tags(color: YuvColor) -> (Space, Range, ff::color::Primaries, TransferCharacteristic) {
    use ff::color::{Primaries, TransferCharacteristic as Transfer};
    let range = match color.range {
        YuvRange::Limited => Range::MPEG,
        YuvRange::Full => Range::JPEG,
    };
    match color.matrix {
        YuvMatrix::Bt601 => (Space::SMPTE170M, range, Primaries::SMPTE170M, Transfer::SMPTE170M),
        YuvMatrix::Bt709 => (Space::BT709, range, Primaries::BT709, Transfer::BT709),
        // The colours are those of the screen that was drawn for, whatever matrix codes them.
        YuvMatrix::Bt2020 => (Space::BT2020NCL, range, Primaries::BT709, Transfer::BT709),
    }
}
