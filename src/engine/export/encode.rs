//! The encoding stage of an export. Nobody waits for it once the export is cancelled: an encoder gives no answer while it
//! is at a frame, which takes seconds on a busy machine, and as long again until it is closed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender};

use super::Drawn;
use crate::engine::{CancelToken, EngineError, thread};
use crate::video::FrameSink;

/// Between two looks at whether it has ended or the export was cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// A running encoder.
pub struct Encode {
    thread: JoinHandle<Result<(), EngineError>>,
    half_written: Option<PathBuf>,
    /// Set by whoever comes first: the encoder, about to put its file in its place, or who gives it up.
    settled: Arc<AtomicBool>,
}

impl Encode {
    /// Encodes what comes through `queue` into `sink`, and gives the memory of pictures back.
    pub fn start(
        sink: Box<dyn FrameSink>,
        queue: Receiver<Drawn>,
        give_back: Sender<Vec<u8>>,
        cancel: &CancelToken,
    ) -> Result<Self, EngineError> {
        let half_written = sink.half_written().map(ToOwned::to_owned);
        let settled = Arc::new(AtomicBool::new(false));
        let (cancel, mine) = (cancel.clone(), Arc::clone(&settled));
        let thread =
            thread::spawn("export-encode", move || encode(sink, &queue, &give_back, &cancel, &mine))?;
        Ok(Self { thread, half_written, settled })
    }

    /// Waits until it has ended; where the export is cancelled before, its file is removed and it is left to itself.
    pub fn end(self, cancel: &CancelToken) -> Result<(), EngineError> {
        while !self.thread.is_finished() {
            if cancel.is_cancelled()
                && let Some(file) = &self.half_written
                && !self.settled.swap(true, Ordering::SeqCst)
            {
                // Where an open file cannot be removed it goes when the encoder is closed.
                let _ = std::fs::remove_file(file);
                return Err(EngineError::Cancelled);
            }
            std::thread::sleep(LOOK);
        }
        self.thread.join().unwrap_or(Err(EngineError::StageLost { stage: "encoding" }))
    }
}

/// Gives the encoder something to do once it has room for it; `false` where it has ended or the export is cancelled.
pub fn hand_over(next: &Sender<Drawn>, mut drawn: Drawn, cancel: &CancelToken) -> bool {
    while !cancel.is_cancelled() {
        match next.send_timeout(drawn, LOOK) {
            Ok(()) => return true,
            Err(SendTimeoutError::Timeout(back)) => drawn = back,
            Err(SendTimeoutError::Disconnected(_)) => return false,
        }
    }
    false
}

/// Encodes what comes. Without its end, or given up, the sink leaves no file.
fn encode(
    mut sink: Box<dyn FrameSink>,
    queue: &Receiver<Drawn>,
    give_back: &Sender<Vec<u8>>,
    cancel: &CancelToken,
    settled: &AtomicBool,
) -> Result<(), EngineError> {
    for drawn in queue {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        match drawn {
            Drawn::Frame { rgba, pts } => {
                sink.write(&rgba, pts)?;
                // Full means that enough spare pictures wait already.
                let _ = give_back.try_send(rgba);
            }
            Drawn::Picture { image, pts } => sink.write_picture(&image, pts)?,
            Drawn::End => {
                while !sink.flush()? {
                    if cancel.is_cancelled() {
                        return Err(EngineError::Cancelled);
                    }
                }
                if settled.swap(true, Ordering::SeqCst) {
                    return Err(EngineError::Cancelled);
                }
                return Ok(sink.finish()?);
            }
        }
    }
    Ok(())
}
