//! How the video is made: the part of the export dialog that offers only what applies.

use egui::{ComboBox, DragValue, Ui};

use super::export_form::ExportForm;
use super::widgets;
use crate::engine::{Codec, Layout, Quality, Rate};
use crate::types::ClipInfo;

/// Sizes offered, per cent.
const SCALES: [u32; 5] = [100, 75, 50, 25, 200];

/// Speeds offered, per cent.
const SPEEDS: [u32; 6] = [100, 50, 25, 10, 200, 400];

/// A bit rate to start from, megabits a second.
const START_MBIT: f32 = 8.0;

const LAYOUTS: [(Layout, &str); 4] = [
    (Layout::Overlay, "Overlay on the clip"),
    (Layout::SideBySide, "Clip and overlay side by side"),
    (Layout::Views, "With views from the side and above"),
    (Layout::OverlayOnly, "Overlay alone, transparent"),
];

const QUALITIES: [(Quality, &str); 3] = [
    (Quality::Compact, "Compact, for sending"),
    (Quality::Good, "Good, like the original"),
    (Quality::Fine, "Fine, for editing"),
];

/// Shows the options of the form.
pub fn show(ui: &mut Ui, clip: Option<&ClipInfo>, form: &mut ExportForm) {
    choice(ui, "Layout", name_of(&LAYOUTS, &form.options.layout), |ui| {
        for (layout, name) in LAYOUTS {
            ui.selectable_value(&mut form.options.layout, layout, name);
        }
    });
    let alone = form.options.layout == Layout::OverlayOnly;
    file_type(ui, form, alone);
    if !alone {
        codec(ui, form);
        quality(ui, form);
    }
    size(ui, clip, form);
    speed(ui, clip, form);
    if !alone {
        let tip = "An encoder of the graphics card is faster; where none works, the processor encodes";
        let hardware = &mut form.options.encoding.hardware;
        widgets::checkbox(ui, hardware, "Encode on the graphics card where possible").on_hover_text(tip);
    }
}

fn choice(ui: &mut Ui, name: &str, shown: &str, choices: impl FnOnce(&mut Ui)) {
    widgets::row(ui, name, |ui| {
        let combo = ComboBox::from_id_salt(("export", name)).width(270.0).selected_text(shown).truncate();
        let response = combo.show_ui(ui, choices).response;
        widgets::explain(response, name, None, "");
    });
}

fn name_of<T: PartialEq>(names: &[(T, &'static str)], value: &T) -> &'static str {
    names.iter().find(|(known, _)| known == value).map_or("", |(_, name)| name)
}

fn file_type(ui: &mut Ui, form: &mut ExportForm, alone: bool) {
    let types: &[(&str, &str)] = if alone {
        &[("mov", "ProRes 4444 (.mov)"), ("", "PNG files in a folder")]
    } else {
        &[("mp4", "MP4"), ("mov", "QuickTime (.mov)"), ("mkv", "Matroska (.mkv)"), ("webm", "WebM")]
    };
    let extension = form.extension();
    let shown = types.iter().find(|(known, _)| *known == extension).map_or("Choose a type", |(_, name)| name);
    choice(ui, "File type", shown, |ui| {
        for (known, name) in types {
            if ui.selectable_label(*known == extension, *name).clicked() {
                form.set_extension(known);
            }
        }
    });
}

fn codec(ui: &mut Ui, form: &mut ExportForm) {
    let extension = form.extension();
    let usual = if extension == "webm" { Codec::Vp9 } else { Codec::H264 };
    let automatic = format!("{}, the usual one", usual.name());
    let chosen = &mut form.options.encoding.codec;
    let shown = chosen.map_or_else(|| automatic.clone(), |codec| codec.name().to_owned());
    choice(ui, "Codec", &shown, |ui| {
        ui.selectable_value(chosen, None, automatic);
        let fitting = form.codecs.iter().filter(|codec| !codec.has_alpha() && codec.fits(&extension));
        for codec in fitting.filter(|codec| **codec != usual) {
            ui.selectable_value(chosen, Some(*codec), codec.name());
        }
    });
}

fn quality(ui: &mut Ui, form: &mut ExportForm) {
    let rate = &mut form.options.encoding.rate;
    let shown = match *rate {
        Rate::Quality(quality) => name_of(&QUALITIES, &quality),
        Rate::BitsPerSecond(_) => "By bit rate",
    };
    choice(ui, "Quality", shown, |ui| {
        for (quality, name) in QUALITIES {
            ui.selectable_value(rate, Rate::Quality(quality), name);
        }
        let by_bits = matches!(rate, Rate::BitsPerSecond(_));
        if ui.selectable_label(by_bits, "By bit rate").clicked() && !by_bits {
            *rate = Rate::BitsPerSecond((START_MBIT * 1e6) as u32);
        }
    });
    if let Rate::BitsPerSecond(bits) = rate {
        let mut mbit = *bits as f32 / 1e6;
        widgets::row(ui, "Bit rate", |ui| {
            let value = DragValue::new(&mut mbit).range(0.1..=200.0).speed(0.1).suffix(" Mbit/s");
            let response = ui.add_sized([270.0, ui.spacing().interact_size.y], value);
            widgets::explain(response, "Bit rate", None, "Drag, or click and type");
        });
        *bits = (mbit * 1e6).round() as u32;
    }
}

fn size(ui: &mut Ui, clip: Option<&ClipInfo>, form: &mut ExportForm) {
    let named = |percent: u32| {
        let scale = percent as f32 / 100.0;
        let side = |pixels: u32| {
            if percent == 100 { pixels } else { (pixels as f32 * scale / 2.0).round() as u32 * 2 }
        };
        clip.map_or_else(
            || format!("{percent} %"),
            |clip| format!("{percent} % · {} × {}", side(clip.width), side(clip.height)),
        )
    };
    let shown = (form.options.scale * 100.0).round() as u32;
    choice(ui, "Size", &named(shown), |ui| {
        for percent in SCALES {
            ui.selectable_value(&mut form.options.scale, percent as f32 / 100.0, named(percent));
        }
    });
}

fn speed(ui: &mut Ui, clip: Option<&ClipInfo>, form: &mut ExportForm) {
    let silent = clip.is_some_and(|clip| clip.has_audio);
    let named = |percent: u32| match percent {
        100 => "As filmed".to_owned(),
        _ if silent => format!("{percent} % · without sound"),
        _ => format!("{percent} %"),
    };
    let speed = &mut form.options.speed_percent;
    choice(ui, "Speed", &named(*speed), |ui| {
        for percent in SPEEDS {
            ui.selectable_value(speed, percent, named(percent));
        }
    });
}
