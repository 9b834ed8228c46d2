//! The pictures of the export dialog: a contact sheet, and the rider at several moments in one picture.

use std::path::{Path, PathBuf};

use egui::{DragValue, Ui};

use super::command::{Commands, Pick};
use super::export_dialog::path_row;
use super::export_form::Problem;
use super::widgets;
use crate::engine::{ChosenFrames, PictureKind, SHEET_LIMIT};

/// Most moments in one chrono picture; more lie over each other.
const MOST_MOMENTS: usize = 40;

/// A picture that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureForm {
    /// Whether it is written.
    pub on: bool,
    /// Number of frames in it.
    pub count: usize,
    /// Its file, as typed.
    pub path: String,
}

impl PictureForm {
    /// Off, of `count` frames.
    pub fn new(count: usize, path: String) -> Self {
        Self { on: false, count, path }
    }

    /// Why it cannot be written; `name` is what it is.
    pub fn problem(&self, name: &'static str) -> Option<Problem> {
        let path = Path::new(self.path.trim());
        if !self.on {
            None
        } else if path.as_os_str().is_empty() {
            Some(Problem::NoPath(name))
        } else if path.is_dir() {
            Some(Problem::IsFolder(path.to_owned()))
        } else if !path.extension().is_some_and(|end| end.eq_ignore_ascii_case("png")) {
            Some(Problem::PictureExtension(name))
        } else {
            super::export_form::missing_parent(path).map(Problem::NoFolder)
        }
    }

    /// Its file and frames, where it is asked for; `kind` makes of the frames what is drawn.
    pub fn wanted(
        &self,
        range: Option<(u64, u64)>,
        kind: impl FnOnce(ChosenFrames) -> PictureKind,
    ) -> Option<(PathBuf, PictureKind)> {
        let frames = ChosenFrames::Spread { count: self.count, range };
        self.on.then(|| (self.path.trim().into(), kind(frames)))
    }
}

/// Shows both.
pub fn show(ui: &mut Ui, sheet: &mut PictureForm, chrono: &mut PictureForm, commands: &Commands) {
    widgets::section(ui, "Pictures");
    let tip = "Frames at equal distances, small, in one PNG file";
    one(
        ui,
        sheet,
        ("Contact sheet of", "frames", "Contact sheet"),
        SHEET_LIMIT,
        tip,
        Pick::ContactSheet,
        commands,
    );
    let tip = "One background with the rider at several moments along his way, the camera's motion taken out";
    one(
        ui,
        chrono,
        ("Chrono picture of", "moments", "Chrono picture"),
        MOST_MOMENTS,
        tip,
        Pick::Chrono,
        commands,
    );
}

fn one(
    ui: &mut Ui,
    form: &mut PictureForm,
    (before, after, name): (&str, &str, &str),
    most: usize,
    tip: &str,
    pick: Pick,
    commands: &Commands,
) {
    ui.horizontal(|ui| {
        widgets::checkbox(ui, &mut form.on, before).on_hover_text(tip);
        ui.add_enabled_ui(form.on, |ui| {
            let count = DragValue::new(&mut form.count).range(2..=most);
            let what = format!("{after} of the {}", name.to_lowercase());
            widgets::explain(ui.add(count), &what, None, "Drag, or click and type");
            ui.label(after);
        });
    });
    if form.on {
        path_row(ui, &mut form.path, name, pick, commands);
    }
}
