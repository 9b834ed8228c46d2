//! The device that everything is drawn on, and its errors as values.
//!
//! wgpu reports most errors through callbacks and, where none is set, panics. Here every piece of work runs inside
//! error scopes ([`Gpu::scoped`]) that turn them into a [`RenderError`]; what falls outside of a scope is logged.

use std::sync::{Arc, OnceLock};

use super::adapter::{self, AdapterPreference, AdapterReport};
use super::error::RenderError;

/// A device, its queue and what is known of its adapter. Cloning shares the device.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Its adapter.
    pub info: wgpu::AdapterInfo,
    lost: Arc<OnceLock<String>>,
}

impl Gpu {
    /// A device without a window.
    ///
    /// # Errors
    /// [`RenderError::NoAdapter`] or [`RenderError::NoDevice`].
    pub fn headless(preference: AdapterPreference) -> Result<Self, RenderError> {
        let adapters = adapter::candidates(preference);
        if adapters.is_empty() {
            return Err(RenderError::NoAdapter);
        }
        let mut causes = Vec::new();
        for adapter in adapters {
            match Self::from_adapter(&adapter) {
                Ok(gpu) => {
                    tracing::debug!(adapter = gpu.info.name, backend = %gpu.info.backend, "drawing without a window");
                    return Ok(gpu);
                }
                Err(cause) => causes.push(format!("{}: {cause}", adapter.get_info().name)),
            }
        }
        Err(RenderError::NoDevice { causes: causes.join("; ") })
    }

    /// A device of `adapter`, asked for no more than OpenGL ES 3 gives (wgpu's WebGL 2 limits, at the adapter's own
    /// texture sizes), so that whatever draws here also draws on the window's device.
    pub(super) fn from_adapter(adapter: &wgpu::Adapter) -> Result<Self, wgpu::RequestDeviceError> {
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("snowmesh headless device"),
            required_limits: wgpu::Limits::downlevel_webgl2_defaults().using_resolution(adapter.limits()),
            ..Default::default()
        });
        let (device, queue) = pollster::block_on(request)?;
        Ok(Self::from_parts(device, queue, adapter.get_info()))
    }

    /// Takes over a device that already exists, as the window's. Its handlers for uncaptured errors and for loss are
    /// replaced by ones that log and remember.
    pub fn from_parts(device: wgpu::Device, queue: wgpu::Queue, info: wgpu::AdapterInfo) -> Self {
        device.on_uncaptured_error(Arc::new(|error| tracing::error!(%error, "graphics device error")));
        let lost = Arc::new(OnceLock::new());
        let remembered = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            tracing::error!(?reason, message, "graphics device lost");
            let message = if message.is_empty() { format!("{reason:?}") } else { message };
            // Only the first loss counts; later ones are its echo.
            let _ = remembered.set(message);
        });
        Self { device, queue, info, lost }
    }

    /// Every adapter that could be drawn on, in the order of [`AdapterPreference::Fastest`].
    pub fn adapters() -> Vec<AdapterReport> {
        adapter::all().iter().map(AdapterReport::of).collect()
    }

    /// Most pixels along a side of a picture.
    pub fn max_side(&self) -> u32 {
        self.device.limits().max_texture_dimension_2d
    }

    /// Why it is lost, once it is; a device tells so only when it is asked.
    pub fn lost(&self) -> Option<String> {
        // Its own result tells of the loss too, but not why.
        let _ = self.device.poll(wgpu::PollType::Poll);
        self.lost.get().cloned()
    }

    /// Whether `width` × `height` pixels can be drawn.
    ///
    /// # Errors
    /// [`RenderError::EmptyTarget`] or [`RenderError::TooLarge`].
    pub(super) fn check_size(&self, width: u32, height: u32) -> Result<(), RenderError> {
        let limit = self.max_side();
        if width == 0 || height == 0 {
            Err(RenderError::EmptyTarget { width, height })
        } else if width.max(height) > limit {
            Err(RenderError::TooLarge { width, height, limit })
        } else {
            Ok(())
        }
    }

    /// Runs `work`; the first error that the device raises on this thread meanwhile becomes the result.
    pub(super) fn scoped<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        self.check_lost()?;
        let refused = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let broken = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let result = work();
        // A lost device makes itself known only when it is polled.
        let polled = self.device.poll(wgpu::PollType::Poll);
        let memory = pollster::block_on(memory.pop());
        let broken = pollster::block_on(broken.pop());
        let refused = pollster::block_on(refused.pop());
        self.check_lost()?;
        // Memory first: what could not be allocated makes later commands invalid.
        if memory.is_some() {
            return Err(RenderError::OutOfMemory { doing });
        }
        if let Some(cause) = broken.or(refused) {
            return Err(RenderError::Refused { doing, cause: cause.to_string() });
        }
        polled.map_err(|cause| RenderError::Refused { doing, cause: cause.to_string() })?;
        result
    }

    /// The loss of the device, once it has happened.
    pub(super) fn check_lost(&self) -> Result<(), RenderError> {
        match self.lost.get() {
            Some(cause) => Err(RenderError::DeviceLost { cause: cause.clone() }),
            None => Ok(()),
        }
    }
}
