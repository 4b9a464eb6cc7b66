//! A job's schedule and policies, as lists and pages show them.

use serde_json::Value;
use station_core::when::print_duration;

use super::{api, shown};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A job's schedule in a few characters: `*/5 * * * *`, `every 5m`, `daily 14:30`,
/// `weekly mon 14:30`, `monthly 31 14:30`; empty for a job that runs once.
pub(crate) fn schedule(job: &Value) -> String {
    let time = || {
        let time = api::text(job, "time_of_day");
        let minutes = time.strip_suffix(":00").filter(|rest| rest.contains(':'));
        minutes.unwrap_or(time).to_owned()
    };
    match api::text(job, "trigger_type") {
        "cron" => api::text(job, "cron_expression").to_owned(),
        "interval" => format!("every {}", print_duration(interval(job))),
        "daily" => format!("daily {}", time()),
        "weekly" => {
            let day = api::number(job, "day_of_week").and_then(|day| usize::try_from(day).ok());
            let day = day.and_then(|day| DAYS.get(day)).copied().unwrap_or("?");
            format!("weekly {day} {}", time())
        }
        "monthly" => {
            let day = api::number(job, "day_of_month").unwrap_or_default();
            format!("monthly {day} {}", time())
        }
        "boot" => "@reboot".to_owned(),
        _ => String::new(),
    }
}

/// The sum of an interval's units.
fn interval(job: &Value) -> std::time::Duration {
    let part = |key: &str| job.get(key).and_then(Value::as_f64).unwrap_or_default();
    let seconds = part("interval_days") * 86_400.0
        + part("interval_hours") * 3600.0
        + part("interval_minutes") * 60.0
        + part("interval_seconds");
    let span = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    // Binary fractions fall a little beside the microsecond that was meant.
    let micros = (span + std::time::Duration::from_nanos(500)).as_micros();
    u64::try_from(micros).map_or(span, std::time::Duration::from_micros)
}

/// Whether a job does not fire until it is resumed.
pub(crate) fn is_paused(job: &Value) -> bool {
    api::part(job, "enabled").as_bool() == Some(false)
}

/// A job's status, with paused ones marked.
pub(crate) fn status(job: &Value) -> String {
    let status = api::text(job, "status");
    match (is_paused(job), status) {
        (false, status) => status.to_owned(),
        (true, "running") => "running, paused".to_owned(),
        (true, _) => "paused".to_owned(),
    }
}

/// What bounds a recurring job and what happens when its runs meet, label by label.
pub(crate) fn policies(job: &Value, zone: &jiff::tz::TimeZone) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut line = |label, text: String| {
        if !text.is_empty() {
            lines.push((label, text));
        }
    };
    for (label, key) in [("Not before", "start_date"), ("Not after", "end_date")] {
        let time = api::text(job, key);
        line(label, if time.is_empty() { String::new() } else { shown::full(time, zone) });
    }
    let excluded: Vec<&str> = api::list(job, "exclude").iter().filter_map(Value::as_str).collect();
    line("Excluded", listed(&excluded));
    if let Some(count) = api::number(job, "max_executions") {
        let fired = api::number(job, "fired").unwrap_or_default();
        line("Runs", format!("{fired} of {count}"));
    }
    let jitter = job.get("jitter_seconds").and_then(Value::as_f64).filter(|jitter| *jitter > 0.0);
    line("Jitter", jitter.map(shown::span).unwrap_or_default());
    for (label, key) in [("In a gap", "dst_gap"), ("In an overlap", "dst_overlap")] {
        line(label, api::text(job, key).replace('_', " "));
    }
    line("Conflict", conflict(job));
    if api::part(job, "coalesce").as_bool() == Some(false) {
        line("Late firings", "each by itself".to_owned());
    }
    lines
}

fn conflict(job: &Value) -> String {
    let number = |key| api::number(job, key).unwrap_or_default();
    match api::text(job, "conflict_policy") {
        "replace" => format!("replace, up to {} at once", number("max_instances")),
        "queue" => format!("queue, up to {} in line", number("queue_limit")),
        other => other.replace('_', " "),
    }
}

/// The first few, and how many more.
fn listed(all: &[&str]) -> String {
    const SHOWN: usize = 4;
    let first = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schedules_are_short() {
        for (job, text) in [
            (json!({"trigger_type": "date"}), ""),
            (json!({"trigger_type": "cron", "cron_expression": "*/5 * * * *"}), "*/5 * * * *"),
            (json!({"trigger_type": "interval", "interval_minutes": 90}), "every 1h30m"),
            (json!({"trigger_type": "interval", "interval_seconds": 0.3}), "every 300ms"),
            (json!({"trigger_type": "interval", "interval_days": 2}), "every 2d"),
            (json!({"trigger_type": "daily", "time_of_day": "14:30:00"}), "daily 14:30"),
            (json!({"trigger_type": "daily", "time_of_day": "14:30:05"}), "daily 14:30:05"),
            (json!({"trigger_type": "daily", "time_of_day": "14:00"}), "daily 14:00"),
            (
                json!({"trigger_type": "weekly", "day_of_week": 6, "time_of_day": "00:00:00"}),
                "weekly sun 00:00",
            ),
            (
                json!({"trigger_type": "monthly", "day_of_month": 31, "time_of_day": "09:00:00"}),
                "monthly 31 09:00",
            ),
        ] {
            assert_eq!(schedule(&job), text);
        }
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b"]), "a, b");
        assert_eq!(listed(&["a", "b", "c", "d", "e", "f"]), "a, b, c, d and 2 more");
    }
}
