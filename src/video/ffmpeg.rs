//! The FFmpeg libraries as a whole: start, versions, errors in words.

use std::sync::Once;

use ffmpeg_next as ff;

/// Readies FFmpeg: error texts, and silence on the terminal, which belongs to the application. Idempotent; [`open`]
/// and [`create`] call it.
///
/// [`open`]: super::open
/// [`create`]: super::create
pub fn initialize() {
    static START: Once = Once::new();
    START.call_once(|| {
        if let Err(error) = ff::init() {
            tracing::warn!("FFmpeg does not start: {error}");
        }
        ff::log::set_level(ff::log::Level::Quiet);
    });
}

/// Versions of the FFmpeg libraries in use, as in "libavcodec 59.37.100, libavformat 59.27.100".
pub fn version() -> String {
    let dotted = |v: u32| format!("{}.{}.{}", v >> 16, (v >> 8) & 0xff, v & 0xff);
    format!("libavcodec {}, libavformat {}", dotted(ff::codec::version()), dotted(ff::format::version()))
}
