//! The sound of a clip that plays at real time, kept with the picture.
//!
//! The picture's clock leads. A thread decodes ahead of it into a buffer that knows its place in the clip; the device's
//! callback asks for the samples of the clip time that is being heard. It reads on from where it was while that is right
//! within a few hundredths of a second, and jumps there when it is not. Where there is no device, or the clip has no
//! sound, nothing is heard and nothing is said.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, SampleFormat, SizedSample};

use super::EngineError;
use super::job::lock;
use super::player::Shared;
use super::thread;
use crate::types::ClipInfo;
use crate::video::{SOUND_CHANNELS, SoundBlock, SoundReader};

/// Sound that is further from the picture is brought back to it, seconds.
const TOLERANCE_S: f64 = 0.04;

/// Sound decoded ahead of what is heard, seconds.
const AHEAD_S: f64 = 0.5;

/// Sound kept behind what is heard, seconds.
const BEHIND_S: f64 = 0.2;

/// How often the thread looks after the buffer, and after the player while nothing is heard.
const PERIOD: Duration = Duration::from_millis(20);
const IDLE_PERIOD: Duration = Duration::from_millis(60);

/// Samples of a stretch of the clip, and where they are being read.
struct Buffer {
    rate_hz: f64,
    /// Position of the first sample, from the clip's start.
    start: i64,
    samples: VecDeque<[f32; SOUND_CHANNELS]>,
    cursor: i64,
}

impl Buffer {
    fn new(rate_hz: u32) -> Self {
        Self { rate_hz: f64::from(rate_hz), start: 0, samples: VecDeque::new(), cursor: 0 }
    }

    fn position(&self, clip_s: f64) -> i64 {
        (clip_s * self.rate_hz).round() as i64
    }

    fn end(&self) -> i64 {
        self.start + self.samples.len() as i64
    }

    /// Forgets all that it holds.
    fn clear(&mut self) {
        self.samples.clear();
    }

    /// Adds samples that begin at second `clip_s`. What is there already is left out, a hole becomes silence, and what
    /// lies far from the rest replaces it.
    fn push(&mut self, clip_s: f64, block: &[f32]) {
        let at = self.position(clip_s);
        let longest_hole = self.rate_hz as i64;
        if self.samples.is_empty() || at > self.end() + longest_hole || at < self.start {
            self.samples.clear();
            self.start = at;
        }
        let skip = usize::try_from(self.end() - at).unwrap_or(0);
        let hole = usize::try_from(at - self.end()).unwrap_or(0);
        self.samples.extend(std::iter::repeat_n([0.0; SOUND_CHANNELS], hole));
        self.samples.extend(block.as_chunks::<SOUND_CHANNELS>().0.iter().skip(skip).copied());
    }

    /// Drops what lies before second `clip_s`.
    fn drop_before(&mut self, clip_s: f64) {
        let old = usize::try_from(self.position(clip_s) - self.start).unwrap_or(0).min(self.samples.len());
        self.samples.drain(..old);
        self.start += old as i64;
    }

    /// Fills `out` with what is heard from second `clip_s` on; silence where nothing is there.
    fn play(&mut self, clip_s: f64, out: &mut [[f32; SOUND_CHANNELS]]) {
        let due = self.position(clip_s);
        if (due - self.cursor).abs() as f64 > TOLERANCE_S * self.rate_hz {
            self.cursor = due;
        }
        for sample in out {
            let place = usize::try_from(self.cursor - self.start).ok();
            *sample = place.and_then(|place| self.samples.get(place)).copied().unwrap_or_default();
            self.cursor += 1;
        }
    }
}

/// Starts the thread that plays the sound of `clip` after the clock in `shared`, if it has any.
pub(super) fn start(clip: &ClipInfo, shared: Arc<Shared>) -> Result<(), EngineError> {
    if !clip.has_audio {
        return Ok(());
    }
    let frames = &clip.frames;
    // The clip's clock starts with its first frame, the stream's own somewhere else.
    let origin_s = frames.pts(0).map_or(0.0, |pts| pts as f64 * frames.time_base().as_f64());
    let path = clip.path.clone();
    thread::spawn("sound", move || {
        if !wait_until_heard(&shared) {
            return;
        }
        let buffer = Arc::new(Mutex::new(None));
        let Some((stream, rate_hz)) = open_device(&shared, &buffer) else { return };
        let Ok(Some(reader)) = SoundReader::open(&path, rate_hz) else { return };
        *lock(&buffer) = Some(Buffer::new(rate_hz));
        if let Err(error) = stream.play() {
            tracing::debug!("no sound: {error}");
            return;
        }
        Feeder { shared, buffer, reader, origin_s, ended: false }.run();
    })?;
    Ok(())
}

