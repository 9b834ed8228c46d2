//! Frames and sound into one MP4, by the `ffmpeg` tool as a child process.
//!
//! The project's own sink copies sound from a clip and makes none, so the first clip of all needs another way.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A clip being written.
pub struct Movie {
    encoder: Child,
    partial: PathBuf,
    path: PathBuf,
}

impl Movie {
    /// Starts a clip of raw R'G'B'A frames with the sound of a WAV file, or without sound.
    pub fn create(
        path: &Path,
        sound: Option<&Path>,
        size_px: [u32; 2],
        frames_per_second: u32,
    ) -> Result<Self, Box<dyn Error>> {
        let partial = path.with_extension("partial.mp4");
        let size = format!("{}x{}", size_px[0], size_px[1]);
        let mut encoder = Command::new("ffmpeg");
        encoder
            .args(["-hide_banner", "-loglevel", "error", "-y"])
            .args(["-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", &size])
            .args(["-framerate", &frames_per_second.to_string(), "-i", "-"]);
        if let Some(sound) = sound {
            encoder.arg("-i").arg(sound).arg("-shortest");
        }
        let encoder = encoder
            .args(["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"])
            .args(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"])
            .args(["-c:v", "libx264", "-preset", "veryslow", "-crf", "25", "-g", "30", "-bf", "2"])
            .args(["-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart"])
            .args([
                "-map_metadata",
                "-1",
                "-fflags",
                "+bitexact",
                "-flags:v",
                "+bitexact",
                "-flags:a",
                "+bitexact",
            ])
            .arg(&partial)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| format!("ffmpeg cannot be started: {error}; install it"))?;
        Ok(Self { encoder, partial, path: path.to_owned() })
    }

    /// Adds a frame.
    pub fn write(&mut self, rgba: &[u8]) -> Result<(), Box<dyn Error>> {
        let input = self.encoder.stdin.as_mut().ok_or("the encoder takes no frames")?;
        Ok(input.write_all(rgba)?)
    }

    /// Waits for the encoder and puts the clip in its place.
    pub fn finish(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.encoder.stdin.take());
        let status = self.encoder.wait()?;
        if !status.success() {
            return Err(format!("ffmpeg failed with {status}; see above").into());
        }
        Ok(fs::rename(&self.partial, &self.path)?)
    }
}

impl Drop for Movie {
    /// Ends the encoder where the clip is given up: left alone it would go on to a sound that is gone by then, and its
    /// complaint would hide why.
    fn drop(&mut self) {
        if let Ok(None) = self.encoder.try_wait() {
            let _ = self.encoder.kill();
            let _ = self.encoder.wait();
        }
        let _ = fs::remove_file(&self.partial);
    }
}
