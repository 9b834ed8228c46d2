//! Turning planes upright.
//!
//! Phones record sideways and note the turn in a display matrix, which no decoder applies. Turning the planes as
//! they are copied makes every later stage see upright pictures alone.

use super::planes::Plane;

/// Source rows handled together when rows become columns: their lines stay in the first-level cache.
const TILE: usize = 32;

/// One of the eight ways to lay a picture down: an exchange of axes, then mirroring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    /// Whether source rows become columns.
    transpose: bool,
    /// Whether the outcome is mirrored left to right.
    flip_x: bool,
    /// Whether the outcome is mirrored top to bottom.
    flip_y: bool,
}

impl Orientation {
    /// The orientation that a display matrix asks for, to the nearest quarter turn.
    ///
    /// The matrix (ISO/IEC 14496-12, 6.2.2) maps x' = a·x + c·y, y' = b·x + d·y with a, b, c, d at places 0, 1, 3
    /// and 4, y pointing down.
    pub(super) fn from_display_matrix(matrix: &[i32; 9]) -> Self {
        let [a, b, _, c, d, ..] = matrix.map(i64::from);
        if a.abs() + d.abs() >= b.abs() + c.abs() {
            Self { transpose: false, flip_x: a < 0, flip_y: d < 0 }
        } else {
            Self { transpose: true, flip_x: c < 0, flip_y: b < 0 }
        }
    }

    /// Degrees clockwise. For a mirrored picture, the turn that comes after mirroring it left to right.
    pub(super) fn rotation_deg(self) -> u32 {
        match (self.transpose, self.flip_x, self.flip_y) {
            (false, _, false) => 0,
            (true, true, _) => 90,
            (false, _, true) => 180,
            (true, false, _) => 270,
        }
    }

    /// Whether width and height change places.
    pub(super) fn swaps_axes(self) -> bool {
        self.transpose
    }

