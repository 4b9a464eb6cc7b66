//! Serves a simulated instrument by HiSLIP (IVI-6.1) to several clients at once.
//!
//! ```text
//!  connection ─Initialize─▶ session ◀─AsyncInitialize with its number─ second connection
//!     session: messages in turn, while no other client holds the lock ─▶ instrument ─▶ reply
//!              status, locks and device clear at any time, also while a long reply is on its way
//! ```

use std::collections::BTreeMap;
use std::io::{Error as IoError, ErrorKind as Io, Result as IoResult};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use station_wire::hislip::{
    Asked, FromClient, Header, LockReply, Malformed, MessageType, Server, whole,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::lock::{DeviceLock, Holders};
use super::{SharedInstrument, without_terminator};
use crate::transport::Buffered;
use crate::{Error, ErrorKind};

/// How long a message may be that is not for the instrument, in bytes.
const LONGEST_REQUEST: u64 = 4096;

/// How much is read of messages that have to wait for a lock, in bytes.
const LONGEST_QUEUE: usize = 1 << 20;

/// How long to wait when no connection can be accepted, as with too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all sessions share.
#[derive(Clone)]
struct Shared {
    instrument: SharedInstrument,
    lock: DeviceLock,
    /// Sessions by number, and where those that wait for their second connection take it.
    sessions: Arc<Mutex<BTreeMap<u16, Option<oneshot::Sender<Buffered>>>>>,
    max_clients: usize,
}

/// Serves the instrument on a listener to at most `max_clients` clients at once. Goes on until it is
/// dropped, and all its connections with it.
///
/// # Errors
///
/// [`ErrorKind::Local`] when the listener is of no use any more.
pub async fn serve(
    listener: TcpListener,
    instrument: SharedInstrument,
    max_clients: usize,
) -> Result<(), Error> {
    let shared =
        Shared { instrument, lock: DeviceLock::new(), sessions: Arc::default(), max_clients };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(shared.clone().connection(stream));
                }
                Err(error) if error.kind() == Io::InvalidInput => {
                    let text = format!("the simulator cannot accept HiSLIP connections: {error}");
                    return Err(Error::new(ErrorKind::Local, text));
                }
                Err(error) => {
                    tracing::warn!(%error, "a HiSLIP connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Shared {
    /// Serves one connection, which becomes a session or joins one.
    async fn connection(self, stream: tokio::net::TcpStream) {
        let served = async {
            let mut connection = Buffered::over(stream)?;
            let Some(first) = first_message(&mut connection).await? else {
                return say_and_close(connection, 1, "this port speaks HiSLIP").await;
            };
            match first.kind {
                MessageType::INITIALIZE => self.session(connection).await,
                MessageType::ASYNC_INITIALIZE => self.join(connection, first.parameter).await,
                _ => say_and_close(connection, 2, "").await,
            }
        };
        if let Err(error) = served.await {
            tracing::debug!(%error, "a HiSLIP connection ended");
        }
    }

    /// Hands the second connection to its session.
    async fn join(&self, mut connection: Buffered, number: u32) -> IoResult<()> {
        let waiting = u16::try_from(number).ok().and_then(|number| {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.get_mut(&number).and_then(Option::take)
        });
        let Some(waiting) = waiting else {
            return say_and_close(connection, 3, "no session waits for this channel").await;
        };
        connection.outbound().extend(Server::async_opened());
        // A session that ended meanwhile needs it no more.
        waiting.send(connection).ok();
        Ok(())
    }

    /// Serves a client from its `Initialize` to its end.
    async fn session(self, sync: Buffered) -> IoResult<()> {
        let (sender, second) = oneshot::channel();
        let Some(place) = self.place(sender) else { return say_and_close(sync, 4, "").await };
        let mut session = Session {
            server: Server::new(place.number),
            sync,
            other: None,
            instrument: self.instrument.clone(),
            lock: self.lock.clone(),
            number: u32::from(place.number),
            waits_for_lock: None,
        };
        session.sync.outbound().extend(session.server.opened());
        let ended = session.run(second).await;
        if let Err(error) = &ended
            && let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<Malformed>())
        {
            return say_and_close(session.sync, 1, &fault.to_string()).await;
        }
        ended
    }

    /// A free session number, unless there are as many clients as may be.
    fn place(&self, second: oneshot::Sender<Buffered>) -> Option<Place> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= self.max_clients {
            return None;
        }
        let number = (1..=u16::MAX).find(|number| !sessions.contains_key(number))?;
        sessions.insert(number, Some(second));
        Some(Place { number, shared: self.clone() })
    }
}

/// A session's number while it lasts.
struct Place {
    number: u16,
    shared: Shared,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.lock.release(u32::from(self.number));
        let mut sessions = self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&self.number);
    }
}

/// One client.
struct Session {
    server: Server,
    sync: Buffered,
    other: Option<Buffered>,
    instrument: SharedInstrument,
    lock: DeviceLock,
    number: u32,
    /// The word of the lock that the client waits for, and until when.
    waits_for_lock: Option<(String, Instant)>,
}

impl Session {
    async fn run(&mut self, mut second: oneshot::Receiver<Buffered>) -> IoResult<()> {
        while self.other.is_none() {
            tokio::select! {
                other = &mut second => match other {
                    Ok(other) => self.other = Some(other),
                    Err(_) => return Ok(()),
                },
                turned = self.sync.turn(true) => {
                    turned?;
                    if !self.sync.unread().is_empty() {
                        let early = "a message came before the asynchronous channel was open";
                        self.sync.outbound().extend(Server::fatal(2, early));
                        return self.sync.flush().await;
                    }
                }
            }
        }
        let mut changes = self.lock.changes();
        loop {
            changes.borrow_and_update();
            self.serve_other().await?;
            let may = self.lock.lets(self.number) || self.server.is_clearing();
            if may {
                self.serve_sync().await?;
            }
            self.send_reply()?;
            self.wait(&mut changes, may).await?;
        }
    }

