//! The FFmpeg libraries as a whole: start, versions, encoders, errors in words.

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

/// Name of the H.264 encoder that exports use, or `None` if FFmpeg has none.
pub fn h264_encoder() -> Option<String> {
    find_h264_encoder().map(|codec| codec.name().to_owned())
}

/// libx264, which knows constant quality, before whatever else encodes H.264 in software or hardware.
pub(super) fn find_h264_encoder() -> Option<ff::Codec> {
    ff::encoder::find_by_name("libx264")
        .or_else(|| ff::encoder::find_by_name("libopenh264"))
        .or_else(|| ff::encoder::find(ff::codec::Id::H264))
}
