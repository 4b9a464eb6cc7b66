//! Finds instruments on the network that announce themselves (LXI; DNS-SD over multicast DNS).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::{Error, ErrorKind};

mod dns;

use dns::{Data, Record};

/// Where multicast DNS is spoken (RFC 6762, 3).
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);
/// What instruments announce, and how each is named in a resource string.
const SERVICES: [&str; 4] =
    ["_scpi-raw._tcp.local", "_hislip._tcp.local", "_vxi-11._tcp.local", "_lxi._tcp.local"];
/// The largest message (RFC 6762, 17).
const LARGEST: usize = 9000;
/// More messages than this are not read.
const MOST_MESSAGES: usize = 1000;

/// An instrument that announced itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Announced {
    /// Where it can be reached: a VISA resource string; `None` when it told of its web page alone.
    pub resource: Option<String>,
    /// What it calls itself on the network.
    pub name: String,
    /// Its maker, as far as it told.
    pub manufacturer: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its firmware's version.
    pub firmware: Option<String>,
}

/// Asks once and gathers what answers within a span.
///
/// # Errors
/// When there is no network that the question could be sent to.
pub async fn discover(span: Duration) -> Result<Vec<Announced>, Error> {
    let until = Instant::now() + span;
    let failed = |what: &str, error: std::io::Error| {
        let message = format!("instruments cannot be looked for: {what}: {error}");
        Error::new(ErrorKind::Local, message)
    };
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0));
    let socket = socket.await.map_err(|error| failed("no socket", error))?;
    let sent = socket.send_to(&dns::query(&SERVICES), GROUP).await;
    sent.map_err(|error| failed("the question cannot be sent", error))?;
    let (mut records, mut buffer) = (Vec::new(), vec![0; LARGEST]);
    for _ in 0..MOST_MESSAGES {
        let Ok(received) = timeout_at(until, socket.recv(&mut buffer)).await else { break };
        let length = received.map_err(|error| failed("answers cannot be received", error))?;
        records.extend(dns::records(buffer.get(..length).unwrap_or_default()));
    }
    Ok(announced(&records))
}

/// What the records say of instruments, each way to one once.
fn announced(records: &[Record]) -> Vec<Announced> {
    let mut instances: BTreeSet<(&str, String, &str)> = BTreeSet::new();
    let mut services: BTreeMap<&str, (&str, u16)> = BTreeMap::new();
    let mut facts: BTreeMap<&str, &[(String, String)]> = BTreeMap::new();
    let mut addresses: BTreeMap<&str, IpAddr> = BTreeMap::new();
    for Record { name, data } in records {
        match data {
            Data::Instance(instance) => {
                let service = SERVICES.into_iter().find(|service| service == name);
                let key = instance.to_ascii_lowercase();
                instances.extend(service.map(|service| (service, key, instance.as_str())));
            }
            Data::Service { host, port } => {
                services.insert(name, (host, *port));
            }
            Data::Facts(told) => {
                facts.insert(name, told);
            }
            Data::Address(address) => {
                let known = addresses.entry(name).or_insert(*address);
                // An address of the older kind needs no scope to be used.
                if address.is_ipv4() {
                    *known = *address;
                }
            }
        }
    }
    let mut found: Vec<Announced> = instances
        .into_iter()
        .map(|(service, key, instance)| {
            let told = facts.get(key.as_str()).copied().unwrap_or_default();
            let fact = |name: &str| {
                let found = told.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
            };
            let place = services.get(key.as_str()).map(|(host, port)| {
                let known = addresses.get(host).map(ToString::to_string);
                (known.unwrap_or_else(|| (*host).to_owned()), *port)
            });
            let bare = instance.len().saturating_sub(service.len().saturating_add(1));
            Announced {
                resource: place.and_then(|(host, port)| resource(service, &host, port)),
                name: instance.get(..bare).unwrap_or(instance).to_owned(),
                manufacturer: fact("manufacturer"),
                model: fact("model"),
                serial: fact("serialnumber"),
                firmware: fact("firmwareversion"),
            }
        })
        .collect();
    let reachable: BTreeSet<String> =
        found.iter().filter(|one| one.resource.is_some()).map(|one| one.name.clone()).collect();
    // Its web page says nothing new of an instrument that told how to speak to it.
    found.retain(|one| one.resource.is_some() || !reachable.contains(&one.name));
    found.sort();
    found.dedup();
    found
}

/// How an instance of a service is reached.
fn resource(service: &str, host: &str, port: u16) -> Option<String> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    match service {
        "_scpi-raw._tcp.local" => Some(format!("TCPIP0::{host}::{port}::SOCKET")),
        "_hislip._tcp.local" if port == 4880 => Some(format!("TCPIP0::{host}::hislip0::INSTR")),
        "_hislip._tcp.local" => Some(format!("TCPIP0::{host}::hislip0,{port}::INSTR")),
        "_vxi-11._tcp.local" => Some(format!("TCPIP0::{host}::inst0::INSTR")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, data: Data) -> Record {
        Record { name: name.to_owned(), data }
    }

    #[test]
    fn each_way_to_an_instrument_is_told_once() {
        let mut records = Vec::new();
        for (service, port) in [(SERVICES[0], 5025), (SERVICES[1], 4880), (SERVICES[3], 80)] {
            let instance = format!("ACME PS-1.{service}");
            let key = instance.to_ascii_lowercase();
            records.push(record(service, Data::Instance(instance.clone())));
            records.push(record(service, Data::Instance(instance)));
            records.push(record(&key, Data::Service { host: "psu.local".to_owned(), port }));
            let facts = [("manufacturer", "ACME"), ("model", "PS-1"), ("serialnumber", "7")];
            let facts = facts.map(|(key, value)| (key.to_owned(), value.to_owned()));
            records.push(record(&key, Data::Facts(facts.into())));
        }
        records.push(record("psu.local", Data::Address("fe80::1".parse().unwrap())));
        records.push(record("psu.local", Data::Address("192.0.2.7".parse().unwrap())));
        let found = announced(&records);
        let resources: Vec<_> = found.iter().map(|one| one.resource.as_deref().unwrap()).collect();
        assert_eq!(
            resources,
            ["TCPIP0::192.0.2.7::5025::SOCKET", "TCPIP0::192.0.2.7::hislip0::INSTR"]
        );
        assert!(found.iter().all(|one| one.name == "ACME PS-1"));
        assert_eq!(found[0].serial.as_deref(), Some("7"));
    }

    #[test]
    fn one_that_shows_a_web_page_alone_is_told_without_a_resource() {
        let instance = format!("Meter.{}", SERVICES[3]);
        let records = [record(SERVICES[3], Data::Instance(instance))];
        let found = announced(&records);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), &found[0].resource), ("Meter", &None));
    }

    #[test]
    fn another_service_is_nothing_to_us() {
        let name = "_ipp._tcp.local";
        assert_eq!(announced(&[record(name, Data::Instance(format!("P.{name}")))]), []);
    }
}
