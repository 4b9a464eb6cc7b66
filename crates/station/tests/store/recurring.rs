//! Recurring jobs: what is paused, replaced, deleted and removed; what each leaves behind.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil;
use station::port::{Store, StoreErrorKind};
use station::store::{ExecutionFilter, JobFilter, Reader, SqliteStore};
use station_core::engine::Change;
use station_core::model::Trigger;
use station_core::model::{
    Alarm, AlarmId, AlarmState, Bounds, Cause, ClockRule, CronTrigger, DailyTrigger, Exclusion,
    ExecutionId, ExecutionStatus, GapRule, Job, JobId, Micros, MonthlyTrigger, OutputChunk,
    OverlapRule, Severity, Stream, WeeklyTrigger,
};

use crate::samples::{created, execution, job, recorded, recurring, state, surroundings};

/// An alarm about a job.
pub(crate) fn alarm(id: i64, job: i64, state: AlarmState) -> Alarm {
    Alarm {
        id: AlarmId(id),
        job: Some(JobId(job)),
        topic: None,
        job_name: format!("job {job}"),
        schedule_type: "script".into(),
        equipment_id: None,
        state,
        severity: Severity::Error,
        message: format!("Scheduled job 'job {job}' failed"),
        execution: Some(ExecutionId { job: JobId(job), n: 1 }),
        error: Some("exited with status 1".into()),
        scheduled: Micros(5),
        triggered_at: Micros(6),
        last_at: Micros(7),
        occurrences: 2,
        acknowledged_at: None,
        acknowledged_by: None,
        note: None,
        cleared_at: None,
    }
}

fn opened() -> (tempfile::TempDir, SqliteStore, Reader) {
    let dir = tempfile::tempdir().unwrap();
    let (store, reader) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
    (dir, store, reader)
}

fn commit(store: &mut SqliteStore, changes: &[Change]) {
    store.apply(changes).unwrap();
    store.commit().unwrap();
}

/// A job with an execution that has left an attempt's output and a mail.
fn with_history(id: i64) -> Vec<Change> {
    let mut run = execution(id, 1, ExecutionStatus::Completed);
    (run.started, run.ended, run.firings) = (Some(Micros(10)), Some(Micros(40)), 3);
    let chunk = OutputChunk { stream: Stream::Stdout, at: Micros(11), bytes: b"hello".to_vec() };
    let mut after = state(ExecutionStatus::Pending, Some(60_000_000), 1);
    after.planned = 3;
    vec![
        surroundings(),
        created(recurring(id, 5)),
        recorded(run.clone()),
        Change::OutputStored { execution: run.id, attempt: 1, chunks: vec![chunk] },
        Change::MailQueued { execution: run.id },
        Change::JobUpdated { job: JobId(id), state: after },
    ]
}

#[test]
fn every_trigger_comes_back() {
    let (_dir, mut store, reader) = opened();
    let clock = ClockRule { gap: Some(GapRule::Skip), overlap: Some(OverlapRule::Both) };
    let (zone, time) = (String::from("Europe/Berlin"), civil::time(2, 30, 0, 0));
    let triggers = [
        recurring(1, 5).spec.trigger.clone(),
        Trigger::Cron(CronTrigger {
            expression: "*/5 0-6 * * mon".into(),
            seconds: true,
            zone: zone.clone(),
            clock,
        }),
        Trigger::Daily(DailyTrigger { time, zone: zone.clone(), clock }),
        Trigger::Weekly(WeeklyTrigger { day: 6, time, zone: zone.clone(), clock }),
        Trigger::Monthly(MonthlyTrigger { day: 31, time, zone, clock: ClockRule::default() }),
        job(1, 5).spec.trigger.clone(),
    ];
    let jobs: Vec<Job> = (1..)
        .zip(triggers)
        .map(|(id, trigger)| {
            let mut job = job(id, 5);
            let spec = Arc::make_mut(&mut job.spec);
            spec.trigger = trigger;
            spec.bounds = Bounds {
                start: Some(Micros(1)),
                end: Some(Micros(9)),
                max_executions: Some(3),
                jitter: Duration::from_secs(2),
                exclude: vec![Exclusion {
                    from: civil::date(2027, 12, 24).at(0, 0, 0, 0),
                    to: civil::date(2027, 12, 27).at(0, 0, 0, 0),
                }],
            };
            spec.policies.conflict_key = Some("psu-1".into());
            job
        })
        .collect();
    for job in &jobs {
        commit(&mut store, &[created(job.clone())]);
        assert_eq!(reader.job(job.id).unwrap().as_ref(), Some(job));
    }
    let (recurring, more) = store.planned_from(JobId(0), true, 9).unwrap();
    assert_eq!((recurring.as_slice(), more), (&jobs[..5], false));
}

