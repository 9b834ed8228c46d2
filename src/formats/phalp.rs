//! Result files of PHALP (Rajasegaran et al., 2022), which 4D-Humans writes too: written as its tools take them, read
//! without running anything.
//!
//! A pickled dict from the frame's name (`000000000.jpg` on, so that sorting keeps the order) to a dict of lists, one
//! member a rider: see `docs/formats.md`. Rotations are matrices, `global_orient` camera_from_body; `camera` is the
//! translation for PHALP's own focal length 5000 / 256 · max(W, H), so that the body covers the same pixels; the true
//! camera is in `extra_data`. The 45 joints are smplx's; of a body that is not SMPL's the 21 on the
//! surface are NaN.

use std::io::{self, Read, Write};

use flate2::read::ZlibDecoder;
use glam::{Mat3, Quat, Vec2, Vec3};

use super::dataset::{Dataset, Imported, ImportedRider};
use super::error::FormatError;
use super::pickle::{Id, Pickle, Value, Writer};
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT};
use crate::types::{BBox, BodyEstimate, ClipInfo, Provenance, RiderFrame, SmplParams};

/// HMR2's focal length for its crop, pixels, and the crop's side.
const CROP_FOCAL_PX: f32 = 5000.0;
const CROP_PX: f32 = 256.0;

/// Joints that PHALP keeps: SMPL's 24, then 21 on the surface.
const PHALP_JOINTS: usize = 45;

/// A compressed result of a long clip is some hundred MiB.
const MAX_UNPACKED_MIB: u64 = 2048;

/// The joints of the skeleton, and those on the surface where they are known.
fn all_joints<'a>(data: &Dataset<'_>, body: &'a BodyEstimate) -> impl Iterator<Item = Vec3> + use<'a> {
    let on_skin = data.surface_joints.map(|joints| joints(body).on_skin);
    body.joints_3d.iter().copied().chain(on_skin.into_iter().flatten())
}

/// PHALP's focal length for a picture of these sides, pixels.
fn focal_px(width: f32, height: f32) -> f32 {
    CROP_FOCAL_PX / CROP_PX * width.max(height)
}

/// Writes the result file.
pub(super) fn write(data: &Dataset<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut pickle = Writer::new();
    // Frames since each rider was last seen, by track.
    let mut unseen = std::collections::HashMap::new();
    pickle.dict(|w| {
        for (frame, riders) in (0_u64..).zip(data.frames) {
            let known: Vec<(&RiderFrame, &BodyEstimate)> = riders
                .iter()
                .filter(|rider| rider.provenance != Provenance::Missing)
                .filter_map(|rider| Some((rider, rider.body.as_ref()?)))
                .collect();
            let name = format!("{frame:09}.jpg");
            w.str(&name);
            let ages: Vec<i64> = known
                .iter()
                .map(|(rider, _)| {
                    let age = unseen.entry(rider.track).or_insert(0);
                    *age = if rider.provenance.is_seen() { 0 } else { *age + 1 };
                    *age
                })
                .collect();
            w.dict(|w| write_frame(w, data, frame, &name, &known, &ages));
        }
    });
    out.write_all(&pickle.finish())
}

