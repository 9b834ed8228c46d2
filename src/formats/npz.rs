//! NumPy archives of SMPL parameters, written and read.
//!
//! One row a rider and frame in which a body is known, N rows in the order of frames: `frame` i64, `time_s` f64,
//! `track` u32, `provenance` u8 (0 detected, 1 interpolated, 2 predicted, 4 re-detected), `score` f32; `bbox` N×4 f32 (left, top,
//! right, bottom, picture pixels); `global_orient` N×3, `body_pose` N×69 and `betas` N×10 as smplx takes them (axis ×
//! angle, radians, f32; global_orient is camera_from_body, y down), `transl` N×3 (metres, camera frame); `joints_3d`
//! N×24×3 (metres, camera frame); of the SMPL body also `joints_45` N×45×3, smplx's, and `joints_extra` where the body
//! file has a `J_regressor_extra`; `joints_2d` N×17×3 (picture pixels, score); `focal_px` N, `center_px` N×2; then for the
//! clip `picture_px` 2 (width, height) i64, `frame_times_s` f64 of every frame, and `origin_json`, the origin as UTF-8
//! bytes.
//!
//! Read back, only `global_orient`, `body_pose` and `betas` (or AMASS's `poses`, N×72 or wider) are needed.

use std::io::{self, Cursor, Read, Write};

use glam::{Quat, Vec2, Vec3};
use ndarray::{Array1, Array2, Array3};
use ndarray_npy::{NpzWriter, ReadNpyError, ReadNpyExt, WriteNpzError};
use zip::ZipArchive;
use zip::result::ZipError;

use super::dataset::{Dataset, Imported, ImportedRider};
use super::error::FormatError;
use crate::types::person::COCO_KEYPOINT_COUNT;
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT, SURFACE_JOINT_COUNT};
use crate::types::{BBox, BodyEstimate, Provenance, RiderFrame, SmplParams};

/// More rows than this are no clip's: ten people in an hour at 240 frames a second.
const MAX_ROWS: usize = 10 * 3600 * 240;

/// The widest array, 72 numbers of 64 bits for each of a million rows.
const MAX_ARRAY_MIB: u64 = 1024;

