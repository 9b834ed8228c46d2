//! Borrowed planes with padded rows: the one way from FFmpeg's frames to slices.

use ff::frame;
use ffmpeg_next as ff;

/// One plane of bytes whose rows start `stride` bytes apart.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a> {
    data: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

impl<'a> Plane<'a> {
    /// A plane over `data`, or `None` if that is too short for it.
    pub(super) fn new(data: &'a [u8], stride: usize, width: usize, height: usize) -> Option<Self> {
        let needed = stride.checked_mul(height.saturating_sub(1))?.checked_add(width)?;
        (width <= stride && needed <= data.len()).then_some(Self { data, stride, width, height })
    }

    /// Plane number `plane` of a frame, `width` bytes across, or `None` if the frame has no such plane or stores it
    /// bottom up.
    pub(super) fn of_frame(
        frame: &'a frame::Video,
        plane: usize,
        width: usize,
        height: usize,
    ) -> Option<Self> {
        // SAFETY: the pointer is the frame's own, valid while it is borrowed.
        let raw = unsafe { &*frame.as_ptr() };
        let (&data, &stride) = (raw.data.get(plane)?, raw.linesize.get(plane)?);
        let stride = usize::try_from(stride).ok()?;
        if data.is_null() || stride < width || width == 0 || height == 0 {
            return None;
        }
        let length = stride.checked_mul(height - 1)?.checked_add(width)?;
        // SAFETY: FFmpeg allocates `stride` bytes for each row of a plane, and the caller asks for no more rows
        // and bytes than the format and size of the frame have, so the bytes up to the last sample of the last
        // row are the frame's and stay unchanged while it is borrowed.
        let data = unsafe { std::slice::from_raw_parts(data, length) };
        Self::new(data, stride, width, height)
    }

    /// Bytes across.
    pub(super) fn width(self) -> usize {
        self.width
    }

    /// Rows.
    pub(super) fn height(self) -> usize {
        self.height
    }

    /// Row `y`, without its padding.
    pub(super) fn row(self, y: usize) -> &'a [u8] {
        let start = y * self.stride;
        &self.data[start..start + self.width]
    }
}
