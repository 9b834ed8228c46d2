//! C3D (<https://www.c3d.org>), the exchange file of biomechanics laboratories: everyone's joints as points.
//!
//! World frame, millimetres, 32-bit floats, little-endian, no analog data. Points are named `R1_pelvis` and so on after
//! the rider's number; every frame of the clip has a frame at the mean rate (a variable rate's times are in the
//! sidecar). A point that is not known has the residual −1, as the format has it, and lies at the origin. The
//! MANUFACTURER group says what wrote the file.

use std::io::{self, Write};

use super::dataset::Dataset;
use super::motion::Motion;
use crate::types::smpl::{JOINT_COUNT, JOINT_NAMES};

const BLOCK: usize = 512;

/// Block of the parameter section; the header is block 1.
const PARAMETER_BLOCK: u8 = 2;

/// Marks the header and the parameter section of every C3D file.
const KEY: u8 = 0x50;

/// Little-endian IEEE numbers (the "Intel" processor type, 83 + 1).
const INTEL: u8 = 84;

/// Labels beyond these go into LABELS2 and so on: a dimension is one byte.
const LABELS_A_PARAMETER: usize = 255;

/// Characters of a label.
const LABEL_CHARS: usize = 24;

/// Writes everyone.
pub(super) fn write(data: &Dataset<'_>, out: &mut dyn Write) -> io::Result<()> {
    let riders: Vec<(u32, Motion)> = data
        .tracks
        .iter()
        .map(|track| (track.id.0, Motion::of(data, track.id)))
        .filter(|(_, motion)| !motion.is_empty())
        .collect();
    let labels: Vec<String> =
        riders.iter().flat_map(|(rider, _)| JOINT_NAMES.map(|joint| format!("R{rider}_{joint}"))).collect();
    let points = u16::try_from(labels.len()).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "more points than a C3D file has room for")
    })?;
    let frames = riders.first().map_or(0, |(_, motion)| motion.poses.len());
    let rate = data.rate_hz() as f32;
    // The section's length decides where the data start, which it also states.
    let blocks = parameters(data, &labels, points, frames, rate, 0).len().div_ceil(BLOCK);
    let data_block = u16::try_from(blocks + usize::from(PARAMETER_BLOCK)).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "more labels than a C3D file has room for")
    })?;
    let mut section = parameters(data, &labels, points, frames, rate, data_block);
    section.resize(blocks * BLOCK, 0);
    section[2] = u8::try_from(blocks).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "more labels than a C3D file has room for")
    })?;
    out.write_all(&header(points, frames, rate, data_block))?;
    out.write_all(&section)?;
    let mut written: usize = 0;
    for frame in 0..frames {
        for (_, motion) in &riders {
            let numbers = match &motion.poses[frame] {
                Some(pose) => pose.joints.map(|joint| (joint * 1000.0).extend(0.0)),
                None => [glam::Vec4::new(0.0, 0.0, 0.0, -1.0); JOINT_COUNT],
            };
            for number in numbers.iter().flat_map(glam::Vec4::to_array) {
                out.write_all(&number.to_le_bytes())?;
                written += 4;
            }
        }
    }
    out.write_all(&vec![0; written.next_multiple_of(BLOCK) - written])
}

/// The first block: what old readers need, in 16-bit words.
fn header(points: u16, frames: usize, rate: f32, data_block: u16) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    header[0] = PARAMETER_BLOCK;
    header[1] = KEY;
    let mut put = |word: usize, bytes: &[u8]| header[(word - 1) * 2..][..bytes.len()].copy_from_slice(bytes);
    put(2, &points.to_le_bytes());
    put(4, &1_u16.to_le_bytes());
    put(5, &clamped(frames).to_le_bytes());
    put(7, &(-1.0_f32).to_le_bytes());
    put(9, &data_block.to_le_bytes());
    put(11, &rate.to_le_bytes());
    header
}

