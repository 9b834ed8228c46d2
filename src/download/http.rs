//! One request.

use std::io::Read;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED};

use super::DownloadError;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);

/// Longest wait for the first line of an answer.
const FIRST_LINE: Duration = Duration::from_secs(30);

/// What is there already of a file.
#[derive(Clone, Copy, Debug)]
pub struct Resume<'a> {
    /// Its bytes.
    pub bytes: u64,
    /// What the server called that version of the file, so that no two are joined.
    pub version: &'a str,
}

/// A server's answer.
pub struct Answer {
    /// The first byte of the file that comes.
    pub first: u64,
    /// Bytes of the whole file, where the server tells.
    pub total: Option<u64>,
    /// What the server calls this version of the file.
    pub version: Option<String>,
    /// What comes.
    pub body: Box<dyn Read + Send>,
}

/// Asks for the file at `url`, or for what is missing of it.
///
/// # Errors
/// Everything but the errors of the disk.
pub fn open(url: &str, resume: Option<Resume<'_>>) -> Result<Answer, DownloadError> {
    let on_this_machine = is_on_this_machine(url);
    if !url.starts_with("https://") && !on_this_machine {
        return Err(DownloadError::NotHttps { url: url.to_owned() });
    }
    let agent: Agent = Agent::config_builder()
        .https_only(!on_this_machine)
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(FIRST_LINE))
        .user_agent("snowmesh")
        .build()
        .into();
    let mut request = agent.get(url);
    if let Some(Resume { bytes, version }) = resume {
        request = request.header("Range", format!("bytes={bytes}-")).header("If-Range", version);
    }
    let unreachable =
        |error: ureq::Error| DownloadError::Unreachable { url: url.to_owned(), cause: error.to_string() };
    let answer = request.call().map_err(unreachable)?;
    let refused = |cause: String| Err(DownloadError::Refused { url: url.to_owned(), cause });
    let (first, total) = match answer.status().as_u16() {
        200 => (0, header(&answer, &CONTENT_LENGTH).and_then(|length| length.parse().ok())),
        206 => {
            let range = header(&answer, &CONTENT_RANGE).and_then(parts_of_range);
            match (range, resume) {
                (Some((first, total)), Some(resume)) if first == resume.bytes => (first, total),
                _ => return refused("it sends another part than was asked for".to_owned()),
            }
        }
        status @ (404 | 410) => return Err(DownloadError::DeadLink { url: url.to_owned(), status }),
        status @ (401 | 403) => {
            return refused(format!("it wants you to sign in or to agree to something first ({status})"));
        }
        status => return refused(format!("the server says {status}")),
    };
    if header(&answer, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        return refused("it gives a web page, perhaps to sign in or to agree to something".to_owned());
    }
    let version = header(&answer, &ETAG).filter(|tag| !tag.starts_with("W/"));
    let version = version.or_else(|| header(&answer, &LAST_MODIFIED)).map(str::to_owned);
    Ok(Answer { first, total, version, body: Box::new(answer.into_body().into_reader()) })
}

fn header<'a, B>(answer: &'a Response<B>, name: &HeaderName) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// First byte and length of the whole in `bytes 100-199/200`.
fn parts_of_range(range: &str) -> Option<(u64, Option<u64>)> {
    let (span, total) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
    Some((span.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

/// Whether an address names this machine by its loopback address, where nobody is in between.
fn is_on_this_machine(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine_is_asked() {
        for url in ["http://127.0.0.1:80/a", "http://localhost/a", "http://[::1]:8080/a", "http://127.0.0.1"]
        {
            assert!(is_on_this_machine(url), "{url}");
        }
        for url in [
            "http://example.com/127.0.0.1",
            "http://127.0.0.1.example.com/a",
            "http://user@127.0.0.1/a",
            "ftp://127.0.0.1/a",
            "file:///etc/passwd",
        ] {
            assert!(!is_on_this_machine(url), "{url}");
            assert!(matches!(open(url, None), Err(DownloadError::NotHttps { .. })), "{url}");
        }
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_has_them() {
        assert_eq!(parts_of_range("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(parts_of_range("bytes 100-199/*"), Some((100, None)));
        assert_eq!(parts_of_range("bytes */200"), None);
        assert_eq!(parts_of_range("lines 1-2/3"), None);
    }
}