/// Waits for the clip to play at real time; false when the player is gone before. The device is opened no sooner: most
/// clips are looked at without a sound.
fn wait_until_heard(shared: &Shared) -> bool {
    loop {
        if lock(&shared.control).stop {
            return false;
        }
        if heard_s(shared).is_some() {
            return true;
        }
        std::thread::sleep(IDLE_PERIOD);
    }
}

/// Second of the clip that is heard now; `None` while nothing is.
fn heard_s(shared: &Shared) -> Option<f64> {
    let control = lock(&shared.control);
    let state = &control.state;
    let real_time = state.playing && !state.reverse && (state.speed - 1.0).abs() < 1e-6;
    (real_time && control.sound && !control.stop).then(|| control.clock.at_s(Instant::now()))
}

type SharedBuffer = Arc<Mutex<Option<Buffer>>>;

/// The default output, which plays from `buffer`; its samples a second.
fn open_device(shared: &Arc<Shared>, buffer: &SharedBuffer) -> Option<(cpal::Stream, u32)> {
    let device = cpal::default_host().default_output_device()?;
    let config = device.default_output_config().ok()?;
    let made = match config.sample_format() {
        SampleFormat::F32 => output::<f32>(&device, &config, shared, buffer),
        SampleFormat::I16 => output::<i16>(&device, &config, shared, buffer),
        SampleFormat::U16 => output::<u16>(&device, &config, shared, buffer),
        SampleFormat::I32 => output::<i32>(&device, &config, shared, buffer),
        _ => return None,
    };
    let rate_hz = config.sample_rate();
    made.inspect_err(|error| tracing::debug!("no sound: {error}")).ok().map(|stream| (stream, rate_hz))
}

fn output<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: &cpal::SupportedStreamConfig,
    shared: &Arc<Shared>,
    buffer: &SharedBuffer,
) -> Result<cpal::Stream, cpal::Error> {
    let channels = usize::from(config.channels()).max(1);
    let (shared, buffer) = (Arc::clone(shared), Arc::clone(buffer));
    let mut stereo = Vec::new();
    let fill = move |out: &mut [T], info: &cpal::OutputCallbackInfo| {
        let times = info.timestamp();
        let latency = times.playback.checked_duration_since(times.callback).unwrap_or_default();
        stereo.clear();
        stereo.resize(out.len() / channels, [0.0; SOUND_CHANNELS]);
        if let (Some(clip_s), Some(buffer)) = (heard_s(&shared), lock(&buffer).as_mut()) {
            buffer.play(clip_s + latency.as_secs_f64(), &mut stereo);
        }
        for (frame, sample) in out.chunks_mut(channels).zip(&stereo) {
            spread(frame, sample);
        }
    };
    let complain = |error| tracing::debug!("the sound device: {error}");
    device.build_output_stream(config.config(), fill, complain, None)
}

/// Left and right on the first two channels, their mean on a single one, silence on the others.
fn spread<T: SizedSample + FromSample<f32>>(frame: &mut [T], &[left, right]: &[f32; SOUND_CHANNELS]) {
    if let [mono] = frame {
        *mono = T::from_sample((left + right) * 0.5);
        return;
    }
    for (index, channel) in frame.iter_mut().enumerate() {
        *channel = T::from_sample([left, right].get(index).copied().unwrap_or(0.0));
    }
}

/// Keeps the buffer filled.
struct Feeder {
    shared: Arc<Shared>,
    buffer: SharedBuffer,
    reader: SoundReader,
    origin_s: f64,
    ended: bool,
}

impl Feeder {
    fn run(mut self) {
        while !lock(&self.shared.control).stop {
            let heard = heard_s(&self.shared);
            if heard.is_some_and(|now_s| !self.feed(now_s)) {
                return;
            }
            std::thread::sleep(if heard.is_some() { PERIOD } else { IDLE_PERIOD });
        }
    }

