//! One HTTP/1.1 connection over any stream: kept for several calls, given up at the first doubt.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::http::{self, Body};
use super::{Answer, ClientError, Event, Flow, sse};

/// The silence after which a station counts as gone; event streams send a sign every 15 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Who is spoken to, and as whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    /// The value of the Host header.
    pub(crate) host: String,
    /// What stands before every path.
    pub(crate) prefix: String,
    /// The bearer token.
    pub(crate) token: Option<String>,
}

/// A connection, once there is one.
pub(crate) struct Connection<S> {
    peer: Peer,
    open: Option<BufReader<S>>,
    interrupted: Arc<AtomicBool>,
}

impl<S: Read + Write> Connection<S> {
    /// A connection over `stream`.
    pub(crate) fn new(peer: Peer, stream: S) -> Self {
        Self { peer, open: Some(BufReader::new(stream)), interrupted: Arc::default() }
    }

    /// Whether a new stream must be [given](Self::renew) first.
    pub(crate) fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    /// Goes on over a new stream.
    pub(crate) fn renew(&mut self, stream: S) {
        self.open = Some(BufReader::new(stream));
    }

    /// The stream under way, if any.
    pub(crate) fn stream_ref(&self) -> Option<&S> {
        self.open.as_ref().map(BufReader::get_ref)
    }

    /// The flag that tells an interruption from a loss.
    pub(crate) fn interrupted_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupted)
    }

    /// One call.
    pub(crate) fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, ClientError> {
        let result = self.send(method, path, body).and_then(|mut reader| {
            let (answer, close) = http::read_answer(&mut reader).map_err(|e| broken(e, WAITING))?;
            Ok((answer, (!close).then_some(reader)))
        });
        let (answer, reader) = self.unless_interrupted(result)?;
        self.open = reader;
        Ok(answer)
    }

    /// One event stream; the connection is closed afterwards.
    pub(crate) fn stream(
        &mut self,
        path: &str,
        on_event: &mut dyn FnMut(Event) -> Flow,
    ) -> Result<(), ClientError> {
        let result = self.send("GET", path, None).and_then(|mut reader| {
            let head = http::read_head(&mut reader).map_err(|e| broken(e, WAITING))?;
            if head.status != 200 {
                let body = http::read_body(&mut reader, head).map_err(|e| broken(e, WAITING))?;
                return Err(ClientError::Refused(Answer { status: head.status, body }));
            }
            let mut body = Body { reader: &mut reader, framing: head.framing };
            while let Some(event) = sse::read_event(&mut body).map_err(|e| broken(e, FOLLOWING))? {
                if on_event(event) == Flow::Stop {
                    break;
                }
            }
            Ok(())
        });
        self.unless_interrupted(result)
    }

    /// One document of any length, written down as it comes; the connection is closed afterwards.
    pub(crate) fn download(&mut self, path: &str, to: &mut dyn Write) -> Result<u64, ClientError> {
        let result = self.send("GET", path, None).and_then(|mut reader| {
            let head = http::read_head(&mut reader).map_err(|e| broken(e, WAITING))?;
            if head.status != 200 {
                let body = http::read_body(&mut reader, head).map_err(|e| broken(e, WAITING))?;
                return Err(ClientError::Refused(Answer { status: head.status, body }));
            }
            let mut body = Body { reader: &mut reader, framing: head.framing };
            let mut length = 0_u64;
            loop {
                let part = body.fill_buf().map_err(|e| broken(e, RECEIVING))?;
                if part.is_empty() {
                    return Ok(length);
                }
                to.write_all(part).map_err(ClientError::Written)?;
                let taken = part.len();
                length = length.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
                body.consume(taken);
            }
        });
        self.unless_interrupted(result)
    }

    /// Sends a request; the connection is out of `self` until it proves to be of use again.
    fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<BufReader<S>, ClientError> {
        let path = format!("{}{path}", self.peer.prefix);
        let token = self.peer.token.as_deref();
        let bytes = http::request(method, &self.peer.host, &path, token, body)?;
        let mut reader = self.open.take().ok_or_else(|| {
            broken(io::Error::from(io::ErrorKind::NotConnected), "sending a request")
        })?;
        // A station that refuses early (a body too large) may have answered already: look.
        match reader.get_mut().write_all(&bytes) {
            Ok(()) => Ok(reader),
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(reader),
            Err(e) => Err(broken(e, "sending a request")),
        }
    }

    fn unless_interrupted<T>(&self, result: Result<T, ClientError>) -> Result<T, ClientError> {
        if self.interrupted.swap(false, Ordering::SeqCst) {
            return Err(ClientError::Interrupted);
        }
        result
    }
}

const WAITING: &str = "waiting for its answer";
const RECEIVING: &str = "receiving its answer";
const FOLLOWING: &str = "following its events";

fn broken(error: io::Error, doing: &'static str) -> ClientError {
    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
        ClientError::Timeout { seconds: PATIENCE.as_secs() }
    } else if error.kind() == io::ErrorKind::InvalidData {
        ClientError::Protocol(error.to_string())
    } else {
        ClientError::Io { doing, source: error }
    }
}
