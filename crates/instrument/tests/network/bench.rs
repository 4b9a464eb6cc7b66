//! An instrument that says little, the servers for it, and what all tests do with a transport.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use station_instrument::simulate::{self, Instrument, SharedInstrument};
use station_instrument::transport::Transport;
use station_instrument::{Error, ErrorKind};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything takes that works.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// As long as a test waits for what must not come.
pub(crate) const MOMENT: Duration = Duration::from_millis(100);

/// What happened to an instrument.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) clears: usize,
}

/// Answers `*IDN?`, `ECHO? …`, `BLOCK? <bytes>`; carries out the rest, and keeps silent about `SILENT?`.
pub(crate) struct Echo(pub(crate) Arc<std::sync::Mutex<Seen>>);

impl Instrument for Echo {
    fn message(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.0.lock().unwrap().messages.push(message.to_vec());
        if message == b"*IDN?" {
            return Some(b"ACME,Echo,1,1.0".to_vec());
        }
        if let Some(rest) = message.strip_prefix(b"ECHO? ") {
            return Some(rest.to_vec());
        }
        let size = message.strip_prefix(b"BLOCK? ")?;
        Some(block(std::str::from_utf8(size).unwrap().parse().unwrap()))
    }

    fn clear(&mut self) {
        self.0.lock().unwrap().clears += 1;
    }

    fn status_byte(&mut self) -> u8 {
        0x04
    }
}

/// A definite block of so many bytes, newlines among them.
pub(crate) fn block(size: usize) -> Vec<u8> {
    let digits = size.to_string();
    let mut block = format!("#{}{digits}", digits.len()).into_bytes();
    block.extend((0..size).map(|at| u8::try_from(at % 251).unwrap()));
    block
}

/// A server and what its instrument saw. Ends when dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<std::sync::Mutex<Seen>>,
    tasks: Vec<JoinHandle<Result<(), Error>>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Served {
    pub(crate) fn seen(&self) -> (Vec<String>, usize) {
        let seen = self.seen.lock().unwrap();
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        (seen.messages.iter().map(text).collect(), seen.clears)
    }
}

fn echo() -> (SharedInstrument, Arc<std::sync::Mutex<Seen>>) {
    let seen = Arc::<std::sync::Mutex<Seen>>::default();
    (Arc::new(Mutex::new(Echo(Arc::clone(&seen)))), seen)
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) async fn serve_hislip(max_clients: usize) -> Served {
    let ((instrument, seen), (listener, address)) = (echo(), listen().await);
    let task = tokio::spawn(simulate::hislip::serve(listener, instrument, max_clients));
    Served { address, seen, tasks: vec![task] }
}

pub(crate) async fn serve_vxi11(max_clients: usize) -> Served {
    let ((instrument, seen), (listener, address)) = (echo(), listen().await);
    let task = tokio::spawn(simulate::vxi11::serve(listener, instrument, max_clients));
    Served { address, seen, tasks: vec![task] }
}

/// The same with a portmapper, whose address is the second.
pub(crate) async fn serve_vxi11_by_portmapper() -> (Served, SocketAddr) {
    let mut served = serve_vxi11(9).await;
    let (listener, address) = listen().await;
    let portmapper = simulate::vxi11::serve_portmapper(listener, served.address.port());
    served.tasks.push(tokio::spawn(portmapper));
    (served, address)
}

/// Awaits something that does not take for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(LIMIT, what).await.expect("it takes for ever")
}

/// Sends a message and reads its whole reply.
pub(crate) async fn ask(link: &mut dyn Transport, message: &[u8]) -> Result<Vec<u8>, Error> {
    soon(async {
        link.send(message).await?;
        read(link).await
    })
    .await
}

/// Reads a whole reply.
pub(crate) async fn read(link: &mut dyn Transport) -> Result<Vec<u8>, Error> {
    soon(async {
        let mut reply = Vec::new();
        while !link.receive(&mut reply).await? {}
        Ok(reply)
    })
    .await
}

/// Waits a moment for a reply that must not come, and gives up, as a caller with a time limit does.
pub(crate) async fn give_up(link: &mut dyn Transport) {
    let mut reply = Vec::new();
    let waited = timeout(MOMENT, async {
        while !link.receive(&mut reply).await? {}
        Ok::<_, Error>(())
    });
    assert!(waited.await.is_err(), "a reply came: {:?}", String::from_utf8_lossy(&reply));
}

/// The error's kind and sentence.
#[track_caller]
pub(crate) fn failure<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (ErrorKind, String) {
    let error = outcome.unwrap_err();
    (error.kind, error.message)
}
