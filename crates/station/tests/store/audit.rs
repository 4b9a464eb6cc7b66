//! The audit trail in the store: appended in rounds, found, verified, never changed.

use std::path::Path;

use rusqlite::Connection;
use station::port::{Store, StoreErrorKind};
use station::store::{AuditFilter, AuditRecord, Reader, SqliteStore, Unread};
use station_core::audit::{
    Actor, Checkpoint, Clock, Draft, Entry, Fault, Head, Kind, Mark, Source, Stamp, Status,
    Telecontrol, Wrong,
};
use station_core::engine::Change;
use station_core::model::{JobId, Micros, Principal};

use super::samples::{created, job};

fn draft(n: i64) -> Draft {
    let ann = Principal::Unix { uid: 1000, name: Some("ann".to_owned()) };
    Draft::done(Actor::of(ann), format!("job {n}"), "create").with("n", n)
}

fn stamped(n: i64, draft: Draft) -> Entry {
    draft.stamped(Stamp {
        at: Micros(n),
        local: "1970-01-01T00:00:00.000001+00:00".to_owned(),
        mono_ns: 7,
        clock: Clock { synchronised: true, error_us: None },
        correlation: format!("c{n}"),
    })
}

/// Of a command to an outstation.
fn telecontrol(n: i64, kind: Kind, correlation: &str) -> Entry {
    let told = Telecontrol { outstation: "SS1".to_owned(), ca: 47, ..Telecontrol::default() };
    let status = if kind == Kind::Intent { Status::Pending } else { Status::Confirmed };
    let draft = Draft {
        kind,
        status,
        correlation: Some(correlation.to_owned()),
        telecontrol: Some(Box::new(told)),
        ..Draft::done(Actor::station(), "outstation SS1/breaker-7", "write")
    };
    stamped(n, draft)
}

fn store(dir: &Path) -> (SqliteStore, Reader) {
    SqliteStore::open(&dir.join("station.db")).unwrap()
}

/// So many records, each of its own round.
fn filled(dir: &Path, count: i64) -> (SqliteStore, Reader) {
    let (mut store, reader) = store(dir);
    for n in 1..=count {
        let entry = if n % 3 == 0 {
            telecontrol(n, Kind::Intent, &format!("w{n}"))
        } else {
            stamped(n, draft(n))
        };
        store.append(vec![entry]).unwrap();
        store.commit().unwrap();
    }
    (store, reader)
}

fn broken(reader: &Reader, marks: Vec<Mark>) -> Fault {
    let Unread::Broken(fault) = reader.verify_audit(marks).unwrap_err() else { unreachable!() };
    fault
}

/// Changes the file as somebody might who has it.
fn tamper(dir: &Path, sql: &str) {
    let plain = Connection::open(dir.join("station.db")).unwrap();
    for trigger in ["audit_in_order", "audit_unchanged", "audit_undeleted"] {
        plain.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    assert!(plain.execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn records_are_chained_across_rounds_and_openings() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store_, reader) = store(dir.path());
    assert_eq!((store_.head(), reader.audit_head().unwrap()), (Head::default(), Head::default()));
    let first = store_.append(vec![stamped(1, draft(1)), stamped(2, draft(2))]).unwrap();
    assert_eq!((first.seq, store_.head()), (2, first));
    assert_eq!(reader.audit_head().unwrap().seq, 0, "the round is still open");
    store_.commit().unwrap();
    assert_eq!(reader.audit_head().unwrap(), first);
    drop(store_);
    let (mut store_, reader) = store(dir.path());
    assert_eq!(store_.head(), first);
    let second = store_.append(vec![stamped(3, draft(3))]).unwrap();
    store_.commit().unwrap();
    assert_eq!(reader.verify_audit(Vec::new()).unwrap(), second);
    let record = reader.audit_record(3).unwrap().unwrap();
    assert_eq!((record.seq, record.hash), (3, second.hash));
    assert_eq!(record.entry().unwrap(), stamped(3, draft(3)));
    assert_eq!(reader.audit_record(4).unwrap(), None);
    let seqs = |records: Vec<AuditRecord>| records.iter().map(|r| r.seq).collect::<Vec<_>>();
    assert_eq!(seqs(reader.audit_from(2, 10).unwrap()), [2, 3]);
    assert_eq!(seqs(reader.audit_from(1, 2).unwrap()), [1, 2]);
}

#[test]
fn a_round_that_is_rolled_back_leaves_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, reader) = filled(dir.path(), 2);
    let before = store.head();
    store.append(vec![telecontrol(3, Kind::Intent, "x")]).unwrap();
    assert!(store.is_open("x").unwrap());
    store.rollback();
    assert!(!store.is_open("x").unwrap());
    assert_eq!(store.head(), before);
    // Nor does one that is broken by a change.
    let lost = Change::JobDeleted { job: JobId(99), history: true };
    store.append(vec![stamped(3, draft(3))]).unwrap();
    if store.apply(&[created(job(1, 1)), created(job(1, 1)), lost]).is_ok() {
        store.rollback();
    }
    store.rollback();
    let next = store.append(vec![stamped(4, draft(4))]).unwrap();
    store.commit().unwrap();
    assert_eq!(next.seq, 3);
    assert_eq!(reader.verify_audit(Vec::new()).unwrap(), next);
}