    /// Waits until there may be something to do.
    async fn wait(
        &mut self,
        changes: &mut tokio::sync::watch::Receiver<Holders>,
        may: bool,
    ) -> IoResult<()> {
        let Some(other) = self.other.as_mut() else { return Ok(()) };
        let waits_for_lock = self.waits_for_lock.as_ref().map(|(_, until)| *until);
        let wants_more = may || self.sync.unread().len() < LONGEST_QUEUE;
        let until = waits_for_lock.unwrap_or_else(Instant::now);
        tokio::select! {
            turned = self.sync.turn(wants_more) => turned,
            turned = other.turn(true) => turned,
            changed = changes.changed(), if !may || waits_for_lock.is_some() => {
                changed.map_err(IoError::other)
            }
            () = tokio::time::sleep_until(until), if waits_for_lock.is_some() => Ok(()),
        }
    }

    /// Does what came on the synchronous channel.
    async fn serve_sync(&mut self) -> IoResult<()> {
        let Some(other) = self.other.as_mut() else { return Ok(()) };
        loop {
            let (mut out, mut async_out) = (Vec::new(), Vec::new());
            let mut rest = self.sync.unread();
            let there = rest.len();
            let wanted = self.server.read(&mut rest, &mut out, &mut async_out);
            let used = there - rest.len();
            self.sync.took(used);
            self.sync.outbound().append(&mut out);
            other.outbound().append(&mut async_out);
            let message = match wanted.map_err(IoError::other)? {
                None => return Ok(()),
                Some(FromClient::Message(message)) => message,
                Some(FromClient::Trigger) => b"*TRG".to_vec(),
            };
            let message = without_terminator(&message);
            if let Some(mut reply) = self.instrument.lock().await.message(message) {
                reply.push(b'\n');
                self.server.reply(reply);
            }
        }
    }

    /// Does what came on the asynchronous channel.
    async fn serve_other(&mut self) -> IoResult<()> {
        let Some(other) = self.other.as_mut() else { return Ok(()) };
        let mut out = Vec::new();
        while self.waits_for_lock.is_none()
            && let Some(found) = whole(other.unread(), LONGEST_REQUEST).map_err(IoError::other)?
        {
            let used = found.used;
            let asked = self.server.asked(&found.header, found.payload, &mut out);
            other.took(used);
            match asked {
                Asked::Nothing => {}
                Asked::Status => {
                    let byte = self.instrument.lock().await.status_byte();
                    self.server.status(byte, &mut out);
                }
                Asked::Clear => self.instrument.lock().await.clear(),
                Asked::Lock { wait_ms, key } => {
                    let until = Instant::now() + Duration::from_millis(u64::from(wait_ms));
                    self.waits_for_lock = Some((key, until));
                }
                Asked::Unlock => Server::locked(
                    match self.lock.release(self.number) {
                        Some(true) => LockReply::Success,
                        Some(false) => LockReply::SharedReleased,
                        None => LockReply::Error,
                    },
                    &mut out,
                ),
                Asked::LockInfo => {
                    let (alone, holders) = self.lock.info();
                    Server::lock_info(alone, holders, &mut out);
                }
            }
            if let Some(reply) = lock_reply(&self.lock, self.number, self.waits_for_lock.as_ref()) {
                self.waits_for_lock = None;
                Server::locked(reply, &mut out);
            }
        }
        if let Some(reply) = lock_reply(&self.lock, self.number, self.waits_for_lock.as_ref()) {
            self.waits_for_lock = None;
            Server::locked(reply, &mut out);
        }
        other.outbound().append(&mut out);
        other.try_flush()?;
        Ok(())
    }

    /// Sends what can go without waiting, the reply frame by frame.
    fn send_reply(&mut self) -> IoResult<()> {
        while self.sync.try_flush()? {
            if !self.server.frame(self.sync.outbound()) {
                break;
            }
        }
        Ok(())
    }
}

/// What to answer a client that waits for a lock; nothing while it has to go on waiting.
fn lock_reply(
    lock: &DeviceLock,
    client: u32,
    waits: Option<&(String, Instant)>,
) -> Option<LockReply> {
    let (key, until) = waits?;
    if key.is_empty() && lock.is_held_by(client) {
        return Some(LockReply::Error);
    }
    if lock.take(client, key) {
        return Some(LockReply::Success);
    }
    (Instant::now() >= *until).then_some(LockReply::Failure)
}

/// The first message of a connection; nothing when what comes is not HiSLIP.
async fn first_message(connection: &mut Buffered) -> IoResult<Option<Header>> {
    loop {
        match whole(connection.unread(), LONGEST_REQUEST) {
            Ok(Some(found)) => {
                let (header, used) = (found.header, found.used);
                connection.took(used);
                return Ok(Some(header));
            }
            Ok(None) => connection.fill().await?,
            Err(_) => return Ok(None),
        }
    }
}

/// Says what is fatal and closes the connection.
async fn say_and_close(mut connection: Buffered, code: u8, text: &str) -> IoResult<()> {
    connection.outbound().extend(Server::fatal(code, text));
    connection.flush().await
}
