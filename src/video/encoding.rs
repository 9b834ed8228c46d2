//! Which encoder makes a clip, and how hard it tries.
//!
//! Each codec has an ordered list of FFmpeg's encoders for it: those in hardware are tried where the user asks for
//! them (they are there only on some machines, which nothing but opening one tells), then those in software.

use ff::codec::{self, threading};
use ff::format::Pixel;
use ff::{Dictionary, color, encoder};
use ffmpeg_next as ff;
use serde::{Deserialize, Serialize};

use super::VideoError;
use super::ffmpeg::initialize;
use super::picture_encoder::{PictureEncoder, SVT_AV1};

/// Seconds between key frames: short enough to scrub, long enough to stay small.
const KEY_INTERVAL_S: f64 = 2.0;

/// How pictures are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Codec {
    /// H.264: plays everywhere.
    H264,
    /// HEVC: smaller; plays on newer devices.
    Hevc,
    /// AV1: smallest; plays in browsers.
    Av1,
    /// VP9, for WebM.
    Vp9,
    /// ProRes 4444, with transparency; for editing programs.
    ProRes4444,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Self; 5] = [Self::H264, Self::Hevc, Self::Av1, Self::Vp9, Self::ProRes4444];

    /// Its name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Av1 => "AV1",
            Self::Vp9 => "VP9",
            Self::ProRes4444 => "ProRes 4444",
        }
    }

    /// Whether its pictures have an alpha channel.
    pub fn has_alpha(self) -> bool {
        self == Self::ProRes4444
    }

    /// Whether files of a muxer (by FFmpeg's name) play with it. FFmpeg itself also says yes to files that nothing
    /// plays.
    pub(super) fn goes_into(self, format: &str) -> bool {
        let formats: &[&str] = match self {
            Self::H264 | Self::Hevc => &["mp4", "mov", "matroska"],
            Self::Av1 => &["mp4", "matroska", "webm"],
            Self::Vp9 => &["matroska", "webm"],
            Self::ProRes4444 => &["mov"],
        };
        formats.contains(&format)
    }

    /// Whether files with this extension play with it.
    pub fn fits(self, extension: &str) -> bool {
        let format = super::muxer::format_of(extension);
        format.is_some_and(|format| self.goes_into(format))
    }

    /// The format of the pictures that its encoders take.
    pub(super) fn pixel(self) -> Pixel {
        if self.has_alpha() { Pixel::YUVA444P10LE } else { Pixel::YUV420P }
    }
}

/// What is kept of the pictures, by the eye.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quality {
    /// For sending: small, and visibly coded where much moves.
    Compact,
    /// Looks like the original.
    #[default]
    Good,
    /// Stays so when it is cut and coded again.
    Fine,
}

/// What the size of the file follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rate {
    /// The pictures: as many bits as the quality takes.
    Quality(Quality),
    /// This many bits a second on average.
    BitsPerSecond(u32),
}

impl Default for Rate {
    fn default() -> Self {
        Self::Quality(Quality::default())
    }
}

/// How a clip is coded. ProRes has one rate of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encoding {
    /// The codec; `None` for VP9 in .webm and H.264 elsewhere.
    pub codec: Option<Codec>,
    /// Quality or bits.
    pub rate: Rate,
    /// Whether encoders in hardware are tried before those in software.
    pub hardware: bool,
    /// Whether every frame stands on its own, so that any is decoded at once.
    pub intra: bool,
}

