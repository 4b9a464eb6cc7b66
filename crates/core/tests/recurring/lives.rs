//! Downtime, limits, pauses, alarms, changes and the clock.

use std::time::Duration;

use station_core::engine::{Change, Effect, Input, Refusal, Reply, Request};
use station_core::model::{
    AlarmState, Bounds, Conflict, Grace, IntervalTrigger, JobId, JobSpec, JobStatus, Now, Policies,
    Trigger,
};

use crate::station::{Station, at, back_at, spec};
use station_core::model::ExecutionStatus::{Cancelled, Failed, Missed, Pending, Running};
#[test]
fn after_downtime_what_is_too_late_is_missed_and_the_rest_is_combined() {
    let grace = Grace::Within(Duration::from_secs(25));
    let station = back_at(65, Policies { grace, ..Policies::default() });
    // 10, 20 and 30 are later than 25 s; 40, 50 and 60 are not.
    assert_eq!(station.rows(), [(1, Missed, 3, 30), (2, Running, 3, 60)]);
    assert_eq!(station.executions[0].first_planned, Some(at(10).wall));
    assert_eq!(station.executions[1].first_planned, Some(at(40).wall));
    assert_eq!(station.next(), Some(70));
    assert_eq!(station.job().state.planned, 6);
}

#[test]
fn without_coalesce_each_firing_within_the_grace_runs() {
    let grace = Grace::Within(Duration::from_secs(25));
    let conflict = Conflict::Queue;
    let station = back_at(65, Policies { grace, coalesce: false, conflict, ..Policies::default() });
    let rows = [(1, Missed, 3, 30), (2, Running, 1, 40), (3, Pending, 1, 50), (4, Pending, 1, 60)];
    assert_eq!(station.rows(), rows);
}

#[test]
fn after_the_last_of_max_executions_the_job_is_done() {
    let bounds = Bounds { max_executions: Some(2), ..Bounds::default() };
    let mut station = Station::with(JobSpec { bounds, ..spec() });
    station.tick(10);
    station.end(11, 1, 0);
    station.tick(20);
    assert_eq!(station.next(), None);
    station.end(21, 2, 0);
    assert_eq!(station.job().state.status, JobStatus::Completed);
    station.tick(40);
    assert_eq!(station.rows().len(), 2);
    assert_eq!(station.engine.jobs().count(), 0);
}

#[test]
fn a_paused_job_fires_no_more_until_it_is_resumed_but_can_be_run() {
    let mut station = Station::with(spec());
    let pause = || Request::Pause { job: JobId(1), row: None };
    assert!(matches!(station.ask(5, pause()), Reply::Updated(_)));
    let row = station.job().clone();
    let boxed = || Some(Box::new(row.clone()));
    assert!(matches!(
        station.ask(6, Request::Pause { job: JobId(1), row: boxed() }),
        Reply::Updated(_)
    ));
    station.tick(40);
    assert!(station.executions.is_empty());
    let run = station.ask(41, Request::RunNow { job: JobId(1), row: boxed() });
    assert!(matches!(run, Reply::Running(_)), "{run:?}");
    assert_eq!(station.rows(), [(1, Running, 0, 41)]);
    station.end(42, 1, 0);
    assert_eq!(station.job().state.status, JobStatus::Pending);
    let row = station.job().clone();
    let resumed = station.ask(43, Request::Resume { job: JobId(1), row: Some(Box::new(row)) });
    assert!(matches!(resumed, Reply::Updated(_)), "{resumed:?}");
    assert_eq!(station.next(), Some(50));
    station.tick(50);
    assert_eq!(station.rows().last(), Some(&(2, Running, 1, 50)));
    assert_eq!(station.job().state.planned, 1);
}

