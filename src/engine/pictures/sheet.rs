//! Contact sheets: small pictures in rows, each with its time.

use super::Pixels;
use crate::types::{ClipInfo, OverlayStyle};

/// Longest side of a small picture, pixels.
const TILE_PX: f32 = 640.0;

/// Space around the small pictures, pixels.
const GAP_PX: usize = 8;

/// Ground of the sheet.
const GROUND: [u8; 4] = [24, 26, 30, 255];

/// Width of a sheet divided by its height, as near as whole rows come to it: a screen's, or a page's on its side.
const ASPECT: f32 = 1.5;

/// Size of a small picture as a share of the clip's.
pub fn tile_scale(clip: &ClipInfo) -> f32 {
    (TILE_PX / clip.width.max(clip.height).max(1) as f32).min(1.0)
}

/// What is drawn into the small pictures: the time too.
pub fn style(style: OverlayStyle) -> OverlayStyle {
    OverlayStyle { clock: true, ..style }
}

/// Puts small pictures of one size beside and below each other, left to right and then down.
pub fn lay_out(tiles: &[Pixels]) -> Pixels {
    let (width, height) = tiles.first().map_or((1, 1), |tile| tile.size);
    let columns = columns(tiles.len(), width as f32 / height as f32);
    let rows = tiles.len().div_ceil(columns).max(1);
    let (tile_width, tile_height) = (width as usize, height as usize);
    let across = columns * (tile_width + GAP_PX) + GAP_PX;
    let down = rows * (tile_height + GAP_PX) + GAP_PX;
    let mut rgba = GROUND.repeat(across * down);
    for (index, tile) in tiles.iter().enumerate() {
        let left = index % columns * (tile_width + GAP_PX) + GAP_PX;
        let top = index / columns * (tile_height + GAP_PX) + GAP_PX;
        let lines = rgba.chunks_exact_mut(across * 4).skip(top);
        for (line, pixels) in lines.zip(tile.rgba.chunks_exact(tile_width * 4)) {
            line[left * 4..left * 4 + pixels.len()].copy_from_slice(pixels);
        }
    }
    Pixels { rgba, size: (across as u32, down as u32) }
}

/// Columns that bring `count` pictures of `aspect` nearest to the sheet's own shape.
fn columns(count: usize, aspect: f32) -> usize {
    let shape = |columns: usize| columns as f32 * aspect / count.div_ceil(columns) as f32;
    let off = |columns: usize| (shape(columns) / ASPECT).ln().abs();
    (1..=count.max(1)).min_by(|&a, &b| off(a).total_cmp(&off(b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_about_a_pages_shape_and_holds_every_picture_in_order() {
        assert_eq!((columns(12, 16.0 / 9.0), columns(12, 9.0 / 16.0), columns(1, 2.0)), (3, 6, 1));
        let tiles: Vec<Pixels> =
            (1..=5).map(|grey| Pixels { rgba: [grey * 40; 4].repeat(4), size: (2, 2) }).collect();
        let sheet = lay_out(&tiles);
        assert_eq!(sheet.size, (38, 28));
        let at = |x: usize, y: usize| sheet.rgba[(y * 38 + x) * 4];
        assert_eq!([at(8, 8), at(19, 9), at(29, 8), at(8, 18), at(19, 19)], [40, 80, 120, 160, 200]);
        assert_eq!([at(7, 8), at(10, 8), at(29, 18)], [GROUND[0]; 3]);
    }
}
