//! An instrument on TCP that does what a test tells it, message by message: for faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use station_instrument::Resource;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

/// What the instrument does about a message.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Goes on when the test says so ([`Scripted::go_on`]).
    Wait,
    /// Closes the connection, and then lets the test hear [`CLOSED`].
    Close,
}

/// What is heard when a connection has been closed.
pub(crate) const CLOSED: &str = "(closed)";

/// Says that.
pub(crate) fn say(bytes: impl AsRef<[u8]>) -> Act {
    Act::Say(bytes.as_ref().to_vec())
}

/// A scripted instrument; dropping it ends it.
pub(crate) struct Scripted {
    port: u16,
    heard: mpsc::UnboundedReceiver<String>,
    connections: Arc<AtomicUsize>,
    gate: Arc<Notify>,
    _serving: JoinSet<()>,
}

impl Scripted {
    /// `script` is given the number of the connection, from 1, and a message without its line end.
    pub(crate) async fn start(
        script: impl Fn(usize, &str) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hear, heard) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Notify::new());
        let (counted, waits, script) = (connections.clone(), gate.clone(), Arc::new(script));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut clients = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
                let (script, hear, waits) = (script.clone(), hear.clone(), waits.clone());
                clients.spawn(async move {
                    serve(stream, &hear, &waits, |message| script(number, message)).await;
                });
            }
        });
        Self { port, heard, connections, gate, _serving: serving }
    }

    /// Where it is.
    pub(crate) fn resource(&self) -> Resource {
        Resource::Socket { host: "127.0.0.1".to_owned(), port: self.port }
    }

    /// The next message it heard, on whichever connection.
    pub(crate) async fn heard(&mut self) -> String {
        self.heard.recv().await.unwrap()
    }

    /// All it has heard and nobody asked for yet.
    pub(crate) fn heard_so_far(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Lets one [`Act::Wait`] go on, now or when it comes.
    pub(crate) fn go_on(&self) {
        self.gate.notify_one();
    }
}

async fn serve(
    stream: TcpStream,
    hear: &mpsc::UnboundedSender<String>,
    gate: &Notify,
    script: impl Fn(&str) -> Vec<Act>,
) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let message = line.trim_end().to_owned();
        line.clear();
        hear.send(message.clone()).ok();
        for act in script(&message) {
            match act {
                // Whoever left is not told.
                Act::Say(bytes) => drop(stream.write_all(&bytes).await),
                Act::Wait => gate.notified().await,
                Act::Close => {
                    drop(stream);
                    hear.send(CLOSED.to_owned()).ok();
                    return;
                }
            }
        }
    }
}
