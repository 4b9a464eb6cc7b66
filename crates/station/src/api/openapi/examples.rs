//! Examples of what requests say of jobs.

use serde_json::{Value, json};

/// Jobs of every kind of trigger.
pub(super) fn jobs() -> [Value; 6] {
    schedules().map(|mut schedule| {
        let parameters = json!({ "command": "echo hello", "cwd": "/", "env": { "A": "1" } });
        if let Value::Object(fields) = &mut schedule {
            fields.insert("schedule_type".to_owned(), "script".into());
            fields.insert("parameters".to_owned(), parameters);
        }
        schedule
    })
}

/// When they fire.
pub(super) fn schedules() -> [Value; 6] {
    [
        json!({ "when": "now + 2 hours", "name": "once" }),
        json!({ "trigger_type": "interval", "interval_hours": 6, "run_at_start": true }),
        json!({
            "trigger_type": "cron", "cron_expression": "30 4 * * mon-fri",
            "timezone": "Europe/Berlin", "exclude": ["2027-12-24..2027-12-26"],
        }),
        json!({ "trigger_type": "daily", "time_of_day": "02:30", "dst_gap": "skip" }),
        json!({ "trigger_type": "weekly", "day_of_week": 0, "time_of_day": "09:00:00" }),
        json!({ "trigger_type": "monthly", "day_of_month": 31, "time_of_day": "23:59" }),
    ]
}
