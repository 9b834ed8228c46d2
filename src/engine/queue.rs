//! Exports wait for each other: two at once would each take more than twice as long, and twice the memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::job::{Reporter, lock};
use super::{CancelToken, EngineError, Progress};

/// How often one that waits looks whether it may begin, or has been cancelled.
const PERIOD: Duration = Duration::from_millis(50);

/// Who runs, and who waits behind.
#[derive(Clone, Default)]
pub struct Queue(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    waiting: VecDeque<u64>,
    next: u64,
}

/// A place in the queue; dropped, the next one moves up.
pub struct Place {
    queue: Queue,
    number: u64,
}

impl Queue {
    /// The place behind all others.
    pub fn join(&self) -> Place {
        let mut line = lock(&self.0);
        let number = line.next;
        line.next += 1;
        line.waiting.push_back(number);
        Place { queue: self.clone(), number }
    }
}

impl Place {
    /// Waits until it is at the front.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when `cancel` was set first.
    pub fn wait(&self, cancel: &CancelToken, reporter: &dyn Reporter) -> Result<(), EngineError> {
        let mut told = 0;
        loop {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            let ahead = lock(&self.queue.0).waiting.iter().take_while(|&&other| other != self.number).count();
            if ahead == 0 {
                return Ok(());
            }
            if ahead != told {
                told = ahead;
                let stage = match ahead {
                    1 => "waiting for the export before it".into(),
                    _ => format!("waiting for {ahead} exports before it"),
                };
                reporter.progress(Progress { stage, ..Progress::default() });
            }
            std::thread::sleep(PERIOD);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.queue.0).waiting.retain(|&other| other != self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::engine::ErrorKind;

    struct Quiet;
    impl Reporter for Quiet {
        fn progress(&self, _: Progress) {}
        fn warning(&self, _: String) {}
        fn riders(&self, _: u64, _: &[crate::types::RiderFrame]) {}
        fn resolved(&self, _: crate::engine::ResolvedRiders) {}
    }

    #[test]
    fn one_runs_at_a_time_in_the_order_of_asking_and_a_cancelled_one_leaves() {
        let queue = Queue::default();
        let running = AtomicUsize::new(0);
        let order = Mutex::new(Vec::new());
        let cancelled = CancelToken::default();
        let first = queue.join();
        std::thread::scope(|scope| {
            for name in 1..=4 {
                let place = queue.join();
                let cancel = if name == 2 { cancelled.clone() } else { CancelToken::default() };
                let (running, order) = (&running, &order);
                scope.spawn(move || match place.wait(&cancel, &Quiet) {
                    Ok(()) => {
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                        lock(order).push(name);
                        std::thread::sleep(Duration::from_millis(5));
                        running.fetch_sub(1, Ordering::SeqCst);
                    }
                    Err(error) => assert_eq!((error.kind(), name), (ErrorKind::Cancelled, 2)),
                });
            }
            first.wait(&CancelToken::default(), &Quiet).unwrap();
            assert!(lock(&order).is_empty());
            cancelled.cancel();
            drop(first);
        });
        assert_eq!(*lock(&order), [1, 3, 4]);
    }
}
