//! Pages: jobs in their orders, from a cursor on.

use rusqlite::{Connection, ToSql, params};
use station_core::model::{Job, JobId, JobStatus};

use super::codec::{ACTIVE, ENDED, PAUSED, status_code, status_mask};
use super::fault::Fault;
use super::load;
use crate::store::{JobFilter, JobOrder, Page};

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
        enabled: filter.enabled,
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
    enabled: Option<bool>,
    fetch: usize,
}

impl Search<'_> {
    /// Under which codes jobs are filed that have ended, or have not; deleted ones are under none.
    fn filed(&self, done: bool) -> &'static [i64] {
        match (done, self.enabled) {
            (true, Some(false)) => &[],
            (true, _) => &[ENDED],
            (false, Some(true)) => &[ACTIVE],
            (false, Some(false)) => &[PAUSED],
            (false, None) => &[ACTIVE, PAUSED],
        }
    }

    /// In the order of the agenda: the runs of the index, one for each status and place, merged.
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
                for filed in self.filed(done) {
                    part.extend(self.run(*filed, *status, from)?);
                }
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
    fn run(&self, filed: i64, status: JobStatus, from: (i64, i64)) -> Result<Vec<Key>, Fault> {
        let (beyond, order) =
            if filed == ENDED { ("<", "planned DESC, id DESC") } else { (">", "planned, id") };
        let sql = format!(
            "SELECT done = 1, planned, id FROM jobs j INDEXED BY jobs_agenda
             WHERE done = ?1 AND status = ?2 AND (planned, id) {beyond} (?3, ?4) AND {}
             ORDER BY {order} LIMIT ?6",
            self.tagged("?5")
        );
        let values = params![filed, status_code(status), from.0, from.1, self.tag, self.fetch()];
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
            "SELECT done = 1, planned, id FROM jobs j NOT INDEXED
             WHERE id > ?1 AND (?2 >> status) & 1 AND (?6 >> done) & 1 AND {among} AND {}
             ORDER BY id LIMIT ?5",
            self.tagged("?4")
        );
        let statuses = status_mask(self.statuses);
        let filed = self.filed(false).iter().chain(self.filed(true));
        let filed = filed.fold(0_i64, |mask, code| mask | (1 << code));
        self.keys(&sql, params![after, statuses, only, self.tag, fetch, filed])
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

pub(super) fn limit_of(asked: usize) -> usize {
    if asked == 0 { JobFilter::DEFAULT_LIMIT } else { asked }
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

pub(super) fn only_number(cursor: &str, letter: &str) -> Result<i64, Fault> {
    let number = cursor.strip_prefix(letter).and_then(|rest| rest.parse().ok());
    number.ok_or_else(|| wrong_cursor(cursor))
}

pub(super) fn wrong_cursor(cursor: &str) -> Fault {
    let shown: String = cursor.chars().take(40).collect();
    Fault::invalid(format!(
        "the cursor {shown:?} does not come from such a list; take the one that the list's last \
         page gave, or leave it out to begin anew"
    ))
}
