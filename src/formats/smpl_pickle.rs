//! The SMPL body as its makers give it: a Python pickle of NumPy, SciPy and chumpy arrays, read without Python and
//! without running anything in it.
//!
//! The arrays are written as the npz that the body room reads and checks; here they are only unwrapped: a chumpy array is
//! its values `x`, a selection the elements `idxs` of another, a sparse matrix becomes a dense one.

use std::io::Cursor;

use ndarray::{ArrayD, IxDyn};
use ndarray_npy::NpzWriter;

use super::error::FormatError;
use super::pickle::{Id, Name, Pickle, Value};

/// Arrays of a body that hold real numbers, and those that hold indices.
const FLOATS: [&str; 5] = ["v_template", "shapedirs", "posedirs", "J_regressor", "weights"];
const INTEGERS: [&str; 2] = ["kintree_table", "f"];

/// Most numbers in one array: twice what SMPL with 300 shape components has.
const MAX_NUMBERS: usize = 13_000_000;

/// Wrappers within wrappers that are followed.
const MAX_DEPTH: usize = 8;

/// An array's sizes and its numbers, row by row.
type Dense = (Vec<usize>, Vec<f64>);

/// The body in a pickle of protocol 2 or later, as an npz in SMPL's layout.
///
/// # Errors
/// [`FormatError::Unsafe`] where the pickle names anything but arrays; [`FormatError::Malformed`] and
/// [`FormatError::NotABody`] for what is no body.
pub fn body_from_pickle(bytes: &[u8]) -> Result<Vec<u8>, FormatError> {
    let pickle = Pickle::read(bytes).map_err(|error| match error {
        FormatError::Malformed(problem) => FormatError::NotABody(problem),
        other => other,
    })?;
    let mut file = Cursor::new(Vec::new());
    let mut npz = NpzWriter::new(&mut file);
    let unwritable = |error: ndarray_npy::WriteNpzError| FormatError::NotABody(error.to_string());
    for name in FLOATS {
        let numbers = array(&pickle, name)?.mapv(|number| number as f32);
        npz.add_array(name, &numbers).map_err(unwritable)?;
    }
    for name in INTEGERS {
        // A root without a parent is -1 in every width, signed and not.
        let numbers = array(&pickle, name)?.mapv(|number| number as i64);
        npz.add_array(name, &numbers).map_err(unwritable)?;
    }
    npz.finish().map_err(unwritable)?;
    Ok(file.into_inner())
}

fn array(pickle: &Pickle<'_>, name: &str) -> Result<ArrayD<f64>, FormatError> {
    let wrong = |what: &str| FormatError::NotABody(format!("{name} {what}"));
    let id = pickle.get(pickle.root, name).ok_or_else(|| wrong("is absent"))?;
    let (shape, numbers) = dense(pickle, id, 0).ok_or_else(|| wrong("is no array of numbers"))?;
    ArrayD::from_shape_vec(IxDyn(&shape), numbers).map_err(|_| wrong("has numbers that do not fit its shape"))
}

/// The numbers behind a value.
fn dense(pickle: &Pickle<'_>, id: Id, depth: usize) -> Option<Dense> {
    if depth > MAX_DEPTH {
        return None;
    }
    match pickle.value(id) {
        Value::Array { dtype, shape, fortran, bytes } => {
            let count = product(shape)?;
            let numbers: Vec<f64> = bytes
                .chunks_exact(dtype.size.max(1))
                .take(count)
                .map(|element| dtype.number(element))
                .collect();
            let numbers = if *fortran { from_columns(shape, &numbers)? } else { numbers };
            Some((shape.clone(), numbers))
        }
        Value::Object { class: Name::Chumpy, state } => dense(pickle, pickle.get(*state, "x")?, depth + 1),
        Value::Object { class: Name::ChumpySelect, state } => {
            let (_, all) = dense(pickle, pickle.get(*state, "a")?, depth + 1)?;
            let (_, picked) = dense(pickle, pickle.get(*state, "idxs")?, depth + 1)?;
            let shape = sizes(pickle, pickle.get(*state, "preferred_shape")?)?;
            let numbers =
                picked.iter().map(|&at| all.get(index(at)?).copied()).collect::<Option<Vec<f64>>>()?;
            (product(&shape)? == numbers.len()).then_some((shape, numbers))
        }
        Value::Object { class: Name::SparseColumns, state } => {
            let part = |name: &str| Some(dense(pickle, pickle.get(*state, name)?, depth + 1)?.1);
            let shape = pickle.get(*state, "_shape").or_else(|| pickle.get(*state, "shape"))?;
            sparse(&sizes(pickle, shape)?, &part("data")?, &part("indices")?, &part("indptr")?)
        }
        _ => None,
    }
}