/// Writes the archive.
pub(super) fn write(data: &Dataset<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bytes = archive(data).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

fn archive(data: &Dataset<'_>) -> Result<Vec<u8>, WriteNpzError> {
    let rows: Vec<(u64, &RiderFrame, &BodyEstimate)> =
        data.rows().filter_map(|(frame, rider)| Some((frame, rider, rider.body.as_ref()?))).collect();
    let mut npz = NpzWriter::new_compressed(Cursor::new(Vec::new()));
    let column = |value: &dyn Fn(&RiderFrame, &BodyEstimate) -> f32| -> Array1<f32> {
        rows.iter().map(|(_, rider, body)| value(rider, body)).collect()
    };
    let table = |width: usize, row: &dyn Fn(&RiderFrame, &BodyEstimate) -> Vec<f32>| -> Array2<f32> {
        let mut table = Array2::zeros((rows.len(), width));
        for (mut cells, (_, rider, body)) in table.outer_iter_mut().zip(&rows) {
            cells.iter_mut().zip(row(rider, body)).for_each(|(cell, value)| *cell = value);
        }
        table
    };
    let axis_angle = |rotation: Quat| rotation.to_scaled_axis().to_array();
    let info = data.clip;

    npz.add_array("frame", &rows.iter().map(|row| row.0 as i64).collect::<Array1<i64>>())?;
    npz.add_array("time_s", &rows.iter().map(|row| info.frames.seconds(row.0)).collect::<Array1<f64>>())?;
    npz.add_array("track", &rows.iter().map(|row| row.1.track.0).collect::<Array1<u32>>())?;
    npz.add_array("provenance", &rows.iter().map(|row| row.1.provenance.code()).collect::<Array1<u8>>())?;
    npz.add_array("score", &column(&|rider, _| rider.score))?;
    let corners = |rider: &RiderFrame, _: &BodyEstimate| {
        vec![rider.bbox.min.x, rider.bbox.min.y, rider.bbox.max.x, rider.bbox.max.y]
    };
    npz.add_array("bbox", &table(4, &corners))?;
    npz.add_array("global_orient", &table(3, &|_, body| axis_angle(body.smpl.global_orient).to_vec()))?;
    let pose = |_: &RiderFrame, body: &BodyEstimate| {
        body.smpl.body_pose.iter().flat_map(|rotation| axis_angle(*rotation)).collect()
    };
    npz.add_array("body_pose", &table(3 * (JOINT_COUNT - 1), &pose))?;
    npz.add_array("betas", &table(BETA_COUNT, &|_, body| body.smpl.betas.to_vec()))?;
    npz.add_array("transl", &table(3, &|_, body| body.translation_m.to_array().to_vec()))?;
    let joints = Array3::from_shape_fn((rows.len(), JOINT_COUNT, 3), |(row, joint, axis)| {
        rows[row].2.joints_3d[joint][axis]
    });
    npz.add_array("joints_3d", &joints)?;
    if let Some(surface) = data.surface_joints {
        let surface: Vec<_> = rows.iter().map(|row| surface(row.2)).collect();
        let all = Array3::from_shape_fn(
            (rows.len(), JOINT_COUNT + SURFACE_JOINT_COUNT, 3),
            |(row, joint, axis)| match joint.checked_sub(JOINT_COUNT) {
                None => rows[row].2.joints_3d[joint][axis],
                Some(joint) => surface[row].on_skin[joint][axis],
            },
        );
        npz.add_array("joints_45", &all)?;
        let extra = surface.first().map_or(0, |first| first.extra.len());
        if extra > 0 {
            let all = Array3::from_shape_fn((rows.len(), extra, 3), |(row, joint, axis)| {
                surface[row].extra[joint][axis]
            });
            npz.add_array("joints_extra", &all)?;
        }
    }
    let keypoints = Array3::from_shape_fn((rows.len(), COCO_KEYPOINT_COUNT, 3), |(row, keypoint, what)| {
        let keypoint = rows[row].2.joints_2d[keypoint];
        [keypoint.position.x, keypoint.position.y, keypoint.score][what]
    });
    npz.add_array("joints_2d", &keypoints)?;
    npz.add_array("focal_px", &column(&|_, body| body.camera.focal_px))?;
    npz.add_array("center_px", &table(2, &|_, body| body.camera.center_px.to_array().to_vec()))?;
    npz.add_array("picture_px", &Array1::from(vec![i64::from(info.width), i64::from(info.height)]))?;
    let times = (0..info.frames.len()).map(|frame| info.frames.seconds(frame));
    npz.add_array("frame_times_s", &times.collect::<Array1<f64>>())?;
    let origin = serde_json::to_vec(data.origin).unwrap_or_default();
    npz.add_array("origin_json", &Array1::from(origin))?;
    Ok(npz.finish()?.into_inner())
}

/// Reads an archive.
pub(super) fn read(bytes: &[u8]) -> Result<Imported, FormatError> {
    let mut file = File {
        zip: ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| FormatError::Malformed(error.to_string()))?,
    };
    let poses = match file.table("poses")? {
        Some(poses) => poses,
        None => {
            let root = file.needed("global_orient")?;
            let body = file.needed("body_pose")?;
            ndarray::concatenate(ndarray::Axis(1), &[root.view(), body.view()])
                .map_err(|_| malformed("global_orient and body_pose have different numbers of rows"))?
        }
    };
    let rows = poses.nrows();
    if rows > MAX_ROWS || poses.ncols() < 3 * JOINT_COUNT {
        return Err(malformed("the poses are not rows of 24 rotations as axis × angle"));
    }
    let betas = file.table("betas")?;
    let place = match file.table("transl")? {
        Some(place) => Some(place),
        None => file.table("trans")?,
    };
    let (boxes, centers) = (file.table("bbox")?, file.table("center_px")?);
    let (focal, score) = (file.table("focal_px")?, file.table("score")?);
    let (frame, track, provenance) = (file.table("frame")?, file.table("track")?, file.table("provenance")?);
    let picture = file.table("picture_px")?;
    for (name, table, width) in [
        ("transl", &place, 3),
        ("bbox", &boxes, 4),
        ("center_px", &centers, 2),
        ("focal_px", &focal, 1),
        ("score", &score, 1),
        ("frame", &frame, 1),
        ("track", &track, 1),
        ("provenance", &provenance, 1),
    ] {
        if table.as_ref().is_some_and(|table| table.nrows() != rows || table.ncols() < width) {
            return Err(malformed(&format!(
                "{name} does not have {width} numbers for each of the {rows} rows"
            )));
        }
    }
    let mut imported = Imported::default();
    if let Some(&[width, height]) = picture.as_ref().and_then(|table| table.as_slice()) {
        imported.picture_px = Some((width as u32, height as u32));
    }
    for row in 0..rows {
        let number = |table: &Option<Array2<f64>>| table.as_ref().map(|table| table[(row, 0)]);
        let rotation = |joint: usize| {
            let axis_angle: [f64; 3] = std::array::from_fn(|axis| poses[(row, joint * 3 + axis)]);
            Quat::from_scaled_axis(Vec3::from_array(axis_angle.map(|value| value as f32)))
        };
        // A file of one shape for all rows has a single row of betas, or a plain list of them.
        let beta = |component: usize| {
            let betas = betas.as_ref()?;
            let value = if betas.ncols() == 1 && betas.nrows() != rows {
                betas.get((component, 0))
            } else {
                betas.get((row.min(betas.nrows().saturating_sub(1)), component))
            };
            value.map(|value| *value as f32)
        };
        let at = |table: &Option<Array2<f64>>, column: usize| {
            table.as_ref().and_then(|table| table.get((row, column))).map(|value| *value as f32)
        };
        let rider = ImportedRider {
            track: number(&track).map_or(1, |track| track as u32),
            provenance: number(&provenance)
                .and_then(|code| Provenance::ALL.into_iter().find(|known| f64::from(known.code()) == code))
                .unwrap_or(Provenance::Detected),
            score: at(&score, 0).unwrap_or(1.0),
            bbox: match [0, 1, 2, 3].map(|side| at(&boxes, side)) {
                [Some(x0), Some(y0), Some(x1), Some(y1)] => Some(BBox::new(x0, y0, x1, y1)),
                _ => None,
            },
            smpl: SmplParams {
                global_orient: rotation(0),
                body_pose: std::array::from_fn(|joint| rotation(joint + 1)),
                betas: std::array::from_fn(|component| beta(component).unwrap_or(0.0)),
            },
            translation_m: Vec3::from_array([0, 1, 2].map(|axis| at(&place, axis).unwrap_or(0.0))),
            focal_px: at(&focal, 0),
            center_px: at(&centers, 0).zip(at(&centers, 1)).map(|(x, y)| Vec2::new(x, y)),
        };
        let index = number(&frame).map_or(row as u64, |frame| frame as u64);
        imported.frames.entry(index).or_default().push(rider);
    }
    Ok(imported)
}

