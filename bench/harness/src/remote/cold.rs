//! One command on each of a hundred hosts that are not connected yet, thirty-two at once: the
//! fan-out pdsh has by itself.

use super::lab::{Lab, ranges};
use super::turns::{Engine, clush, pdsh, timed};
use crate::Result;
use crate::args::Args;

const NODES: usize = 100;
const AT_ONCE: usize = 32;

pub(crate) fn run(args: &Args) -> Result<()> {
    let lab = Lab::start(args)?;
    let (count, at_once) = (NODES.to_string(), AT_ONCE.to_string());
    let work = ["--work", "cold", "--count", &count, "--at-once", &at_once];
    let (config, hosts) = (lab.config(), ranges(NODES));
    let tell = |name: &str, seconds: f64| {
        args.result(&format!("remote.cold.{name}"), NODES as f64 / seconds)
    };
    for _ in 0..args.number("rounds", 5)? {
        for guard in [true, false] {
            let ours = Engine::Ours { guard };
            let took = lab.proved(NODES, || timed(ours.command(args, &lab, &work)?));
            tell(ours.name(), took?)?;
        }
        tell("pdsh", lab.proved(NODES, || timed(pdsh(&config, &hosts, AT_ONCE)))?)?;
        tell("clush", lab.proved(NODES, || timed(clush(&config, &hosts, AT_ONCE)))?)?;
        // Python's own start is not counted.
        for library in ["asyncssh", "pssh"] {
            let run = || Engine::Python(library).run(args, &lab, &work);
            tell(library, lab.proved(NODES, run)?.get("seconds")?)?;
        }
    }
    for _ in 0..2 {
        let ours = Engine::Ours { guard: true };
        let (_, peak) = lab.proved(NODES, || ours.watched(args, &lab, &work))?;
        args.result("remote.cold.pss_mb", peak)?;
    }
    Ok(())
}
