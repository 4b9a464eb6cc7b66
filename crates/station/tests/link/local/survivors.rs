//! What a killed daemon left behind is found and ended, and nothing else.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use station::link::local::end_survivors;
use station_core::model::{ExecutionId, JobId, ProcessRecord};

use crate::bench::lives;

/// A process that is killed and reaped with its group when the test ends.
struct Process(Child);

impl Process {
    fn start(script: &str, env: &[(&str, &str)]) -> Self {
        let mut command = Command::new("/bin/bash");
        command.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin");
        command.envs(env.iter().copied()).process_group(0).stdin(Stdio::null());
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn lives(&self) -> bool {
        lives(self.pid())
    }

    fn record(&self) -> ProcessRecord {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let boot_id = boot.trim().to_owned();
        ProcessRecord {
            pid: self.pid(),
            start_ticks: fields[19].parse().unwrap(),
            boot_id,
            mark: None,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_raw(self.pid()).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        drop(self.0.wait());
    }
}

fn execution(n: u32) -> ExecutionId {
    ExecutionId { job: JobId(i64::from(std::process::id())), n }
}

fn marks(instance: &str, n: u32) -> [(String, String); 2] {
    let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    [of("STATION_INSTANCE", instance), of("STATION_EXECUTION", &execution(n).to_string())]
}

fn marked(script: &str, instance: &str, n: u32) -> Process {
    let marks = marks(instance, n);
    Process::start(script, &marks.each_ref().map(|(name, value)| (name.as_str(), value.as_str())))
}

async fn children_of(pid: i32, count: usize) -> Vec<i32> {
    let read = || std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = || -> Vec<i32> {
        read().unwrap_or_default().split_whitespace().map(|id| id.parse().unwrap()).collect()
    };
    crate::bench::until("it has its children", || list().len() >= count).await;
    list()
}

#[tokio::test]
async fn all_that_belongs_is_ended_and_nothing_else() {
    let instance = format!("survivors-{}-a", std::process::id());
    let polite = marked("sleep 60 & wait", &instance, 1);
    let polite_child = children_of(polite.pid(), 1).await;
    let stubborn = marked("trap '' TERM; while :; do sleep 60; done", &instance, 2);
    let stubborn_child = children_of(stubborn.pid(), 1).await;
    let other_instance = marked("sleep 60", "another", 1);
    let not_asked = marked("sleep 60", &instance, 9);
    let unmarked = Process::start("sleep 60", &[]);
    // Known by its record alone, and the children that cleared their environment with it.
    let recorded = Process::start("env -i sleep 60 & wait", &[]);
    let recorded_child = children_of(recorded.pid(), 1).await;
    // A record of a pid that has been given to another since.
    let stranger = Process::start("sleep 60", &[]);
    let mut stale = stranger.record();
    stale.start_ticks -= 1;
    let mut other_boot = unmarked.record();
    other_boot.boot_id = "00000000-0000-0000-0000-000000000000".into();
    let runs = [
        (execution(1), None),
        (execution(2), Some(stubborn.record())),
        (execution(3), Some(recorded.record())),
        (execution(4), Some(stale)),
        (execution(5), Some(other_boot)),
        (execution(6), None),
    ];
    let begin = Instant::now();
    let found = end_survivors(&instance, &runs, Duration::from_millis(400)).await;
    assert!(begin.elapsed() >= Duration::from_millis(400), "the stubborn one has its grace");
    let want = [true, true, true, false, false, false];
    let ids = [1, 2, 3, 4, 5, 6].map(execution);
    assert_eq!(found, ids.into_iter().zip(want).collect::<Vec<_>>());
    for gone in [&polite, &stubborn, &recorded] {
        assert!(!gone.lives());
    }
    for gone in [polite_child, stubborn_child, recorded_child].concat() {
        assert!(!lives(gone));
    }
    for left in [&other_instance, &not_asked, &unmarked, &stranger] {
        assert!(left.lives());
    }
}

#[tokio::test]
async fn without_survivors_nothing_is_waited_for() {
    let begin = Instant::now();
    assert_eq!(end_survivors("x", &[], Duration::from_secs(60)).await, []);
    let runs = [(execution(1), None)];
    let found = end_survivors("nobody", &runs, Duration::from_secs(60)).await;
    assert_eq!(found, [(execution(1), false)]);
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_group_whose_leader_is_gone_is_known_by_its_marked_member() {
    let instance = format!("survivors-{}-b", std::process::id());
    let mut leader = marked("sleep 60 & env -i sleep 61 & wait", &instance, 1);
    let children = children_of(leader.pid(), 2).await;
    crate::bench::until("the second has cleared its environment", || {
        std::fs::read_to_string(format!("/proc/{}/comm", children[1])).is_ok_and(|n| n == "sleep\n")
    })
    .await;
    let record = leader.record();
    leader.0.kill().unwrap();
    leader.0.wait().unwrap();
    let found =
        end_survivors(&instance, &[(execution(1), Some(record))], Duration::from_secs(10)).await;
    assert_eq!(found, [(execution(1), true)]);
    assert!(children.into_iter().all(|child| !lives(child)));
}
