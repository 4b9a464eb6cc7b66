//! Migration: a store of an earlier schema is brought up to date in place, and nothing of it is lost.

use std::path::Path;
use std::time::Duration;

use station::port::Store;
use station::store::{AlarmFilter, JobFilter, SqliteStore};
use station_core::engine::Change;
use station_core::model::{
    Cause, Conflict, ExecutionId, ExecutionStatus, JobId, Micros, Policies, Record, RecordKind,
    Wear,
};

/// The first schema, as the first program made it.
const FIRST: &str = include_str!("../../src/store/sqlite/migrations/0001_initial.sql");

/// A job as the first program wrote it.
const SPEC: &str = r#"{"name":"backup","action":{"type":"command","command":{"shell":"true"},
  "context":null},"target":"local","trigger":{"type":"date","at":1800000000000000,
  "zone":"Europe/Berlin","intent":{"expression":"noon","kind":"elapsed"}},
  "policies":{"retries":3,"retry_delay":{"secs":10,"nanos":0},"timeout":{"secs":3600,"nanos":0},
  "idle_timeout":null,"grace":{"within":{"secs":300,"nanos":0}},"on_interrupted":"keep"},
  "tags":["nightly"],"created_at":1700000000000001,
  "created_by":{"unix":{"uid":1000,"name":"ann"}}}"#;

fn old_store(path: &Path) {
    let old = rusqlite::Connection::open(path).unwrap();
    old.execute_batch(FIRST).unwrap();
    old.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA user_version = 1; PRAGMA application_id = 0x53744d31;
         INSERT INTO meta VALUES ('store_id', 'ab12'), ('created_at', 1), ('output_bytes', 0);",
    )
    .unwrap();
    // Job 1 waits, 2 has ended, 3 has run by its schedule and twice by hand, 4 runs.
    for (id, status, done, due, executions) in [
        (1, 0, 0, Some(1_800_000_000_000_000_i64), 0),
        (2, 6, 1, None, 1),
        (3, 3, 1, None, 3),
        (4, 1, 0, None, 1),
    ] {
        old.execute(
            "INSERT INTO jobs VALUES (?1, ?2, ?3, 1800000000000000, ?4, ?5, 0, 7, ?6)",
            rusqlite::params![id, status, done, due, executions, SPEC],
        )
        .unwrap();
        old.execute("INSERT INTO job_tags VALUES ('nightly', ?1)", [id]).unwrap();
    }
    for (job, n, cause, status, ended) in [
        (2, 1, 0, 6, Some(90)),
        (3, 1, 0, 2, Some(80)),
        (3, 2, 1, 2, Some(60)),
        (3, 3, 1, 3, Some(70)),
        (4, 1, 0, 1, None),
    ] {
        old.execute(
            "INSERT INTO executions (job, n, cause, planned, status, started, ended, attempt,
               user_micros, system_micros, max_rss_bytes, out_bytes, out_lines, out_dropped_bytes,
               out_dropped_lines)
             VALUES (?1, ?2, ?3, 1800000000000000, ?4, 50, ?5, 1, 0, 0, 0, 0, 0, 0, 0)",
            rusqlite::params![job, n, cause, status, ended],
        )
        .unwrap();
    }
}

