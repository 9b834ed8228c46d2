//! What the code values of a frame mean, from its tags or, where there are none, by custom.

use ff::color::{Range, Space, TransferCharacteristic};
use ff::ffi;
use ff::format::Pixel;
use ff::frame;
use ffmpeg_next as ff;

use crate::types::{Light, Primaries, Transfer, YuvColor, YuvMatrix, YuvRange};

/// Colour tags of a stream, for frames that carry none.
#[derive(Clone, Copy)]
pub(super) struct Tags {
    pub space: Space,
    pub range: Range,
    pub primaries: ff::color::Primaries,
    pub transfer: TransferCharacteristic,
}

/// Colour of a frame.
///
/// A frame's own tags come first, then the stream's. Without a matrix, pictures of high definition are BT.709 and
/// smaller ones BT.601, as players hold it; without a range they are limited. R'G'B' sources become BT.709 limited.
pub(super) fn of_frame(frame: &frame::Video, stream: Tags) -> YuvColor {
    let format = frame.format();
    if is_rgb(format) {
        return YuvColor { matrix: YuvMatrix::Bt709, range: YuvRange::Limited };
    }
    let matrix = matrix(frame.color_space()).or_else(|| matrix(stream.space));
    let matrix = matrix.unwrap_or_else(|| customary_matrix(frame.width(), frame.height()));
    let full = match (is_jpeg(format), frame.color_range(), stream.range) {
        (true, _, _) | (_, Range::JPEG, _) | (_, Range::Unspecified, Range::JPEG) => true,
        (false, _, _) => false,
    };
    YuvColor { matrix, range: if full { YuvRange::Full } else { YuvRange::Limited } }
}

/// What a frame's R'G'B' means as light: only what is said is converted. Wide primaries go without saying for high
/// dynamic range, which has no others.
pub(super) fn light_of_frame(frame: &frame::Video, stream: Tags) -> Light {
    let transfer =
        match or(frame.color_transfer_characteristic(), stream.transfer, TransferCharacteristic::Unspecified)
        {
            TransferCharacteristic::SMPTE2084 => Transfer::Pq,
            TransferCharacteristic::ARIB_STD_B67 => Transfer::Hlg,
            _ => Transfer::Standard,
        };
    let unspecified = ff::color::Primaries::Unspecified;
    let primaries = match or(frame.color_primaries(), stream.primaries, unspecified) {
        ff::color::Primaries::BT2020 => Primaries::Bt2020,
        ff::color::Primaries::SMPTE432 => Primaries::DisplayP3,
        ff::color::Primaries::Unspecified if transfer != Transfer::Standard => Primaries::Bt2020,
        _ => Primaries::Bt709,
    };
    let peak_nits = mastering_peak_nits(frame).filter(|_| transfer == Transfer::Pq);
    Light {
        transfer,
        primaries,
        ..peak_nits.map_or_else(Light::default, |peak_nits| Light { peak_nits, ..Light::default() })
    }
}

fn or<T: PartialEq + Copy>(own: T, streams: T, unspecified: T) -> T {
    if own == unspecified { streams } else { own }
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

fn matrix(space: Space) -> Option<YuvMatrix> {
    match space {
        // SMPTE 240M differs from BT.709 by less than its successors do.
        Space::BT709 | Space::SMPTE240M => Some(YuvMatrix::Bt709),
        Space::BT470BG | Space::SMPTE170M | Space::FCC => Some(YuvMatrix::Bt601),
        Space::BT2020NCL | Space::BT2020CL => Some(YuvMatrix::Bt2020),
        _ => None,
    }
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
