//! Reads and writes the DNS messages of service discovery (RFC 1035, RFC 6762, RFC 6763).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The type numbers that matter here (RFC 1035, 3.2.2; RFC 2782; RFC 3596).
const A: u16 = 1;
const PTR: u16 = 12;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
/// The class of the Internet; with the top bit: an answer to us alone is welcome (RFC 6762, 5.4).
const IN_UNICAST: u16 = 0x8001;
/// A name has at most so many labels: its 255 bytes hold no more (RFC 1035, 2.3.4).
const MOST_LABELS: usize = 128;
/// More records than this are not looked at.
const MOST_RECORDS: usize = 512;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// The name is a service, and this an instance of it.
    Instance(String),
    /// The instance is at this host and port.
    Service {
        /// The host's name.
        host: String,
        /// The TCP port.
        port: u16,
    },
    /// The host's address.
    Address(IpAddr),
    /// Facts about the instance: keys in lower case, and values.
    Facts(Vec<(String, String)>),
}

/// A record: a name, in lower case but for instances, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Whom it is about.
    pub(super) name: String,
    /// What it says.
    pub(super) data: Data,
}

/// A question for the instances of services, such as `_lxi._tcp.local`.
pub(super) fn query(services: &[&str]) -> Vec<u8> {
    let count = u16::try_from(services.len()).unwrap_or(u16::MAX);
    let mut message = Vec::with_capacity(256);
    for field in [0, 0, count, 0, 0, 0_u16] {
        message.extend_from_slice(&field.to_be_bytes());
    }
    for service in services {
        for label in service.split('.') {
            // Our own names are short.
            message.push(u8::try_from(label.len()).unwrap_or(0));
            message.extend_from_slice(label.as_bytes());
        }
        message.push(0);
        message.extend_from_slice(&PTR.to_be_bytes());
        message.extend_from_slice(&IN_UNICAST.to_be_bytes());
    }
    message
}

/// The records of a message; those behind something that cannot be read are left out.
pub(super) fn records(message: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut reader = Reader { message, at: 4 };
    let Some(counts) = reader.counts() else { return records };
    let [questions, answers, authorities, additional] = counts;
    for _ in 0..questions {
        if reader.name().is_none() || reader.skip(4).is_none() {
            return records;
        }
    }
    let total = usize::from(answers) + usize::from(authorities) + usize::from(additional);
    for _ in 0..total.min(MOST_RECORDS) {
        match reader.record() {
            None => return records,
            Some(record) => records.extend(record),
        }
    }
    records
}

/// Reads a message from a place on.
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn counts(&mut self) -> Option<[u16; 4]> {
        Some([self.u16()?, self.u16()?, self.u16()?, self.u16()?])
    }

    /// The next record; `Some(None)` when it is one that does not matter here.
    fn record(&mut self) -> Option<Option<Record>> {
        let name = self.name()?;
        let kind = self.u16()?;
        // Class and time to live.
        self.skip(6)?;
        let length = usize::from(self.u16()?);
        let end = self.at.checked_add(length)?;
        let data = self.message.get(self.at..end)?;
        let read = match kind {
            PTR => self.name().map(Data::Instance),
            SRV => self.service(),
            A => <[u8; 4]>::try_from(data).ok().map(|of| Data::Address(Ipv4Addr::from(of).into())),
            AAAA => {
                <[u8; 16]>::try_from(data).ok().map(|of| Data::Address(Ipv6Addr::from(of).into()))
            }
            TXT => Some(Data::Facts(facts(data))),
            _ => None,
        };
        self.at = end;
        Some(read.map(|data| Record { name: name.to_ascii_lowercase(), data }))
    }

    fn service(&mut self) -> Option<Data> {
        // Priority and weight.
        self.skip(4)?;
        let port = self.u16()?;
        Some(Data::Service { host: self.name()?.to_ascii_lowercase(), port })
    }

    /// A name, following its pointers back (RFC 1035, 4.1.4), each of which must lead further back.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let (mut at, mut behind, mut floor) = (self.at, None, self.at);
        for _ in 0..MOST_LABELS {
            let length = *self.message.get(at)?;
            match length & 0xC0 {
                0 if length == 0 => {
                    self.at = behind.unwrap_or(at.checked_add(1)?);
                    return Some(name);
                }
                0 => {
                    let start = at.checked_add(1)?;
                    at = start.checked_add(usize::from(length))?;
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(&String::from_utf8_lossy(self.message.get(start..at)?));
                }
                0xC0 => {
                    let low = *self.message.get(at.checked_add(1)?)?;
                    let to = usize::from(u16::from_be_bytes([length & 0x3F, low]));
                    behind.get_or_insert(at.checked_add(2)?);
                    if to >= floor {
                        return None;
                    }
                    (at, floor) = (to, to);
                }
                _ => return None,
            }
        }
        None
    }

    fn u16(&mut self) -> Option<u16> {
        let end = self.at.checked_add(2)?;
        let bytes = <[u8; 2]>::try_from(self.message.get(self.at..end)?).ok()?;
        self.at = end;
        Some(u16::from_be_bytes(bytes))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= self.message.len()).then_some(())
    }
}

