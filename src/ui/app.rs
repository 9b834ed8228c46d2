//! The application: takes in what the engine says, draws the state, and carries out what the user asks for.

mod arrivals;
mod draw;
mod moving;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eframe::CreationContext;
use egui::{Context, Rect, Ui, ViewportCommand};

use super::background::{self, Arrival, Background};
use super::command::{Command, Commands};
use super::effect::{Effect, PlayerOrder};
use super::files::{self, FileDialogs, SettingsWriter};
use super::licence_dialog::Licence;
use super::notes::Severity;
use super::pace::Pace;
use super::peek::Peek;
use super::picture::PictureView;
use super::second_view::SecondClip;
use super::state::{Dialog, State};
use super::{WindowOptions, inspector, keys, theme};
use crate::engine::{self, Engine, Player, Wake};
use crate::settings::Theme;
use crate::types::VideoFrame;

/// Seconds between two looks at the memory in use.
const MEMORY_PERIOD_S: f64 = 1.0;

/// The window's application.
pub struct App {
    engine: Arc<Engine>,
    state: State,
    player: Option<Player>,
    frame: Option<VideoFrame>,
    picture: PictureView,
    second: SecondClip,
    peek: Peek,
    commands: Commands,
    file_dialogs: FileDialogs,
    settings_writer: SettingsWriter,
    background: Background,
    /// The recoverer whose body was asked for.
    body_of: Option<String>,
    looks: Option<(Theme, f32)>,
    title: String,
    memory_due_s: f64,
    pace: Pace,
    /// The window of now, and what wakes it.
    window: Arc<Mutex<Context>>,
    wake: Wake,
    /// Where that is, points.
    place: Option<Rect>,
    /// Seconds that passed in windows before it.
    earlier_s: f64,
}

impl App {
    /// The application, as eframe makes it. The clip of `options` is opened at once.
    pub fn new(cc: &CreationContext<'_>, options: WindowOptions) -> Self {
        let ctx = cc.egui_ctx.clone();
        theme::install_fonts(&ctx);
        theme::apply(&ctx, options.settings.theme, options.settings.text_scale);
        let window = Arc::new(Mutex::new(ctx.clone()));
        let woken = Arc::clone(&window);
        let wake: Wake = Arc::new(move || moving::wake(&woken));
        let engine = Arc::new(Engine::new(options.places, options.worker, Arc::clone(&wake)));
        let settings_writer = SettingsWriter::new(options.settings_path, &options.settings);
        let mut state = State::new(options.settings, options.demo);
        list_models(&engine, &mut state);
        let mut app = Self {
            engine,
            state,
            player: None,
            frame: None,
            picture: PictureView::new(cc.wgpu_render_state.as_ref()),
            second: SecondClip::new(cc.wgpu_render_state.as_ref()),
            peek: Peek::default(),
            commands: Commands::default(),
            file_dialogs: FileDialogs::default(),
            settings_writer,
            background: Background::default(),
            body_of: None,
            looks: None,
            title: String::new(),
            memory_due_s: 0.0,
            pace: Pace::default(),
            window,
            wake,
            place: None,
            earlier_s: 0.0,
        };
        app.follow_body();
        let trying = Arc::clone(&app.engine);
        app.in_background("try devices", move || Arrival::Devices(trying.devices()));
        if app.state.settings.decoding.hardware {
            app.engine.find_decoding_devices();
        }
        if let Some(Err(error)) = options.lose_device_after.map(|after| app.picture.lose_device(after)) {
            app.state.note(Severity::Error, "No device is lost", error.to_string());
        }
        if let Some(clip) = options.clip {
            app.run(&ctx, vec![Command::Open(clip)]);
        }
        app
    }

    /// What the window shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Puts a state and a picture in place, as if they had come from the engine.
    #[cfg(test)]
    pub(super) fn put(&mut self, change: impl FnOnce(&mut State), frame: Option<VideoFrame>) {
        change(&mut self.state);
        self.frame = frame;
    }

