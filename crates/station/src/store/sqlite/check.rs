//! Check: SQLite's own look at the file, then the laws that tie our tables together.

use rusqlite::Connection;

use super::fault::Fault;
use super::ledger;

/// How many rows that break a law are named.
const NAMED: i64 = 5;

/// What no row may do: the sentence about `{}`, and the query that names the rows.
const LAWS: [(&str, &str); 20] = [
    ("job {} has an unknown status", "SELECT id FROM jobs WHERE status NOT BETWEEN 0 AND 7"),
    (
        "job {} is filed as ended though it is not, or the other way round",
        "SELECT id FROM jobs WHERE deleted = 0 AND paused = 0
           AND done <> (status > 1 AND next_due IS NULL)",
    ),
    (
        "job {} is paused or deleted, but not filed as such, or the other way round",
        "SELECT id FROM jobs WHERE (done = 2) <> deleted
           OR deleted = 0 AND (done = 3) <> paused",
    ),
    (
        "job {} is paused or deleted, but would fire",
        "SELECT id FROM jobs WHERE (paused OR deleted) AND next_due IS NOT NULL",
    ),
    (
        "job {} is deleted and nothing of it is kept, but it is still there",
        "SELECT id FROM jobs j WHERE deleted
           AND NOT EXISTS (SELECT 1 FROM executions e WHERE e.job = j.id)",
    ),
    (
        "job {} is filed under another time than it is due",
        "SELECT id FROM jobs WHERE next_due IS NOT NULL AND planned <> next_due",
    ),
    (
        "job {} counts fewer executions than are recorded",
        "SELECT id FROM jobs j WHERE executions <
           (SELECT coalesce(max(n), 0) FROM executions e WHERE e.job = j.id)",
    ),
    (
        "job {} is running, but none of its executions is",
        "SELECT id FROM jobs j WHERE status = 1 AND NOT EXISTS
           (SELECT 1 FROM executions e WHERE e.job = j.id AND e.status = 1)",
    ),
    (
        "job {} has a specification that cannot be read",
        "SELECT id FROM jobs WHERE NOT json_valid(spec)",
    ),
    (
        "job {} wants a context that is not stored",
        "SELECT id FROM jobs j WHERE json_valid(spec) AND spec ->> '$.action.context' IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM contexts WHERE hash = j.spec ->> '$.action.context')",
    ),
    (
        "execution {} has not ended, but its job has",
        "SELECT e.job || '.' || e.n FROM executions e INDEXED BY executions_status
           JOIN jobs j ON j.id = e.job WHERE e.status IN (0, 1) AND j.done = 1",
    ),
    (
        "execution {} is running, but was never started",
        "SELECT job || '.' || n FROM executions INDEXED BY executions_status
         WHERE status = 1 AND started IS NULL",
    ),
    (
        "execution {} belongs to no job",
        "SELECT job || '.' || n FROM executions e
         WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = e.job)",
    ),
    (
        "an attempt, output or mail belongs to execution {}, which is not recorded",
        "SELECT job || '.' || n FROM (SELECT job, n FROM attempts UNION SELECT job, n FROM output
           UNION SELECT job, n FROM mails) o
         WHERE NOT EXISTS (SELECT 1 FROM executions e WHERE e.job = o.job AND e.n = o.n)",
    ),
    (
        "the stored output holds {} bytes more than counted",
        "SELECT held - counted FROM (SELECT
             (SELECT coalesce(sum(bytes), 0) FROM output) AS held,
             (SELECT value FROM meta WHERE key = 'output_bytes') AS counted)
         WHERE held <> counted",
    ),
    (
        "job {} has a number that could be given again",
        "SELECT id FROM jobs WHERE id > coalesce(
           (SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0)",
    ),
    (
        "the tally of the executions of job {} is wrong",
        "SELECT DISTINCT job FROM (
           SELECT job, status, count(*) AS executions, sum(cause = 0) AS scheduled,
             sum(iif(cause = 0, firings, 0)) AS firings,
             sum(iif(status = 2, coalesce(max(ended - started, 0), 0), 0)) AS spent
           FROM executions WHERE status > 1 GROUP BY job, status
           UNION ALL SELECT job, status, -executions, -scheduled, -firings, -spent FROM tallies)
         GROUP BY job, status
         HAVING sum(executions) OR sum(scheduled) OR sum(firings) OR sum(spent)",
    ),
    (
        "the tally of the executions planned around {} is wrong",
        "SELECT strftime('%Y-%m-%dT%H:%MZ', slot * 900, 'unixepoch') FROM (
           SELECT (planned - iif(planned < 0, 899999999, 0)) / 900000000 AS slot, status,
             count(*) AS executions FROM executions WHERE status > 1 GROUP BY slot, status
           UNION ALL SELECT slot, status, -executions FROM slots)
         GROUP BY slot, status HAVING sum(executions)",
    ),
    (
        "the tally of jobs of kind {} is wrong",
        "SELECT DISTINCT kind FROM (
           SELECT kind, done, count(*) AS jobs FROM jobs GROUP BY kind, done
           UNION ALL SELECT kind, done, -jobs FROM kinds)
         GROUP BY kind, done HAVING sum(jobs)",
    ),
    (
        "a notice is owed about alarm {}, which is not recorded",
        "SELECT alarm FROM notices o WHERE NOT EXISTS (SELECT 1 FROM alarms WHERE id = o.alarm)",
    ),
];

/// What is wrong, each a sentence; at one moment of the store.
pub(super) fn check(conn: &Connection) -> Result<Vec<String>, Fault> {
    let moment = conn.unchecked_transaction()?;
    let mut wrong = Vec::new();
    let mut statement = moment.prepare("PRAGMA quick_check(20)")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            wrong.push(format!("the file is damaged: {line}"));
        }
    }
    if !wrong.is_empty() {
        // On a damaged file the laws would only name the same damage again.
        return Ok(wrong);
    }
    for (sentence, query) in LAWS {
        let sql =
            format!("SELECT CAST(who AS TEXT) FROM (SELECT NULL AS who WHERE 0 UNION ALL {query})");
        let mut statement = moment.prepare(&format!("{sql} LIMIT {NAMED}"))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            wrong.push(sentence.replace("{}", &row.get::<_, String>(0)?));
        }
    }
    wrong.extend(ledger::faults(&moment)?);
    Ok(wrong)
}
