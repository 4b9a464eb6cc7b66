//! A transport over a stream that is made anew when the last one was closed.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use super::connection::{Connection, Peer};
use super::{Answer, ClientError, Event, Flow, Interrupter, Transport};

/// Makes a stream, first or anew.
pub(super) type Connector<S> = Box<dyn FnMut() -> Result<S, ClientError> + Send>;

/// A byte stream that another thread can close.
pub trait Stream: Read + Write + Send + Sized + 'static {
    /// Another handle of the same stream.
    ///
    /// # Errors
    /// When the system gives none.
    fn another(&self) -> io::Result<Self>;

    /// Closes it in both directions; who waits for it wakes up.
    fn close(&self);
}

impl Stream for UnixStream {
    fn another(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn close(&self) {
        self.shutdown(Shutdown::Both).ok();
    }
}

impl Stream for TcpStream {
    fn another(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn close(&self) {
        self.shutdown(Shutdown::Both).ok();
    }
}

/// A transport that connects again when needed.
pub struct Reconnecting<S> {
    connect: Connector<S>,
    connection: Connection<S>,
}

impl<S: Stream> Reconnecting<S> {
    /// Speaks to `peer` over `stream`, and over those that `connect` makes afterwards.
    pub(super) fn new(peer: Peer, stream: S, connect: Connector<S>) -> Self {
        Self { connect, connection: Connection::new(peer, stream) }
    }

    fn ready(&mut self) -> Result<(), ClientError> {
        if self.connection.is_closed() {
            let stream = (self.connect)()?;
            self.connection.renew(stream);
        }
        Ok(())
    }
}

impl<S: Stream> Transport for Reconnecting<S> {
    fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, ClientError> {
        self.ready()?;
        self.connection.call(method, path, body)
    }

    fn stream(
        &mut self,
        path: &str,
        on_event: &mut dyn FnMut(Event) -> Flow,
    ) -> Result<(), ClientError> {
        self.ready()?;
        self.connection.stream(path, on_event)
    }

    fn download(&mut self, path: &str, to: &mut dyn Write) -> Result<u64, ClientError> {
        self.ready()?;
        self.connection.download(path, to)
    }

    fn interrupter(&mut self) -> Result<Interrupter, ClientError> {
        self.ready()?;
        let flag = self.connection.interrupted_flag();
        let stream = self.connection.stream_ref().and_then(|stream| stream.another().ok());
        Ok(Box::new(move || {
            flag.store(true, Ordering::SeqCst);
            if let Some(stream) = &stream {
                stream.close();
            }
        }))
    }
}
