//! Holds the arrows between the rooms (see the crate's documentation), keeps each foreign crate in its room,
//! and files short.

#[path = "layering/paths.rs"]
mod paths;
#[path = "layering/rules.rs"]
mod rules;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use rules::violations;

/// A file that is longer than this has a second subject.
const MAX_LINES: usize = 450;

#[test]
fn rooms_use_only_what_they_may() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files(&root, "rs")?;
    assert!(files.len() > 10, "the rooms lie in {}", root.display());
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        found.extend(violations(&name, &fs::read_to_string(&path)?)?);
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

#[test]
fn files_have_one_subject() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut too_long = Vec::new();
    for (folder, extension) in [("src", "rs"), ("xtask", "rs"), ("tests", "rs"), ("shaders", "wgsl")] {
        for path in files(&root.join(folder), extension)? {
            let lines = fs::read_to_string(&path)?.lines().count();
            if lines > MAX_LINES {
                too_long.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    assert!(too_long.is_empty(), "more than {MAX_LINES} lines:\n{}", too_long.join("\n"));
    Ok(())
}

/// The files with this extension in `folder` and below.
fn files(folder: &Path, extension: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|present| present == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The complaints about `source` as the file `file`, without their place.
#[track_caller]
fn complaints(file: &str, source: &str) -> Vec<String> {
    let found = violations(file, source).unwrap_or_else(|error| vec![error]);
    found
        .iter()
        .map(|line| line.split_once(": ").map_or(line.as_str(), |(_, rest)| rest).to_owned())
        .collect()
}

#[test]
fn a_room_that_uses_its_sibling_is_found() {
    for source in [
        "use crate::engine::Job;",
        "use crate::{types::BBox, engine::Job};",
        "use crate::{types::{BBox, Camera}, engine::{self, Job}};",
        "fn f() { let job = crate::engine::Job::<u8>::new(); }",
        "fn f() { println!(\"{}\", crate::engine::Job); }",
        "pub use super::super::engine::Job;",
        "mod inner { use super::super::super::engine::Job; }",
        "use crate::types::BBox; #[cfg(test)] mod tests { use crate::engine::Job; }",
    ] {
        let found = complaints("video/source.rs", source);
        let is_found = |line: &String| line.starts_with("crate::engine") && line.ends_with("only [types])");
        assert!(found.iter().any(is_found), "{source}: {found:?}");
    }
}

#[test]
fn lawful_sources_pass() {
    for (file, source) in [
        (
            "video/source.rs",
            "use crate::types::{BBox, Camera}; use super::VideoError; use ffmpeg_next as ffmpeg;",
        ),
        ("video/source.rs", "use crate::video::error::VideoError; pub(crate) fn f() { self::g(); }"),
        (
            "video/source.rs",
            "//! Not `use crate::engine::Job;` but words.\nconst S: &str = \"crate::ui::App\";",
        ),
        ("video/source.rs", "// use crate::engine::Job;\n/* crate::ui::App */ fn f<'a>(x: &'a str) {}"),
        ("video/source.rs", "fn threads() { std::thread::available_parallelism(); std::thread::sleep(d); }"),
        ("video/source.rs", "#[cfg(test)] mod tests { fn f() { std::thread::spawn(|| ()); } }"),
        (
            "ui/viewport.rs",
            "use crate::{engine::Engine, render::Renderer, settings::Settings}; use egui_wgpu::wgpu;",
        ),
        ("ui/files.rs", "use crate::engine::{Job, thread}; fn f() { thread::spawn(\"dialog\", || ()); }"),
        ("engine/mod.rs", "use std::{sync::Arc, thread}; fn f() { thread::Builder::new(); }"),
        ("main.rs", "use snowmesh::{cli, ui}; fn main() { cli::run(); }"),
        ("lib.rs", "pub mod video; pub use crate::video::open;"),
    ] {
        assert_eq!(complaints(file, source), [""; 0], "{file}: {source}");
    }
}

#[test]
fn every_arrow_points_one_way() {
    for (file, source) in [
        ("types/mod.rs", "use crate::video::open;"),
        ("engine/mod.rs", "use crate::ui::App;"),
        ("cli/mod.rs", "use crate::ui::App;"),
        ("cli/mod.rs", "use crate::render::Renderer;"),
        ("ui/app.rs", "use crate::video::open;"),
        ("settings.rs", "use crate::engine::Job;"),
        ("main.rs", "use snowmesh::engine::Job;"),
        ("cellar/mod.rs", ""),
    ] {
        assert_eq!(complaints(file, source).len(), 1, "{file}: {source}");
    }
}

#[test]
fn foreign_crates_and_threads_stay_in_their_rooms() {
    for (file, source) in [
        ("engine/mod.rs", "use ffmpeg_next::format;"),
        ("engine/mod.rs", "use ffmpeg_next as ffmpeg;"),
        ("engine/mod.rs", "fn f() { ort::init(); }"),
        ("engine/mod.rs", "fn f(x: &rusqlite::Connection) {}"),
        ("ui/app.rs", "use wgpu::Device;"),
        ("render/mod.rs", "use eframe::egui_wgpu::wgpu;"),
        ("engine/mod.rs", "use {std::sync::Arc, egui::Ui};"),
        ("ui/app.rs", "use clap::Parser;"),
        ("render/mod.rs", "fn f() { std::thread::spawn(|| ()); }"),
        ("render/mod.rs", "use std::{sync::Arc, thread::{self, spawn}};"),
        ("render/mod.rs", "use std::thread; fn f() { thread::scope(|_| ()); }"),
        // Code after a module of tests is no test.
        ("render/mod.rs", "#[cfg(test)] use a::{b}; #[cfg(test)] mod tests {} use rusqlite::Connection;"),
    ] {
        assert_eq!(complaints(file, source).len(), 1, "{file}: {source}: {:?}", complaints(file, source));
    }
}
