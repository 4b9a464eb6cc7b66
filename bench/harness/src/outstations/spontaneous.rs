//! A hundred outstations that tell of a hundred values a second each, into a station.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::peer::POINTS;
use super::stack::Stack;
use super::{ours, stack};
use crate::Result;
use crate::args::Args;
use crate::station::remember;
use crate::tree::peak_while;

/// Until everything that was learned at the beginning is over.
const SETTLING: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &Args) -> Result<()> {
    let count: usize = args.number("count", 100)?;
    let rate: u32 = args.number("rate", 100)?;
    let seconds: u64 = args.number("seconds", 30)?;
    let mut peer = Peer::start(count, rate)?;
    let stack = Stack::open(args)?;
    let outstations = peer.endpoints.iter().enumerate().map(|(n, endpoint)| {
        ours::outstation(&format!("SS{}", n + 1), endpoint, stack::measured(POINTS))
    });
    let outstations: Vec<_> = outstations.collect();
    let names: Vec<String> = outstations.iter().map(|one| one.name.clone()).collect();
    stack.register(outstations)?;
    peer.begin()?;
    std::thread::sleep(SETTLING);
    let received = || -> Result<u64> {
        let counts = names.iter().map(|name| {
            let status = stack.desk.status(name).ok_or("there is no outstation")?;
            Ok(status.counters.frames_received)
        });
        counts.sum()
    };
    let span = Duration::from_secs(seconds);
    let ((cpu, came), peak) = peak_while(std::process::id(), span / 10, || {
        let (cpu, came) = (processor_time(), received()?);
        std::thread::sleep(span);
        Ok((processor_time() - cpu, received()? - came))
    })?;
    let (told, held) = peer.end()?;
    println!("    told {told}, kept back {held} times");
    args.result("outstations.spontaneous.cpu_percent", cpu / seconds as f64 * 100.0)?;
    args.result("outstations.spontaneous.peak_mb", peak)?;
    args.result("outstations.spontaneous.values_per_s", came as f64 / seconds as f64)?;
    args.result("outstations.spontaneous.held", held)?;
    stack.close()
}

/// What this process used so far, s.
fn processor_time() -> f64 {
    let own = clock_gettime(ClockId::ProcessCPUTime);
    own.tv_sec as f64 + own.tv_nsec as f64 / 1e9
}

/// The process of the outstations.
struct Peer {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    endpoints: Vec<String>,
}

impl Peer {
    fn start(count: usize, rate: u32) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["outstations-peer", "--count", &count.to_string()])
            .args(["--rate", &rate.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        remember(child.id())?;
        let output = child.stdout.take().ok_or("the outstations have no output")?;
        let mut peer = Self { child, output: BufReader::new(output), endpoints: Vec::new() };
        for _ in 0..count {
            let endpoint = peer.line()?;
            peer.endpoints.push(endpoint);
        }
        Ok(peer)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn begin(&mut self) -> Result<()> {
        let input = self.child.stdin.as_mut().ok_or("the outstations have no input")?;
        Ok(input.write_all(b"\n")?)
    }

    /// How many values they told of, and how often one was kept back.
    fn end(&mut self) -> Result<(f64, f64)> {
        drop(self.child.stdin.take());
        Ok((self.line()?.parse()?, self.line()?.parse()?))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
