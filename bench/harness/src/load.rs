//! Many keep-alive connections from one thread, at as little CPU per request as can be.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::time::Timespec;

use crate::Result;
use crate::stats::percentile;

/// When a load ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After so many requests.
    Count(u64),
    /// After so long.
    Time(Duration),
}

/// Where a load goes.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A socket in the file system.
    Unix(PathBuf),
    /// An address.
    Tcp(SocketAddr),
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

impl Place {
    fn connect(&self, nonblocking: bool) -> Result<Box<dyn Stream>> {
        let limit = Some(Duration::from_secs(30));
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_nonblocking(nonblocking)?;
                stream.set_read_timeout(limit)?;
                Ok(Box::new(stream))
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(nonblocking)?;
                stream.set_read_timeout(limit)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// A connection's bytes.
trait Stream: Read + Write + AsFd {}
impl<T: Read + Write + AsFd> Stream for T {}

/// What a load did.
#[derive(Debug)]
pub(crate) struct Done {
    /// Requests answered with 200.
    pub(crate) count: u64,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    latencies: Vec<f64>,
}

impl Done {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }

    /// A percentile of the latency, in milliseconds.
    pub(crate) fn latency_ms(&mut self, part: f64) -> f64 {
        percentile(&mut self.latencies, part) / 1000.0
    }
}

/// Sends requests over `connections`, the next one when the last was answered.
///
/// `next` replaces the buffer's content by the next request's bytes; left alone, it is sent again.
pub(crate) fn drive(
    place: &Place,
    connections: usize,
    until: Until,
    mut next: impl FnMut(&mut Vec<u8>),
) -> Result<Done> {
    let mut all = Vec::new();
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for index in 0..connections {
        // One connection alone blocks: no epoll between its request and its answer.
        let stream = place.connect(connections > 1)?;
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
        all.push(Connection { stream, answer: vec![0; 32 << 10], filled: 0, sent: None });
    }
    let mut load = Load { until, begun: Instant::now(), sent: 0, open: 0, latencies: Vec::new() };
    let mut request = Vec::new();
    for connection in &mut all {
        load.send(connection, &mut request, &mut next)?;
    }
    let mut events = Vec::with_capacity(connections);
    let limit = Timespec { tv_sec: 30, tv_nsec: 0 };
    while load.open > 0 {
        if connections == 1 {
            let Some(connection) = all.first_mut() else {
                break;
            };
            load.receive(connection, &mut request, &mut next)?;
            continue;
        }
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&limit))?;
        if events.is_empty() {
            return Err("no answer for 30 s".into());
        }
        for event in events.drain(..) {
            let event: epoll::Event = event;
            let index = event.data.u64() as usize;
            let Some(connection) = all.get_mut(index) else {
                continue;
            };
            load.receive(connection, &mut request, &mut next)?;
        }
    }
    let took = load.begun.elapsed();
    Ok(Done { count: load.latencies.len() as u64, took, latencies: load.latencies })
}

struct Connection {
    stream: Box<dyn Stream>,
    answer: Vec<u8>,
    filled: usize,
    sent: Option<Instant>,
}

struct Load {
    until: Until,
    begun: Instant,
    sent: u64,
    open: usize,
    latencies: Vec<f64>,
}

impl Load {
    fn send(
        &mut self,
        connection: &mut Connection,
        request: &mut Vec<u8>,
        next: &mut impl FnMut(&mut Vec<u8>),
    ) -> Result<()> {
        let now = Instant::now();
        let over = match self.until {
            Until::Count(count) => self.sent >= count,
            Until::Time(time) => now - self.begun >= time,
        };
        if over {
            return Ok(());
        }
        next(request);
        // A request is far smaller than a socket's buffer, and the last one was answered.
        connection.stream.write_all(request)?;
        connection.sent = Some(now);
        self.sent += 1;
        self.open += 1;
        Ok(())
    }

    fn receive(
        &mut self,
        connection: &mut Connection,
        request: &mut Vec<u8>,
        next: &mut impl FnMut(&mut Vec<u8>),
    ) -> Result<()> {
        let room = connection.answer.get_mut(connection.filled..).unwrap_or_default();
        match connection.stream.read(room) {
            Ok(0) => return Err("the station closed a connection".into()),
            Ok(read) => connection.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let answer = connection.answer.get(..connection.filled).unwrap_or_default();
        let Some(whole) = length(answer) else {
            return Ok(());
        };
        if whole > connection.answer.len() {
            connection.answer.resize(whole, 0);
        }
        if connection.filled < whole {
            return Ok(());
        }
        let answer = connection.answer.get(..connection.filled).unwrap_or_default();
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(format!("refused: {}", String::from_utf8_lossy(answer)).into());
        }
        connection.filled = 0;
        self.open -= 1;
        if let Some(sent) = connection.sent.take() {
            self.latencies.push(sent.elapsed().as_secs_f64() * 1e6);
        }
        self.send(connection, request, next)
    }
}

/// The length of head and body, once the head is there.
fn length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let lines = answer.get(..head)?.split(|byte| *byte == b'\n');
    let field = b"content-length:";
    let value = lines
        .filter_map(|line| line.split_at_checked(field.len()))
        .find(|(name, _)| name.eq_ignore_ascii_case(field))
        .and_then(|(_, value)| std::str::from_utf8(value).ok()?.trim().parse::<usize>().ok());
    Some(head + 4 + value.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn an_answer_is_whole_with_its_body() {
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), Some(41));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"), None);
    }
}
