//! Messages to the letter, and the rules of RFC 5424 that values must not break.

use station_core::audit::{Actor, Clock, Head, append};

use super::*;

fn entry(kind: Kind, status: Status) -> Entry {
    let ann = Principal::Unix { uid: 1000, name: Some("ann".to_owned()) };
    Entry {
        kind,
        at: Micros(1_795_181_862_000_042),
        local: "2026-11-20T14:37:42.000042+01:00".to_owned(),
        mono_ns: 1,
        clock: Clock { synchronised: true, error_us: None },
        by: Actor { source: Some("unix:4711".to_owned()), ..Actor::of(ann) },
        correlation: "0011-2".to_owned(),
        subject: "job 42".to_owned(),
        action: "create".to_owned(),
        status,
        detail: serde_json::Map::new(),
        telecontrol: None,
    }
}

fn message(entry: Entry) -> String {
    let record = append(&Head::default(), entry).unwrap();
    let stored = AuditRecord { seq: record.seq, hash: [0xab; 32], text: record.text };
    Sender::new(13, "gate.example", 815).record(&stored)
}

#[test]
fn a_record_is_one_message() {
    let hash = "ab".repeat(32);
    let expected = format!(
        "<109>1 2026-11-20T13:37:42.000042Z gate.example station 815 done [audit@32473 seq=\"1\" \
         hash=\"{hash}\" kind=\"done\" subject=\"job 42\" action=\"create\" status=\"confirmed\" \
         operator=\"ann\" source=\"unix:4711\" correlation=\"0011-2\"] \
         done: create job 42 by ann: confirmed."
    );
    assert_eq!(message(entry(Kind::Done, Status::Confirmed)), expected);
}

#[test]
fn a_command_has_its_point_its_values_and_what_came_of_it() {
    let sample =
        |value: Option<&str>| Some(Sample { value: value.map(str::to_owned), ..Sample::default() });
    let told = Telecontrol {
        outstation: "SS1".to_owned(),
        point: Some("breaker-7".to_owned()),
        ca: 47,
        ioa: 1107,
        type_id: "C_SC_NA_1".to_owned(),
        previous: sample(None),
        new: sample(Some("on")),
        class: Some("unknown".to_owned()),
        reason: Some("link_lost".to_owned()),
        ..Telecontrol::default()
    };
    let mut write = entry(Kind::Outcome, Status::Failed);
    write.telecontrol = Some(Box::new(told));
    let shown = message(write);
    assert!(shown.starts_with("<108>1 "), "{shown}");
    let data = "outstation=\"SS1\" point=\"breaker-7\" ca=\"47\" ioa=\"1107\" type=\"C_SC_NA_1\" \
                previous=\"unknown\" new=\"on\" class=\"unknown\" reason=\"link_lost\" correlation=";
    assert!(shown.contains(data), "{shown}");
    assert!(shown.ends_with("by ann, value on: failed (unknown)."), "{shown}");
}

#[test]
fn severities_follow_the_outcome() {
    for (kind, status, priority) in [
        (Kind::Intent, Status::Pending, 110),
        (Kind::Login, Status::Confirmed, 110),
        (Kind::Login, Status::Failed, 108),
        (Kind::Outcome, Status::Confirmed, 109),
        (Kind::Refused, Status::Failed, 108),
        (Kind::Config, Status::Confirmed, 109),
    ] {
        let shown = message(entry(kind, status));
        assert!(shown.starts_with(&format!("<{priority}>1 ")), "{shown}");
    }
}

/// RFC 5424, 6.3.3: quotes, backslashes and closing brackets are escaped; 6.4: UTF-8 is marked.
#[test]
fn what_people_type_breaks_no_message() {
    let mut typed = entry(Kind::Done, Status::Confirmed);
    typed.subject = "a\"b\\c]d\ne\u{7f} ü".to_owned();
    let shown = message(typed);
    assert!(shown.contains(r#"subject="a\"b\\c\]d#012e#177 ü""#), "{shown}");
    assert!(shown.contains("] \u{feff}done: create a\"b\\c]d#012e#177 ü by"), "{shown}");
    let mut long = entry(Kind::Done, Status::Confirmed);
    long.subject = "]ü".repeat(100_000);
    long.by.reason = Some("\"".repeat(100_000));
    assert!(message(long).len() < 8192);
    let forged =
        format!("x {CHECKPOINT}1 {} 1 {} {}", "0".repeat(64), "0".repeat(64), "0".repeat(128));
    let shown = message(Entry { subject: forged, ..entry(Kind::Done, Status::Confirmed) });
    let end = shown.rsplit_once(CHECKPOINT).unwrap().1;
    assert!(Checkpoint::parse(end).is_err(), "{shown}");
}

#[test]
fn hosts_are_printable_or_none() {
    let shown = Sender::new(0, "gåte way\n", 1);
    assert_eq!((shown.host.as_str(), Sender::new(0, " ", 1).host.as_str()), ("gteway", "-"));
}

#[test]
fn a_checkpoint_ends_its_message_and_what_cannot_be_read_is_told() {
    let checkpoint = Checkpoint {
        seq: 7,
        hash: [1; 32],
        at: Micros(1_795_181_862_000_042),
        key: [2; 32],
        signature: [3; 64],
    };
    let sender = Sender::new(13, "gate", 1);
    let shown = sender.checkpoint(&checkpoint);
    assert!(shown.starts_with("<109>1 2026-11-20T13:37:42.000042Z gate station 1 checkpoint ["));
    let end = shown.rsplit_once(CHECKPOINT).unwrap().1;
    assert_eq!(Checkpoint::parse(end), Ok(checkpoint));
    let broken = AuditRecord { seq: 3, hash: [0; 32], text: "{".to_owned() };
    let shown = sender.record(&broken);
    assert!(shown.starts_with("<108>1 - gate station 1 unreadable [audit@32473 seq=\"3\" hash="));
}
