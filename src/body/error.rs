//! What can be wrong with a body model.

/// Errors of the body room. Each names the model that was being read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The bytes are not an array archive, or one of its arrays is missing or of another type.
    #[error("{model} cannot be read: {cause}; a body model is an .npz file in SMPL's layout")]
    Unreadable {
        /// The model's name.
        model: String,
        /// What the reader said.
        cause: String,
    },
    /// An array has another shape than SMPL's layout asks for.
    #[error("{model}: array {array} has the shape {found:?}, not {expected}; export the model again")]
    Shape {
        /// The model's name.
        model: String,
        /// The array.
        array: &'static str,
        /// Its shape in the file.
        found: Vec<usize>,
        /// What was needed; V stands for the number of vertices.
        expected: &'static str,
    },
    /// An array holds values that no body can have.
    #[error("{model}: array {array} {problem}; the file is damaged or not an SMPL body, export it again")]
    Values {
        /// The model's name.
        model: String,
        /// The array.
        array: &'static str,
        /// What is wrong with them.
        problem: String,
    },
    /// A body in SMPL's layout that is not the SMPL model.
    #[error(
        "{model} is not the SMPL model: it has {vertices} vertices and {triangles} triangles, not 6890 and 13776; the shape \
         that a mesh network finds belongs to SMPL alone"
    )]
    NotSmpl {
        /// The model's name.
        model: String,
        /// Its vertices.
        vertices: usize,
        /// Its triangles.
        triangles: usize,
    },
}
