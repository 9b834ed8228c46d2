//! Colour tags of frames and streams, as numbers.
//!
//! Decoders put into these fields what the file says, some of them unchecked: a number that FFmpeg has no name for must
//! never be read as a variant of one of Rust's enumerations.

use std::ptr::addr_of;

use ff::{decoder, ffi, frame};
use ffmpeg_next as ff;

/// Numbers of AVColorSpace, AVColorRange, AVColorPrimaries, AVColorTransferCharacteristic and AVChromaLocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tags {
    pub space: u32,
    pub range: u32,
    pub primaries: u32,
    pub transfer: u32,
    pub chroma_location: u32,
}

impl Tags {
    /// What a frame says itself.
    pub(super) fn of_frame(frame: &frame::Video) -> Self {
        // SAFETY: the pointer is the frame's own, valid while it is borrowed. The fields are C enumerations, ints of 32
        // bits, and are read as such.
        unsafe {
            let raw = frame.as_ptr();
            Self {
                space: addr_of!((*raw).colorspace).cast::<u32>().read(),
                range: addr_of!((*raw).color_range).cast::<u32>().read(),
                primaries: addr_of!((*raw).color_primaries).cast::<u32>().read(),
                transfer: addr_of!((*raw).color_trc).cast::<u32>().read(),
                chroma_location: addr_of!((*raw).chroma_location).cast::<u32>().read(),
            }
        }
    }

    /// What the stream says, for frames that say nothing.
    pub(super) fn of_codec(codec: &decoder::Video) -> Self {
        // SAFETY: as in `of_frame`, of the codec's context.
        unsafe {
            let raw = codec.as_ptr();
            Self {
                space: addr_of!((*raw).colorspace).cast::<u32>().read(),
                range: addr_of!((*raw).color_range).cast::<u32>().read(),
                primaries: addr_of!((*raw).color_primaries).cast::<u32>().read(),
                transfer: addr_of!((*raw).color_trc).cast::<u32>().read(),
                chroma_location: addr_of!((*raw).chroma_sample_location).cast::<u32>().read(),
            }
        }
    }

    /// These tags, with those of `other` where these say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        let choose = |own: u32, others: u32, nothing: u32| if own == nothing { others } else { own };
        Self {
            space: choose(self.space, other.space, ffi::AVColorSpace::AVCOL_SPC_UNSPECIFIED as u32),
            range: choose(self.range, other.range, ffi::AVColorRange::AVCOL_RANGE_UNSPECIFIED as u32),
            primaries: choose(
                self.primaries,
                other.primaries,
                ffi::AVColorPrimaries::AVCOL_PRI_UNSPECIFIED as u32,
            ),
            transfer: choose(
                self.transfer,
                other.transfer,
                ffi::AVColorTransferCharacteristic::AVCOL_TRC_UNSPECIFIED as u32,
            ),
            chroma_location: self.chroma_location,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ff::format::Pixel;

    #[test]
    fn numbers_without_a_name_do_no_harm() {
        let mut frame = frame::Video::new(Pixel::YUV420P, 4, 4);
        // SAFETY: the frame is this test's own; the fields are ints of 32 bits, as C sees them.
        unsafe {
            let raw = frame.as_mut_ptr();
            std::ptr::addr_of_mut!((*raw).color_trc).cast::<u32>().write(231);
            std::ptr::addr_of_mut!((*raw).colorspace).cast::<u32>().write(94);
            std::ptr::addr_of_mut!((*raw).color_primaries).cast::<u32>().write(60);
        }
        let tags = Tags::of_frame(&frame);
        assert_eq!((tags.transfer, tags.space, tags.primaries), (231, 94, 60));
        assert!(crate::video::color::light_of_frame(&frame, tags).is_screen());
    }
}
