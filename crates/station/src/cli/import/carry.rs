//! Carries what was found into the station: all of it or nothing, and nothing twice.
//!
//! ```text
//! known already? ─▶ left alone     schedule accepted? ─ no ─▶ refused ─▶ nothing at all, or
//!                                          │                             --skip-refused
//!                                          └ yes ─▶ created; when one fails, those before it are
//!                                                   deleted again
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Common;
use crate::cli::at::no_daemon;
use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, api, plain, shown};
use crate::client::{Station, encode};
use crate::import::{Found, Job, Refused};

/// The fields of a create request that make its schedule.
const TRIGGER: [&str; 13] = [
    "trigger_type",
    "cron_expression",
    "interval_seconds",
    "interval_minutes",
    "interval_hours",
    "interval_days",
    "run_date",
    "time_of_day",
    "day_of_week",
    "day_of_month",
    "start_date",
    "end_date",
    "timezone",
];

/// An import under way.
pub(super) struct Carry<'a> {
    /// What kind of source it is: the tag of all jobs from such.
    pub(super) kind: &'static str,
    /// The source, for people.
    pub(super) what: String,
    /// What was found in it.
    pub(super) found: Found,
    /// The options.
    pub(super) common: &'a Common,
}

/// A job that was created, or would be.
struct Made {
    place: String,
    name: String,
    id: Option<String>,
    next: Option<String>,
    note: Option<String>,
}

/// A job that was there already.
struct Present {
    place: String,
    id: String,
    status: String,
}

impl Carry<'_> {
    /// Carries it out.
    pub(super) fn run(mut self, cx: &mut Cx<'_>) -> Result<(), CliError> {
        let mut station = cx.connect()?;
        let known = known(self.kind, &mut station)?;
        let (mut present, mut wanted) = (Vec::new(), Vec::new());
        for job in std::mem::take(&mut self.found.jobs) {
            match known.get(&job.fingerprint) {
                Some((id, status)) => present.push(Present {
                    place: job.place,
                    id: id.clone(),
                    status: status.clone(),
                }),
                None => match foreseen(&job, &mut station)? {
                    Ok(next) => wanted.push((job, next)),
                    Err(reason) => self.found.refused.push(Refused {
                        place: job.place,
                        text: api::text(&job.request, "name").to_owned(),
                        reason,
                    }),
                },
            }
        }
        // What the source's reader refused and what the station did, in the source's order.
        self.found.refused.sort_by_key(|refused| number_in(&refused.place));
        if !self.found.refused.is_empty() && !self.common.skip_refused {
            if self.common.json {
                self.print_json(&[], &present, cx)?;
            }
            return Err(self.refusal());
        }
        let made = if self.common.dry_run {
            wanted.into_iter().map(would_be).collect()
        } else {
            let refused = self.common.skip_refused.then_some(&mut self.found.refused);
            create(wanted, refused, &mut station)?
        };
        if self.common.json {
            self.print_json(&made, &present, cx)?;
        } else {
            self.print(&made, &present, cx)?;
        }
        if !self.common.dry_run && !made.is_empty() && matches!(station, Station::InProcess(_)) {
            cx.world.screen.flush()?;
            no_daemon(cx);
        }
        Ok(())
    }

    /// Everything that cannot be imported, in one error.
    fn refusal(&self) -> CliError {
        let noun = if self.kind == "crontab" { "line" } else { "job" };
        let number = count(self.found.refused.len(), noun);
        let mut text =
            format!("nothing was imported from {}, because {number} cannot be:", self.what);
        for refused in &self.found.refused {
            text.push_str(&format!("\n  {}", sentence(refused)));
        }
        CliError::usage(text).hint("--skip-refused imports the others")
    }

    fn print(&self, made: &[Made], present: &[Present], cx: &mut Cx<'_>) -> Result<(), CliError> {
        for job in made {
            let name = plain(&job.name);
            let next = job.next.as_deref().map_or_else(|| "-".to_owned(), shown::as_written);
            let (place, id) = (plain(&job.place), job.id.as_deref().map(plain));
            cx.world.screen.line(&match id {
                Some(id) => format!("job {id} at {next} from {place}: {name}"),
                None => format!("{place} would run first at {next}: {name}"),
            })?;
        }
        for job in present {
            let (place, id, status) = (plain(&job.place), plain(&job.id), plain(&job.status));
            cx.world.screen.line(&format!("{place} is job {id} ({status}) already: left alone"))?;
        }
        let verb = if self.common.dry_run { "would be created" } else { "created" };
        let mut summary = format!("{} {verb}", count(made.len(), "job"));
        if !present.is_empty() {
            summary.push_str(&format!(", {} there already", present.len()));
        }
        if !self.found.refused.is_empty() {
            summary.push_str(&format!(", {} refused", self.found.refused.len()));
        }
        for (word, number) in &self.found.left {
            summary.push_str(&format!(", {number} {} left there", plain(word)));
        }
        cx.world.screen.line(&summary)?;
        cx.world.screen.flush()?;
        for refused in &self.found.refused {
            cx.world.screen.note(&format!("not imported: {}", sentence(refused)));
        }
        let notes = made.iter().filter_map(|job| Some((&job.place, job.note.as_ref()?)));
        let remarks = self.found.remarks.iter().map(|remark| (&remark.place, &remark.text));
        for (place, text) in remarks.chain(notes) {
            cx.world.screen.note(&format!("note: {}: {}", plain(place), plain(text)));
        }
        Ok(())
    }

    fn print_json(
        &self,
        made: &[Made],
        present: &[Present],
        cx: &mut Cx<'_>,
    ) -> Result<(), CliError> {
        let list = |values: Vec<Value>| Value::Array(values);
        let made = made.iter().map(|job| {
            json!({
                "place": job.place, "job_id": job.id, "name": job.name, "next_run": job.next,
                "note": job.note,
            })
        });
        let present = present
            .iter()
            .map(|job| json!({ "place": job.place, "job_id": job.id, "status": job.status }));
        let refused = self
            .found
            .refused
            .iter()
            .map(|one| json!({ "place": one.place, "text": one.text, "reason": one.reason }));
        let notes = self.found.remarks.iter();
        let notes = notes.map(|one| json!({ "place": one.place, "text": one.text }));
        let left: Map<String, Value> =
            self.found.left.iter().map(|(word, number)| (word.clone(), json!(number))).collect();
        cx.world.screen.json(&json!({
            "dry_run": self.common.dry_run,
            "created": list(made.collect()),
            "present": list(present.collect()),
            "refused": list(refused.collect()),
            "notes": list(notes.collect()),
            "left": left,
        }))?;
        cx.world.screen.flush()
    }
}

