//! Running other programs.

use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::workspace;

/// The cargo that runs this chore, in the root of the workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(workspace::root());
    command
}

/// Runs a program on this terminal until it ends well.
pub fn run(command: &mut Command) -> Result<()> {
    let status =
        command.status().map_err(|cause| Error::NotStarted { command: command_line(command), cause })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: command_line(command), status }) }
}

/// Runs a program and gives what it wrote to standard output, whether or not it ended well; its complaints
/// are left out.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|cause| Error::NotStarted { command: command_line(command), cause })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is there and ends well, silently.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A command as one would type it, the program by its name alone.
pub fn command_line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_and_its_code_passed_on() {
        let error = run(Command::new("sh").args(["-c", "exit 7"])).expect_err("exit 7 is a failure");
        assert_eq!(error.exit_code(), 7);
        assert!(error.to_string().starts_with("'sh -c exit 7' failed"), "{error}");
    }

    #[test]
    fn an_absent_program_is_named() {
        let error = run(&mut Command::new("/nowhere/no-such-program")).expect_err("there is no such program");
        assert!(error.to_string().starts_with("cannot start 'no-such-program'"), "{error}");
        assert!(!succeeds(&mut Command::new("/nowhere/no-such-program")));
    }
}
