//! A file on its way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::DownloadError;

/// Bytes that are read at a time of what is there already.
const CHUNK_BYTES: usize = 1 << 20;

/// What is known of a file before it is fetched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// Its length.
    pub bytes: Option<u64>,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: Option<&'a str>,
}

/// The part of a file that is there: `NAME.part`, and in `NAME.part.version` what the server called it.
pub struct Part {
    target: PathBuf,
    path: PathBuf,
    version_path: PathBuf,
    file: File,
    hash: Sha256,
    bytes: u64,
    version: Option<String>,
}

impl Part {
    /// Takes up what is there of `target`, or begins it.
    ///
    /// # Errors
    /// [`DownloadError::Disk`].
    pub fn open(target: &Path) -> Result<Self, DownloadError> {
        let beside = |ending: &str| {
            let mut name = target.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let (path, version_path) = (beside(".part"), beside(".part.version"));
        let disk = |cause| DownloadError::Disk { path: path.clone(), cause };
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(disk)?;
        let mut hash = Sha256::new();
        let mut bytes = 0;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => {
                    hash.update(&chunk[..count]);
                    bytes += count as u64;
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(disk(cause)),
            }
        }
        let version = fs::read_to_string(&version_path).ok().filter(|version| !version.is_empty());
        Ok(Self { target: target.to_owned(), path, version_path, file, hash, bytes, version })
    }

    /// Bytes that are there.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the server called the version that is there; without it nothing can be added.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Throws away what is there and begins `version` of the file.
    ///
    /// # Errors
    /// [`DownloadError::Disk`].
    pub fn restart(&mut self, version: Option<String>) -> Result<(), DownloadError> {
        (self.hash, self.bytes) = (Sha256::new(), 0);
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(|cause| self.disk(cause))?;
        let noted = match &version {
            Some(version) => fs::write(&self.version_path, version),
            None => remove(&self.version_path),
        };
        noted.map_err(|cause| self.disk(cause))?;
        self.version = version;
        Ok(())
    }

    /// Adds what has come.
    ///
    /// # Errors
    /// [`DownloadError::Disk`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.file.write_all(bytes).map_err(|cause| self.disk(cause))?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Gives the whole file its name, and its SHA-256 to the caller.
    ///
    /// # Errors
    /// [`DownloadError::WrongBytes`], and then nothing is kept; [`DownloadError::Disk`].
    pub fn finish(self, expected: Expected<'_>) -> Result<String, DownloadError> {
        let found: String = self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if let Some(expected) = expected.sha256.filter(|expected| *expected != found) {
            let (path, expected) = (self.target.clone(), expected.to_owned());
            self.discard()?;
            return Err(DownloadError::WrongBytes { path, expected, found });
        }
        let kept = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, &self.target))
            .and_then(|()| remove(&self.version_path));
        kept.map_err(|cause| self.disk(cause))?;
        Ok(found)
    }

    /// Throws away what is there.
    ///
    /// # Errors
    /// [`DownloadError::Disk`].
    pub fn discard(self) -> Result<(), DownloadError> {
        let gone = remove(&self.path).and_then(|()| remove(&self.version_path));
        gone.map_err(|cause| self.disk(cause))
    }

    fn disk(&self, cause: io::Error) -> DownloadError {
        DownloadError::Disk { path: self.path.clone(), cause }
    }
}

/// Deletes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}
