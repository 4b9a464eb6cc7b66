//! `atq` and `atrm`: the jobs that wait or run, and how to be rid of them.

use jiff::fmt::strtime;
use serde_json::Value;

use super::super::api::{self, Subject};
use super::super::error::{CliError, ExitKind};
use super::super::{Cx, plain, shown};
use super::options::Options;
use super::submit::TIME_FORMAT;
use crate::client::encode;

/// Prints `ID<TAB>DATE QUEUE USER` for each job that waits or runs, soonest first.
pub(super) fn list(options: &Options, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let wanted = options.words.iter().map(|word| number(word)).collect::<Result<Vec<_>, _>>()?;
    let wanted: Vec<String> = wanted.iter().map(|id| id.to_string()).collect();
    let zone = cx.world.local_zone();
    let format = options.format.as_deref().unwrap_or(TIME_FORMAT);
    let mut station = cx.connect()?;
    let query = "/api/scheduler/jobs?status=pending,running&order=agenda&limit=1000";
    let mut path = query.to_owned();
    loop {
        let page = api::get(&mut station, &path)?;
        for job in api::list(&page, "jobs") {
            let id = api::text(job, "job_id");
            let queue = letter(job);
            let in_queue = options.queue.is_none_or(|wanted| wanted == queue);
            if in_queue && (wanted.is_empty() || wanted.iter().any(|w| w == id)) {
                let at = match shown::local(api::text(job, "planned_time"), &zone) {
                    Some(at) => strtime::format(format, &at)
                        .map_err(|e| CliError::usage(format!("-o '{}': {e}", plain(format))))?,
                    None => "-".to_owned(),
                };
                let user = plain(api::text(job, "created_by"));
                cx.world.screen.line(&format!("{}\t{at} {queue} {user}", plain(id)))?;
            }
        }
        match api::text(&page, "next_cursor") {
            "" => return Ok(()),
            cursor => path = format!("{query}&cursor={}", encode(cursor)),
        }
    }
}

/// Running jobs are in queue `=`; those made without a queue are shown in at's, `a`.
fn letter(job: &Value) -> char {
    if api::text(job, "status") == "running" {
        return '=';
    }
    api::text(job, "queue").chars().next().filter(char::is_ascii_alphabetic).unwrap_or('a')
}

/// Cancels jobs. To at, a job that has ended is no longer there.
pub(super) fn remove(options: &Options, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let ids = options.words.iter().map(|word| number(word)).collect::<Result<Vec<_>, _>>()?;
    let mut station = cx.connect()?;
    let mut all_found = true;
    for id in ids {
        let path = format!("{}/cancel", Subject::Job(id).path());
        match api::post(&mut station, &path, None) {
            Ok(answer) if api::text(&answer, "execution_id").is_empty() => {}
            Ok(_) => cx.world.screen.note("Warning: deleting running job"),
            Err(e) if matches!(e.kind, ExitKind::NotFound | ExitKind::Refused) => {
                cx.world.screen.note(&format!("Cannot find jobid {id}"));
                all_found = false;
            }
            Err(e) => return Err(e),
        }
    }
    if all_found { Ok(()) } else { Err(CliError::silent(ExitKind::NotFound)) }
}

/// The job number in a word.
pub(super) fn number(word: &str) -> Result<station_core::model::JobId, CliError> {
    word.parse().map_err(|_| CliError::usage(format!("'{}' is not a job's number", plain(word))))
}
