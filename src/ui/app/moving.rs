//! Going over from a window whose graphics device is lost to another one.

use std::sync::{Mutex, PoisonError};

use eframe::CreationContext;
use egui::{Context, Rect};

use super::App;
use crate::ui::notes::Severity;
use crate::ui::pace::Pace;
use crate::ui::theme;

/// Has the window of now look at the news.
pub(super) fn wake(window: &Mutex<Context>) {
    let window = window.lock().unwrap_or_else(PoisonError::into_inner).clone();
    window.request_repaint();
}

impl App {
    /// Why the device of this window can draw no more; `None` while it can.
    pub fn lost_device(&self) -> Option<String> {
        // The one that was made last is told.
        self.picture.lost_device().or_else(|| self.second.lost_device())
    }

    /// As [`PictureView::lose_device`](crate::ui::picture::PictureView::lose_device).
    #[cfg(test)]
    pub fn lose_device(&self) {
        self.picture.lose_device(std::time::Duration::ZERO).unwrap();
    }

    /// Where the window is, points.
    pub fn place(&self) -> Option<Rect> {
        self.place
    }

    /// Remembers where the window is.
    pub fn remember_place(&mut self, ctx: &Context) {
        let (inner, outer) = ctx.input(|input| (input.viewport().inner_rect, input.viewport().outer_rect));
        if let Some(inner) = inner {
            let corner = outer.map_or(inner.min, |outer| outer.min);
            self.place = Some(Rect::from_min_size(corner, inner.size()));
        }
    }

    /// The same application in the window of `cc`, on its device. Jobs go on meanwhile.
    pub fn moved_to(mut self, cc: &CreationContext<'_>) -> Self {
        let cause = self.lost_device().unwrap_or_default();
        let ctx = cc.egui_ctx.clone();
        let before = {
            let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *window, ctx.clone())
        };
        self.earlier_s = self.state.now_s;
        self.memory_due_s = 0.0;
        theme::install_fonts(&ctx);
        theme::apply(&ctx, self.state.settings.theme, self.state.settings.text_scale);
        // What is scrolled, folded and typed.
        ctx.data_mut(|data| *data = before.data(Clone::clone));
        (self.looks, self.pace) = (None, Pace::default());
        self.title.clear();
        self.picture.move_to(cc.wgpu_render_state.as_ref());
        self.second.move_to(cc.wgpu_render_state.as_ref());
        if self.state.clip.is_some() {
            self.open_peek();
        }
        self.state.note(
            Severity::Warning,
            "The graphics device was lost",
            format!(
                "{cause}. The window has been set up anew, and nothing was lost; jobs went on meanwhile."
            ),
        );
        // What was asked for in the window before has come without waking this one.
        ctx.request_repaint();
        self
    }
}
