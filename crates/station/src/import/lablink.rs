//! Reads LabLink's scheduler store: the tables `scheduled_jobs` and `job_execution_counts`.
//!
//! The rows hold create requests of the same API that this station has, so most columns are handed
//! on as they are. Two things meant something else there and are said in this station's words:
//!
//! - digits of a cron expression's day of week began with Monday at 0;
//! - day of month and day of week had both to hold, where cron asks for either.
//!
//! Jobs with equipment stay what they are; whether the station has such equipment is asked of it
//! ([`keep_registered`]).

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Row;
use serde_json::{Map, Value, json};

use super::foreign::{self, Foreign};
use super::{
    Clock, Found, ImportError, Job, LONGEST_NAME, Refused, Remark, fingerprint, one_line,
    source_tag, weekday,
};

/// Columns without which the file is no such store.
const NEEDED: [&str; 4] = ["job_id", "name", "schedule_type", "trigger_type"];

/// Columns that are texts.
const TEXTS: [&str; 9] = [
    "name",
    "description",
    "schedule_type",
    "trigger_type",
    "run_date",
    "time_of_day",
    "start_date",
    "end_date",
    "conflict_policy",
];

/// Columns that are numbers.
const NUMBERS: [&str; 8] = [
    "interval_seconds",
    "interval_minutes",
    "interval_hours",
    "interval_days",
    "day_of_week",
    "day_of_month",
    "max_instances",
    "misfire_grace_time",
];

/// Columns that are 0 or 1.
const FLAGS: [&str; 3] = ["enabled", "coalesce", "on_failure_alarm"];

/// How a store is to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the source.
    pub name: String,
    /// The clock its times are of, which stand there without a zone.
    pub clock: Clock,
}

/// What a row turned out to be.
enum Read {
    Job(Job),
    /// It will not run again.
    Ended,
}

/// Reads a store.
///
/// # Errors
/// When the file is not such a store, or cannot be read.
pub fn read(file: &Path, options: &Options) -> Result<Found, ImportError> {
    let store = Foreign::open(file)?;
    let columns = store.columns("a store of LabLink's scheduler", "scheduled_jobs", &NEEDED)?;
    let counts = match store.columns("", "job_execution_counts", &["job_id", "execution_count"]) {
        Ok(_) => "(SELECT execution_count FROM job_execution_counts c WHERE c.job_id = j.job_id)",
        // Stores of the first version have no such table.
        Err(_) => "0",
    };
    let query = format!("SELECT j.*, {counts} AS runs_so_far FROM scheduled_jobs j ORDER BY rowid");
    let rows = store.rows(&query, |row| fields(row, &columns))?;
    let mut found = Found::default();
    for row in rows {
        let id = row.get("job_id").and_then(Value::as_str).unwrap_or_default();
        let place = format!("job {}", one_line(id, 60));
        let mut remarks = Vec::new();
        match job(&row, &place, options, &mut remarks) {
            Ok(Read::Job(job)) => {
                found.jobs.push(job);
                let with_place = |text| Remark { place: place.clone(), text };
                found.remarks.extend(remarks.into_iter().map(with_place));
            }
            Ok(Read::Ended) => ended(&mut found),
            Err(reason) => {
                let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
                found.refused.push(Refused { place, text: one_line(name, LONGEST_NAME), reason });
            }
        }
    }
    Ok(found)
}

fn ended(found: &mut Found) {
    match found.left.first_mut() {
        Some((_, count)) => *count += 1,
        None => found.left.push(("ended".to_owned(), 1)),
    }
}

/// A row as the API's fields; columns that are null or not there are left out.
fn fields(row: &Row<'_>, columns: &BTreeSet<String>) -> rusqlite::Result<Map<String, Value>> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let has = |name: &str| columns.contains(name);
    let more = ["job_id", "equipment_id", "profile_id", "cron_expression", "parameters", "tags"];
    for name in TEXTS.into_iter().chain(more).filter(|name| has(name)) {
        put(name, foreign::text(row, name)?.map(Value::from));
    }
    for name in NUMBERS.into_iter().chain(["max_executions"]).filter(|name| has(name)) {
        put(name, row.get::<_, Option<i64>>(name)?.map(Value::from));
    }
    for name in FLAGS.into_iter().filter(|name| has(name)) {
        put(name, row.get::<_, Option<i64>>(name)?.map(|flag| Value::from(flag != 0)));
    }
    put("runs_so_far", row.get::<_, Option<i64>>("runs_so_far")?.map(Value::from));
    Ok(fields)
}

