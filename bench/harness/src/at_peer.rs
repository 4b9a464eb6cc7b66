//! Debian's `at` and `atd`: a daemon of our own unless one runs, and jobs removed afterwards.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::args::Args;
use crate::stamp;
use crate::station::remember;
use crate::stats::{now_micros, percentile, sleep_until};

/// An `atd` of ours; `None` inside when the machine has one running.
#[derive(Debug)]
pub(crate) struct Atd(Option<Child>);

impl Atd {
    /// Starts `atd` in the foreground unless one runs.
    pub(crate) fn start() -> Result<Self> {
        let running = std::fs::read_to_string("/run/atd.pid").ok().is_some_and(|pid| {
            let name = std::fs::read_to_string(format!("/proc/{}/comm", pid.trim()));
            name.is_ok_and(|name| name.trim() == "atd")
        });
        if running {
            return Ok(Self(None));
        }
        let mut child = Command::new("/usr/sbin/atd").arg("-f").stdin(Stdio::null()).spawn()?;
        remember(child.id())?;
        std::thread::sleep(Duration::from_millis(300));
        if let Some(status) = child.try_wait()? {
            return Err(format!("atd ended at once: {status}").into());
        }
        Ok(Self(Some(child)))
    }
}

impl Drop for Atd {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            drop(child.kill());
            drop(child.wait());
            // It removes its file itself only when it is asked to end.
            drop(std::fs::remove_file("/run/atd.pid"));
        }
    }
}

/// Submits a script; the job's number.
pub(crate) fn at(script: &Path, time: &[&str]) -> Result<String> {
    let output = Command::new("/usr/bin/at")
        .arg("-f")
        .arg(script)
        .args(time)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let number = text.lines().find_map(|line| line.strip_prefix("job ")?.split(' ').next());
    match number {
        Some(number) if output.status.success() => Ok(number.to_owned()),
        _ => Err(format!("at {}: {text}", time.join(" ")).into()),
    }
}

/// Removes jobs, those that have run already excepted.
pub(crate) fn remove(ids: &[String]) -> Result<()> {
    for some in ids.chunks(200) {
        Command::new("/usr/bin/atrm").args(some).stderr(Stdio::null()).status()?;
    }
    Ok(())
}

/// Jobs due at the next minute that leaves time to submit them: how late each starts.
pub(crate) fn run(args: &Args) -> Result<()> {
    let jobs: usize = args.number("jobs", 1000)?;
    let atd = Atd::start()?;
    let dir = args.path("base")?.join(format!("at-{}", now_micros()));
    std::fs::create_dir(&dir)?;
    let (stamps, script) = (dir.join("at-stamps"), dir.join("stamp.at"));
    std::fs::write(&script, format!("{} stamp {}\n", stamp::program()?, stamps.display()))?;
    let minute = 60_000_000;
    let mut due = (now_micros() / minute + 1) * minute;
    if due - now_micros() < 10_000_000 {
        sleep_until(due + 100_000);
        due += minute;
    }
    let (mut ids, begun) = (Vec::new(), now_micros());
    let submitted = (0..jobs).try_for_each(|_| {
        ids.push(at(&script, &["now", "+", "1", "minute"])?);
        Ok(())
    });
    let took = (now_micros() - begun) as f64 / 1e6;
    let measured = submitted.and_then(|()| {
        args.result("at.submit", jobs as f64 / took)?;
        println!("    waiting for the minute");
        wait(&stamps, jobs, due)
    });
    remove(&ids)?;
    drop(atd);
    let mut late = measured.and_then(|()| stamp::late(&stamps, |_| due))?;
    args.result(&format!("at.due.{jobs}.p50"), percentile(&mut late, 0.5))?;
    args.result(&format!("at.due.{jobs}.p99"), percentile(&mut late, 0.99))?;
    args.result(&format!("at.due.{jobs}.dropped"), jobs as f64 - late.len() as f64)
}

fn wait(stamps: &Path, jobs: usize, due: i64) -> Result<()> {
    sleep_until(due + 1_000_000);
    for _ in 0..150 {
        let bytes = std::fs::metadata(stamps).map_or(0, |found| found.len());
        if bytes >= jobs as u64 * 8 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    // Those that did not run count as dropped.
    Ok(())
}
