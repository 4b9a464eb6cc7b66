//! One command after another over a connection that is there.

use std::process::Command;
use std::time::Instant;

use super::lab::{Lab, address, told};
use super::master::Master;
use super::turns::Engine;
use crate::Result;
use crate::args::Args;
use crate::tree::{Cpu, on_cpu};

/// Who takes turns, and how many commands each runs in one: about a second's worth.
const TURNS: [(Engine, usize); 5] = [
    (Engine::Ours { guard: false }, 300),
    (Engine::Bare, 300),
    (Engine::Ours { guard: true }, 300),
    (Engine::Python("asyncssh"), 200),
    (Engine::Python("pssh"), 20),
];
const SSH_TURN: usize = 100;

pub(crate) fn run(args: &Args) -> Result<()> {
    let lab = Lab::start(args)?;
    let master = Master::start(&lab.config(), &address(0), lab.dir.join("m"))?;
    for _ in 0..args.number("rounds", 5)? {
        for (engine, count) in TURNS {
            let work = ["--work", "commands", "--count", &count.to_string()];
            let told = lab.proved(count, || engine.run(args, &lab, &work))?;
            let (name, count) = (engine.name(), count as f64);
            args.result(&format!("remote.warm.{name}"), count / told.get("seconds")?)?;
            let (own, below) = (told.get("own_cpu")?, told.get("below_cpu")?);
            args.result(&format!("remote.warm.{name}.own_cpu_ms"), own / count)?;
            args.result(&format!("remote.warm.{name}.cpu_ms"), (own + below) / count)?;
        }
        lab.proved(SSH_TURN, || ssh(args, &lab, &master))?;
    }
    Ok(())
}

/// A process each: `ssh -S`.
fn ssh(args: &Args, lab: &Lab, master: &Master) -> Result<()> {
    let (cpu, shared, begun) = (Cpu::now()?, on_cpu(master.pid())?, Instant::now());
    for _ in 0..SSH_TURN {
        let mut command = Command::new("/usr/bin/ssh");
        command.arg("-F").arg(lab.config()).arg("-S").arg(&master.socket);
        command.args(["--", &address(0), "true"]);
        told(command)?;
    }
    let (seconds, count) = (begun.elapsed().as_secs_f64(), SSH_TURN as f64);
    args.result("remote.warm.ssh", count / seconds)?;
    // The server and the master are below this process too: only the ended ones are `ssh -S`.
    let ended = cpu.since()?.ended + on_cpu(master.pid())? - shared;
    args.result("remote.warm.ssh.cpu_ms", ended / count)
}
