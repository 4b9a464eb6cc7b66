//! Commands with their audit trail, through a station in this process: one after another beside what they
//! cannot do without, and over many outstations at once.

use std::time::{Duration, Instant};

use station_core::audit::{Actor, Draft};

use super::server::{Answers, serve};
use super::stack::{self, Stack};
use super::{POINT, ours};
use crate::Result;
use crate::args::Args;
use crate::commits::Writer;
use crate::runtime::Runtime;
use crate::stats::{now_micros, percentile};

/// Commands one after another in a round.
const COUNT: usize = 500;

/// Outstations at once.
const MANY: usize = 32;

pub(crate) fn run(args: &Args) -> Result<()> {
    let seconds: u64 = args.number("seconds", 3)?;
    let dir = args.path("base")?.join(format!("commits-{}", now_micros()));
    std::fs::create_dir_all(&dir)?;
    let writer = Writer::open(&dir.join("raw.db"))?;
    let stack = Stack::open(args)?;
    let mut addresses = Vec::new();
    for _ in 0..MANY {
        addresses.push(serve(Answers::of_feedback()?)?);
    }
    let name = |n: usize| format!("SS{}", n + 1);
    stack.register(
        addresses
            .iter()
            .enumerate()
            .map(|(n, address)| stack::commanded(&name(n), &address.to_string()))
            .collect(),
    )?;
    for _ in 0..args.number("rounds", 5)? {
        // All of one round stand on the same disk in the same seconds.
        let link = ours::command(Runtime::Two, serve(Answers::of_feedback()?)?, COUNT)?;
        let client = writer.client();
        let commit = each(|| client.commit(now_micros()))?;
        let record = each(|| recorded(&stack))?;
        let begun = Instant::now();
        let audited = sequential(&stack, name(0))?;
        let rate = COUNT as f64 / begun.elapsed().as_secs_f64();
        args.result("outstations.audited.link_us", link)?;
        args.result("outstations.audited.commit_us", commit)?;
        args.result("outstations.audited.record_us", record)?;
        args.result("outstations.audited.p50_us", audited)?;
        args.result("outstations.audited.limit_us", link + 2.0 * commit)?;
        args.result("outstations.audited.own_limit_us", link + 2.0 * record)?;
        args.result("outstations.audited.sequential", rate)?;
        let together = together(&stack, Duration::from_secs(seconds), name)?;
        args.result("outstations.audited.together", together)?;
    }
    stack.close()?;
    writer.close()?;
    Ok(std::fs::remove_dir_all(&dir)?)
}

/// How long something takes, µs, in the middle of many.
fn each(mut what: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut took = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let begun = Instant::now();
        what()?;
        took.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(percentile(&mut took, 0.5))
}

/// Has one record kept by the station's store.
fn recorded(stack: &Stack) -> Result<()> {
    let draft = Draft::done(Actor::station(), format!("outstation SS1/{POINT}"), "measure");
    Ok(stack.runtime.block_on(stack.handle.record(vec![draft]))?)
}

/// How long a command takes to its durable outcome, µs, in the middle.
fn sequential(stack: &Stack, name: String) -> Result<f64> {
    let desk = stack.desk.clone();
    let task = stack.runtime.spawn(async move {
        let mut took = Vec::with_capacity(COUNT);
        for _ in 0..COUNT {
            let begun = Instant::now();
            stack::write(&desk, &name).await?;
            took.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        Result::Ok(percentile(&mut took, 0.5))
    });
    stack.runtime.block_on(task)?
}

/// Commands a second over all outstations, each with one under way all the time.
fn together(stack: &Stack, span: Duration, name: impl Fn(usize) -> String) -> Result<f64> {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..MANY)
        .map(|n| {
            let (desk, name) = (stack.desk.clone(), name(n));
            stack.runtime.spawn(async move {
                let mut count = 0_u32;
                while begun.elapsed() < span {
                    stack::write(&desk, &name).await?;
                    count += 1;
                }
                Result::Ok(count)
            })
        })
        .collect();
    let mut all = 0.0;
    for task in tasks {
        all += f64::from(stack.runtime.block_on(task)??);
    }
    Ok(all / begun.elapsed().as_secs_f64())
}
