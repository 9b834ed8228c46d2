//! What to draw: plain data, filled anew for each frame.

use std::sync::Arc;

use glam::{Vec2, Vec3};
use serde::{Deserialize, Serialize};

use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::{BBox, Camera, Keypoint, OverlayStyle, YuvImage};

/// An sRGB colour as written in a style sheet: gamma-coded, 0 to 1.
pub type Srgb = [f32; 3];

/// One frame's picture and everything over it.
///
/// Keep one and [`clear`](Self::clear) it between frames: the vertex memory of the bodies is used again.
#[derive(Clone, Debug, Default)]
pub struct OverlayScene {
    /// The video frame; without one the ground stays transparent.
    pub picture: Option<Arc<YuvImage>>,
    /// Size that the picture is drawn at where that is not its own, in pixels of the scene: a small copy stands in for the
    /// frame.
    pub picture_size: Option<[u32; 2]>,
    /// Bodies, in any order: the nearer one hides the farther.
    pub meshes: Vec<MeshInstance>,
    /// Skeletons, drawn in order.
    pub skeletons: Vec<Skeleton>,
    /// Boxes, drawn in order.
    pub boxes: Vec<LabelledBox>,
    /// Paths, drawn in order under the skeletons.
    pub trails: Vec<Trail>,
    /// Outlines of shapes, drawn in order under the trails.
    pub outlines: Vec<Outline>,
    /// Texts beside places; drawn whatever the style says.
    pub tags: Vec<Tag>,
    /// What of this is drawn, and how.
    pub style: OverlayStyle,
    spare: Vec<MeshInstance>,
}

impl OverlayScene {
    /// A picture with nothing over it, in the default style.
    pub fn new(picture: Option<Arc<YuvImage>>) -> Self {
        Self { picture, ..Self::default() }
    }

    /// Takes everything out but the style.
    pub fn clear(&mut self) {
        (self.picture, self.picture_size) = (None, None);
        self.spare.append(&mut self.meshes);
        self.skeletons.clear();
        self.boxes.clear();
        self.trails.clear();
        self.outlines.clear();
        self.tags.clear();
    }

    /// Whether nothing is in it but the frame.
    pub fn is_bare(&self) -> bool {
        let nobody = self.meshes.is_empty() && self.skeletons.is_empty() && self.boxes.is_empty();
        nobody && self.trails.is_empty() && self.outlines.is_empty() && self.tags.is_empty()
    }

    /// Adds a body without vertices, to be filled; its memory may be that of an earlier frame's.
    pub fn push_mesh(&mut self, camera: Camera, color: Srgb) -> &mut MeshInstance {
        let mut mesh = self.spare.pop().unwrap_or_else(|| MeshInstance::new(camera, color));
        mesh.vertices.clear();
        mesh.normals.clear();
        mesh.colors.clear();
        let index = self.meshes.len();
        self.meshes.push(MeshInstance { camera, color, opacity: None, ghost: false, ..mesh });
        &mut self.meshes[index]
    }
}

/// One posed body. Its triangles are the renderer's topology.
#[derive(Clone, Debug)]
pub struct MeshInstance {
    /// Camera frame, metres.
    pub vertices: Vec<Vec3>,
    /// Outward unit normals, camera frame, one a vertex.
    pub normals: Vec<Vec3>,
    /// Own colours of the vertices, gamma-coded R'G'B', and how far each is to cover [`color`](Self::color), 0 to 255;
    /// empty where there are none.
    pub colors: Vec<[u8; 4]>,
    /// The camera that the body is seen through.
    pub camera: Camera,
    /// Colour of its surface.
    pub color: Srgb,
    /// Opacity in place of the style's, 0 to 1.
    pub opacity: Option<f32>,
    /// Draws the body hatched: its state was not detected in this frame but predicted or interpolated.
    pub ghost: bool,
}

impl MeshInstance {
    /// A body without vertices.
    pub fn new(camera: Camera, color: Srgb) -> Self {
        let (vertices, normals, colors) = (Vec::new(), Vec::new(), Vec::new());
        Self { vertices, normals, colors, camera, color, opacity: None, ghost: false }
    }
}

/// The 2D joints of one rider, joined by [`COCO_BONES`](crate::types::person::COCO_BONES).
#[derive(Clone, Debug)]
pub struct Skeleton {
    /// Joints, picture pixels; those with a low score are left out with their bones.
    pub points: [Keypoint; COCO_KEYPOINT_COUNT],
    /// Colour of bones and joints.
    pub color: Srgb,
    /// Draws the bones dashed: not detected in this frame.
    pub ghost: bool,
}

/// How the sides of a box are drawn; doubles colour for eyes that cannot tell colours apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinePattern {
    /// One line.
    #[default]
    Solid,
    /// Dashes as long as four line widths.
    Dashed,
    /// Round dots.
    Dotted,
}

/// A box with a name on it.
#[derive(Clone, Debug)]
pub struct LabelledBox {
    /// Where, picture pixels.
    pub bbox: BBox,
    /// Colour of the sides and of the label's ground.
    pub color: Srgb,
    /// Text over the top-left corner; none where empty.
    pub label: String,
    /// How the sides are drawn.
    pub pattern: LinePattern,
}

/// Where a point was lately.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// Places, picture pixels, oldest first, and how old each is: 0 for now, 1 for the oldest that is shown.
    pub points: Vec<(Vec2, f32)>,
    /// Colour of the line.
    pub color: Srgb,
    /// Half as wide: one of several of the same rider.
    pub is_thin: bool,
}

/// The line around a shape.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// Its pieces from one place to the next, picture pixels, in any order.
    pub pieces: Vec<[Vec2; 2]>,
    /// Its colour.
    pub color: Srgb,
}

/// A text over a place.
#[derive(Clone, Debug)]
pub struct Tag {
    /// What it stands over, picture pixels.
    pub place: BBox,
    /// Colour of its ground.
    pub color: Srgb,
    /// The text.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleared_scene_gives_the_vertex_memory_back_and_forgets_the_rest() {
        let camera = Camera::centered(500.0, 64, 64);
        let mut scene = OverlayScene::default();
        let mesh = scene.push_mesh(camera, [1.0, 0.0, 0.0]);
        mesh.vertices.resize(1000, Vec3::ONE);
        mesh.colors.resize(1000, [1; 4]);
        mesh.opacity = Some(0.3);
        mesh.ghost = true;
        let memory = mesh.vertices.as_ptr();
        scene.clear();
        assert!(scene.meshes.is_empty());
        let again = scene.push_mesh(camera, [0.0, 1.0, 0.0]);
        assert_eq!(again.vertices.as_ptr(), memory);
        assert!(
            again.vertices.is_empty() && again.colors.is_empty() && again.opacity.is_none() && !again.ghost
        );
        assert_eq!(again.color, [0.0, 1.0, 0.0]);
    }
}
