//! Decoded frames by number: packets in, pictures with their place in the clip out.

use std::path::{Path, PathBuf};

use ff::codec::discard::Discard;
use ff::codec::{self, threading};
use ff::frame;
use ffmpeg_next as ff;

use super::VideoError;
use super::demux::Demuxer;
use super::disposable::Disposable;
use super::hardware::{self, is_on_device};
use super::input::unreadable;
use super::source::DecodeOptions;
use super::timeline::{Stamp, Timeline};

/// The frames of a file that is not larger are counted before anyone has seen that it takes time.
const READ_AT_ONCE_BYTES: u64 = 32 << 20;

/// Where a clip is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hardware {
    /// In software, until a device is awake.
    Wanted,
    /// On the device of this name.
    On(&'static str),
    /// In software, for good.
    Off,
}

/// Decodes the frames of a clip in presentation order from any key frame on.
pub(super) struct Decoder {
    path: PathBuf,
    demuxer: Demuxer,
    codec: ff::decoder::Video,
    threads: usize,
    hardware: Hardware,
    disposable: Disposable,
    timeline: Timeline,
    frame: frame::Video,
    /// The same out of its device's memory, once it is needed.
    fetched: Option<frame::Video>,
    /// A packet that was read to see where a seek has landed.
    queued: Option<ff::Packet>,
    draining: bool,
    last: Option<u64>,
    complaint: Option<ff::Error>,
    /// Pictures before this timestamp are only needed as references of others.
    wanted_from: i64,
}

