//! Fetching from a server on this machine that is as bad as servers are.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::engine::{
    CancelToken, EngineError, ErrorKind, ModelPlaces, ModelShelf, Progress, Reporter, ResolvedRiders,
};
use crate::types::RiderFrame;

/// How the server answers one request.
#[derive(Clone, Copy)]
enum Manner {
    /// As it should, from where it was asked to.
    Well,
    /// It breaks off after this many bytes of what was asked for.
    BreakOff(usize),
    /// It tells a length that is too small or too large.
    TellLength(usize),
    /// It gives other bytes.
    WrongBytes,
    /// It answers with this status.
    Status(u16),
    /// A page to sign in.
    WebPage,
    /// It ignores that only a part was asked for.
    Whole,
    /// It sends another part than was asked for.
    OtherPart,
}

/// A server for one file, and what it was asked for.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

/// The file: longer than one piece on its way.
fn content() -> Vec<u8> {
    (0..1_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

impl Server {
    fn start(manners: &[Manner]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file.bin", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (asked, mut manners) = (Arc::clone(&ranges), VecDeque::from(manners.to_vec()));
        crate::engine::thread::spawn("server", move || {
            for stream in listener.incoming() {
                let Some(manner) = manners.pop_front() else { return };
                // A client that goes away in the middle is what some tests do.
                let _ = answer(stream.unwrap(), manner, &asked);
            }
        })
        .unwrap();
        Self { url, ranges }
    }
}

fn answer(mut stream: TcpStream, manner: Manner, asked: &Mutex<Vec<Option<String>>>) -> std::io::Result<()> {
    let mut range = None;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range = Some(value.to_owned());
        }
    }
    asked.lock().unwrap().push(range.clone());
    let whole = content();
    let first: usize = range.and_then(|range| range.strip_suffix('-')?.parse().ok()).unwrap_or(0);
    let mut head = |status: &str, length: usize, more: &str| {
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: \"v1\"\r\nConnection: close\r\n{more}\r\n"
        )
    };
    let rest = &whole[first..];
    let partial =
        |first: usize| format!("Content-Range: bytes {first}-{}/{}\r\n", whole.len() - 1, whole.len());
    let status = if first > 0 { "206 Partial Content" } else { "200 OK" };
    let range_line = if first > 0 { partial(first) } else { String::new() };
    match manner {
        Manner::Well => {
            head(status, rest.len(), &range_line)?;
            stream.write_all(rest)
        }
        Manner::BreakOff(after) => {
            head(status, rest.len(), &range_line)?;
            stream.write_all(&rest[..after])
        }
        Manner::TellLength(length) => {
            head("200 OK", length, "")?;
            stream.write_all(&whole)
        }
        Manner::WrongBytes => {
            head("200 OK", whole.len(), "")?;
            stream.write_all(&vec![0; whole.len()])
        }
        Manner::Status(status) => head(&format!("{status} No"), 0, ""),
        Manner::WebPage => {
            head("200 OK", 6, "Content-Type: text/html; charset=utf-8\r\n")?;
            stream.write_all(b"<html>")
        }
        Manner::Whole => {
            head("200 OK", whole.len(), "")?;
            stream.write_all(&whole)
        }
        Manner::OtherPart => {
            head("206 Partial Content", 10, &partial(0))?;
            stream.write_all(&whole[..10])
        }
    }
}

/// Remembers what it hears; stops the fetch once `stop_at` bytes are there.
struct Listener {
    heard: Mutex<Vec<Progress>>,
    stop_at: Option<u64>,
    cancel: CancelToken,
}

