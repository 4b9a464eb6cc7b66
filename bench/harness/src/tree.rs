//! What a process and all below it use: processor time, and memory by share (PSS).

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// Processor time used so far, ms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    /// By this process.
    pub(crate) own: f64,
    /// By the processes below it that are alive.
    pub(crate) alive: f64,
    /// By those that have ended, as coarse as the kernel's ticks.
    pub(crate) ended: f64,
}

impl Cpu {
    /// As it stands.
    pub(crate) fn now() -> Result<Self> {
        let own = clock_gettime(ClockId::ProcessCPUTime);
        let me = std::process::id();
        let below = tree(me)?.into_iter().filter(|pid| *pid != me);
        Ok(Self {
            own: own.tv_sec as f64 * 1e3 + own.tv_nsec as f64 / 1e6,
            alive: below.map(|pid| on_cpu(pid).unwrap_or(0.0)).sum(),
            ended: ended()?,
        })
    }

    /// What was used since.
    pub(crate) fn since(self) -> Result<Self> {
        let now = Self::now()?;
        Ok(Self {
            own: now.own - self.own,
            alive: now.alive - self.alive,
            ended: now.ended - self.ended,
        })
    }
}

/// The most memory that a process and all below it were seen to use while `work` went on, MB.
pub(crate) fn peak_while<T>(
    pid: u32,
    every: Duration,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, f64)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0.0_f64;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(pss(pid).unwrap_or(0.0));
                std::thread::sleep(every);
            }
            peak
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        let peak = watch.join().map_err(|_| "the sampler panicked")?;
        Ok((done?, peak))
    })
}

/// The memory of a process and all below it by share, MB.
fn pss(root: u32) -> Result<f64> {
    let mut sum = 0.0;
    for pid in tree(root)? {
        // A process may end between the two looks.
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        sum += kib.unwrap_or(0.0) * 1024.0 / 1e6;
    }
    Ok(sum)
}

/// A process and all below it.
fn tree(root: u32) -> Result<Vec<u32>> {
    let mut below: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        if let Some(parent) = fields(pid).and_then(|fields| fields.get(1)?.parse().ok()) {
            below.entry(parent).or_default().push(pid);
        }
    }
    let (mut found, mut next) = (vec![root], 0);
    while let Some(pid) = found.get(next).copied() {
        found.extend(below.remove(&pid).unwrap_or_default());
        next += 1;
    }
    Ok(found)
}

/// The fields of its `stat` from the state on.
fn fields(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let behind = stat.rsplit(')').next()?;
    Some(behind.split_whitespace().map(str::to_owned).collect())
}

/// What the threads of a process were on a processor, ms.
pub(crate) fn on_cpu(pid: u32) -> Result<f64> {
    let mut nanos = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        nanos += text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0);
    }
    Ok(nanos / 1e6)
}

/// What this process's ended children used, ms.
fn ended() -> Result<f64> {
    let fields = fields(std::process::id()).ok_or("no stat of our own")?;
    let ticks = fields.iter().skip(13).take(2).filter_map(|text| text.parse::<f64>().ok());
    Ok(ticks.sum::<f64>() * 1e3 / rustix::param::clock_ticks_per_second() as f64)
}
