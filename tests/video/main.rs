//! Reading and writing real files, with the `ffmpeg` and `ffprobe` tools as the independent truth.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bars;
mod codecs;
mod colors;
mod corpus;
mod damage;
mod damaged;
mod footage;
mod reading;
mod sound;
mod tools;
mod writing;
