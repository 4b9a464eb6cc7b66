//! Exports as lines of JSON and as tables.

use serde_json::Value;

use super::*;

fn lines(octets: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(octets).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_record_is_there_once_in_order_with_the_checkpoints() {
    // More than are read at once.
    let trail = Trail::filled(450);
    let lines = lines(&trail.export(AuditFilter::default(), Format::Jsonl));
    assert_eq!(lines[0]["head"]["seq"], 450);
    assert_eq!(lines[0]["filter"], serde_json::json!({}));
    let records = lines.iter().filter_map(|line| line["record"]["seq"].as_u64());
    assert_eq!(records.collect::<Vec<_>>(), (1..=450).collect::<Vec<_>>());
    let checkpoints = lines.iter().filter(|line| line["checkpoint"].is_string()).count();
    assert_eq!(checkpoints, 450 / 4);
    // Each checkpoint stands behind its record.
    let fourth = lines.iter().position(|line| line["record"]["seq"] == 4).unwrap();
    assert!(lines[fourth + 1]["checkpoint"].as_str().unwrap().starts_with("4 "));
}

#[test]
fn filters_leave_out_what_they_say() {
    let trail = Trail::filled(30);
    let of = |filter: AuditFilter| {
        let lines = lines(&trail.export(filter, Format::Jsonl));
        lines.iter().filter_map(|line| line["record"]["seq"].as_u64()).collect::<Vec<_>>()
    };
    let none = AuditFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let thirds: Vec<u64> = (1..=10).map(|n| n * 3).collect();
    assert_eq!(of(AuditFilter { outstation: some("SS1"), ..none() }), thirds);
    assert_eq!(of(AuditFilter { point: some("breaker-7"), ..none() }), thirds);
    assert_eq!(of(AuditFilter { point: some("SS1/breaker-7"), ..none() }), thirds);
    assert_eq!(of(AuditFilter { class: some("verified"), ..none() }), thirds);
    for (filter, found) in [
        (AuditFilter { point: some("breaker-*"), ..none() }, vec![]),
        (AuditFilter { class: some("unknown"), ..none() }, vec![]),
        (AuditFilter { job: Some(station_core::model::JobId(2)), ..none() }, vec![2]),
        (AuditFilter { subject: some("job 2"), ..none() }, vec![2, 20, 22, 23, 25, 26, 28, 29]),
        (
            AuditFilter { operator: some("ann"), until: Some(Micros(5 * SECOND)), ..none() },
            vec![1, 2, 4],
        ),
        (
            AuditFilter { kinds: vec![Kind::Outcome], since: Some(Micros(28 * SECOND)), ..none() },
            vec![30],
        ),
    ] {
        let shown = format!("{filter:?}");
        assert_eq!(of(filter), found, "{shown}");
    }
}

#[test]
fn a_table_has_a_row_for_each_record() {
    let trail = Trail::filled(12);
    let table = String::from_utf8(trail.export(AuditFilter::default(), Format::Csv)).unwrap();
    let rows: Vec<&str> = table.split("\r\n").collect();
    assert_eq!(rows.len(), 1 + 12 + 1);
    assert!(rows[0].starts_with("seq,timestamp,kind,"));
    assert!(
        rows[3].contains(",10.0.0.5:50123,10.0.0.9:2404,SS1,breaker-7,47,4501,"),
        "{}",
        rows[3]
    );
    assert_eq!(rows[13], "");
}
