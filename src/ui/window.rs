//! Opening the window, and opening it again when its graphics device is lost.
//!
//! eframe makes device and window together and can make neither anew while it runs. So a window whose device is lost is
//! closed, and another one is opened with the same application: the engine and its jobs, the clip and the place in it,
//! dialogs and notes go over, and no job takes notice.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use egui::{Rect, Ui, ViewportBuilder, ViewportCommand};

use super::{App, UiError, WindowOptions};

/// Size of the window when it is opened first, points.
const FIRST_SIZE: [f32; 2] = [1280.0, 800.0];

/// Smallest size at which nothing is cut off, points.
const LEAST_SIZE: [f32; 2] = [900.0, 600.0];

/// Devices that a window may lose before it gives up: a driver that was reset comes back, a broken one does not.
const MOST_LOSSES: u32 = 5;

/// The application, which outlives its windows.
pub(super) type Shared = Rc<RefCell<Option<App>>>;

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no display or no graphics device.
pub fn run(options: WindowOptions) -> Result<(), UiError> {
    let app = Shared::default();
    let mut options = Some(options);
    for _ in 0..=MOST_LOSSES {
        let place = app.borrow().as_ref().and_then(App::place);
        let shared = Rc::clone(&app);
        let first = options.take();
        let make = move |cc: &eframe::CreationContext<'_>| {
            let made = match (shared.borrow_mut().take(), first) {
                (Some(app), _) => app.moved_to(cc),
                (None, Some(options)) => App::new(cc, options),
                (None, None) => return Err("the application has gone".into()),
            };
            *shared.borrow_mut() = Some(made);
            Ok(Box::new(Window { app: shared }) as Box<dyn eframe::App>)
        };
        let native = eframe::NativeOptions {
            viewport: viewport(place),
            renderer: eframe::Renderer::Wgpu,
            ..Default::default()
        };
        let ended = catch_unwind(AssertUnwindSafe(|| eframe::run_native("snowmesh", native, Box::new(make))));
        let lost = app.try_borrow().ok().and_then(|app| app.as_ref()?.lost_device());
        match (ended, lost) {
            (Ok(Err(error)), _) => return Err(error.into()),
            // egui's renderer gives up where a device goes in the middle of a frame.
            (_, Some(cause)) => tracing::warn!(cause, "the window is opened again on a new device"),
            (Ok(Ok(())), None) => return Ok(()),
            (Err(panic), None) => resume_unwind(panic as Box<dyn Any + Send>),
        }
    }
    Err(UiError::Failed {
        cause: "the graphics device was lost again and again; what was analysed is kept".into(),
    })
}

/// The window at `place`, or as it is opened first.
fn viewport(place: Option<Rect>) -> ViewportBuilder {
    let viewport = ViewportBuilder::default()
        .with_title("snowmesh")
        .with_app_id("snowmesh")
        .with_min_inner_size(LEAST_SIZE)
        .with_drag_and_drop(true)
        .with_icon(icon());
    match place {
        Some(place) => viewport.with_inner_size(place.size()).with_position(place.min),
        None => viewport.with_inner_size(FIRST_SIZE),
    }
}

/// The window's icon; the system's own where the picture cannot be read.
fn icon() -> egui::IconData {
    let picture = include_bytes!("../../assets/icon.png");
    eframe::icon_data::from_png_bytes(picture).unwrap_or_default()
}

/// A window of the application.
pub(super) struct Window {
    /// What it is a window of.
    pub app: Shared,
}

impl Window {
    fn with(&self, work: impl FnOnce(&mut App)) {
        if let Some(app) = self.app.borrow_mut().as_mut() {
            work(app);
        }
    }
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        self.with(|app| app.logic(ctx, frame));
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        self.with(|app| {
            app.remember_place(ui.ctx());
            if app.lost_device().is_none() {
                app.ui(ui, frame);
            }
            // Nothing is drawn on a device that is gone: the next window draws it.
            if app.lost_device().is_some() {
                ui.ctx().graphics_mut(|graphics| *graphics = Default::default());
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
            }
        });
    }

    fn on_exit(&mut self) {
        self.with(App::on_exit);
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}
