//! Reading and checking a body model's arrays.
//!
//! A model file comes from outside: everything that posing later indexes or divides by is checked here, once.

use std::io::Cursor;

use glam::{DVec3, Vec3};
use ndarray::{Array, Array2, Array3, ArrayView1, ArrayView2, Dimension};
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpzError, ReadableElement};

use super::BodyError;
use super::model::{Arrays, Influence, POSE_FEATURE_COUNT};
use crate::types::smpl::{BETA_COUNT, JOINT_COUNT, PARENTS};

/// How far the weights of a vertex may be from summing to one: what rounding to 16 bits leaves.
const WEIGHT_SUM_TOLERANCE: f32 = 1e-2;

/// Pose blend shapes below this everywhere, metres, move nothing that can be seen: the model has none.
const POSE_DIRECTION_MIN_M: f32 = 1e-9;

/// Reads and checks all arrays.
pub(super) fn read(bytes: &[u8], model: &str) -> Result<Arrays, BodyError> {
    let mut file = File::open(bytes, model)?;
    let template = file.floats::<ndarray::Ix2>("v_template")?;
    let vertices = template.nrows();
    file.expect("v_template", template.shape(), &[vertices.max(1), 3], "V×3")?;
    let shape: Array3<f32> = file.floats("shapedirs")?;
    file.expect("shapedirs", shape.shape(), &[vertices, 3, shape.dim().2.max(BETA_COUNT)], "V×3×10 or more")?;
    let regressor: Array2<f32> = file.floats("J_regressor")?;
    file.expect("J_regressor", regressor.shape(), &[JOINT_COUNT, vertices], "24×V")?;
    let weights: Array2<f32> = file.floats("weights")?;
    file.expect("weights", weights.shape(), &[vertices, JOINT_COUNT], "V×24")?;
    file.check_skeleton()?;

    let template: Vec<Vec3> = template.outer_iter().map(|row| vec3(&row)).collect();
    let shape_directions: Vec<[Vec3; BETA_COUNT]> = shape
        .outer_iter()
        .map(|of_vertex| std::array::from_fn(|component| vec3(&of_vertex.column(component))))
        .collect();
    let (influences, influence_ends) = file.influences(&weights)?;
    let joint =
        |values: &dyn Fn(usize) -> Vec3| std::array::from_fn(|joint| regress(&regressor.row(joint), values));
    let joint_template: [Vec3; JOINT_COUNT] = joint(&|vertex| template[vertex]);
    let by_component: [[Vec3; JOINT_COUNT]; BETA_COUNT] =
        std::array::from_fn(|component| joint(&|vertex| shape_directions[vertex][component]));
    Ok(Arrays {
        pose_directions: file.pose_directions(vertices)?,
        extra_joints: file.extra_joints(vertices)?,
        triangles: file.triangles(vertices)?,
        joint_shape_directions: std::array::from_fn(|joint| by_component.map(|joints| joints[joint])),
        template,
        shape_directions,
        influences,
        influence_ends,
        joint_template,
    })
}

/// A joint's value from the vertices' values, by its row of the regressor.
fn regress(row: &ArrayView1<f32>, value_of: &dyn Fn(usize) -> Vec3) -> Vec3 {
    row.iter()
        .enumerate()
        .filter(|(_, weight)| **weight != 0.0)
        .map(|(vertex, weight)| value_of(vertex).as_dvec3() * f64::from(*weight))
        .sum::<DVec3>()
        .as_vec3()
}

/// The first three numbers of a row.
fn vec3(row: &ArrayView1<f32>) -> Vec3 {
    Vec3::new(row[0], row[1], row[2])
}

