//! Recurring jobs by example: what the guide promises of misfires, conflicts, limits, pauses and
//! alarms, one test each. What holds in general is the business of the seeded worlds.

#![cfg(test)]

use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{
    Change, ClockTrust, Config, Effect, EndReport, Engine, Input, Outcome, Refusal, Reply, Request,
    Scope, Snapshot,
};
use station_core::model::{
    Action, Alarm, AlarmState, Bounds, CommandLine, Conflict, End, Execution, ExecutionId,
    ExecutionStatus, Grace, IntervalTrigger, Job, JobId, JobSpec, JobStatus, Micros, Mono, Now,
    OutputSummary, Policies, Principal, Target, Trigger, Usage,
};

const SECOND: i64 = 1_000_000;
const START: i64 = 1_800_000_000;

fn at(seconds: i64) -> Now {
    let mono = u64::try_from((10_000 + seconds) * SECOND).unwrap();
    Now { wall: Micros((START + seconds) * SECOND), mono: Mono(mono) }
}

/// Every ten seconds from second 10 on.
fn spec() -> JobSpec {
    JobSpec {
        name: "tick".into(),
        description: None,
        action: Action::Command {
            command: CommandLine::Shell("true".into()),
            context: None,
            stdin: None,
        },
        target: Target::Local,
        trigger: Trigger::Interval(IntervalTrigger {
            every: Duration::from_secs(10),
            first: at(10).wall,
            zone: "UTC".into(),
        }),
        bounds: Bounds::default(),
        policies: Policies::default(),
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(0),
        created_by: Principal::Unix { uid: 0, name: None },
    }
}

/// An engine with what it has recorded and started so far.
struct Station {
    engine: Engine,
    job: Option<Job>,
    executions: Vec<Execution>,
    alarms: Vec<Alarm>,
    started: Vec<ExecutionId>,
    stopped: Vec<ExecutionId>,
    notified: Vec<String>,
}

impl Station {
    fn new(channels: &[&str]) -> Self {
        let channels = channels.iter().map(|name| (*name).to_owned()).collect();
        let config = Config { channels, retention: None, ..Config::default() };
        let (engine, _) = Engine::start(
            config,
            Scope::All,
            Snapshot::default(),
            at(0),
            ClockTrust::Trusted,
            7,
            TimeZoneDatabase::bundled(),
        );
        Self {
            engine,
            job: None,
            executions: Vec::new(),
            alarms: Vec::new(),
            started: Vec::new(),
            stopped: Vec::new(),
            notified: Vec::new(),
        }
    }

    fn with(spec: JobSpec) -> Self {
        let mut station = Self::new(&[]);
        assert!(matches!(station.create(spec), Reply::Created(_)));
        station
    }

    fn create(&mut self, spec: JobSpec) -> Reply {
        let spec = Box::new(spec);
        self.ask(0, Request::Create { spec, context: None, immediate: false, paused: false })
    }

    fn handle(&mut self, seconds: i64, input: Input) -> Outcome {
        let outcome = self.engine.handle(at(seconds), input);
        for change in &outcome.changes {
            if let Change::JobCreated(job) | Change::JobReplaced(job) = change {
                self.job = Some((**job).clone());
            } else if let Change::JobUpdated { state, .. } = change {
                self.job.as_mut().unwrap().state = state.clone();
            } else if let Change::ExecutionRecorded(execution) = change {
                self.executions.retain(|before| before.id != execution.id);
                self.executions.push((**execution).clone());
                self.executions.sort_by_key(|execution| execution.id);
            } else if let Change::AlarmRecorded(alarm) = change {
                self.alarms.push((**alarm).clone());
            }
        }
        for effect in &outcome.effects {
            if let Effect::Start { execution, .. } = effect {
                self.started.push(*execution);
            } else if let Effect::Stop { execution, kill: false } = effect {
                self.stopped.push(*execution);
            } else if let Effect::Notify { channel, .. } = effect {
                self.notified.push(channel.clone());
            }
        }
        outcome
    }

    fn ask(&mut self, seconds: i64, request: Request) -> Reply {
        self.handle(seconds, Input::Request(request)).reply.unwrap()
    }

    fn tick(&mut self, seconds: i64) {
        self.handle(seconds, Input::Tick);
    }

