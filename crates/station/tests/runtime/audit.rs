//! What the dispatcher records in the audit trail, and that it is there when an answer is.

use station::audit::{Key, Witness, check};
use station::store::{AuditFilter, Unread};
use station_core::audit::{Actor, Draft, Fault, Head, Kind, Mark, Source, Status, Wrong, run};
use station_core::model::Principal;

use super::*;

fn ann() -> Actor {
    let principal = Principal::Unix { uid: 1000, name: Some("ann".to_owned()) };
    Actor {
        method: Some("socket".to_owned()),
        source: Some("unix:4711".to_owned()),
        ..Actor::of(principal)
    }
}

fn draft(kind: Kind, correlation: &str) -> Draft {
    let status = if kind == Kind::Intent { Status::Pending } else { Status::Confirmed };
    let correlation = Some(correlation.to_owned());
    Draft { kind, status, correlation, ..Draft::done(ann(), "outstation SS1/breaker-7", "write") }
}

fn create(id: i64) -> Request {
    let spec = Box::new((*job(id, i64::MAX / 2).spec).clone());
    Request::Create { spec, context: None, immediate: false, paused: false }
}

/// Kind, operator, action, subject and status of each record, in order.
fn trail(reader: &Reader) -> Vec<String> {
    let one = |record: station::store::AuditRecord| {
        let entry = record.entry().unwrap();
        let by = entry.by.principal.as_ref().map_or("station".to_owned(), Principal::label);
        let (kind, status) = (entry.kind.name(), entry.status.name());
        format!("{kind} {by}: {} {} {status}", entry.action, entry.subject)
    };
    reader.audit_from(1, 1000).unwrap().into_iter().map(one).collect()
}

#[test]
fn an_answer_is_given_when_the_record_is_durable() {
    let site = Site::new(WORKS, vec![surroundings()]);
    site.block(site.handle.request_by(create(1), &ann())).unwrap();
    assert_eq!(trail(&site.reader), ["done ann: create job 1 confirmed"]);
    let record = site.reader.audit_record(1).unwrap().unwrap();
    let entry = record.entry().unwrap();
    assert_eq!(entry.by, ann());
    let local: jiff::Timestamp = entry.local.parse().unwrap();
    assert_eq!(local.as_microsecond(), entry.at.0);
    site.block(site.handle.request_by(cancel(9), &ann())).unwrap();
    site.block(site.handle.record(vec![draft(Kind::Intent, "x")])).unwrap();
    assert_eq!(
        trail(&site.reader)[1..],
        ["refused ann: cancel job 9 failed", "intent ann: write outstation SS1/breaker-7 pending"]
    );
    assert_eq!(site.handle.tail().head(), site.reader.verify_audit(Vec::new()).unwrap());
    assert_eq!(site.handle.tail().unsigned(), 3);
}

#[test]
fn what_cannot_be_stored_is_not_recorded_and_nobody_is_told_it_was() {
    let site = Site::new(WORKS, vec![surroundings()]);
    site.mood.store(FAILS, Ordering::SeqCst);
    site.block(site.handle.record(vec![draft(Kind::Intent, "x")])).unwrap_err();
    site.block(site.handle.request_by(create(1), &ann())).unwrap_err();
    // Somebody who does not wait is not forgotten.
    site.handle.record_later(vec![draft(Kind::Outcome, "y")]);
    assert_eq!(site.reader.audit_head().unwrap(), Head::default());
    site.mood.store(WORKS, Ordering::SeqCst);
    while site.block(site.handle.record(vec![draft(Kind::Done, "z")])).is_err() {}
    let shown = trail(&site.reader);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].starts_with("outcome ann: write"), "{shown:?}");
    site.reader.verify_audit(Vec::new()).unwrap();
}

#[test]
fn a_run_is_in_the_trail_before_it_starts_and_when_it_has_ended() {
    let site = Site::new(WORKS, due_now());
    site.until_started();
    let id = ExecutionId { job: JobId(1), n: 1 };
    let intent = site.reader.audit_record(1).unwrap().unwrap().entry().unwrap();
    assert_eq!((intent.kind, intent.correlation), (Kind::Intent, run(id, 1)));
    assert_eq!(intent.by.execution, Some(id));
    site.handle.abort();
    site.block(site.handle.stopped());
    assert_eq!(site.reader.audit_head().unwrap().seq, 1);
}

/// A station was killed while something was under way: of runs the engine finds the end, once, of
/// the rest nothing is known.
#[test]
fn intents_that_a_killed_daemon_left_get_an_outcome_each() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    let (site, handle) = start_over(&path, |store| {
        store.apply(&left_behind()).unwrap();
        let left = ExecutionId { job: JobId(2), n: 1 };
        let entries = [draft(Kind::Intent, &run(left, 1)), draft(Kind::Intent, "command")];
        let stamp = station_core::audit::Stamp {
            at: Micros(1),
            local: String::new(),
            mono_ns: 1,
            clock: station_core::audit::Clock { synchronised: true, error_us: None },
            correlation: String::new(),
        };
        store.append(entries.map(|draft| draft.stamped(stamp.clone())).to_vec()).unwrap();
        store.commit().unwrap();
    });
    let unfinished: Vec<_> = handle.unfinished().iter().map(|intent| intent.seq).collect();
    assert_eq!(unfinished, [2]);
    let outcomes = |reader: &Reader| {
        let filter = AuditFilter { kinds: vec![Kind::Outcome], ..AuditFilter::default() };
        let mut found = reader.audit(&filter).unwrap().items;
        found.reverse();
        found.iter().map(|record| record.entry().unwrap()).collect::<Vec<_>>()
    };
    let mut changes = handle.watch(JobId(2));
    site.block_on(async {
        while outcomes(&handle.reader()).len() < 2 {
            tokio::time::timeout(PATIENCE, changes.changed()).await.unwrap().unwrap();
        }
    });
    let found = outcomes(&handle.reader());
    let correlations: Vec<&str> = found.iter().map(|entry| entry.correlation.as_str()).collect();
    assert_eq!(correlations.len(), 2, "{correlations:?}");
    assert!(correlations.contains(&"command") && correlations.contains(&"run 2.1.1"));
    for entry in &found {
        assert_eq!((entry.status, &entry.detail["class"]), (Status::Failed, &"unknown".into()));
    }
    handle.abort();
    site.block_on(handle.stopped());
    let (mut store, _) = station::store::open(&path).unwrap();
    assert_eq!(store.outstanding().unwrap(), []);
}

