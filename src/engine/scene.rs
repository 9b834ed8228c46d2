//! From riders to something that can be drawn: poses the bodies, names the boxes. Screen and export share it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::surfaces::Textures;
use crate::body::{BodyModel, PosedBody, SurfacePatches};
use crate::render::{LabelledBox, LinePattern, OverlayScene, Skeleton};
use crate::types::overlay::track_color;
use crate::types::{OverlayStyle, Provenance, RiderFrame, Track, TrackId, YuvImage};

/// Fills scenes for one body model.
pub struct SceneBuilder {
    body: Arc<BodyModel>,
    posed: PosedBody,
    names: Vec<(TrackId, String)>,
    textures: Option<Arc<Textures>>,
    /// Made when somebody is first drawn in his own colours.
    patches: Option<SurfacePatches>,
    /// Vertex colours of those who were.
    painted: BTreeMap<TrackId, Vec<[u8; 4]>>,
}

impl SceneBuilder {
    /// A builder that poses `body`.
    pub fn new(body: Arc<BodyModel>) -> Self {
        Self {
            body,
            posed: PosedBody::default(),
            names: Vec::new(),
            textures: None,
            patches: None,
            painted: BTreeMap::new(),
        }
    }

    /// The body that meshes are made of.
    pub fn body(&self) -> &BodyModel {
        &self.body
    }

    /// Takes what the user calls the riders; those without a name are labelled by number.
    pub fn set_names(&mut self, tracks: &[Track]) {
        self.names.clear();
        let named = tracks.iter().filter_map(|track| Some((track.id, track.name.clone()?)));
        self.names.extend(named);
    }

    /// Takes the colours that riders are seen in, where they are known yet.
    pub fn set_textures(&mut self, textures: Option<&Arc<Textures>>) {
        let same = match (&self.textures, textures) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            self.textures = textures.map(Arc::clone);
            self.painted.clear();
        }
    }

    /// Makes `scene` show `riders` over `picture`; what it held before is forgotten, its memory used again.
    pub fn fill<'r>(
        &mut self,
        scene: &mut OverlayScene,
        picture: Option<Arc<YuvImage>>,
        riders: impl IntoIterator<Item = &'r RiderFrame>,
        style: &OverlayStyle,
    ) {
        scene.clear();
        scene.picture = picture;
        scene.style = *style;
        for rider in riders.into_iter().filter(|rider| rider.provenance != Provenance::Missing) {
            let color = track_color(rider.track);
            let seen = rider.provenance.is_seen();
            if let Some(body) = &rider.body {
                if style.mesh || style.wireframe {
                    self.body.pose(&body.smpl, body.translation_m, &mut self.posed);
                    let mesh = scene.push_mesh(body.camera, color);
                    std::mem::swap(&mut mesh.vertices, &mut self.posed.vertices);
                    std::mem::swap(&mut mesh.normals, &mut self.posed.normals);
                    mesh.ghost = !seen;
                    if style.textured
                        && let Some(colors) =
                            self.textures.as_ref().and_then(|textures| textures.get(&rider.track))
                    {
                        let painted = self.painted.entry(rider.track).or_insert_with(|| {
                            let patches = self.patches.get_or_insert_with(|| SurfacePatches::new(&self.body));
                            let mut painted = Vec::new();
                            patches.paint(colors, &mut painted);
                            painted
                        });
                        mesh.colors.extend_from_slice(painted);
                    } else if style.doubt
                        && let Some(sigma_m) = &body.joint_sigma_m
                    {
                        self.body.paint_doubt(sigma_m, &mut mesh.colors);
                    }
                }
                if style.skeleton {
                    scene.skeletons.push(Skeleton { points: body.joints_2d, color, ghost: !seen });
                }
            }
            if style.boxes || style.labels {
                scene.boxes.push(LabelledBox {
                    bbox: rider.bbox,
                    color,
                    label: self.label(rider),
                    pattern: pattern(rider.provenance),
                });
            }
        }
    }

    /// "Rider 1 · detected 0.92".
    fn label(&self, rider: &RiderFrame) -> String {
        let named = self.names.iter().find(|(id, _)| *id == rider.track);
        let title = named.map_or_else(|| rider.track.title(), |(_, name)| name.clone());
        format!("{title} · {} {:.2}", rider.provenance.name(), rider.score)
    }
}

/// Line patterns double the colours for eyes that cannot tell them apart.
fn pattern(provenance: Provenance) -> LinePattern {
    match provenance {
        Provenance::Detected | Provenance::ReDetected => LinePattern::Solid,
        Provenance::Interpolated => LinePattern::Dashed,
        Provenance::Predicted | Provenance::Missing => LinePattern::Dotted,
    }
}