    /// Does what a click would.
    #[cfg(test)]
    pub(super) fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Takes in what has happened since the last frame.
    fn take_news(&mut self, ctx: &Context) {
        let mut effects = Vec::new();
        let mut opened = false;
        for event in self.engine.drain_events() {
            let outcome = self.state.take_event(event);
            effects.extend(outcome.effects);
            if let (Some(proxy), Some(player)) = (outcome.proxy, &self.player) {
                player.set_proxy(proxy);
            }
            if let Some(player) = outcome.second {
                self.second.open(player);
            }
            if let Some(player) = outcome.player {
                player.set_sound(self.state.settings.sound);
                self.player = Some(player);
                self.frame = None;
                self.picture.clear();
                opened = true;
            }
        }
        if opened {
            self.open_peek();
        }
        if let Some((pick, answer)) = self.file_dialogs.answer() {
            match answer {
                Ok(path) => effects.extend(self.state.picked(pick, path)),
                Err(files::NoDialog) => effects.extend(self.state.no_file_dialog(pick)),
            }
        }
        while let Some(arrival) = self.background.arrival() {
            effects.extend(self.take_arrival(arrival));
        }
        self.follow_body();
        if let Some(error) = self.picture.take_error() {
            self.state.note(Severity::Error, "The picture cannot be drawn", error);
        }
        if let Some(player) = &self.player {
            self.state.playback = player.state();
            if let Some(frame) = player.frame() {
                self.frame = Some(frame);
            }
            if let Some(warning) = player.take_warning() {
                self.state.note(Severity::Warning, "A frame cannot be shown", warning);
            }
        }
        self.peek.update(ctx);
        self.second.follow(&self.state);
        if let Some(error) = self.second.take_error() {
            self.state.note(Severity::Error, "The second clip cannot be shown", error);
        }
        if let Some(error) = self.settings_writer.take_error() {
            self.state.note(Severity::Warning, "The settings could not be saved", error);
        }
        for path in dropped_files(ctx) {
            let is_model = path
                .extension()
                .is_some_and(|e| ["onnx", "pkl", "npz"].iter().any(|model| e.eq_ignore_ascii_case(model)));
            let command = if is_model { Command::ImportModel(path) } else { Command::Open(path) };
            effects.extend(self.state.update(command));
        }
        self.carry_out(ctx, effects);
    }

    /// Lets time pass: notifications go, the memory is looked at.
    fn take_time(&mut self, ctx: &Context) {
        let now_s = self.earlier_s + ctx.time();
        self.state.now_s = now_s;
        self.state.view.pixels_per_point = ctx.pixels_per_point();
        if let Some(next_s) = self.state.notes.expire(now_s) {
            ctx.request_repaint_after(Duration::from_secs_f64(next_s.max(0.05)));
        }
        if inspector::shows_memory(&self.state) {
            if now_s >= self.memory_due_s {
                self.state.memory = self.engine.memory();
                self.memory_due_s = now_s + MEMORY_PERIOD_S;
            }
            self.follow_plan();
            ctx.request_repaint_after(Duration::from_secs_f64(MEMORY_PERIOD_S));
        }
    }

    fn run(&mut self, ctx: &Context, commands: Vec<Command>) {
        for command in commands {
            let effects = self.state.update(command);
            self.carry_out(ctx, effects);
        }
    }

    fn carry_out(&mut self, ctx: &Context, effects: Vec<Effect>) {
        let raw = self.state.settings.overlay.raw;
        for effect in effects {
            match effect {
                Effect::Open(path) => {
                    let job = self.engine.open(&path, self.state.settings.decoding.hardware);
                    self.state.opening_started(job);
                }
                Effect::OpenSecond(path) => {
                    let job = self.engine.open(&path, self.state.settings.decoding.hardware);
                    self.state.opening_second = Some(job);
                }
                Effect::FindDecoders => self.engine.find_decoding_devices(),
                Effect::MakeProxy(path) => {
                    self.state.making_proxy =
                        files::proxy_folder().map(|folder| self.engine.make_proxy(&path, &folder));
                }
                Effect::CloseSecond => self.second.close(),
                Effect::Analyze(request) => {
                    let asked = request.models.clone();
                    let job = self.engine.analyze(request, self.state.settings.memory.worker);
                    self.state.analysis_started(job, asked);
                }
                Effect::LoadSaved { request, frames } => {
                    self.in_background("read analysis", move || {
                        background::saved_riders(request, frames, raw)
                    });
                }
                Effect::ReadRiders { clip, store, frames } => {
                    self.in_background("read riders", move || {
                        background::riders_again(clip, &store, frames, raw)
                    });
                }
                Effect::ChangeTracks { clip, store, frames, change } => {
                    self.in_background("change riders", move || {
                        background::changed_riders(clip, &store, frames, raw, &change)
                    });
                }
                Effect::OpenDemo(demo) => {
                    self.in_background("copy demo", move || Arrival::Demo(files::working_copy(&demo)));
                }
                Effect::Compare(request) => {
                    let job = self.engine.compare(request);
                    self.state.comparison_started(job);
                }
                Effect::LookUpRuns(request) => {
                    let engine = Arc::clone(&self.engine);
                    self.in_background("look up detectors", move || background::kept_runs(&engine, &request));
                }
                Effect::Measure { comparison, thresholds } => {
                    self.in_background("compare detectors", move || {
                        background::measured(comparison, &thresholds)
                    });
                }
                Effect::Export(request) => {
                    self.engine.export(request, self.state.settings.memory.worker);
                }
                Effect::SavePicture(request) => {
                    self.engine.save_picture(request);
                }
                Effect::ExportData(request) => {
                    self.engine.export_data(request);
                }
                Effect::ImportModel(file) => {
                    self.engine.import_model(&file);
                }
                Effect::ShowLicence(id) => self.show_licence(&id),
                Effect::FetchModel(id) => {
                    self.engine.fetch_model(&id);
                }
                Effect::ListModels => self.list_models(),
                Effect::Cancel(job) => self.engine.cancel(job),
                Effect::Player(order) => {
                    if let Some(player) = &self.player {
                        direct(player, order);
                    }
                }
                Effect::Browse { pick, start } => {
                    if let Err(error) = self.file_dialogs.show(ctx, pick, &start) {
                        self.state.note(
                            Severity::Error,
                            "The file dialog cannot be shown",
                            error.to_string(),
                        );
                    }
                }
                Effect::LoadNotes(clip) => {
                    self.in_background("read notes", move || background::notes(clip));
                }
                Effect::SaveNotes { clip, notes } => {
                    self.in_background("keep notes", move || {
                        Arrival::NotesSaved(engine::save_notes(&clip, &notes))
                    });
                }
                Effect::FullScreen(on) => ctx.send_viewport_cmd(ViewportCommand::Fullscreen(on)),
                Effect::Copy(words) => ctx.copy_text(words),
                Effect::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            }
        }
    }

