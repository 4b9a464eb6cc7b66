//! Reads `Host` and `Origin`, and tells whether two of them are the same.

use std::net::{IpAddr, Ipv6Addr};

/// A host, by name or by address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name, in small letters and without a final dot.
    Name(String),
    /// An address.
    Ip(IpAddr),
}

impl Host {
    /// Reads `station.lab`, `127.0.0.1` or `[::1]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(inside) = text.strip_prefix('[') {
            let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Ip(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Ip(IpAddr::V4(address)));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let good = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        good.then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

/// A host with the port after it, if one is named.
pub(super) fn parse_authority(text: &str) -> Option<(Host, Option<u16>)> {
    // The last colon is the port's, unless it stands inside an IPv6 address.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            if !digits {
                return None;
            }
            (host, Some(port.parse().ok()?))
        }
        _ => (text, None),
    };
    Some((Host::parse(host)?, port))
}

/// Where a web page comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Over TLS.
    pub(super) tls: bool,
    /// From this host.
    pub(super) host: Host,
    /// And this port.
    pub(super) port: u16,
}

impl Origin {
    /// Reads `https://station.lab:8470`; `None` for `null` and for what is not of the web.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let tls = if scheme.eq_ignore_ascii_case("https") {
            true
        } else if scheme.eq_ignore_ascii_case("http") {
            false
        } else {
            return None;
        };
        let (host, port) = parse_authority(rest)?;
        Some(Self { tls, host, port: port.unwrap_or(default_port(tls)) })
    }
}

/// The port of a URL that names none.
pub(super) fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_taken_apart() {
        let name = |text: &str| Host::Name(text.to_owned());
        let ip = |text: &str| Host::Ip(text.parse().unwrap());
        for (text, expected) in [
            ("localhost", Some((name("localhost"), None))),
            ("LocalHost.:8470", Some((name("localhost"), Some(8470)))),
            ("127.0.0.1:80", Some((ip("127.0.0.1"), Some(80)))),
            ("[::1]:80", Some((ip("::1"), Some(80)))),
            ("[::1]", Some((ip("::1"), None))),
            ("[::ffff:127.0.0.1]", Some((ip("127.0.0.1"), None))),
            ("", None),
            (":80", None),
            ("a:", None),
            ("a:+80", None),
            ("a:99999", None),
            ("::1", None),
            ("u@h", None),
            ("a b", None),
            ("a/b", None),
            ("[::1", None),
            ("[::1]x:80", None),
            ("a,b", None),
        ] {
            assert_eq!(parse_authority(text), expected, "{text}");
        }
    }

    #[test]
    fn origins_have_their_default_ports() {
        let same = |a, b| assert_eq!(Origin::parse(a).unwrap(), Origin::parse(b).unwrap());
        same("http://a", "HTTP://A:80");
        same("https://a", "https://a:443");
        for (a, b) in
            [("http://a", "https://a"), ("http://a", "http://a:81"), ("http://a", "http://b")]
        {
            assert_ne!(Origin::parse(a), Origin::parse(b));
        }
        for bad in ["null", "", "file://", "chrome-extension://abc", "http://a/b", "http://a, b"] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }
}
