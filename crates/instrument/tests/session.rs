//! Sessions with an instrument that misbehaves in every way, over real sockets.
#![cfg(test)]

#[path = "support/scripted.rs"]
mod scripted;

use std::time::Duration;

use scripted::{Act, CLOSED, Scripted, say};
use station_instrument::session::{Identity, Session, Settings};
use station_instrument::{ErrorKind, transport};

const IDN: &[u8] = b"ACME,X,17,1.0\n";

fn settings() -> Settings {
    Settings {
        io_timeout: Duration::from_millis(300),
        quiet: Duration::from_millis(80),
        ..Settings::default()
    }
}

async fn open(peer: &Scripted) -> Session {
    Session::open(&peer.resource(), settings()).await.unwrap()
}

/// A session that cannot connect anew, as on a serial line.
async fn only_once(peer: &Scripted) -> Session {
    Session::over(transport::connect(&peer.resource(), &settings()).await.unwrap(), settings())
}

#[tokio::test]
async fn replies_come_in_all_shapes() {
    let peer = Scripted::start(|_, message| match message {
        "LF?" => vec![say("1.5\n")],
        "CRLF?" => vec![say("1.5\r\n")],
        "PIECES?" => vec![say("1"), say(".5\r"), say("\n")],
        "EMPTY?" => vec![say("\n")],
        "LATIN?" => vec![say(b"5 \xb5V\n")],
        "VOLT?;CURR?" => vec![say("5;1\n")],
        "SET 1" => vec![],
        "ODD 1" => vec![say("OK\n")],
        _ => vec![say("?\n")],
    })
    .await;
    let mut session = open(&peer).await;
    for (message, reply) in [
        ("LF?", "1.5"),
        ("CRLF?", "1.5"),
        ("PIECES?", "1.5"),
        ("EMPTY?", ""),
        ("LATIN?", "5 \u{fffd}V"),
        ("VOLT?;CURR?", "5;1"),
    ] {
        assert_eq!(session.ask(message).await.unwrap(), reply, "{message}");
    }
    assert_eq!(session.exchange("SET 1", None).await, Ok(None));
    assert_eq!(session.exchange("LF?", None).await, Ok(Some("1.5".to_owned())));
    assert_eq!(session.exchange("ODD 1", Some(true)).await, Ok(Some("OK".to_owned())));
    assert_eq!(session.status_byte().await, Ok(None));
    assert_eq!((session.desyncs(), peer.connections()), (0, 1));
}

#[tokio::test]
async fn after_silence_it_connects_anew() {
    let mut peer = Scripted::start(|_, message| match message {
        "*IDN?" => vec![say(IDN)],
        "VOLT?" => vec![say("5\n")],
        _ => vec![],
    })
    .await;
    let mut session = open(&peer).await;
    session.identify().await.unwrap();
    let error = session.ask("HELLO?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    let expected = format!("{} did not answer \"HELLO?\" within 300ms", peer.resource());
    assert_eq!(error.message, expected);
    assert!(session.is_in_doubt());
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    assert!(!session.is_in_doubt());
    assert_eq!(peer.connections(), 2);
    assert_eq!(peer.heard_so_far(), ["*IDN?", "HELLO?", "*IDN?", "VOLT?"]);
}

#[tokio::test]
async fn a_late_reply_is_nobodys() {
    // The late reply comes before, with, or after that to the question who is there.
    for when in ["before", "with", "after"] {
        let asked = std::sync::atomic::AtomicBool::new(false);
        let peer = Scripted::start(move |_, message| match message {
            "SLOW?" => {
                asked.store(true, std::sync::atomic::Ordering::SeqCst);
                if when == "before" { vec![Act::Wait, say("LATE\n")] } else { vec![] }
            }
            "*IDN?" if asked.swap(false, std::sync::atomic::Ordering::SeqCst) => match when {
                "with" => vec![say("LATE\n"), say(IDN)],
                "after" => vec![say(IDN), say("LATE\n")],
                _ => vec![say(IDN)],
            },
            "*IDN?" => vec![say(IDN)],
            _ => vec![say("5\n")],
        })
        .await;
        for is_known in [false, true] {
            let mut session = only_once(&peer).await;
            if is_known {
                session.identify().await.unwrap();
            }
            assert_eq!(session.ask("SLOW?").await.unwrap_err().kind, ErrorKind::Timeout);
            peer.go_on();
            assert_eq!(session.ask("VOLT?").await.unwrap(), "5", "{when} {is_known}");
            assert_eq!(session.identity().unwrap().model, "X");
            assert_eq!(session.desyncs(), 1, "{when} {is_known}");
        }
    }
}

#[tokio::test]
async fn half_a_block_is_an_error_and_poisons_nothing() {
    let peer = Scripted::start(|_, message| match message {
        "*IDN?" => vec![say(IDN)],
        "HALF?" => vec![say("#210hello")],
        "GONE?" => vec![say("#210hello"), Act::Close],
        "BLOCK?" => vec![say("#210hel\nlo;,\r\n"), say("\n")],
        _ => vec![say("5\n")],
    })
    .await;
    let mut session = open(&peer).await;
    let error = session.ask_block("HALF?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("stopped after 9 bytes of its reply to \"HALF?\""), "{error}");
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");

    let error = session.ask_block("GONE?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Lost);
    assert!(error.message.ends_with("closed the connection, 9 bytes into its reply to \"GONE?\""));
    assert_eq!(session.ask_block("BLOCK?").await.unwrap(), b"hel\nlo;,\r\n");
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    assert_eq!((session.desyncs(), peer.connections()), (0, 3));
}

