//! A million executions: how long history, statistics and lists take to answer.

use std::time::Instant;

use serde_json::json;

use crate::Result;
use crate::args::Args;
use crate::station::Station;
use crate::stats::{now_micros, percentile};

/// Looks at each answer.
const LOOKS: usize = 20;

pub(crate) fn run(args: &Args) -> Result<()> {
    let count: i64 = args.number("count", 1_000_000)?;
    let station = Station::fresh(args)?;
    let mut http = station.http()?;
    for n in 0..100 {
        let body = json!({
            "name": format!("job {n}"), "schedule_type": "script", "trigger_type": "daily",
            "time_of_day": "03:00", "parameters": {"command": "true"},
        });
        let body = body.to_string();
        let (status, _) = http.call("POST", "/api/scheduler/jobs/create", body.as_bytes())?;
        if status != 200 {
            return Err(format!("create: {status}").into());
        }
    }
    drop(http);
    let dir = station.stop()?;
    fill(&dir.join("station.db"), count)?;
    let station = Station::start(&args.path("station")?, dir)?;
    let mut http = station.http()?;
    let mut worst = 0.0_f64;
    for (name, path) in [
        ("statistics", "/api/scheduler/statistics"),
        ("history", "/api/scheduler/jobs/1/history"),
        ("executions", "/api/scheduler/executions?limit=100"),
        ("executions_failed", "/api/scheduler/executions?limit=100&status=failed"),
        ("executions_of_job", "/api/scheduler/executions?limit=100&job_id=1"),
        ("running", "/api/scheduler/running"),
    ] {
        let mut took = Vec::new();
        for _ in 0..LOOKS {
            let begun = Instant::now();
            http.get(path)?;
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        let p99 = percentile(&mut took, 0.99);
        worst = worst.max(p99);
        args.result(&format!("history.{name}_ms"), p99)?;
    }
    args.result("history.worst_ms", worst)
}

/// Half of them are of job 1; all within the last days, so that retention leaves them alone.
fn fill(database: &std::path::Path, count: i64) -> Result<()> {
    let mut store = rusqlite::Connection::open(database)?;
    let round = store.transaction()?;
    {
        let mut insert = round.prepare(
            "INSERT INTO executions (job, n, cause, planned, status, started, ended, attempt,
               user_micros, system_micros, max_rss_bytes, out_bytes, out_lines,
               out_dropped_bytes, out_dropped_lines, firings)
             VALUES (?1, ?2, 0, ?3, ?4, ?3, ?3 + 250000, 1, 0, 0, 0, 0, 0, 0, 0, 1)",
        )?;
        let now = now_micros();
        for n in 0..count {
            let (job, number) =
                if n % 2 == 0 { (1, n / 2 + 1) } else { (2 + n / 2 % 99, n / 198 + 1) };
            let status = if n % 10 == 0 { 3 } else { 2 };
            insert.execute((job, number, now - (count - n) * 200_000, status))?;
        }
    }
    // What the station keeps count of as it goes.
    round.execute_batch(
        "INSERT INTO tallies
           SELECT job, status, count(*), count(*), sum(firings), sum(iif(status = 2, 250000, 0))
           FROM executions GROUP BY job, status;
         INSERT INTO slots
           SELECT planned / 900000000 AS slot, status, count(*) FROM executions
           GROUP BY slot, status;",
    )?;
    round.execute(
        "UPDATE jobs SET
           executions = (SELECT coalesce(max(n), 0) FROM executions e WHERE e.job = jobs.id),
           planned_count = (SELECT count(*) FROM executions e WHERE e.job = jobs.id)",
        [],
    )?;
    Ok(round.commit()?)
}
