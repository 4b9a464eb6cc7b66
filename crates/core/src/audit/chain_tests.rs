use serde_json::{Map, json};

use super::*;
use crate::audit::{Actor, Clock, Frame, FrameDirection, Kind, Sample, Status, Telecontrol};
use crate::model::{ExecutionId, JobId, Micros, Principal};

/// Entries of several kinds, with all that an entry may have.
pub(crate) fn entries() -> Vec<Entry> {
    let start = Entry {
        kind: Kind::Config,
        at: Micros(1_795_353_462_123_456),
        local: "2026-11-20T14:37:42.123456+01:00".to_owned(),
        mono_ns: 1_000,
        clock: Clock { synchronised: true, error_us: Some(12) },
        by: Actor::station(),
        correlation: "station".to_owned(),
        subject: "station".to_owned(),
        action: "start".to_owned(),
        status: Status::Confirmed,
        detail: Map::new(),
        telecontrol: None,
    };
    let ann = Principal::Unix { uid: 1000, name: Some("ann".to_owned()) };
    let created = Entry {
        kind: Kind::Done,
        by: Actor {
            method: Some("socket".to_owned()),
            source: Some("unix:4711".to_owned()),
            ..Actor::of(ann.clone())
        },
        correlation: "0011-1".to_owned(),
        subject: "job 42".to_owned(),
        action: "create".to_owned(),
        clock: Clock { synchronised: false, error_us: None },
        detail: Map::from_iter([(
            "now".to_owned(),
            json!({ "name": "Grüße \"x\"\n", "b": 1.5, "a": [] }),
        )]),
        ..start.clone()
    };
    let frame =
        |n, dir| Frame { n, dir, t_ns: 1_795_353_462_123_456_789, hex: "680407".to_owned() };
    let write = Entry {
        kind: Kind::Intent,
        by: Actor {
            execution: Some(ExecutionId { job: JobId(42), n: 3 }),
            approver: Some(Principal::Token { id: "9".to_owned(), name: "bob".to_owned() }),
            reason: Some("maintenance".to_owned()),
            ticket: Some("W-1".to_owned()),
            ..Actor::of(ann)
        },
        correlation: "0011-2".to_owned(),
        subject: "outstation SS1/breaker-7".to_owned(),
        action: "write".to_owned(),
        status: Status::Pending,
        telecontrol: Some(Box::new(Telecontrol {
            outstation: "SS1".to_owned(),
            point: Some("breaker-7".to_owned()),
            ca: 47,
            ioa: 1107,
            type_id: "C_SC_NA_1".to_owned(),
            previous: Some(Sample { value: Some("off".to_owned()), ..Sample::default() }),
            frames: vec![frame(0, FrameDirection::Sent), frame(1, FrameDirection::Received)],
            ..Telecontrol::default()
        })),
        ..start.clone()
    };
    let outcome = Entry { kind: Kind::Outcome, status: Status::Failed, ..write.clone() };
    vec![start, created, write, outcome]
}

pub(crate) fn chained(entries: Vec<Entry>) -> Vec<Record> {
    let mut head = Head::default();
    let chain = entries.into_iter().map(|entry| {
        let record = append(&head, entry).unwrap();
        head = record.head();
        record
    });
    chain.collect()
}

/// A chain that was stored by an older program must be verified by each later one: when this fails, the
/// texts have changed, and that is a new version of the trail.
#[test]
fn the_golden_chain_stays_as_it_is() {
    let lines: Vec<String> = chained(entries())
        .iter()
        .map(|record| format!("{}\n{}\n", to_hex(&record.hash), record.text))
        .collect();
    assert_eq!(lines.join(""), include_str!("golden_chain.txt"));
}

#[test]
fn a_text_holds_its_entry_whole_in_the_order_of_keys() {
    for record in chained(entries()) {
        let back: Entry = serde_json::from_str(&record.text).unwrap();
        assert_eq!(back, record.entry);
        let value: Value = serde_json::from_str(&record.text).unwrap();
        assert_eq!(value["seq"], json!(record.seq));
        assert_eq!(value["previous"], json!(to_hex(&record.previous)));
        assert_eq!(serde_json::to_string(&Ordered(&value)).unwrap(), record.text);
    }
}
