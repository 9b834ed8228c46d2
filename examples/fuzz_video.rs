//! Damages clips at random and reads them as a player would, until it is stopped or the time is up.
//!
//! `cargo run --release --example fuzz_video -- SECONDS SEED CLIP…` ends with the number of files tried. A crash, a hang
//! or a panic is a defect: the file that did it is left behind, and its path is the last line.

#![allow(clippy::panic, reason = "what must not happen is to be seen")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

#[path = "../tests/video/damage.rs"]
mod damage;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|word| word.parse::<u64>().ok());
    let (Some(seconds), Some(seed)) = (number(), number()) else {
        eprintln!("usage: fuzz_video SECONDS SEED CLIP…");
        std::process::exit(2);
    };
    let clips: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let folder = tempfile::tempdir()?.keep();
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut state = seed;
    // Knuth's linear congruential generator (MMIX).
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit.max(1)
    };
    let mut tried = 0_u64;
    while Instant::now() < end {
        for clip in &clips {
            let mut bytes = std::fs::read(clip)?;
            for _ in 0..=below(3) {
                damage::damage(&mut bytes, &mut below);
            }
            let name = clip.file_name().unwrap_or_default();
            let path = folder.join(name);
            std::fs::write(&path, bytes)?;
            println!("{tried} {}", path.display());
            damage::play(&path);
            tried += 1;
        }
    }
    println!("{tried} damaged files, none of them did harm");
    std::fs::remove_dir_all(folder)
}
