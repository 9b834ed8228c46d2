//! Pictures as an encoder takes them.

use ff::format::Pixel;
use ff::software::scaling;
use ff::{ffi, frame};
use ffmpeg_next as ff;

use super::color::{coefficients, written_tags};
use super::encoding::Codec;
use super::rgb::rgba_to_yuv;
use crate::types::{YuvColor, YuvImage, YuvRange};

/// Turns R'G'B'A into the encoder's frame, whose memory is used again.
pub(super) struct CodedFrame {
    frame: frame::Video,
    form: Form,
}

enum Form {
    /// 4:2:0 without alpha.
    Opaque(YuvImage),
    /// 4:4:4 with alpha, in ten bits: through swscale, which multiplies nothing by the alpha.
    Transparent { context: scaling::Context, source: frame::Video },
}

// SAFETY: a SwsContext is plain heap memory without ties to the thread that made it (no multi-threading is asked of
// it, so it owns no threads either), and the CodedFrame is its only owner; all use is through `&mut self`.
unsafe impl Send for CodedFrame {}

impl CodedFrame {
    /// Frames of `width` × `height` pixels for `codec`.
    pub(super) fn new(codec: Codec, width: u32, height: u32, color: YuvColor) -> Result<Self, ff::Error> {
        let (coded_width, coded_height) = Self::size(codec, width, height);
        let mut frame = frame::Video::new(codec.pixel(), coded_width, coded_height);
        // Some encoders, ProRes' among them, write the frame's tags and not their own.
        let (matrix, range, primaries, transfer) = written_tags(color);
        frame.set_color_space(matrix);
        frame.set_color_range(range);
        frame.set_color_primaries(primaries);
        frame.set_color_transfer_characteristic(transfer);
        if !codec.has_alpha() {
            return Ok(Self { frame, form: Form::Opaque(YuvImage::black(width, height, color)) });
        }
        let flags = scaling::Flags::BILINEAR | scaling::Flags::ACCURATE_RND | scaling::Flags::FULL_CHR_H_INP;
        let mut context =
            scaling::Context::get(Pixel::RGBA, width, height, codec.pixel(), width, height, flags)?;
        let full = i32::from(color.range == YuvRange::Full);
        // SAFETY: the context is live and borrowed mutably; the coefficient tables are constants of swscale.
        // Brightness, contrast and saturation are neutral: 0, 1 and 1 in 16.16 fixed point.
        unsafe {
            let table = ffi::sws_getCoefficients(coefficients(color.matrix));
            ffi::sws_setColorspaceDetails(context.as_mut_ptr(), table, 1, table, full, 0, 1 << 16, 1 << 16);
        }
        let source = frame::Video::new(Pixel::RGBA, width, height);
        Ok(Self { frame, form: Form::Transparent { context, source } })
    }

    /// Size of the coded picture: 4:2:0 has even sides.
    pub(super) fn size(codec: Codec, width: u32, height: u32) -> (u32, u32) {
        if codec.has_alpha() {
            (width, height)
        } else {
            (width.next_multiple_of(2), height.next_multiple_of(2))
        }
    }

    /// The frame of a decoded picture, where it can be taken as it is: of the same size and colours, for a codec without
    /// alpha.
    pub(super) fn fill_decoded(
        &mut self,
        picture: &YuvImage,
    ) -> Result<Option<&mut frame::Video>, ff::Error> {
        let Form::Opaque(image) = &self.form else { return Ok(None) };
        let same = (picture.width, picture.height, picture.color) == (image.width, image.height, image.color);
        if !same || !picture.is_plain() || !picture.is_whole() {
            return Ok(None);
        }
        self.make_writable()?;
        copy_planes(picture, &mut self.frame);
        Ok(Some(&mut self.frame))
    }

    fn make_writable(&mut self) -> Result<(), ff::Error> {
        // SAFETY: the frame is owned and its buffers are reference counted; this allocates new ones if the encoder
        // still holds them.
        let code = unsafe { ffi::av_frame_make_writable(self.frame.as_mut_ptr()) };
        if code < 0 { Err(ff::Error::from(code)) } else { Ok(()) }
    }

    /// The frame of a picture that has the size given to [`new`](Self::new).
    pub(super) fn fill(&mut self, rgba: &[u8]) -> Result<&mut frame::Video, ff::Error> {
        self.make_writable()?;
        match &mut self.form {
            Form::Opaque(image) => {
                rgba_to_yuv(rgba, image);
                copy_planes(image, &mut self.frame);
            }
            Form::Transparent { context, source } => {
                let row = source.width() as usize * 4;
                let stride = source.stride(0);
                for (target, pixels) in source.data_mut(0).chunks_mut(stride).zip(rgba.chunks_exact(row)) {
                    target[..row].copy_from_slice(pixels);
                }
                context.run(source, &mut self.frame)?;
            }
        }
        Ok(&mut self.frame)
    }
}

/// Copies the planes, with the last row and column again where the size is odd.
fn copy_planes(image: &YuvImage, frame: &mut frame::Video) {
    let chroma_width = image.width.div_ceil(2);
    for (plane, (samples, width)) in
        [(&image.y, image.width), (&image.u, chroma_width), (&image.v, chroma_width)].into_iter().enumerate()
    {
        let (width, stride) = (width as usize, frame.stride(plane));
        let padded = frame.plane_width(plane) as usize;
        let rows = frame.data_mut(plane).chunks_mut(stride);
        let last = samples.chunks_exact(width).next_back();
        for (target, source) in rows.zip(samples.chunks_exact(width).chain(last)) {
            target[..width].copy_from_slice(source);
            target[width..padded].fill(source[width - 1]);
        }
    }
}