#[test]
fn intents_are_open_until_their_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store_, _) = store(dir.path());
    let intents = ["a", "b", "c"].map(|name| telecontrol(1, Kind::Intent, name));
    store_.append(intents.to_vec()).unwrap();
    store_
        .append(vec![telecontrol(2, Kind::Late, "a"), telecontrol(3, Kind::Outcome, "b")])
        .unwrap();
    store_.commit().unwrap();
    drop(store_);
    let (mut store, _) = store(dir.path());
    let open = store.outstanding().unwrap();
    let shown: Vec<_> = open.iter().map(|one| (one.seq, one.entry.correlation.as_str())).collect();
    assert_eq!(shown, [(1, "a"), (3, "c")]);
    assert_eq!(open[0].entry, intents[0]);
    assert!(store.is_open("a").unwrap() && !store.is_open("b").unwrap());
}

#[test]
fn nothing_is_changed_or_deleted_and_no_number_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, reader) = filled(dir.path(), 3);
    let checkpoint = signed(store.head());
    store.keep_checkpoint(&checkpoint).unwrap();
    store.commit().unwrap();
    let plain = Connection::open(dir.path().join("station.db")).unwrap();
    for sql in [
        "UPDATE audit SET text = '{}' WHERE seq = 2",
        "UPDATE audit SET operator = 'bob'",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT 5, hash, at, kind, status, correlation, subject, action, operator,
           outstation, text FROM audit WHERE seq = 3",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
        "UPDATE audit_checkpoints SET at = 0",
        "DELETE FROM audit_checkpoints",
    ] {
        let error = plain.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("audit trail"), "{sql}: {error}");
    }
    assert_eq!(reader.verify_audit(Vec::new()).unwrap(), store.head());
    assert_eq!(reader.last_checkpoint().unwrap(), Some(checkpoint));
}

fn signed(head: Head) -> Checkpoint {
    Checkpoint { seq: head.seq, hash: head.hash, at: Micros(5), key: [1; 32], signature: [2; 64] }
}

#[test]
fn what_was_tampered_with_is_named() {
    let cases: [(&str, Fault); 8] = [
        (
            "UPDATE audit SET text = replace(text, '\"n\":5', '\"n\":6') WHERE seq = 5",
            Fault { seq: 5, wrong: Wrong::Altered },
        ),
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE seq = 7",
            Fault { seq: 7, wrong: Wrong::Altered },
        ),
        ("DELETE FROM audit WHERE seq = 4", Fault { seq: 4, wrong: Wrong::Missing }),
        ("DELETE FROM audit WHERE seq <= 2", Fault { seq: 1, wrong: Wrong::Missing }),
        (
            "UPDATE audit SET operator = 'bob' WHERE seq = 2",
            Fault { seq: 2, wrong: Wrong::Index("operator") },
        ),
        (
            "UPDATE audit SET outstation = NULL WHERE seq = 6",
            Fault { seq: 6, wrong: Wrong::Index("outstation") },
        ),
        ("UPDATE audit SET at = 9 WHERE seq = 8", Fault { seq: 8, wrong: Wrong::Index("time") }),
        ("UPDATE audit SET seq = 0 WHERE seq = 1", Fault { seq: 0, wrong: Wrong::OutOfOrder }),
    ];
    for (sql, fault) in cases {
        let dir = tempfile::tempdir().unwrap();
        let (store, reader) = filled(dir.path(), 10);
        assert_eq!(reader.verify_audit(Vec::new()).unwrap(), store.head());
        tamper(dir.path(), sql);
        assert_eq!(broken(&reader, Vec::new()), fault, "{sql}");
    }
}

