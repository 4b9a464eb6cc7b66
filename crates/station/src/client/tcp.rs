//! Reaches a station over TCP, as STATION_URL says, with a bearer token.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::ClientError;
use super::connection::{PATIENCE, Peer};
use super::reconnecting::Reconnecting;

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a station's TCP listener.
pub type TcpTransport = Reconnecting<TcpStream>;

impl TcpTransport {
    /// Connects to `url`, such as `http://127.0.0.1:8470`.
    pub fn connect(url: &str, token: Option<String>) -> Result<Self, ClientError> {
        let (address, prefix) = parse_url(url)?;
        if token.as_deref().is_some_and(|t| !t.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(ClientError::Place(
                "STATION_TOKEN holds characters that a token cannot have".to_owned(),
            ));
        }
        let stream = connect(&address)?;
        let peer = Peer { host: address.clone(), prefix, token };
        Ok(Self::new(peer, stream, Box::new(move || connect(&address))))
    }
}

fn connect(address: &str) -> Result<TcpStream, ClientError> {
    let failed = |source| ClientError::Connect { place: address.to_owned(), source };
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for candidate in address.to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&candidate, CONNECT_PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(failed)?;
                stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
                return Ok(stream);
            }
            Err(e) => last = e,
        }
    }
    Err(failed(last))
}

/// Takes a URL apart into `host:port` and what stands before every path.
fn parse_url(url: &str) -> Result<(String, String), ClientError> {
    let wrong = || {
        ClientError::Place(format!(
            "STATION_URL is '{}': it should read http://HOST:PORT",
            url.escape_debug()
        ))
    };
    if url.starts_with("https://") {
        return Err(ClientError::Unsupported(
            "https is not in this version: let STATION_URL begin with http:// (through an SSH tunnel, for example)"
                .to_owned(),
        ));
    }
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty()
        || !rest.bytes().all(|b| b.is_ascii_graphic())
        || rest.contains(['@', '?', '#'])
    {
        return Err(wrong());
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { host.to_owned() } else { format!("{host}:80") };
    let path = path.trim_end_matches('/');
    let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
    Ok((address, prefix))
}

#[cfg(test)]
mod tests {
    use super::parse_url;

    #[test]
    fn urls_are_taken_apart() {
        let parsed = |url| parse_url(url).unwrap();
        assert_eq!(parsed("http://h:8470"), ("h:8470".to_owned(), String::new()));
        assert_eq!(parsed("http://h/a/b/"), ("h:80".to_owned(), "/a/b".to_owned()));
        assert_eq!(parsed("http://[::1]:8470/").0, "[::1]:8470");
        for bad in ["h:8470", "http://", "http:///x", "http://h\r\nx: y", "http://u@h", ""] {
            assert!(parse_url(bad).is_err(), "{bad:?}");
        }
        let https = parse_url("https://h").unwrap_err().to_string();
        assert!(https.starts_with("https is not in this version"), "{https}");
    }
}