/// An open archive and the name it has in errors.
struct File<'a> {
    npz: NpzReader<Cursor<&'a [u8]>>,
    model: &'a str,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8], model: &'a str) -> Result<Self, BodyError> {
        let npz = NpzReader::new(Cursor::new(bytes))
            .map_err(|error| BodyError::Unreadable { model: model.to_owned(), cause: error.to_string() })?;
        Ok(Self { npz, model })
    }

    fn values(&self, array: &'static str, problem: impl Into<String>) -> BodyError {
        BodyError::Values { model: self.model.to_owned(), array, problem: problem.into() }
    }

    fn expect(
        &self,
        array: &'static str,
        found: &[usize],
        needed: &[usize],
        expected: &'static str,
    ) -> Result<(), BodyError> {
        if found == needed {
            return Ok(());
        }
        Err(BodyError::Shape { model: self.model.to_owned(), array, found: found.to_vec(), expected })
    }

    /// An array of exactly this element type, or `None` where the file has it in another.
    fn typed<T: ReadableElement, D: Dimension>(
        &mut self,
        array: &str,
    ) -> Result<Option<Array<T, D>>, BodyError> {
        match self.npz.by_name(array) {
            Ok(values) => Ok(Some(values)),
            Err(ReadNpzError::Npy(ReadNpyError::WrongDescriptor(_))) => Ok(None),
            Err(error) => Err(self.unreadable(array, &error.to_string())),
        }
    }

    fn unreadable(&self, array: &str, cause: &str) -> BodyError {
        BodyError::Unreadable { model: self.model.to_owned(), cause: format!("array {array}: {cause}") }
    }

    /// An array of finite floats, of 32 or 64 bits in the file.
    fn floats<D: Dimension>(&mut self, array: &'static str) -> Result<Array<f32, D>, BodyError> {
        let values = if let Some(values) = self.typed::<f32, D>(array)? {
            values
        } else if let Some(values) = self.typed::<f64, D>(array)? {
            values.mapv(|value| value as f32)
        } else {
            return Err(self.unreadable(array, "its numbers are not floats of 32 or 64 bits"));
        };
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(self.values(array, "holds a number that is not finite"))
        }
    }

    /// An array of integers, of 32 or 64 bits in the file.
    fn integers(&mut self, array: &'static str) -> Result<Array2<i64>, BodyError> {
        if let Some(values) = self.typed::<u32, _>(array)? {
            return Ok(values.mapv(i64::from));
        }
        if let Some(values) = self.typed::<i32, _>(array)? {
            return Ok(values.mapv(i64::from));
        }
        if let Some(values) = self.typed::<i64, _>(array)? {
            return Ok(values);
        }
        match self.typed::<u64, _>(array)? {
            Some(values) => Ok(values.mapv(|value| i64::try_from(value).unwrap_or(i64::MAX))),
            None => Err(self.unreadable(array, "its numbers are not integers of 32 or 64 bits")),
        }
    }

    /// Whether the joints hang together as SMPL's do. The root's parent is not looked at: files write -1 in every
    /// width, signed and not.
    /// Rows of the regressor of further joints, what is not zero; none where the file has no such array.
    fn extra_joints(&mut self, vertices: usize) -> Result<Vec<Vec<(u32, f32)>>, BodyError> {
        const ARRAY: &str = "J_regressor_extra";
        let is_there = |name: &String| name.trim_end_matches(".npy") == ARRAY;
        if !self.npz.names().unwrap_or_default().iter().any(is_there) {
            return Ok(Vec::new());
        }
        let table: Array2<f32> = self.floats(ARRAY)?;
        self.expect(ARRAY, table.shape(), &[table.nrows(), vertices], "N×V")?;
        let row = |row: ArrayView1<f32>| {
            let weights = (0..).zip(row).filter(|(_, weight)| **weight != 0.0);
            weights.map(|(vertex, weight)| (vertex, *weight)).collect()
        };
        Ok(table.outer_iter().map(row).collect())
    }

    fn check_skeleton(&mut self) -> Result<(), BodyError> {
        const ARRAY: &str = "kintree_table";
        let table = self.integers(ARRAY)?;
        self.expect(ARRAY, table.shape(), &[2, JOINT_COUNT], "2×24")?;
        let same = (1..JOINT_COUNT)
            .all(|joint| table[(0, joint)] == PARENTS[joint] as i64 && table[(1, joint)] == joint as i64);
        if same { Ok(()) } else { Err(self.values(ARRAY, "is not the SMPL skeleton")) }
    }

    fn triangles(&mut self, vertices: usize) -> Result<Vec<[u32; 3]>, BodyError> {
        const ARRAY: &str = "f";
        let table = self.integers(ARRAY)?;
        self.expect(ARRAY, table.shape(), &[table.nrows().max(1), 3], "F×3")?;
        let index = |value: i64| u32::try_from(value).ok().filter(|index| (*index as usize) < vertices);
        table
            .outer_iter()
            .map(|row| Some([index(row[0])?, index(row[1])?, index(row[2])?]))
            .collect::<Option<_>>()
            .ok_or_else(|| self.values(ARRAY, "names a vertex that there is not"))
    }

    /// The weights that are not zero, and where those of each vertex end.
    fn influences(&self, weights: &Array2<f32>) -> Result<(Vec<Influence>, Vec<u32>), BodyError> {
        let mut influences = Vec::new();
        let mut ends = Vec::with_capacity(weights.nrows());
        for row in weights.outer_iter() {
            if (row.sum() - 1.0).abs() > WEIGHT_SUM_TOLERANCE {
                return Err(self.values("weights", format!("has a row that sums to {}, not 1", row.sum())));
            }
            let weighted = row.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
            influences
                .extend(weighted.map(|(joint, weight)| Influence { joint: joint as u32, weight: *weight }));
            ends.push(influences.len() as u32);
        }
        Ok((influences, ends))
    }

    /// Pose blend shapes by rotation entry, or nothing where they are all zero.
    fn pose_directions(&mut self, vertices: usize) -> Result<Vec<Vec3>, BodyError> {
        const ARRAY: &str = "posedirs";
        let table: Array3<f32> = self.floats(ARRAY)?;
        self.expect(ARRAY, table.shape(), &[vertices, 3, POSE_FEATURE_COUNT], "V×3×207")?;
        if table.iter().all(|value| value.abs() < POSE_DIRECTION_MIN_M) {
            return Ok(Vec::new());
        }
        let mut directions = Vec::with_capacity(vertices * POSE_FEATURE_COUNT);
        for feature in 0..POSE_FEATURE_COUNT {
            let of_feature: ArrayView2<f32> = table.index_axis(ndarray::Axis(2), feature);
            directions.extend(of_feature.outer_iter().map(|row| vec3(&row)));
        }
        Ok(directions)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, Axis, arr2};
    use ndarray_npy::NpzWriter;

    use super::*;
    use crate::body::BodyModel;

    /// The arrays of a body of four vertices, all carried by the root.
    struct Parts {
        template: Array2<f64>,
        shape: Array3<f32>,
        pose: Array3<f32>,
        regressor: Array2<f32>,
        weights: Array2<f32>,
        tree: Array2<i64>,
        triangles: Array2<i32>,
    }

    impl Parts {
        fn good() -> Self {
            let mut weights = Array2::zeros((4, 24));
            weights.column_mut(0).fill(1.0);
            let parents = (0..24).map(|joint| if joint == 0 { -1 } else { PARENTS[joint] as i64 });
            let mut tree = Array2::zeros((2, 24));
            for (joint, parent) in parents.enumerate() {
                tree[(0, joint)] = parent;
                tree[(1, joint)] = joint as i64;
            }
            Self {
                template: arr2(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
                shape: Array3::zeros((4, 3, 12)),
                pose: Array3::zeros((4, 3, 207)),
                regressor: Array2::from_elem((24, 4), 0.25),
                weights,
                tree,
                triangles: arr2(&[[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
            }
        }

        fn read(&self) -> Result<BodyModel, BodyError> {
            let mut bytes = Vec::new();
            let mut npz = NpzWriter::new(Cursor::new(&mut bytes));
            npz.add_array("v_template", &self.template).unwrap();
            npz.add_array("shapedirs", &self.shape).unwrap();
            npz.add_array("posedirs", &self.pose).unwrap();
            npz.add_array("J_regressor", &self.regressor).unwrap();
            npz.add_array("weights", &self.weights).unwrap();
            npz.add_array("kintree_table", &self.tree).unwrap();
            npz.add_array("f", &self.triangles).unwrap();
            npz.finish().unwrap();
            BodyModel::from_npz(&bytes, "four")
        }
    }

    #[test]
    fn other_number_types_and_more_shape_components_are_read() {
        let model = Parts::good().read().unwrap();
        assert_eq!((model.name(), model.vertex_count(), model.triangles().len()), ("four", 4, 4));
        assert_eq!(model.rest_joints(&[0.0; BETA_COUNT])[23], Vec3::splat(0.25));
    }

    #[test]
    fn a_body_without_a_vertex_on_its_head_has_its_face_in_the_head_joint() {
        let model = Parts::good().read().unwrap();
        assert_eq!(model.keypoint_offsets()[..5], [Vec3::ZERO; 5]);
        assert!(model.keypoint_offsets()[11].y < 0.0);
    }

    #[test]
    fn a_damaged_model_is_refused_by_the_name_of_the_array() {
        let damaged = |change: &dyn Fn(&mut Parts)| {
            let mut parts = Parts::good();
            change(&mut parts);
            parts.read().unwrap_err()
        };
        let messages = [
            (damaged(&|parts| parts.template[(2, 1)] = f64::NAN), "v_template"),
            (damaged(&|parts| parts.template = Array2::zeros((0, 3))), "v_template"),
            (damaged(&|parts| parts.shape = Array3::zeros((4, 3, 9))), "shapedirs"),
            (damaged(&|parts| parts.pose = Array3::zeros((4, 3, 206))), "posedirs"),
            (damaged(&|parts| parts.regressor = Array2::zeros((23, 4))), "J_regressor"),
            (damaged(&|parts| parts.weights.row_mut(3).fill(0.0)), "weights"),
            (damaged(&|parts| parts.tree[(0, 16)] = 12), "kintree_table"),
            (damaged(&|parts| parts.tree.remove_index(Axis(0), 1)), "kintree_table"),
            (damaged(&|parts| parts.triangles[(1, 1)] = 4), " f "),
            (damaged(&|parts| parts.triangles[(1, 1)] = -1), " f "),
        ];
        for (error, array) in messages {
            let message = error.to_string();
            assert!(message.contains("four") && message.contains(array), "{message}");
        }
    }

    #[test]
    fn what_is_no_archive_or_cut_short_is_refused() {
        let starter = include_bytes!("../../models/starter/body_cc0_smpl24.npz");
        for bytes in [&b""[..], b"not an archive", &starter[..starter.len() / 2]] {
            assert!(matches!(BodyModel::from_npz(bytes, "x"), Err(BodyError::Unreadable { .. })));
        }
    }
}
