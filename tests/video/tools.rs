//! Clips made by the `ffmpeg` tool, what `ffprobe` says of them, and a random sequence that is always the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use snowmesh::types::{VideoFrame, YuvImage};
use snowmesh::video::{self, DecodeOptions, FrameSource, VideoError};

/// A test source of 60 small pictures, every one different.
pub const PICTURES: &str = "testsrc2=size=192x108:rate=30:duration=2";

/// Whether the tools are there; says so if not.
pub fn have_tools() -> bool {
    let have = |tool| Command::new(tool).arg("-version").output().is_ok_and(|output| output.status.success());
    let both = have("ffmpeg") && have("ffprobe");
    if !both {
        println!("skipped: the ffmpeg and ffprobe tools are not installed");
    }
    both
}

/// Output of a tool that has to succeed.
fn output(tool: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(tool).args(["-v", "error"]).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {errors}");
    output.stdout
}

/// Makes `folder/name` as [`make`] does, or says why this `ffmpeg` cannot.
pub fn try_make(folder: &Path, name: &str, arguments: &str) -> Result<PathBuf, String> {
    let path = folder.join(name);
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(&path)
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(path) } else { Err(why) }
}

/// Makes `folder/name` with these arguments of `ffmpeg`, separated by blanks.
pub fn make(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let mut all: Vec<&str> = vec!["-y"];
    all.extend(arguments.split_whitespace());
    all.push(path.to_str().unwrap());
    output("ffmpeg", &all);
    path
}

/// A clip of [`PICTURES`] with key frames every half second, B-frames and a tone.
pub fn make_clip(folder: &Path, name: &str) -> PathBuf {
    make(
        folder,
        name,
        &format!(
            "-f lavfi -i {PICTURES} -f lavfi -i sine=duration=2 -pix_fmt yuv420p -c:v libx264 -g 15 -bf 3 -c:a aac"
        ),
    )
}

/// What `ffmpeg` writes to its output for a clip.
pub fn ffmpeg_output(path: &Path, arguments: &str) -> Vec<u8> {
    let mut all = vec!["-i", path.to_str().unwrap()];
    all.extend(arguments.split_whitespace());
    all.push("-");
    output("ffmpeg", &all)
}

/// Values of one entry of `ffprobe`, as in `frame=pts`, of the streams chosen by `streams`.
pub fn probe(path: &Path, streams: &str, entry: &str) -> Vec<String> {
    let path = path.to_str().unwrap();
    let text =
        output("ffprobe", &["-select_streams", streams, "-show_entries", entry, "-of", "csv=p=0", path]);
    let text = String::from_utf8(text).unwrap();
    text.lines().map(|line| line.trim_end_matches(',').to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Presentation timestamps of the frames that `ffprobe` decodes.
pub fn probe_pts(path: &Path) -> Vec<i64> {
    let mut pts: Vec<i64> = probe(path, "v:0", "frame=pts")
        .iter()
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    pts.sort_unstable();
    pts
}

pub fn open(path: &Path) -> Box<dyn FrameSource> {
    video::open(path, &DecodeOptions::default()).unwrap()
}

pub fn open_error(path: &Path) -> VideoError {
    video::open(path, &DecodeOptions::default()).err().unwrap()
}

/// All timestamps of a clip's index.
pub fn index_pts(source: &dyn FrameSource) -> Vec<i64> {
    let frames = &source.info().frames;
    (0..frames.len()).map(|index| frames.pts(index).unwrap()).collect()
}

/// The frames from where the source stands to its end.
pub fn read_all(source: &mut dyn FrameSource) -> Vec<VideoFrame> {
    std::iter::from_fn(|| source.next_frame().unwrap()).collect()
}

/// The planes of a picture one after the other, as `ffmpeg -f rawvideo -pix_fmt yuv420p` writes them.
pub fn raw(image: &YuvImage) -> Vec<u8> {
    [&*image.y, &*image.u, &*image.v].concat()
}

pub fn hash(image: &YuvImage) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&image.y, &image.u, &image.v).hash(&mut hasher);
    hasher.finish()
}

/// Numbers of a linear congruential generator (Knuth, MMIX).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
