//! How long an annotated export takes beside plain FFmpeg, how much memory it holds, and what is there when it is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::process::{cargo, command_line, run};
use crate::setup::{self, Flavour};
use crate::workspace;

/// Lengths of the clips that memory is compared for, seconds.
const LENGTHS_S: [u32; 2] = [10, 60];

/// Clock ticks a second in /proc (USER_HZ, the same on every Linux).
const TICKS_PER_S: f64 = 100.0;

/// What a process took.
struct Cost {
    wall_s: f64,
    cpu_s: f64,
    peak_mb: f64,
}

/// Measures on 1080p clips made from the demo clip; Linux only.
pub fn run_all() -> Result<()> {
    setup::run(&[Flavour::Cpu])?;
    run(&mut cargo(&["build", "--release", "--bin", "snowmesh"]))?;
    let folder = workspace::target().join("bench-export");
    fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
    let clips = LENGTHS_S.map(|length_s| folder.join(format!("slope-{length_s}s.mp4")));
    for (clip, length_s) in clips.iter().zip(LENGTHS_S) {
        make_clip(clip, length_s)?;
        run(snowmesh().arg("analyze").arg(clip).args(["--progress", "none"]))?;
    }
    let plain = cost(&ffmpeg_transcode(&clips[0], &folder.join("plain.mp4")))?;
    let bare = cost(&export(&clips[0], &folder.join("bare.mp4"), "none"))?;
    let drawn = cost(&export(&clips[0], &folder.join("drawn.mp4"), "mesh"))?;
    let long = cost(&export(&clips[1], &folder.join("long.mp4"), "mesh"))?;
    println!("1080p, {} s, H.264 (libx264, preset fast, CRF 18), sound copied:", LENGTHS_S[0]);
    println!("{:28} {:>8} {:>8} {:>10} {:>14}", "", "wall s", "CPU s", "peak MB", "wall / ffmpeg");
    for (name, cost) in
        [("ffmpeg", &plain), ("snowmesh, nothing drawn", &bare), ("snowmesh, mesh drawn", &drawn)]
    {
        let ratio = cost.wall_s / plain.wall_s;
        println!("{name:28} {:8.2} {:8.2} {:10.0} {ratio:14.2}", cost.wall_s, cost.cpu_s, cost.peak_mb);
    }
    println!(
        "peak memory for {} s: {:.0} MB, for {} s: {:.0} MB",
        LENGTHS_S[0], drawn.peak_mb, LENGTHS_S[1], long.peak_mb
    );
    let kills = ["test", "--test", "export_safety", "killed", "--", "--nocapture"];
    run(cargo(&kills).env("SNOWMESH_KILLS", "20"))
}

/// The demo clip at 1080p, over and over.
fn make_clip(clip: &Path, length_s: u32) -> Result<()> {
    if clip.is_file() {
        return Ok(());
    }
    let demo = workspace::root().join("assets/demo.mp4");
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-stream_loop", "-1", "-i"])
        .arg(demo)
        .args(["-t", &length_s.to_string(), "-vf", "scale=1920:1080", "-c:v", "libx264", "-crf", "18"])
        .args(["-preset", "fast", "-c:a", "copy"])
        .arg(clip))
}

/// What an export encodes with, and FFmpeg's own threads.
fn ffmpeg_transcode(clip: &Path, target: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-i"]).arg(clip);
    command.args(["-c:v", "libx264", "-preset", "fast", "-crf", "18", "-g", "60", "-c:a", "copy"]);
    command.args(["-movflags", "+faststart"]).arg(target);
    command
}

fn export(clip: &Path, target: &Path, overlay: &str) -> Command {
    let mut command = snowmesh();
    command.arg("export").arg(clip).arg("-o").arg(target).args(["--overlay", overlay, "--progress", "none"]);
    command
}

fn snowmesh() -> Command {
    let binary: PathBuf = workspace::target().join("release/snowmesh");
    Command::new(binary)
}

/// Runs to the end; CPU time and memory are those last seen in /proc, a fiftieth of a second before it at most.
fn cost(command: &Command) -> Result<Cost> {
    let begun = Instant::now();
    let failed = |cause| Error::NotStarted { command: command_line(command), cause };
    let mut child = Command::new(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (mut cpu_s, mut peak_mb) = (0.0, 0.0);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        let proc = PathBuf::from(format!("/proc/{}", child.id()));
        cpu_s = cpu_of(&proc).unwrap_or(cpu_s);
        peak_mb = peak_of(&proc).unwrap_or(peak_mb);
        std::thread::sleep(Duration::from_millis(20));
    };
    let wall_s = begun.elapsed().as_secs_f64();
    if status.success() {
        Ok(Cost { wall_s, cpu_s, peak_mb })
    } else {
        Err(Error::Failed { command: command_line(command), status })
    }
}

/// Seconds of CPU time in user and kernel (fields 14 and 15 of stat; the name before may hold blanks).
fn cpu_of(proc: &Path) -> Option<f64> {
    let stat = fs::read_to_string(proc.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<f64>().ok();
    Some((ticks(fields.next())? + ticks(fields.next())?) / TICKS_PER_S)
}

/// Highest resident memory so far, megabytes.
fn peak_of(proc: &Path) -> Option<f64> {
    let status = fs::read_to_string(proc.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<f64>().ok().map(|kb| kb / 1024.0)
}
