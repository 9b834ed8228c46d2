//! Playing a clip: what the window sets and sees. The decoding is done by the thread in `playback`.
//!
//! Display work is latest-wins: a scrub that outruns the decoder skips frames, it never queues them. A frame that is in
//! the cache is there before the call that asks for it returns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::clock::PlayClock;
use super::frame_cache::FrameCache;
use super::job::{Wake, lock};
use super::playback::Playback;
use super::proxy::Proxy;
use super::{EngineError, memory, soundtrack, thread};
use crate::types::{FrameIndex, VideoFrame};
use crate::video::FrameSource;

/// Slowest and fastest playing speed.
pub const SPEED_RANGE: (f64, f64) = (0.1, 2.0);

/// Bytes of pixels kept around the playhead: a part of the memory there is, within bounds.
const CACHE_SHARE: u64 = 24;
const CACHE_BYTES: (u64, u64) = (160 << 20, 768 << 20);

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
    /// The device that decodes; `None` where the processor does.
    pub device: Option<&'static str>,
}

/// What callers set and the thread follows.
pub(super) struct Control {
    pub state: PlayerState,
    pub clock: PlayClock,
    /// Whether the playhead went back last.
    pub backwards: bool,
    /// Whether it may be heard.
    pub sound: bool,
    /// A proxy that the thread has not taken yet.
    pub proxy: Option<Proxy>,
    pub stop: bool,
}

impl Control {
    /// Starts the clock at the playhead.
    pub(super) fn restart_clock(&mut self, index: &FrameIndex, now: Instant) {
        let sign = if self.state.reverse { -1.0 } else { 1.0 };
        self.clock = PlayClock {
            since: now,
            from_s: index.seconds(self.state.playhead),
            rate: self.state.speed * sign,
        };
    }
}

/// What the window and the thread share. Locks are taken in the order of the fields.
pub(super) struct Shared {
    pub index: Arc<FrameIndex>,
    pub control: Mutex<Control>,
    pub changed: Condvar,
    pub cache: Mutex<FrameCache>,
    pub latest: Mutex<Option<VideoFrame>>,
    pub warning: Mutex<Option<String>>,
    pub left_out: AtomicU64,
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
            device: source.device(),
        };
        let clock = PlayClock { since: Instant::now(), from_s: 0.0, rate: 1.0 };
        let shared = Arc::new(Shared {
            index,
            control: Mutex::new(Control {
                state,
                clock,
                backwards: false,
                sound: true,
                proxy: None,
                stop: false,
            }),
            changed: Condvar::new(),
            cache: Mutex::new(FrameCache::new(cache_bytes())),
            latest: Mutex::default(),
            warning: Mutex::default(),
            left_out: AtomicU64::new(0),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn("playback", move || {
            Playback::new(Arc::clone(&for_thread), source, wake).run();
            lock(&for_thread.cache).clear();
            memory::give_back();
        })?;
        Ok(Self { shared })
    }

    /// The same with the clip's sound, which is heard while it plays forwards at real time.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_sound(source: Box<dyn FrameSource>, wake: Wake) -> Result<Self, EngineError> {
        let clip = source.info().clone();
        let player = Self::new(source, wake)?;
        soundtrack::start(&clip, Arc::clone(&player.shared))?;
        Ok(player)
    }

    /// Sets whether it may be heard.
    pub fn set_sound(&self, on: bool) {
        lock(&self.shared.control).sound = on;
    }

    /// Lets the pictures of `proxy` stand in for frames that take long to decode, until they are there. They are smaller
    /// than the clip's, which tells them from these.
    pub fn set_proxy(&self, proxy: Proxy) {
        lock(&self.shared.control).proxy = Some(proxy);
    }

    /// What it is doing.
    pub fn state(&self) -> PlayerState {
        lock(&self.shared.control).state
    }

    /// The frame to show, or `None` before the first. While the one at the playhead is being decoded it is the nearest
    /// that is there: its index tells which frame it is.
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

    /// Frames that playing has left out because they could not be decoded in time.
    pub fn left_out(&self) -> u64 {
        self.shared.left_out.load(Ordering::Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut PlayerState)) {
        let mut control = lock(&self.shared.control);
        let before = control.state.playhead;
        change(&mut control.state);
        let state = control.state;
        if state.playing {
            control.backwards = state.reverse;
        } else if state.playhead != before {
            control.backwards = state.playhead < before;
        }
        control.restart_clock(&self.shared.index, Instant::now());
        if !state.playing
            && let Some(frame) = lock(&self.shared.cache).get(state.playhead)
        {
            *lock(&self.shared.latest) = Some(frame);
        }
        drop(control);
        self.shared.changed.notify_one();
    }
}

fn cache_bytes() -> usize {
    let share = memory::measure().limit / CACHE_SHARE;
    usize::try_from(share.clamp(CACHE_BYTES.0, CACHE_BYTES.1)).unwrap_or(usize::MAX)
}