/// A dense matrix of compressed columns: the values of column c are those from `ends[c]` to `ends[c + 1]`.
fn sparse(shape: &[usize], values: &[f64], rows: &[f64], ends: &[f64]) -> Option<Dense> {
    let [height, width] = *shape else { return None };
    let mut numbers = vec![0.0; product(shape)?];
    if ends.len() != width + 1 || rows.len() != values.len() {
        return None;
    }
    for (column, span) in ends.windows(2).enumerate() {
        let span = index(span[0])?..index(span[1])?;
        for (value, row) in values.get(span.clone())?.iter().zip(rows.get(span)?) {
            let row = index(*row).filter(|row| *row < height)?;
            numbers[row * width + column] += value;
        }
    }
    Some((shape.to_vec(), numbers))
}

/// A number that counts something.
fn index(number: f64) -> Option<usize> {
    (number >= 0.0 && number.fract() == 0.0 && number < MAX_NUMBERS as f64).then_some(number as usize)
}

fn sizes(pickle: &Pickle<'_>, id: Id) -> Option<Vec<usize>> {
    pickle.numbers(id)?.into_iter().map(index).collect()
}

/// How many numbers an array of this shape holds; `None` where that is more than any body has.
fn product(shape: &[usize]) -> Option<usize> {
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
    (count <= MAX_NUMBERS).then_some(count)
}

/// The numbers row by row of an array that is stored column by column.
fn from_columns(shape: &[usize], numbers: &[f64]) -> Option<Vec<f64>> {
    let reversed: Vec<usize> = shape.iter().rev().copied().collect();
    let stored = ndarray::ArrayViewD::from_shape(IxDyn(&reversed), numbers).ok()?;
    Some(stored.reversed_axes().iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3};
    use ndarray_npy::NpzReader;

    use super::*;

    /// A small body written by Python, see tests/data/make_smpl_pickle.py.
    const PICKLE: &[u8] = include_bytes!("../../tests/data/smpl_pickle/body.pkl");
    const EXPECTED: &[u8] = include_bytes!("../../tests/data/smpl_pickle/body.npz");

    #[test]
    fn arrays_are_unwrapped_as_python_does() {
        let npz = body_from_pickle(PICKLE).unwrap();
        let mut found = NpzReader::new(Cursor::new(npz)).unwrap();
        let mut expected = NpzReader::new(Cursor::new(EXPECTED)).unwrap();
        for name in FLOATS {
            let found: ArrayD<f32> = found.by_name(name).unwrap();
            let expected: ArrayD<f32> = expected.by_name(name).unwrap();
            assert_eq!(found, expected, "{name}");
        }
        for name in INTEGERS {
            let found: Array2<i64> = found.by_name(name).unwrap();
            let expected: Array2<i64> = expected.by_name(name).unwrap();
            assert_eq!(found, expected, "{name}");
        }
        let posedirs: Array3<f32> = found.by_name("posedirs").unwrap();
        assert_eq!(posedirs.dim().2, 207);
    }

    #[test]
    fn a_pickle_that_asks_for_code_runs_nothing() {
        // pickle.dumps of an object whose __reduce__ is (os.system, ("touch x",)), protocol 2.
        let evil = b"\x80\x02cposix\nsystem\nq\x00X\x07\x00\x00\x00touch xq\x01\x85q\x02Rq\x03.";
        let error = body_from_pickle(evil).unwrap_err();
        assert!(matches!(&error, FormatError::Unsafe { name } if name == "posix.system"), "{error}");
    }

    #[test]
    fn every_damage_is_told_and_none_is_a_crash() {
        for len in (0..PICKLE.len()).step_by(97) {
            body_from_pickle(&PICKLE[..len]).unwrap_err();
        }
        // xorshift (Marsaglia, 2003): the same corpus in every run.
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        // What matters is in the opcodes, not in the numbers between them: those before the first long array count most.
        for round in 0..4000 {
            let mut bytes = PICKLE.to_vec();
            let reach = if round % 2 == 0 { 600 } else { bytes.len() };
            for _ in 0..=random(6) {
                let at = random(reach.min(bytes.len()));
                match random(3) {
                    0 => bytes[at] = random(256) as u8,
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, random(256) as u8),
                }
            }
            let _ = body_from_pickle(&bytes);
        }
    }
}