/// The strings of a TXT record: `key=value` each (RFC 6763, 6).
fn facts(mut data: &[u8]) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let Some((text, rest)) = rest.split_at_checked(usize::from(*length)) else { break };
        let text = String::from_utf8_lossy(text);
        if let Some((key, value)) = text.split_once('=') {
            facts.push((key.to_ascii_lowercase(), value.to_owned()));
        }
        data = rest;
    }
    facts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(message: &mut Vec<u8>, labels: &[&str]) {
        for label in labels {
            message.push(u8::try_from(label.len()).unwrap());
            message.extend_from_slice(label.as_bytes());
        }
    }

    fn record(message: &mut Vec<u8>, kind: u16, data: &[u8]) {
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&1_u16.to_be_bytes());
        message.extend_from_slice(&120_u32.to_be_bytes());
        message.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend_from_slice(data);
    }

    /// An answer as instruments send it, with names that point back.
    fn answer() -> Vec<u8> {
        let mut message = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 3];
        label(&mut message, &["_scpi-raw", "_tcp", "local"]);
        message.push(0);
        let mut instance = Vec::new();
        label(&mut instance, &["ACME PSU"]);
        instance.extend_from_slice(&[0xC0, 12]);
        record(&mut message, PTR, &instance);
        let at = u16::try_from(message.len()).unwrap();
        message.extend_from_slice(&instance);
        let mut service = vec![0, 0, 0, 0];
        service.extend_from_slice(&5025_u16.to_be_bytes());
        label(&mut service, &["psu-7", "local"]);
        service.push(0);
        record(&mut message, SRV, &service);
        message.extend_from_slice(&(0xC000 | at).to_be_bytes());
        record(&mut message, TXT, b"\x11Manufacturer=ACME\x0aModel=PS-1\x05bogus");
        label(&mut message, &["PSU-7", "local"]);
        message.push(0);
        record(&mut message, A, &[192, 0, 2, 7]);
        message
    }

    #[test]
    fn an_answer_is_read() {
        let instance = "acme psu._scpi-raw._tcp.local";
        let wanted = [
            ("_scpi-raw._tcp.local", Data::Instance("ACME PSU._scpi-raw._tcp.local".to_owned())),
            (instance, Data::Service { host: "psu-7.local".to_owned(), port: 5025 }),
            (
                instance,
                Data::Facts(vec![
                    ("manufacturer".to_owned(), "ACME".to_owned()),
                    ("model".to_owned(), "PS-1".to_owned()),
                ]),
            ),
            ("psu-7.local", Data::Address(Ipv4Addr::new(192, 0, 2, 7).into())),
        ];
        let wanted: Vec<Record> =
            wanted.map(|(name, data)| Record { name: name.to_owned(), data }).into();
        assert_eq!(records(&answer()), wanted);
    }

    #[test]
    fn a_question_has_a_header_and_its_names() {
        let message = query(&["_lxi._tcp.local", "_hislip._tcp.local"]);
        assert_eq!(&message[..12], &[0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&message[12..17], b"\x04_lxi");
        assert_eq!(records(&message), []);
    }

    #[test]
    fn a_name_that_points_at_itself_is_no_name() {
        let mut message = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xC0, 12];
        record(&mut message, PTR, &[0xC0, 12]);
        assert_eq!(records(&message), []);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            records(&bytes);
        }

        #[test]
        fn nor_does_an_answer_with_changed_bytes(
            changes in proptest::collection::vec((0_usize..200, any::<u8>()), 0..8),
            cut in 0_usize..200,
        ) {
            let mut message = answer();
            for (at, byte) in changes {
                if let Some(place) = message.get_mut(at) {
                    *place = byte;
                }
            }
            message.truncate(message.len().saturating_sub(cut));
            records(&message);
        }
    }
}
