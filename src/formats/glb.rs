//! Binary glTF 2.0 (Khronos): everyone's skinned body, moving.
//!
//! World frame, metres, seconds. For each rider: a node with the mesh in its rest pose (a T, shape of the mean betas),
//! 24 joint nodes named `R1_pelvis` and so on in SMPL's tree, a skin with the four heaviest joints of each vertex, and
//! channels of the one animation: rotations of all joints, the root's translation, and the other joints' where bones
//! do not keep their length. There is a key at the exact time of every frame in which the body is known; players move
//! straight on between keys. The origin and each rider's provenance by frame are in `asset.extras`.

use std::io::{self, Write};

use glam::{Mat4, Quat, Vec3, Vec4};
use serde_json::{Value, json};

use super::dataset::Dataset;
use super::motion::Motion;
use crate::types::overlay::track_color;
use crate::types::smpl::{JOINT_COUNT, JOINT_NAMES, PARENTS};
use crate::types::{Track, TrackId};

/// A body at rest and what its joints carry.
#[derive(Clone, Debug, Default)]
pub struct SkinnedMesh {
    /// Surface points in the rest pose, body frame, metres.
    pub vertices: Vec<Vec3>,
    /// Vertex indices, counter-clockwise seen from outside.
    pub triangles: Vec<[u32; 3]>,
    /// The four joints that carry each vertex most.
    pub joints: Vec<[u8; 4]>,
    /// Their shares; they sum to one.
    pub weights: Vec<[f32; 4]>,
    /// Joints in the rest pose, body frame, metres.
    pub rest_joints: [Vec3; JOINT_COUNT],
}

const FLOAT: u32 = 5126;
const UNSIGNED_BYTE: u32 = 5121;
const UNSIGNED_INT: u32 = 5125;
const ARRAY_BUFFER: u32 = 34962;
const ELEMENT_ARRAY_BUFFER: u32 = 34963;

/// Writes the riders of whom a body is known.
pub(super) fn write(
    data: &Dataset<'_>,
    mesh: &dyn Fn(TrackId) -> SkinnedMesh,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut scene = Scene::default();
    for track in data.tracks {
        let motion = Motion::of(data, track.id);
        if !motion.is_empty() {
            scene.add_rider(data, track, &motion, &mesh(track.id));
        }
    }
    let (json, binary) = scene.finish(data)?;
    let length = 12 + 8 + json.len() + 8 + binary.len();
    let length = u32::try_from(length).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "more than the 4 GiB that a GLB file can hold")
    })?;
    out.write_all(b"glTF")?;
    for number in [2, length, json.len() as u32] {
        out.write_all(&number.to_le_bytes())?;
    }
    out.write_all(b"JSON")?;
    out.write_all(&json)?;
    out.write_all(&(binary.len() as u32).to_le_bytes())?;
    out.write_all(b"BIN\0")?;
    out.write_all(&binary)
}

/// The file as it grows.
#[derive(Default)]
struct Scene {
    binary: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
    nodes: Vec<Value>,
    roots: Vec<usize>,
    meshes: Vec<Value>,
    skins: Vec<Value>,
    materials: Vec<Value>,
    samplers: Vec<Value>,
    channels: Vec<Value>,
}

impl Scene {
    fn add_rider(&mut self, data: &Dataset<'_>, track: &Track, motion: &Motion, mesh: &SkinnedMesh) {
        let rider = track.id.0;
        let first = self.nodes.len();
        for (joint, name) in JOINT_NAMES.iter().enumerate() {
            let children: Vec<usize> = (1..JOINT_COUNT)
                .filter(|child| PARENTS[*child] == joint)
                .map(|child| first + child)
                .collect();
            let place = if joint == 0 { mesh.rest_joints[0] } else { motion.bones[joint] };
            let mut node = json!({ "name": format!("R{rider}_{name}"), "translation": place.to_array() });
            if !children.is_empty() {
                node["children"] = json!(children);
            }
            self.nodes.push(node);
        }
        let joints: Vec<usize> = (first..first + JOINT_COUNT).collect();
        let inverse_bind: Vec<f32> = mesh
            .rest_joints
            .iter()
            .flat_map(|joint| Mat4::from_translation(-*joint).to_cols_array())
            .collect();
        let inverse_bind = self.floats(&inverse_bind, "MAT4", 16, None, false);
        self.skins.push(json!({
            "name": format!("R{rider}"), "joints": joints, "skeleton": first, "inverseBindMatrices": inverse_bind,
        }));
        let mesh = self.add_mesh(track, mesh);
        self.nodes
            .push(json!({ "name": format!("rider {rider}"), "mesh": mesh, "skin": self.skins.len() - 1 }));
        self.roots.extend([first, first + JOINT_COUNT]);
        self.animate(data, motion, first);
    }

