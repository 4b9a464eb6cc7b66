//! A daemon of our own on a directory of its own, ended with the value.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;
use crate::args::Args;
use crate::http::Http;
use crate::stats::now_micros;

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Station {
    child: Child,
    /// Its data directory.
    pub(crate) dir: PathBuf,
    /// From its start to the first healthy answer.
    pub(crate) ready: Duration,
}

/// What the kernel counts of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Context switches of all threads.
    pub(crate) switches: u64,
    /// CPU time in clock ticks.
    pub(crate) ticks: u64,
    /// Memory in use, MB.
    pub(crate) rss: f64,
    /// The most memory ever in use, MB.
    pub(crate) peak: f64,
}

impl Station {
    /// Starts the daemon of `--station` on a new directory under `--base`.
    pub(crate) fn fresh(args: &Args) -> Result<Self> {
        Self::fresh_with(args, &[])
    }

    /// The same, with more arguments.
    pub(crate) fn fresh_with(args: &Args, more: &[&str]) -> Result<Self> {
        Self::fresh_in(args, more, &[])
    }

    /// The same, with variables in its environment.
    pub(crate) fn fresh_in(args: &Args, more: &[&str], env: &[(&str, &Path)]) -> Result<Self> {
        let dir = args.path("base")?.join(format!("station-{}", now_micros()));
        DirBuilder::new().mode(0o700).create(&dir)?;
        Self::start_with(&args.path("station")?, dir, more, env)
    }

    /// Starts the daemon on a directory and waits until it is healthy.
    pub(crate) fn start(program: &Path, dir: PathBuf) -> Result<Self> {
        Self::start_with(program, dir, &[], &[])
    }

    fn start_with(
        program: &Path,
        dir: PathBuf,
        more: &[&str],
        env: &[(&str, &Path)],
    ) -> Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(dir.join("bench.log"))?;
        let begun = Instant::now();
        let child = Command::new(program)
            .args(["serve", "--data-dir"])
            .arg(&dir)
            .args(more)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        remember(child.id())?;
        let mut station = Self { child, dir, ready: Duration::ZERO };
        while begun.elapsed() < Duration::from_secs(20) {
            if station.http().and_then(|mut http| http.get("/health")).is_ok() {
                station.ready = begun.elapsed();
                return Ok(station);
            }
            if let Some(status) = station.child.try_wait()? {
                let log = std::fs::read_to_string(station.dir.join("bench.log"))?;
                return Err(format!("the station ended at once, {status}: {log}").into());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Err("the station was not healthy within 20 s".into())
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join("station.sock")
    }

    /// A connection to it.
    pub(crate) fn http(&self) -> Result<Http> {
        Http::connect(&self.socket())
    }

    /// What it used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        let mut switches = 0;
        for task in std::fs::read_dir(proc.join("task"))? {
            let status = std::fs::read_to_string(task?.path().join("status"))?;
            switches += field(&status, "voluntary_ctxt_switches:");
            switches += field(&status, "nonvoluntary_ctxt_switches:");
        }
        let status = std::fs::read_to_string(proc.join("status"))?;
        let stat = std::fs::read_to_string(proc.join("stat"))?;
        let behind = stat.rsplit(')').next().unwrap_or_default();
        let ticks =
            behind.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok());
        Ok(Usage {
            switches,
            ticks: ticks.sum(),
            rss: field(&status, "VmRSS:") as f64 / 1024.0,
            peak: field(&status, "VmHWM:") as f64 / 1024.0,
        })
    }

    /// The processor time of all its threads so far, those that have ended too, in seconds.
    pub(crate) fn processor_time(&self) -> Result<f64> {
        Ok(self.usage()?.ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Waits until no job is pending or running.
    pub(crate) fn drained(&self, limit: Duration) -> Result<()> {
        let begun = Instant::now();
        let mut http = self.http()?;
        while begun.elapsed() < limit {
            let page = http.get("/api/scheduler/jobs?status=pending,running&limit=1")?;
            if page["jobs"].as_array().is_some_and(Vec::is_empty) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("jobs are still open after {} s", limit.as_secs()).into())
    }

    /// Ends it in good order and keeps its directory.
    pub(crate) fn stop(mut self) -> Result<PathBuf> {
        self.end()?;
        Ok(std::mem::take(&mut self.dir))
    }

    fn end(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or("no pid")?, Signal::TERM)?;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(15) {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.child.kill()?;
        self.child.wait()?;
        Err("the station did not end within 15 s of TERM".into())
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("station-bench: {error}");
        }
        if !self.dir.as_os_str().is_empty() {
            drop(std::fs::remove_dir_all(&self.dir));
        }
    }
}

/// Notes a process for `bench/run`, which ends it should this program be killed.
pub(crate) fn remember(pid: u32) -> Result<()> {
    if let Some(file) = std::env::var_os("BENCH_PIDS") {
        writeln!(File::options().create(true).append(true).open(file)?, "{pid}")?;
    }
    Ok(())
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
