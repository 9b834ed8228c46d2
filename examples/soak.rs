//! Opens, analyses, seeks and exports a clip over and over in one process: `soak CLIP SECONDS [PARTS]`, where PARTS are
//! some of `analyse,seek,export`, to tell which of them memory grows with. `cargo xtask soak` watches what that does to its
//! memory.

#![allow(clippy::panic, reason = "a benchmark that cannot go on has failed")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use snowmesh::engine::{
    AnalyzeRequest, Engine, Event, ExportRequest, JobId, JobResult, ModelPlaces, Player, VideoOptions,
};
use snowmesh::settings::ModelSettings;
use snowmesh::types::{MemoryWish, OverlayStyle};

/// Seeks in one round.
const SEEKS: u64 = 40;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let clip = arguments.next().map(PathBuf::from);
    let seconds = arguments.next().and_then(|text| text.to_str()?.parse().ok());
    let (Some(clip), Some(seconds)) = (clip, seconds) else { panic!("soak CLIP SECONDS [PARTS]") };
    let parts = arguments.next().and_then(|text| text.into_string().ok());
    let parts = parts.as_deref().unwrap_or("analyse,seek,export").split(',').collect::<Vec<_>>();
    let engine = Engine::new(ModelPlaces::default(), None, Arc::new(|| {}));
    let (started, mut rounds) = (Instant::now(), 0);
    while started.elapsed() < Duration::from_secs(seconds) {
        round(&engine, &clip, &parts);
        rounds += 1;
        let held = snowmesh::engine::measure_memory();
        let at_s = started.elapsed().as_secs();
        println!(
            "{at_s} s, round {rounds}: {} MiB resident, {} MiB anonymous",
            held.resident >> 20,
            held.anonymous >> 20
        );
    }
    println!("{rounds} rounds of opening, analysing, seeking and exporting");
}

fn round(engine: &Engine, clip: &std::path::Path, parts: &[&str]) {
    let opened = engine.open(clip, false);
    let JobResult::Opened { clip: info, player } = wait(engine, opened) else { panic!("it opens") };
    let analysis = AnalyzeRequest {
        clip: clip.to_owned(),
        store: None,
        models: ModelSettings::default(),
        memory: MemoryWish::default(),
        restart: true,
        accept_existing: false,
    };
    if parts.contains(&"analyse") {
        let job = engine.analyze(analysis.clone(), false);
        wait(engine, job);
    }
    if parts.contains(&"seek") {
        seek(&player, info.frames.len());
    }
    if !parts.contains(&"export") {
        return;
    }
    let export = ExportRequest {
        analysis: AnalyzeRequest { restart: false, accept_existing: true, ..analysis },
        output: Some(clip.with_file_name("overlay.mp4")),
        matte_folder: None,
        overlay: OverlayStyle::default(),
        range: None,
        video: VideoOptions::default(),
    };
    let job = engine.export(export, false);
    wait(engine, job);
}

/// Goes to frames all over the clip and waits for each picture.
fn seek(player: &Player, frames: u64) {
    for step in 0..SEEKS {
        let frame = step * 7919 % frames.max(1);
        player.seek(frame);
        let asked = Instant::now();
        while player.frame().is_none_or(|shown| shown.index != frame)
            && asked.elapsed() < Duration::from_secs(5)
        {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn wait(engine: &Engine, job: JobId) -> JobResult {
    loop {
        for event in engine.drain_events() {
            if let Event::Finished { job: ended, result } = event
                && ended == job
            {
                return result.unwrap_or_else(|error| panic!("{error}"));
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
