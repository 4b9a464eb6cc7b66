//! Reads server-sent events.

use std::io::{self, BufRead, Read};

use super::Event;

/// The longest event; the station cuts output into far smaller pieces.
const MAX_EVENT: u64 = 64 * 1024 * 1024;

/// Reads the next event; `None` at the end of the stream. Comments are passed over.
pub(crate) fn read_event(reader: &mut impl BufRead) -> io::Result<Option<Event>> {
    let mut name = String::new();
    let mut data: Vec<u8> = Vec::new();
    let mut line = Vec::new();
    let mut budget = MAX_EVENT;
    loop {
        line.clear();
        let read = reader.by_ref().take(budget).read_until(b'\n', &mut line)?;
        if read == 0 && budget > 0 {
            return Ok(None);
        }
        budget = budget.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        if line.last() != Some(&b'\n') && budget == 0 {
            return Err(bad("an event is longer than 64 MiB"));
        }
        let text = line.trim_ascii_end();
        if text.is_empty() {
            if !data.is_empty() {
                return parse(name, &data).map(Some);
            }
            name.clear();
            budget = MAX_EVENT;
        } else if let Some(value) = field(text, b"data:") {
            if !data.is_empty() {
                data.push(b'\n');
            }
            data.extend_from_slice(value);
        } else if let Some(value) = field(text, b"event:") {
            name = String::from_utf8_lossy(value).into_owned();
        }
    }
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

fn parse(name: String, data: &[u8]) -> io::Result<Event> {
    let data = serde_json::from_slice(data).map_err(|_| bad("an event is not JSON"))?;
    Ok(Event { name, data })
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read_event;

    #[test]
    fn events_are_read_one_by_one() {
        let mut text: &[u8] = b": hello\n\nevent: output\ndata: {\"text\":\"a\\n\"}\n\n\
            event:end\r\ndata:{\ndata: \"x\":1}\r\n\r\nevent: cut\ndata: {}";
        let first = read_event(&mut text).unwrap().unwrap();
        assert_eq!(first.name, "output");
        assert_eq!(first.data["text"], "a\n");
        let second = read_event(&mut text).unwrap().unwrap();
        assert_eq!(second.name, "end");
        assert_eq!(second.data["x"], 1);
        assert_eq!(read_event(&mut text).unwrap(), None);
        assert!(read_event(&mut &b"data: nonsense\n\n"[..]).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = &bytes[..];
            while let Ok(Some(_)) = read_event(&mut reader) {}
        }
    }
}
