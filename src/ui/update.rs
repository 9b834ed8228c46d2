//! What each command does to the state, and what it asks of the world.

use std::path::{Path, PathBuf};

use super::command::{Command, Layer, Pick};
use super::comparing::CompareChange;
use super::effect::{Effect, PlayerOrder};
use super::export_form::ExportForm;
use super::jobs::JobState;
use super::notes::Severity;
use super::state::{Dialog, OpenClip, State};
use super::zoom::Zoom;
use crate::engine::{
    self, AnalyzeRequest, PictureKind, PictureRequest, PictureRiders, PlayerState, SPEED_RANGE,
};
use crate::types::{Rung, TrackId};

impl State {
    /// Does what the user asked for.
    pub fn update(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Browse(pick) => return self.browse(pick),
            Command::Open(path) => return self.open(path),
            Command::OpenDemo => return self.demo.clone().map(Effect::OpenDemo).into_iter().collect(),
            Command::SetZoom(zoom) => (self.view.zoom, self.view.follow) = (zoom, false),
            Command::ZoomActual => self.zoom_actual(),
            Command::ToggleFollow => self.view.follow = !self.view.follow,
            Command::ToggleFullScreen => return self.set_full_screen(!self.view.full_screen),
            Command::ToggleInspector => self.view.inspector_open = !self.view.inspector_open,
            Command::ShowTab(tab) => {
                self.view.tab = tab;
                self.view.inspector_open = true;
            }
            Command::SelectRider(id) => self.view.selected = Some(id),
            Command::ChangeTracks(change) => return self.change_tracks(change),
            Command::NextWeakSpot(id) => return self.next_weak_spot(id),
            Command::ToggleLayer(layer) => {
                let shown = self.layer_mut(layer);
                *shown = !*shown;
                if layer == Layer::Raw {
                    return self.read_riders_again();
                }
            }
            Command::SetOpacity(opacity) => self.settings.overlay.opacity = opacity.clamp(0.0, 1.0),
            Command::SetModels(models) => self.settings.models = models,
            Command::SetMemory(memory) => self.set_memory(memory),
            Command::RefuseLimit(why) => {
                self.note(Severity::Warning, "The memory limit stays as it was", why.to_string());
            }
            Command::ImportModel(file) => return vec![Effect::ImportModel(file)],
            Command::ShowLicence(id) => return vec![Effect::ShowLicence(id)],
            Command::FetchModel(id) => {
                self.view.dialog = None;
                return vec![Effect::FetchModel(id)];
            }
            Command::SetDecoding(decoding) => return self.set_decoding(decoding),
            Command::SetAnalyzeOnOpen(on) => self.settings.analyze_on_open = on,
            Command::SetTheme(theme) => self.settings.theme = theme,
            Command::SetTextScale(scale) => self.settings.text_scale = scale,
            Command::Analyze { restart } => return self.analyze(restart, Rung::default()),
            Command::AnalyzeLighter(from) => return self.analyze(false, from),
            Command::AnalyzeOnProcessor => {
                self.settings.models.use_processor();
                return self.analyze(false, Rung::default());
            }
            Command::Cancel(id) => {
                if let Some(job) = self.jobs.get_mut(id).filter(|job| job.is_running()) {
                    job.state = JobState::Stopping;
                    return vec![Effect::Cancel(id)];
                }
            }
            Command::ClearEndedJobs => self.jobs.clear_ended(),
            Command::ShowExport => self.show_export(),
            Command::EditExport(form) => {
                self.edit_export(form);
            }
            Command::StartExport => return self.start_export(),
            Command::ShowHelp => self.view.dialog = Some(Dialog::Help),
            Command::CloseDialog if self.view.dialog.is_none() => return self.set_full_screen(false),
            Command::CloseDialog => self.view.dialog = None,
            Command::DismissNote(id) => self.notes.dismiss(id),
            Command::Copy(text) => return vec![Effect::Copy(text)],
            Command::Quit => return vec![Effect::Quit],
            _ => return self.play(&command),
        }
        Vec::new()
    }

    /// The commands that the player carries out. The state is changed at once, so that the window shows what was
    /// asked for and not what the player's thread has got to.
    fn play(&mut self, command: &Command) -> Vec<Effect> {
        if let Some(effects) = self.change_second(command) {
            return effects;
        }
        if let Some(effects) = self.change_notes(command) {
            return effects;
        }
        if let Some(effects) = self.change_comparison(command) {
            return effects;
        }
        let Some(last) = self.clip.as_ref().map(OpenClip::last_frame) else { return Vec::new() };
        let playback = &mut self.playback;
        let orders = match *command {
            Command::TogglePlay => {
                playback.playing = !playback.playing;
                playback.reverse = false;
                vec![if playback.playing { PlayerOrder::Play { reverse: false } } else { PlayerOrder::Pause }]
            }
            Command::Shuttle { reverse } => {
                playback.speed = shuttle_speed(playback, reverse);
                (playback.playing, playback.reverse) = (true, reverse);
                vec![PlayerOrder::Speed(playback.speed), PlayerOrder::Play { reverse }]
            }
            Command::Pause => {
                playback.playing = false;
                vec![PlayerOrder::Pause]
            }
            Command::Step(frames) => {
                playback.playhead = playback.playhead.saturating_add_signed(frames).min(last);
                playback.playing = false;
                vec![PlayerOrder::Step(frames)]
            }
            Command::Seek(frame) => seek(playback, frame.min(last)),
            Command::SeekStart => seek(playback, 0),
            Command::SeekEnd => seek(playback, last),
            Command::SetSpeed(speed) => {
                playback.speed = speed.clamp(SPEED_RANGE.0, SPEED_RANGE.1);
                vec![PlayerOrder::Speed(playback.speed)]
            }
            Command::ToggleSound => {
                self.settings.sound = !self.settings.sound;
                vec![PlayerOrder::Sound(self.settings.sound)]
            }
            Command::ToggleLoop => {
                playback.looping = !playback.looping;
                vec![PlayerOrder::Looping(playback.looping)]
            }
            Command::MarkIn => set_range(playback, range_from(playback.playhead, playback.range, last)),
            Command::MarkOut => set_range(playback, range_to(playback.playhead, playback.range)),
            Command::SetRange(first, end) => set_range(playback, clamp_range((first, end), last)),
            Command::ClearRange => set_range(playback, (0, last)),
            _ => Vec::new(),
        };
        orders.into_iter().map(Effect::Player).collect()
    }

    fn browse(&self, pick: Pick) -> Vec<Effect> {
        let clip = self.clip.as_ref().map(|clip| clip.info.path.clone());
        let start = match (pick, &self.view.dialog) {
            (Pick::ExportVideo, Some(Dialog::Export(form, _))) => PathBuf::from(&form.output),
            (Pick::ExportMattes, Some(Dialog::Export(form, _))) => PathBuf::from(&form.matte_folder),
            (Pick::ExportData, Some(Dialog::Export(form, _))) => PathBuf::from(&form.data_folder),
            (Pick::ContactSheet, Some(Dialog::Export(form, _))) => PathBuf::from(&form.sheet.path),
            (Pick::Chrono, Some(Dialog::Export(form, _))) => PathBuf::from(&form.chrono.path),
            (Pick::Picture, _) => self.picture_path().unwrap_or_default(),
            _ => clip.or_else(|| self.settings.recent.first().cloned()).unwrap_or_default(),
        };
        vec![Effect::Browse { pick, start }]
    }

    /// Takes what the file dialog gave; `None` where it was left without a choice.
    pub fn picked(&mut self, pick: Pick, path: Option<PathBuf>) -> Vec<Effect> {
        let Some(path) = path else { return Vec::new() };
        if pick == Pick::Clip {
            return self.open(path);
        }
        if pick == Pick::SecondClip {
            return vec![Effect::OpenSecond(path)];
        }
        if pick == Pick::Picture {
            return self.save_picture(path);
        }
        if pick == Pick::Model {
            return vec![Effect::ImportModel(path)];
        }
        if pick == Pick::Truth {
            return self.update(Command::Compare(CompareChange::Truth(Some(path))));
        }
        let clip = self.clip.as_ref().map(|clip| &*clip.info);
        match (pick, &mut self.view.dialog) {
            (Pick::ExportVideo, Some(Dialog::Export(form, verdict))) => {
                form.output = path.display().to_string();
                *verdict = form.check(clip);
            }
            (Pick::ContactSheet, Some(Dialog::Export(form, verdict))) => {
                form.sheet.path = path.display().to_string();
                *verdict = form.check(clip);
            }
            (Pick::Chrono, Some(Dialog::Export(form, verdict))) => {
                form.chrono.path = path.display().to_string();
                *verdict = form.check(clip);
            }
            (Pick::ExportMattes, Some(Dialog::Export(form, verdict))) => {
                form.matte_folder = path.display().to_string();
                *verdict = form.check(clip);
            }
            (Pick::ExportData, Some(Dialog::Export(form, verdict))) => {
                form.data_folder = path.display().to_string();
                *verdict = form.check(clip);
            }
            // The dialog that asked has been closed meanwhile.
            _ => {}
        }
        Vec::new()
    }

    /// Takes note that the system showed no file dialog: a path can be typed instead.
    pub fn no_file_dialog(&mut self, pick: Pick) -> Vec<Effect> {
        match pick {
            Pick::Clip => self.view.dialog = Some(Dialog::TypePath),
            Pick::SecondClip => self.view.dialog = Some(Dialog::TypeSecond),
            // Beside the clip is a good place; the notification says where it is.
            Pick::Picture => {
                return self.picture_path().map_or_else(Vec::new, |path| self.save_picture(path));
            }
            Pick::Model => self.note(
                Severity::Warning,
                "This system shows no file dialog",
                "Drop the file on the window, or run `snowmesh models import FILE`.",
            ),
            Pick::Truth => self.note(
                Severity::Warning,
                "This system shows no file dialog",
                "Use `snowmesh compare CLIP --truth FILE`.",
            ),
            Pick::ExportVideo | Pick::ExportMattes | Pick::ExportData | Pick::ContactSheet | Pick::Chrono => {
                self.note(
                    Severity::Warning,
                    "This system shows no file dialog",
                    "Type the path into the field instead.",
                );
            }
        }
        Vec::new()
    }

    /// Where the shown frame would be saved as a picture.
    fn picture_path(&self) -> Option<PathBuf> {
        let clip = self.clip.as_ref()?;
        Some(engine::default_picture(&clip.info.path, self.playback.playhead))
    }

    /// Asks for the shown frame as a picture, with what is known of its riders now.
    fn save_picture(&mut self, path: PathBuf) -> Vec<Effect> {
        let Some(clip) = &self.clip else { return Vec::new() };
        let frame = self.playback.playhead;
        let output = if path.extension().is_some() { path } else { path.with_extension("png") };
        vec![Effect::SavePicture(PictureRequest {
            clip: clip.info.path.clone(),
            output,
            kind: PictureKind::Still { frame },
            riders: PictureRiders::Given(clip.analysis.snapshot(frame, &self.settings.models.recoverer)),
            overlay: self.settings.overlay,
        })]
    }

    fn open(&mut self, path: PathBuf) -> Vec<Effect> {
        self.view.dialog = None;
        let earlier = self.opening.take().map(Effect::Cancel);
        earlier.into_iter().chain([Effect::Open(path)]).collect()
    }

    pub(super) fn set_full_screen(&mut self, on: bool) -> Vec<Effect> {
        if std::mem::replace(&mut self.view.full_screen, on) == on {
            return Vec::new();
        }
        vec![Effect::FullScreen(on)]
    }

    fn zoom_actual(&mut self) {
        self.view.follow = false;
        if let Some(clip) = &self.clip {
            let center_px = shown_size(clip) * 0.5;
            self.view.zoom = Zoom::Free { scale: 1.0 / self.view.pixels_per_point, center_px };
        }
    }

    fn next_weak_spot(&mut self, id: TrackId) -> Vec<Effect> {
        self.view.selected = Some(id);
        let lane = self.clip.as_ref().and_then(|clip| clip.analysis.lane(id));
        match lane.map(|lane| lane.next_weak_spot(self.playback.playhead)) {
            Some(Some(frame)) => self.play(&Command::Seek(frame)),
            Some(None) => {
                let title = format!("{} has no weak spot", id.title());
                self.note(Severity::Success, title, "He was detected in every frame.");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn layer_mut(&mut self, layer: Layer) -> &mut bool {
        let overlay = &mut self.settings.overlay;
        match layer {
            Layer::Mesh => &mut overlay.mesh,
            Layer::Texture => &mut overlay.textured,
            Layer::Doubt => &mut overlay.doubt,
            Layer::Wireframe => &mut overlay.wireframe,
            Layer::Skeleton => &mut overlay.skeleton,
            Layer::Boxes => &mut overlay.boxes,
            Layer::Labels => &mut overlay.labels,
            Layer::Masks => &mut overlay.masks,
            Layer::Trails => &mut overlay.trails,
            Layer::JointTrails => &mut overlay.joint_trails,
            Layer::Angles => &mut overlay.angles,
            Layer::Clock => &mut overlay.clock,
            Layer::Others => &mut overlay.others,
            Layer::Raw => &mut overlay.raw,
        }
    }

    /// Asks for an analysis of the open clip, `from` a rung down; one that runs is stopped first.
    pub(super) fn analyze(&mut self, restart: bool, from: Rung) -> Vec<Effect> {
        let Some(clip) = &self.clip else { return Vec::new() };
        let earlier = if self.is_analyzing() { clip.analysis.job } else { None };
        let request = self.analysis_request(clip, restart, from);
        earlier.map(Effect::Cancel).into_iter().chain([Effect::Analyze(request)]).collect()
    }

    /// An analysis of `clip` as the settings have it, `from` a rung down.
    pub(super) fn analysis_request(&self, clip: &OpenClip, restart: bool, from: Rung) -> AnalyzeRequest {
        AnalyzeRequest {
            clip: clip.info.path.clone(),
            store: None,
            models: self.settings.models.clone(),
            memory: self.settings.memory.wish(from),
            restart,
            // What was found earlier is shown, whatever it was made with; another analysis is offered then.
            accept_existing: !restart,
        }
    }

    fn show_export(&mut self) {
        let Some(clip) = &self.clip else {
            self.note(Severity::Warning, "Nothing to export yet", "Open a clip first.");
            return;
        };
        let range = self.playback.range;
        let has_range = range != (0, clip.last_frame());
        let form = ExportForm::new(&clip.info.path, self.settings.overlay, range, has_range);
        let verdict = form.check(Some(&clip.info));
        self.view.dialog = Some(Dialog::Export(Box::new(form), verdict));
    }

    fn edit_export(&mut self, mut form: Box<ExportForm>) {
        if let Some(Dialog::Export(before, _)) = &self.view.dialog {
            form.settle(before);
        }
        let verdict = form.check(self.clip.as_ref().map(|clip| &*clip.info));
        self.view.dialog = Some(Dialog::Export(form, verdict));
    }

    fn start_export(&mut self) -> Vec<Effect> {
        let Some(Dialog::Export(form, verdict)) = &mut self.view.dialog else { return Vec::new() };
        // The disk may have changed since the form was last edited.
        *verdict = form.check(self.clip.as_ref().map(|clip| &*clip.info));
        if verdict.problem.is_some() {
            return Vec::new();
        }
        let mut pictures = (form.video || form.mattes).then(|| form.request(self.settings.models.clone()));
        let mut singles: Vec<_> = form.picture_requests(&self.settings.models).collect();
        let mut data = form.data_request(self.settings.models.clone());
        let memory = self.settings.memory.wish(Rung::default());
        let analyses = pictures.iter_mut().map(|p| &mut p.analysis);
        let analyses = analyses.chain(singles.iter_mut().filter_map(|single| match &mut single.riders {
            PictureRiders::Analysed(analysis) => Some(analysis.as_mut()),
            _ => None,
        }));
        analyses
            .chain(data.iter_mut().map(|d| &mut d.analysis))
            .for_each(|analysis| analysis.memory = memory);
        self.view.dialog = None;
        let video = pictures.map(Effect::Export);
        video
            .into_iter()
            .chain(singles.into_iter().map(Effect::SavePicture))
            .chain(data.map(Effect::ExportData))
            .collect()
    }

    /// Whether `path` is the clip in the window.
    pub fn is_open(&self, path: &Path) -> bool {
        self.clip.as_ref().is_some_and(|clip| clip.info.path == path)
    }
}

/// Width and height of the clip as shown: its pixels need not be square.
pub fn shown_size(clip: &OpenClip) -> egui::Vec2 {
    egui::vec2(clip.info.width as f32 * clip.info.pixel_aspect, clip.info.height as f32)
}

/// The speed after a shuttle key: real time when the direction is new, else twice what it was.
fn shuttle_speed(playback: &PlayerState, reverse: bool) -> f64 {
    if playback.playing && playback.reverse == reverse {
        (playback.speed * 2.0).min(SPEED_RANGE.1)
    } else {
        1.0
    }
}

fn seek(playback: &mut PlayerState, frame: u64) -> Vec<PlayerOrder> {
    playback.playhead = frame;
    vec![PlayerOrder::Seek(frame)]
}

fn set_range(playback: &mut PlayerState, (first, last): (u64, u64)) -> Vec<PlayerOrder> {
    playback.range = (first, last);
    vec![PlayerOrder::Range(first, last)]
}

/// The range with its in point at `frame`; an out point before it goes to the clip's last frame.
fn range_from(frame: u64, range: (u64, u64), last: u64) -> (u64, u64) {
    let frame = frame.min(last);
    (frame, if range.1 >= frame { range.1 } else { last })
}

/// The range with its out point at `frame`; an in point after it goes to the clip's first frame.
fn range_to(frame: u64, range: (u64, u64)) -> (u64, u64) {
    (if range.0 <= frame { range.0 } else { 0 }, frame)
}

/// A range within the clip, first before last.
fn clamp_range((first, end): (u64, u64), last: u64) -> (u64, u64) {
    let (first, end) = (first.min(last), end.min(last));
    (first.min(end), first.max(end))
}
