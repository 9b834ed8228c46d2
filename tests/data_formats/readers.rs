//! Small readers of the written files, made from the formats' own descriptions and nothing of the program.

use glam::{EulerRot, Mat4, Quat, Vec3, Vec4};
use serde_json::Value;

/// A binary glTF file.
pub struct Glb {
    pub json: Value,
    binary: Vec<u8>,
}

impl Glb {
    pub fn parse(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], word(4), word(8)), (&b"glTF"[..], 2, bytes.len()));
        let json = word(12);
        assert_eq!(&bytes[16..20], b"JSON");
        let binary = 20 + json;
        assert_eq!(&bytes[binary + 4..binary + 8], b"BIN\0");
        assert_eq!(binary + 8 + word(binary), bytes.len());
        Self {
            json: serde_json::from_slice(&bytes[20..binary]).unwrap(),
            binary: bytes[binary + 8..].to_vec(),
        }
    }

    fn bytes(&self, accessor: usize) -> &[u8] {
        let view = self.json["accessors"][accessor]["bufferView"].as_u64().unwrap() as usize;
        let view = &self.json["bufferViews"][view];
        let [start, length] = ["byteOffset", "byteLength"].map(|key| view[key].as_u64().unwrap() as usize);
        &self.binary[start..start + length]
    }

    pub fn floats(&self, accessor: usize) -> Vec<f32> {
        let (words, _) = self.bytes(accessor).as_chunks::<4>();
        words.iter().map(|word| f32::from_le_bytes(*word)).collect()
    }

    pub fn raw(&self, accessor: usize) -> Vec<u8> {
        self.bytes(accessor).to_vec()
    }

    /// The times of the keys of a node's rotation.
    pub fn key_times(&self, node: usize) -> Vec<f32> {
        self.floats(self.sampler(node, "rotation").unwrap()["input"].as_u64().unwrap() as usize)
    }

    fn sampler(&self, node: usize, path: &str) -> Option<&Value> {
        let animation = &self.json["animations"][0];
        let channel = animation["channels"]
            .as_array()?
            .iter()
            .find(|channel| channel["target"]["node"] == node && channel["target"]["path"] == path)?;
        Some(&animation["samplers"][channel["sampler"].as_u64()? as usize])
    }

    fn local(&self, node: usize, key: usize) -> Mat4 {
        let animated = |path: &str| {
            let output = self.sampler(node, path)?["output"].as_u64()? as usize;
            Some(self.floats(output))
        };
        let numbers = |value: &Value| -> Vec<f32> {
            value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
        };
        let rotation = animated("rotation").map_or(Quat::IDENTITY, |all| Quat::from_slice(&all[key * 4..]));
        let translation = match animated("translation") {
            Some(all) => Vec3::from_slice(&all[key * 3..]),
            None => Vec3::from_slice(&numbers(&self.json["nodes"][node]["translation"])),
        };
        Mat4::from_rotation_translation(rotation, translation)
    }

    /// Where each node below `node` is at key `key`, by node.
    pub fn globals(&self, node: usize, key: usize) -> Vec<(usize, Mat4)> {
        let mut found = Vec::new();
        let mut open = vec![(node, Mat4::IDENTITY)];
        while let Some((node, parent)) = open.pop() {
            let global = parent * self.local(node, key);
            found.push((node, global));
            let children = self.json["nodes"][node]["children"].as_array().cloned().unwrap_or_default();
            open.extend(children.iter().map(|child| (child.as_u64().unwrap() as usize, global)));
        }
        found.sort_by_key(|(node, _)| *node);
        found
    }

    /// A vertex of mesh `mesh`, skinned by skin `skin` with these joint places.
    pub fn skinned(&self, mesh: usize, skin: usize, joints: &[(usize, Mat4)], vertex: usize) -> Vec3 {
        let attributes = &self.json["meshes"][mesh]["primitives"][0]["attributes"];
        let of = |name: &str| attributes[name].as_u64().unwrap() as usize;
        let position = Vec3::from_slice(&self.floats(of("POSITION"))[vertex * 3..]);
        let carriers = &self.raw(of("JOINTS_0"))[vertex * 4..][..4];
        let weights = Vec4::from_slice(&self.floats(of("WEIGHTS_0"))[vertex * 4..]);
        let skin = &self.json["skins"][skin];
        let inverse = self.floats(skin["inverseBindMatrices"].as_u64().unwrap() as usize);
        let mut sum = Vec3::ZERO;
        for (slot, &carrier) in carriers.iter().enumerate() {
            let node = skin["joints"][usize::from(carrier)].as_u64().unwrap() as usize;
            let (_, global) = joints.iter().find(|(found, _)| *found == node).unwrap();
            let bind = Mat4::from_cols_slice(&inverse[usize::from(carrier) * 16..][..16]);
            sum += weights[slot] * (*global * bind).transform_point3(position);
        }
        sum
    }
}