impl Reporter for Listener {
    fn progress(&self, progress: Progress) {
        if self.stop_at.is_some_and(|bytes| progress.done >= bytes) {
            self.cancel.cancel();
        }
        self.heard.lock().unwrap().push(progress);
    }
    fn warning(&self, _message: String) {}
    fn riders(&self, _frame: u64, _riders: &[RiderFrame]) {}
    fn resolved(&self, _riders: ResolvedRiders) {}
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A models folder whose catalogue names these addresses.
struct Bench {
    folder: tempfile::TempDir,
    shelf: ModelShelf,
}

impl Bench {
    fn new(urls: &[&str], bytes: Option<u64>, sha256: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models");
        std::fs::create_dir(&models).unwrap();
        std::fs::write(models.join("manifest.json"), r#"{"format": 1, "models": []}"#).unwrap();
        let catalogue = serde_json::json!({ "format": 1, "models": [{
            "id": "thing", "title": "Thing", "urls": urls, "file": "file.bin", "bytes": bytes, "sha256": sha256,
            "licence": "MIT", "licence_file": null, "by_hand": "ask at the library", "next": "unpack {file} into {folder}",
        }] });
        std::fs::write(models.join("fetch.json"), catalogue.to_string()).unwrap();
        let shelf = ModelShelf::new(ModelPlaces {
            models_folder: Some(models),
            user_folder: Some(folder.path().join("own")),
            ..ModelPlaces::default()
        });
        Self { folder, shelf }
    }

    fn target(&self) -> std::path::PathBuf {
        self.folder.path().join("own/downloads/file.bin")
    }

    fn fetch(&self) -> Result<Fetched, EngineError> {
        self.fetch_until(None).0
    }

    fn fetch_until(&self, stop_at: Option<u64>) -> (Result<Fetched, EngineError>, Vec<Progress>) {
        let cancel = CancelToken::default();
        let listener = Listener { heard: Mutex::default(), stop_at, cancel: cancel.clone() };
        let request = FetchRequest { id: "thing".to_owned(), licence_accepted: true };
        let result = fetch(&request, &self.shelf, &cancel, &listener);
        (result, listener.heard.into_inner().unwrap())
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn a_file_comes_whole_with_progress_and_the_next_step() {
    let server = Server::start(&[Manner::Well]);
    let sum = sha256(&content());
    let bench = Bench::new(&[&server.url], Some(1_000_000), Some(&sum));
    let (result, heard) = bench.fetch_until(None);
    let fetched = result.unwrap();
    assert_eq!(
        (fetched.path.as_path(), fetched.sha256.as_str(), fetched.is_known),
        (&*bench.target(), &*sum, true)
    );
    assert_eq!(std::fs::read(bench.target()).unwrap(), content());
    assert_eq!(names(bench.target().parent().unwrap()), ["file.bin"]);
    assert!(fetched.next.starts_with("unpack ") && fetched.next.contains("file.bin"), "{}", fetched.next);
    assert!(heard.iter().all(|progress| progress.total == 1_000_000 && progress.stage.contains("file.bin")));
    let again = bench.fetch().unwrap_err().to_string();
    assert!(again.contains("there already"), "{again}");
}

#[test]
fn a_connection_that_breaks_off_is_taken_up_where_it_was() {
    let server = Server::start(&[Manner::BreakOff(300_000), Manner::BreakOff(200_000), Manner::Well]);
    let bench = Bench::new(&[&server.url], None, None);
    let fetched = bench.fetch().unwrap();
    assert!(!fetched.is_known, "its makers told no SHA-256");
    assert_eq!(std::fs::read(bench.target()).unwrap(), content());
    let asked = server.ranges.lock().unwrap().clone();
    assert_eq!(asked, [None, Some("300000-".to_owned()), Some("500000-".to_owned())]);
}

#[test]
fn a_connection_that_keeps_breaking_is_told_and_goes_on_the_next_time() {
    let server = Server::start(&[Manner::BreakOff(250_000), Manner::BreakOff(0), Manner::Well]);
    let bench = Bench::new(&[&server.url], Some(1_000_000), None);
    let error = bench.fetch().unwrap_err().to_string();
    assert!(error.contains("broke off after 250000 of 1000000"), "{error}");
    assert!(error.contains("run the same again") && error.contains("ask at the library"), "{error}");
    assert!(!bench.target().exists());
    bench.fetch().unwrap();
    assert_eq!(std::fs::read(bench.target()).unwrap(), content());
    assert_eq!(server.ranges.lock().unwrap().last(), Some(&Some("250000-".to_owned())));
}

#[test]
fn a_fetch_that_is_cancelled_goes_on_the_next_time() {
    let server = Server::start(&[Manner::BreakOff(400_000), Manner::Well, Manner::Well]);
    let bench = Bench::new(&[&server.url], None, None);
    let (result, _) = bench.fetch_until(Some(1));
    assert!(matches!(result, Err(EngineError::Cancelled)));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(names(bench.target().parent().unwrap()).contains(&"file.bin.part".to_owned()));
    bench.fetch().unwrap();
    assert_eq!(std::fs::read(bench.target()).unwrap(), content());
}

#[test]
fn lengths_that_are_lies_are_found_out() {
    let too_small = Server::start(&[Manner::TellLength(900_000)]);
    let bench = Bench::new(&[&too_small.url], Some(1_000_000), None);
    let error = bench.fetch().unwrap_err().to_string();
    assert!(error.contains("900000 bytes instead of 1000000"), "{error}");
    // Nobody knows the right length, and the server promises more than it has.
    let too_large = Server::start(&[Manner::TellLength(2_000_000); 8]);
    let bench = Bench::new(&[&too_large.url], None, None);
    let error = bench.fetch().unwrap_err().to_string();
    assert!(error.contains("of 2000000 bytes"), "{error}");
    assert!(!bench.target().exists());
}

#[test]
fn wrong_bytes_are_deleted_and_told() {
    let server = Server::start(&[Manner::WrongBytes]);
    let bench = Bench::new(&[&server.url], Some(1_000_000), Some(&sha256(&content())));
    let error = bench.fetch().unwrap_err().to_string();
    assert!(error.contains("not the right file") && error.contains("ask at the library"), "{error}");
    assert_eq!(names(bench.target().parent().unwrap()), [""; 0]);
}

#[test]
fn a_dead_link_is_told_with_what_to_do_unless_another_lives() {
    let dead = Server::start(&[Manner::Status(404), Manner::Status(410)]);
    let bench = Bench::new(&[&dead.url], None, None);
    let error = bench.fetch().unwrap_err().to_string();
    assert!(
        error.contains("dead link") && error.contains("404") && error.contains("ask at the library"),
        "{error}"
    );
    let alive = Server::start(&[Manner::Well]);
    let bench = Bench::new(&[&dead.url, &alive.url], None, None);
    bench.fetch().unwrap();
    assert_eq!(std::fs::read(bench.target()).unwrap(), content());
}

#[test]
fn what_is_not_the_file_is_told_apart() {
    for (manner, words) in [
        (Manner::Status(403), "sign in"),
        (Manner::Status(503), "the server says 503"),
        (Manner::WebPage, "a web page"),
    ] {
        let server = Server::start(&[manner]);
        let error = Bench::new(&[&server.url], None, None).fetch().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let unreachable =
        Bench::new(&["http://127.0.0.1:1/file.bin"], None, None).fetch().unwrap_err().to_string();
    assert!(unreachable.contains("cannot be reached"), "{unreachable}");
}

#[test]
fn a_server_that_sends_another_part_than_was_asked_for_spoils_nothing() {
    let server = Server::start(&[Manner::BreakOff(100_000), Manner::OtherPart, Manner::Whole]);
    let bench = Bench::new(&[&server.url], None, None);
    let error = bench.fetch().unwrap_err().to_string();
    assert!(error.contains("another part"), "{error}");
    // One that does not know parts sends all of it, which replaces what was there.
    bench.fetch().unwrap();
    assert_eq!(std::fs::read(bench.target()).unwrap(), content());
}

#[test]
fn nothing_is_asked_for_before_the_licence_is_accepted_or_where_only_the_user_may() {
    let server = Server::start(&[Manner::Well]);
    let bench = Bench::new(&[&server.url], None, None);
    let request = FetchRequest { id: "thing".to_owned(), licence_accepted: false };
    let cancel = CancelToken::default();
    let listener = Listener { heard: Mutex::default(), stop_at: None, cancel: cancel.clone() };
    let error = fetch(&request, &bench.shelf, &cancel, &listener).unwrap_err().to_string();
    assert!(error.contains("licence"), "{error}");
    assert!(server.ranges.lock().unwrap().is_empty());
    let error = Bench::new(&[], None, None).fetch().unwrap_err().to_string();
    assert!(error.contains("ask at the library"), "{error}");
    let error = bench.shelf.offer("other").unwrap_err().to_string();
    assert!(error.contains("'other'") && error.contains("thing"), "{error}");
}

#[test]
fn the_programs_own_catalogue_is_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let offers = Offer::all(&folder).unwrap();
    assert!(offers.iter().any(|offer| offer.id == "hmr2") && offers.iter().any(|offer| offer.id == "smpl"));
    for offer in offers {
        assert!(
            !offer.by_hand.is_empty() && !offer.licence_text(&folder).unwrap().is_empty(),
            "{}",
            offer.id
        );
        assert!(offer.urls.iter().all(|url| url.starts_with("https://")), "{}", offer.id);
    }
}
