//! Points that can be followed, and where they went.
//!
//! Corners after Shi & Tomasi (Good Features to Track, 1994), followed by pyramidal Lucas–Kanade (Bouguet, Pyramidal
//! Implementation of the Lucas Kanade Feature Tracker, 2001).

use glam::Vec2;

use super::pyramid::{Grey, Pyramid};

/// Half the window that is compared, pixels of a level.
const RADIUS: i32 = 4;
/// Steps of a level at most, and the step below which it has settled, pixels.
const STEPS: usize = 12;
const SETTLED_PX: f32 = 0.03;
/// Least of the smaller eigenvalue of the gradients' mean square, grey levels² / pixel²: less is snow or sky.
const MIN_EIGENVALUE: f32 = 6.0;
/// Cells in which the best corner is looked for, across and down, so that points lie all over the picture.
const CELLS: [usize; 2] = [18, 11];
/// Farthest that a point may end from its beginning when it is followed there and back, pixels.
const MAX_RETURN_PX: f32 = 0.4;

/// The best corner of each cell, pixels of the finest level, where `is_background` allows it.
pub(super) fn corners(picture: &Grey, is_background: impl Fn(Vec2) -> bool, out: &mut Vec<Vec2>) {
    out.clear();
    let margin = RADIUS as usize + 1;
    for row in 0..CELLS[1] {
        for column in 0..CELLS[0] {
            let span = |index: usize, cells: usize, side: usize| {
                (index * side / cells).max(margin)..((index + 1) * side / cells).min(side - margin)
            };
            let mut best = (MIN_EIGENVALUE, None);
            for y in span(row, CELLS[1], picture.height).step_by(2) {
                for x in span(column, CELLS[0], picture.width).step_by(2) {
                    let at = Vec2::new(x as f32, y as f32);
                    let eigenvalue = min_eigenvalue(picture, x, y);
                    if eigenvalue > best.0 && is_background(at) {
                        best = (eigenvalue, Some(at));
                    }
                }
            }
            out.extend(best.1);
        }
    }
}

/// Smaller eigenvalue of the mean of the gradients' outer products in a 7×7 window.
fn min_eigenvalue(picture: &Grey, x: usize, y: usize) -> f32 {
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for v in y - 3..=y + 3 {
        for u in x - 3..=x + 3 {
            let at = v * picture.width + u;
            let gx = 0.5 * (picture.data[at + 1] - picture.data[at - 1]);
            let gy = 0.5 * (picture.data[at + picture.width] - picture.data[at - picture.width]);
            xx += gx * gx;
            xy += gx * gy;
            yy += gy * gy;
        }
    }
    let (half_trace, half_gap) = (0.5 * (xx + yy), 0.5 * (xx - yy));
    (half_trace - (half_gap * half_gap + xy * xy).sqrt()) / 49.0
}

/// Where the point at `from` of one picture is in another, pixels of the finest level; `None` where it is lost.
/// Followed back again it must end where it began.
pub(super) fn followed(before: &Pyramid, after: &Pyramid, from: Vec2) -> Option<Vec2> {
    let to = one_way(before, after, from)?;
    let back = one_way(after, before, to)?;
    (back.distance(from) <= MAX_RETURN_PX).then_some(to)
}

fn one_way(before: &Pyramid, after: &Pyramid, from: Vec2) -> Option<Vec2> {
    let mut flow = Vec2::ZERO;
    for (level, (a, b)) in before.levels().iter().zip(after.levels()).enumerate().rev() {
        // Pixel centres are at whole numbers: pixel i of a level covers pixels 2i and 2i + 1 of the finer one.
        let scale = (1 << level) as f32;
        let at = (from + 0.5) / scale - 0.5;
        flow = settle(a, b, at, flow)?;
        if level > 0 {
            flow *= 2.0;
        }
    }
    let finest = before.levels().first()?;
    let to = from + flow;
    let inside = to.cmpge(Vec2::ZERO).all() && to.x < finest.width as f32 && to.y < finest.height as f32;
    inside.then_some(to)
}

/// Side of the window that is compared, pixels of a level.
const SIDE: usize = (2 * RADIUS + 1) as usize;

/// Lucas–Kanade on one level from the flow so far.
fn settle(a: &Grey, b: &Grey, at: Vec2, mut flow: Vec2) -> Option<Vec2> {
    let corner = at - RADIUS as f32;
    // With a pixel more on each side, for the gradients.
    let template: [[f32; SIDE + 2]; SIDE + 2] = a.patch(corner - 1.0);
    let mut gradients = [[Vec2::ZERO; SIDE]; SIDE];
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (y, row) in gradients.iter_mut().enumerate() {
        for (x, gradient) in row.iter_mut().enumerate() {
            let gx = 0.5 * (template[y + 1][x + 2] - template[y + 1][x]);
            let gy = 0.5 * (template[y + 2][x + 1] - template[y][x + 1]);
            *gradient = Vec2::new(gx, gy);
            xx += gx * gx;
            xy += gx * gy;
            yy += gy * gy;
        }
    }
    let determinant = xx * yy - xy * xy;
    if determinant < 1.0 {
        return None;
    }
    for _ in 0..STEPS {
        let moved: [[f32; SIDE]; SIDE] = b.patch(corner + flow);
        let mut pull = Vec2::ZERO;
        for (y, row) in gradients.iter().enumerate() {
            for (x, gradient) in row.iter().enumerate() {
                pull += *gradient * (template[y + 1][x + 1] - moved[y][x]);
            }
        }
        let step = Vec2::new(yy * pull.x - xy * pull.y, xx * pull.y - xy * pull.x) / determinant;
        flow += step;
        if !flow.is_finite() || flow.length() > a.width as f32 {
            return None;
        }
        if step.length() < SETTLED_PX {
            break;
        }
    }
    Some(flow)
}
