//! Reads where the trail is sent to.

use std::fmt;
use std::path::PathBuf;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One datagram each (RFC 5426).
    Udp,
    /// One after the other, each behind the number of its octets (RFC 6587).
    Tcp,
    /// As over TCP, under TLS (RFC 5425).
    Tls,
}

impl Transport {
    const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// Its name in a URL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Udp => 514,
            Self::Tcp => 601,
            Self::Tls => 6514,
        }
    }
}

/// A receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How it is reached.
    pub transport: Transport,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Target {
    /// Reads `udp://host:514`, `tcp://host:601` or `tls://host:6514`; the port may be left out.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence's end.
    pub fn parse(url: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{url}' is none of udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT");
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let transport = Transport::ALL.into_iter().find(|one| one.name() == scheme);
        let transport = transport.ok_or_else(wrong)?;
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
                let port = match port.strip_prefix(':') {
                    None if port.is_empty() => None,
                    None => return Err(wrong()),
                    some @ Some(_) => some,
                };
                (host, port)
            }
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
            None => transport.port(),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(fits) {
            return Err(wrong());
        }
        Ok(Self { transport, host: host.to_owned(), port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transport, host, port } = self;
        let scheme = transport.name();
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

/// Where the trail is sent to, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syslog {
    /// The receiver.
    pub target: Target,
    /// The facility of all messages, 0 to 23.
    pub facility: u8,
    /// Who is trusted to name receivers, under TLS: a file of certificates (PEM).
    pub ca: Option<PathBuf>,
    /// The certificate and the key that the station shows, under TLS.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Syslog {
    /// The facility of audit logs (RFC 5424, 6.2.1).
    pub const AUDIT: u8 = 13;

    /// The largest facility there is.
    pub const LAST_FACILITY: u8 = 23;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_back_with_their_ports() {
        for (text, shown) in [
            ("udp://log", "udp://log:514"),
            ("tcp://log.example:10514", "tcp://log.example:10514"),
            ("tcp://192.0.2.1", "tcp://192.0.2.1:601"),
            ("tls://[::1]", "tls://[::1]:6514"),
            ("tls://[2001:db8::1]:1", "tls://[2001:db8::1]:1"),
        ] {
            assert_eq!(Target::parse(text).unwrap().to_string(), shown);
            assert_eq!(Target::parse(shown), Target::parse(text));
        }
        for bad in [
            "log:514",
            "udp://",
            "http://log",
            "udp://log:0",
            "udp://log:65536",
            "udp://log:",
            "tcp://a/b",
            "tcp://u@a",
            "tcp://::1",
            "tls://[::1",
            "tls://[log]",
            "tls://[::1]6514",
        ] {
            let said = Target::parse(bad).unwrap_err();
            assert!(said.contains(bad) && said.contains("tls://HOST:PORT"), "{said}");
        }
    }
}
