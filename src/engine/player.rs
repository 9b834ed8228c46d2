//! Playing a clip: a thread that decodes, and a slot that holds the latest frame for the screen.
//!
//! Display work is latest-wins: a scrub that outruns the decoder skips frames, it never queues them.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::clock::{Due, PlayClock};
use super::frame_cache::FrameCache;
use super::job::{Wake, lock};
use super::{EngineError, thread};
use crate::types::{FrameIndex, VideoFrame};
use crate::video::{FrameSource, VideoError};

/// Slowest and fastest playing speed.
pub const SPEED_RANGE: (f64, f64) = (0.1, 2.0);

/// Pixels kept around the playhead.
const CACHE_BYTES: usize = 160 << 20;

/// How far ahead a frame may lie to be reached by decoding on instead of seeking.
const DECODE_ON_FRAMES: u64 = 24;

/// How far before a frame that lies behind decoding starts, so that the next steps back are there already.
const LEAD_IN_FRAMES: u64 = 12;

/// When the picture is this late, the clock is set back to it: playing then slows down instead of skipping more and
/// more.
const LATE: Duration = Duration::from_millis(250);

/// What the player is doing; a snapshot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlayerState {
    /// Frame that is asked for: the playhead. The shown frame follows it.
    pub playhead: u64,
    /// Whether it plays.
    pub playing: bool,
    /// Whether it plays backwards.
    pub reverse: bool,
    /// Speed, 1 is real time.
    pub speed: f64,
    /// First and last frame of the played range.
    pub range: (u64, u64),
    /// Whether it starts over at the end of the range.
    pub looping: bool,
}

/// What callers set and the thread follows.
struct Control {
    state: PlayerState,
    clock: PlayClock,
    stop: bool,
}

impl Control {
    /// Starts the clock at the playhead.
    fn restart_clock(&mut self, index: &FrameIndex, now: Instant) {
        let sign = if self.state.reverse { -1.0 } else { 1.0 };
        self.clock = PlayClock {
            since: now,
            from_s: index.seconds(self.state.playhead),
            rate: self.state.speed * sign,
        };
    }
}

struct Shared {
    index: Arc<FrameIndex>,
    control: Mutex<Control>,
    changed: Condvar,
    latest: Mutex<Option<VideoFrame>>,
    warning: Mutex<Option<String>>,
}

/// Plays one clip. All calls return at once; dropping it stops its thread.
pub struct Player {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Player").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        lock(&self.shared.control).stop = true;
        self.shared.changed.notify_one();
    }
}

impl Player {
    /// A player over `source`, paused at its first frame. `wake` is called for each new picture.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(source: Box<dyn FrameSource>, wake: Wake) -> Result<Self, EngineError> {
        let index = Arc::clone(&source.info().frames);
        let last = index.len().saturating_sub(1);
        let state = PlayerState {
            playhead: 0,
            playing: false,
            reverse: false,
            speed: 1.0,
            range: (0, last),
            looping: false,
        };
        let clock = PlayClock { since: Instant::now(), from_s: 0.0, rate: 1.0 };
        let shared = Arc::new(Shared {
            index,
            control: Mutex::new(Control { state, clock, stop: false }),
            changed: Condvar::new(),
            latest: Mutex::default(),
            warning: Mutex::default(),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn("playback", move || Playback::new(for_thread, source, wake).run())?;
        Ok(Self { shared })
    }

    /// What it is doing.
    pub fn state(&self) -> PlayerState {
        lock(&self.shared.control).state
    }

    /// The latest decoded frame, or `None` before the first. Its index tells which frame it is.
    pub fn frame(&self) -> Option<VideoFrame> {
        lock(&self.shared.latest).clone()
    }

    /// Plays forwards (or backwards) from the playhead; from the other end of the range when it stands at the end.
    pub fn play(&self, reverse: bool) {
        self.change(|state| {
            let (first, last) = state.range;
            let (start, end) = if reverse { (last, first) } else { (first, last) };
            if state.playhead == end || state.playhead < first || state.playhead > last {
                state.playhead = start;
            }
            state.playing = true;
            state.reverse = reverse;
        });
    }

    /// Stops at the frame shown.
    pub fn pause(&self) {
        self.change(|state| state.playing = false);
    }

    /// Goes to frame `index` (clamped to the clip) and stays there unless it is playing.
    pub fn seek(&self, index: u64) {
        let last = self.shared.index.len().saturating_sub(1);
        self.change(|state| state.playhead = index.min(last));
    }

    /// Moves the playhead by `frames` and pauses.
    pub fn step(&self, frames: i64) {
        let last = self.shared.index.len().saturating_sub(1);
        self.change(|state| {
            state.playing = false;
            state.playhead = state.playhead.saturating_add_signed(frames).min(last);
        });
    }

    /// Sets the speed, clamped to [`SPEED_RANGE`].
    pub fn set_speed(&self, speed: f64) {
        if speed.is_finite() {
            self.change(|state| state.speed = speed.clamp(SPEED_RANGE.0, SPEED_RANGE.1));
        }
    }

    /// Sets whether the range is played over and over.
    pub fn set_looping(&self, looping: bool) {
        self.change(|state| state.looping = looping);
    }

    /// Sets the first and last frame that are played (in and out points), in either order.
    pub fn set_range(&self, first: u64, last: u64) {
        let end = self.shared.index.len().saturating_sub(1);
        let (first, last) = (first.min(last).min(end), first.max(last).min(end));
        self.change(|state| state.range = (first, last));
    }

    /// Why a frame could not be shown, once.
    pub fn take_warning(&self) -> Option<String> {
        lock(&self.shared.warning).take()
    }

    fn change(&self, change: impl FnOnce(&mut PlayerState)) {
        let mut control = lock(&self.shared.control);
        change(&mut control.state);
        control.restart_clock(&self.shared.index, Instant::now());
        drop(control);
        self.shared.changed.notify_one();
    }
}

/// What the playback thread is to do next.
enum Next {
    Show { frame: u64, since: Instant },
    Stop,
}

/// The playback thread's own state.
struct Playback {
    shared: Arc<Shared>,
    source: Box<dyn FrameSource>,
    wake: Wake,
    cache: FrameCache,
    /// Index of the frame that the source gives next.
    position: u64,
    /// Frame on the screen, or tried in vain.
    settled: Option<u64>,
}

impl Playback {
    fn new(shared: Arc<Shared>, source: Box<dyn FrameSource>, wake: Wake) -> Self {
        Self { shared, source, wake, cache: FrameCache::new(CACHE_BYTES), position: 0, settled: None }
    }