#[test]
fn a_store_of_the_first_schema_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    old_store(&path);
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    assert_eq!(reader.counts().unwrap().schema_version, 5);
    assert_eq!(store.id(), "ab12");
    assert_eq!(reader.check().unwrap(), [""; 0]);

    let old = reader.job(JobId(3)).unwrap().unwrap();
    assert_eq!(old.spec.policies.conflict, Conflict::Skip);
    assert!(old.spec.policies.coalesce && old.spec.bounds.is_none());
    let missing =
        Policies { retries: 3, timeout: Some(Duration::from_secs(3600)), ..Default::default() };
    assert_eq!(old.spec.policies, missing);
    assert_eq!((old.state.planned, old.state.fired, old.state.executions), (1, 1, 3));
    assert_eq!((old.state.paused, old.state.deleted, old.state.nominal), (false, false, None));
    assert_eq!((old.state.fanned, store.snapshot(1).unwrap().nodes.len()), (None, 0));
    let missed = reader.job(JobId(2)).unwrap().unwrap();
    assert_eq!((missed.state.planned, missed.state.fired), (1, 0));
    let by_hand = reader.execution(ExecutionId { job: JobId(3), n: 2 }).unwrap().unwrap();
    assert_eq!((by_hand.cause, by_hand.firings, by_hand.first_planned), (Cause::Manual, 0, None));

    let history = reader.history(JobId(3)).unwrap().unwrap();
    assert_eq!((history.total, history.firings), (3, 1));
    assert_eq!(history.average, Some(Duration::from_micros(20)));
    let day = (Micros(1_800_000_000_000_000), Micros(1_800_000_900_000_000));
    let statistics = reader.statistics(day.0, day.1, 9).unwrap();
    assert_eq!((statistics.active_jobs, statistics.ended_jobs), (2, 2));
    assert_eq!(statistics.total_today(), 5);
    assert_eq!(statistics.today[&ExecutionStatus::Running], 1);
    assert_eq!(statistics.by_kind["script"], 4);
    let tagged = JobFilter { tag: Some("nightly".into()), ..Default::default() };
    assert_eq!(reader.jobs(&tagged).unwrap().items.len(), 4);
    let oldest = store.expired(Micros(75), 9).unwrap().0;
    assert_eq!(oldest.iter().map(|(id, _)| id.n).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(store.snapshot(9).unwrap().live.len(), 1);
    assert_eq!(store.planned_from(JobId(0), true, 9).unwrap(), (vec![], false));

    // What an old store has become is what a new one is.
    let fresh = dir.path().join("fresh.db");
    drop(SqliteStore::open(&fresh).unwrap());
    assert_eq!(schema(&path), schema(&fresh));
    drop((store, reader));
    let (_store, again) = SqliteStore::open(&path).unwrap();
    assert_eq!(again.counts().unwrap().executions, 5);
}

/// What the release before instruments made of it, with a node and an alarm of its time.
fn released_store(path: &Path) {
    old_store(path);
    let old = rusqlite::Connection::open(path).unwrap();
    old.execute_batch(include_str!("../../src/store/sqlite/migrations/0002_recurring.sql"))
        .unwrap();
    old.execute_batch(include_str!("../../src/store/sqlite/migrations/0003_nodes.sql")).unwrap();
    let alarm = r#"{"id":1,"job":3,"job_name":"backup","schedule_type":"script","state":"active",
      "severity":"error","message":"Scheduled job 'backup' failed","execution":"3.3","error":null,
      "scheduled":5,"triggered_at":6,"last_at":7,"occurrences":1,"acknowledged_at":null,
      "acknowledged_by":null,"note":null,"cleared_at":null}"#;

    old.execute("INSERT INTO alarms VALUES (1, 3, 0, 2, ?1)", [alarm]).unwrap();
    old.execute_batch("PRAGMA user_version = 3").unwrap();
}

#[test]
fn a_store_of_the_release_before_instruments_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    released_store(&path);
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    assert_eq!(reader.counts().unwrap().schema_version, 5);
    assert_eq!(reader.check().unwrap(), [""; 0]);
    let run = reader.execution(ExecutionId { job: JobId(3), n: 3 }).unwrap().unwrap();
    assert_eq!((run.status, run.result.as_deref()), (ExecutionStatus::Failed, None));
    assert_eq!(reader.statistics(Micros(0), Micros(0), 9).unwrap().by_kind["script"], 4);
    let alarms = reader.alarms(&AlarmFilter::default()).unwrap();
    assert_eq!((alarms.len(), alarms[0].equipment_id.as_deref()), (1, None));
    assert_eq!(store.snapshot(9).unwrap().live.len(), 1);

    let wear = Record::Wear(Box::new(Wear { equipment: "psu".into(), writes: Vec::new() }));
    store.apply(&[Change::RecordKept(Box::new(wear.clone()))]).unwrap();
    store.commit().unwrap();
    assert_eq!(reader.record(RecordKind::Wear, "psu").unwrap(), Some(wear));
    let fresh = dir.path().join("fresh.db");
    drop(SqliteStore::open(&fresh).unwrap());
    assert_eq!(schema(&path), schema(&fresh));
    let copy = dir.path().join("copy.db");
    reader.backup(&copy).unwrap();
    let (_copy, of_copy) = SqliteStore::open(&copy).unwrap();
    assert!(of_copy.record(RecordKind::Wear, "psu").unwrap().is_some());
}

fn schema(path: &Path) -> Vec<String> {
    let plain = rusqlite::Connection::open(path).unwrap();
    let mut statement =
        plain.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let lines: Result<Vec<String>, _> =
        statement.query_map([], |row| row.get(0)).unwrap().collect();
    lines.unwrap()
}
