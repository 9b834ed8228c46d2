//! SHA-256 of files that were taken in, beside them, as `sha256sum` writes and checks them.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::engine::{CancelToken, EngineError};

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Reads `path` whole, hands it to `into` as well, and gives its SHA-256; `seen` hears how many bytes were read.
pub fn hash_into(
    path: &Path,
    into: &mut dyn Write,
    cancel: &CancelToken,
    seen: &mut dyn FnMut(u64),
) -> Result<String, EngineError> {
    let failed = |doing| move |cause| EngineError::Io { doing, path: path.to_owned(), cause };
    let mut file = File::open(path).map_err(failed("reading"))?;
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let count = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            Err(cause) => return Err(failed("reading")(cause)),
        };
        hash.update(&chunk[..count]);
        into.write_all(&chunk[..count]).map_err(failed("copying"))?;
        seen(count as u64);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_of(path: &Path) -> Result<String, EngineError> {
    hash_into(path, &mut std::io::sink(), &CancelToken::default(), &mut |_| ())
}

/// The lines of a checksum file: each file's SHA-256 and name. Lines that are none are passed over.
pub fn parse(text: &str) -> Vec<(&str, &str)> {
    let line = |line| {
        let (sha256, name) = str::split_once(line, "  ")?;
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hash && !name.contains(['/', '\\'])).then_some((sha256, name))
    };
    text.lines().filter_map(line).collect()
}

/// A checksum file of these.
pub fn format(sums: &[(String, String)]) -> String {
    sums.iter().map(|(sha256, name)| format!("{sha256}  {name}\n")).collect()
}