fn write_frame(
    w: &mut Writer,
    data: &Dataset<'_>,
    frame: u64,
    name: &str,
    riders: &[(&RiderFrame, &BodyEstimate)],
    ages: &[i64],
) {
    let info = data.clip;
    let lists = |w: &mut Writer, key: &str, one: &dyn Fn(&mut Writer, &RiderFrame, &BodyEstimate)| {
        w.str(key);
        w.list(|w| riders.iter().for_each(|(rider, body)| one(w, rider, body)));
    };
    let seen = |w: &mut Writer, key: &str, one: &dyn Fn(&mut Writer, &RiderFrame)| {
        w.str(key);
        let seen = riders.iter().filter(|(rider, _)| rider.provenance.is_seen());
        w.list(|w| seen.for_each(|(rider, _)| one(w, rider)));
    };
    let corner_and_size = |w: &mut Writer, rider: &RiderFrame| {
        let size = rider.bbox.size();
        w.floats(&[4], &[rider.bbox.min.x, rider.bbox.min.y, size.x, size.y]);
    };
    w.str("time");
    w.int(frame as i64);
    w.str("shot");
    w.int(0);
    w.str("frame_path");
    w.str(name);
    seen(w, "tracked_ids", &|w, rider| w.int(i64::from(rider.track.0)));
    seen(w, "tracked_bbox", &corner_and_size);
    lists(w, "tid", &|w, rider, _| w.int(i64::from(rider.track.0)));
    lists(w, "bbox", &|w, rider, _| corner_and_size(w, rider));
    w.str("tracked_time");
    w.list(|w| ages.iter().for_each(|age| w.int(*age)));
    for key in ["appe", "loca", "pose", "uv", "mask"] {
        lists(w, key, &|w, _, _| w.none());
    }
    lists(w, "center", &|w, rider, _| w.floats(&[2], &rider.bbox.center().to_array()));
    lists(w, "scale", &|w, rider, _| w.floats(&[2], &rider.bbox.size().to_array()));
    lists(w, "size", &|w, _, _| {
        w.list(|w| [info.height, info.width].iter().for_each(|side| w.int(i64::from(*side))));
    });
    lists(w, "img_path", &|w, _, _| w.str(name));
    lists(w, "img_name", &|w, _, _| w.str(name));
    lists(w, "class_name", &|w, _, _| w.int(0));
    lists(w, "conf", &|w, rider, _| w.float(f64::from(rider.score)));
    lists(w, "annotations", &|w, _, _| w.list(|_| {}));
    lists(w, "smpl", &|w, _, body| write_smpl(w, &body.smpl));
    lists(w, "camera", &|w, _, body| w.floats(&[3], &phalp_translation(body, info).to_array()));
    lists(w, "camera_bbox", &|w, rider, body| w.floats(&[3], &crop_camera(rider, body, info)));
    lists(w, "3d_joints", &|w, _, body| {
        let mut joints = [f32::NAN; PHALP_JOINTS * 3];
        for (place, joint) in joints.chunks_exact_mut(3).zip(all_joints(data, body)) {
            place.copy_from_slice(&(joint - body.translation_m).to_array());
        }
        w.floats(&[PHALP_JOINTS, 3], &joints);
    });
    lists(w, "2d_joints", &|w, _, body| {
        let side = info.width.max(info.height) as f32;
        let padding = (Vec2::splat(side) - Vec2::new(info.width as f32, info.height as f32)) * 0.5;
        let mut joints = [f32::NAN; PHALP_JOINTS * 2];
        for (place, joint) in joints.chunks_exact_mut(2).zip(all_joints(data, body)) {
            if let Some(seen) = body.camera.project(joint) {
                place.copy_from_slice(&((seen + padding) / side).to_array());
            }
        }
        w.floats(&[PHALP_JOINTS * 2], &joints);
    });
    lists(w, "extra_data", &|w, rider, body| {
        w.dict(|w| {
            w.str("provenance");
            w.str(rider.provenance.name());
            w.str("main");
            w.bool(data.tracks.iter().any(|track| track.id == rider.track && track.is_main));
            w.str("translation_m");
            w.floats(&[3], &body.translation_m.to_array());
            w.str("focal_px");
            w.float(f64::from(body.camera.focal_px));
            w.str("center_px");
            w.floats(&[2], &body.camera.center_px.to_array());
            w.str("time_s");
            w.float(info.frames.seconds(frame));
            w.str("written_by");
            w.str(&format!("{} {}", data.origin.program, data.origin.version));
            w.str("models");
            w.str(&format!("{} + {}", data.origin.detector, data.origin.recoverer));
        });
    });
}

fn write_smpl(w: &mut Writer, smpl: &SmplParams) {
    let matrices = |rotations: &[Quat]| -> Vec<f32> {
        // Row by row, as NumPy has it.
        rotations.iter().flat_map(|turn| Mat3::from_quat(*turn).transpose().to_cols_array()).collect()
    };
    w.dict(|w| {
        w.str("global_orient");
        w.floats(&[1, 3, 3], &matrices(&[smpl.global_orient]));
        w.str("body_pose");
        w.floats(&[JOINT_COUNT - 1, 3, 3], &matrices(&smpl.body_pose));
        w.str("betas");
        w.floats(&[BETA_COUNT], &smpl.betas);
    });
}

/// The translation with which PHALP's camera sees the root at the same pixel and as large.
fn phalp_translation(body: &BodyEstimate, info: &ClipInfo) -> Vec3 {
    let root = body.joints_3d[0];
    let middle = Vec2::new(info.width as f32, info.height as f32) * 0.5;
    let zoom = focal_px(info.width as f32, info.height as f32) / body.camera.focal_px;
    let aside = (body.camera.center_px - middle) * root.z / body.camera.focal_px;
    let moved = Vec3::new(root.x + aside.x, root.y + aside.y, root.z * zoom);
    moved - (root - body.translation_m)
}

/// HMR2's camera of the crop (scale, x, y) that belongs to that translation.
fn crop_camera(rider: &RiderFrame, body: &BodyEstimate, info: &ClipInfo) -> [f32; 3] {
    let place = phalp_translation(body, info);
    let scale = 2.0 * focal_px(info.width as f32, info.height as f32) / place.z;
    let aside = (rider.bbox.center() - Vec2::new(info.width as f32, info.height as f32) * 0.5) * 2.0 / scale;
    [scale / rider.bbox.long_side(), place.x - aside.x, place.y - aside.y]
}

