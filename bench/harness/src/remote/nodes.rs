//! `station exec` on a thousand nodes that are not connected yet, sixty-four at once.

use std::process::Command;
use std::time::{Duration, Instant};

use super::lab::{Lab, ranges, told};
use super::turns::{pdsh, timed};
use crate::Result;
use crate::args::Args;
use crate::station::Station;
use crate::tree::peak_while;

const NODES: usize = 1000;
const FANOUT: usize = 64;
/// Nodes of one network of loopback.
const NET: usize = 250;

pub(crate) fn run(args: &Args) -> Result<()> {
    let lab = Lab::start(args)?;
    for _ in 0..args.number("rounds", 2)? {
        let station = Station::fresh_in(args, &[], &[("STATION_SSH_CONFIG", &lab.config())])?;
        register(args, &station)?;
        lab.proved(NODES, || exec(args, &station))?;
        args.result("remote.nodes.completed", completed(&station)? as f64)?;
        args.result("remote.nodes.station_mb", station.usage()?.peak)?;
        drop(station);
        let by_pdsh = lab.proved(NODES, || timed(pdsh(&lab.config(), &ranges(NODES), FANOUT)))?;
        args.result("remote.nodes.pdsh.seconds", by_pdsh)?;
    }
    Ok(())
}

fn station_command(args: &Args, station: &Station, words: &[&str]) -> Result<Command> {
    let mut command = Command::new(args.path("station")?);
    command.args(words).arg("--data-dir").arg(&station.dir);
    Ok(command)
}

fn register(args: &Args, station: &Station) -> Result<()> {
    for net in 0..NODES / NET {
        let (first, last) = (net * NET + 1, (net + 1) * NET);
        let (names, addresses) = (format!("n[{first}-{last}]"), format!("127.1.{net}.[1-{NET}]"));
        told(station_command(args, station, &["node", "add", &names, &addresses])?)?;
    }
    Ok(())
}

fn exec(args: &Args, station: &Station) -> Result<()> {
    let fanout = FANOUT.to_string();
    let words = ["exec", "--on", "@*", "--fanout", &fanout];
    let mut command = station_command(args, station, &words)?;
    command.args(["--", "true"]);
    let begun = Instant::now();
    let ((), peak) =
        peak_while(station.pid(), Duration::from_millis(200), || told(command).map(drop))?;
    args.result("remote.nodes.seconds", begun.elapsed().as_secs_f64())?;
    args.result("remote.nodes.all_mb", peak)
}

/// On how many nodes the station has it down as done.
fn completed(station: &Station) -> Result<usize> {
    let page = station.http()?.get(&format!("/api/scheduler/executions?limit={NODES}"))?;
    let all = page["executions"].as_array().ok_or("no executions")?;
    let mut nodes: Vec<&str> = all
        .iter()
        .filter(|execution| execution["status"] == "completed")
        .filter_map(|execution| execution["node"].as_str())
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    Ok(nodes.len())
}
