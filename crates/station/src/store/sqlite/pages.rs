//! Pages: jobs and executions in their orders, from a cursor on.

use rusqlite::{Connection, ToSql, params};
use station_core::model::{Execution, Job, JobId, JobStatus};

use super::codec::{status_code, status_mask};
use super::fault::Fault;
use super::load;
use super::rows::{self, EXECUTION, EXECUTION_WIDTH};
use crate::store::{ExecutionFilter, JobFilter, JobOrder, Page};

/// How many jobs a tag may have to be read all and sorted; with more, the agenda is read until
/// enough carry the tag.
const FEW: usize = 5000;

/// A job's place in an order of jobs.
#[derive(Clone, Copy)]
struct Key {
    done: bool,
    planned: i64,
    id: i64,
}

impl Key {
    /// Sorts as the agenda does: what has not ended upwards, then what has, downwards.
    fn agenda(&self) -> (bool, i64, i64) {
        // `!` turns the order of numbers round.
        if self.done { (true, !self.planned, !self.id) } else { (false, self.planned, self.id) }
    }
}

/// A page of jobs.
pub(super) fn jobs(conn: &Connection, filter: &JobFilter) -> Result<Page<Job>, Fault> {
    let limit = limit_of(filter.limit);
    let search = Search {
        conn,
        tag: filter.tag.as_deref(),
        statuses: &filter.statuses,
        fetch: limit.saturating_add(1),
    };
    let cursor = filter.cursor.as_deref();
    let only = candidates(conn, filter)?;
    let mut keys = match filter.order {
        JobOrder::Agenda => {
            let after = cursor.map(agenda_cursor).transpose()?;
            match only {
                Some(only) => search.agenda_among(&only, after)?,
                None => search.agenda(after)?,
            }
        }
        JobOrder::Id => {
            let after = cursor.map(|cursor| only_number(cursor, "i")).transpose()?;
            search.by_id(only.as_deref(), after.unwrap_or(i64::MIN))?
        }
    };
    let more = keys.len() > limit;
    keys.truncate(limit);
    let last = if more { keys.last() } else { None };
    let next_cursor = last.map(|key| match filter.order {
        JobOrder::Agenda => format!("a{}.{}.{}", u8::from(key.done), key.planned, key.id),
        JobOrder::Id => format!("i{}", key.id),
    });
    let mut items = Vec::with_capacity(keys.len());
    for key in keys {
        items.extend(load::job(conn, JobId(key.id))?);
    }
    Ok(Page { items, next_cursor })
}

/// A question about jobs, answered with the keys of the first `fetch` found, in order.
struct Search<'a> {
    conn: &'a Connection,
    tag: Option<&'a str>,
    statuses: &'a [JobStatus],
    fetch: usize,
}

impl Search<'_> {
    /// In the order of the agenda: the runs of the index, one for each status, merged.
    fn agenda(&self, after: Option<Key>) -> Result<Vec<Key>, Fault> {
        let mut keys = Vec::new();
        for done in [false, true] {
            let start = if done { i64::MAX } else { i64::MIN };
            let from = match after {
                Some(after) if after.done && !done => continue,
                Some(after) if after.done == done => (after.planned, after.id),
                Some(_) | None => (start, start),
            };
            let mut part = Vec::new();
            let all: &[JobStatus] =
                if self.statuses.is_empty() { &JobStatus::ALL } else { self.statuses };
            for status in all {
                part.extend(self.run(done, *status, from)?);
            }
            part.sort_by_key(Key::agenda);
            part.dedup_by_key(|key| key.id);
            keys.append(&mut part);
            if keys.len() >= self.fetch {
                break;
            }
        }
        keys.truncate(self.fetch);
        Ok(keys)
    }

    /// One run of the index, from a place on.
    fn run(&self, done: bool, status: JobStatus, from: (i64, i64)) -> Result<Vec<Key>, Fault> {
        let (beyond, order) =
            if done { ("<", "planned DESC, id DESC") } else { (">", "planned, id") };
        let sql = format!(
            "SELECT done, planned, id FROM jobs j INDEXED BY jobs_agenda
             WHERE done = ?1 AND status = ?2 AND (planned, id) {beyond} (?3, ?4) AND {}
             ORDER BY {order} LIMIT ?6",
            self.tagged("?5")
        );
        let values = params![done, status_code(status), from.0, from.1, self.tag, self.fetch()];
        self.keys(&sql, values)
    }

    /// In the order of the agenda, of few jobs: all of them are read and sorted.
    fn agenda_among(&self, only: &str, after: Option<Key>) -> Result<Vec<Key>, Fault> {
        let mut keys = self.by_id_from(Some(only), i64::MIN, i64::MAX)?;
        keys.retain(|key| after.is_none_or(|after| key.agenda() > after.agenda()));
        keys.sort_by_key(Key::agenda);
        keys.truncate(self.fetch);
        Ok(keys)
    }

    fn by_id(&self, only: Option<&str>, after: i64) -> Result<Vec<Key>, Fault> {
        self.by_id_from(only, after, self.fetch())
    }

    fn by_id_from(&self, only: Option<&str>, after: i64, fetch: i64) -> Result<Vec<Key>, Fault> {
        let among = match only {
            Some(_) => "id IN (SELECT value FROM json_each(?3))",
            None => "?3 IS NULL",
        };
        let sql = format!(
            "SELECT done, planned, id FROM jobs j NOT INDEXED
             WHERE id > ?1 AND (?2 >> status) & 1 AND {among} AND {} ORDER BY id LIMIT ?5",
            self.tagged("?4")
        );
        self.keys(&sql, params![after, status_mask(self.statuses), only, self.tag, fetch])
    }

    fn tagged(&self, tag: &str) -> String {
        match self.tag {
            Some(_) => {
                format!("EXISTS (SELECT 1 FROM job_tags t WHERE t.tag = {tag} AND t.job = j.id)")
            }
            None => format!("{tag} IS NULL"),
        }
    }

    fn fetch(&self) -> i64 {
        i64::try_from(self.fetch).unwrap_or(i64::MAX)
    }

    fn keys(&self, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<Key>, Fault> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut found = statement.query(values)?;
        let mut keys = Vec::new();
        while let Some(row) = found.next()? {
            keys.push(Key { done: row.get(0)?, planned: row.get(1)?, id: row.get(2)? });
        }
        Ok(keys)
    }
}