#[test]
fn a_replaced_job_has_its_new_tags_and_trigger_only() {
    let (_dir, mut store, reader) = opened();
    let mut first = job(1, 5);
    Arc::make_mut(&mut first.spec).tags = vec!["red".into(), "blue".into()];
    commit(&mut store, &[created(first)]);
    let mut second = recurring(1, 7);
    Arc::make_mut(&mut second.spec).tags = vec!["blue".into(), "green".into()];
    for _ in 0..2 {
        commit(&mut store, &[Change::JobReplaced(Box::new(second.clone()))]);
        for (tag, count) in [("red", 0), ("blue", 1), ("green", 1)] {
            let filter = JobFilter { tag: Some(tag.into()), ..Default::default() };
            assert_eq!(reader.jobs(&filter).unwrap().items.len(), count, "{tag}");
        }
        assert_eq!(store.planned_from(JobId(0), true, 9).unwrap().0, [second.clone()]);
        assert_eq!(reader.check().unwrap(), ["job 1 wants a context that is not stored"]);
    }
}

#[test]
fn a_deleted_job_is_out_of_sight_until_its_last_execution_goes() {
    let (_dir, mut store, reader) = opened();
    commit(&mut store, &with_history(1));
    commit(&mut store, &[Change::JobDeleted { job: JobId(1), history: false }]);
    let run = ExecutionId { job: JobId(1), n: 1 };
    for _ in 0..2 {
        commit(&mut store, &[Change::JobDeleted { job: JobId(1), history: false }]);
        assert!(store.job(JobId(1)).unwrap().unwrap().state.deleted);
        assert_eq!(reader.job(JobId(1)).unwrap(), None);
        assert_eq!(reader.jobs(&JobFilter::default()).unwrap().items, []);
        assert_eq!(reader.history(JobId(1)).unwrap(), None);
        assert_eq!(reader.ledger(JobId(1)).unwrap(), None);
        assert_eq!(reader.statistics(Micros(0), Micros(0), 9).unwrap().total_jobs, 0);
        assert!(reader.execution(run).unwrap().is_some());
        assert_eq!(reader.output(run, 0, 99).unwrap().len(), 1);
        assert_eq!(reader.check().unwrap(), [""; 0]);
    }
    for _ in 0..2 {
        commit(&mut store, &[Change::ExecutionRemoved { execution: run }]);
        assert_eq!(store.job(JobId(1)).unwrap(), None);
        assert_eq!(reader.execution(run).unwrap(), None);
        assert_eq!(reader.counts().unwrap().output_bytes, 0);
        assert_eq!(store.snapshot(9).unwrap().mails, []);
        assert_eq!(reader.check().unwrap(), [""; 0]);
    }
    assert_eq!(store.snapshot(9).unwrap().last_job, 1);
}

#[test]
fn with_its_history_everything_of_a_deleted_job_goes() {
    let (_dir, mut store, reader) = opened();
    commit(&mut store, &with_history(1));
    commit(&mut store, &with_history(2));
    for _ in 0..2 {
        commit(&mut store, &[Change::JobDeleted { job: JobId(1), history: true }]);
        assert_eq!(store.job(JobId(1)).unwrap(), None);
        let counts = reader.counts().unwrap();
        assert_eq!((counts.executions, counts.output_bytes), (1, 5));
        assert_eq!(store.snapshot(9).unwrap().mails.len(), 1);
        assert_eq!(reader.check().unwrap(), [""; 0]);
    }
}