/// A BVH file, posed: for each frame the joints by name, in the file's units.
pub struct Bvh {
    pub frame_time_s: f64,
    pub frames: Vec<Vec<(String, Vec3)>>,
}

struct BvhJoint {
    name: String,
    parent: Option<usize>,
    offset: Vec3,
    channels: Vec<String>,
}

impl Bvh {
    pub fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let mut joints: Vec<BvhJoint> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut next = || words.next().unwrap();
        assert_eq!(next(), "HIERARCHY");
        loop {
            match next() {
                "ROOT" | "JOINT" | "End" => {
                    let name = next().to_owned();
                    let parent = open.last().copied();
                    joints.push(BvhJoint { name, parent, offset: Vec3::ZERO, channels: Vec::new() });
                }
                "{" => open.push(joints.len() - 1),
                "}" => drop(open.pop()),
                "OFFSET" => {
                    let offset = [next(), next(), next()].map(|word| word.parse().unwrap());
                    joints[*open.last().unwrap()].offset = Vec3::from_array(offset);
                }
                "CHANNELS" => {
                    let count: usize = next().parse().unwrap();
                    joints[*open.last().unwrap()].channels = (0..count).map(|_| next().to_owned()).collect();
                }
                "MOTION" => break,
                other => panic!("{other}"),
            }
        }
        assert_eq!(next(), "Frames:");
        let frames: usize = next().parse().unwrap();
        assert_eq!((next(), next()), ("Frame", "Time:"));
        let frame_time_s = next().parse().unwrap();
        let frames = (0..frames).map(|_| pose(&joints, &mut || next().parse().unwrap())).collect();
        assert_eq!(words.next(), None);
        Self { frame_time_s, frames }
    }
}

fn pose(joints: &[BvhJoint], number: &mut dyn FnMut() -> f32) -> Vec<(String, Vec3)> {
    let mut globals: Vec<Mat4> = Vec::new();
    for joint in joints {
        let mut place = joint.offset;
        let mut turn = Quat::IDENTITY;
        for channel in &joint.channels {
            let value = number();
            let angle = value.to_radians();
            match channel.as_str() {
                "Xposition" => place.x = value,
                "Yposition" => place.y = value,
                "Zposition" => place.z = value,
                "Xrotation" => turn *= Quat::from_euler(EulerRot::XYZ, angle, 0.0, 0.0),
                "Yrotation" => turn *= Quat::from_euler(EulerRot::XYZ, 0.0, angle, 0.0),
                "Zrotation" => turn *= Quat::from_euler(EulerRot::XYZ, 0.0, 0.0, angle),
                other => panic!("{other}"),
            }
        }
        let parent = joint.parent.map_or(Mat4::IDENTITY, |parent| globals[parent]);
        globals.push(parent * Mat4::from_rotation_translation(turn, place));
    }
    let named = joints.iter().zip(&globals).filter(|(joint, _)| joint.name != "Site");
    named.map(|(joint, global)| (joint.name.clone(), global.w_axis.truncate())).collect()
}

/// The points of a C3D file with float data: by frame, by point x, y, z and residual.
pub struct C3d {
    pub rate_hz: f32,
    pub points: usize,
    pub labels: Vec<String>,
    pub frames: Vec<Vec<[f32; 4]>>,
}

impl C3d {
    pub fn parse(bytes: &[u8]) -> Self {
        let word = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
        let float = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((bytes[0], bytes[1]), (2, 0x50));
        assert!(bytes.len().is_multiple_of(512) && float(12) < 0.0, "float data");
        let (points, first, last) = (usize::from(word(2)), word(6), word(8));
        let start = (usize::from(word(16)) - 1) * 512;
        let frames = (0..usize::from(last - first + 1)).map(|frame| {
            (0..points)
                .map(|point| std::array::from_fn(|i| float(start + ((frame * points + point) * 4 + i) * 4)))
                .collect()
        });
        Self { rate_hz: float(20), points, frames: frames.collect(), labels: labels(bytes) }
    }
}

/// Walks the parameters to POINT:LABELS.
fn labels(bytes: &[u8]) -> Vec<String> {
    let mut at = 516;
    loop {
        let (length, id) = (usize::from(bytes[at]), bytes[at + 1] as i8);
        assert!(length > 0, "there are labels");
        let name = &bytes[at + 2..at + 2 + length];
        let distance = at + 2 + length;
        let body = distance + 2;
        if id > 0 && name == b"LABELS" {
            assert_eq!((bytes[body] as i8, bytes[body + 1]), (-1, 2));
            let (chars, count) = (usize::from(bytes[body + 2]), usize::from(bytes[body + 3]));
            let texts = bytes[body + 4..][..chars * count].chunks(chars);
            return texts.map(|text| String::from_utf8_lossy(text).trim_end().to_owned()).collect();
        }
        at = distance + usize::from(u16::from_le_bytes([bytes[distance], bytes[distance + 1]]));
    }
}