    fn end(&mut self, seconds: i64, n: u32, code: i32) {
        let execution = ExecutionId { job: JobId(1), n };
        let report = Box::new(EndReport {
            end: End::Exit(code),
            error: None,
            usage: Usage::default(),
            output: OutputSummary::default(),
            chunks: Vec::new(),
        });
        self.handle(seconds, Input::Ended { execution, report });
    }

    fn job(&self) -> &Job {
        self.job.as_ref().unwrap()
    }

    /// When it fires next, in seconds.
    fn next(&self) -> Option<i64> {
        self.job().state.next_due.map(|due| due.0 / SECOND - START)
    }

    /// Number, status, firings and last planned second of each execution.
    fn rows(&self) -> Vec<(u32, ExecutionStatus, u32, i64)> {
        let row = |execution: &Execution| {
            let planned = execution.planned.0 / SECOND - START;
            (execution.id.n, execution.status, execution.firings, planned)
        };
        self.executions.iter().map(row).collect()
    }

    fn error(&self, n: u32) -> &str {
        let found = self.executions.iter().find(|execution| execution.id.n == n);
        found.and_then(|execution| execution.error.as_deref()).unwrap_or("-")
    }
}

fn with_policies(policies: Policies) -> Station {
    Station::with(JobSpec { policies, ..spec() })
}

use ExecutionStatus::{Cancelled, Completed, Failed, Missed, Pending, Running, Skipped};

#[test]
fn a_recurring_job_runs_at_each_of_its_times_and_is_pending_between_them() {
    let mut station = Station::with(spec());
    assert_eq!(station.next(), Some(10));
    for (n, second) in (1..).zip([10, 20, 30]) {
        station.tick(second);
        assert_eq!(station.job().state.status, JobStatus::Running);
        assert_eq!(station.next(), Some(second + 10));
        station.end(second + 1, n, 0);
        assert_eq!(station.job().state.status, JobStatus::Pending);
    }
    assert_eq!(
        station.rows(),
        [(1, Completed, 1, 10), (2, Completed, 1, 20), (3, Completed, 1, 30)]
    );
    assert_eq!(station.job().state.planned, 3);
}

#[test]
fn skip_records_a_firing_while_a_run_is_active() {
    let mut station = Station::with(spec());
    station.tick(10);
    station.tick(20);
    assert_eq!(station.rows(), [(1, Running, 1, 10), (2, Skipped, 1, 20)]);
    assert_eq!(station.error(2), "Job already running (conflict_policy=skip)");
    assert_eq!(station.job().state.status, JobStatus::Running);
    station.end(25, 1, 0);
    station.tick(30);
    assert_eq!(station.rows().last(), Some(&(3, Running, 1, 30)));
}

#[test]
fn queue_lines_firings_up_in_order_and_within_its_limit() {
    let mut station = with_policies(Policies {
        conflict: Conflict::Queue,
        queue_limit: 2,
        ..Policies::default()
    });
    for second in [10, 20, 30, 40] {
        station.tick(second);
    }
    let rows = [(1, Running, 1, 10), (2, Pending, 1, 20), (3, Pending, 1, 30), (4, Skipped, 1, 40)];
    assert_eq!(station.rows(), rows);
    assert!(station.error(4).contains("2 firings wait already"), "{}", station.error(4));
    station.end(41, 1, 0);
    station.end(42, 2, 0);
    station.end(43, 3, 0);
    let started: Vec<u32> = station.started.iter().map(|id| id.n).collect();
    assert_eq!(started, [1, 2, 3]);
    assert_eq!(station.job().state.planned, 4);
}

#[test]
fn what_waits_in_line_survives_a_restart() {
    let mut station = with_policies(Policies { conflict: Conflict::Queue, ..Policies::default() });
    station.tick(10);
    station.tick(20);
    let job = station.job().clone();
    let live = station.executions.iter().map(|one| (job.clone(), one.clone())).collect();
    let snapshot = Snapshot { last_job: 1, live, due: vec![job.clone()], ..Snapshot::default() };
    let (mut engine, first) = Engine::start(
        Config::default(),
        Scope::All,
        snapshot,
        at(25),
        ClockTrust::Trusted,
        7,
        TimeZoneDatabase::bundled(),
    );
    assert!(first.effects.iter().any(|effect| matches!(effect, Effect::EndSurvivors { .. })));
    let runs = vec![(ExecutionId { job: JobId(1), n: 1 }, false)];
    let after = engine.handle(at(26), Input::SurvivorsEnded { runs });
    let started = after.effects.iter().find_map(|effect| {
        if let Effect::Start { execution, .. } = effect { Some(execution.n) } else { None }
    });
    assert_eq!(started, Some(2));
}