    fn add_mesh(&mut self, track: &Track, mesh: &SkinnedMesh) -> usize {
        let flat = |points: &[Vec3]| points.iter().flat_map(Vec3::to_array).collect::<Vec<f32>>();
        let position = self.floats(&flat(&mesh.vertices), "VEC3", 3, Some(ARRAY_BUFFER), true);
        let normal = self.floats(&flat(&normals(mesh)), "VEC3", 3, Some(ARRAY_BUFFER), false);
        let view = self.view(mesh.joints.as_flattened(), Some(ARRAY_BUFFER));
        let joints = self.accessor(view, UNSIGNED_BYTE, "VEC4", mesh.joints.len());
        let weights = self.floats(mesh.weights.as_flattened(), "VEC4", 4, Some(ARRAY_BUFFER), false);
        let indices: Vec<u8> =
            mesh.triangles.iter().flatten().flat_map(|index| index.to_le_bytes()).collect();
        let view = self.view(&indices, Some(ELEMENT_ARRAY_BUFFER));
        let indices = self.accessor(view, UNSIGNED_INT, "SCALAR", mesh.triangles.len() * 3);
        // Colours of materials are linear (glTF 2.0, 3.9.2).
        let [r, g, b] = track_color(track.id).map(|channel| f64::from(channel).powf(2.2));
        self.materials.push(json!({
            "pbrMetallicRoughness": {
                "baseColorFactor": [r, g, b, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.8,
            },
        }));
        self.meshes.push(json!({
            "primitives": [{
                "attributes": {
                    "POSITION": position, "NORMAL": normal, "JOINTS_0": joints, "WEIGHTS_0": weights,
                },
                "indices": indices,
                "material": self.materials.len() - 1,
            }],
        }));
        self.meshes.len() - 1
    }

    fn animate(&mut self, data: &Dataset<'_>, motion: &Motion, first: usize) {
        let known = || (0_u64..).zip(&motion.poses).filter_map(|(frame, pose)| Some((frame, pose.as_ref()?)));
        let times: Vec<f32> = known().map(|(frame, _)| data.clip.frames.seconds(frame) as f32).collect();
        let times = self.floats(&times, "SCALAR", 1, None, true);
        for joint in 0..JOINT_COUNT {
            let mut last = Quat::IDENTITY;
            let turns: Vec<f32> = known()
                .flat_map(|(_, pose)| {
                    // Of the two quaternions of a rotation the one nearer the last, so that players take the short way.
                    let turn = pose.rotations[joint];
                    last = if turn.dot(last) < 0.0 { -turn } else { turn };
                    last.to_array()
                })
                .collect();
            let turns = self.floats(&turns, "VEC4", 4, None, false);
            self.channel(times, turns, first + joint, "rotation");
            if joint == 0 || !motion.is_rigid {
                let places: Vec<f32> = known().flat_map(|(_, pose)| pose.offsets[joint].to_array()).collect();
                let places = self.floats(&places, "VEC3", 3, None, false);
                self.channel(times, places, first + joint, "translation");
            }
        }
    }

    fn channel(&mut self, input: usize, output: usize, node: usize, path: &str) {
        self.samplers.push(json!({ "input": input, "output": output, "interpolation": "LINEAR" }));
        let sampler = self.samplers.len() - 1;
        self.channels.push(json!({ "sampler": sampler, "target": { "node": node, "path": path } }));
    }

    /// An accessor over `width` floats an element; with the least and greatest of each where the format wants them.
    fn floats(
        &mut self,
        floats: &[f32],
        kind: &str,
        width: usize,
        target: Option<u32>,
        bounds: bool,
    ) -> usize {
        let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
        let view = self.view(&bytes, target);
        let accessor = self.accessor(view, FLOAT, kind, floats.len() / width);
        if bounds {
            let fold = |pick: fn(f32, f32) -> f32, start: f32| -> Vec<f32> {
                let column = |axis: usize| floats.iter().skip(axis).step_by(width).copied().fold(start, pick);
                (0..width).map(column).collect()
            };
            self.accessors[accessor]["min"] = json!(fold(f32::min, f32::INFINITY));
            self.accessors[accessor]["max"] = json!(fold(f32::max, f32::NEG_INFINITY));
        }
        accessor
    }

    fn view(&mut self, bytes: &[u8], target: Option<u32>) -> usize {
        // Accessors begin at a multiple of their numbers' size (glTF 2.0, 3.6.2.4).
        self.binary.resize(self.binary.len().next_multiple_of(4), 0);
        let mut view = json!({ "buffer": 0, "byteOffset": self.binary.len(), "byteLength": bytes.len() });
        if let Some(target) = target {
            view["target"] = json!(target);
        }
        self.binary.extend_from_slice(bytes);
        self.views.push(view);
        self.views.len() - 1
    }

    fn accessor(&mut self, view: usize, component: u32, kind: &str, count: usize) -> usize {
        self.accessors
            .push(json!({ "bufferView": view, "componentType": component, "type": kind, "count": count }));
        self.accessors.len() - 1
    }

    /// The two chunks, padded.
    fn finish(mut self, data: &Dataset<'_>) -> io::Result<(Vec<u8>, Vec<u8>)> {
        self.binary.resize(self.binary.len().next_multiple_of(4), 0);
        let document = json!({
            "asset": {
                "version": "2.0",
                "generator": format!("{} {}", data.origin.program, data.origin.version),
                "extras": { "origin": data.origin, "provenance": provenance(data) },
            },
            "scene": 0,
            "scenes": [{ "nodes": self.roots }],
            "nodes": self.nodes,
            "meshes": self.meshes,
            "skins": self.skins,
            "materials": self.materials,
            "animations": [{ "name": "clip", "samplers": self.samplers, "channels": self.channels }],
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{ "byteLength": self.binary.len() }],
        });
        let mut json = serde_json::to_vec(&document)?;
        json.resize(json.len().next_multiple_of(4), b' ');
        Ok((json, self.binary))
    }
}

