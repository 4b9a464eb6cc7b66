//! A line to a receiver: messages go out, its end comes back, and what it acknowledges is counted.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::client::TlsStream;

use super::target::{Syslog, Target, Transport};
use super::tls;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a receiver may take to acknowledge what was sent.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest time between two looks at what is acknowledged.
const LOOK: Duration = Duration::from_millis(200);

/// How long a receiver may take to close a connection that has ended.
const GOODBYE: Duration = Duration::from_secs(1);

/// How many datagrams are sent at once, and the pause behind them: a receiver's buffer is small.
const BURST: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// A connection, or what UDP has instead.
pub(super) struct Line {
    target: Target,
    pipe: Pipe,
}

enum Pipe {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// A sentence that names the receiver.
    pub(super) async fn connect(to: &Syslog) -> Result<Self, String> {
        let connected = timeout(CONNECT, Self::dial(to)).await;
        let seconds = CONNECT.as_secs();
        connected.unwrap_or_else(|_| {
            Err(format!("the syslog receiver {} does not answer within {seconds} s", to.target))
        })
    }

    async fn dial(to: &Syslog) -> Result<Self, String> {
        let target = to.target.clone();
        let wrong = |error| unreachable(&target, &error);
        let address = (target.host.as_str(), target.port);
        let pipe = match target.transport {
            Transport::Udp => Pipe::Udp(udp(address).await.map_err(wrong)?),
            Transport::Tcp => Pipe::Tcp(tcp(address).await.map_err(wrong)?),
            Transport::Tls => {
                let stream = tcp(address).await.map_err(wrong)?;
                Pipe::Tls(Box::new(tls::wrap(to, stream).await?))
            }
        };
        Ok(Self { target, pipe })
    }

    /// Sends messages, and waits until the receiver's system has acknowledged them; over UDP nobody does.
    ///
    /// # Errors
    /// A sentence; how many of them were received is not known then.
    pub(super) async fn send(&mut self, messages: &[String]) -> Result<(), String> {
        let sent = timeout(PATIENCE, self.pipe.write(messages)).await;
        let sent = sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        sent.map_err(|error| self.lost(&error))?;
        self.acknowledged().await
    }

    async fn acknowledged(&mut self) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(1);
        loop {
            let owed = self.pipe.owed();
            if owed.map_err(|error| self.lost(&error))? == 0 {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(self.lost(&io::ErrorKind::TimedOut.into()));
            }
            tokio::select! {
                why = self.ended() => return Err(why),
                () = sleep(pause) => pause = (pause * 2).min(LOOK),
            }
        }
    }

    /// Resolves when the line is dead: why, as a sentence. What the receiver says is passed over.
    pub(super) async fn ended(&mut self) -> String {
        let mut buffer = [0; 512];
        loop {
            match self.pipe.read(&mut buffer).await {
                Ok(0) => {
                    return format!(
                        "the syslog receiver {} has closed the connection",
                        self.target
                    );
                }
                Ok(_) => {}
                Err(error) => return self.lost(&error),
            }
        }
    }

    /// Ends the connection, and tells whether the receiver has read all of it, and closed its side
    /// too; over UDP nobody can tell.
    pub(super) async fn close(mut self) -> bool {
        if matches!(self.pipe, Pipe::Udp(_)) {
            return true;
        }
        let closing = async {
            self.pipe.shut().await?;
            let mut buffer = [0; 512];
            while self.pipe.read(&mut buffer).await? > 0 {}
            io::Result::Ok(())
        };
        match timeout(GOODBYE, closing).await {
            Ok(Ok(())) => true,
            // Many leave out how TLS says goodbye.
            Ok(Err(error)) => error.kind() == io::ErrorKind::UnexpectedEof,
            Err(_) => false,
        }
    }

    fn lost(&self, error: &io::Error) -> String {
        format!("the connection to the syslog receiver {} is lost: {error}", self.target)
    }
}

impl Pipe {
    async fn write(&mut self, messages: &[String]) -> io::Result<()> {
        match self {
            Self::Udp(socket) => {
                for burst in messages.chunks(BURST) {
                    for message in burst {
                        socket.send(message.as_bytes()).await?;
                    }
                    sleep(PAUSE).await;
                }
                Ok(())
            }
            Self::Tcp(stream) => stream.write_all(counted(messages).as_bytes()).await,
            Self::Tls(stream) => {
                stream.write_all(counted(messages).as_bytes()).await?;
                stream.flush().await
            }
        }
    }

    /// How many octets have not been acknowledged.
    fn owed(&self) -> io::Result<usize> {
        let stream = match self {
            Self::Udp(socket) => return socket.take_error()?.map_or(Ok(0), Err),
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        // A connection that was reset owes nothing any more: the error has to be asked for as well.
        let owed = queued(stream)?;
        stream.take_error()?.map_or(Ok(owed), Err)
    }

    /// Over UDP it is the answers that nobody listens there which are read.
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Udp(socket) => socket.recv(buffer).await.map(|length| length.max(1)),
            Self::Tcp(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
        }
    }

    async fn shut(&mut self) -> io::Result<()> {
        match self {
            Self::Udp(_) => Ok(()),
            Self::Tcp(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
        }
    }
}

/// Messages one after the other, each behind the number of its octets.
fn counted(messages: &[String]) -> String {
    messages.iter().map(|message| format!("{} {message}", message.len())).collect()
}

async fn tcp(address: (&str, u16)) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn udp(address: (&str, u16)) -> io::Result<UdpSocket> {
    let mut found = lookup_host(address).await?;
    let to = found.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(to).await?;
    Ok(socket)
}

fn unreachable(target: &Target, error: &io::Error) -> String {
    format!("the syslog receiver {target} cannot be reached: {error}")
}

/// How many octets the peer's system has not acknowledged.
#[expect(unsafe_code, reason = "SIOCOUTQ has no safe wrapper; it writes one integer")]
fn queued(stream: &TcpStream) -> io::Result<usize> {
    let mut octets: libc::c_int = 0;
    // SAFETY: the descriptor is open as long as the stream lives, and the kernel writes an int.
    let done = unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ, &raw mut octets) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(octets).unwrap_or(0))
}