/// Reads a result file.
pub(super) fn read(bytes: &[u8]) -> Result<Imported, FormatError> {
    // A zlib stream begins with 0x78 (deflate, window of 32 KiB); a pickle with 0x80.
    if bytes.first() != Some(&0x78) {
        return riders(&Pickle::read(bytes)?);
    }
    let limit = MAX_UNPACKED_MIB << 20;
    let mut unpacked = Vec::new();
    ZlibDecoder::new(bytes)
        .take(limit + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| FormatError::Malformed(error.to_string()))?;
    if unpacked.len() as u64 > limit {
        return Err(FormatError::TooLarge { limit_mib: MAX_UNPACKED_MIB });
    }
    riders(&Pickle::read(&unpacked)?)
}

fn riders(pickle: &Pickle<'_>) -> Result<Imported, FormatError> {
    let Value::Dict(frames) = pickle.value(pickle.root) else {
        return Err(FormatError::Malformed("it is no dict of frames".into()));
    };
    let mut frames: Vec<(&str, Id)> = frames
        .iter()
        .filter_map(|(key, value)| match pickle.value(*key) {
            Value::Str(name) => Some((*name, *value)),
            _ => None,
        })
        .collect();
    frames.sort_by_key(|(name, _)| *name);
    let mut imported = Imported::default();
    for (order, (name, frame)) in (0_u64..).zip(frames) {
        let time = pickle.get(frame, "time").map(|time| pickle.value(time));
        let index =
            if let Some(Value::Int(time)) = time { u64::try_from(*time).unwrap_or(order) } else { order };
        let list = |key: &str| pickle.get(frame, key).and_then(|list| pickle.items(list)).unwrap_or(&[]);
        let riders = imported.frames.entry(index).or_default();
        for (place, smpl) in list("smpl").iter().enumerate() {
            let numbers = |key: &str| list(key).get(place).and_then(|id| pickle.numbers(*id));
            let extra = list("extra_data").get(place).copied();
            let rider = rider(pickle, *smpl, &numbers, extra).ok_or_else(|| {
                FormatError::Malformed(format!("frame {name}: the SMPL parameters are not PHALP's"))
            })?;
            if let Some(&[height, width]) = numbers("size").as_deref() {
                imported.picture_px = Some((width as u32, height as u32));
            }
            riders.push(rider);
        }
    }
    Ok(imported)
}

fn rider(
    pickle: &Pickle<'_>,
    smpl: Id,
    numbers: &dyn Fn(&str) -> Option<Vec<f64>>,
    extra: Option<Id>,
) -> Option<ImportedRider> {
    let rotations = |key: &str, count: usize| -> Option<Vec<Quat>> {
        let entries = pickle.numbers(pickle.get(smpl, key)?)?;
        (entries.len() == count * 9 && entries.iter().all(|entry| entry.is_finite())).then(|| {
            let rows = entries.chunks_exact(9).map(|nine| std::array::from_fn(|i| nine[i] as f32));
            rows.map(|rows: [f32; 9]| Quat::from_mat3(&Mat3::from_cols_array(&rows).transpose()).normalize())
                .collect()
        })
    };
    let betas = pickle.numbers(pickle.get(smpl, "betas")?)?;
    let own = |key: &str| pickle.numbers(pickle.get(extra?, key)?);
    let vector = |values: Vec<f64>| -> Option<Vec3> {
        let [x, y, z]: [f64; 3] = values.try_into().ok()?;
        Some(Vec3::new(x as f32, y as f32, z as f32)).filter(|place| place.is_finite())
    };
    let own_focal = own("focal_px").and_then(|focal| focal.first().map(|focal| *focal as f32));
    let (focal_px, place) = match own_focal.zip(own("translation_m")) {
        Some(camera) => camera,
        None => {
            let size = numbers("size")?;
            (focal_px(*size.first()? as f32, *size.get(1)? as f32), numbers("camera")?)
        }
    };
    let center =
        own("center_px").and_then(|center| Some(Vec2::new(*center.first()? as f32, *center.get(1)? as f32)));
    let age = numbers("tracked_time").and_then(|age| age.first().copied()).unwrap_or(0.0);
    let word = extra.and_then(|extra| pickle.get(extra, "provenance")).map(|word| pickle.value(word));
    let told = Provenance::ALL.into_iter().find(|known| word == Some(&Value::Str(known.name())));
    Some(ImportedRider {
        track: numbers("tid")?.first().map(|track| *track as u32)?,
        provenance: told.unwrap_or(if age > 0.0 { Provenance::Predicted } else { Provenance::Detected }),
        score: numbers("conf").and_then(|score| score.first().map(|score| *score as f32)).unwrap_or(1.0),
        bbox: numbers("bbox").and_then(|sides| {
            let [x, y, width, height]: [f64; 4] = sides.try_into().ok()?;
            Some(BBox::new(x as f32, y as f32, (x + width) as f32, (y + height) as f32))
        }),
        smpl: SmplParams {
            global_orient: *rotations("global_orient", 1)?.first()?,
            body_pose: rotations("body_pose", JOINT_COUNT - 1)?.try_into().ok()?,
            betas: std::array::from_fn(|component| betas.get(component).map_or(0.0, |beta| *beta as f32)),
        },
        translation_m: vector(place)?,
        focal_px: Some(focal_px),
        center_px: center,
    })
}
