//! What `station serve` is told about TCP, and whether that can be had safely.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use station_core::model::Role;

use super::gate::Settings;
use super::origin::{Host, Origin};

/// How often a peer may ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests a second, in the long run.
    pub per_second: f64,
    /// Requests at once.
    pub burst: f64,
}

impl Rate {
    /// So many a second, and twice as many at once.
    #[must_use]
    pub fn per_second(n: u32) -> Self {
        Self { per_second: f64::from(n), burst: f64::from(n) * 2.0 }
    }
}

/// The files TLS needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those that vouch for it, in PEM.
    pub cert: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Where and how to listen on TCP.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// Where; nowhere when there is none.
    pub addresses: Vec<SocketAddr>,
    /// With TLS.
    pub tls: Option<TlsFiles>,
    /// What this machine's callers without a token may do.
    pub anonymous: Option<Role>,
    /// More names the station is called by.
    pub hosts: Vec<Host>,
    /// Pages that may call it besides its own.
    pub origins: Vec<Origin>,
    /// Plain text over the network is wanted all the same.
    pub insecure_plain_text: bool,
    /// How often a peer may ask.
    pub rate: Option<Rate>,
    /// What anybody may get without a token.
    pub open_paths: &'static [&'static str],
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            tls: None,
            anonymous: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            insecure_plain_text: false,
            rate: Some(Rate::per_second(5_000)),
            open_paths: &[],
        }
    }
}

impl Listen {
    /// Refuses what would let in more than is meant.
    ///
    /// # Errors
    /// A sentence that names the address and the way out.
    pub fn check(&self) -> Result<(), String> {
        let only_with = |option: &str| {
            Err(format!("{option} is for TCP: name an address as well, with --listen ADDR:PORT"))
        };
        if self.addresses.is_empty() {
            if self.anonymous.is_some() {
                return only_with("--allow-anonymous");
            }
            if self.tls.is_some() {
                return only_with("--tls-cert");
            }
            return Ok(());
        }
        let open = self.addresses.iter().find(|at| !at.ip().to_canonical().is_loopback());
        let Some(open) = open else { return Ok(()) };
        if self.anonymous.is_some() {
            return Err(format!(
                "--allow-anonymous is for this machine's own callers, and {open} can be reached \
                 from elsewhere: listen on 127.0.0.1, or leave it out"
            ));
        }
        if self.tls.is_none() && !self.insecure_plain_text {
            return Err(format!(
                "tokens would cross the network to {open} in plain text: give --tls-cert and \
                 --tls-key, or listen on 127.0.0.1 (reached through an SSH tunnel or a proxy), or \
                 insist with --insecure-plain-text"
            ));
        }
        Ok(())
    }

    /// What the gate is told.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let mut hosts = vec![
            Host::Name("localhost".to_owned()),
            Host::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Host::Ip(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        hosts.extend(self.addresses.iter().map(|at| Host::Ip(at.ip().to_canonical())));
        hosts.extend(self.hosts.iter().cloned());
        Settings {
            anonymous: self.anonymous,
            hosts,
            any_address: self.addresses.iter().any(|at| at.ip().is_unspecified()),
            origins: self.origins.clone(),
            tls: self.tls.is_some(),
            rate: self.rate,
            open_paths: self.open_paths,
        }
    }
}

/// Reads `--listen`: an address and a port.
///
/// # Errors
/// A sentence with an example.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let address = match text.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(|port| (Ipv4Addr::LOCALHOST, port).into()),
        None => text.parse().ok(),
    };
    address.ok_or_else(|| {
        format!(
            "'{text}' is not ADDR:PORT, such as 127.0.0.1:8470, [::1]:8470 or, for all addresses, \
             0.0.0.0:8470"
        )
    })
}

/// Reads a role.
///
/// # Errors
/// A sentence that lists them.
pub fn parse_role(text: &str) -> Result<Role, String> {
    Role::ALL
        .into_iter()
        .find(|role| role.name() == text)
        .ok_or_else(|| format!("'{text}' is not a role: viewer, operator or admin"))
}