    fn run(mut self) {
        while let Next::Show { frame, since } = self.wait() {
            match self.fetch(frame) {
                Ok(Some(picture)) => *lock(&self.shared.latest) = Some(picture),
                Ok(None) => {}
                Err(error) => *lock(&self.shared.warning) = Some(error.to_string()),
            }
            self.settled = Some(frame);
            self.slow_down_when_late(frame, since);
            (self.wake)();
        }
    }

    /// Waits until another frame than the settled one is due.
    fn wait(&self) -> Next {
        let mut control = lock(&self.shared.control);
        loop {
            if control.stop {
                return Next::Stop;
            }
            let now = Instant::now();
            let mut pause = None;
            if control.state.playing {
                let (first, last) = control.state.range;
                match control.clock.due(now, &self.shared.index, first, last) {
                    Due::Frame(frame, next_in) => {
                        control.state.playhead = frame;
                        pause = Some(next_in);
                    }
                    Due::End(frame) if control.state.looping && first < last => {
                        control.state.playhead = if frame == last { first } else { last };
                        control.restart_clock(&self.shared.index, now);
                    }
                    Due::End(frame) => {
                        control.state.playhead = frame;
                        control.state.playing = false;
                        (self.wake)();
                    }
                }
            }
            let frame = control.state.playhead;
            if self.settled != Some(frame) {
                return Next::Show { frame, since: now };
            }
            control = match pause {
                Some(time) => {
                    let waited = self.shared.changed.wait_timeout(control, time);
                    waited.map_or_else(|poisoned| poisoned.into_inner().0, |(control, _)| control)
                }
                None => {
                    let waited = self.shared.changed.wait(control);
                    waited.unwrap_or_else(std::sync::PoisonError::into_inner)
                }
            };
        }
    }

    /// Frame `wanted` from the cache or the file; `None` where it cannot be decoded or is past the end.
    fn fetch(&mut self, wanted: u64) -> Result<Option<VideoFrame>, VideoError> {
        if let Some(frame) = self.cache.get(wanted) {
            return Ok(Some(frame));
        }
        let ahead = wanted.checked_sub(self.position);
        if ahead.is_none_or(|frames| frames > DECODE_ON_FRAMES) {
            let start = if ahead.is_none() { wanted.saturating_sub(LEAD_IN_FRAMES) } else { wanted };
            self.source.seek(start)?;
            self.position = start;
        }
        loop {
            match self.source.next_frame() {
                Ok(Some(frame)) => {
                    self.position = frame.index + 1;
                    let reached = frame.index;
                    let result = (reached == wanted).then(|| frame.clone());
                    self.cache.insert(frame, wanted);
                    if reached >= wanted {
                        return Ok(result);
                    }
                }
                Ok(None) => {
                    self.position = self.shared.index.len();
                    return Ok(None);
                }
                Err(VideoError::BadFrame { index, .. }) if index < wanted => self.position = index + 1,
                Err(error) => {
                    self.position = wanted + 1;
                    return Err(error);
                }
            }
        }
    }

    fn slow_down_when_late(&self, frame: u64, since: Instant) {
        let mut control = lock(&self.shared.control);
        if control.state.playing && since.elapsed() > LATE && control.state.playhead == frame {
            control.restart_clock(&self.shared.index, Instant::now());
        }
    }
}
