//! What must hold of the executions of recurring jobs, however often the daemon was killed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Grid, Runs, Tally, all, job, micros};
use crate::support::Site;

/// Every firing from the first to the last has exactly one row, or is inside one row's span.
pub(super) fn check_watched(
    site: &Site,
    id: i64,
    grid: &Grid,
    next: &Value,
    runs: &Runs,
    total: &mut Tally,
) {
    let job = job(site, id);
    let rows = all(site, "executions", &format!("&job_id={id}"));
    let mut planned: Vec<(i64, i64, u64, &str)> = Vec::new();
    let (mut to_alarm, mut started) = (0_u64, 0_u64);
    for (name, row) in &rows {
        let status = row["status"].as_str().unwrap();
        // A run that is done again may have been cut off before its first attempt began.
        let attempt = u32::try_from(row["attempt"].as_u64().unwrap()).unwrap();
        let ran = runs.range((name.clone(), 0)..=(name.clone(), attempt)).next().is_some();
        let last = runs.contains_key(&(name.clone(), attempt));
        assert!(last || status != "completed", "{row} did not run");
        assert!(!ran || !matches!(status, "missed" | "skipped"), "{row} ran");
        to_alarm += u64::from(matches!(status, "failed" | "missed" | "interrupted"));
        let info = &row["trigger_info"];
        let firings = info["firings"].as_u64().unwrap();
        if info["cause"] == "manual" {
            assert_eq!((firings, &info["first_planned"]), (0, &Value::Null), "{row}");
            continue;
        }
        started += u64::from(ran);
        let last = micros(&row["scheduled_time"]);
        let first = &info["first_planned"];
        let first = if first.is_null() { last } else { micros(first) };
        planned.push((first, last, firings, name));
        *match status {
            "missed" => &mut total.missed,
            "skipped" => &mut total.skipped,
            "interrupted" => &mut total.interrupted,
            _ => &mut total.ran,
        } += 1;
        total.combined += u64::from(firings > 1 && status != "missed");
        let in_a_row = matches!(status, "missed" | "skipped");
        assert!(firings == 1 || in_a_row || job["coalesce"] == true, "{row}");
    }
    planned.sort_unstable();
    let mut at = grid.first;
    for (first, last, firings, name) in &planned {
        assert_eq!(*first, at, "{name} begins at another firing than the next: {planned:?} {job}");
        let inside = (last - first) / grid.every + 1;
        assert_eq!(
            ((last - first) % grid.every, inside.cast_unsigned()),
            (0, *firings),
            "{name} accounts for other firings than it says: {job}"
        );
        at = last + grid.every;
    }
    if !next.is_null() {
        assert!(at >= micros(next), "job {id} has lost its firings from {at} to {next}");
    }
    let firings: u64 = planned.iter().map(|(_, _, firings, _)| firings).sum();
    assert_eq!(job["planned"], firings, "{job}");
    assert_eq!(job["execution_count"], rows.len(), "{job}");
    if let Some(most) = job["max_executions"].as_u64() {
        assert_eq!(
            (job["fired"].as_u64().unwrap(), &job["next_run"]),
            (most, &Value::Null),
            "{job}"
        );
        assert!(started <= most, "{started} runs: {job}");
    }
    let alarms = site.get("/api/alarms/events/active?limit=1000");
    let of_job = |alarm: &&Value| alarm["additional_data"]["job_id"] == job["job_id"];
    let alarms: Vec<&Value> = alarms["events"].as_array().unwrap().iter().filter(of_job).collect();
    let wants = job["on_failure_alarm"] == true && to_alarm > 0;
    assert_eq!(alarms.len(), usize::from(wants), "{alarms:?} {job}");
    for alarm in alarms {
        assert_eq!(alarm["additional_data"]["occurrences"], to_alarm, "{alarm} {job}");
    }
}

/// No attempt ran twice or without a row, and of all jobs every firing is accounted for.
pub(super) fn check_all(site: &Site, runs: &Runs) {
    let rows = all(site, "executions", "");
    for (name, attempt) in runs.keys() {
        let row = rows.get(name).unwrap_or_else(|| panic!("{name} ran and is not recorded"));
        assert!(row["attempt"].as_u64().unwrap() >= u64::from(*attempt), "{row}: {attempt}");
    }
    for (id, job) in all(site, "jobs", "") {
        let of_job = |row: &&Value| row["job_id"] == job["job_id"];
        let firings =
            rows.values().filter(of_job).map(|row| row["trigger_info"]["firings"].as_u64());
        assert_eq!(job["planned"].as_u64(), firings.sum::<Option<u64>>(), "job {id}: {job}");
        if let Some(most) = job["max_executions"].as_u64() {
            assert!(job["fired"].as_u64().unwrap() <= most, "{job}");
        }
    }
}

/// Of two runs that must not overlap, one had ended before the other began.
pub(super) fn check_lanes(site: &Site, jobs: impl Iterator<Item = i64>, runs: &Runs) {
    let mut lanes: BTreeMap<String, Vec<(i64, i64, &str)>> = BTreeMap::new();
    for id in jobs {
        let job = job(site, id);
        if job["conflict_policy"] == "replace" {
            continue;
        }
        let lane = job["conflict_key"].as_str().map_or(id.to_string(), ToOwned::to_owned);
        let of_job = format!("{id}.");
        for ((name, _), (begun, ended)) in runs.iter().filter(|run| run.0.0.starts_with(&of_job)) {
            // When one ended that was cut off is not known.
            lanes
                .entry(lane.clone())
                .or_default()
                .extend(ended.map(|ended| (*begun, ended, &**name)));
        }
    }
    for (lane, mut spans) in lanes {
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "lane {lane}: {pair:?} overlap");
        }
    }
}
