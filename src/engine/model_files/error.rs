//! What can go wrong with the files of the user's own models.

use std::path::PathBuf;

use crate::download::DownloadError;
use crate::engine::ErrorKind;

/// Why a model's file was not fetched, taken in, checked or removed.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The list of what can be fetched is damaged.
    #[error("{path}: {cause}; restore it from the program's own package", path = path.display())]
    Catalogue {
        /// The list.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Nothing is known of such a model.
    #[error("there is no model '{id}' to {what}: choose one of {known}", known = known.join(", "))]
    Unknown {
        /// The id.
        id: String,
        /// What was to be done.
        what: &'static str,
        /// Ids that would do.
        known: Vec<String>,
    },
    /// Only the user himself may fetch it.
    #[error("{title} is not fetched by this program; {by_hand}")]
    ByHand {
        /// Name for people.
        title: String,
        /// What to do.
        by_hand: String,
    },
    /// The licence has not been accepted.
    #[error(
        "{title} is under the licence above ({licence}); nothing was fetched: accept it with --accept-licence"
    )]
    LicenceNotAccepted {
        /// Name for people.
        title: String,
        /// The licence.
        licence: String,
    },
    /// The file is there.
    #[error("{path} is there already; next, {next}", path = path.display())]
    FetchedAlready {
        /// The file.
        path: PathBuf,
        /// What is to be done with it.
        next: String,
    },
    /// It did not come.
    #[error("{cause}. To do it by hand: {by_hand}, and save it as {path}", path = path.display())]
    Fetch {
        /// What happened.
        cause: DownloadError,
        /// How to get it without this program.
        by_hand: String,
        /// Where it would have gone.
        path: PathBuf,
    },
    /// A file is no model that can be used.
    #[error("{path} is not taken in: {cause}", path = path.display())]
    NotTakenIn {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A model would replace another.
    #[error("{path} is there already and is kept; `snowmesh models remove {id}` makes room", path = path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
        /// The model that it belongs to.
        id: String,
    },
    /// A file is another one than was taken in.
    #[error("{path} was altered: {cause}; import it again, or export it again", path = path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// How that is known.
        cause: String,
    },
    /// A model that is not the user's own.
    #[error("{id} comes with the program and is not removed")]
    NotTheUsers {
        /// The id.
        id: String,
    },
}

impl ModelFileError {
    /// What a caller can act on.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Fetch { .. } | Self::LicenceNotAccepted { .. } | Self::FetchedAlready { .. } => {
                ErrorKind::Failed
            }
            _ => ErrorKind::Model,
        }
    }
}