#[test]
fn a_failure_raises_one_alarm_until_it_is_cleared_and_owes_a_notice() {
    let mut station = Station::new(&["ops"]);
    station.create(JobSpec { policies: Policies { alarm: true, ..Policies::default() }, ..spec() });
    station.tick(10);
    station.end(11, 1, 3);
    station.tick(20);
    station.end(21, 2, 3);
    assert_eq!(station.rows(), [(1, Failed, 1, 10), (2, Failed, 1, 20)]);
    assert_eq!(station.alarms.len(), 2);
    let alarm = station.alarms.last().unwrap().clone();
    assert_eq!(alarm.message, "Scheduled job 'tick' failed");
    assert_eq!((alarm.id.0, alarm.occurrences), (1, 2));
    assert_eq!(alarm.source(), "scheduler.1");
    assert_eq!(station.notified, ["ops"]);

    // The channel does not answer: it is told again later.
    let error = Some("connection refused".to_owned());
    let told = |error| Input::Notified { alarm: alarm.id, channel: "ops".into(), error };
    station.handle(22, told(error));
    station.tick(24);
    assert_eq!(station.notified, ["ops"]);
    station.tick(27);
    assert_eq!(station.notified, ["ops", "ops"]);
    station.handle(28, told(None));
    station.tick(4000);
    assert_eq!(station.notified, ["ops", "ops"]);

    let row = || Some(Box::new(alarm.clone()));
    let known = Request::Acknowledge { alarm: alarm.id, by: "eve".into(), note: None, row: row() };
    assert!(matches!(station.ask(4001, known), Reply::Alarm(_)));
    let clear = Request::Clear { alarm: alarm.id, row: row() };
    let Reply::Alarm(cleared) = station.ask(4002, clear) else { panic!("not cleared") };
    assert_eq!(cleared.state, AlarmState::Cleared);
    assert_eq!(cleared.acknowledged_by.as_deref(), Some("eve"));
}

#[test]
fn deleting_ends_what_runs_and_keeps_what_ran() {
    let mut station = Station::with(spec());
    station.tick(10);
    let delete = |history| Request::Delete { job: JobId(1), row: None, history };
    let kept = station.ask(11, delete(true));
    assert_eq!(kept, Reply::Refused(Refusal::StillRunning(JobId(1))));
    assert_eq!(station.ask(12, delete(false)), Reply::Deleted);
    assert_eq!(station.stopped.len(), 1);
    assert_eq!(station.ask(13, delete(false)), Reply::Refused(Refusal::NoSuchJob(JobId(1))));
    station.end(14, 1, 143);
    assert_eq!(station.rows(), [(1, Cancelled, 1, 10)]);
    station.tick(40);
    assert_eq!(station.rows().len(), 1);
    assert_eq!(station.engine.jobs().count(), 0);
}

#[test]
fn an_interval_counts_elapsed_time_when_the_clock_is_set_back() {
    let mut station = Station::with(spec());
    let back = Now { wall: at(-3600 + 5).wall, mono: at(5).mono };
    let outcome = station.engine.handle(back, Input::Tick);
    let after = outcome.effects.iter().find_map(|effect| {
        if let Effect::LoadPlanned { after, .. } = effect { Some(*after) } else { None }
    });
    assert!(after.is_some(), "{outcome:?}");
    let jobs = vec![station.job().clone()];
    let outcome = station.engine.handle(back, Input::Planned { jobs, more: false });
    let moved = outcome.changes.iter().find_map(|change| {
        if let Change::JobUpdated { state, .. } = change { state.next_due } else { None }
    });
    assert_eq!(moved, Some(at(-3600 + 10).wall));
    let due = Now { wall: at(-3600 + 10).wall, mono: at(10).mono };
    let outcome = station.engine.handle(due, Input::Tick);
    assert!(outcome.effects.iter().any(|effect| matches!(effect, Effect::Start { .. })));
    let next = outcome.changes.iter().rev().find_map(|change| {
        if let Change::JobUpdated { state, .. } = change { state.next_due } else { None }
    });
    assert_eq!(next, Some(at(-3600 + 20).wall));
}

#[test]
fn a_changed_schedule_counts_from_now_and_a_changed_name_leaves_it_alone() {
    let mut station = Station::with(spec());
    let update = |spec: JobSpec| Request::Update {
        job: JobId(1),
        row: None,
        spec: Box::new(spec),
        context: None,
        paused: None,
    };
    station.ask(3, update(JobSpec { name: "other".into(), ..spec() }));
    assert_eq!((station.next(), station.job().spec.name.as_str()), (Some(10), "other"));
    let trigger = Trigger::Interval(IntervalTrigger {
        every: Duration::from_secs(60),
        first: at(64).wall,
        zone: "UTC".into(),
    });
    station.ask(4, update(JobSpec { trigger, ..spec() }));
    assert_eq!(station.next(), Some(64));
    station.tick(10);
    assert!(station.executions.is_empty());
    station.tick(64);
    assert_eq!(station.rows(), [(1, Running, 1, 64)]);
}
