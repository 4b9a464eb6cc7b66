//! Fills a daemon with jobs due soon and reads back how each of them went.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::body::{Work, create_request};
use crate::load::{Until, drive};
use crate::station::Station;
use crate::stats::{micros_of, now_micros, rfc3339};

/// How the executions went.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Lateness of each start as the station tells it, in milliseconds.
    pub(crate) late: Vec<f64>,
    /// Executions by status.
    pub(crate) statuses: BTreeMap<String, usize>,
    /// The last end.
    pub(crate) end: i64,
}

impl Told {
    /// Executions that completed.
    pub(crate) fn completed(&self) -> usize {
        self.statuses.get("completed").copied().unwrap_or(0)
    }
}

/// Submits jobs over 16 connections; the n-th is due `first + n × step`.
pub(crate) fn feed(station: &Station, work: &Work, jobs: u64, first: i64, step: i64) -> Result<()> {
    let mut due = first;
    let done = drive(&station.socket().as_path().into(), 16, Until::Count(jobs), |request| {
        if request.is_empty() || step > 0 {
            *request = create_request(work, &rfc3339(due));
        }
        due += step;
    })?;
    if now_micros() > first - 100_000 {
        let rate = done.rate();
        return Err(format!("submitting at {rate:.0}/s ended after the first was due").into());
    }
    println!("    {jobs} jobs submitted at {:.0}/s", done.rate());
    Ok(())
}

/// When jobs can be due that are submitted from now on.
pub(crate) fn soon(jobs: u64) -> i64 {
    // Counts on 2,500 submits a second at least.
    now_micros() + 1_500_000 + i64::try_from(jobs).unwrap_or(0) * 400
}

/// Waits for the end of all and reads every execution.
pub(crate) fn collect(station: &Station, due: i64, limit: Duration) -> Result<Told> {
    // Not to disturb what is measured, the first look is when all could have begun.
    crate::stats::sleep_until(due + 300_000);
    station.drained(limit)?;
    read_all(station)
}

/// Reads every execution.
pub(crate) fn read_all(station: &Station) -> Result<Told> {
    let mut told = Told::default();
    let (mut http, mut cursor) = (station.http()?, None::<String>);
    loop {
        let mut path = "/api/scheduler/executions?limit=500".to_owned();
        if let Some(cursor) = &cursor {
            path = format!("{path}&cursor={cursor}");
        }
        let page = http.get(&path)?;
        for execution in page["executions"].as_array().ok_or("no executions in the answer")? {
            take(&mut told, execution);
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(told);
        }
    }
}

fn take(told: &mut Told, execution: &Value) {
    let instant = |name: &str| execution[name].as_str().and_then(micros_of);
    let status = execution["status"].as_str().unwrap_or("without status");
    *told.statuses.entry(status.to_owned()).or_default() += 1;
    if let (Some(planned), Some(actual)) = (instant("scheduled_time"), instant("actual_time")) {
        told.late.push((actual - planned) as f64 / 1000.0);
    }
    told.end = told.end.max(instant("completed_at").unwrap_or(0));
}
