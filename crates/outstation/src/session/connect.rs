//! Connections: TCP from the address that firewalls know, with or without TLS, within t0.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use station_core::model::{Micros, OutstationTls};
use station_wire::iec104::{PORT, TLS_PORT};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls;

/// How a connection to one address of an outstation is made.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    /// As it was written.
    pub(super) endpoint: String,
    pub(super) bind: Option<IpAddr>,
    pub(super) tls: Option<OutstationTls>,
    /// t0.
    pub(super) limit: Duration,
}

/// A connection that stands, or stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Unique among all connections there ever were.
    pub id: String,
    /// Where it was made to, as the outstation's settings say.
    pub endpoint: String,
    /// Our address, of the very socket.
    pub local: SocketAddr,
    /// The outstation's, of the very socket.
    pub peer: SocketAddr,
    /// `version cipher sha256-of-its-certificate`, under TLS.
    pub tls: Option<String>,
    /// Since when.
    pub since: Micros,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) why: String,
    /// Somebody answered and is not to be trusted, or does not trust us.
    pub(super) security: bool,
}

impl Failure {
    const fn plain(why: String) -> Self {
        Self { why, security: false }
    }
}

/// The octets of a connection.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Makes a connection.
///
/// # Errors
///
/// Nobody answers within t0, or not as they should.
pub(super) async fn connect(dial: Dial, id: String) -> Result<(Stream, Connection), Failure> {
    let limit = dial.limit;
    match tokio::time::timeout(limit, reach(&dial, id)).await {
        Ok(reached) => reached,
        Err(_) => Err(Failure::plain(format!(
            "no connection to {} was made within t0, {} s",
            dial.endpoint,
            limit.as_secs_f64()
        ))),
    }
}

async fn reach(dial: &Dial, id: String) -> Result<(Stream, Connection), Failure> {
    let endpoint = &dial.endpoint;
    let (host, port) = split(endpoint, dial.tls.is_some()).map_err(Failure::plain)?;
    let stream = tcp(dial, host, port).await.map_err(Failure::plain)?;
    let sockets =
        stream.set_nodelay(true).and_then(|()| Ok((stream.local_addr()?, stream.peer_addr()?)));
    let (local, peer) = sockets.map_err(|error| {
        Failure::plain(format!("the connection to {endpoint} was lost: {error}"))
    })?;
    let (stream, tls) = match &dial.tls {
        None => (Stream::Plain(stream), None),
        Some(settings) => {
            let (stream, tls) = shake_hands(stream, settings, host, endpoint).await?;
            (Stream::Tls(stream), Some(tls))
        }
    };
    let since = jiff::Timestamp::now().into();
    Ok((stream, Connection { id, endpoint: endpoint.clone(), local, peer, tls, since }))
}

async fn tcp(dial: &Dial, host: &str, port: u16) -> Result<TcpStream, String> {
    let endpoint = &dial.endpoint;
    let addresses = lookup_host((host, port))
        .await
        .map_err(|error| format!("the address of {host} cannot be found: {error}"))?;
    let mut why = format!("{host} has no address of the kind that `bind` has");
    for address in addresses {
        if dial.bind.is_some_and(|bind| bind.is_ipv4() != address.is_ipv4()) {
            continue;
        }
        match from(dial.bind, address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = format!("{endpoint} cannot be reached: {error}"),
        }
    }
    Err(why)
}

async fn from(bind: Option<IpAddr>, address: SocketAddr) -> Result<TcpStream, String> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| error.to_string())?;
    if let Some(bind) = bind {
        socket
            .bind(SocketAddr::new(bind, 0))
            .map_err(|error| format!("connections cannot come from {bind}: {error}"))?;
    }
    socket.connect(address).await.map_err(|error| error.to_string())
}

async fn shake_hands(
    stream: TcpStream,
    settings: &OutstationTls,
    host: &str,
    endpoint: &str,
) -> Result<(Box<TlsStream<TcpStream>>, String), Failure> {
    let name = tls::server_name(settings, host).map_err(Failure::plain)?;
    let files = settings.clone();
    let config = tokio::task::spawn_blocking(move || tls::client(&files))
        .await
        .map_err(|error| Failure::plain(format!("the files of TLS were not read: {error}")))?
        .map_err(Failure::plain)?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        match tls::complaint(&error, settings, endpoint) {
            Some(why) => Failure { why, security: true },
            // Whoever refuses a certificate may just hang up.
            None => Failure {
                why: format!("{endpoint} ended the handshake of TLS: {error}"),
                security: true,
            },
        }
    })?;
    let about = tls::describe(stream.get_ref().1);
    Ok((Box::new(stream), about))
}

/// The host and the port of an address as `host:port`, `[2001:db8::1]:port`, or a host alone, whose port
/// is then the protocol's.
pub(super) fn split(endpoint: &str, tls: bool) -> Result<(&str, u16), String> {
    // It stands in sentences and records.
    if endpoint.len() > 300 || !endpoint.bytes().all(|byte| byte.is_ascii_graphic()) {
        let shown = station_core::near::shown(endpoint);
        return Err(format!("{shown} is no address: it should be as host:{PORT}"));
    }
    let standard = if tls { TLS_PORT } else { PORT };
    if endpoint.parse::<IpAddr>().is_ok() {
        return Ok((endpoint, standard));
    }
    let (host, port) = match endpoint.rsplit_once(':') {
        Some((host, port)) if !endpoint.ends_with(']') => (host, Some(port)),
        _ => (endpoint, None),
    };
    let port = match port.map(str::parse) {
        None => standard,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => return Err(format!("{endpoint} has no port: it should be as host:{standard}")),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err(format!("{endpoint} has no host: it should be as host:{standard}"));
    }
    Ok((host, port))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_split_into_host_and_port() {
        assert_eq!(split("rtu.example:2405", false), Ok(("rtu.example", 2405)));
        assert_eq!(split("rtu.example", false), Ok(("rtu.example", 2404)));
        assert_eq!(split("10.0.0.7", true), Ok(("10.0.0.7", 19998)));
        assert_eq!(split("[2001:db8::1]:2404", false), Ok(("2001:db8::1", 2404)));
        assert_eq!(split("2001:db8::1", false), Ok(("2001:db8::1", 2404)));
        assert_eq!(split("[2001:db8::1]", false), Ok(("2001:db8::1", 2404)));
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for endpoint in [":2404", "rtu:", "rtu:0", "rtu:70000", "", "rtu\u{1b}[2J:2404"] {
            assert!(split(endpoint, false).is_err(), "{endpoint:?}");
        }
    }
}
