//! A command that runs on a host: its output, its signals, its end.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use station_core::model::{Kill, Remains};
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};
use tokio::net::unix::pipe::{Receiver, Sender};

use super::channel::ChannelEnd;
use super::client::Client;
use super::failure::Failure;
use super::request::Request;
use super::route::Route;

/// A command that runs on a host. Dropped before its end, it is ended there by its guard.
pub struct Running {
    stdin: Option<Sender>,
    stdout: Option<Receiver>,
    stderr: Option<Receiver>,
    ended: Pin<Box<dyn Future<Output = ChannelEnd> + Send>>,
    end: Option<ChannelEnd>,
}

/// What [`Running::read`] has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes of standard output were appended to the buffer.
    Stdout(usize),
    /// So many bytes of standard error were appended to the buffer.
    Stderr(usize),
    /// The command is over and all of its output was read.
    Ended(Ended),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How its process ended.
    pub end: End,
    /// What became of its process group, when it was told to end; always, when it was.
    pub kill: Option<Kill>,
    /// Why its end is not known, or why it never started.
    pub failure: Option<Failure>,
    /// A process it left behind still held its output open when it was given up.
    pub leaked: bool,
}

/// How the process of a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this status.
    Exit(i32),
    /// It was ended by this signal.
    Signal(i32),
    /// It never started, so that it may be tried again.
    NeverStarted,
    /// It has started; how it ended is not known.
    Unknown,
}

/// Where a command runs on its host, as its guard tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteProcess {
    /// Its process group there.
    pub group: i32,
    /// The mark its guard was given, which its processes carry in their environment.
    pub mark: String,
}

/// The standard input of a command; dropped, it is closed.
#[derive(Debug)]
pub struct Stdin {
    pipe: Sender,
}

impl Stdin {
    /// Writes all of it, as fast as the command reads.
    ///
    /// # Errors
    /// When the command does not read any more.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pipe.write_all(bytes).await
    }
}

impl Client {
    /// Starts a command; returns when it runs there.
    ///
    /// # Errors
    /// When it has not begun.
    pub async fn start(&self, route: &Route, request: Request) -> Result<Running, Failure> {
        let channel = self.open(route, &request.command, request.connect_timeout).await?;
        Ok(Running {
            stdin: Some(channel.stdin).filter(|_| request.stdin),
            stdout: Some(channel.stdout),
            stderr: Some(channel.stderr),
            ended: channel.ended,
            end: None,
        })
    }

    /// Finds and ends what is left of a command whose [`Running`] is no more: SIGTERM, the grace,
    /// SIGKILL; then it is looked again.
    #[expect(clippy::unused_async, reason = "the skeleton of what will wait")]
    pub async fn end(
        &self,
        _route: &Route,
        _process: &RemoteProcess,
        _grace: std::time::Duration,
        _connect: std::time::Duration,
    ) -> Remains {
        Remains::Unknown("it had no guard".to_owned())
    }
}

impl Running {
    /// Where it runs; `None` without a guard.
    #[must_use]
    pub fn process(&self) -> Option<&RemoteProcess> {
        None
    }

    /// Its standard input, once, when its request asked for one.
    pub fn take_stdin(&mut self) -> Option<Stdin> {
        self.stdin.take().map(|pipe| Stdin { pipe })
    }

    /// Tells its process group to end (SIGTERM). Reading goes on to the end.
    pub fn terminate(&mut self) {}

    /// Ends its process group (SIGKILL). Reading goes on to the end.
    pub fn kill(&mut self) {}

    /// Reads what there is, at most the buffer's spare capacity. May be cancelled without losing
    /// anything; after the end it tells the end again.
    pub async fn read(&mut self, buffer: &mut Vec<u8>) -> Read {
        poll_fn(|cx| self.poll(cx, buffer)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<u8>) -> Poll<Read> {
        if let Poll::Ready(count) = poll_pipe(&mut self.stdout, cx, buffer)
            && count > 0
        {
            return Poll::Ready(Read::Stdout(count));
        }
        if let Poll::Ready(count) = poll_pipe(&mut self.stderr, cx, buffer)
            && count > 0
        {
            return Poll::Ready(Read::Stderr(count));
        }
        if self.end.is_none() {
            self.end = Some(ready!(self.ended.as_mut().poll(cx)));
        }
        match &self.end {
            Some(end) if self.stdout.is_none() && self.stderr.is_none() => {
                let (end, failure) = match end {
                    ChannelEnd::Exit(code) => (End::Exit(*code), None),
                    ChannelEnd::Lost(failure) => (End::Unknown, Some(failure.clone())),
                };
                Poll::Ready(Read::Ended(Ended { end, kill: None, failure, leaked: false }))
            }
            Some(_) | None => Poll::Pending,
        }
    }
}

/// Reads from a pipe that is open; ready with 0 at its end.
fn poll_pipe(
    pipe: &mut Option<Receiver>,
    cx: &mut Context<'_>,
    buffer: &mut Vec<u8>,
) -> Poll<usize> {
    let Some(open) = pipe else { return Poll::Ready(0) };
    let mut space = vec![0; 64 << 10];
    let mut read = ReadBuf::new(&mut space);
    let result = ready!(Pin::new(open).poll_read(cx, &mut read));
    let count = read.filled().len();
    if result.is_err() || count == 0 {
        *pipe = None;
        return Poll::Ready(0);
    }
    buffer.extend_from_slice(read.filled());
    Poll::Ready(count)
}
