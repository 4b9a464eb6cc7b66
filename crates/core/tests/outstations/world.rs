//! Worlds by chance: jobs at a few points, ends, cancels, crashes, rounds that cannot be stored, and a
//! wall clock that is set. What must hold, the rig checks after each step.

use station_core::engine::{Input, Reply, Request};
use station_core::model::{
    Conflict, Control, End, ExecutionStatus, Grace, IntervalTrigger, JobId, JobSpec, Trigger,
};

use crate::random::Random;
use crate::rig::{Rig, SECOND, job, write_to};

const STEPS: usize = 300;

fn some_job(random: &mut Random, rig: &Rig) -> JobSpec {
    let control = match random.within(0, 3) {
        0 => Control::Interrogate { group: None },
        1 => write_to("b"),
        _ => write_to("a"),
    };
    let name = if random.chance(60) { "SS1" } else { "SS2" };
    let mut spec = job(0, name, control);
    let millis = |millis: u64| i64::try_from(millis * 1_000).unwrap();
    let first = station_core::model::Micros(rig.now().wall.0 + millis(random.within(1, 20_000)));
    if random.chance(50) {
        if let Trigger::Date(date) = &mut spec.trigger {
            date.at = first;
        }
    } else {
        let every = std::time::Duration::from_millis(random.within(500, 20_000));
        spec.trigger = Trigger::Interval(IntervalTrigger { first, every, zone: "UTC".to_owned() });
        spec.bounds.max_executions = random.chance(50).then_some(5);
    }
    let policies = &mut spec.policies;
    policies.conflict = random.pick(&Conflict::ALL).unwrap();
    policies.max_instances = 3;
    policies.retries = 2;
    policies.alarm = false;
    if random.chance(40) {
        let span = std::time::Duration::from_millis(random.within(1, 70_000));
        policies.grace = Grace::Within(span);
    }
    policies.conflict_key = random.chance(20).then(|| "feeder".to_owned());
    spec
}

fn step(random: &mut Random, rig: &mut Rig) {
    let running: Vec<_> = rig.running.keys().copied().collect();
    let jobs: Vec<JobId> = rig.jobs.keys().copied().collect();
    match random.within(0, 99) {
        0..=19 => drop(rig.create(some_job(random, rig))),
        20..=44 => {
            if let Some(run) = random.pick(&running) {
                let ends = [End::Done, End::Done, End::Failed, End::NotStarted, End::Unknown];
                rig.end(run, random.pick(&ends).unwrap());
            }
        }
        45..=49 => {
            if let Some(job) = random.pick(&jobs) {
                rig.ask(Request::RunNow { job, row: None });
            }
        }
        50..=52 => {
            if let Some(job) = random.pick(&jobs) {
                rig.ask(Request::Cancel { job, row: None });
            }
        }
        53..=54 => {
            let span = i64::try_from(random.within(0, 40_000)).unwrap() * 1_000;
            rig.set_clock(if random.chance(50) { span } else { -span });
        }
        55..=56 => drop(rig.crash(i64::try_from(random.within(0, 15_000_000)).unwrap())),
        57..=60 => rig.fail(Input::Tick),
        61..=63 => {
            let parallel = u32::try_from(random.within(1, 3)).unwrap();
            rig.register(if random.chance(50) { "SS1" } else { "SS2" }, parallel);
        }
        64 => drop(rig.remove("SS2")),
        65..=74 => {
            let at = rig.engine.deadline().mono;
            let wait = at.map_or(0, |at| at.since(rig.now().mono).as_micros());
            rig.pass(i64::try_from(wait.min(60_000_000)).unwrap());
        }
        _ => rig.pass(i64::try_from(random.within(0, 4_000_000)).unwrap()),
    }
}

/// Lets a world come to rest: nothing fires any more, what runs ends, what waits expires.
fn rest(rig: &mut Rig) {
    let jobs: Vec<JobId> = rig.jobs.keys().copied().collect();
    for job in jobs {
        let reply = rig.ask(Request::Cancel { job, row: None });
        assert!(!matches!(reply, Reply::Created(_)));
    }
    for _ in 0..100 {
        let running: Vec<_> = rig.running.keys().copied().collect();
        running.into_iter().for_each(|run| rig.end(run, End::Failed));
        rig.pass(SECOND);
    }
    let live = |status: ExecutionStatus| !status.is_final();
    assert_eq!(rig.executions.values().filter(|row| live(row.status)).count(), 0);
    assert_eq!(rig.engine.executions().count(), 0);
    assert_eq!(rig.engine.jobs().count(), 0);
}

fn world(seed: u64) -> Rig {
    let mut random = Random::new(seed);
    let mut rig = Rig::new();
    for _ in 0..STEPS {
        step(&mut random, &mut rig);
    }
    rest(&mut rig);
    rig
}

#[expect(clippy::print_stderr, reason = "the seed must be seen")]
fn tell(seed: u64) {
    eprintln!("seed {seed}");
}

#[test]
fn worlds() {
    let mut came_to = std::collections::BTreeMap::<ExecutionStatus, usize>::new();
    for seed in 0..120 {
        tell(seed);
        for row in world(seed).executions.values() {
            *came_to.entry(row.status).or_default() += 1;
        }
    }
    // Otherwise these worlds show nothing.
    for status in ExecutionStatus::ALL.into_iter().filter(|status| status.is_final()) {
        assert!(came_to.get(&status).is_some_and(|count| *count > 20), "{came_to:?}");
    }
}
