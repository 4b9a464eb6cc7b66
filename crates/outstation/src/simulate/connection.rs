//! One connection: a socket and the link of the controlled side, between them the faults of links.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use station_wire::iec104::codec::{Deframer, U};
use station_wire::iec104::link::{Link, Received, Role, State};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::LinkFault;
use super::model::LinkId;
use super::simulator::Shared;

/// How much is read at once.
const PIECE: usize = 16 * 1024;
/// Where the numbers of an I frame stand, and which of its octets is the type of the ASDU.
const FORMAT: usize = 2;
const TYPE: usize = 6;

/// Serves a controlling station until one of both closes.
pub(super) async fn run(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    shared: &Shared,
) -> io::Result<()> {
    if shared.fault == Some(LinkFault::Silent) {
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
        return Ok(());
    }
    let mut connection = Connection::new(shared);
    let ended = connection.converse(&mut stream).await;
    // What was said before is to arrive, as far as it can.
    stream.shutdown().await?;
    ended
}

struct Connection<'s> {
    shared: &'s Shared,
    id: LinkId,
    bell: Arc<Notify>,
    link: Link,
    deframer: Deframer,
    /// What goes out next, and an ASDU on its way there; kept for their memory.
    out: Vec<u8>,
    asdu: Vec<u8>,
    /// Whether its I frames are numbered wrongly from now on.
    misnumbered: bool,
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.shared.disconnect(self.id);
    }
}

impl<'s> Connection<'s> {
    fn new(shared: &'s Shared) -> Self {
        let (id, bell) = shared.connect();
        Self {
            shared,
            id,
            bell,
            link: Link::new(Role::Controlled, shared.params, shared.now().mono),
            deframer: Deframer::new(),
            out: Vec::new(),
            asdu: Vec::new(),
            misnumbered: false,
        }
    }

    async fn converse(
        &mut self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let mut input = vec![0; PIECE];
        loop {
            let (closing, deadline) = self.pump();
            if !self.out.is_empty() {
                stream.write_all(&self.out).await?;
                // Under TLS what was written may still wait.
                stream.flush().await?;
                self.out.clear();
            }
            if closing {
                return Ok(());
            }
            let alarm = deadline.and_then(|at| self.shared.instant(at));
            tokio::select! {
                read = stream.read(&mut input) => {
                    let read = read?;
                    if read == 0 {
                        return Ok(());
                    }
                    self.take(input.get(..read).unwrap_or_default())?;
                }
                () = self.bell.notified() => {}
                () = until(alarm) => {
                    let now = self.shared.now();
                    self.shared.model().on_deadline(self.id, now);
                    self.link.on_deadline(now.mono).map_err(io::Error::other)?;
                }
            }
        }
    }

    /// Takes octets of the peer.
    fn take(&mut self, mut octets: &[u8]) -> io::Result<()> {
        let now = self.shared.now();
        while let Some(frame) = self.deframer.next_frame(&mut octets).map_err(io::Error::other)? {
            let received = self.link.receive(frame, now.mono).map_err(io::Error::other)?;
            let mut model = self.shared.model();
            match received {
                Received::Asdu(asdu) => {
                    if !model.is_active(self.id) {
                        return Err(io::Error::other(
                            "an I frame on a link that was taken over from",
                        ));
                    }
                    let is_command = matches!(asdu.first(), Some(45..=64));
                    self.misnumbered |=
                        is_command && self.shared.fault == Some(LinkFault::BadSequence);
                    model.receive(self.id, asdu, now);
                    let operated = model.take_operated();
                    drop(model);
                    self.shared.tell(operated);
                }
                Received::Started => model.started(self.id),
                Received::Stopped => model.stopped(self.id),
                Received::Nothing => {}
            }
        }
        Ok(())
    }

    /// Moves what can be sent into `out`; whether to close then, and when to look again at the latest.
    fn pump(&mut self) -> (bool, Option<Duration>) {
        let now = self.shared.now().mono;
        let mut model = self.shared.model();
        while self.link.can_send() {
            self.asdu.clear();
            if !model.next_asdu(self.id, &mut self.asdu) {
                break;
            }
            if let Err(error) = self.link.send(&self.asdu, now) {
                tracing::error!(%error, "the simulated outstation cannot send what it should");
            }
        }
        let (closing, late) = (model.is_closing(self.id), model.deadline(self.id));
        let operated = model.take_operated();
        drop(model);
        self.shared.tell(operated);
        while let Some(frame) = self.link.transmit() {
            let begin = self.out.len();
            self.out.extend_from_slice(frame);
            let sent = self.out.get_mut(begin..).unwrap_or_default();
            if self.misnumbered {
                misnumber(sent);
            }
            let says = sent.get(FORMAT).copied();
            if self.shared.fault == Some(LinkFault::NoTestFr)
                && says == Some(U::TestFrCon.as_u8())
                && sent.len() == TYPE
            {
                self.out.truncate(begin);
            }
        }
        let deadline = [late, self.link.deadline()].into_iter().flatten().min();
        (closing || self.link.state() == State::Closed, deadline)
    }
}

/// Makes N(S) of an I frame one too high.
fn misnumber(frame: &mut [u8]) {
    if let Some([low, high]) = frame.get_mut(FORMAT..FORMAT + 2)
        && *low & 1 == 0
    {
        [*low, *high] = u16::from_le_bytes([*low, *high]).wrapping_add(2).to_le_bytes();
    }
}

async fn until(alarm: Option<tokio::time::Instant>) {
    match alarm {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
