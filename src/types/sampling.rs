//! How the samples of a Y'CbCr picture lie in memory, so that decoded planes need no conversion on their way to the
//! screen.

/// Layout of the planes of a [`YuvImage`](super::YuvImage).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Significant bits of a sample, 8 to 16. More than 8 take two bytes, the low one first.
    pub bits: u8,
    /// Unused bits below the significant ones (6 in P010).
    pub padding_bits: u8,
    /// Luma columns for each column of chroma, as a power of two.
    pub chroma_x: u8,
    /// Luma rows for each row of chroma, as a power of two.
    pub chroma_y: u8,
    /// Whether blue and red difference alternate in one plane (NV12, P010): `u` then holds both and `v` nothing.
    pub interleaved: bool,
    /// From a luma position to its place among the chroma samples: chroma = luma / 2^chroma + offset, in samples, with
    /// (0, 0) the outer corner of the first one. 0.25 where a chroma sample sits on the first of its two luma samples,
    /// 0 where it sits between them.
    pub chroma_offset: [f32; 2],
}

/// One plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneShape {
    /// Elements across.
    pub width: u32,
    /// Elements down.
    pub height: u32,
    /// Bytes of an element: of one sample, or of two that alternate.
    pub element_bytes: u32,
}

impl PlaneShape {
    /// Bytes of the plane, whose rows have no padding.
    pub fn byte_len(self) -> usize {
        self.width as usize * self.height as usize * self.element_bytes as usize
    }
}

impl Default for Sampling {
    /// 8-bit 4:2:0 in three planes, chroma on the left one of its luma columns and between its two rows: what H.264 and
    /// H.265 mean when they say nothing (chroma_sample_loc_type 0).
    fn default() -> Self {
        Self {
            bits: 8,
            padding_bits: 0,
            chroma_x: 1,
            chroma_y: 1,
            interleaved: false,
            chroma_offset: [0.25, 0.0],
        }
    }
}

impl Sampling {
    /// Bytes of one sample.
    pub fn sample_bytes(&self) -> u32 {
        if self.bits > 8 { 2 } else { 1 }
    }

    /// Luma, blue difference and red difference of a `width` × `height` picture.
    pub fn planes(&self, width: u32, height: u32) -> [PlaneShape; 3] {
        let bytes = self.sample_bytes();
        let across = width.div_ceil(1 << self.chroma_x);
        let down = height.div_ceil(1 << self.chroma_y);
        let plane = |width, height, element_bytes| PlaneShape { width, height, element_bytes };
        let luma = plane(width, height, bytes);
        if self.interleaved {
            [luma, plane(across, down, 2 * bytes), plane(0, 0, bytes)]
        } else {
            [luma, plane(across, down, bytes), plane(across, down, bytes)]
        }
    }

    /// What one unit of a stored value is worth on the scale of 8-bit codes, where black and white do not depend on the
    /// depth.
    pub fn unit(&self) -> f32 {
        let below = i32::from(self.bits) - 8 + i32::from(self.padding_bits);
        (-below as f32).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_hold_what_the_usual_formats_do() {
        let bytes = |sampling: Sampling| {
            sampling.planes(1921, 1081).iter().map(|plane| plane.byte_len()).sum::<usize>()
        };
        let planar = |bits, chroma_x, chroma_y| Sampling { bits, chroma_x, chroma_y, ..Sampling::default() };
        // Sizes as av_image_get_buffer_size gives them.
        assert_eq!(bytes(planar(8, 1, 1)), 1921 * 1081 + 2 * 961 * 541);
        assert_eq!(bytes(Sampling { interleaved: true, ..planar(8, 1, 1) }), bytes(planar(8, 1, 1)));
        assert_eq!(bytes(planar(10, 1, 0)), 2 * (1921 * 1081 + 2 * 961 * 1081));
        assert_eq!(bytes(planar(12, 0, 0)), 6 * 1921 * 1081);
        let p010 = Sampling { bits: 10, padding_bits: 6, interleaved: true, ..Sampling::default() };
        assert_eq!(bytes(p010), 2 * bytes(planar(8, 1, 1)));
        assert_eq!(f32::from(940_u16 << 6) * p010.unit(), 235.0);
        assert_eq!(940.0 * planar(10, 1, 1).unit(), 235.0);
    }
}