    /// Decodes what will be heard soon; false when the file cannot be read any more.
    fn feed(&mut self, now_s: f64) -> bool {
        let (starts_s, ends_s) = match lock(&self.buffer).as_ref() {
            Some(buffer) if !buffer.samples.is_empty() => {
                (buffer.start as f64 / buffer.rate_hz, buffer.end() as f64 / buffer.rate_hz)
            }
            _ => (f64::INFINITY, f64::NEG_INFINITY),
        };
        if now_s < starts_s || (now_s > ends_s + TOLERANCE_S && !self.ended) {
            self.reader.seek(now_s + self.origin_s);
            self.ended = false;
            if let Some(buffer) = lock(&self.buffer).as_mut() {
                buffer.clear();
            }
        } else if ends_s > now_s + AHEAD_S {
            return true;
        }
        while !self.ended {
            match self.reader.next_block() {
                Ok(Some(SoundBlock { start_s, samples })) => {
                    let mut buffer = lock(&self.buffer);
                    let Some(buffer) = buffer.as_mut() else { return true };
                    buffer.push(start_s - self.origin_s, &samples);
                    buffer.drop_before(now_s - BEHIND_S);
                    if buffer.end() as f64 / buffer.rate_hz > now_s + AHEAD_S {
                        break;
                    }
                }
                Ok(None) => self.ended = true,
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 1000;

    /// A buffer over seconds 2 to 3 whose samples are their positions.
    fn buffer() -> Buffer {
        let mut buffer = Buffer::new(RATE);
        let block: Vec<f32> = (2000..3000).flat_map(|at| [at as f32, -(at as f32)]).collect();
        buffer.push(2.0, &block);
        buffer
    }

    fn heard(buffer: &mut Buffer, clip_s: f64, count: usize) -> Vec<f32> {
        let mut out = vec![[0.0; 2]; count];
        buffer.play(clip_s, &mut out);
        out.iter().map(|sample| sample[0]).collect()
    }

    #[test]
    fn small_errors_of_the_clock_do_not_tear_the_sound() {
        let mut buffer = buffer();
        assert_eq!(heard(&mut buffer, 2.1, 3), [2100.0, 2101.0, 2102.0]);
        assert_eq!(heard(&mut buffer, 2.12, 2), [2103.0, 2104.0]);
        assert_eq!(heard(&mut buffer, 2.09, 2), [2105.0, 2106.0]);
    }

    #[test]
    fn a_jump_of_the_picture_takes_the_sound_with_it() {
        let mut buffer = buffer();
        heard(&mut buffer, 2.1, 3);
        assert_eq!(heard(&mut buffer, 2.8, 2), [2800.0, 2801.0]);
        assert_eq!(heard(&mut buffer, 0.5, 2), [0.0, 0.0], "silence where nothing is known");
        assert_eq!(heard(&mut buffer, 2.998, 4), [2998.0, 2999.0, 0.0, 0.0]);
    }

    #[test]
    fn blocks_join_without_doubling_and_holes_are_silent() {
        let mut buffer = buffer();
        buffer.push(2.99, &[7.0; 40]);
        assert_eq!(buffer.end(), 3010);
        assert_eq!(heard(&mut buffer, 2.999, 2), [2999.0, 7.0]);
        buffer.push(3.02, &[9.0; 2]);
        buffer.cursor = 3019;
        assert_eq!(heard(&mut buffer, 3.019, 2), [0.0, 9.0]);
        buffer.drop_before(3.0);
        assert_eq!((buffer.start, buffer.end()), (3000, 3021));
        buffer.push(60.0, &[1.0; 2]);
        assert_eq!((buffer.start, buffer.end()), (60_000, 60_001));
    }

    #[test]
    fn every_number_of_channels_is_served() {
        let mut frame = [5.0_f32; 1];
        spread(&mut frame, &[0.5, 0.1]);
        assert!((frame[0] - 0.3).abs() < 1e-6);
        let mut frame = [5.0_f32; 4];
        spread(&mut frame, &[0.5, 0.1]);
        assert_eq!(frame, [0.5, 0.1, 0.0, 0.0]);
    }
}