/// How an encoder is told to keep a quality.
#[derive(Clone, Copy)]
enum Constant {
    /// An option, and its values for compact, good and fine.
    Option(&'static str, [u8; 3]),
    /// It knows bit rates only: bits per pixel for compact, good and fine.
    BitsPerPixel([f64; 3]),
    /// It has one rate.
    Fixed,
}

/// One of FFmpeg's encoders.
struct Encoder {
    codec: Codec,
    name: &'static str,
    hardware: bool,
    constant: Constant,
    settings: &'static [(&'static str, &'static str)],
}

const fn software(
    codec: Codec,
    name: &'static str,
    constant: Constant,
    settings: &'static [(&'static str, &'static str)],
) -> Encoder {
    Encoder { codec, name, hardware: false, constant, settings }
}

const fn hardware(
    codec: Codec,
    name: &'static str,
    constant: Constant,
    settings: &'static [(&'static str, &'static str)],
) -> Encoder {
    Encoder { codec, name, hardware: true, constant, settings }
}

const BITS: Constant = Constant::BitsPerPixel([0.06, 0.15, 0.3]);

/// In the order in which they are tried. The values for good are those at which each coder's authors say that it
/// looks like the original.
const ENCODERS: [Encoder; 15] = [
    hardware(Codec::H264, "h264_nvenc", Constant::Option("cq", [30, 22, 17]), &[("rc", "vbr")]),
    hardware(Codec::H264, "h264_videotoolbox", BITS, &[]),
    hardware(Codec::H264, "h264_amf", BITS, &[]),
    software(Codec::H264, "libx264", Constant::Option("crf", [26, 18, 13]), &[("preset", "fast")]),
    software(Codec::H264, "libopenh264", BITS, &[]),
    hardware(Codec::Hevc, "hevc_nvenc", Constant::Option("cq", [32, 24, 19]), &[("rc", "vbr")]),
    hardware(Codec::Hevc, "hevc_videotoolbox", BITS, &[]),
    hardware(Codec::Hevc, "hevc_amf", BITS, &[]),
    // libx265 writes to the terminal unless it is told not to.
    software(
        Codec::Hevc,
        "libx265",
        Constant::Option("crf", [28, 21, 16]),
        &[("preset", "fast"), ("x265-params", "log-level=none")],
    ),
    hardware(Codec::Av1, "av1_nvenc", Constant::Option("cq", [38, 28, 22]), &[("rc", "vbr")]),
    // About as good as libaom at a tenth of its time; the program's start keeps it from writing to the terminal.
    software(Codec::Av1, SVT_AV1, Constant::Option("crf", [40, 30, 22]), &[("preset", "8")]),
    // Takes what SVT-AV1 refuses: pictures of less than 64 pixels a side.
    software(
        Codec::Av1,
        "libaom-av1",
        Constant::Option("crf", [36, 25, 18]),
        &[("cpu-used", "6"), ("row-mt", "1")],
    ),
    software(Codec::Av1, "librav1e", BITS, &[("speed", "8")]),
    software(
        Codec::Vp9,
        "libvpx-vp9",
        Constant::Option("crf", [38, 26, 18]),
        &[("deadline", "good"), ("cpu-used", "4"), ("row-mt", "1")],
    ),
    software(
        Codec::ProRes4444,
        "prores_ks",
        Constant::Fixed,
        &[("profile", "4444"), ("alpha_bits", "16"), ("vendor", "apl0")],
    ),
];

/// The codecs that this FFmpeg can write.
pub fn codecs() -> Vec<Codec> {
    initialize();
    let written = |codec: &Codec| encoders(*codec, true).any(|e| encoder::find_by_name(e.name).is_some());
    Codec::ALL.into_iter().filter(written).collect()
}

/// Name of the H.264 encoder that exports use, or `None` if FFmpeg has none.
pub fn h264_encoder() -> Option<String> {
    initialize();
    let found = encoders(Codec::H264, false).find(|e| encoder::find_by_name(e.name).is_some());
    found.map(|encoder| encoder.name.to_owned())
}

fn encoders(codec: Codec, with_hardware: bool) -> impl Iterator<Item = &'static Encoder> {
    ENCODERS.iter().filter(move |encoder| encoder.codec == codec && (with_hardware || !encoder.hardware))
}

/// What an encoder is opened for.
pub(super) struct Shape {
    pub width: u32,
    pub height: u32,
    pub pixel_aspect: ff::Rational,
    pub time_base: ff::Rational,
    pub frame_rate: ff::Rational,
    pub tags: (color::Space, color::Range, color::Primaries, color::TransferCharacteristic),
    pub global_header: bool,
    pub intra: bool,
}

/// An encoder that is open, and its name.
pub(super) struct OpenEncoder {
    pub encoder: PictureEncoder,
    pub codec: ff::Codec,
    /// Whether hardware was asked for and did not work.
    pub fell_back: bool,
}

/// Opens the first encoder of `codec` that works.
pub(super) fn open(codec: Codec, encoding: &Encoding, shape: &Shape) -> Result<OpenEncoder, Failure> {
    open_first(encoders(codec, encoding.hardware), codec, encoding, shape)
}

