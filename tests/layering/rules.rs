//! What each room of the crate may use.

use crate::paths::{Path, paths};

/// Each room and the rooms that it may use, besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["cli", "ui"]),
    ("cli", &["engine", "types", "settings"]),
    ("ui", &["engine", "render", "types", "settings"]),
    (
        "engine",
        &[
            "video",
            "inference",
            "tracking",
            "body",
            "store",
            "render",
            "formats",
            "download",
            "types",
            "settings",
        ],
    ),
    ("video", &["types"]),
    ("inference", &["types"]),
    ("tracking", &["types"]),
    ("body", &["types"]),
    ("store", &["types"]),
    ("render", &["types"]),
    ("formats", &["types"]),
    ("download", &["types"]),
    ("settings", &["types"]),
    ("types", &[]),
];

/// Crates that only one room knows.
const FOREIGN: &[(&str, &str)] = &[
    ("ffmpeg_next", "video"),
    ("ort", "inference"),
    ("rusqlite", "store"),
    ("wgpu", "render"),
    ("naga", "render"),
    ("eframe", "ui"),
    ("egui", "ui"),
    ("egui_wgpu", "ui"),
    ("egui_extras", "ui"),
    ("egui_material_icons", "ui"),
    ("rfd", "ui"),
    ("ureq", "download"),
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("cpal", "engine"),
];

/// What starts a thread.
const THREAD_STARTERS: [&str; 4] = ["spawn", "scope", "Builder", "*"];

/// What breaks the rules in `source`, the file `file` below `src/` (`video/source.rs`).
pub fn violations(file: &str, source: &str) -> Result<Vec<String>, String> {
    let module = module(file);
    let Some(room) = module.first().cloned() else {
        return Ok(Vec::new()); // lib.rs declares the rooms and does nothing else.
    };
    // main.rs is a crate of its own: it has no module path, and knows the library by its name.
    let (room, module) = if room == "main" { ("main", Vec::new()) } else { (room.as_str(), module) };
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return Ok(vec![format!("{file}: the room '{room}' is not in the list; add it with its arrows")]);
    };
    let paths = paths(source, &module)?;
    // Where it is not the standard library's module, `thread` is the engine's.
    let imports_std_thread = paths.iter().any(|path| path.segments == ["std", "thread"]);
    let complaints = paths.iter().filter_map(|path| {
        let complaint = complaint(room, allowed, path, imports_std_thread)?;
        Some(format!("{file}:{}: {} ({complaint})", path.line, path.segments.join("::")))
    });
    Ok(complaints.collect())
}

fn complaint(room: &str, allowed: &[&str], path: &Path, imports_std_thread: bool) -> Option<String> {
    let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    let other = match segments.as_slice() {
        ["crate", other, ..] if room != "main" => Some(*other),
        ["snowmesh", other, ..] => Some(*other),
        _ => None,
    };
    if let Some(other) = other
        && other != room
        && !allowed.contains(&other)
    {
        return Some(format!("{room} may use only [{}]", allowed.join(", ")));
    }
    if path.in_test {
        return None;
    }
    if let Some((name, owner)) = FOREIGN.iter().find(|(name, _)| segments.first() == Some(name))
        && *owner != room
    {
        return Some(format!("{name} belongs to {owner} alone"));
    }
    let starts_thread = match segments.as_slice() {
        ["std", "thread", what, ..] => THREAD_STARTERS.contains(what),
        ["thread", what, ..] => imports_std_thread && THREAD_STARTERS.contains(what),
        _ => false,
    };
    (starts_thread && room != "engine").then(|| "only the engine starts threads".to_owned())
}

/// The module of a file: `video/source.rs` is `video::source`, `video/mod.rs` is `video`, `lib.rs` the root.
fn module(file: &str) -> Vec<String> {
    let mut module: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}