/// Each rider's provenance as runs: first frame, last frame, word.
pub fn provenance(data: &Dataset<'_>) -> Value {
    let of_rider = |track: &Track| {
        let mut runs: Vec<(u64, u64, &str)> = Vec::new();
        for (frame, state) in data.rows().filter(|(_, state)| state.track == track.id) {
            match runs.last_mut() {
                Some((_, last, word)) if *last + 1 == frame && *word == state.provenance.name() => {
                    *last = frame;
                }
                _ => runs.push((frame, frame, state.provenance.name())),
            }
        }
        (track.id.0.to_string(), json!(runs))
    };
    Value::Object(data.tracks.iter().map(of_rider).collect())
}

/// Unit normals of the rest pose: each triangle's, weighted by its area. A vertex of no triangle points up, since the
/// format wants unit vectors.
fn normals(mesh: &SkinnedMesh) -> Vec<Vec3> {
    let mut normals = vec![Vec3::ZERO; mesh.vertices.len()];
    for triangle in &mesh.triangles {
        let [a, b, c] = triangle.map(|index| mesh.vertices[index as usize]);
        let weighted = (b - a).cross(c - a);
        for index in triangle {
            normals[*index as usize] += weighted;
        }
    }
    normals.into_iter().map(|normal| normal.normalize_or(Vec3::Y)).collect()
}

impl SkinnedMesh {
    /// Takes the four heaviest of a vertex's `influences` (joint, share) and adds them, so that they sum to one.
    pub fn push_influences(&mut self, influences: &mut [(usize, f32)]) {
        influences.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut joints = [0; 4];
        let mut weights = Vec4::ZERO;
        for (slot, (joint, weight)) in influences.iter().take(4).enumerate() {
            joints[slot] = *joint as u8;
            weights[slot] = *weight;
        }
        let sum = weights.element_sum();
        let weights = if sum > 0.0 { weights / sum } else { Vec4::X };
        self.joints.push(joints);
        self.weights.push(weights.to_array());
    }
}
