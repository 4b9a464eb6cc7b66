//! Speaks to a station: over its Unix socket, over TCP, or to the same router in this process.

mod choose;
mod connection;
mod error;
mod http;
mod reconnecting;
mod sse;
mod tcp;
mod unix;

use std::io::Write;
use std::path::Path;

pub use choose::{Place, Station, data_dir, open};
pub use error::ClientError;
pub use tcp::TcpTransport;
pub use unix::UnixTransport;

/// A whole answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON as a rule.
    pub body: Vec<u8>,
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name: `output`, `execution` or `end`.
    pub name: String,
    /// What it says.
    pub data: serde_json::Value,
}

/// Whether the reader of a stream wants more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// More, please.
    Continue,
    /// Enough: the stream is closed.
    Stop,
}

/// Called from another thread, makes the stream under way return [`ClientError::Interrupted`].
pub type Interrupter = Box<dyn Fn() + Send>;

/// A way to reach a station's API.
pub trait Transport {
    /// Makes one call and waits for its answer, whatever its status.
    fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, ClientError>;

    /// Opens an event stream and hands over each event until the stream or the interest ends.
    ///
    /// A status other than 200 comes back as [`ClientError::Refused`].
    fn stream(
        &mut self,
        path: &str,
        on_event: &mut dyn FnMut(Event) -> Flow,
    ) -> Result<(), ClientError>;

    /// Gets a document of any length and writes it down as it comes; how long it was.
    ///
    /// A status other than 200 comes back as [`ClientError::Refused`], and nothing was written then.
    fn download(&mut self, path: &str, to: &mut dyn Write) -> Result<u64, ClientError>;

    /// What ends the next stream, from another thread. Serves once.
    fn interrupter(&mut self) -> Result<Interrupter, ClientError>;
}

/// A station inside this process, for when no daemon runs.
pub trait InProcess: Transport {
    /// From now on, runs this job, and no other.
    fn adopt(&mut self, job_id: &str) -> Result<(), ClientError>;
}

/// Opens a station inside this process.
pub trait Embedded {
    /// Opens the store in `data_dir`; [`ClientError::Busy`] when a daemon holds it by now.
    fn open(&self, data_dir: &Path) -> Result<Box<dyn InProcess>, ClientError>;
}

/// Percent-encodes a value for a query string.
#[must_use]
pub fn encode(value: &str) -> String {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or('0');
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

/// Reads bytes as an answer, and its body as an event stream, as a call and a stream would; how
/// many events there were. Nobody is spoken to: these are the parsers by themselves, for fuzzing.
///
/// # Errors
/// When the bytes are not an answer.
pub fn check_answer(bytes: &[u8]) -> std::io::Result<(Answer, usize)> {
    let (answer, _) = http::read_answer(&mut &*bytes)?;
    let mut reader = bytes;
    let framing = http::read_head(&mut reader)?.framing;
    let mut body = http::Body { reader: &mut reader, framing };
    let mut events = 0;
    while sse::read_event(&mut body)?.is_some() {
        events += 1;
    }
    Ok((answer, events))
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn query_values_are_encoded() {
        assert_eq!(encode("pending,running"), "pending,running");
        assert_eq!(encode("a b&c=d/é"), "a%20b%26c%3Dd%2F%C3%A9");
    }
}