#[tokio::test]
async fn a_block_without_its_line_end_is_a_block() {
    let peer = Scripted::start(|_, message| match message {
        "BARE?" => vec![say("#15hello")],
        // Its line end comes so late that the next query is out already.
        "VOLT?" => vec![say("\n"), say("5\n")],
        "TEXT?" => vec![say("hello\n")],
        "MORE?" => vec![say("#15hello,1\n")],
        _ => vec![],
    })
    .await;
    let mut session = open(&peer).await;
    assert_eq!(session.ask_block("BARE?").await.unwrap(), b"hello");
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    for (message, why) in
        [("TEXT?", "begins with \"hello\\n\", not with #"), ("MORE?", "3 bytes follow the block")]
    {
        let error = session.ask_block(message).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Reply);
        assert!(error.message.contains(why), "{error}");
        assert!(!session.is_in_doubt(), "it was a whole reply");
    }
    assert_eq!((session.desyncs(), peer.connections()), (0, 1));
}

#[tokio::test]
async fn what_cannot_be_a_reply_is_not_read_on() {
    let peer = Scripted::start(|_, message| match message {
        "*IDN?" => vec![say(IDN)],
        "ENDLESS?" => vec![say("#0hello\n")],
        "LONG?" => vec![say("#6900000"), say([b'x'; 500])],
        "TEXT?" => vec![say([b'x'; 5000])],
        _ => vec![say("5\n")],
    })
    .await;
    let small = Settings { max_block: 1000, ..settings() };
    let mut session = Session::open(&peer.resource(), small).await.unwrap();
    for (message, why) in [
        ("ENDLESS?", "no stated length (#0)"),
        ("LONG?", "longer than the 1064 bytes"),
        ("TEXT?", "longer than the 1064 bytes"),
    ] {
        let error = session.ask(message).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Reply);
        assert!(error.message.contains(why), "{error}");
        assert!(session.is_in_doubt());
        assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    }
}

#[tokio::test]
async fn what_nobody_asked_for_is_discarded_and_counted() {
    let peer = Scripted::start(|_, message| match message {
        "TWO?" => vec![say("1\n2\n")],
        "STRAY?" => vec![say("1\n\r")],
        _ => vec![say("5\n")],
    })
    .await;
    let mut session = open(&peer).await;
    assert_eq!(session.ask("TWO?").await.unwrap(), "1");
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    assert_eq!(session.desyncs(), 1);
    assert_eq!(session.ask("STRAY?").await.unwrap(), "1");
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    assert_eq!((session.desyncs(), session.is_in_doubt()), (1, false));
}

#[tokio::test]
async fn a_future_dropped_midway_leaves_doubt_and_no_poison() {
    let mut peer = Scripted::start(|_, message| match message {
        "*IDN?" => vec![say(IDN)],
        "SLOW?" => vec![Act::Wait, say("LATE\n")],
        _ => vec![say("5\n")],
    })
    .await;
    for mut session in [open(&peer).await, only_once(&peer).await] {
        tokio::select! {
            reply = session.ask("SLOW?") => panic!("{reply:?}"),
            heard = peer.heard() => assert_eq!(heard, "SLOW?"),
        }
        assert!(session.is_in_doubt());
        peer.go_on();
        assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
        assert!(!session.is_in_doubt());
        peer.heard_so_far();
        // Resynchronising may be cut off too.
        tokio::select! {
            reply = session.ask("SLOW?") => panic!("{reply:?}"),
            _ = peer.heard() => {}
        }
        peer.go_on();
        tokio::select! {
            biased;
            done = session.resynchronise() => panic!("{done:?}"),
            () = std::future::ready(()) => {}
        }
        assert!(session.is_in_doubt());
        assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
        peer.heard_so_far();
    }
}

