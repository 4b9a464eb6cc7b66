//! The library's sessions at work: on a runtime of one thread, and on one as the daemon has.

use std::time::{Duration, Instant};

use station_instrument::Resource;
use station_instrument::session::{Session, Settings};

use crate::Result;
use crate::runtime::Runtime;

/// How often a second a session is told who is there.
pub(crate) fn rate(runtime: Runtime, resource: &Resource, span: Duration) -> Result<f64> {
    let resource = resource.clone();
    runtime.run(async move {
        let mut session = Session::open(&resource, Settings::default()).await?;
        let identity = session.ask("*IDN?").await?;
        let begun = Instant::now();
        let mut count = 0.0;
        while begun.elapsed() < span {
            for _ in 0..super::idn::AT_ONCE {
                if session.ask("*IDN?").await? != identity {
                    return Err("another identity came".into());
                }
            }
            count += f64::from(super::idn::AT_ONCE);
        }
        Ok(count / begun.elapsed().as_secs_f64())
    })
}

/// How many MB a second a session reads of blocks that are so long.
pub(crate) fn blocks(
    resource: &Resource,
    message: &'static str,
    times: u32,
    length: usize,
) -> Result<f64> {
    let resource = resource.clone();
    Runtime::One.run(async move {
        let mut session = Session::open(&resource, Settings::default()).await?;
        let first = session.ask_block(message).await?;
        let begun = Instant::now();
        for _ in 0..times {
            let block = session.ask_block(message).await?;
            if block.len() != length {
                return Err(format!("a block of {} bytes came", block.len()).into());
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        // What is compared must be the same.
        if session.ask_block(message).await? != first {
            return Err("the block is not the same twice".into());
        }
        Ok(f64::from(times) * length as f64 / 1e6 / seconds)
    })
}

/// Has commands carried out, and none complained of.
pub(crate) fn set_up(resource: &Resource, commands: &'static [&'static str]) -> Result<()> {
    let resource = resource.clone();
    Runtime::One.run(async move {
        let mut session = Session::open(&resource, Settings::default()).await?;
        for command in commands {
            session.send(command).await?;
        }
        let error = session.ask("SYST:ERR?").await?;
        if error.trim_start_matches('+').starts_with('0') {
            return Ok(());
        }
        Err(format!("the instrument complains: {error}").into())
    })
}
