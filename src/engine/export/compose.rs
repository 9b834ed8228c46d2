//! Putting drawn pictures together, and making them what a file wants. Pixels are 8-bit R'G'B'A.

/// Turns colours that are multiplied by their alpha, as a renderer leaves them, into colours that are not, as PNG and
/// ProRes keep them. Where nothing was drawn all channels are 0.
pub fn straight_alpha(rgba: &mut [u8]) {
    for pixel in rgba.as_chunks_mut::<4>().0 {
        let alpha = u32::from(pixel[3]);
        if alpha == 0 || alpha == 255 {
            continue;
        }
        for channel in &mut pixel[..3] {
            *channel = ((u32::from(*channel) * 255 + alpha / 2) / alpha).min(255) as u8;
        }
    }
}

/// Puts `left` and `right`, both `width` pixels across, beside each other into `out`.
pub fn side_by_side(left: &[u8], right: &[u8], width: u32, out: &mut Vec<u8>) {
    let row = (width as usize * 4).max(1);
    out.clear();
    for (left, right) in left.chunks_exact(row).zip(right.chunks_exact(row)) {
        out.extend_from_slice(left);
        out.extend_from_slice(right);
    }
}

/// Lays a picture with transparent ground (colours multiplied by alpha), `side` pixels square, over `base`, `width`
/// pixels across, with its top-left corner at (`x`, `y`). The ground below is darkened to set the picture off.
pub fn lay_in(inset: &[u8], side: u32, base: &mut [u8], width: u32, (x, y): (u32, u32)) {
    let (row, inset_row) = (width as usize * 4, side as usize * 4);
    let rows = base.chunks_exact_mut(row.max(1)).skip(y as usize);
    for (base, inset) in rows.zip(inset.chunks_exact(inset_row.max(1))) {
        let pixels = base.as_chunks_mut::<4>().0.iter_mut().skip(x as usize);
        for (under, over) in pixels.zip(inset.as_chunks::<4>().0) {
            let rest = 255 - u32::from(over[3]);
            for (under, over) in under.iter_mut().zip(over).take(3) {
                let ground = u32::from(*under) * 2 / 5;
                *under = (u32::from(*over) + (ground * rest + 127) / 255).min(255) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_covered_orange_is_orange_again() {
        let mut rgba = [115, 60, 0, 128, 0, 0, 0, 0, 9, 8, 7, 255];
        straight_alpha(&mut rgba);
        assert_eq!(rgba, [229, 120, 0, 128, 0, 0, 0, 0, 9, 8, 7, 255]);
    }

    #[test]
    fn rows_lie_beside_each_other() {
        let mut out = Vec::new();
        side_by_side(&[1; 16], &[2; 16], 2, &mut out);
        assert_eq!(out, [[1; 8], [2; 8], [1; 8], [2; 8]].concat());
    }

    #[test]
    fn an_inset_covers_its_own_square_alone() {
        let mut base = [100; 4 * 4 * 3];
        lay_in(&[200, 0, 0, 255], 1, &mut base, 4, (2, 1));
        for (index, pixel) in base.as_chunks::<4>().0.iter().enumerate() {
            let expected = if index == 6 { [200, 0, 0, 100] } else { [100; 4] };
            assert_eq!(*pixel, expected, "pixel {index}");
        }
    }
}
