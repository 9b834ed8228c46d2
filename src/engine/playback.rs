//! The player's thread: it shows the frame that is due, and decodes what will be asked for next while nothing is.
//!
//! On the way to a frame that is far from a key frame the nearest one that comes by is shown. A way that leads to a frame
//! nobody wants any more is left at once. What is decoded ahead of need is both sides of the playhead, more of it on the
//! side that it comes from.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clock::Due;
use super::frame_cache::Window;
use super::job::{Wake, lock};
use super::player::{Control, PlayerState, Shared};
use super::proxy::Proxy;
use crate::types::VideoFrame;
use crate::video::{Advance, FrameSource, VideoError};

/// How far ahead a frame may lie to be reached by decoding on, keeping all that comes by.
const DECODE_ON_FRAMES: u64 = 24;

/// How far before a frame that lies behind decoding starts, so that the next steps back are there already.
const LEAD_IN_FRAMES: u64 = 12;

/// Frames that are decoded ahead of the playhead before anything behind it is.
const AHEAD_FIRST: u64 = 8;

/// Frames that are decoded ahead of one that plays.
const AHEAD_PLAYING: u64 = 16;

/// Frames of the window before the size of one is known.
const FIRST_WINDOW: u64 = 8;

/// When the picture is this late, the clock is set back to it: playing then slows down instead of skipping more and
/// more.
const LATE: Duration = Duration::from_millis(250);

/// Time between two pictures on the way to the one that is sought.
const NEAR_PERIOD: Duration = Duration::from_millis(60);

/// Nothing is decoded ahead of need when a frame is due sooner.
const SPARE: Duration = Duration::from_millis(5);

/// What the thread is to do next.
enum Task {
    Show { frame: u64, since: Instant },
    Prepare(PlayerState, bool),
    Stop,
}

/// The thread's own state.
pub(super) struct Playback {
    shared: Arc<Shared>,
    source: Box<dyn FrameSource>,
    /// Small pictures that stand in for those that take long.
    proxy: Option<Proxy>,
    wake: Wake,
    /// Index of the frame that the source gives next.
    position: u64,
    /// Whether the source stands right before that frame, and not on the way to it.
    arrived: bool,
    /// Frame on the screen, or tried in vain.
    settled: Option<u64>,
    /// What is being decoded ahead of need.
    filling: Option<Range<u64>>,
    /// Frames that could not be decoded ahead of need; they are tried again when they are asked for.
    bad: BTreeSet<u64>,
    /// Whether decoding ahead has met an error that only a new request may meet again.
    failed: bool,
}

impl Playback {
    pub(super) fn new(shared: Arc<Shared>, source: Box<dyn FrameSource>, wake: Wake) -> Self {
        Self {
            shared,
            source,
            proxy: None,
            wake,
            position: 0,
            arrived: true,
            settled: None,
            filling: None,
            bad: BTreeSet::new(),
            failed: false,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.wait() {
                Task::Show { frame, since } => self.show(frame, since),
                Task::Prepare(state, backwards) => self.prepare(&state, backwards),
                Task::Stop => return,
            }
        }
    }

