//! Reads the store of an at-station: one table `jobs`, one row for each command and its time.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::foreign::{self, Foreign};
use super::{
    Clock, Found, ImportError, Job, LONGEST_NAME, Refused, fingerprint, one_line, source_tag,
};

/// Attempts after the first that the at-station made.
const RETRIES: i64 = 3;

/// The at-station ended a command after an hour.
const TIMEOUT_SECONDS: u32 = 3600;

/// How a store is to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the source.
    pub name: String,
    /// The clock its times are of, which stand there without a zone.
    pub clock: Clock,
    /// Jobs whose time is past run at once; else they are refused.
    pub overdue: bool,
    /// Working directory, umask and environment of the jobs, which that store does not keep.
    pub surroundings: Map<String, Value>,
}

struct Row {
    id: String,
    command: String,
    at: String,
    created: String,
    status: String,
    retries: i64,
}

/// Reads a store.
///
/// # Errors
/// When the file is not such a store, or cannot be read.
pub fn read(file: &Path, options: &Options) -> Result<Found, ImportError> {
    let store = Foreign::open(file)?;
    let needed = ["job_id", "command", "execute_at", "created_at", "status", "retry_count"];
    store.columns("an at-station's store", "jobs", &needed)?;
    let query = "SELECT job_id, command, execute_at, created_at, status, retry_count FROM jobs \
                 ORDER BY execute_at, job_id";
    let rows = store.rows(query, |row| {
        Ok(Row {
            id: foreign::text(row, "job_id")?.unwrap_or_default(),
            command: foreign::text(row, "command")?.unwrap_or_default(),
            at: foreign::text(row, "execute_at")?.unwrap_or_default(),
            created: foreign::text(row, "created_at")?.unwrap_or_default(),
            status: foreign::text(row, "status")?.unwrap_or_default(),
            retries: row.get::<_, Option<i64>>("retry_count").unwrap_or_default().unwrap_or(0),
        })
    })?;
    let mut found = Found::default();
    for row in rows {
        if row.status != "pending" {
            let status = one_line(&row.status, 20);
            match found.left.iter_mut().find(|(known, _)| *known == status) {
                Some((_, count)) => *count += 1,
                None => found.left.push((status, 1)),
            }
            continue;
        }
        match request(&row, options) {
            Ok(job) => found.jobs.push(job),
            Err(reason) => found.refused.push(Refused {
                place: format!("job {}", row.id),
                text: one_line(&format!("{} {}", row.at, row.command), LONGEST_NAME),
                reason,
            }),
        }
    }
    Ok(found)
}

fn request(row: &Row, options: &Options) -> Result<Job, String> {
    if row.command.trim().is_empty() {
        return Err("its command is empty".to_owned());
    }
    if row.command.contains('\0') {
        return Err("its command holds a NUL byte, which no command can".to_owned());
    }
    let past = options.clock.is_past(&row.at)?;
    if past && !options.overdue {
        return Err(format!(
            "its time, {}, is past and it has not run; --overdue lets such jobs run at once",
            row.at
        ));
    }
    let print = fingerprint("at-station", &[&row.id, &row.command, &row.at, &row.created]);
    let mut parameters = options.surroundings.clone();
    parameters.insert("command".to_owned(), json!(row.command));
    let mut request = json!({
        "name": one_line(&row.command, LONGEST_NAME),
        "description": format!("imported from job {} of at-station '{}'", row.id, options.name),
        "schedule_type": "script",
        "trigger_type": "date",
        // That one runs a job however late.
        "misfire_grace_time": "forever",
        "retries": RETRIES.saturating_sub(row.retries).clamp(0, RETRIES),
        "timeout_seconds": TIMEOUT_SECONDS,
        "tags": ["at-station", source_tag("at-station", &options.name), print],
        "parameters": parameters,
    });
    let mut put = |key: &str, value: &str| {
        if let Some(request) = request.as_object_mut() {
            request.insert(key.to_owned(), json!(value));
        }
    };
    if past {
        put("when", "now");
    } else {
        put("run_date", &row.at);
    }
    if let Some(zone) = &options.clock.name {
        put("timezone", zone);
    }
    Ok(Job { place: format!("job {}", row.id), request, fingerprint: print })
}
