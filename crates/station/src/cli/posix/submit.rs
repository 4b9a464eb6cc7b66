//! Takes a job as at(1) does: from the words after `--`, a file or standard input.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::at::no_daemon;
use super::super::create::Work;
use super::super::error::{CliError, ExitKind};
use super::super::script::{read_file, read_script};
use super::super::when::{self, Reading};
use super::super::{Cx, api, capture, plain};
use super::access;
use super::options::{Mail, Options};
use crate::client::Station;

/// The load average below which batch jobs start.
const BATCH_LOAD: f64 = 1.5;

/// The time in at's form.
pub(super) const TIME_FORMAT: &str = "%a %b %e %T %Y";

/// Takes the job and prints its number as at does.
pub(super) fn run(mut options: Options, batch: bool, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let interactive =
        options.file.is_none() && options.command.is_none() && cx.world.stdin_is_terminal;
    if options.verbose || interactive {
        show_time(&options, cx)?;
    }
    let from_words = options.command.is_some();
    let work = match (options.command.take(), &options.file) {
        (Some(words), _) => Work::from_words(words)?,
        (None, Some(file)) => Work::from_script(read_file(Path::new(file))?)?,
        (None, None) if interactive => Work::from_script(prompted(cx)?)?,
        (None, None) => Work::from_script(read_script(&mut *cx.world.stdin)?)?,
    };
    if !from_words && !interactive {
        cx.world.screen.note("warning: commands will be executed using /bin/sh");
    }
    let body = request(&options, batch, work, cx)?;
    let mut station = cx.connect()?;
    let created = api::post(&mut station, "/api/scheduler/jobs/create", Some(&body))?;
    let id = plain(api::text(&created, "job_id"));
    let at = in_at_form(api::text(&created, "next_run"));
    cx.world.screen.note(&format!("job {id} at {at}"));
    let note = api::text(&created, "note");
    if !note.is_empty() {
        cx.world.screen.note(&format!("note: {}", plain(note)));
    }
    if matches!(station, Station::InProcess(_)) {
        no_daemon(cx);
    }
    Ok(())
}

fn request(options: &Options, batch: bool, work: Work, cx: &Cx<'_>) -> Result<Value, CliError> {
    let queue = match (options.queue, batch) {
        (None, false) => 'a',
        (None, true) => 'b',
        (Some(letter), false) => letter,
        (Some(letter), true) => letter.to_ascii_uppercase(),
    };
    let (when, mode) = timing(options);
    let name = name_of(&work);
    let mut parameters = Map::new();
    work.insert(&mut parameters);
    capture::surroundings(&cx.world, &mut parameters)?;
    parameters.insert("nice".to_owned(), json!(niceness(queue)));
    let mut body = json!({
        "schedule_type": "script",
        "trigger_type": "date",
        "conflict_policy": "queue",
        "when": when,
        "when_mode": mode,
        "queue": queue,
        "retries": 0,
        "timeout_seconds": null,
        "misfire_grace_time": "forever",
        "parameters": parameters,
    });
    let mut put = |key: &str, value: Value| {
        if let Some(body) = body.as_object_mut() {
            body.insert(key.to_owned(), value);
        }
    };
    if let Some(name) = name {
        put("name", json!(name));
    }
    if let Some(zone) = capture::zone(&cx.world) {
        put("timezone", json!(zone));
    }
    if batch || queue.is_ascii_uppercase() {
        put("condition", json!({ "load_below": BATCH_LOAD }));
    }
    let to = || options.user.clone().unwrap_or_else(|| access::user_name(&cx.world));
    match options.mail {
        Mail::Output => put("mail", json!({"to": to(), "when": "output"})),
        Mail::Always => put("mail", json!({"to": to(), "when": "always"})),
        Mail::Never => {}
    }
    Ok(body)
}

/// The time expression and how it is to be read.
fn timing(options: &Options) -> (String, &'static str) {
    match &options.touch {
        Some(touch) => (touch.clone(), "touch"),
        None if options.words.is_empty() => ("now".to_owned(), "posix"),
        None => (options.words.join(" "), "posix"),
    }
}

/// As atd: 2 for queue a, 4 for b and so on; the kernel ends at 19.
fn niceness(queue: char) -> u32 {
    let place = u32::from(queue.to_ascii_lowercase()).saturating_sub(u32::from('a'));
    ((place + 1) * 2).min(19)
}

/// A script's first line as the job's name, since all of them are run by the same /bin/sh.
fn name_of(work: &Work) -> Option<String> {
    match work {
        Work::Shell(_) | Work::Argv(_) => None,
        Work::Script(script) => {
            let text = String::from_utf8_lossy(script);
            let line = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with("#!"));
            line.map(|line| line.chars().take(50).collect())
        }
    }
}

/// Reads the time before the job is typed in: a mistake shows at once.
fn show_time(options: &Options, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let zone = cx.world.local_zone();
    let (when, mode) = timing(options);
    let reading = Reading { now: None, zone: &zone, posix: true, touch: mode == "touch" };
    let answer = when::resolve(&when, &reading)?;
    let at = answer.instant.to_zoned(zone).strftime(TIME_FORMAT).to_string();
    cx.world.screen.note(&at);
    Ok(())
}

/// Reads the job from a terminal, with at's prompt.
fn prompted(cx: &mut Cx<'_>) -> Result<Vec<u8>, CliError> {
    let screen = &mut cx.world.screen;
    screen.note("warning: commands will be executed using /bin/sh");
    let mut reader = BufReader::new(&mut *cx.world.stdin);
    let mut script = Vec::new();
    loop {
        screen.err_bytes(b"at> ");
        let read = reader.read_until(b'\n', &mut script).map_err(|e| {
            CliError::new(ExitKind::Failed, format!("the terminal cannot be read: {e}"))
        })?;
        if read == 0 {
            screen.err_bytes(b"<EOT>\n");
            return Ok(script);
        }
    }
}

/// An RFC 3339 time in at's form, as its own zone's clocks show it. Needs no zones.
fn in_at_form(time: &str) -> String {
    let offset = time.rfind(['+', '-', 'Z']).filter(|at| *at > 10).unwrap_or(time.len());
    let civil = time.split_at_checked(offset).map_or(time, |(civil, _)| civil);
    match civil.parse::<jiff::civil::DateTime>() {
        Ok(at) => at.strftime(TIME_FORMAT).to_string(),
        Err(_) => plain(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_niceness_are_atds() {
        assert_eq!(in_at_form("2027-01-05T10:22:00+01:00"), "Tue Jan  5 10:22:00 2027");
        assert_eq!(in_at_form("2027-01-31T10:22:00Z"), "Sun Jan 31 10:22:00 2027");
        assert_eq!(in_at_form("never"), "never");
        let queues: Vec<_> = "abBhijzZ".chars().map(niceness).collect();
        assert_eq!(queues, [2, 4, 4, 16, 18, 19, 19, 19]);
    }

    #[test]
    fn scripts_are_named_by_their_first_line() {
        let name = |text: &str| name_of(&Work::Script(text.as_bytes().to_vec()));
        assert_eq!(name("#!/bin/sh\n\n  make all  \nx").as_deref(), Some("make all"));
        assert_eq!(name("#!/bin/sh\n"), None);
    }
}
