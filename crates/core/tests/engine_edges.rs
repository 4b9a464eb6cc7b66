//! Edges of the engine found in review, one test each.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report of a fault")]

use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{
    Change, ClockTrust, Config, Deadline, Effect, Engine, Input, Outcome, Reply, Request, Scope,
    Snapshot,
};
use station_core::model::{
    Action, Bounds, CommandLine, Condition, DateTrigger, Execution, ExecutionStatus,
    IntervalTrigger, Job, JobId, JobSpec, JobState, Micros, Mono, Now, Policies, Principal, Target,
    Trigger,
};

const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Now {
    let micros = u64::try_from(seconds * SECOND).unwrap();
    Now { wall: Micros(1_800_000_000 * SECOND + seconds * SECOND), mono: Mono(micros) }
}

fn spec(due: Micros) -> JobSpec {
    JobSpec {
        name: "a job".into(),
        description: None,
        action: Action::Command {
            command: CommandLine::Shell("true".into()),
            context: None,
            stdin: None,
            sudo: false,
        },
        target: Target::Local,
        trigger: Trigger::Date(DateTrigger { at: due, zone: "UTC".into(), intent: None }),
        bounds: Bounds::default(),
        policies: Policies { retry_delay: Duration::from_secs(1), ..Policies::default() },
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: due,
        created_by: Principal::Unix { uid: 0, name: None },
    }
}

fn start(snapshot: Snapshot, config: Config) -> (Engine, Outcome) {
    Engine::start(
        config,
        Scope::All,
        snapshot,
        at(1000),
        ClockTrust::Trusted,
        7,
        TimeZoneDatabase::bundled(),
    )
}

fn create(engine: &mut Engine, now: Now, spec: JobSpec) -> (Job, Outcome) {
    let request =
        Request::Create { spec: Box::new(spec), context: None, immediate: true, paused: false };
    let mut outcome = engine.handle(now, Input::Request(request));
    match outcome.reply.take() {
        Some(Reply::Created(job)) => (*job, outcome),
        other => unreachable!("{other:?}"),
    }
}

fn is_past(deadline: Deadline, now: Now) -> bool {
    deadline.mono.is_some_and(|at| at <= now.mono) || deadline.wall.is_some_and(|at| at <= now.wall)
}

#[test]
fn a_shutdown_does_not_spin_over_jobs_that_wait_for_the_load() {
    let (mut engine, _) = start(Snapshot::default(), Config::default());
    let (_, outcome) = create(&mut engine, at(1001), spec(at(1001).wall));
    assert!(outcome.effects.iter().any(|effect| matches!(effect, Effect::Start { .. })));
    let mut gated = spec(at(1002).wall);
    gated.policies.condition = Some(Condition::LoadBelow(150));
    let (_, outcome) = create(&mut engine, at(1002), gated);
    assert!(outcome.effects.contains(&Effect::SampleLoad));
    assert!(engine.handle(at(1003), Input::Load(900)).effects.is_empty());
    let limit = Duration::from_secs(3600);
    assert!(engine.handle(at(1004), Input::Shutdown { limit }).effects.is_empty());
    for second in 1005..1100 {
        let deadline = engine.deadline();
        assert!(!is_past(deadline, at(second)), "a tick at once after {second} s: {deadline:?}");
        assert_eq!(engine.handle(at(second), Input::Tick), Outcome::default());
    }
}

#[test]
fn a_firing_that_waits_for_a_slot_is_accounted_for_when_its_job_is_changed() {
    let job = JobId(2);
    let trigger = |every| {
        let every = Duration::from_secs(every);
        Trigger::Interval(IntervalTrigger { every, first: at(1002).wall, zone: "UTC".into() })
    };
    let recurring = |every| JobSpec { trigger: trigger(every), ..spec(at(1001).wall) };
    let changed = Request::Update {
        job,
        row: None,
        spec: Box::new(recurring(3600)),
        context: None,
        paused: None,
    };
    for (request, said) in [
        (Request::Pause { job, row: None }, "the job was paused"),
        (Request::Cancel { job, row: None }, "the job was cancelled"),
        (changed, "the job was changed"),
    ] {
        let (mut engine, _) =
            start(Snapshot::default(), Config { max_running: 1, ..Config::default() });
        create(&mut engine, at(1001), spec(at(1001).wall));
        create(&mut engine, at(1001), recurring(10));
        // It is due, and the only slot is taken.
        let waits = engine.handle(at(1003), Input::Tick);
        assert_eq!(waits, Outcome::default());
        let outcome = engine.handle(at(1025), Input::Request(request));
        let rows: Vec<_> = outcome.changes.iter().filter_map(recorded).collect();
        let [row] = rows[..] else { panic!("{said}: {rows:?}") };
        assert_eq!((row.status, row.firings), (ExecutionStatus::Skipped, 3), "{said}");
        assert_eq!((row.first_planned, row.planned), (Some(at(1002).wall), at(1022).wall));
        assert!(row.error.as_ref().unwrap().contains(said), "{row:?}");
    }
}

fn recorded(change: &Change) -> Option<&Execution> {
    if let Change::ExecutionRecorded(execution) = change { Some(execution) } else { None }
}

#[test]
fn a_multitude_of_missed_jobs_is_recorded_in_portions() {
    let due = |n: i64| Micros(at(0).wall.0 + n);
    let pending = |n: i64| {
        let (status, next_due) = (ExecutionStatus::Pending, Some(due(n)));
        let state = JobState { status, ..JobState::new(next_due) };
        Job { id: JobId(n), spec: spec(due(n)).into(), state }
    };
    let jobs = (1..=4000).map(pending).collect();
    let snapshot = Snapshot { last_job: 4000, due: jobs, ..Snapshot::default() };
    let (mut engine, mut outcome) = start(snapshot, Config::default());
    let mut recorded = 0;
    for _ in 0..10 {
        assert!(outcome.changes.len() <= 2 * 1024, "{} changes at once", outcome.changes.len());
        recorded += outcome.changes.len() / 2;
        // The deadline brings the next tick without a wait.
        if !is_past(engine.deadline(), at(1000)) {
            break;
        }
        outcome = engine.handle(at(1000), Input::Tick);
    }
    assert_eq!(recorded, 4000);
}