impl Decoder {
    /// Opens the clip and stands before its first frame. Of a large one `first` sees the first picture before its frames
    /// are counted.
    pub(super) fn open(
        path: &Path,
        options: &DecodeOptions,
        first: &mut dyn FnMut(&Demuxer, &ff::decoder::Video, &frame::Video),
    ) -> Result<Self, VideoError> {
        let mut demuxer = Demuxer::open(path)?;
        let mut codec = open_codec(&demuxer, path, options.threads)?;
        let takes_long = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > READ_AT_ONCE_BYTES);
        if takes_long && let Some(picture) = first_picture(&mut demuxer, &mut codec, path)? {
            first(&demuxer, &codec, &picture);
        }
        let known = Timeline::known(&demuxer, path);
        let has_moved = takes_long || known.is_none();
        let timeline = match known {
            Some(timeline) => timeline,
            None => {
                if takes_long {
                    demuxer = Demuxer::open(path)?;
                }
                Timeline::scan(&mut demuxer, path)?
            }
        };
        let disposable = Disposable::of(&demuxer.stream(path)?);
        let mut decoder = Self {
            path: path.to_owned(),
            demuxer,
            codec,
            threads: options.threads,
            hardware: if options.hardware { Hardware::Wanted } else { Hardware::Off },
            disposable,
            timeline,
            frame: frame::Video::empty(),
            fetched: None,
            queued: None,
            draining: false,
            last: None,
            complaint: None,
            wanted_from: i64::MIN,
        };
        decoder.change_over();
        if has_moved {
            decoder.rewind()?;
        }
        Ok(decoder)
    }

    /// The frames of the clip.
    pub(super) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The demuxer, for what the header says.
    pub(super) fn demuxer(&self) -> &Demuxer {
        &self.demuxer
    }

    /// The codec, for what the stream says.
    pub(super) fn codec(&self) -> &ff::decoder::Video {
        &self.codec
    }

    /// The picture that [`decode`](Self::decode) gave last, once it has been [fetched](Self::fetch).
    pub(super) fn frame(&self) -> &frame::Video {
        self.fetched.as_ref().unwrap_or(&self.frame)
    }

    /// Brings the picture out of its device's memory, where it lies there.
    pub(super) fn fetch(&mut self) -> Result<(), ff::Error> {
        if self.fetched.is_none() && is_on_device(&self.frame) {
            self.fetched = Some(hardware::transfer(&self.frame)?);
        }
        Ok(())
    }

    /// The device that decodes, `None` in software.
    pub(super) fn device(&self) -> Option<&'static str> {
        match self.hardware {
            Hardware::On(name) => Some(name),
            Hardware::Wanted | Hardware::Off => None,
        }
    }

    /// Goes on in software, for good; what comes next has to be a jump. False where it is in software already.
    pub(super) fn fall_back(&mut self) -> Result<bool, VideoError> {
        let Hardware::On(name) = std::mem::replace(&mut self.hardware, Hardware::Off) else {
            return Ok(false);
        };
        let why = self.take_complaint();
        tracing::info!("{}: {name} does not decode it ({why}); software does", self.path.display());
        self.codec = open_codec(&self.demuxer, &self.path, self.threads)?;
        Ok(true)
    }

    /// Claims that a device decodes, whose frames never come from it.
    #[cfg(test)]
    pub(super) fn pretend_device(&mut self) {
        self.hardware = Hardware::On("pretended");
    }

    /// Lets a device decode from here on, where one is awake that can: right before a jump.
    fn change_over(&mut self) {
        if self.hardware != Hardware::Wanted {
            return;
        }
        for device in hardware::awake() {
            match open_on(device, &self.demuxer, &self.path) {
                Some(codec) => {
                    (self.codec, self.hardware) = (codec, Hardware::On(device.name()));
                    return;
                }
                // What one device cannot do another one may.
                None => self.hardware = Hardware::Off,
            }
        }
    }

    /// Number of the frame that came out last since the last jump.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// What the codec complained of since the last frame that was asked for.
    pub(super) fn take_complaint(&mut self) -> String {
        match self.complaint.take() {
            Some(error) => error.to_string(),
            None => "the decoder gave no picture".to_owned(),
        }
    }

    /// Leaves out pictures before frame `index` that no other is made from. Those that are on the way come out still.
    pub(super) fn want_from(&mut self, index: u64) {
        let pts = self.timeline.frames.pts(index).filter(|_| self.timeline.timed);
        self.wanted_from = pts.unwrap_or(i64::MIN);
    }

    /// Decodes one more frame and says which one it is, or `None` at the end of the file.
    ///
    /// Damaged packets are no error here: their frames are missing from the sequence. A device that does not do its work
    /// ends it, so that software takes its place.
    pub(super) fn decode(&mut self) -> Result<Option<u64>, VideoError> {
        self.fetched = None;
        let on_device = self.device().is_some();
        loop {
            if on_device && self.complaint.is_some() {
                return Ok(None);
            }
            match self.codec.receive_frame(&mut self.frame) {
                Ok(()) if on_device && !is_on_device(&self.frame) => {
                    // FFmpeg has refused the device for this stream.
                    self.complaint = Some(ff::Error::DecoderNotFound);
                }
                Ok(()) => {
                    if let Some(index) = self.number() {
                        self.last = Some(index);
                        return Ok(Some(index));
                    }
                    continue;
                }
                Err(ff::Error::Eof) => return Ok(None),
                Err(ff::Error::Other { errno: ff::error::EAGAIN }) if self.draining => return Ok(None),
                Err(ff::Error::Other { errno: ff::error::EAGAIN }) => {}
                Err(error) => self.complaint = Some(error),
            }
            if !self.draining {
                self.feed()?;
            }
        }
    }

    /// Jumps to key frame number `key` of the timeline. False if what follows starts after it, so that the jump
    /// has to go further back.
    pub(super) fn land(&mut self, key: usize) -> Result<bool, VideoError> {
        let Some(pts) = self.timeline.key_pts(key) else { return Ok(false) };
        self.reset();
        if !self.demuxer.seek(pts) {
            return Ok(false);
        }
        while let Some(packet) = self.demuxer.next_packet(&self.path)? {
            if packet.is_key() {
                let landed = packet.pts().is_some_and(|landed| landed <= pts);
                self.queued = Some(packet);
                return Ok(landed);
            }
        }
        Ok(false)
    }

    /// Jumps to the start of the file; it is opened anew where seeking does not lead back to its first packet.
    pub(super) fn rewind(&mut self) -> Result<(), VideoError> {
        self.reset();
        let start = self.timeline.start;
        let earliest = [start.pts, start.dts].into_iter().flatten().min();
        if earliest.is_some_and(|timestamp| self.demuxer.seek(timestamp)) {
            let packet = self.demuxer.next_packet(&self.path)?;
            if packet.as_ref().map(Stamp::of) == Some(start) {
                self.queued = packet;
                return Ok(());
            }
        }
        self.demuxer = Demuxer::open(&self.path)?;
        Ok(())
    }

    fn reset(&mut self) {
        self.change_over();
        self.codec.flush();
        self.fetched = None;
        self.queued = None;
        self.draining = false;
        self.last = None;
        self.complaint = None;
    }

    /// Which frame of the clip the decoded picture is; `None` for one that the clip does not show.
    fn number(&self) -> Option<u64> {
        if self.timeline.timed {
            self.frame.pts().and_then(|pts| self.timeline.frames.find(pts))
        } else {
            Some(self.last.map_or(0, |last| last + 1))
        }
    }

    fn feed(&mut self) -> Result<(), VideoError> {
        let packet = match self.queued.take() {
            Some(packet) => Some(packet),
            None => self.demuxer.next_packet(&self.path)?,
        };
        let sent = match packet {
            Some(packet) => {
                let only_for_others = packet.pts().is_some_and(|pts| pts < self.wanted_from);
                if only_for_others && self.disposable.is_disposable(&packet) {
                    return Ok(());
                }
                self.codec.skip_frame(if only_for_others { Discard::NonReference } else { Discard::Default });
                self.codec.send_packet(&packet)
            }
            None => {
                self.draining = true;
                self.codec.send_eof()
            }
        };
        if let Err(error) = sent {
            self.complaint = Some(error);
        }
        Ok(())
    }
}

