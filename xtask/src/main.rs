//! Set-up and chores of the project: `cargo xtask help` lists them.
//!
//! A crate of its own without dependencies: it builds in seconds on a machine that has nothing but git and
//! rustup yet, and it can then bring what the application itself needs to be built.

mod against_python;
mod bench_export;
mod chores;
mod demo;
mod error;
mod memory;
mod process;
mod setup;
mod stress;
mod test;
mod workspace;

use std::process::ExitCode;

use error::{Error, Result};
use setup::Flavour;

const HELP: &str = "\
cargo xtask setup [--gpu]   bring what the build and the application need (--gpu: ONNX Runtime for CUDA too)
cargo xtask demo            set up, build, and show the demo clip with its analysis running
                            (without a display: analyse and export it)
cargo xtask test [ARGS]     set up and run every test; ARGS go to the test runner
cargo xtask check           formatting and lints
cargo xtask bench [ARGS]    run the benchmarks; ARGS go to Criterion
cargo xtask bench --against-python   HMR2 and drawing beside PyTorch and pyrender, in turns (8 GiB of disk in target/)
cargo xtask limited MIB ARGS run snowmesh ARGS under a hard memory limit and say what it took
cargo xtask survive [--kills N]  kill analyses at random moments and check what is left
cargo xtask soak [--minutes N]   analyse, seek and export over and over and watch the memory
cargo xtask bench-export      an annotated export beside plain FFmpeg: time, memory, and killed 20 times
cargo xtask stress          make a clip that is hard to track in, analyse it and print how well it went
cargo xtask make-demo       make the demo clip in assets/ anew
cargo xtask help            this list

An ONNX Runtime of your own (1.27 to 1.32) is used when ORT_DYLIB_PATH names its library.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    match command {
        "setup" => setup::run(flavours(rest)?),
        "demo" => none(command, rest).and_then(|()| demo::run()),
        "test" => test::run(rest),
        "check" => none(command, rest).and_then(|()| chores::check()),
        "bench" if rest == ["--against-python"] => against_python::run_all(),
        "bench" => chores::bench(rest),
        "limited" => memory::limited(rest),
        "survive" => memory::survive(rest),
        "soak" => memory::soak(rest),
        "bench-export" => none(command, rest).and_then(|()| bench_export::run_all()),
        "stress" => none(command, rest).and_then(|()| stress::run()),
        "make-demo" => none(command, rest).and_then(|()| chores::make_demo()),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        unknown => Err(Error::Usage(format!("there is no command '{unknown}'"))),
    }
}

/// The runtimes that `setup` is asked for.
fn flavours(arguments: &[String]) -> Result<&'static [Flavour]> {
    match arguments {
        [] => Ok(&[Flavour::Cpu]),
        [gpu] if gpu == "--gpu" => Ok(&[Flavour::Cpu, Flavour::Gpu]),
        _ => Err(Error::Usage(format!("setup takes --gpu or nothing, not '{}'", arguments.join(" ")))),
    }
}

/// Refuses arguments where none are taken: a mistyped one must not go unnoticed.
fn none(command: &str, arguments: &[String]) -> Result<()> {
    match arguments {
        [] => Ok(()),
        _ => Err(Error::Usage(format!("{command} takes no arguments, not '{}'", arguments.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(arguments: &[&str]) -> u8 {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        dispatch(&arguments).map_or_else(|error| error.exit_code(), |()| 0)
    }

    #[test]
    fn mistyped_commands_and_arguments_are_usage_errors() {
        assert_eq!(code(&["tset"]), 2);
        assert_eq!(code(&["setup", "--cuda"]), 2);
        assert_eq!(code(&["setup", "--gpu", "now"]), 2);
        assert_eq!(code(&["demo", "clip.mp4"]), 2);
    }

    #[test]
    fn help_is_no_error() {
        assert_eq!(code(&[]), 0);
        assert_eq!(code(&["--help"]), 0);
    }
}