#[test]
fn a_cut_tail_is_seen_by_what_was_written_down_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let (store, reader) = filled(dir.path(), 10);
    let mark = Mark { head: store.head(), source: Source::Witness };
    assert_eq!(reader.verify_audit(vec![mark]).unwrap(), store.head());
    tamper(dir.path(), "DELETE FROM audit WHERE seq > 7");
    assert_eq!(reader.verify_audit(Vec::new()).unwrap().seq, 7);
    assert_eq!(broken(&reader, vec![mark]), Fault { seq: 8, wrong: Wrong::Cut(Source::Witness) });
}

#[test]
fn records_are_found_by_what_they_are_filed_under() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, reader) = filled(dir.path(), 20);
    let found = |filter: AuditFilter| {
        let page = reader.audit(&filter).unwrap();
        page.items.iter().map(|record| record.seq).collect::<Vec<_>>()
    };
    let all = AuditFilter::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(all()).len(), 20);
    assert_eq!(
        found(AuditFilter { subject: text("job 1"), ..all() }),
        [19, 17, 16, 14, 13, 11, 10, 1]
    );
    assert_eq!(found(AuditFilter { subject: text("job 11"), ..all() }), [11]);
    assert_eq!(found(AuditFilter { outstation: text("SS1"), ..all() }), [18, 15, 12, 9, 6, 3]);
    assert_eq!(found(AuditFilter { outstation: text("SS"), ..all() }), [0; 0]);
    assert_eq!(found(AuditFilter { operator: text("ann"), limit: 2, ..all() }), [20, 19]);
    assert_eq!(found(AuditFilter { correlation: text("w6"), ..all() }), [6]);
    assert_eq!(found(AuditFilter { action: text("write"), limit: 1, ..all() }), [18]);
    let kinds = vec![Kind::Intent, Kind::Login];
    assert_eq!(found(AuditFilter { kinds, limit: 2, ..all() }), [18, 15]);
    let statuses = vec![Status::Pending];
    assert_eq!(found(AuditFilter { statuses, limit: 1, ..all() }), [18]);
    let (since, until) = (Some(Micros(3)), Some(Micros(6)));
    assert_eq!(found(AuditFilter { since, until, ..all() }), [5, 4, 3]);

    let (mut cursor, mut seqs) = (None, Vec::new());
    loop {
        let page = reader.audit(&AuditFilter { limit: 7, cursor, ..all() }).unwrap();
        seqs.extend(page.items.iter().map(|record| record.seq));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seqs, (1..=20).rev().collect::<Vec<_>>());
    for wrong in ["", "r", "r1.", "7", "x7"] {
        let filter = AuditFilter { cursor: text(wrong), ..all() };
        assert_eq!(reader.audit(&filter).unwrap_err().kind, StoreErrorKind::Invalid, "{wrong}");
    }
}

#[test]
fn a_backup_has_the_trail_and_what_is_purged_stays_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, reader) = filled(dir.path(), 5);
    store.keep_checkpoint(&signed(store.head())).unwrap();
    store.apply(&[created(job(1, 1))]).unwrap();
    store.commit().unwrap();
    store.apply(&[Change::JobDeleted { job: JobId(1), history: true }]).unwrap();
    store.commit().unwrap();
    let head = reader.verify_audit(Vec::new()).unwrap();
    assert_eq!(head.seq, 5);
    let copy = dir.path().join("copy.db");
    reader.backup(&copy).unwrap();
    let (_, of_copy) = SqliteStore::open(&copy).unwrap();
    assert_eq!(of_copy.verify_audit(Vec::new()).unwrap(), head);
    assert_eq!(of_copy.last_checkpoint().unwrap(), Some(signed(head)));
    assert_eq!(of_copy.check().unwrap(), [""; 0]);
}
