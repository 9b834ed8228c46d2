//! How files are begun that are renamed into their place when they are whole.

/// A builder of temporary files. What becomes of them is a file like any other, not for its owner's eyes alone; the
/// system's mask still applies.
pub fn temporary_file<'a, 'b>() -> tempfile::Builder<'a, 'b> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".snowmesh-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