fn malformed(problem: &str) -> FormatError {
    FormatError::Malformed(problem.to_owned())
}

/// An open archive.
struct File<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl File<'_> {
    /// An array as rows of finite numbers, whatever its element type; a list is a table of one column. `None` where
    /// there is no such array.
    fn table(&mut self, name: &str) -> Result<Option<Array2<f64>>, FormatError> {
        let Some(bytes) = self.entry(name)? else { return Ok(None) };
        check_length(&bytes).ok_or_else(|| FormatError::Malformed(format!("array {name} is damaged")))?;
        macro_rules! try_types {
            ($($type:ty),*) => {$(
                match ndarray::ArrayD::<$type>::read_npy(&bytes[..]) {
                    Ok(values) => return rows(name, &values.mapv(|value| value as f64)).map(Some),
                    Err(ReadNpyError::WrongDescriptor(_)) => {}
                    Err(error) => return Err(FormatError::Malformed(format!("array {name}: {error}"))),
                }
            )*};
        }
        try_types!(f32, f64, i64, i32, u32, u64, u8);
        Err(FormatError::Malformed(format!("array {name} does not hold plain numbers")))
    }

    /// The unpacked bytes of an array's file.
    fn entry(&mut self, name: &str) -> Result<Option<Vec<u8>>, FormatError> {
        let entry = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(FormatError::Malformed(error.to_string())),
        };
        let limit = MAX_ARRAY_MIB << 20;
        let mut bytes = Vec::new();
        entry
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| FormatError::Malformed(format!("array {name}: {error}")))?;
        if bytes.len() as u64 > limit {
            return Err(FormatError::TooLarge { limit_mib: MAX_ARRAY_MIB });
        }
        Ok(Some(bytes))
    }

    fn needed(&mut self, name: &str) -> Result<Array2<f64>, FormatError> {
        self.table(name)?.ok_or_else(|| FormatError::Malformed(format!("there is no array {name}")))
    }
}

/// Whether the header and as many elements as it promises can be in `bytes` at all: the reader takes memory for them
/// before it looks. The layout is that of NumPy's format 1 to 3.
fn check_length(bytes: &[u8]) -> Option<()> {
    let (length, start) = match bytes.get(6)? {
        1 => (usize::from(u16::from_le_bytes(bytes.get(8..10)?.try_into().ok()?)), 10),
        _ => (u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?) as usize, 12),
    };
    let header = std::str::from_utf8(bytes.get(start..)?.get(..length)?).ok()?;
    let (_, shape) = header.split_once("shape")?;
    let (shape, _) = shape.split_once('(')?.1.split_once(')')?;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
    let count = sides
        .map(|side| side.parse::<usize>().ok())
        .try_fold(1_usize, |count, side| count.checked_mul(side?))?;
    (count <= bytes.len()).then_some(())
}

fn rows(name: &str, values: &ndarray::ArrayD<f64>) -> Result<Array2<f64>, FormatError> {
    if !values.iter().all(|value| value.is_finite()) {
        return Err(FormatError::Malformed(format!("array {name} holds a number that is not finite")));
    }
    let count = values.shape().first().copied().unwrap_or(1);
    let width = values.len().checked_div(count).unwrap_or(0);
    let flat: Vec<f64> = values.iter().copied().collect();
    Array2::from_shape_vec((count, width), flat).map_err(|error| FormatError::Malformed(error.to_string()))
}