#[test]
fn replace_lets_as_many_run_as_there_may_be() {
    let policies =
        Policies { conflict: Conflict::Replace, max_instances: 2, ..Policies::default() };
    let mut station = with_policies(policies);
    for second in [10, 20, 30] {
        station.tick(second);
    }
    assert_eq!(station.rows(), [(1, Running, 1, 10), (2, Running, 1, 20), (3, Skipped, 1, 30)]);
}

#[test]
fn cancel_running_ends_the_active_run_and_then_starts() {
    let policies = Policies { conflict: Conflict::CancelRunning, ..Policies::default() };
    let mut station = with_policies(policies);
    station.tick(10);
    station.tick(20);
    assert_eq!(station.stopped, [ExecutionId { job: JobId(1), n: 1 }]);
    // A third firing while the first run still ends: the second gives way to it.
    station.tick(30);
    assert_eq!(station.rows(), [(1, Running, 1, 10), (2, Skipped, 1, 20), (3, Pending, 1, 30)]);
    station.end(31, 1, 143);
    assert_eq!(station.rows(), [(1, Cancelled, 1, 10), (2, Skipped, 1, 20), (3, Running, 1, 30)]);
    assert_eq!(station.error(1), "ended after 21s: a newer firing took its place");
}

#[test]
fn what_is_skipped_at_one_moment_is_one_row_however_much_it_is() {
    let policies = Policies { coalesce: false, grace: Grace::Forever, ..Policies::default() };
    for (conflict, waiting) in [(Conflict::Skip, 0), (Conflict::Queue, 2)] {
        let policies = Policies { conflict, queue_limit: 2, ..policies.clone() };
        let mut station = with_policies(policies);
        station.tick(10 * 50_000);
        let skipped = 50_000 - 1 - waiting;
        let (row, count) = (station.rows().pop().unwrap(), station.rows().len());
        assert_eq!((row.1, row.2, row.3), (Skipped, skipped, 10 * 50_000), "{conflict:?}");
        assert_eq!(u32::try_from(count).unwrap(), 2 + waiting, "{conflict:?}");
        assert_eq!(station.job().state.planned, 50_000);
    }
}

#[test]
fn a_conflict_key_is_shared_by_jobs() {
    let policies =
        |conflict| Policies { conflict, conflict_key: Some("psu".into()), ..Policies::default() };
    let mut station = with_policies(policies(Conflict::Skip));
    station.create(JobSpec { policies: policies(Conflict::Queue), ..spec() });
    station.tick(10);
    let waiting = station.executions.iter().find(|one| one.id.job == JobId(2)).unwrap();
    assert_eq!(waiting.status, Pending);
    assert_eq!(station.started, [ExecutionId { job: JobId(1), n: 1 }]);
    station.end(11, 1, 0);
    assert_eq!(station.started.last(), Some(&ExecutionId { job: JobId(2), n: 1 }));
    let refused = station.ask(12, Request::RunNow { job: JobId(1), row: None });
    let Reply::Refused(Refusal::KeyInUse { key, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(key, "psu");
}

/// A station that comes back at a time, after its job's next firing was planned for second 10.
fn back_at(seconds: i64, policies: Policies) -> Station {
    let mut station = with_policies(policies);
    let job = station.job().clone();
    let snapshot = Snapshot { last_job: 1, due: vec![job], ..Snapshot::default() };
    let (engine, first) = Engine::start(
        Config { retention: None, ..Config::default() },
        Scope::All,
        snapshot,
        at(seconds),
        ClockTrust::Trusted,
        7,
        TimeZoneDatabase::bundled(),
    );
    station.engine = engine;
    for change in first.changes {
        if let Change::ExecutionRecorded(execution) = change {
            station.executions.push(*execution);
        } else if let Change::JobUpdated { state, .. } = change {
            station.job.as_mut().unwrap().state = state;
        }
    }
    station.executions.dedup_by_key(|execution| execution.id);
    station
}

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
