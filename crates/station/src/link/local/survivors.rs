//! Finds and ends what a killed daemon left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use station_core::model::{ExecutionId, ProcessRecord};
use tokio::time::{Instant, timeout_at};

use super::exit::Exit;
use super::proc::{self, Stat};
use crate::link::marks::{EXECUTION, INSTANCE};

/// How long killed processes may take to go; one that hangs in the kernel may never.
const AFTER_KILL: Duration = Duration::from_secs(10);
/// When to look again at a process whose exit cannot be waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Finds and ends the processes of executions that a killed daemon left running.
///
/// A process belongs to an execution if its environment says so (`STATION_INSTANCE` and
/// `STATION_EXECUTION`), if it is the recorded process (same start and boot), or if its group is
/// led by one of these; the recorded group also counts without its leader while a marked process
/// is in it. This process and its ancestors are never touched. Each gets TERM, and after `grace`
/// KILL; resolves when they are gone. Says for each execution whether anything was found.
pub async fn end_survivors(
    instance: &str,
    runs: &[(ExecutionId, Option<ProcessRecord>)],
    grace: Duration,
) -> Vec<(ExecutionId, bool)> {
    let mut found = BTreeSet::new();
    let mut warned = BTreeSet::new();
    let wanted = Wanted::new(instance, runs);
    let term_until = Instant::now() + grace;
    let kill_until = term_until + AFTER_KILL;
    while !runs.is_empty() {
        let search = wanted.clone();
        let survivors = match tokio::task::spawn_blocking(move || search.scan()).await {
            Ok(survivors) => survivors,
            Err(error) => {
                tracing::error!(%error, "the search for survivors failed");
                break;
            }
        };
        found.extend(survivors.iter().map(|survivor| survivor.execution));
        let now = Instant::now();
        if survivors.is_empty() || now >= kill_until {
            if let Some(first) = survivors.first() {
                tracing::warn!(pid = first.pid, "a killed process does not go; left alone");
            }
            break;
        }
        let is_kill = now >= term_until;
        for survivor in &survivors {
            let identity = (survivor.pid, survivor.stat.start_ticks);
            if is_kill {
                survivor.send(Signal::KILL);
            } else if warned.insert(identity) {
                survivor.send(Signal::TERM);
            }
        }
        let until = if is_kill { kill_until } else { term_until };
        for survivor in survivors {
            survivor.gone(until).await;
        }
    }
    runs.iter().map(|(execution, _)| (*execution, found.contains(execution))).collect()
}

/// What is looked for.
#[derive(Clone, Debug)]
struct Wanted {
    instance: Vec<u8>,
    marks: BTreeMap<Vec<u8>, ExecutionId>,
    records: BTreeMap<i32, (ExecutionId, u64)>,
}

/// A process that belongs to an execution; the pidfd was opened before it was looked at again.
#[derive(Debug)]
struct Survivor {
    execution: ExecutionId,
    pid: i32,
    stat: Stat,
    pidfd: OwnedFd,
}

impl Wanted {
    fn new(instance: &str, runs: &[(ExecutionId, Option<ProcessRecord>)]) -> Self {
        let mark = |(id, _): &(ExecutionId, _)| (format!("{EXECUTION}={id}").into_bytes(), *id);
        let record = |(id, record): &(ExecutionId, Option<ProcessRecord>)| {
            let record = record.as_ref()?;
            // Ticks count from boot: a record of another boot names nobody.
            let is_now = record.boot_id == proc::boot_id() && !record.boot_id.is_empty();
            (is_now && record.start_ticks > 0).then_some((record.pid, (*id, record.start_ticks)))
        };
        Self {
            instance: format!("{INSTANCE}={instance}").into_bytes(),
            marks: runs.iter().map(mark).collect(),
            records: runs.iter().filter_map(record).collect(),
        }
    }

    fn scan(&self) -> Vec<Survivor> {
        let stats: BTreeMap<i32, Stat> =
            proc::pids().into_iter().filter_map(|pid| Some((pid, proc::stat(pid)?))).collect();
        let kin = ancestors(&stats);
        let mut owners: BTreeMap<i32, ExecutionId> = BTreeMap::new();
        let mut groups: BTreeMap<i32, ExecutionId> = BTreeMap::new();
        for (pid, stat) in &stats {
            let recorded = self.records.get(pid).filter(|(_, start)| *start == stat.start_ticks);
            if let Some((id, _)) = recorded {
                owners.insert(*pid, *id);
                groups.insert(*pid, *id);
            } else if let Some(id) = self.marked(*pid).filter(|_| !stat.zombie) {
                owners.insert(*pid, id);
                let in_recorded = self.records.get(&stat.group).is_some_and(|(own, _)| *own == id);
                if stat.group == *pid || (in_recorded && !stats.contains_key(&stat.group)) {
                    groups.insert(stat.group, id);
                }
            }
        }
        let belongs =
            |pid: &i32, stat: &Stat| owners.get(pid).or_else(|| groups.get(&stat.group)).copied();
        stats
            .iter()
            .filter(|(pid, stat)| !stat.zombie && !kin.contains(pid))
            .filter_map(|(pid, stat)| Survivor::open(belongs(pid, stat)?, *pid, *stat))
            .collect()
    }

    fn marked(&self, pid: i32) -> Option<ExecutionId> {
        let environ = proc::environ(pid);
        let mut entries = environ.split(|byte| *byte == 0);
        if !entries.any(|entry| entry == self.instance) {
            return None;
        }
        environ.split(|byte| *byte == 0).find_map(|entry| self.marks.get(entry).copied())
    }
}

/// This process and those it descends from: a daemon started by a job must not end itself.
fn ancestors(stats: &BTreeMap<i32, Stat>) -> BTreeSet<i32> {
    let mut kin = BTreeSet::new();
    let mut pid = rustix::process::getpid().as_raw_nonzero().get();
    while pid > 0 && kin.insert(pid) {
        pid = stats.get(&pid).map_or(0, |stat| stat.parent);
    }
    kin
}

impl Survivor {
    /// `None` when the process has gone meanwhile, even if its pid is another's now.
    fn open(execution: ExecutionId, pid: i32, stat: Stat) -> Option<Self> {
        let pidfd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        let again = proc::stat(pid)?;
        (again.start_ticks == stat.start_ticks).then_some(Self { execution, pid, stat, pidfd })
    }

    fn send(&self, signal: Signal) {
        if let Err(error) = pidfd_send_signal(&self.pidfd, signal) {
            tracing::debug!(pid = self.pid, %error, "survivor not signalled");
        }
    }

    /// Resolves when the process has exited, at the latest at `until`.
    async fn gone(self, until: Instant) {
        let exited = async {
            match Exit::new(self.pidfd) {
                Ok(exit) => poll_fn(|cx| exit.poll(cx)).await,
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        };
        if timeout_at(until, exited).await.is_err() {
            tracing::debug!(pid = self.pid, "survivor still there");
        }
    }
}
