//! The shape of somebody within his box.

use glam::Vec2;

use super::geometry::BBox;

/// How likely each part of a box is somebody, as a small square of codes stretched over the box.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// The box, picture pixels.
    pub bbox: BBox,
    /// Codes in a row and in a column.
    pub side: usize,
    /// side × side, 0 to 255, row by row from the top left.
    pub codes: Vec<u8>,
}

impl Mask {
    /// Code from which a place is somebody: half way.
    pub const INSIDE: u8 = 128;

    /// Whether a place in the picture is somebody; nothing outside the box is.
    pub fn contains(&self, place: Vec2) -> bool {
        let cell = (place - self.bbox.min) / self.bbox.size() * self.side as f32;
        // Where the box has no area these are no numbers, and no place.
        let is_inside = cell.cmpge(Vec2::ZERO).all() && cell.cmplt(Vec2::splat(self.side as f32)).all();
        is_inside && self.is_somebody(cell.x as usize, cell.y as usize)
    }

    fn is_somebody(&self, column: usize, row: usize) -> bool {
        self.codes.get(row * self.side + column).is_some_and(|&code| code >= Self::INSIDE)
    }

    /// The line around somebody as pieces in picture pixels, in no order: marching squares over the middles of the cells
    /// (Lorensen & Cline, Marching Cubes, 1987, in the plane), with nobody around the box.
    pub fn outline(&self) -> Vec<[Vec2; 2]> {
        let cell = self.bbox.size() / self.side.max(1) as f32;
        let at = |x: f32, y: f32| {
            self.bbox.min + Vec2::new(x, y).clamp(Vec2::ZERO, Vec2::splat(self.side as f32)) * cell
        };
        let inside = |column: usize, row: usize| {
            let is_cell = (1..=self.side).contains(&column) && (1..=self.side).contains(&row);
            is_cell && self.is_somebody(column - 1, row - 1)
        };
        let mut pieces = Vec::new();
        for row in 0..=self.side {
            for column in 0..=self.side {
                // The square between the middles of four cells; its sides are crossed half way.
                let (x, y) = (column as f32 - 0.5, row as f32 - 0.5);
                let (top, right) = (at(x + 0.5, y), at(x + 1.0, y + 0.5));
                let (bottom, left) = (at(x + 0.5, y + 1.0), at(x, y + 0.5));
                let corners = [
                    inside(column, row),
                    inside(column + 1, row),
                    inside(column + 1, row + 1),
                    inside(column, row + 1),
                ];
                match corners {
                    [a, b, c, d] if a == b && b == c && c == d => {}
                    [a, b, c, d] if a == c && b == d => {
                        pieces.extend(if a {
                            [[top, right], [left, bottom]]
                        } else {
                            [[left, top], [right, bottom]]
                        });
                    }
                    [a, b, c, d] if b == c && c == d && a != b => pieces.push([left, top]),
                    [a, b, c, d] if a == c && c == d && b != a => pieces.push([top, right]),
                    [a, b, c, d] if a == b && b == d && c != a => pieces.push([right, bottom]),
                    [a, b, c, d] if a == b && b == c && d != a => pieces.push([bottom, left]),
                    [a, b, ..] if a == b => pieces.push([left, right]),
                    _ => pieces.push([top, bottom]),
                }
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 40 × 40 pixels from (100, 200) on, 4 × 4 cells, a cross without its arms' ends.
    fn mask() -> Mask {
        let rows = ["....", ".##.", ".#..", "...."];
        let codes =
            rows.iter().flat_map(|row| row.bytes().map(|b| if b == b'#' { 255 } else { 0 })).collect();
        Mask { bbox: BBox::new(100.0, 200.0, 140.0, 240.0), side: 4, codes }
    }

    #[test]
    fn places_are_somebody_where_their_cell_is() {
        let mask = mask();
        assert!(mask.contains(Vec2::new(115.0, 215.0)) && mask.contains(Vec2::new(129.9, 210.0)));
        assert!(!mask.contains(Vec2::new(125.0, 225.0)) && !mask.contains(Vec2::new(99.0, 215.0)));
        assert!(!mask.contains(Vec2::NAN) && !mask.contains(Vec2::splat(1e30)));
        let flat = Mask { bbox: BBox::new(1.0, 1.0, 1.0, 1.0), ..mask };
        assert!(!flat.contains(Vec2::ONE));
    }

    #[test]
    fn the_outline_is_closed_and_goes_between_inside_and_outside() {
        let pieces = mask().outline();
        // Every end meets one other: closed lines.
        let key = |point: Vec2| ((point.x * 16.0).round() as i64, (point.y * 16.0).round() as i64);
        let mut ends = std::collections::BTreeMap::new();
        for point in pieces.iter().flatten() {
            *ends.entry(key(*point)).or_insert(0) += 1;
        }
        assert!(!pieces.is_empty() && ends.values().all(|&count| count == 2), "{ends:?}");
        let lowest = pieces.iter().flatten().fold(Vec2::INFINITY, |low, point| low.min(*point));
        let highest = pieces.iter().flatten().fold(Vec2::NEG_INFINITY, |high, point| high.max(*point));
        assert_eq!((lowest, highest), (Vec2::new(110.0, 210.0), Vec2::new(130.0, 230.0)));
    }

    #[test]
    fn a_full_mask_is_outlined_within_its_box_and_an_empty_or_damaged_one_not_at_all() {
        let full = Mask { codes: vec![255; 16], ..mask() };
        let outline = full.outline();
        assert!(!outline.is_empty());
        assert!(
            outline.iter().flatten().all(|p| p.x >= 100.0 && p.x <= 140.0 && p.y >= 200.0 && p.y <= 240.0)
        );
        assert!(Mask { codes: vec![0; 16], ..mask() }.outline().is_empty());
        assert!(Mask { codes: Vec::new(), ..mask() }.outline().is_empty());
        assert!(Mask { side: 0, codes: Vec::new(), ..mask() }.outline().is_empty());
    }
}