/// A count in 16 bits; long clips have the whole count in the TRIAL group.
fn clamped(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// The parameter section, without its padding.
fn parameters(
    data: &Dataset<'_>,
    labels: &[String],
    points: u16,
    frames: usize,
    rate: f32,
    data_block: u16,
) -> Vec<u8> {
    let mut section = Section { bytes: vec![1, KEY, 0, INTEL], group: 0 };
    section.group("POINT");
    section.words("USED", &[points]);
    // Negative: the data are floats.
    section.floats("SCALE", &[-1.0]);
    section.floats("RATE", &[rate]);
    section.words("DATA_START", &[data_block]);
    section.words("FRAMES", &[clamped(frames)]);
    for (number, labels) in labels.chunks(LABELS_A_PARAMETER).enumerate() {
        let suffix = if number == 0 { String::new() } else { (number + 1).to_string() };
        section.texts(&format!("LABELS{suffix}"), labels, LABEL_CHARS);
        section.texts(&format!("DESCRIPTIONS{suffix}"), &vec![String::new(); labels.len()], 1);
    }
    section.text("UNITS", "mm");
    section.text("X_SCREEN", "+X");
    section.text("Y_SCREEN", "+Y");
    section.group("TRIAL");
    let long = |count: usize| {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        [count as u16, (count >> 16) as u16]
    };
    section.words("ACTUAL_START_FIELD", &long(1));
    section.words("ACTUAL_END_FIELD", &long(frames));
    section.floats("CAMERA_RATE", &[rate]);
    section.group("ANALOG");
    section.words("USED", &[0]);
    section.floats("RATE", &[rate]);
    section.floats("GEN_SCALE", &[1.0]);
    section.group("FORCE_PLATFORM");
    section.words("USED", &[0]);
    section.group("MANUFACTURER");
    section.text("COMPANY", &data.origin.program);
    section.text("SOFTWARE", &data.origin.program);
    section.text("VERSION", &data.origin.version);
    section.text("MODELS", &format!("{} + {}", data.origin.detector, data.origin.recoverer));
    section.end();
    section.bytes
}

/// Builds the parameter section. Each entry: characters of the name, the group's number (negative for the group
/// itself), the name, the distance to the next entry, the content, the length of a description (none here).
struct Section {
    bytes: Vec<u8>,
    group: u8,
}

impl Section {
    fn group(&mut self, name: &str) {
        self.group += 1;
        self.entry(name, self.group.wrapping_neg(), &[]);
    }

    fn entry(&mut self, name: &str, id: u8, content: &[u8]) {
        self.bytes.extend([name.len() as u8, id]);
        self.bytes.extend(name.as_bytes());
        // Counted from the distance itself; with the length byte of the description.
        self.bytes.extend((content.len() as u16 + 3).to_le_bytes());
        self.bytes.extend(content);
        self.bytes.push(0);
    }

    fn words(&mut self, name: &str, words: &[u16]) {
        let mut content = dimensions(2, words.len());
        content.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        self.entry(name, self.group, &content);
    }

    fn floats(&mut self, name: &str, floats: &[f32]) {
        let mut content = dimensions(4, floats.len());
        content.extend(floats.iter().flat_map(|float| float.to_le_bytes()));
        self.entry(name, self.group, &content);
    }

    fn text(&mut self, name: &str, text: &str) {
        let text: Vec<u8> = text.bytes().take(127).collect();
        let mut content = vec![u8::MAX, 1, text.len() as u8];
        content.extend(text);
        self.entry(name, self.group, &content);
    }

    /// Texts of `chars` characters each, padded with blanks.
    fn texts(&mut self, name: &str, texts: &[String], chars: usize) {
        let mut content = vec![u8::MAX, 2, chars as u8, texts.len() as u8];
        for text in texts {
            content.extend(text.bytes().chain(std::iter::repeat(b' ')).take(chars));
        }
        self.entry(name, self.group, &content);
    }

    fn end(&mut self) {
        self.bytes.extend([0, 0]);
    }
}

/// The element type and, for more than one element, the number of them.
fn dimensions(kind: u8, count: usize) -> Vec<u8> {
    if count == 1 { vec![kind, 0] } else { vec![kind, 1, count as u8] }
}