/// A station over a store that is prepared first.
fn start_over(
    path: &std::path::Path,
    prepare: impl FnOnce(&mut dyn Store),
) -> (tokio::runtime::Runtime, Handle) {
    let (mut store, reader) = station::store::open(path).unwrap();
    prepare(store.as_mut());
    let runtime = station::daemon::tokio_runtime().unwrap();
    let inside = runtime.enter();
    let handle = runtime::start(Parts {
        mode: Mode::Daemon,
        config: Config { kill_grace: Duration::from_millis(100), ..Config::default() },
        data_dir: path.parent().unwrap().to_owned(),
        store,
        reader,
        links: Box::new(move |sink, _| Box::new(Puppet { sink, seen: Arc::default() })),
        notifier: Arc::new(Silent),
    })
    .unwrap();
    drop(inside);
    (runtime, handle)
}

#[test]
fn a_clean_stop_is_signed_and_the_witness_sees_what_is_cut_later() {
    let dir = tempfile::tempdir().unwrap();
    let (path, witnessed) = (dir.path().join("station.db"), dir.path().join("witness"));
    let key = Arc::new(Key::of(dir.path()).unwrap());
    let witness = Witness::new(witnessed.clone());
    let marks = || {
        let known = Witness::read(&witnessed).unwrap();
        let mark = |one| Mark::of(one, Source::Witness, &[key.public()], &check).unwrap();
        known.iter().map(mark).collect::<Vec<_>>()
    };
    for round in 1..=2_u64 {
        let (site, handle) = start_over(&path, |_| {});
        assert_eq!(handle.tail().unsigned(), 0);
        site.block_on(handle.record(vec![draft(Kind::Done, "x"), draft(Kind::Done, "y")])).unwrap();
        let signer = Arc::clone(&key);
        let end = Draft { kind: Kind::Config, ..Draft::done(Actor::station(), "station", "stop") };
        handle.at_end(end, Box::new(move |head| signer.sign(&head, Micros(7))));
        handle.shut_down(Duration::ZERO);
        site.block_on(handle.stopped());
        let reader = handle.reader();
        let last = reader.last_checkpoint().unwrap().unwrap();
        assert_eq!(last.head(), reader.audit_head().unwrap());
        assert_eq!(last.seq, 3 * round);
        assert!(trail(&reader).last().unwrap().ends_with("stop station confirmed"));
        // The first time it was out of reach: it is told of both.
        if round == 2 {
            witness.catch_up(&reader).unwrap();
            witness.catch_up(&reader).unwrap();
            assert_eq!(marks().len(), 2);
            assert_eq!(witness.compare(&reader), Ok(()));
            assert_eq!(reader.verify_audit(marks()).unwrap(), last.head());
        }
    }
    let plain = rusqlite::Connection::open(&path).unwrap();
    plain.execute_batch("DROP TRIGGER audit_undeleted; DELETE FROM audit WHERE seq > 4").unwrap();
    let reader = Reader::of(&path);
    assert!(witness.compare(&reader).unwrap_err().contains("ends before record 6"));
    let fault = Fault { seq: 5, wrong: Wrong::Cut(Source::Witness) };
    assert_eq!(reader.verify_audit(marks()), Err(Unread::Broken(fault)));
    std::fs::write(&witnessed, "1 ab").unwrap();
    assert!(witness.catch_up(&reader).unwrap_err().contains("is not whole"));
}

/// The keeper signs at once when there are many, and what it could not tell the witness it tells later.
#[test]
fn many_records_are_signed_at_once() {
    let site = Site::new(WORKS, vec![surroundings()]);
    let dir = tempfile::tempdir().unwrap();
    let key = Arc::new(Key::of(dir.path()).unwrap());
    let path = dir.path().join("witness");
    let (told, mut alarms) = tokio::sync::mpsc::unbounded_channel();
    let alarm = Arc::new(move |topic, _: String| told.send(topic).unwrap());
    // A directory that is not there yet.
    let missing = dir.path().join("mounted");
    let witness = Witness::new(missing.join("witness"));
    let keeper =
        station::audit::Keeper::new(site.handle.clone(), key, Some(witness), alarm.clone());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let keeping = site._runtime.spawn(keeper.run(stopped));
    assert_eq!(site.block(alarms.recv()), Some("audit_witness"));
    std::fs::create_dir(&missing).unwrap();
    let many = (0..1000).map(|n| draft(Kind::Done, &n.to_string())).collect();
    site.block(site.handle.record(many)).unwrap();
    stop_when_signed(&site);
    stop.send_replace(true);
    site.block(keeping).unwrap();
    let known = Witness::read(&missing.join("witness")).unwrap();
    assert_eq!(known.last().map(|one| one.seq), Some(1000));
    assert!(!path.exists());
}

/// Waits until the whole trail is signed.
fn stop_when_signed(site: &Site) {
    site.block(async {
        while site.handle.tail().unsigned() > 0 {
            tokio::task::yield_now().await;
        }
    });
}