/// The jobs that came from such sources before: number and status by fingerprint.
fn known(
    kind: &str,
    station: &mut Station,
) -> Result<BTreeMap<String, (String, String)>, CliError> {
    let mut known = BTreeMap::new();
    let query = format!("/api/scheduler/jobs?tag={}&order=id&limit=1000", encode(kind));
    let mut page = api::get(station, &query)?;
    loop {
        for job in api::list(&page, "jobs") {
            let (id, status) = (api::text(job, "job_id"), api::text(job, "status"));
            for tag in api::list(job, "tags").iter().filter_map(Value::as_str) {
                known.insert(tag.to_owned(), (id.to_owned(), status.to_owned()));
            }
        }
        let Some(cursor) = api::part(&page, "next_cursor").as_str() else { return Ok(known) };
        page = api::get(station, &format!("{query}&cursor={}", encode(cursor)))?;
    }
}

/// When a job would run first, or why the station does not take its schedule.
fn foreseen(job: &Job, station: &mut Station) -> Result<Result<Option<String>, String>, CliError> {
    if job.request.get("when").is_some() {
        return Ok(Ok(None));
    }
    let fields: Map<String, Value> = TRIGGER
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), job.request.get(*name)?.clone())))
        .collect();
    let path = "/api/scheduler/schedule/preview";
    match api::post(station, path, Some(&Value::Object(fields))) {
        Ok(answer) => {
            let first = api::list(&answer, "fires").first().and_then(Value::as_str);
            Ok(Ok(first.map(str::to_owned)))
        }
        Err(error) if error.kind == ExitKind::Usage => Ok(Err(error.message)),
        Err(error) => Err(error),
    }
}

fn would_be((job, next): (Job, Option<String>)) -> Made {
    let name = api::text(&job.request, "name").to_owned();
    Made { place: job.place, name, id: None, next, note: None }
}

/// Creates the jobs; when one is refused, those before it are deleted again, unless what the station
/// refuses may be left out.
fn create(
    wanted: Vec<(Job, Option<String>)>,
    mut refused: Option<&mut Vec<Refused>>,
    station: &mut Station,
) -> Result<Vec<Made>, CliError> {
    let mut made: Vec<Made> = Vec::with_capacity(wanted.len());
    for (job, _) in wanted {
        match api::post(station, "/api/scheduler/jobs/create", Some(&job.request)) {
            Ok(created) => {
                let text = |key: &str| {
                    Some(api::text(&created, key)).filter(|t| !t.is_empty()).map(str::to_owned)
                };
                made.push(Made {
                    place: job.place,
                    name: api::text(&job.request, "name").to_owned(),
                    id: text("job_id"),
                    next: text("next_run"),
                    note: text("note"),
                });
            }
            Err(error) => match &mut refused {
                // Such as a verb that the equipment's driver does not know.
                Some(refused) if error.kind == ExitKind::Usage => refused.push(Refused {
                    place: job.place,
                    text: api::text(&job.request, "name").to_owned(),
                    reason: error.message,
                }),
                Some(_) | None => return Err(undo(error, &job.place, &made, station)),
            },
        }
    }
    Ok(made)
}

/// Deletes what was created, and says so or what stayed.
fn undo(error: CliError, place: &str, made: &[Made], station: &mut Station) -> CliError {
    let mut stayed = Vec::new();
    for id in made.iter().filter_map(|job| job.id.as_deref()) {
        let path = format!("/api/scheduler/jobs/{id}?history=delete");
        let answer = station.transport().call("DELETE", &path, None);
        if !answer.is_ok_and(|answer| (200..300).contains(&answer.status)) {
            stayed.push(plain(id));
        }
    }
    let message = format!("{} was refused: {}", plain(place), error.message);
    let outcome = if stayed.is_empty() {
        "nothing was imported: what had been created is deleted again".to_owned()
    } else {
        format!("these jobs had been created and could not be deleted again: {}", stayed.join(", "))
    };
    CliError { kind: error.kind, message: format!("{message}\n{outcome}"), hint: error.hint }
}

fn sentence(refused: &Refused) -> String {
    format!("{}: {}: {}", plain(&refused.place), plain(&refused.text), plain(&refused.reason))
}

/// The number a place ends in; those without come last.
fn number_in(place: &str) -> u64 {
    place.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX)
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