/// Reads `--allow-anonymous`: a role, but not the highest.
///
/// # Errors
/// A sentence.
pub fn parse_anonymous(text: &str) -> Result<Role, String> {
    match parse_role(text)? {
        Role::Admin => {
            Err("callers without a token cannot be admin: viewer or operator".to_owned())
        }
        role @ (Role::Viewer | Role::Operator) => Ok(role),
    }
}

/// Reads `--allow-host`: a name or an address, without a port.
///
/// # Errors
/// A sentence with an example.
pub fn parse_host(text: &str) -> Result<Host, String> {
    let bare_ipv6 = text.parse::<Ipv6Addr>().ok().map(|ip| Host::Ip(IpAddr::V6(ip).to_canonical()));
    bare_ipv6
        .or_else(|| Host::parse(text))
        .ok_or_else(|| format!("'{text}' is not the name of a host, such as station.lab (no port)"))
}

/// Reads `--allow-origin`.
///
/// # Errors
/// A sentence with an example.
pub fn parse_origin(text: &str) -> Result<Origin, String> {
    Origin::parse(text.strip_suffix('/').unwrap_or(text)).ok_or_else(|| {
        format!("'{text}' is not an origin, such as https://station.lab or http://localhost:3000")
    })
}

/// Reads `--rate-limit`: `5000`, `5000/s`, or `off`.
///
/// # Errors
/// A sentence.
pub fn parse_rate(text: &str) -> Result<Option<Rate>, String> {
    if text == "off" {
        return Ok(None);
    }
    match text.strip_suffix("/s").unwrap_or(text).parse::<u32>() {
        Ok(n) if n > 0 => Ok(Some(Rate::per_second(n))),
        _ => Err(format!("'{text}' is not a number of requests a second, such as 5000/s, or off")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(addresses: &[&str]) -> Listen {
        let addresses = addresses.iter().map(|text| parse_listen(text).unwrap()).collect();
        Listen { addresses, ..Listen::default() }
    }

    #[test]
    fn what_would_be_open_to_others_is_refused() {
        let tls = Some(TlsFiles { cert: "c".into(), key: "k".into() });
        let anonymous = Some(Role::Operator);
        let local = on(&["127.0.0.1:1", "[::1]:1", "localhost:1"]);
        let open = on(&["127.0.0.1:1", "0.0.0.0:1"]);
        for (listen, refusal) in [
            (Listen::default(), None),
            (local.clone(), None),
            (Listen { anonymous, ..local.clone() }, None),
            (open.clone(), Some("plain text")),
            (Listen { insecure_plain_text: true, ..open.clone() }, None),
            (Listen { tls: tls.clone(), ..open.clone() }, None),
            (Listen { tls: tls.clone(), anonymous, ..open.clone() }, Some("0.0.0.0:1 can be")),
            (Listen { anonymous, ..Listen::default() }, Some("--allow-anonymous is for TCP")),
            (Listen { tls, ..Listen::default() }, Some("--tls-cert is for TCP")),
        ] {
            match (listen.check(), refusal) {
                (Ok(()), None) => {}
                (Err(said), Some(part)) => assert!(said.contains(part), "{said}"),
                (got, wanted) => panic!("{got:?} instead of {wanted:?}"),
            }
        }
    }

    #[test]
    fn options_are_read() {
        assert!(parse_listen("127.0.0.1").is_err());
        assert!(parse_listen("station:80").unwrap_err().contains("such as 127.0.0.1:8470"));
        assert_eq!(parse_role("operator"), Ok(Role::Operator));
        assert!(parse_role("root").is_err());
        assert!(parse_anonymous("admin").is_err());
        assert!(parse_host("station.lab:80").is_err());
        assert!(parse_host("::1").is_ok());
        assert!(parse_origin("http://localhost:3000/").is_ok());
        assert!(parse_origin("localhost:3000").is_err());
        assert_eq!(parse_rate("off"), Ok(None));
        assert_eq!(parse_rate("7/s"), Ok(Some(Rate::per_second(7))));
        assert!(parse_rate("0").is_err());
    }
}
