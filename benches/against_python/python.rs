//! The Python side: a process that is asked a line and answers one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// Starts `reference.py` on the arrays in `folder`.
    pub fn start(python: &Path, folder: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/against_python/reference.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the environment's python starts");
        let input = child.stdin.take().expect("it was asked for");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        Self { child, input, output }
    }

    /// The numbers that a command is answered with.
    pub fn ask(&mut self, command: &str) -> Vec<f64> {
        writeln!(self.input, "{command}").expect("python is there");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("python answers");
        assert!(!line.is_empty(), "python ended at '{command}'; what it said is above");
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