#[test]
fn removed_executions_stay_in_the_ledger() {
    let (_dir, mut store, reader) = opened();
    commit(&mut store, &with_history(1));
    let mut skipped = execution(1, 2, ExecutionStatus::Skipped);
    skipped.ended = Some(Micros(50));
    let mut manual = execution(1, 3, ExecutionStatus::Failed);
    (manual.cause, manual.firings, manual.ended) = (Cause::Manual, 0, Some(Micros(60)));
    let mut after = state(ExecutionStatus::Pending, Some(60_000_000), 3);
    after.planned = 4;
    let update = Change::JobUpdated { job: JobId(1), state: after };
    commit(&mut store, &[recorded(skipped), recorded(manual), update]);
    let ledger = reader.ledger(JobId(1)).unwrap().unwrap();
    assert_eq!((ledger.planned, ledger.pruned, ledger.accounted()), (4, 0, 4));
    assert_eq!((ledger.ran(), ledger.combined(), ledger.skipped()), (1, 2, 1));
    let (expired, more) = store.expired(Micros(51), 1).unwrap();
    assert_eq!((expired.as_slice(), more), (&[(ExecutionId { job: JobId(1), n: 1 }, 5)][..], true));
    for n in [1, 3] {
        let execution = ExecutionId { job: JobId(1), n };
        for _ in 0..2 {
            commit(&mut store, &[Change::ExecutionRemoved { execution }]);
        }
    }
    let ledger = reader.ledger(JobId(1)).unwrap().unwrap();
    assert_eq!((ledger.planned, ledger.pruned, ledger.accounted()), (4, 3, 4));
    assert_eq!((ledger.ran(), ledger.combined(), ledger.skipped()), (0, 0, 1));
    assert_eq!(reader.check().unwrap(), [""; 0]);
    // Replacing the job does not forget what was pruned.
    let mut new = store.job(JobId(1)).unwrap().unwrap();
    Arc::make_mut(&mut new.spec).name = "new".into();
    commit(&mut store, &[Change::JobReplaced(Box::new(new))]);
    assert_eq!(reader.ledger_faults().unwrap(), [""; 0]);
}

#[test]
fn generations_grow_with_what_is_durable() {
    let (dir, mut store, reader) = opened();
    let first = reader.generation();
    store.apply(&[created(job(1, 5))]).unwrap();
    assert_eq!(reader.generation(), first);
    store.rollback();
    store.commit().unwrap();
    assert_eq!(reader.generation(), first);
    commit(&mut store, &[created(job(1, 5))]);
    assert_eq!(reader.clone().generation(), first + 1);
    assert_eq!(Reader::of(&dir.path().join("station.db")).generation(), 0);
}

#[test]
fn a_span_of_time_needs_a_job() {
    let (_dir, _store, reader) = opened();
    let filter = ExecutionFilter { planned_to: Some(Micros(1)), ..Default::default() };
    let error = reader.executions(&filter).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
    assert!(error.message.contains("name a job"), "{error}");
}

#[test]
fn a_backup_holds_alarms_notices_and_tallies() {
    let (dir, mut store, reader) = opened();
    commit(&mut store, &with_history(1));
    commit(&mut store, &[Change::AlarmRecorded(Box::new(alarm(4, 1, AlarmState::Active)))]);
    let to = dir.path().join("copy.db");
    reader.backup(&to).unwrap();
    let (mut copy, of_copy) = SqliteStore::open(&to).unwrap();
    assert_eq!(copy.snapshot(9).unwrap(), store.snapshot(9).unwrap());
    assert_eq!(copy.snapshot(9).unwrap().last_alarm, 4);
    assert_eq!(of_copy.history(JobId(1)).unwrap(), reader.history(JobId(1)).unwrap());
    assert_eq!(of_copy.check().unwrap(), [""; 0]);
}
