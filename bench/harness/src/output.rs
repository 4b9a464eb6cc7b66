//! A gigabyte of lines through a run, against the same bytes through a pipe into `wc -l`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;
use crate::args::Args;
use crate::body::{Work, create};
use crate::station::Station;
use crate::stats::{micros_of, now_micros, rfc3339};

pub(crate) fn run(args: &Args) -> Result<()> {
    let bytes: u64 = args.number("bytes", 1_000_000_000)?;
    let file = args.path("base")?.join("lines.txt");
    write(&file, bytes)?;
    let name = file.to_str().ok_or("not UTF-8")?.to_owned();
    for _ in 0..3 {
        let begun = Instant::now();
        let line = format!("cat '{name}' | wc -l");
        let status = Command::new("/bin/sh")
            .args(["-c", &line])
            .stdout(File::create("/dev/null")?)
            .status()?;
        if !status.success() {
            return Err(format!("cat | wc -l: {status}").into());
        }
        args.result("raw.output.mb_s", bytes as f64 / 1e6 / begun.elapsed().as_secs_f64())?;
        through(args, &name, bytes)?;
    }
    Ok(std::fs::remove_file(&file)?)
}

fn through(args: &Args, name: &str, bytes: u64) -> Result<()> {
    let station = Station::fresh(args)?;
    let due = now_micros() + 500_000;
    let body = create(&Work::program(&["/bin/cat", name]), &rfc3339(due));
    let mut http = station.http()?;
    let (status, answer) = http.call("POST", "/api/scheduler/jobs/create", &body)?;
    if status != 200 {
        return Err(String::from_utf8_lossy(&answer).into());
    }
    station.drained(Duration::from_secs(60))?;
    let page = http.get("/api/scheduler/executions?limit=1")?;
    let execution = &page["executions"][0];
    let instant = |name: &str| execution[name].as_str().and_then(micros_of).ok_or("no instant");
    let took = (instant("completed_at")? - instant("actual_time")?) as f64 / 1e6;
    let counted = |name: &str| execution[name].as_u64();
    let whole = (counted("output_bytes"), counted("output_lines"));
    if execution["status"] != "completed" || whole != (Some(bytes), Some(bytes / 100)) {
        return Err(format!("{bytes} bytes, and not all came: {execution}").into());
    }
    args.result("output.mb_s", bytes as f64 / 1e6 / took)?;
    args.result("output.peak_mb", station.usage()?.peak)
}

/// Lines of a hundred bytes; the page cache keeps them.
pub(crate) fn write(file: &Path, bytes: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    for line in 0..bytes / 100 {
        let text = format!("{line:010} the quick brown fox jumps over the lazy dog, and again");
        writeln!(out, "{text:<99}")?;
    }
    out.flush()?;
    let length = std::fs::metadata(file)?.len();
    if length == bytes { Ok(()) } else { Err(format!("wrote {length} bytes, not {bytes}").into()) }
}
