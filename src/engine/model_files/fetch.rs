//! Fetching a model's file: streamed to the disk, taken up where it broke off.

use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{ModelFileError, Offer};
use crate::download::{self, Answer, DownloadError, Expected, Part, Resume};
use crate::engine::{CancelToken, EngineError, ModelShelf, Progress, Reporter, thread};

/// Longest time without a byte.
const STALLED: Duration = Duration::from_secs(30);

/// How often a cancelled fetch is noticed.
const LOOK: Duration = Duration::from_millis(100);

/// Pieces that may wait for the disk, and bytes of one.
const WAITING: usize = 8;
const PIECE_BYTES: usize = 256 << 10;

/// How often a fetch that breaks off goes on by itself.
const GOES_ON: usize = 5;

/// Time between two reports.
const REPORT: Duration = Duration::from_millis(200);

/// What is fetched.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// The model.
    pub id: String,
    /// Whether the user has seen the licence and accepts it.
    pub licence_accepted: bool,
}

/// A file that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// Whether that is known to be the right one; where its makers tell none, nobody can say.
    pub is_known: bool,
    /// What is to be done with it.
    pub next: String,
}

/// Fetches the file of a model.
///
/// # Errors
/// [`ModelFileError::LicenceNotAccepted`]; [`ModelFileError::Fetch`], which says how to go on by hand;
/// [`EngineError::Cancelled`], and then the same again goes on.
pub fn fetch(
    request: &FetchRequest,
    shelf: &ModelShelf,
    cancel: &CancelToken,
    reporter: &dyn Reporter,
) -> Result<Fetched, EngineError> {
    let offer = shelf.offer(&request.id)?;
    let user_folder = shelf.user_folder();
    let target = offer.target(&user_folder);
    if offer.urls.is_empty() {
        return Err(ModelFileError::ByHand { title: offer.title, by_hand: offer.by_hand }.into());
    }
    if !request.licence_accepted {
        return Err(ModelFileError::LicenceNotAccepted { title: offer.title, licence: offer.licence }.into());
    }
    let next = offer.next_step(&user_folder);
    if target.exists() {
        return Err(ModelFileError::FetchedAlready { path: target, next }.into());
    }
    let failed = |cause| -> EngineError {
        ModelFileError::Fetch { cause, by_hand: offer.by_hand.clone(), path: target.clone() }.into()
    };
    let mut last = None;
    for url in &offer.urls {
        let mut transfer =
            Transfer { offer: &offer, url, part: Part::open(&target).map_err(failed)?, cancel, reporter };
        match transfer.run() {
            Ok(()) => {
                let expected = Expected { bytes: offer.bytes, sha256: offer.sha256.as_deref() };
                let sha256 = transfer.part.finish(expected).map_err(failed)?;
                return Ok(Fetched { path: target, sha256, is_known: offer.sha256.is_some(), next });
            }
            Err(Stop::Cancelled) => return Err(EngineError::Cancelled),
            Err(Stop::NoThread(error)) => return Err(error),
            // Another address has the same file: what is there is kept for the next time, not mixed with it.
            Err(Stop::Failed(
                error @ (DownloadError::DeadLink { .. } | DownloadError::Unreachable { .. }),
            )) => {
                last = Some(error);
            }
            Err(Stop::Failed(error)) => return Err(failed(error)),
        }
    }
    Err(last.map_or(EngineError::Cancelled, failed))
}

/// Why a transfer ended.
enum Stop {
    Cancelled,
    NoThread(EngineError),
    Failed(DownloadError),
}

impl From<DownloadError> for Stop {
    fn from(error: DownloadError) -> Self {
        Self::Failed(error)
    }
}

/// A file on its way from one address.
struct Transfer<'a> {
    offer: &'a Offer,
    url: &'a str,
    part: Part,
    cancel: &'a CancelToken,
    reporter: &'a dyn Reporter,
}

/// What the thread that waits for the network says.
enum News {
    Answer {
        first: u64,
        total: Option<u64>,
        version: Option<String>,
    },
    Bytes(Vec<u8>),
    /// The connection has ended, well or not.
    End,
    Failed(DownloadError),
}

