//! Where text goes.

use std::io::{self, Write};

use serde::Serialize;
use tracing_subscriber::EnvFilter;

/// Sends the log to standard error; `RUST_LOG` chooses how much, warnings without it.
pub fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error,snowmesh=warn"));
    // A logger that a test has set already is as good.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).try_init();
}

/// Prints `value` as JSON on standard output.
///
/// # Errors
/// When standard output cannot be written; a reader that has had enough (`| head`) is no error.
pub fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = serde_json::to_writer(&mut out, value).map_err(io::Error::from);
    ignore_closed_pipe(result.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
}

/// Prints `text` on standard output.
///
/// # Errors
/// As [`print_json`].
pub fn print_text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    ignore_closed_pipe(writeln!(out, "{text}").and_then(|()| out.flush()))
}

fn ignore_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
