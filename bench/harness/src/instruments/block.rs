//! Blocks of 10 MB: a session that reads them, beside a socket that copies the same bytes.

use std::time::Instant;

use station_instrument::Resource;

use super::bare::{Bare, Frames, Lines};
use super::ours;
use super::server;
use super::simulator::Simulator;
use crate::Result;
use crate::args::Args;

const LENGTH: usize = 10_000_000;
/// Blocks in a turn.
const TIMES: u32 = 10;
const QUESTION: &str = "WAV:DATA?";

/// A record that fills the memory and stands still.
const SET_UP: &[&str] = &[
    "ACQ:MDEP 10000000",
    "STOP",
    "WAV:SOUR CHAN1",
    "WAV:MODE RAW",
    "WAV:FORM BYTE",
    "WAV:STAR 1",
    "WAV:STOP 10000000",
];

pub(crate) fn run(args: &Args) -> Result<()> {
    let simulator = Simulator::start(args, "scope")?;
    ours::set_up(&simulator.socket.resource, SET_UP)?;
    let memory = server::serve(LENGTH)?;
    let from_memory = Resource::parse(&format!("TCPIP0::127.0.0.1::{}::SOCKET", memory.port()))?;
    let Simulator { socket, hislip, .. } = &simulator;
    for _ in 0..args.number("rounds", 5)? {
        for (name, address, resource) in
            [("memory", memory, &from_memory), ("socket", socket.address, &socket.resource)]
        {
            let copied = copied(&mut Lines::connect(address)?)?;
            args.result(&format!("instruments.block.{name}.bare"), copied)?;
            let read = ours::blocks(resource, QUESTION, TIMES, LENGTH)?;
            args.result(&format!("instruments.block.{name}"), read)?;
        }
        let copied = copied(&mut Frames::connect(hislip.address)?)?;
        args.result("instruments.block.hislip.bare", copied)?;
        let read = ours::blocks(&hislip.resource, QUESTION, TIMES, LENGTH)?;
        args.result("instruments.block.hislip", read)?;
    }
    Ok(())
}

/// What a block of so many bytes begins with, as oscilloscopes write it.
pub(crate) fn head(length: usize) -> String {
    format!("#9{length:09}")
}

/// MB a second, into a buffer that is there.
fn copied(bare: &mut impl Bare) -> Result<f64> {
    let head = head(LENGTH);
    let mut reply = vec![0; head.len() + LENGTH + 1];
    let message = format!("{QUESTION}\n");
    bare.block(message.as_bytes(), &mut reply)?;
    let begun = Instant::now();
    for _ in 0..TIMES {
        bare.block(message.as_bytes(), &mut reply)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    if !reply.starts_with(head.as_bytes()) || !reply.ends_with(b"\n") {
        return Err("what was copied is no block".into());
    }
    Ok(f64::from(TIMES) * LENGTH as f64 / 1e6 / seconds)
}