    /// Waits until another frame than the settled one is due, or there is something to prepare.
    fn wait(&mut self) -> Task {
        let shared = Arc::clone(&self.shared);
        let mut control = lock(&shared.control);
        loop {
            if control.stop {
                return Task::Stop;
            }
            let now = Instant::now();
            let pause = self.follow_clock(&mut control, now);
            let frame = control.state.playhead;
            if self.settled != Some(frame) {
                return Task::Show { frame, since: now };
            }
            let (state, backwards) = (control.state, control.backwards);
            if pause.is_none_or(|time| time > SPARE) && self.plan(&state, backwards) {
                return Task::Prepare(state, backwards);
            }
            control = match pause {
                Some(time) => {
                    let waited = shared.changed.wait_timeout(control, time);
                    waited.map_or_else(|poisoned| poisoned.into_inner().0, |(control, _)| control)
                }
                None => shared.changed.wait(control).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Moves the playhead of a clip that plays; gives the time to the next frame.
    fn follow_clock(&self, control: &mut MutexGuard<'_, Control>, now: Instant) -> Option<Duration> {
        if !control.state.playing {
            return None;
        }
        let (first, last) = control.state.range;
        let before = control.state.playhead;
        match control.clock.due(now, &self.shared.index, first, last) {
            Due::Frame(frame, next_in) => {
                control.state.playhead = frame;
                if self.settled == Some(before) {
                    let left_out = frame.abs_diff(before).saturating_sub(1);
                    self.shared.left_out.fetch_add(left_out, Ordering::Relaxed);
                }
                Some(next_in)
            }
            Due::End(frame) if control.state.looping && first < last => {
                control.state.playhead = if frame == last { first } else { last };
                control.restart_clock(&self.shared.index, now);
                None
            }
            Due::End(frame) => {
                control.state.playhead = frame;
                control.state.playing = false;
                (self.wake)();
                None
            }
        }
    }

    fn window(&self, state: &PlayerState, backwards: bool) -> Window {
        let capacity = lock(&self.shared.cache).capacity();
        let frames = capacity.map_or(FIRST_WINDOW, |frames| frames.saturating_sub(2).max(1));
        let behind = match (state.playing, backwards) {
            (_, true) => 0.8,
            (true, false) => 0.25,
            (false, false) => 0.5,
        };
        Window::around(state.playhead, frames, behind, self.shared.index.len().saturating_sub(1))
    }

    /// Shows frame `wanted`, or why it cannot be shown; leaves off when another one is wanted.
    fn show(&mut self, wanted: u64, since: Instant) {
        let cached = lock(&self.shared.cache).get(wanted);
        match cached {
            Some(frame) => self.settle(wanted, Some(frame)),
            None => match self.fetch(wanted, since) {
                Ok(Fetched::Frame(frame)) => self.settle(wanted, Some(frame)),
                Ok(Fetched::Nothing) => self.settle(wanted, None),
                Ok(Fetched::Superseded) => return,
                Err(error) => {
                    *lock(&self.shared.warning) = Some(error.to_string());
                    self.settle(wanted, None);
                }
            },
        }
        self.slow_down_when_late(wanted, since);
    }

    fn settle(&mut self, wanted: u64, frame: Option<VideoFrame>) {
        self.settled = Some(wanted);
        if let Some(frame) = frame {
            let mut control = lock(&self.shared.control);
            control.state.device = self.source.device();
            // A frame that was asked for meanwhile may be on the screen already.
            if control.state.playing || control.state.playhead == wanted {
                *lock(&self.shared.latest) = Some(frame);
            }
        }
        (self.wake)();
    }

    fn fetch(&mut self, wanted: u64, since: Instant) -> Result<Fetched, VideoError> {
        let (state, backwards) = self.state();
        let window = self.window(&state, backwards);
        (self.filling, self.failed) = (None, false);
        let near = lock(&self.shared.cache).nearest(wanted);
        near.into_iter().for_each(|frame| self.show_near(frame, wanted));
        self.show_proxy(wanted);
        self.aim(wanted, backwards, window)?;
        let mut next_near = since;
        loop {
            if self.is_superseded(wanted) {
                return Ok(Fetched::Superseded);
            }
            match self.source.advance() {
                Ok(Advance::Frame(frame)) => {
                    self.stand_before(frame.index + 1);
                    let reached = frame.index;
                    self.bad.remove(&reached);
                    lock(&self.shared.cache).insert(frame.clone(), window);
                    if reached >= wanted {
                        let is_it = reached == wanted;
                        return Ok(if is_it { Fetched::Frame(frame) } else { Fetched::Nothing });
                    }
                }
                Ok(Advance::Passed(_)) => {
                    let now = Instant::now();
                    if now >= next_near
                        && let Some(frame) = self.source.passed()
                    {
                        self.show_near(frame, wanted);
                        next_near = now + NEAR_PERIOD;
                    }
                }
                Ok(Advance::End) => {
                    self.stand_before(self.shared.index.len());
                    return Ok(Fetched::Nothing);
                }
                Err(VideoError::BadFrame { index, .. }) if index < wanted => self.stand_before(index + 1),
                Err(error) => {
                    self.stand_before(wanted + 1);
                    // After anything worse the source stands nowhere.
                    self.arrived = matches!(error, VideoError::BadFrame { .. });
                    return Err(error);
                }
            }
        }
    }

    /// Makes the source lead to `wanted`.
    fn aim(&mut self, wanted: u64, backwards: bool, window: Window) -> Result<(), VideoError> {
        let ahead = wanted.checked_sub(self.position);
        if self.arrived && ahead.is_some_and(|frames| frames <= DECODE_ON_FRAMES) {
            return Ok(());
        }
        let steps_back = self.settled.is_some_and(|settled| {
            settled.checked_sub(wanted).is_some_and(|frames| frames <= LEAD_IN_FRAMES)
        });
        let lead_in = if backwards && steps_back { LEAD_IN_FRAMES } else { 0 };
        self.go_to(wanted.saturating_sub(lead_in).max(window.first.min(wanted)))
    }

    fn go_to(&mut self, start: u64) -> Result<(), VideoError> {
        self.source.seek(start)?;
        (self.position, self.arrived) = (start, false);
        Ok(())
    }

    fn stand_before(&mut self, index: u64) {
        (self.position, self.arrived) = (index, true);
    }

    fn state(&self) -> (PlayerState, bool) {
        let control = lock(&self.shared.control);
        (control.state, control.backwards)
    }

    fn is_superseded(&self, wanted: u64) -> bool {
        let control = lock(&self.shared.control);
        control.stop || (!control.state.playing && control.state.playhead != wanted)
    }

    /// Shows a frame in place of `wanted` if it is nearer to it than what is shown.
    fn show_near(&self, frame: VideoFrame, wanted: u64) {
        let control = lock(&self.shared.control);
        if control.state.playing || control.state.playhead != wanted {
            return;
        }
        let mut latest = lock(&self.shared.latest);
        let is_nearer =
            latest.as_ref().is_none_or(|shown| frame.index.abs_diff(wanted) < shown.index.abs_diff(wanted));
        if is_nearer {
            *latest = Some(frame);
            drop((latest, control));
            (self.wake)();
        }
    }

    /// Shows the proxy's picture of `wanted` while that is on its way; not where decoding on is as fast.
    fn show_proxy(&mut self, wanted: u64) {
        let new = lock(&self.shared.control).proxy.take();
        self.proxy = new.or(self.proxy.take());
        let (Some(proxy), Some(pts)) = (&mut self.proxy, self.shared.index.pts(wanted)) else { return };
        let is_next = self.arrived && self.position == wanted;
        if is_next || lock(&self.shared.control).state.playing {
            return;
        }
        match proxy.picture(wanted) {
            Ok(Some(image)) => {
                let pts_s = self.shared.index.seconds_of(pts);
                self.show_near(VideoFrame { index: wanted, pts, pts_s, image }, wanted);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::debug!("the small copy is of no use any more: {error}");
                self.proxy = None;
            }
        }
    }

    fn slow_down_when_late(&self, frame: u64, since: Instant) {
        let mut control = lock(&self.shared.control);
        if control.state.playing && since.elapsed() > LATE && control.state.playhead == frame {
            control.restart_clock(&self.shared.index, Instant::now());
        }
    }

    /// Decides what is decoded ahead of need; false where all that has room is there.
    fn plan(&mut self, state: &PlayerState, backwards: bool) -> bool {
        if self.failed {
            return false;
        }
        let window = self.window(state, backwards);
        if let Some(filling) = &self.filling
            && filling.contains(&self.position)
            && filling.end > window.first
            && self.position <= window.last
        {
            return true;
        }
        self.filling = self.gap(state, backwards, window);
        self.filling.is_some()
    }

    /// Frames near the playhead that are not there. A gap that the decoder has to jump for waits until half of that side
    /// is used up, so that one jump fills much.
    fn gap(&self, state: &PlayerState, backwards: bool, window: Window) -> Option<Range<u64>> {
        let cache = lock(&self.shared.cache);
        let playhead = state.playhead;
        let mut ahead = cache.missing_from(playhead);
        while self.bad.contains(&ahead) {
            ahead = cache.missing_from(ahead + 1);
        }
        let mut behind = cache.missing_up_to(playhead);
        while let Some(index) = behind.filter(|index| self.bad.contains(index)) {
            behind = index.checked_sub(1).and_then(|index| cache.missing_up_to(index));
        }
        let there_ahead = ahead - playhead;
        let follows = (self.position..=self.position + DECODE_ON_FRAMES).contains(&ahead);
        let low_ahead = follows || there_ahead <= (window.last - playhead) / 2;
        let ahead = (ahead <= window.last && low_ahead).then(|| ahead..cache.gap_end(ahead, window.last));
        let behind = behind
            .filter(|&index| index >= window.first && playhead - index <= (playhead - window.first) / 2);
        let behind = behind.map(|index| cache.gap_start(index, window.first)..index + 1);
        match (state.playing, backwards) {
            (true, false) => ahead.filter(|_| there_ahead < AHEAD_PLAYING),
            (true, true) => behind,
            (false, true) => behind.or(ahead),
            (false, false) if there_ahead < AHEAD_FIRST => {
                let first = ahead.map(|frames| frames.start..frames.end.min(playhead + AHEAD_FIRST + 1));
                first.or(behind)
            }
            (false, false) => behind.or(ahead),
        }
    }

    /// Decodes one frame ahead of need.
    fn prepare(&mut self, state: &PlayerState, backwards: bool) {
        let Some(filling) = self.filling.clone() else { return };
        if !filling.contains(&self.position) {
            let ahead = filling.start.checked_sub(self.position);
            let leads_there = self.arrived && ahead.is_some_and(|frames| frames <= DECODE_ON_FRAMES);
            if !leads_there && self.go_to(filling.start).is_err() {
                self.failed = true;
                return;
            }
            // From now on the position tells how far the filling is.
            self.filling = Some(self.position..filling.end);
        }
        match self.source.advance() {
            Ok(Advance::Frame(frame)) => {
                self.stand_before(frame.index + 1);
                let window = self.window(state, backwards);
                lock(&self.shared.cache).insert(frame, window);
            }
            Ok(Advance::Passed(_)) => {}
            Ok(Advance::End) => {
                self.bad.extend(self.position..filling.end);
                self.stand_before(self.shared.index.len());
            }
            Err(VideoError::BadFrame { index, .. }) => {
                self.bad.insert(index);
                self.stand_before(index + 1);
            }
            Err(_) => self.failed = true,
        }
    }
}

/// What decoding towards a frame led to.
enum Fetched {
    Frame(VideoFrame),
    /// It cannot be decoded, or is past the end.
    Nothing,
    /// Another frame is wanted by now.
    Superseded,
}
