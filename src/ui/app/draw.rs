//! Drawing the window from its state.

use egui::{Context, Rect, Ui, ViewportCommand};

use super::App;
use crate::settings::Theme;
use crate::ui::command::Command;
use crate::ui::state::Dialog;
use crate::ui::{
    compare_view, export_dialog, help, inspector, licence_dialog, notifications, open_menu, text,
};
use crate::ui::{theme, timeline, top_bar, transport, viewport, welcome};

impl App {
    pub(super) fn draw(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let full_screen = self.state.view.full_screen && self.state.clip.is_some();
        if !full_screen {
            top_bar::show(ui, &self.state, &self.commands);
        }
        if let Some(clip) = self.state.clip.as_ref().filter(|_| self.state.preview.is_none()) {
            timeline::show(ui, &self.state, clip, &self.peek, &self.commands);
            transport::show(ui, &self.state, clip, &self.commands);
        }
        if !full_screen {
            inspector::show(ui, &self.state, &self.commands);
        }
        let (state, frame) = (&self.state, self.frame.as_ref());
        if state.preview.is_none() && state.comparing.is_none() {
            self.second.show_beside(ui, state, &self.commands);
        }
        let view = match (&state.preview, &state.clip) {
            (Some(first), _) => viewport::preview(ui, first, &mut self.picture),
            (None, Some(clip)) if state.comparing.is_some() => {
                compare_view::show(ui, state, clip, &mut self.picture, frame, &self.commands)
            }
            (None, Some(clip)) => viewport::show(ui, state, clip, &mut self.picture, frame, &self.commands),
            (None, None) => welcome::show(ui, state, &self.commands),
        };
        if state.preview.is_none() && state.comparing.is_none() {
            self.second.show_over(ui, state, frame, view);
        }
        self.draw_over(&ctx, view);
    }

    /// Dialogs, notifications and the drop target.
    fn draw_over(&mut self, ctx: &Context, view: Rect) {
        match &self.state.view.dialog {
            Some(Dialog::Export(form, verdict)) => {
                let queued = self.state.jobs.is_exporting();
                let clip = self.state.clip.as_ref();
                export_dialog::show(ctx, clip, (form, verdict), queued, &self.commands);
            }
            Some(Dialog::Help) => help::show(ctx, &self.commands),
            Some(Dialog::Licence(licence)) => licence_dialog::show(ctx, licence, &self.commands),
            Some(Dialog::TypePath) => open_menu::path_dialog(ctx, &self.commands, Command::Open),
            Some(Dialog::TypeSecond) => open_menu::path_dialog(ctx, &self.commands, Command::OpenSecond),
            None => {}
        }
        notifications::show(ctx, view, &self.state.notes, &self.commands);
        let held = ctx.input(|i| i.raw.hovered_files.first().map(|file| file.path.clone()));
        if let Some(path) = held {
            welcome::drop_target(ctx, path.as_deref().map(text::file_name).as_deref());
        }
    }

    /// Brings looks and title in line with the state.
    pub(super) fn dress(&mut self, ctx: &Context) {
        let looks = (self.state.settings.theme, self.state.settings.text_scale);
        let egui_theme = match looks.0 {
            Theme::Dark => egui::Theme::Dark,
            Theme::Light => egui::Theme::Light,
        };
        if self.looks != Some(looks) || ctx.theme() != egui_theme {
            theme::apply(ctx, looks.0, looks.1);
            self.looks = Some(looks);
        }
        let title = top_bar::window_title(&self.state);
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}
