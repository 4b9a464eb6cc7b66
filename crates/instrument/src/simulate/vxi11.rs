//! Serves a simulated instrument by VXI-11 to several clients at once, with an abort channel and, if
//! wanted, a portmapper.
//!
//! Calls of one connection are carried out one after the other. A read that finds nothing waits for its
//! time limit, or until it is aborted.

mod link;

use std::collections::BTreeMap;
use std::io::{Error as IoError, ErrorKind as Io, Result as IoResult};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use station_wire::vxi11::{
    Accepted, Call, CreateLink, Denied, DeviceError, Generic, GetPort, LONGEST_RECORD, Link, Lock,
    Read, Reply, Write, flags, mark, procedure, program, record,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use self::link::{OpenLink, failed_read};
use super::SharedInstrument;
use super::lock::DeviceLock;
use crate::transport::Buffered;
use crate::{Error, ErrorKind};

/// How many bytes one `device_write` may have.
const CHUNK: u32 = 1 << 20;

/// How long to wait when no connection can be accepted, as with too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
#[derive(Clone)]
struct Shared {
    instrument: SharedInstrument,
    lock: DeviceLock,
    /// The links there are, and how a read of each is aborted.
    links: Arc<Mutex<BTreeMap<i32, Arc<Notify>>>>,
    max_clients: usize,
    abort_port: u16,
}

/// Serves the instrument on a listener to at most `max_clients` links at once, and its abort channel on
/// another port of the same address. Goes on until it is dropped, and all its connections with it.
///
/// # Errors
///
/// [`ErrorKind::Local`] when a listener is of no use.
pub async fn serve(
    listener: TcpListener,
    instrument: SharedInstrument,
    max_clients: usize,
) -> Result<(), Error> {
    let aborts = async {
        let mut address = listener.local_addr()?;
        address.set_port(0);
        TcpListener::bind(address).await
    };
    let aborts = aborts.await.map_err(|error| local(&error))?;
    let abort_port = aborts.local_addr().map_err(|error| local(&error))?.port();
    let (lock, links) = (DeviceLock::new(), Arc::default());
    let shared = Shared { instrument, lock, links, max_clients, abort_port };
    tokio::try_join!(
        accept(listener, || Connection::Core(shared.clone(), BTreeMap::new())),
        accept(aborts, || Connection::Abort(shared.clone())),
    )?;
    Ok(())
}

/// Answers on a listener which port the instrument's server has. Goes on until it is dropped.
///
/// # Errors
///
/// [`ErrorKind::Local`] when the listener is of no use.
pub async fn serve_portmapper(listener: TcpListener, port: u16) -> Result<(), Error> {
    accept(listener, || Connection::Portmapper(port)).await
}

async fn accept(listener: TcpListener, new: impl Fn() -> Connection) -> Result<(), Error> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(new().serve(stream));
                }
                Err(error) if error.kind() == Io::InvalidInput => return Err(local(&error)),
                Err(error) => {
                    tracing::warn!(%error, "a VXI-11 connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

fn local(error: &IoError) -> Error {
    Error::new(ErrorKind::Local, format!("the simulator cannot serve VXI-11: {error}"))
}

/// What a connection is for.
enum Connection {
    /// Links and their calls.
    Core(Shared, BTreeMap<i32, OpenLink>),
    /// Aborting reads.
    Abort(Shared),
    /// The server's port.
    Portmapper(u16),
}

/// The results of a call, or why there are none.
type Outcome = Result<Vec<u8>, Accepted>;

impl Connection {
    async fn serve(mut self, stream: TcpStream) {
        let served = async {
            let mut connection = Buffered::over(stream)?;
            loop {
                let found = record(connection.unread(), LONGEST_RECORD).map_err(IoError::other)?;
                let Some((body, used)) = found else {
                    connection.fill().await?;
                    continue;
                };
                connection.took(used);
                let Some(call) = Call::decode(&body) else {
                    return Err(IoError::new(Io::InvalidData, "not a call of ONC RPC 2"));
                };
                let outcome = self.answer(&call).await;
                let outcome = match &outcome {
                    Ok(results) => Ok(results.as_slice()),
                    Err(why) => Err(Denied::Accepted(*why)),
                };
                let reply = Reply { xid: call.xid, outcome };
                connection.outbound().extend(mark(&reply.encode()));
                connection.flush().await?;
            }
        };
        let ended: IoResult<()> = served.await;
        if let Err(error) = ended {
            tracing::debug!(%error, "a VXI-11 connection ended");
        }
    }

    async fn answer(&mut self, call: &Call<'_>) -> Outcome {
        let (number, version) = match self {
            Self::Core(..) => program::CORE,
            Self::Abort(_) => program::ABORT,
            Self::Portmapper(_) => program::PORTMAPPER,
        };
        if call.program.0 != number {
            return Err(Accepted::NoProgram);
        }
        if call.program.1 != version {
            return Err(Accepted::NoVersion);
        }
        if call.procedure == 0 {
            // Every program's procedure 0 does nothing, to show that it is there.
            return Ok(Vec::new());
        }
        match self {
            Self::Core(shared, links) => shared.core(links, call).await,
            Self::Abort(shared) => shared.abort(call),
            Self::Portmapper(port) => portmapper(*port, call),
        }
    }
}

impl Shared {
    /// Carries out a call of the core channel.
    async fn core(&self, links: &mut BTreeMap<i32, OpenLink>, call: &Call<'_>) -> Outcome {
        let arguments = call.arguments;
        match call.procedure {
            procedure::CREATE_LINK => {
                let create = CreateLink::decode(arguments).ok_or(Accepted::Garbage)?;
                let created = self.create(&create).await.map(|link| {
                    let number = link.number;
                    links.insert(number, link);
                    Link { link: number, abort_port: self.abort_port, most: CHUNK }
                });
                Ok(Link::encode(created))
            }
            procedure::DEVICE_WRITE => {
                let write = Write::decode(arguments).ok_or(Accepted::Garbage)?;
                Ok(Write::encode_taken(match links.get_mut(&write.link) {
                    Some(link) => link.write(&write).await,
                    None => Err(DeviceError::INVALID_LINK),
                }))
            }
            procedure::DEVICE_READ => {
                let read = Read::decode(arguments).ok_or(Accepted::Garbage)?;
                Ok(match links.get_mut(&read.link) {
                    Some(link) => link.read(&read).await,
                    None => failed_read(DeviceError::INVALID_LINK),
                })
            }
            procedure::DEVICE_LOCK => {
                let lock = Lock::decode(arguments).ok_or(Accepted::Garbage)?;
                Ok(Generic::encode_done(match links.get_mut(&lock.link) {
                    Some(link) => link.lock(lock.flags, lock.lock_timeout).await,
                    None => Err(DeviceError::INVALID_LINK),
                }))
            }
            procedure::DEVICE_UNLOCK | procedure::DESTROY_LINK => {
                let number = Lock::decode_link(arguments).ok_or(Accepted::Garbage)?;
                let done = match links.get(&number) {
                    None => Err(DeviceError::INVALID_LINK),
                    Some(_) if call.procedure == procedure::DESTROY_LINK => {
                        links.remove(&number);
                        Ok(())
                    }
                    Some(_) => self
                        .lock
                        .release(number.unsigned_abs())
                        .map(|_| ())
                        .ok_or(DeviceError::NO_LOCK),
                };
                Ok(Generic::encode_done(done))
            }
            procedure::DEVICE_READSTB
            | procedure::DEVICE_TRIGGER
            | procedure::DEVICE_CLEAR
            | procedure::DEVICE_REMOTE
            | procedure::DEVICE_LOCAL => {
                let generic = Generic::decode(arguments).ok_or(Accepted::Garbage)?;
                let status = match links.get_mut(&generic.link) {
                    Some(link) => link.generic(call.procedure, &generic).await,
                    None => Err(DeviceError::INVALID_LINK),
                };
                Ok(match call.procedure {
                    procedure::DEVICE_READSTB => Generic::encode_status(status),
                    _ => Generic::encode_done(status.map(|_| ())),
                })
            }
            procedure::DEVICE_ENABLE_SRQ
            | procedure::CREATE_INTR_CHAN
            | procedure::DESTROY_INTR_CHAN => {
                Ok(Generic::encode_done(Err(DeviceError::NOT_SUPPORTED)))
            }
            procedure::DEVICE_DOCMD => {
                // An error and no data.
                Ok(Write::encode_taken(Err(DeviceError::NOT_SUPPORTED)))
            }
            _ => Err(Accepted::NoProcedure),
        }
    }

    async fn create(&self, create: &CreateLink) -> Result<OpenLink, DeviceError> {
        let link = {
            let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            if links.len() >= self.max_clients {
                return Err(DeviceError::OUT_OF_RESOURCES);
            }
            let number = (1..).find(|number| !links.contains_key(number));
            let number = number.ok_or(DeviceError::OUT_OF_RESOURCES)?;
            let aborted = Arc::<Notify>::default();
            links.insert(number, Arc::clone(&aborted));
            OpenLink::new(number, self.clone(), aborted)
        };
        if create.lock {
            link.lock(flags::WAIT_LOCK, create.lock_timeout).await?;
        }
        Ok(link)
    }

    /// Carries out a call of the abort channel.
    fn abort(&self, call: &Call<'_>) -> Outcome {
        if call.procedure != procedure::DEVICE_ABORT {
            return Err(Accepted::NoProcedure);
        }
        let number = Lock::decode_link(call.arguments).ok_or(Accepted::Garbage)?;
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let aborted = links.get(&number).ok_or(DeviceError::INVALID_LINK);
        Ok(Generic::encode_done(aborted.map(|aborted| aborted.notify_waiters())))
    }
}

/// Answers a call of the portmapper.
fn portmapper(port: u16, call: &Call<'_>) -> Outcome {
    if call.procedure != GetPort::PROCEDURE {
        return Err(Accepted::NoProcedure);
    }
    let asked = GetPort::decode(call.arguments).ok_or(Accepted::Garbage)?;
    let ours = asked.program == program::CORE && asked.protocol == GetPort::TCP;
    Ok(GetPort::encode_port(if ours { port } else { 0 }))
}
