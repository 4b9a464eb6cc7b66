//! Sessions over a link that marks the ends of messages and has a device clear, in memory.
#![cfg(test)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use station_instrument::session::{Session, Settings};
use station_instrument::transport::{Act, Cleared, Transport};
use station_instrument::{Error, ErrorKind};
use station_wire::scpi::StatusByte;

/// What the link was asked to do, and what it will receive: pieces, each with or without END.
#[derive(Default)]
struct Wire {
    sent: Vec<String>,
    clears: usize,
    clear_fails: bool,
    coming: VecDeque<(&'static [u8], bool)>,
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Wire>>);

impl Memory {
    fn session(&self) -> Session {
        let settings = Settings {
            identity_query: Some("*IDN?".to_owned()),
            max_block: 100,
            ..Settings::default()
        };
        Session::over(Box::new(self.clone()), settings)
    }

    fn coming(&self, pieces: impl IntoIterator<Item = (&'static [u8], bool)>) {
        self.0.lock().unwrap().coming.extend(pieces);
    }
}

impl Transport for Memory {
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()> {
        self.0.lock().unwrap().sent.push(String::from_utf8_lossy(message).into_owned());
        Box::pin(std::future::ready(Ok(())))
    }

    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool> {
        Box::pin(async move {
            let next = self.0.lock().unwrap().coming.pop_front();
            match next {
                Some((piece, end)) => {
                    reply.extend_from_slice(piece);
                    Ok(end)
                }
                None => std::future::pending().await,
            }
        })
    }

    fn clear(&mut self) -> Act<'_, Cleared> {
        let mut wire = self.0.lock().unwrap();
        wire.clears += 1;
        let cleared = match wire.clear_fails {
            true => Err(Error::new(ErrorKind::Lost, "the link broke")),
            false => Ok(Cleared::Done),
        };
        Box::pin(std::future::ready(cleared))
    }

    fn status_byte(&mut self) -> Act<'_, Option<u8>> {
        Box::pin(std::future::ready(Ok(Some(0x04))))
    }

    fn discard(&mut self) -> usize {
        0
    }

    fn has_end(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_message_ends_a_reply() {
    let wire = Memory::default();
    let mut session = wire.session();
    wire.coming([(&b"1.5"[..], false), (b"\n2\r\n", true)]);
    assert_eq!(session.ask("VOLT 5;:MEAS?").await.unwrap(), "1.5\n2");
    assert_eq!(wire.0.lock().unwrap().sent, ["VOLT 5;:MEAS?\n"], "in one write");
    wire.coming([(&b"bare"[..], true)]);
    assert_eq!(session.ask("MEAS?").await.unwrap(), "bare");
    wire.coming([(&b"#0ab\ncd"[..], false), (b"ef\n", true)]);
    assert_eq!(session.ask_block("DATA?").await.unwrap(), b"ab\ncdef");
    // The last byte of a block may be a line end, with none of the message after it.
    wire.coming([(&b"#13ab\n"[..], true)]);
    assert_eq!(session.ask_block("DATA?").await.unwrap(), b"ab\n");
    wire.coming([(&b"#15ab"[..], true)]);
    let error = session.ask_block("DATA?").await.unwrap_err();
    assert!(error.message.ends_with("ends after 2 of the 5 bytes that its header announces"));
    assert_eq!(session.status_byte().await, Ok(Some(StatusByte(4))));
    assert_eq!((session.desyncs(), session.is_in_doubt()), (0, false));
}

#[tokio::test(start_paused = true)]
async fn a_device_clear_brings_it_back_in_step() {
    let wire = Memory::default();
    let mut session = wire.session();
    assert_eq!(session.ask("SLOW?").await.unwrap_err().kind, ErrorKind::Timeout);
    wire.coming([(&b"ACME,X,17,1\n"[..], true), (b"5\n", true)]);
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    assert_eq!(wire.0.lock().unwrap().sent, ["SLOW?\n", "*IDN?\n", "VOLT?\n"]);
    assert_eq!(wire.0.lock().unwrap().clears, 1);

    // Longer than allowed: it is not read on, but cleared away.
    wire.coming([(&[b'x'; 90][..], false), (&[b'x'; 90], false)]);
    let error = session.ask("LONG?").await.unwrap_err();
    assert!(error.message.ends_with("it is longer than 164 bytes"), "{error}");
    // Another instrument answers: replies have ends here, so it is no late one.
    wire.coming([(&b"ACME,X,18,1\n"[..], true)]);
    assert_eq!(session.ask("VOLT?").await.unwrap_err().kind, ErrorKind::Identity);
    // It does not clear, and there is nowhere to connect to again.
    wire.0.lock().unwrap().clear_fails = true;
    let error = session.send("VOLT 5").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.message.starts_with("nothing was sent to the instrument: the link broke"));
    assert_eq!(session.send("VOLT 5").await.unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(wire.0.lock().unwrap().clears, 3);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_say_who_it_is_is_not_asked() {
    let wire = Memory::default();
    let mut session = wire.session();
    session.settings_mut().identity_query = None;
    session.settings_mut().io_timeout = Duration::from_secs(1);
    assert_eq!(session.identify().await.unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(session.ask("SLOW?").await.unwrap_err().kind, ErrorKind::Timeout);
    session.resynchronise().await.unwrap();
    assert_eq!(wire.0.lock().unwrap().sent, ["SLOW?\n"]);
}

/// Sessions live in tasks that move between threads.
#[tokio::test(start_paused = true)]
async fn every_future_of_a_session_can_move_between_threads() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let wire = Memory::default();
    let mut session = wire.session();
    drop(movable(session.ask("A?")));
    drop(movable(session.ask_block("A?")));
    drop(movable(session.exchange("A?", None)));
    drop(movable(session.send("A")));
    drop(movable(session.identify()));
    drop(movable(session.errors()));
    drop(movable(session.operation_complete()));
    drop(movable(session.event_status()));
    drop(movable(session.status_byte()));
    drop(movable(session.resynchronise()));
    assert!(!session.is_in_doubt() && wire.0.lock().unwrap().sent.is_empty(), "nothing was begun");
}
