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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// As the at-station makes it.
    const SCHEMA: &str = "CREATE TABLE jobs (
        job_id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, execute_at TEXT NOT NULL,
        created_at TEXT NOT NULL, status TEXT NOT NULL, retry_count INTEGER DEFAULT 0, output TEXT,
        error TEXT)";

    fn options(overdue: bool) -> Options {
        let zone = jiff::tz::db().get("Europe/Berlin").unwrap();
        let now = "2027-01-01T11:00:00Z".parse().unwrap();
        let clock = Clock { name: Some("Europe/Berlin".to_owned()), zone, now };
        let surroundings = json!({ "cwd": "/srv" }).as_object().unwrap().clone();
        Options { name: "jobs.db".to_owned(), clock, overdue, surroundings }
    }

    fn read_rows(rows: &str, overdue: bool) -> Found {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("jobs.db");
        let store = Connection::open(&file).unwrap();
        store.execute_batch(SCHEMA).unwrap();
        let columns = "command, execute_at, created_at, status, retry_count";
        store.execute_batch(&format!("INSERT INTO jobs ({columns}) VALUES {rows}")).unwrap();
        drop(store);
        let before = std::fs::read(&file).unwrap();
        let found = read(&file, &options(overdue)).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), before, "the file is left as it was");
        found
    }

    #[test]
    fn pending_jobs_are_taken_and_others_are_counted() {
        let found = read_rows(
            "('echo a', '2027-01-01T12:30:00.250000', '2026-12-31T08:00:00', 'pending', 1),
             ('echo b', '2026-01-01T12:30:00', '2025-12-31T08:00:00', 'completed', 0),
             ('echo c', '2026-01-01T12:30:00', '2025-12-31T08:00:00', 'failed', 3),
             ('echo d', '2026-01-01T12:30:00', '2025-12-31T08:00:00', 'completed', 0)",
            false,
        );
        assert_eq!(found.refused, []);
        assert_eq!(found.left, [("completed".to_owned(), 2), ("failed".to_owned(), 1)]);
        let print = found.jobs[0].fingerprint.clone();
        let expected = json!({
            "name": "echo a",
            "description": "imported from job 1 of at-station 'jobs.db'",
            "schedule_type": "script",
            "trigger_type": "date",
            "run_date": "2027-01-01T12:30:00.250000",
            "timezone": "Europe/Berlin",
            "misfire_grace_time": "forever",
            "retries": 2,
            "timeout_seconds": 3600,
            "tags": ["at-station", "at-station:jobs.db", print],
            "parameters": {"cwd": "/srv", "command": "echo a"},
        });
        assert_eq!(found.jobs[0].request, expected);
    }

    #[test]
    fn a_time_that_is_past_is_refused_unless_it_may_run_at_once() {
        // Noon in Berlin is the present.
        let rows = "('x', '2027-01-01T12:00:00', '2026-12-31T08:00:00', 'pending', 0),
                    ('y', '2027-01-01T12:00:01', '2026-12-31T08:00:00', 'pending', 0)";
        let found = read_rows(rows, false);
        assert_eq!((found.jobs.len(), found.refused.len()), (1, 1));
        assert_eq!(found.refused[0].place, "job 1");
        assert!(found.refused[0].reason.contains("--overdue"), "{:?}", found.refused);
        let found = read_rows(rows, true);
        assert_eq!((found.jobs.len(), found.refused.len()), (2, 0));
        assert_eq!(found.jobs[0].request["when"], "now");
        assert_eq!(found.jobs[0].request.get("run_date"), None);
    }

    #[test]
    fn rows_that_make_no_sense_are_refused() {
        let found = read_rows(
            "(' ', '2028-01-01T12:00:00', '', 'pending', 0), ('x', 'soon', '', 'pending', 0),
             (CAST(x'6100' AS TEXT), '2028-01-01T12:00:00', '', 'pending', 'many')",
            false,
        );
        assert_eq!(found.jobs, []);
        let mut reasons: Vec<_> = found.refused.iter().map(|one| one.reason.as_str()).collect();
        reasons.sort_unstable();
        assert!(reasons[0].contains("NUL"), "{reasons:?}");
        assert!(reasons[1].contains("command is empty"), "{reasons:?}");
        assert!(reasons[2].contains("'soon' is not one of ISO 8601"), "{reasons:?}");
    }

    #[test]
    fn files_that_are_no_such_store_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = |name: &str| {
            let error = read(&dir.path().join(name), &options(false)).unwrap_err().to_string();
            assert!(error.contains(dir.path().to_str().unwrap()), "{error}");
            error
        };
        assert!(error("missing.db").contains("cannot be read"));
        assert!(!dir.path().join("missing.db").exists());
        assert!(error("").contains("is a directory"));
        std::fs::write(dir.path().join("text"), "x".repeat(5000)).unwrap();
        assert!(error("text").contains("not an SQLite database"));
        let other = Connection::open(dir.path().join("other.db")).unwrap();
        other.execute_batch("CREATE TABLE things (a)").unwrap();
        assert!(error("other.db").contains("no table 'jobs'"));
        other.execute_batch("CREATE TABLE jobs (job_id, command, execute_at)").unwrap();
        assert!(error("other.db").contains("no column 'created_at'"));
    }
}
