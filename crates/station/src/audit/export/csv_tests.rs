use std::collections::BTreeMap;

use station_core::audit::{Actor, Clock, Kind, Status};
use station_core::model::Micros;

use super::*;

fn entry() -> Entry {
    Entry {
        kind: Kind::Outcome,
        at: Micros(1_795_182_000_123_456),
        local: "2026-11-20T14:00:00.123456+01:00".into(),
        mono_ns: 1,
        clock: Clock { synchronised: true, error_us: None },
        by: Actor {
            principal: Some(Principal::Unix { uid: 1000, name: Some("ann".into()) }),
            reason: Some("line 4, \"west\"\nisolated".into()),
            ..Actor::default()
        },
        correlation: "command 1".into(),
        subject: "outstation SS1/breaker-7".into(),
        action: "write".into(),
        status: Status::Failed,
        detail: serde_json::Map::new(),
        telecontrol: Some(Box::new(Telecontrol {
            outstation: "SS1".into(),
            ca: 47,
            ioa: 4501,
            local: Some("10.0.0.5:50123".into()),
            previous: Some(Sample::default()),
            new: Some(Sample { value: Some("on".into()), ..Sample::default() }),
            class: Some("unknown".into()),
            reason: Some("link_lost".into()),
            frames: vec![
                Frame { n: 3, dir: FrameDirection::Sent, t_ns: 1, hex: "68".into() },
                Frame { n: 4, dir: FrameDirection::Received, t_ns: 2, hex: "69".into() },
            ],
            ..Telecontrol::default()
        })),
    }
}

/// Reads one line as RFC 4180 says.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut rest = line.strip_suffix("\r\n").unwrap().chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

fn told(entry: &Entry) -> BTreeMap<&'static str, String> {
    let mut out = Vec::new();
    row(&AuditRecord { seq: 9, hash: [1; 32], text: String::new() }, entry, &mut out);
    let cells = cells(&String::from_utf8(out).unwrap());
    assert_eq!(cells.len(), COLUMNS.len());
    COLUMNS.into_iter().zip(cells).collect()
}

#[test]
fn a_command_has_every_field_in_its_column() {
    let told = told(&entry());
    for (column, cell) in [
        ("seq", "9"),
        ("timestamp", "2026-11-20T14:00:00.123456+01:00"),
        ("operator", "ann"),
        ("operator_reason", "line 4, \"west\"\nisolated"),
        ("station_address", "10.0.0.5:50123"),
        ("common_address", "47"),
        ("object_address", "4501"),
        ("previous_value", "unknown"),
        ("new_value", "on"),
        ("feedback_value", ""),
        ("status", "failed"),
        ("class", "unknown"),
        ("reason", "link_lost"),
        ("clock_synchronised", "true"),
        ("correlation", "command 1"),
        ("frames", ">68 <69"),
    ] {
        assert_eq!(told.get(column).map(String::as_str), Some(cell), "{column}");
    }
}

#[test]
fn other_records_have_the_same_columns() {
    let mut other = Entry { telecontrol: None, ..entry() };
    other.detail.insert("class".into(), "completed".into());
    other.by = Actor::station();
    let told = told(&other);
    for (column, cell) in
        [("operator", "station"), ("class", "completed"), ("status", "failed"), ("frames", "")]
    {
        assert_eq!(told.get(column).map(String::as_str), Some(cell), "{column}");
    }
}