#[tokio::test]
async fn another_instrument_at_the_same_place_is_refused() {
    let peer = Scripted::start(|connection, message| match (connection, message) {
        (2 | 3, "*IDN?") => vec![say("ACME,X,18,1.0\n")],
        (_, "*IDN?") => vec![say("ACME,X,17,2.0\n")],
        (_, "VOLT?") => vec![say("5\n")],
        _ => vec![],
    })
    .await;
    let mut session = open(&peer).await;
    session.expect(Identity {
        manufacturer: "ACME".to_owned(),
        model: "X".to_owned(),
        serial: "17".to_owned(),
        firmware: "1.0".to_owned(),
    });
    session.ask("HELLO?").await.unwrap_err();
    for _ in 0..2 {
        let error = session.ask("VOLT?").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Identity);
        assert!(
            error.message.contains("it says it is ACME,X,18,1.0, not ACME,X,17,1.0"),
            "{error}"
        );
        assert!(error.message.contains("out of step since: "), "{error}");
        assert!(session.is_in_doubt());
    }
    // The right one is back, with new firmware.
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_made_anew() {
    let mut peer = Scripted::start(|connection, message| match (connection, message) {
        (1, "BYE") => vec![Act::Close],
        (_, "*IDN?") => vec![say(IDN)],
        _ => vec![say("5\n")],
    })
    .await;
    let mut session = open(&peer).await;
    session.send("BYE").await.unwrap();
    assert_eq!([peer.heard().await, peer.heard().await], ["BYE", CLOSED]);
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    assert_eq!(peer.heard_so_far(), ["*IDN?", "VOLT?"]);
    assert_eq!((session.desyncs(), peer.connections()), (0, 2));
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_meant() {
    let mut peer = Scripted::start(|_, _| vec![say("5\n")]).await;
    let mut session = open(&peer).await;
    for message in ["", "VOLT 5\n*RST", "VOLT 5\r", "\u{0}"] {
        let error = session.send(message).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{message:?}");
        assert!(!session.is_in_doubt());
    }
    session.ask("VOLT?").await.unwrap();
    assert_eq!(peer.heard_so_far(), ["VOLT?"]);
}

#[tokio::test]
async fn an_instrument_that_is_gone_is_unreachable() {
    let peer = Scripted::start(|_, _| vec![Act::Close]).await;
    let resource = peer.resource();
    let mut session = open(&peer).await;
    assert_eq!(session.ask("VOLT?").await.unwrap_err().kind, ErrorKind::Lost);
    drop(peer);
    let error = Session::open(&resource, settings()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    let error = session.ask("VOLT?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.message.starts_with(&format!("nothing was sent to {resource}: cannot connect")));
}

#[tokio::test]
async fn errors_are_drained_and_bounded() {
    let peer = Scripted::start(|connection, message| match (connection, message) {
        (1, "SYST:ERR?") => vec![say("+0,\"No error\"\n")],
        (_, "SYST:ERR?") => vec![say("-350,\"Queue overflow\"\n")],
        (1, "*ESR?") => vec![say("160\n")],
        (_, "*ESR?") => vec![say("NACK\n")],
        (1, "*OPC?") => vec![say("+1\n")],
        _ => vec![],
    })
    .await;
    let mut session = open(&peer).await;
    assert_eq!(session.errors().await.unwrap(), []);
    let status = session.event_status().await.unwrap();
    assert!(status.power_on() && status.command_error());
    session.operation_complete().await.unwrap();

    let mut flooded = open(&peer).await;
    let errors = flooded.errors().await.unwrap();
    assert_eq!((errors.len(), errors[0].code), (32, -350));
    assert_eq!(flooded.event_status().await.unwrap_err().kind, ErrorKind::Reply);
    flooded.settings_mut().error_query = None;
    flooded.settings_mut().has_opc = false;
    assert_eq!(flooded.errors().await.unwrap(), []);
    flooded.operation_complete().await.unwrap();
}

#[tokio::test]
async fn operations_have_a_time_limit_of_their_own() {
    let mut peer = Scripted::start(|_, _| vec![Act::Wait, say("1\n")]).await;
    let patient = Settings { opc_timeout: Duration::from_secs(60), ..settings() };
    let mut session = Session::open(&peer.resource(), patient).await.unwrap();
    let wait = async {
        peer.heard().await;
        // Longer than any other reply may take.
        tokio::time::sleep(settings().io_timeout * 2).await;
        peer.go_on();
    };
    let (done, ()) = tokio::join!(session.operation_complete(), wait);
    done.unwrap();
}

#[tokio::test]
async fn ten_megabytes_come_through() {
    let data: Vec<u8> = (0..10_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    let sent = data.clone();
    let peer = Scripted::start(move |_, message| match message {
        "WAV:DATA?" => vec![say("#810000000"), Act::Say(sent.clone()), say("\n")],
        _ => vec![say("5\n")],
    })
    .await;
    let mut session = open(&peer).await;
    for _ in 0..2 {
        assert!(session.ask_block("WAV:DATA?").await.unwrap() == data);
    }
    assert_eq!(session.ask("VOLT?").await.unwrap(), "5");
    assert_eq!(session.desyncs(), 0);
}

#[tokio::test]
async fn an_answer_without_an_end_is_given_up() {
    let peer = Scripted::start(|_, message| match message {
        "*IDN?" => vec![say(vec![b'x'; 100_000])],
        _ => vec![say("5\n")],
    })
    .await;
    let error = open(&peer).await.identify().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply, "{error}");
    assert!(error.message.contains("longer than the 65536 bytes"), "{error}");

    // A byte now and then: each of them in time, but no end of them.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while tokio::io::AsyncWriteExt::write_all(&mut stream, b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let place = format!("TCPIP0::127.0.0.1::{port}::SOCKET").parse().unwrap();
    let mut session = Session::open(&place, settings()).await.unwrap();
    let error = session.identify().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("did not come to an end of its reply"), "{error}");
    assert!(session.is_in_doubt());
}
