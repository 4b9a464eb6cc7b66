//! Measures the local link: runs of a small command per second, and gigabytes read per second.
//!
//! `cargo run --release --example spawn_rate [COMMAND [RUNS [AT_ONCE]]]` for the first;
//! `cargo run --release --example spawn_rate -- --read FILE` for the second.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use station::link::local::{LocalConfig, LocalLink};
use station::port::{RunEnd, RunEvent, RunRequest, RunSink};
use station_core::model::{CommandLine, ExecutionId, JobId, OutputCap, ShellContext};
use tokio::sync::oneshot;

type Waiting = Mutex<BTreeMap<ExecutionId, oneshot::Sender<RunEnd>>>;

#[derive(Default)]
struct Sink {
    waiting: Waiting,
}

impl RunSink for Sink {
    fn send(&self, execution: ExecutionId, event: RunEvent) {
        if let RunEvent::Ended(end) = event {
            let waiting =
                self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&execution);
            if let Some(waiting) = waiting {
                drop(waiting.send(end));
            }
        }
    }
}

struct Bench {
    link: LocalLink,
    sink: Arc<Sink>,
}

impl Bench {
    fn new() -> Self {
        let sink = Arc::new(Sink::default());
        let link = LocalLink::new(LocalConfig::new("bench"), Arc::<Sink>::clone(&sink));
        Self { link, sink }
    }

    async fn one(&self, n: u32, text: &str) -> Result<RunEnd, oneshot::error::RecvError> {
        let execution = ExecutionId { job: JobId(1), n };
        let (sender, receiver) = oneshot::channel();
        let waiting = &self.sink.waiting;
        waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(execution, sender);
        self.link.start(RunRequest {
            node: None,
            execution,
            attempt: 1,
            command: CommandLine::Shell(text.to_owned()),
            context: ShellContext::default(),
            stdin: None,
            sudo: false,
            cap: OutputCap::default(),
            idle_timeout: None,
        });
        receiver.await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut args = args.iter().map(String::as_str);
    let first = args.next().unwrap_or("true");
    if first == "--read" {
        return reading(args.next().ok_or("which file?")?).await;
    }
    let runs: u32 = args.next().unwrap_or("8000").parse()?;
    let at_once: u32 = args.next().unwrap_or("8").parse()?;
    bare(first, runs)?;
    let bench = Arc::new(Bench::new());
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for lane in 0..at_once {
        let (bench, text) = (Arc::clone(&bench), first.to_owned());
        tasks.push(tokio::spawn(async move {
            let mut first_error = None;
            for n in (lane..runs).step_by(usize::try_from(at_once).unwrap_or(1)) {
                let end = bench.one(n + 1, &text).await?;
                first_error = first_error.or(end.error);
            }
            Ok::<Option<String>, oneshot::error::RecvError>(first_error)
        }));
    }
    for task in tasks {
        if let Some(error) = task.await?? {
            say(&error)?;
        }
    }
    say(&format!("link, {at_once} at once: {:.0} runs/s", rate(runs, begin)))
}

/// Two threads that do nothing but spawn and wait.
fn bare(text: &str, runs: u32) -> Result<(), Box<dyn std::error::Error>> {
    let program = format!("/usr/bin/{}", text.split(' ').next().unwrap_or(text));
    let half = || {
        for _ in 0..runs / 2 {
            let mut command = Command::new(&program);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if command.process_group(0).status().is_err() {
                return;
            }
        }
    };
    let begin = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(half);
        scope.spawn(half);
    });
    say(&format!("bare posix_spawn, 2 threads: {:.0} runs/s", rate(runs, begin)))
}

async fn reading(file: &str) -> Result<(), Box<dyn std::error::Error>> {
    let size = std::fs::metadata(file)?.len();
    let bench = Bench::new();
    for n in 1..=3 {
        let begin = Instant::now();
        let shell = Command::new("sh").arg("-c").arg(format!("cat {file} | wc -l")).output()?;
        let pipe = begin.elapsed();
        let begin = Instant::now();
        let end = bench.one(n, &format!("cat {file}")).await?;
        let link = begin.elapsed();
        let ratio = pipe.as_secs_f64() / link.as_secs_f64();
        let lines = String::from_utf8_lossy(&shell.stdout);
        say(&format!(
            "{size} bytes: cat | wc -l {pipe:.2?} ({} lines), link {link:.2?} ({} lines), {ratio:.2} x",
            lines.trim(),
            end.output.lines
        ))?;
    }
    Ok(())
}

fn rate(runs: u32, begin: Instant) -> f64 {
    f64::from(runs) / begin.elapsed().as_secs_f64()
}

fn say(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