    /// Width and height after turning. Its own inverse.
    pub(super) fn turned_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.transpose { (height, width) } else { (width, height) }
    }

    /// A displacement from the middle of a picture whose axes have changed places where they do, after mirroring.
    pub(super) fn turned_offset(self, [x, y]: [f32; 2]) -> [f32; 2] {
        [if self.flip_x { -x } else { x }, if self.flip_y { -y } else { y }]
    }

    /// Copies a plane of elements of 1, 2 or 4 bytes upright into `target`, which has the turned size and no padding.
    pub(super) fn copy(self, source: Plane<'_>, element_bytes: usize, target: &mut [u8]) {
        match element_bytes {
            1 => self.copy_elements::<1>(source, target),
            2 => self.copy_elements::<2>(source, target),
            _ => self.copy_elements::<4>(source, target),
        }
    }

    fn copy_elements<const BYTES: usize>(self, source: Plane<'_>, target: &mut [u8]) {
        let (width, height) = (source.width(), source.height());
        if width < BYTES || height == 0 {
            return;
        }
        if self.transpose {
            self.copy_transposed(source, target.as_chunks_mut::<BYTES>().0);
            return;
        }
        for (y, row) in target.chunks_exact_mut(width).enumerate().take(height) {
            row.copy_from_slice(source.row(if self.flip_y { height - 1 - y } else { y }));
            if self.flip_x {
                row.as_chunks_mut::<BYTES>().0.reverse();
            }
        }
    }

    fn copy_transposed<const BYTES: usize>(self, source: Plane<'_>, target: &mut [[u8; BYTES]]) {
        let (width, height) = (source.width() / BYTES, source.height());
        for tile in (0..height).step_by(TILE) {
            let columns = tile..(tile + TILE).min(height);
            for (y, row) in target.chunks_exact_mut(height).enumerate().take(width) {
                let source_x = if self.flip_y { width - 1 - y } else { y };
                for x in columns.clone() {
                    let source_y = if self.flip_x { height - 1 - x } else { x };
                    row[x] = source.row(source_y).as_chunks::<BYTES>().0[source_x];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << 16;

    fn matrix(a: i32, b: i32, c: i32, d: i32) -> [i32; 9] {
        [a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30]
    }

    /// Applies the display matrix pixel by pixel, as the standard writes it.
    fn by_definition(m: [i32; 4], source: &[u8], width: i32, height: i32) -> (Vec<u8>, usize) {
        let [a, b, c, d] = m;
        let place = |x: i32, y: i32| (a * x + c * y, b * x + d * y);
        let corners =
            [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)].map(|(x, y)| place(x, y));
        let left = corners.iter().map(|p| p.0).min().unwrap();
        let right = corners.iter().map(|p| p.0).max().unwrap();
        let top = corners.iter().map(|p| p.1).min().unwrap();
        let turned_width = (right - left + 1) as usize;
        let mut out = vec![0; source.len()];
        for y in 0..height {
            for x in 0..width {
                let (px, py) = place(x, y);
                out[(py - top) as usize * turned_width + (px - left) as usize] =
                    source[(y * width + x) as usize];
            }
        }
        (out, turned_width)
    }

    #[test]
    fn every_display_matrix_lays_the_plane_down_as_the_standard_says() {
        let (width, height) = (45, 70);
        let source: Vec<u8> = (0..width * height).map(|i| (i * 7 % 251) as u8).collect();
        for m in [
            [1, 0, 0, 1],
            [-1, 0, 0, 1],
            [1, 0, 0, -1],
            [-1, 0, 0, -1],
            [0, 1, 1, 0],
            [0, 1, -1, 0],
            [0, -1, 1, 0],
            [0, -1, -1, 0],
        ] {
            let orientation = Orientation::from_display_matrix(&matrix(m[0], m[1], m[2], m[3]));
            let (expected, expected_width) = by_definition(m, &source, width as i32, height as i32);
            let mut target = vec![0; source.len()];
            let plane = Plane::new(&source, width, width, height).unwrap();
            orientation.copy(plane, 1, &mut target);
            assert_eq!(
                orientation.turned_size(width as u32, height as u32).0 as usize,
                expected_width,
                "{m:?}"
            );
            assert_eq!(target, expected, "{m:?}");
        }
    }

    #[test]
    fn samples_of_several_bytes_stay_whole() {
        let source = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        // Three elements of two bytes across, two down, turned a quarter clockwise.
        let turned = Orientation::from_display_matrix(&matrix(0, 1, -1, 0));
        let mut target = [0; 12];
        turned.copy(Plane::new(&source, 6, 6, 2).unwrap(), 2, &mut target);
        assert_eq!(target, [7, 8, 1, 2, 9, 10, 3, 4, 11, 12, 5, 6]);
        let half_turn = Orientation::from_display_matrix(&matrix(-1, 0, 0, -1));
        half_turn.copy(Plane::new(&source, 4, 4, 3).unwrap(), 4, &mut target);
        assert_eq!(target, [9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4]);
        assert_eq!(half_turn.turned_offset([0.25, 0.0]), [-0.25, 0.0]);
    }

    #[test]
    fn quarter_turns_are_named_clockwise() {
        for (m, degrees) in [
            (matrix(1, 0, 0, 1), 0),
            (matrix(0, 1, -1, 0), 90),
            (matrix(-1, 0, 0, -1), 180),
            (matrix(0, -1, 1, 0), 270),
        ] {
            assert_eq!(Orientation::from_display_matrix(&m).rotation_deg(), degrees);
        }
    }

    #[test]
    fn padding_between_rows_is_left_out() {
        let padded = [1, 2, 9, 9, 3, 4];
        let mut target = [0; 4];
        Orientation::default().copy(Plane::new(&padded, 4, 2, 2).unwrap(), 1, &mut target);
        assert_eq!(target, [1, 2, 3, 4]);
    }
}
