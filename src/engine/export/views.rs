//! The body from the side and from above, beside the camera's own view.
//!
//! "Above" is the camera's: its picture has no gravity in it. The body stands in the middle of each view at a fixed
//! scale, so that his size does not change with his distance.

use glam::{Mat3, Vec2, Vec3};

use super::compose::lay_in;
use crate::engine::EngineError;
use crate::render::{
    Gpu, MeshInstance, OverlayRenderer, OverlayScene, Readback, RenderTarget, Tag, ViewTransform,
};
use crate::types::{BBox, Camera, OverlayStyle};

/// Metres that a view shows from edge to edge: a tall rider with his arms up.
const SPAN_M: f32 = 2.6;

/// How far the view's camera stands off, metres; far enough that near limbs do not swell.
const DISTANCE_M: f32 = 8.0;

/// Ground of a view's name, as dark as that of the view.
const NAME_COLOR: [f32; 3] = [0.08, 0.09, 0.11];

/// Side of a view as a share of the picture's shorter side.
const SHARE: f32 = 0.3;

/// view_from_camera: looking along the picture's x axis, nearer parts on the right.
const SIDE: Mat3 = Mat3::from_cols(Vec3::new(0.0, 0.0, 1.0), Vec3::Y, Vec3::new(-1.0, 0.0, 0.0));

/// view_from_camera: looking down, farther parts at the top.
const ABOVE: Mat3 = Mat3::from_cols(Vec3::X, Vec3::new(0.0, 0.0, 1.0), Vec3::new(0.0, -1.0, 0.0));

/// Draws the two views and lays them into a picture.
pub struct Views {
    side_px: u32,
    parts: [View; 2],
    pixels: Vec<u8>,
}

struct View {
    name: &'static str,
    view_from_camera: Mat3,
    scene: OverlayScene,
    target: RenderTarget,
    readback: Readback,
}

impl Views {
    /// Views for a picture of `size` pixels.
    ///
    /// # Errors
    /// When the device has no room for them.
    pub fn new(gpu: &Gpu, size: (u32, u32)) -> Result<Self, EngineError> {
        let side_px = ((size.0.min(size.1) as f32 * SHARE) as u32).max(1);
        let view = |name, view_from_camera| -> Result<View, EngineError> {
            let mut scene = OverlayScene::default();
            scene.style = OverlayStyle { opacity: 1.0, ..OverlayStyle::default() };
            Ok(View {
                name,
                view_from_camera,
                scene,
                target: RenderTarget::new(gpu, side_px, side_px)?,
                readback: Readback::new(gpu),
            })
        };
        Ok(Self { side_px, parts: [view("side", SIDE)?, view("above", ABOVE)?], pixels: Vec::new() })
    }

    /// Draws the first of `bodies` from both directions and starts to read the pictures back.
    ///
    /// # Errors
    /// When they cannot be drawn.
    pub fn submit(
        &mut self,
        renderer: &mut OverlayRenderer,
        bodies: &[MeshInstance],
    ) -> Result<(), EngineError> {
        for view in &mut self.parts {
            view.scene.clear();
            // Its place is that of what it stands above: the lower left corner.
            let corner = Vec2::new(0.0, self.side_px as f32);
            let place = BBox { min: corner - Vec2::Y, max: corner + 1.0 };
            view.scene.tags.push(Tag { place, color: NAME_COLOR, text: view.name.into() });
            if let Some(body) = bodies.first() {
                turn(body, view.view_from_camera, self.side_px as f32, &mut view.scene);
            }
            renderer.render(&view.scene, &view.target, &ViewTransform::IDENTITY)?;
            view.readback.submit(&view.target)?;
        }
        Ok(())
    }

    /// Lays the oldest views that were submitted into `rgba`, `width` pixels across: top right, the side over the top.
    ///
    /// # Errors
    /// When the device does not give them back.
    pub fn lay_into(&mut self, rgba: &mut [u8], width: u32) -> Result<(), EngineError> {
        let margin = self.side_px / 12;
        let x = width.saturating_sub(self.side_px + margin);
        for (view, place) in self.parts.iter_mut().zip(0..) {
            if view.readback.take(&mut self.pixels)? {
                let y = margin + place * (self.side_px + margin);
                lay_in(&self.pixels, self.side_px, rgba, width, (x, y));
            }
        }
        Ok(())
    }
}

/// Puts `body`, turned, into the middle of a square scene of `side_px` pixels.
fn turn(body: &MeshInstance, view_from_camera: Mat3, side_px: f32, scene: &mut OverlayScene) {
    let (low, high) = body
        .vertices
        .iter()
        .fold((Vec3::splat(f32::INFINITY), Vec3::splat(f32::NEG_INFINITY)), |(low, high), &vertex| {
            (low.min(vertex), high.max(vertex))
        });
    let middle = (low + high) * 0.5;
    let camera = Camera { focal_px: side_px * DISTANCE_M / SPAN_M, center_px: Vec2::splat(side_px * 0.5) };
    let turned = scene.push_mesh(camera, body.color);
    let place = |&vertex: &Vec3| view_from_camera * (vertex - middle) + Vec3::Z * DISTANCE_M;
    turned.vertices.extend(body.vertices.iter().map(place));
    turned.normals.extend(body.normals.iter().map(|&normal| view_from_camera * normal));
    turned.ghost = body.ghost;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_look_from_the_side_and_from_above_without_mirroring() {
        for view in [SIDE, ABOVE] {
            assert!((view.determinant() - 1.0).abs() < 1e-6);
        }
        // What is farther away lies left in the side view and at the top seen from above; what is lower in the
        // picture stays lower in the side view and is farther from above.
        assert_eq!(SIDE * Vec3::Z, Vec3::NEG_X);
        assert_eq!(SIDE * Vec3::Y, Vec3::Y);
        assert_eq!(ABOVE * Vec3::Z, Vec3::NEG_Y);
        assert_eq!(ABOVE * Vec3::Y, Vec3::Z);
    }
}
