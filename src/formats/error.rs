//! Why a file cannot be taken in.

/// Errors of the formats room. The caller knows the file's name and adds it.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// No format of that name.
    #[error("'{name}' is no data format; there are {known}")]
    UnknownFormat {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The file asks for code to be run. It is not.
    #[error("refused: the pickle asks for {name}, which is no plain data; nothing in it was run")]
    Unsafe {
        /// The Python name that it asks for.
        name: String,
    },
    /// The file is not a result file or is damaged.
    #[error("not a PHALP result or npz of SMPL parameters that can be read: {0}")]
    Malformed(String),
    /// A pickle that should be a body is none.
    #[error(
        "not an SMPL body that can be read: {0}; models/export/smpl_to_npz.py tells more, and converts what it can"
    )]
    NotABody(String),
    /// It would take more memory than any result does.
    #[error("unpacks to more than {limit_mib} MiB, which no result of a clip does")]
    TooLarge {
        /// The limit.
        limit_mib: u64,
    },
}