fn open_first<'e>(
    candidates: impl Iterator<Item = &'e Encoder>,
    codec: Codec,
    encoding: &Encoding,
    shape: &Shape,
) -> Result<OpenEncoder, Failure> {
    let mut failure = Failure::None(codec);
    for candidate in candidates {
        let Some(found) = encoder::find_by_name(candidate.name) else { continue };
        match open_one(candidate, found, encoding.rate, shape) {
            Ok(encoder) => {
                let fell_back = encoding.hardware && !candidate.hardware;
                let encoder = PictureEncoder::new(encoder, candidate.name);
                return Ok(OpenEncoder { encoder, codec: found, fell_back });
            }
            Err(error) => failure = Failure::Refused(error),
        }
    }
    Err(failure)
}

/// Why no encoder could be opened.
pub(super) enum Failure {
    /// FFmpeg has none for the codec.
    None(Codec),
    /// The last one said this.
    Refused(ff::Error),
}

impl Failure {
    pub(super) fn of(self, target: &std::path::Path) -> VideoError {
        match self {
            Self::None(codec) => VideoError::NoEncoder { codec: codec.name() },
            Self::Refused(error) => super::muxer::failed(target, error),
        }
    }
}

fn open_one(
    candidate: &Encoder,
    found: ff::Codec,
    rate: Rate,
    shape: &Shape,
) -> Result<encoder::video::Encoder, ff::Error> {
    let mut encoder = codec::Context::new_with_codec(found).encoder().video()?;
    encoder.set_width(shape.width);
    encoder.set_height(shape.height);
    encoder.set_format(candidate.codec.pixel());
    encoder.set_aspect_ratio(shape.pixel_aspect);
    encoder.set_time_base(shape.time_base);
    encoder.set_frame_rate(Some(shape.frame_rate));
    let fps = f64::from(shape.frame_rate);
    if !candidate.codec.has_alpha() {
        let group = if shape.intra { 1.0 } else { (KEY_INTERVAL_S * fps).round() };
        encoder.set_gop(group.clamp(1.0, 600.0) as u32);
    }
    // No count means as many as the processor has.
    encoder.set_threading(threading::Config::default());
    let (matrix, range, primaries, transfer) = shape.tags;
    encoder.set_colorspace(matrix);
    encoder.set_color_range(range);
    encoder.set_color_primaries(primaries);
    encoder.set_color_transfer_characteristic(transfer);
    if shape.global_header {
        encoder.set_flags(codec::Flags::GLOBAL_HEADER);
    }
    let mut settings = Dictionary::new();
    for (name, value) in candidate.settings {
        settings.set(name, value);
    }
    match (rate, candidate.constant) {
        (_, Constant::Fixed) => {}
        (Rate::BitsPerSecond(bits), _) => encoder.set_bit_rate(bits as usize),
        (Rate::Quality(quality), Constant::Option(name, values)) => {
            // Without this, libvpx takes the quality for a limit on its default of 200 kbit/s.
            encoder.set_bit_rate(0);
            settings.set(name, &values[quality as usize].to_string());
        }
        (Rate::Quality(quality), Constant::BitsPerPixel(values)) => {
            let pixels = f64::from(shape.width) * f64::from(shape.height);
            encoder.set_bit_rate((pixels * fps * values[quality as usize]) as usize);
        }
    }
    encoder.open_as_with(found, settings)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_codec_that_ffmpeg_lacks_is_named_with_what_to_do() {
        initialize();
        let lacking = software(Codec::Av1, "libnothing", Constant::Fixed, &[]);
        let unknown = color::Space::Unspecified;
        let tags = (
            unknown,
            color::Range::Unspecified,
            color::Primaries::Unspecified,
            color::TransferCharacteristic::Unspecified,
        );
        let shape = Shape {
            width: 64,
            height: 64,
            pixel_aspect: ff::Rational(1, 1),
            time_base: ff::Rational(1, 25),
            frame_rate: ff::Rational(25, 1),
            tags,
            global_header: false,
            intra: false,
        };
        let opened = open_first([lacking].iter(), Codec::Av1, &Encoding::default(), &shape);
        let Err(failure) = opened else { panic!("an encoder of no such name was opened") };
        let message = failure.of(Path::new("out.mp4")).to_string();
        assert!(message.contains("no AV1 encoder") && message.contains("another codec"), "{message}");
    }
}
