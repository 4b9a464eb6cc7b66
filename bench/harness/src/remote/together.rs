//! Many commands, fifty at once, over connections that are there and that some of them share.

use super::lab::{Lab, address, ranges};
use super::master::Master;
use super::turns::{Engine, clush, pdsh, timed};
use crate::Result;
use crate::args::Args;

const COUNT: usize = 500;
const AT_ONCE: usize = 50;

const TURNS: [Engine; 5] = [
    Engine::Ours { guard: false },
    Engine::Bare,
    Engine::Ours { guard: true },
    Engine::Python("asyncssh"),
    Engine::Python("pssh"),
];

pub(crate) fn run(args: &Args) -> Result<()> {
    let lab = Lab::start(args)?;
    let (count, at_once) = (COUNT.to_string(), AT_ONCE.to_string());
    let work = ["--work", "commands", "--count", &count, "--at-once", &at_once];
    let masters: Result<Vec<_>> = (0..10)
        .map(|digit| Master::start(&lab.config(), &address(0), lab.shared_socket(digit)))
        .collect();
    let (masters, config, hosts) = (masters?, lab.shared_config(), ranges(COUNT));
    for _ in 0..args.number("rounds", 3)? {
        for engine in TURNS {
            let told = lab.proved(COUNT, || engine.run(args, &lab, &work))?;
            let (name, count) = (engine.name(), COUNT as f64);
            args.result(&format!("remote.together.{name}"), count / told.get("seconds")?)?;
            let cpu = told.get("own_cpu")? + told.get("below_cpu")?;
            args.result(&format!("remote.together.{name}.cpu_ms"), cpu / count)?;
            if engine == Engine::Bare {
                args.result("remote.together.bare.refused", told.get("refused")?)?;
            }
        }
        let by_pdsh = lab.proved(COUNT, || timed(pdsh(&config, &hosts, AT_ONCE)))?;
        args.result("remote.together.pdsh", COUNT as f64 / by_pdsh)?;
        let by_clush = lab.proved(COUNT, || timed(clush(&config, &hosts, AT_ONCE)))?;
        args.result("remote.together.clush", COUNT as f64 / by_clush)?;
    }
    drop(masters);
    Ok(())
}