/// The only jobs a filter can find, when they are few: a JSON array of their numbers.
fn candidates(conn: &Connection, filter: &JobFilter) -> Result<Option<String>, Fault> {
    if !filter.ids.is_empty() {
        return Ok(Some(id_list(&filter.ids)));
    }
    let Some(tag) = &filter.tag else { return Ok(None) };
    let mut statement = conn.prepare_cached("SELECT job FROM job_tags WHERE tag = ?1")?;
    let mut found = statement.query([tag])?;
    let mut ids = Vec::new();
    while let Some(row) = found.next()? {
        if ids.len() == FEW {
            return Ok(None);
        }
        ids.push(JobId(row.get(0)?));
    }
    Ok(Some(id_list(&ids)))
}

fn id_list(ids: &[JobId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("[{}]", ids.join(","))
}

/// A page of executions, newest first.
pub(super) fn executions(
    conn: &Connection,
    filter: &ExecutionFilter,
) -> Result<Page<Execution>, Fault> {
    let limit = limit_of(filter.limit);
    let letter = if filter.job.is_some() { "n" } else { "e" };
    let before = match &filter.cursor {
        None => i64::MAX,
        Some(cursor) => only_number(cursor, letter)?,
    };
    let fetch = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let find = |from: &str, key: i64| -> Result<Vec<(Execution, i64)>, Fault> {
        let mut statement = conn.prepare_cached(&format!("SELECT {EXECUTION}, e.seq {from}"))?;
        let mut found = statement.query(params![before, fetch, key])?;
        let mut executions = Vec::new();
        while let Some(row) = found.next()? {
            executions.push((rows::execution(row, 0)?, row.get(EXECUTION_WIDTH)?));
        }
        Ok(executions)
    };
    if let Some(job) = filter.job {
        let mask = status_mask(&filter.statuses);
        let sql = format!(
            "FROM executions e WHERE e.job = ?3 AND e.n < ?1 AND ({mask} >> e.status) & 1
             ORDER BY e.n DESC LIMIT ?2"
        );
        return Ok(page(find(&sql, job.0)?, limit, |(execution, _)| {
            format!("n{}", execution.id.n)
        }));
    }
    let mut found = Vec::new();
    if filter.statuses.is_empty() {
        let all = "FROM executions e NOT INDEXED WHERE e.seq < ?1 AND ?3 = ?3
                   ORDER BY e.seq DESC LIMIT ?2";
        found = find(all, 0)?;
    }
    // Each status is an order of its own in the index; the newest of each are merged.
    for status in &filter.statuses {
        let one = "FROM executions e INDEXED BY executions_status
                   WHERE e.status = ?3 AND e.seq < ?1 ORDER BY e.seq DESC LIMIT ?2";
        found.extend(find(one, status_code(*status))?);
    }
    found.sort_by_key(|(_, seq)| std::cmp::Reverse(*seq));
    found.dedup_by_key(|(_, seq)| *seq);
    Ok(page(found, limit, |(_, seq)| format!("e{seq}")))
}

fn limit_of(asked: usize) -> usize {
    if asked == 0 { JobFilter::DEFAULT_LIMIT } else { asked }
}

/// The first `limit` of what was found, and a cursor after the last of them if there is more.
fn page<T>(
    mut found: Vec<(T, i64)>,
    limit: usize,
    cursor: impl FnOnce(&(T, i64)) -> String,
) -> Page<T> {
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = if more { found.last().map(cursor) } else { None };
    Page { items: found.into_iter().map(|(item, _)| item).collect(), next_cursor }
}

fn agenda_cursor(cursor: &str) -> Result<Key, Fault> {
    let parse = || {
        let mut parts = cursor.strip_prefix('a')?.split('.');
        let done = match parts.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let planned = parts.next()?.parse().ok()?;
        let id = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Key { done, planned, id })
    };
    parse().ok_or_else(|| wrong_cursor(cursor))
}

fn only_number(cursor: &str, letter: &str) -> Result<i64, Fault> {
    let number = cursor.strip_prefix(letter).and_then(|rest| rest.parse().ok());
    number.ok_or_else(|| wrong_cursor(cursor))
}

fn wrong_cursor(cursor: &str) -> Fault {
    let shown: String = cursor.chars().take(40).collect();
    Fault::invalid(format!(
        "the cursor {shown:?} does not come from such a list; take the one that the list's last \
         page gave, or leave it out to begin anew"
    ))
}