/// The first picture that comes out, before anything else is known of the clip.
fn first_picture(
    demuxer: &mut Demuxer,
    codec: &mut ff::decoder::Video,
    path: &Path,
) -> Result<Option<frame::Video>, VideoError> {
    /// Packets after which a clip that gives no picture has none to show early.
    const PATIENCE: usize = 64;
    let mut picture = frame::Video::empty();
    for _ in 0..PATIENCE {
        if codec.receive_frame(&mut picture).is_ok() {
            return Ok(Some(picture));
        }
        let Some(packet) = demuxer.next_packet(path)? else { return Ok(None) };
        // What is damaged is told when it is played.
        let _ = codec.send_packet(&packet);
    }
    Ok(None)
}

fn open_codec(demuxer: &Demuxer, path: &Path, threads: usize) -> Result<ff::decoder::Video, VideoError> {
    let stream = demuxer.stream(path)?;
    let mut context =
        codec::Context::from_parameters(stream.parameters()).map_err(|error| unreadable(path, &error))?;
    let kind = if threads > 1 { threading::Type::Frame } else { threading::Type::None };
    context.set_threading(threading::Config { kind, count: threads.max(1), ..Default::default() });
    if stream.parameters().id() == codec::Id::AV1 {
        // One frame at a time, its tiles and rows in parallel: dav1d 1.0 waits for ever for frames beside it that are damaged.
        context.set_flags(codec::Flags::LOW_DELAY);
    }
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    decoder.video().map_err(|_| VideoError::UnsupportedCodec {
        path: path.to_owned(),
        codec: stream.parameters().id().name().to_owned(),
    })
}

/// The same on a device; `None` where it has no decoder for it.
fn open_on(device: &hardware::Device, demuxer: &Demuxer, path: &Path) -> Option<ff::decoder::Video> {
    let stream = demuxer.stream(path).ok()?;
    let found = device.decoder_for(stream.parameters().id())?;
    let mut context = codec::Context::from_parameters(stream.parameters()).ok()?;
    device.attach(&mut context).ok()?;
    // The device works beside the processor by itself; threads would only hold frames back.
    context.set_threading(threading::Config { kind: threading::Type::None, count: 1, ..Default::default() });
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    decoder.open_as(found).ok()?.video().ok()
}