    /// Small pictures of the clip that has been opened.
    fn open_peek(&mut self) {
        let Some(path) = self.state.clip.as_ref().map(|clip| clip.info.path.clone()) else { return };
        if let Err(error) = self.peek.open(Arc::clone(&self.wake), path) {
            self.state.note(Severity::Warning, "The timeline has no pictures", error.to_string());
        }
    }

    fn in_background(&mut self, name: &str, work: impl FnOnce() -> Arrival + Send + 'static) {
        if let Err(error) = self.background.start(Arc::clone(&self.wake), name, work) {
            self.state.note(Severity::Error, format!("Could not {name}"), error.to_string());
        }
    }

    /// Loads the body of the analysis shown, where another one is held.
    fn follow_body(&mut self) {
        let shown = self.state.clip.as_ref().and_then(|clip| clip.analysis.recoverer());
        let wanted = shown.unwrap_or(&self.state.settings.models.recoverer);
        if self.body_of.as_deref() == Some(wanted) {
            return;
        }
        let (engine, recoverer) = (Arc::clone(&self.engine), wanted.to_owned());
        self.body_of = Some(recoverer.clone());
        self.picture.drop_body();
        self.in_background("load body", move || background::body(&engine, recoverer));
    }

    /// Plans the next analysis, where another one was planned.
    fn follow_plan(&mut self) {
        if let Some(key) = self.state.plan_to_make() {
            let engine = Arc::clone(&self.engine);
            self.in_background("plan analysis", move || background::plan(&engine, key));
        }
    }

    fn list_models(&mut self) {
        list_models(&self.engine, &mut self.state);
    }

    fn show_licence(&mut self, id: &str) {
        match self.engine.licence(id) {
            Ok((offer, text)) => {
                self.state.view.dialog = Some(Dialog::Licence(Box::new(Licence { offer, text })));
            }
            Err(error) => self.state.note(Severity::Error, "The licence cannot be shown", error.to_string()),
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        if let Some(seconds) = frame.info().cpu_usage {
            self.pace.count(seconds);
        }
        self.take_time(ctx);
        self.take_news(ctx);
        self.settings_writer.write_changes(ctx, &self.state.settings);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let pressed = keys::pressed(&ctx, self.state.view.dialog.is_some());
        self.run(&ctx, pressed);
        self.draw(ui);
        let asked = self.commands.take();
        if !asked.is_empty() {
            self.run(&ctx, asked);
            // What was asked for shows in the next frame.
            ctx.request_repaint();
        }
        self.dress(&ctx);
    }

    fn on_exit(&mut self) {
        self.settings_writer.write_now(&self.state.settings);
        if let Some(pace) = self.pace.report() {
            let left_out = self.player.as_ref().map_or(0, Player::left_out);
            tracing::info!(
                ?pace,
                left_out,
                "the window's frames, and those of the clip that playing left out"
            );
        }
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

fn list_models(engine: &Engine, state: &mut State) {
    match engine.models() {
        Ok(models) => state.models = models,
        Err(error) => state.note(Severity::Error, "The models cannot be listed", error.to_string()),
    }
}

fn dropped_files(ctx: &Context) -> Vec<PathBuf> {
    // One clip is shown at a time: of several files the first is taken.
    ctx.input(|i| i.raw.dropped_files.iter().take(1).map(|file| file.path().to_owned()).collect())
}

fn direct(player: &Player, order: PlayerOrder) {
    match order {
        PlayerOrder::Play { reverse } => player.play(reverse),
        PlayerOrder::Pause => player.pause(),
        PlayerOrder::Seek(frame) => player.seek(frame),
        PlayerOrder::Step(frames) => player.step(frames),
        PlayerOrder::Speed(speed) => player.set_speed(speed),
        PlayerOrder::Looping(looping) => player.set_looping(looping),
        PlayerOrder::Sound(on) => player.set_sound(on),
        PlayerOrder::Range(first, last) => player.set_range(first, last),
    }
}
