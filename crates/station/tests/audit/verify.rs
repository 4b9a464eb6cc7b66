//! What verifying finds: in the store, in exports, against a witness.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use station::audit::{Report, Witness, verify_file, verify_store};
use station_core::audit::{Source, Wrong};

use super::*;

impl Trail {
    fn verify(&self, witness: Option<&Path>) -> Report {
        verify_store(self.path(), witness, &[]).unwrap()
    }

    /// As one would who has the store's file and no scruples.
    fn tamper(&self, sql: &str) {
        let conn = Connection::open(self.path().join("station.db")).unwrap();
        conn.execute_batch(
            "DROP TRIGGER audit_unchanged; DROP TRIGGER audit_undeleted;
             DROP TRIGGER audit_checkpoints_unchanged; DROP TRIGGER audit_checkpoints_undeleted;",
        )
        .unwrap();
        conn.execute_batch(sql).unwrap();
    }

    fn witness(&self) -> PathBuf {
        let path = self.path().join("witness");
        Witness::new(path.clone()).catch_up(&self.reader).unwrap();
        path
    }

    fn file(&self, change: impl Fn(String) -> String) -> PathBuf {
        let text = String::from_utf8(self.export(AuditFilter::default(), Format::Jsonl)).unwrap();
        let path = self.path().join("export.jsonl");
        fs::write(&path, change(text)).unwrap();
        path
    }
}

fn wrong(report: &Report) -> (u64, Wrong) {
    let fault = report.fault.clone().expect("a fault");
    (fault.seq, fault.wrong)
}

#[test]
fn a_whole_trail_is_right_and_its_tail_unproven() {
    let trail = Trail::filled(10);
    let report = trail.verify(None);
    assert_eq!(report.fault, None);
    assert_eq!((report.records, report.head, report.checkpoints), (10, trail.head(), 2));
    assert_eq!((report.signed, report.witnessed), (8, None));
    assert_eq!(verify_store(Trail::new().path(), None, &[]).unwrap(), Report::default());
    assert_eq!(trail.verify(Some(&trail.witness())).witnessed, Some(8));
}

#[test]
fn the_first_wrong_record_is_named() {
    let byte = "UPDATE audit SET text = replace(text, 'job 5', 'job 6') WHERE seq = 5";
    for (sql, expected) in [
        (byte, (5, Wrong::Altered)),
        ("DELETE FROM audit WHERE seq = 6", (6, Wrong::Missing)),
        ("UPDATE audit SET subject = 'job 9' WHERE seq = 7", (7, Wrong::Index("subject"))),
        (
            "UPDATE audit_checkpoints SET signature = zeroblob(64) WHERE seq = 4",
            (4, Wrong::BadSignature(Source::Checkpoint)),
        ),
        ("DELETE FROM audit WHERE seq > 6", (7, Wrong::Cut(Source::Checkpoint))),
    ] {
        let trail = Trail::filled(10);
        trail.tamper(sql);
        assert_eq!(wrong(&trail.verify(None)), expected, "{sql}");
    }
}

#[test]
fn a_cut_tail_is_found_by_the_witness_alone() {
    let trail = Trail::filled(10);
    let witness = trail.witness();
    trail.tamper("DELETE FROM audit WHERE seq > 6; DELETE FROM audit_checkpoints WHERE seq > 6");
    assert_eq!(trail.verify(None).fault, None);
    assert_eq!(wrong(&trail.verify(Some(&witness))), (7, Wrong::Cut(Source::Witness)));
}

#[test]
fn checkpoints_by_another_key_are_not_trusted_unless_it_is_named() {
    let mut trail = Trail::filled(4);
    let old = trail.key.public();
    fs::remove_file(trail.path().join("audit.key")).unwrap();
    trail.key = Key::of(trail.path()).unwrap();
    trail.put(plain(5));
    trail.sign();
    assert_eq!(wrong(&trail.verify(None)), (4, Wrong::ForeignKey(Source::Checkpoint)));
    let report = verify_store(trail.path(), None, &[old]).unwrap();
    assert_eq!((report.fault, report.keys.len()), (None, 2));
}

#[test]
fn an_export_is_verified_by_itself() {
    let trail = Trail::filled(10);
    let path = trail.file(|text| text);
    let report = verify_file(&path, None, &[]).unwrap();
    assert_eq!((&report.fault, report.records, report.head), (&None, 10, trail.head()));
    assert_eq!((report.checkpoints, report.gaps), (2, 0));
    assert!(verify_file(&path, None, &[[7; 32]]).unwrap().fault.is_some(), "not that key");
    let witness = trail.witness();
    assert_eq!(verify_file(&path, Some(&witness), &[]).unwrap().fault, None);
}

#[test]
fn what_is_wrong_with_an_export_is_named() {
    let without = |text: &str, of: &str| {
        let other = |line: &&str| line.starts_with("{\"audit\"") || !line.contains(of);
        let kept = text.lines().filter(other);
        kept.map(|line| format!("{line}\n")).collect::<String>()
    };
    type Change<'c> = &'c dyn Fn(String) -> String;
    let changes: [(Change<'_>, (u64, Wrong)); 5] = [
        (&|text| text.replacen("job 5", "job 6", 1), (5, Wrong::Altered)),
        (&|text| without(&text, "\"seq\":6,"), (6, Wrong::Missing)),
        (&|text| without(&text, "\"seq\":10,"), (10, Wrong::Missing)),
        (&|text| text.replacen("\"checkpoint\":\"4 ", "\"checkpoint\":\"3 ", 1), {
            (3, Wrong::BadSignature(Source::Checkpoint))
        }),
        (&|text| text.trim_end().strip_suffix('}').unwrap().to_owned(), {
            let says = "line 13 of the file is no line of an export".to_owned();
            (10, Wrong::Unreadable(says))
        }),
    ];
    for (change, expected) in changes {
        let trail = Trail::filled(10);
        let path = trail.file(change);
        assert_eq!(wrong(&verify_file(&path, None, &[]).unwrap()), expected);
    }
    let trail = Trail::new();
    let path = trail.file(|_| "seq,timestamp\r\n".to_owned());
    assert!(verify_file(&path, None, &[]).unwrap_err().contains("is no export"));
}

#[test]
fn an_export_of_some_records_says_that_there_are_gaps() {
    let trail = Trail::filled(10);
    let filter = AuditFilter { outstation: Some("SS1".to_owned()), ..AuditFilter::default() };
    let path = trail.path().join("some.jsonl");
    let text = String::from_utf8(trail.export(filter, Format::Jsonl)).unwrap();
    fs::write(&path, &text).unwrap();
    let report = verify_file(&path, None, &[]).unwrap();
    assert_eq!((&report.fault, report.records, report.gaps), (&None, 3, 3));
    assert_eq!(report.filter, r#"{"outstation":"SS1"}"#);
    fs::write(&path, text.replacen("\"ca\":47", "\"ca\":48", 1)).unwrap();
    assert_eq!(wrong(&verify_file(&path, None, &[]).unwrap()), (3, Wrong::Altered));
}
