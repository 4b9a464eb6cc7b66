//! One connection that stands: octets become frames for the link, and its frames octets.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use station_core::audit::FrameDirection;
use station_core::model::OutstationTls;
use station_wire::iec104::codec::Deframer;
use station_wire::iec104::link::{Link, Params, Received, Role};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use super::connect::{Connection, Stream};
use super::tap::{Seen, Tap, wall_ns};
use super::tls;

/// How many octets one read takes: about fifty of the longest frames, and a record of TLS.
pub(super) const READ: usize = 16 << 10;

/// How many octets may wait for the socket before nothing more is read: who takes no answers is not listened
/// to, or their tests alone would fill the memory.
const MOST_WAITING: usize = 64 << 10;

/// A connection and its link.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number in this session.
    pub(super) number: u64,
    pub(super) about: Arc<Connection>,
    pub(super) link: Link,
    stream: Stream,
    deframer: Deframer,
    tap: Arc<Tap>,
    /// When it was made.
    pub(super) made: Duration,
    /// Whether anything came.
    is_proved: bool,
    /// The number of the next frame.
    frames: u64,
    /// Frames on their way into the socket, and how much of them is in it.
    out: Vec<u8>,
    written: usize,
    /// It was not read because of that.
    is_held: bool,
    /// Until when what is on its way must be in the socket, because a command among it expires.
    pub(super) write_by: Option<Duration>,
    pub(super) counts: Counts,
}

/// What passed by since it was asked last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) frames_received: u64,
    pub(super) frames_sent: u64,
    pub(super) octets_received: u64,
    pub(super) octets_sent: u64,
}

/// Why a connection is of no more use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) why: String,
    pub(super) security: bool,
}

impl Lost {
    pub(super) fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), security: false }
    }
}

impl Line {
    pub(super) fn new(
        number: u64,
        (stream, about): (Stream, Connection),
        params: Params,
        tap: Arc<Tap>,
        now: Duration,
    ) -> Self {
        Self {
            number,
            about: Arc::new(about),
            link: Link::new(Role::Controlling, params, now),
            stream,
            deframer: Deframer::new(),
            tap,
            made: now,
            is_proved: false,
            frames: 0,
            out: Vec::with_capacity(1024),
            written: 0,
            is_held: false,
            write_by: None,
            counts: Counts::default(),
        }
    }

    /// Reads what is there into `buffer`.
    pub(super) fn poll_read<'b>(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &'b mut [u8],
        tls: Option<&OutstationTls>,
    ) -> Poll<Result<&'b [u8], Lost>> {
        // Room in the socket wakes the task.
        self.is_held = self.waiting() > MOST_WAITING;
        if self.is_held {
            return Poll::Pending;
        }
        let mut room = ReadBuf::new(buffer);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room));
        let count = room.filled().len();
        Poll::Ready(match read {
            Err(error) => Err(self.lost(&error, tls)),
            Ok(()) if count == 0 => Err(self.closed(tls)),
            Ok(()) => {
                self.is_proved = true;
                self.counts.octets_received += u64::try_from(count).unwrap_or(0);
                Ok(buffer.get(..count).unwrap_or_default())
            }
        })
    }

    /// Hands what was read to the link, frame by frame, and what it brought on to `take`.
    ///
    /// # Errors
    ///
    /// The connection is to be closed because of what came.
    pub(super) fn receive(
        &mut self,
        mut octets: &[u8],
        now: Duration,
        mut take: impl FnMut(Received<'_>, Seen<'_>),
    ) -> Result<(), Lost> {
        loop {
            let frame = match self.deframer.next_frame(&mut octets) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) => return Err(Lost::because(error.to_string())),
            };
            let n = self.frames;
            self.frames += 1;
            self.counts.frames_received += 1;
            self.tap.pass(self.number, n, FrameDirection::Received, frame, wall_ns);
            match self.link.receive(frame, now) {
                Ok(received) => take(received, Seen { connection: self.number, n, frame }),
                Err(error) => return Err(Lost::because(error.to_string())),
            }
        }
    }

    /// Whether everything that was to be sent is in the socket.
    pub(super) fn is_drained(&self) -> bool {
        self.written == self.out.len()
    }

    fn waiting(&self) -> usize {
        self.out.len().saturating_sub(self.written)
    }

    /// Takes the link's frames, and writes all that is to be written in one go.
    ///
    /// # Errors
    ///
    /// The socket takes nothing any more.
    pub(super) fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Lost> {
        while let Some(frame) = self.link.transmit() {
            let n = self.frames;
            self.frames += 1;
            self.counts.frames_sent += 1;
            self.tap.pass(self.number, n, FrameDirection::Sent, frame, wall_ns);
            self.out.extend_from_slice(frame);
        }
        if self.out.is_empty() {
            return Ok(());
        }
        while let Some(left) = self.out.get(self.written..).filter(|left| !left.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(cx, left) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(Lost::because("the socket takes no more octets")),
                Poll::Ready(Ok(count)) => {
                    self.written += count;
                    self.counts.octets_sent += u64::try_from(count).unwrap_or(0);
                }
                Poll::Ready(Err(error)) => return Err(self.lost(&error, None)),
            }
        }
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) => {
                self.out.clear();
                self.written = 0;
                self.write_by = None;
                if std::mem::take(&mut self.is_held) {
                    cx.waker().wake_by_ref();
                }
                Ok(())
            }
            Poll::Ready(Err(error)) => Err(self.lost(&error, None)),
        }
    }

    fn lost(&self, error: &io::Error, tls: Option<&OutstationTls>) -> Lost {
        let endpoint = &self.about.endpoint;
        if let Some(why) = tls.and_then(|tls| tls::complaint(error, tls, endpoint)) {
            return Lost { why, security: true };
        }
        // Under TLS it is an error when nobody says goodbye.
        if tls.is_some() && (error.kind() == io::ErrorKind::UnexpectedEof || !self.is_proved) {
            return self.closed(tls);
        }
        Lost::because(format!("the connection to {endpoint} broke: {error}"))
    }

    /// The other side closed it.
    fn closed(&self, tls: Option<&OutstationTls>) -> Lost {
        let endpoint = &self.about.endpoint;
        match tls {
            Some(tls) if !self.is_proved => {
                Lost { why: tls::early_end(tls, endpoint), security: true }
            }
            _ => Lost::because(format!("{endpoint} closed the connection")),
        }
    }
}
