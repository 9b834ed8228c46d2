//! What an analysis was about to do: written beside its file before every step that may end the process.
//!
//! A process that is killed says nothing. The next one, or the window that started it, reads here what it was doing.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::types::temporary::temporary_file;
use crate::types::{ByteSize, Rung};

/// The last thing that an analysis began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breadcrumb {
    /// What was being done, in words: "loading hmr2", "analysing".
    pub stage: String,
    /// The model that was being loaded; `None` between loads.
    pub model: Option<String>,
    /// Memory planned for what was being done, bytes.
    pub planned: u64,
    /// Memory of the process that the system cannot drop, when last looked at, bytes.
    pub measured: u64,
    /// What the process was allowed, bytes.
    pub limit: u64,
    /// The rung of the plan.
    pub rung: Rung,
}

impl Breadcrumb {
    /// The file for the analysis file `store`.
    pub fn path(store: &Path) -> PathBuf {
        let mut name = store.file_name().unwrap_or_default().to_owned();
        name.push(".last");
        store.with_file_name(name)
    }

    /// What the last analysis into `store` began, where it did not end by itself.
    pub fn read(store: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(Self::path(store)).ok()?;
        // One that was cut short tells nothing.
        serde_json::from_str(&text).ok()
    }

    /// Leaves it for `store`. What cannot be written is told in the log alone: no analysis is lost for it.
    pub fn leave(&self, store: &Path) {
        if let Err(error) = self.try_leave(store) {
            tracing::warn!("{}: {error}", Self::path(store).display());
        }
    }

    fn try_leave(&self, store: &Path) -> std::io::Result<()> {
        let path = Self::path(store);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = temporary_file().tempfile_in(folder)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Takes it away: the analysis ended by itself.
    pub fn clear(store: &Path) {
        let _ = std::fs::remove_file(Self::path(store));
    }

    /// What the next run says of one that left this and did not end by itself; it goes on from `frame`.
    pub fn of_earlier_run(&self, frame: u64) -> String {
        let words = self.words();
        format!(
            "the last analysis of this clip was ended from outside while {words}; it goes on from frame {frame}"
        )
    }

    /// In plain words, to follow "ended while".
    pub fn words(&self) -> String {
        let Self { stage, planned, measured, limit, .. } = self;
        let (planned, measured, limit) = (ByteSize(*planned), ByteSize(*measured), ByteSize(*limit));
        format!("{stage} ({planned} planned, {measured} held when last measured, {limit} allowed)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_found_until_it_is_cleared_and_a_cut_one_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("jump.snowmesh");
        assert_eq!(Breadcrumb::read(&store), None);
        let crumb = Breadcrumb {
            stage: "loading hmr2".into(),
            model: Some("hmr2".into()),
            planned: 3 << 30,
            measured: 300 << 20,
            limit: 4 << 30,
            rung: Rung::Mapped,
        };
        crumb.leave(&store);
        assert_eq!(Breadcrumb::read(&store), Some(crumb.clone()));
        assert_eq!(
            crumb.words(),
            "loading hmr2 (3 GiB planned, 300 MiB held when last measured, 4 GiB allowed)"
        );
        let text = std::fs::read(Breadcrumb::path(&store)).unwrap();
        std::fs::write(Breadcrumb::path(&store), &text[..20]).unwrap();
        assert_eq!(Breadcrumb::read(&store), None);
        Breadcrumb::clear(&store);
        assert!(!Breadcrumb::path(&store).exists());
    }
}
