//! The limit of durable submits: bare group commit at a concurrency.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::args::Args;
use crate::commits::Writer;
use crate::stats::now_micros;

pub(crate) fn run(args: &Args) -> Result<()> {
    let clients = args.number("clients", 1)?;
    let time = Duration::from_secs_f64(args.number("seconds", 3.0)?);
    let dir = args.path("base")?.join(format!("raw-{}", now_micros()));
    std::fs::create_dir_all(&dir)?;
    let writer = Writer::open(&dir.join("raw.db"))?;
    let (stop, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            let client = writer.client();
            let (stop, count) = (&stop, &count);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) && client.commit(now_micros()).is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
    });
    let took = begun.elapsed().as_secs_f64();
    let rounds = writer.close()?;
    std::fs::remove_dir_all(&dir)?;
    let count = count.into_inner() as f64;
    args.result(&format!("raw.commits.{clients}"), count / took)?;
    args.result(&format!("raw.commits.{clients}.per_fsync"), count / rounds.max(1) as f64)
}
