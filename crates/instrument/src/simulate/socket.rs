//! Serves an instrument over raw TCP: messages end in `\n`; the faults of the link strike here.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::SharedInstrument;
use super::fault::FaultKind;
use super::language::ends_message;
use super::surroundings::Surroundings;

/// The longest message that is taken, in bytes.
const INPUT_BUFFER: usize = 1 << 20;
/// How much is read at once, and how many bytes of a reply come one by one when it is chunked.
const PIECE: usize = 4096;

/// What one link serves.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) instrument: SharedInstrument,
    pub(super) surroundings: Arc<Surroundings>,
}

/// Takes clients for ever; they go when this is dropped.
pub(super) async fn serve(listener: TcpListener, served: Served, max_clients: usize) {
    let mut clients = JoinSet::new();
    let present = Arc::new(AtomicUsize::new(0));
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Such as too many open files: those that are there go first.
                Err(error) => {
                    tracing::warn!("the simulator cannot take a client: {error}");
                    wait_for_one(&mut clients).await;
                    continue;
                }
            },
            () = wait_for_one(&mut clients) => continue,
        };
        let occupied = present.load(Ordering::Relaxed) > 0;
        let busy = served.surroundings.strikes(|kind| {
            matches!(kind, FaultKind::Busy { all } if all || occupied).then_some(())
        });
        if busy.is_some() || present.load(Ordering::Relaxed) >= max_clients {
            // Closed at once, as instruments do that have no more room.
            drop(stream);
            continue;
        }
        served.surroundings.connected();
        let place = Place::taken(&present);
        let served = served.clone();
        clients.spawn(async move {
            let ended = client(stream, &served).await;
            drop(place);
            if let Err(error) = ended {
                tracing::debug!("a client of the simulator is gone: {error}");
            }
        });
    }
}

async fn wait_for_one(clients: &mut JoinSet<()>) {
    if clients.join_next().await.is_none() {
        pending().await
    }
}

/// A client's place, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn taken(present: &Arc<AtomicUsize>) -> Self {
        present.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(present))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn client(stream: TcpStream, served: &Served) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.into_split();
    converse(&mut reader, &mut writer, served).await
}

/// Answers messages until the other side is gone, or a fault ends the connection.
pub(super) async fn converse(
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
    served: &Served,
) -> io::Result<()> {
    let mut input: Vec<u8> = Vec::with_capacity(PIECE);
    // Within a message that was too long: what comes up to its end is thrown away.
    let mut overrun = false;
    loop {
        // What is there without an end in it was looked at before: a long message is not read anew
        // with each of its pieces.
        let seen = input.len();
        input.reserve(PIECE);
        if reader.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        if !input.get(seen..).unwrap_or_default().contains(&b'\n') {
            throw_away_if_too_long(&mut input, &mut overrun, served);
            continue;
        }
        if std::mem::take(&mut overrun) {
            let end = input.iter().position(|byte| *byte == b'\n').unwrap_or_default();
            input.drain(..=end);
        }
        let mut taken = 0;
        while let Some(end) = ends_message(input.get(taken..).unwrap_or_default()) {
            let message = input.get(taken..taken + end).unwrap_or_default();
            let reply = served.instrument.lock().await.message(message);
            taken += end + 1;
            let next = ends_message(input.get(taken..).unwrap_or_default()).is_some();
            if let Some(reply) = reply {
                if next {
                    // The next message is here before this reply is read: it is lost (6.3.2.3).
                    served.surroundings.interrupt();
                } else if !answer(writer, reply, &served.surroundings).await? {
                    return Ok(());
                }
            }
            if served.surroundings.struck(FaultKind::Unasked) {
                writer.write_all(b"+9.99900000E-01\n").await?;
            }
        }
        input.drain(..taken);
        // A block of data that goes on and on, with line feeds in it.
        throw_away_if_too_long(&mut input, &mut overrun, served);
    }
}

/// Throws away a message that is too long, and complains of it once. `overrun` says whether more of
/// it is to come.
fn throw_away_if_too_long(input: &mut Vec<u8>, overrun: &mut bool, served: &Served) {
    if input.len() > INPUT_BUFFER {
        if !*overrun {
            served.surroundings.overrun();
        }
        *overrun = input.last() != Some(&b'\n');
        input.clear();
    }
}

/// Writes a reply as the link's faults let it; false when the connection is to be closed.
async fn answer(
    writer: &mut (impl AsyncWrite + Unpin),
    mut reply: Vec<u8>,
    surroundings: &Surroundings,
) -> io::Result<bool> {
    let late = |kind| if let FaultKind::Late(time) = kind { Some(time) } else { None };
    if let Some(time) = surroundings.strikes(late) {
        tokio::time::sleep(time).await;
    }
    let half = reply.len() / 2;
    if reply.starts_with(b"#") && surroundings.struck(FaultKind::HalfBlock) {
        reply.truncate(half);
        writer.write_all(&reply).await?;
        return Ok(true);
    }
    if surroundings.struck(FaultKind::Drop) {
        reply.truncate(half);
        writer.write_all(&reply).await?;
        writer.flush().await?;
        return Ok(false);
    }
    if surroundings.struck(FaultKind::Crlf) {
        reply.push(b'\r');
    }
    reply.push(b'\n');
    if surroundings.struck(FaultKind::Chunked) {
        let (first, rest) = reply.split_at_checked(PIECE).unwrap_or((&reply, &[]));
        for byte in first {
            writer.write_all(&[*byte]).await?;
            tokio::task::yield_now().await;
        }
        writer.write_all(rest).await?;
    } else {
        writer.write_all(&reply).await?;
    }
    Ok(true)
}