fn job(
    row: &Map<String, Value>,
    place: &str,
    options: &Options,
    remarks: &mut Vec<String>,
) -> Result<Read, String> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let mut request = Map::new();
    for name in TEXTS.into_iter().chain(NUMBERS).chain(FLAGS) {
        if let Some(value) = row.get(name) {
            request.insert(name.to_owned(), value.clone());
        }
    }
    if has_ended(row, options)? {
        return Ok(Read::Ended);
    }
    let with_equipment =
        check_work(text("schedule_type"), text("equipment_id"), text("profile_id"))?;
    for name in ["equipment_id", "profile_id"] {
        if let Some(id) = text(name) {
            request.insert(name.to_owned(), json!(id));
        }
    }
    if let Some(most) = row.get("max_executions").and_then(Value::as_i64) {
        let so_far = runs_so_far(row);
        request.insert("max_executions".to_owned(), json!(most.saturating_sub(so_far)));
        if so_far > 0 {
            remarks
                .push(format!("{so_far} of its {most} runs are done; the others are left to it"));
        }
    }
    if let Some(expression) = text("cron_expression") {
        let meant = weekday::convert(expression)?;
        if meant != expression {
            remarks.push(format!(
                "there 0 meant Monday in a day of week: '{expression}' becomes '{meant}'"
            ));
        }
        request.insert("cron_expression".to_owned(), json!(meant));
    }
    let parameters = object(text("parameters"))?;
    if !with_equipment && !parameters.contains_key("command") && !parameters.contains_key("argv") {
        return Err("its parameters name no command".to_owned());
    }
    request.insert("parameters".to_owned(), Value::Object(parameters));
    if let Some(zone) = &options.clock.name {
        request.insert("timezone".to_owned(), json!(zone));
    }
    let id = text("job_id").unwrap_or_default();
    let print = fingerprint("lablink", &[id, &Value::Object(request.clone()).to_string()]);
    let mut tags = tags(text("tags"));
    tags.extend(["lablink".to_owned(), source_tag("lablink", &options.name), print.clone()]);
    request.insert("tags".to_owned(), json!(tags));
    Ok(Read::Job(Job {
        place: place.to_owned(),
        request: Value::Object(request),
        fingerprint: print,
    }))
}

/// Whether it will not run again: its date, its window or its runs are over.
fn has_ended(row: &Map<String, Value>, options: &Options) -> Result<bool, String> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let most = row.get("max_executions").and_then(Value::as_i64);
    if most.is_some_and(|most| runs_so_far(row) >= most) {
        return Ok(true);
    }
    let once = text("trigger_type") == Some("date");
    let ends = [text("run_date").filter(|_| once), text("end_date")];
    for end in ends.into_iter().flatten() {
        if options.clock.is_past(end)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn runs_so_far(row: &Map<String, Value>) -> i64 {
    row.get("runs_so_far").and_then(Value::as_i64).unwrap_or(0)
}

/// What is done with equipment.
const WITH_EQUIPMENT: [&str; 5] =
    ["acquisition", "state_capture", "measurement", "command", "equipment_test"];

/// Whether the work is done with equipment; refuses work that makes no sense here.
fn check_work(
    kind: Option<&str>,
    equipment: Option<&str>,
    profile: Option<&str>,
) -> Result<bool, String> {
    let quoted = |text: &str| format!("'{}'", one_line(text, 60));
    let kind = kind.unwrap_or_default();
    match (kind, equipment, profile) {
        ("script", None, None) => Ok(false),
        ("script", Some(equipment), _) => {
            Err(format!("it is a script, and names the equipment {}", quoted(equipment)))
        }
        ("script", None, Some(profile)) => {
            Err(format!("it is a script, and names the profile {}", quoted(profile)))
        }
        (kind, Some(_), _) if WITH_EQUIPMENT.contains(&kind) => Ok(true),
        (kind, None, _) if WITH_EQUIPMENT.contains(&kind) => Err(format!(
            "jobs of schedule_type {} need an equipment, and it names none",
            quoted(kind)
        )),
        (kind, _, _) => Err(format!("its schedule_type {} is not known here", quoted(kind))),
    }
}

/// Whether something found needs equipment or a profile.
#[must_use]
pub fn needs_equipment(found: &Found) -> bool {
    found.jobs.iter().any(|job| job.request.get("equipment_id").is_some())
}

/// Leaves out, with the reason, what needs equipment or a profile that the station does not have.
pub fn keep_registered(
    found: &mut Found,
    equipment: &BTreeSet<String>,
    profiles: &BTreeSet<String>,
) {
    let lacks = |job: &Job| {
        let named = |field: &str| job.request.get(field).and_then(Value::as_str);
        let absent = |field: &str, known: &BTreeSet<String>| {
            named(field).filter(|id| !known.contains(*id)).map(|id| one_line(id, 60))
        };
        absent("equipment_id", equipment)
            .map(|id| {
                format!(
                    "it works on the equipment '{id}', which is not registered here; `station \
                     equipment add` registers it"
                )
            })
            .or_else(|| {
                let name = absent("profile_id", profiles)?;
                Some(format!(
                    "it applies the profile '{name}', which is not here; `station profile create` \
                     makes it"
                ))
            })
    };
    for job in std::mem::take(&mut found.jobs) {
        match lacks(&job) {
            None => found.jobs.push(job),
            Some(reason) => {
                let name = job.request.get("name").and_then(Value::as_str).unwrap_or_default();
                let text = one_line(name, LONGEST_NAME);
                found.remarks.retain(|remark| remark.place != job.place);
                found.refused.push(Refused { place: job.place, text, reason });
            }
        }
    }
}

fn object(text: Option<&str>) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text.unwrap_or("{}")) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) | Err(_) => Err("its parameters are not a JSON object".to_owned()),
    }
}

/// The tags that the station takes; labels never keep a job out.
fn tags(text: Option<&str>) -> Vec<String> {
    let list: Vec<String> = serde_json::from_str(text.unwrap_or("[]")).unwrap_or_default();
    list.iter()
        .map(|tag| one_line(tag, super::LONGEST_TAG))
        .filter(|tag| !tag.is_empty())
        .take(60)
        .collect()
}

#[cfg(test)]
#[path = "lablink_tests.rs"]
mod tests;
