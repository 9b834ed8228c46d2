//! How the window's clips are decoded: by a device or the processor, and large ones scrubbed by a small copy.

use std::path::Path;

use super::effect::Effect;
use super::jobs::JobState;
use super::state::State;
use crate::engine::{JobId, Proxy, is_large_clip};
use crate::settings::DecodingSettings;

impl State {
    /// Takes the choice; a small copy of the open clip is made, or no longer made. Another decoder is for the next clip.
    pub(super) fn set_decoding(&mut self, decoding: DecodingSettings) -> Vec<Effect> {
        let before = std::mem::replace(&mut self.settings.decoding, decoding);
        let mut effects = Vec::new();
        if decoding.hardware && !before.hardware {
            effects.push(Effect::FindDecoders);
        }
        if decoding.proxies && !before.proxies {
            effects.extend(self.wish_proxy());
        } else if !decoding.proxies {
            effects.extend(self.stop_proxy());
        }
        effects
    }

    /// Asks for a small copy of the open clip, where it is large and copies are wished.
    pub(super) fn wish_proxy(&self) -> Option<Effect> {
        let clip = self.clip.as_ref().filter(|_| self.settings.decoding.proxies)?;
        is_large_clip(&clip.info).then(|| Effect::MakeProxy(clip.info.path.clone()))
    }

    /// Stops the making of a copy that nobody waits for any more.
    pub(super) fn stop_proxy(&mut self) -> Option<Effect> {
        self.making_proxy.take().map(Effect::Cancel)
    }

    /// Takes note of a small copy; gives it where it is of the open clip.
    pub(super) fn take_proxy(&mut self, job: JobId, clip: &Path, proxy: Option<Proxy>) -> Option<Proxy> {
        let Some(proxy) = proxy else {
            self.jobs.remove(job);
            return None;
        };
        if let Some(job) = self.jobs.get_mut(job) {
            job.state = JobState::Done("ready for scrubbing".to_owned());
            job.progress.eta_s = None;
        }
        let is_open = self.clip.as_ref().is_some_and(|open| open.info.path == clip);
        Some(proxy).filter(|_| is_open && self.settings.decoding.proxies)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::settings::Settings;
    use crate::types::ClipInfo;
    use crate::ui::state::OpenClip;
    use crate::ui::tests::fake;

    const ON: DecodingSettings = DecodingSettings { hardware: true, proxies: true };
    const OFF: DecodingSettings = DecodingSettings { hardware: true, proxies: false };

    fn opened(width: u32, height: u32) -> State {
        let mut state = State::new(Settings::default(), None);
        let small = fake::clip("/clips/jump.mp4").info;
        let info = ClipInfo { width, height, ..(*small).clone() };
        state.clip = Some(OpenClip::new(Arc::new(info)));
        state
    }

    fn proxy() -> Option<Proxy> {
        Some(Proxy::fake())
    }

    #[test]
    fn a_copy_is_made_of_a_large_clip_alone_and_only_where_it_is_wished() {
        assert!(opened(3840, 2160).wish_proxy().is_none());
        assert!(opened(1920, 1080).set_decoding(ON).is_empty());
        let effects = opened(2160, 3840).set_decoding(ON);
        assert!(matches!(&effects[..], [Effect::MakeProxy(path)] if path == Path::new("/clips/jump.mp4")));
    }

    #[test]
    fn a_copy_that_is_not_wished_any_more_is_stopped() {
        let mut state = opened(3840, 2160);
        state.set_decoding(ON);
        state.making_proxy = Some(JobId(4));
        assert!(matches!(&state.set_decoding(OFF)[..], [Effect::Cancel(JobId(4))]));
        assert!(state.take_proxy(JobId(4), Path::new("/clips/jump.mp4"), proxy()).is_none());
    }

    #[test]
    fn a_copy_of_another_clip_comes_too_late() {
        let mut state = opened(3840, 2160);
        state.set_decoding(ON);
        assert!(state.take_proxy(JobId(4), Path::new("/clips/other.mp4"), proxy()).is_none());
        assert!(state.take_proxy(JobId(4), Path::new("/clips/jump.mp4"), proxy()).is_some());
    }

    #[test]
    fn devices_are_looked_for_when_they_are_first_wished() {
        let mut state = opened(1920, 1080);
        state.set_decoding(DecodingSettings { hardware: false, proxies: false });
        assert!(matches!(&state.set_decoding(OFF)[..], [Effect::FindDecoders]));
        assert!(state.set_decoding(OFF).is_empty());
    }
}