impl Transfer<'_> {
    /// Brings the whole file, going on by itself where it breaks off.
    fn run(&mut self) -> Result<(), Stop> {
        for _ in 0..GOES_ON {
            let before = self.part.bytes();
            match self.attempt() {
                Err(Stop::Failed(error)) if error.may_go_on() && self.part.bytes() > before => {
                    tracing::info!("{error}");
                }
                ended => return ended,
            }
        }
        self.attempt()
    }

    /// One connection.
    fn attempt(&mut self) -> Result<(), Stop> {
        let news = self.listen()?;
        let mut total = self.offer.bytes;
        let (started, already) = (Instant::now(), self.part.bytes());
        let mut reported = None;
        let mut heard = Instant::now();
        loop {
            if self.cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            let news = match news.recv_timeout(LOOK) {
                Ok(news) => news,
                Err(RecvTimeoutError::Timeout) if heard.elapsed() < STALLED => continue,
                Err(_) => {
                    let (url, got) = (self.url.to_owned(), self.part.bytes());
                    return Err(DownloadError::Stalled { url, got, seconds: STALLED.as_secs() }.into());
                }
            };
            heard = Instant::now();
            match news {
                News::Answer { first, total: told, version } => {
                    if let (Some(expected), Some(found)) = (self.offer.bytes, told)
                        && expected != found
                    {
                        return Err(self.wrong_length(expected, found));
                    }
                    total = total.or(told);
                    if first == 0 {
                        self.part.restart(version)?;
                    }
                }
                News::Bytes(bytes) => {
                    let found = self.part.bytes() + bytes.len() as u64;
                    if let Some(expected) = total.filter(|expected| found > *expected) {
                        return Err(self.wrong_length(expected, found));
                    }
                    self.part.append(&bytes)?;
                }
                News::End => {
                    let got = self.part.bytes();
                    return match total {
                        Some(total) if got < total => {
                            Err(DownloadError::BrokeOff { url: self.url.to_owned(), got, total }.into())
                        }
                        _ => Ok(()),
                    };
                }
                News::Failed(error) => return Err(error.into()),
            }
            if reported.is_none_or(|last: Instant| last.elapsed() > REPORT) {
                reported = Some(Instant::now());
                let rate =
                    (self.part.bytes().saturating_sub(already)) as f64 / started.elapsed().as_secs_f64();
                self.report(total, rate);
            }
        }
    }

    fn wrong_length(&mut self, expected: u64, found: u64) -> Stop {
        // What came belongs to another file.
        if let Err(error) = self.part.restart(None) {
            return error.into();
        }
        DownloadError::WrongLength { url: self.url.to_owned(), expected, found }.into()
    }

    fn report(&self, total: Option<u64>, rate: f64) {
        let (done, total) = (self.part.bytes(), total.unwrap_or(0));
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1u32 << 20);
        let stage = match total {
            0 => format!("fetching {}: {:.0} MiB", self.offer.file, mebibytes(done)),
            _ => {
                format!("fetching {}: {:.0} of {:.0} MiB", self.offer.file, mebibytes(done), mebibytes(total))
            }
        };
        let eta_s = (rate > 0.0 && total > done).then(|| (total - done) as f64 / rate);
        self.reporter.progress(Progress { stage, done, total, eta_s, ..Progress::default() });
    }

    /// Starts a thread that waits for the network, so that this one can be told to stop meanwhile. It ends with the
    /// connection, or as soon as something comes that nobody listens to any more.
    fn listen(&self) -> Result<Receiver<News>, Stop> {
        let (sender, news) = crossbeam_channel::bounded(WAITING);
        let url = self.url.to_owned();
        let bytes = self.part.bytes();
        let version = self.part.version().map(str::to_owned).filter(|_| bytes > 0);
        let work = move || {
            let resume = version.as_deref().map(|version| Resume { bytes, version });
            let Answer { first, total, version, mut body } = match download::open(&url, resume) {
                Ok(answer) => answer,
                // What is not listened to has nobody to tell.
                Err(error) => return drop(sender.send(News::Failed(error))),
            };
            if sender.send(News::Answer { first, total, version }).is_err() {
                return;
            }
            loop {
                let mut piece = vec![0; PIECE_BYTES];
                match body.read(&mut piece) {
                    Ok(0) => return drop(sender.send(News::End)),
                    Ok(count) => {
                        piece.truncate(count);
                        if sender.send(News::Bytes(piece)).is_err() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // A connection that ends too early is an error to read; how much came tells.
                    Err(error) => {
                        tracing::debug!("{url}: {error}");
                        return drop(sender.send(News::End));
                    }
                }
            }
        };
        thread::spawn("download", work).map_err(Stop::NoThread)?;
        Ok(news)
    }
}
