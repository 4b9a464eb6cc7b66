//! Follows a run to its end and prints its lines as they come.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::error::{CliError, ExitKind};
use super::plain;
use super::world::Screen;
use super::{Cx, api, shown};
use crate::client::{ClientError, Event, Flow, Station};

/// What becomes of the job when the user interrupts the waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// It is cancelled.
    Cancel,
    /// A daemon goes on with it; in this process it cannot, and is cancelled.
    LeaveToDaemon,
}

/// How the lines of a run are printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printing {
    /// Whole events as JSON, one a line.
    pub(crate) json: bool,
    /// Each line with the time it came.
    pub(crate) timestamps: Option<TimeZone>,
    /// Only this stream.
    pub(crate) only: Option<String>,
    /// Sends each piece on its way at once.
    pub(crate) live: bool,
}

/// A run that is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// The job it belongs to.
    pub(crate) job_id: String,
    /// The job, or the execution, in sentences.
    pub(crate) label: String,
    /// The job's, or the execution's, path in the API.
    pub(crate) path: String,
}

impl Watched {
    /// The next run of a job.
    pub(crate) fn job(id: &str) -> Self {
        let path = format!("/api/scheduler/jobs/{}", crate::client::encode(id));
        Self { job_id: id.to_owned(), label: format!("job {}", plain(id)), path }
    }
}

/// Waits for the end of a run that was just ordered, and reports how it ended.
pub(crate) fn wait(
    cx: &mut Cx<'_>,
    mut station: Station,
    watched: &Watched,
    on_interrupt: OnInterrupt,
    json: bool,
) -> Result<(), CliError> {
    let mut cancel = on_interrupt == OnInterrupt::Cancel;
    let mut printer = Printer::new(Printing { json, live: true, ..Printing::default() });
    let stream = format!("{}/output?follow=true", watched.path);
    let Watched { job_id, label, path } = watched;
    let followed = loop {
        let borrowed = is_anothers(&mut station, cx)?;
        if let Station::InProcess(inside) = &mut station {
            inside.adopt(job_id)?;
        }
        cancel |= borrowed || matches!(station, Station::InProcess(_));
        match follow(cx, &mut station, &stream, &mut printer) {
            // The other is done with its own job, and its station is gone: on with the next.
            Err(error) if borrowed && error.kind == ExitKind::Station => {
                drop(station);
                station = cx.connect()?;
                printer.skip_seen();
            }
            other => break other,
        }
    };
    match followed {
        Err(error) if error.kind == ExitKind::Interrupted && cancel => {
            // Refused when it has just ended, which is as well.
            let cancelled = api::post(&mut station, &format!("{path}/cancel"), None);
            if cancelled.as_ref().is_err_and(|e| e.kind != ExitKind::Refused) {
                return cancelled.map(drop);
            }
            printer.skip_seen();
            follow(cx, &mut station, &stream, &mut printer)?;
            let message = format!("interrupted: {label} is cancelled");
            Err(CliError::new(ExitKind::Interrupted, message))
        }
        Err(error) if error.kind == ExitKind::Interrupted => {
            let message = format!("interrupted: {label} goes on without being watched");
            Err(CliError::new(ExitKind::Interrupted, message).hint(format!(
                "`station logs -f {job_id}` follows it, `station cancel {job_id}` ends it"
            )))
        }
        Err(error) => Err(error),
        Ok(()) => printer.verdict(),
    }
}

/// How often a station that is just ending is looked for again.
const MOST_TRIES: u32 = 100;

/// Whether the station is in another command line that waits for a job of its own: it carries out
/// that one alone. One that is just ending answers no more: then it is looked who is there now.
fn is_anothers(station: &mut Station, cx: &Cx<'_>) -> Result<bool, CliError> {
    for _ in 0..MOST_TRIES {
        let Station::Daemon(transport) = station else { break };
        if let Ok(answer) = transport.call("GET", "/health", None) {
            let health: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            return Ok(matches!(api::text(&health, "mode"), "embedded" | "offline"));
        }
        *station = cx.connect()?;
    }
    Ok(false)
}

/// Prints a stream's events until its end or an interruption.
pub(crate) fn follow(
    cx: &mut Cx<'_>,
    station: &mut Station,
    path: &str,
    printer: &mut Printer,
) -> Result<(), CliError> {
    (cx.externals.on_interrupt)(station.transport().interrupter()?)?;
    let screen = &mut cx.world.screen;
    let mut failed = None;
    let mut on_event = |event: Event| match printer.event(&event, screen) {
        Ok(flow) => flow,
        Err(error) => {
            failed = Some(error);
            Flow::Stop
        }
    };
    let streamed = station.transport().stream(path, &mut on_event);
    if let Some(error) = failed {
        return Err(error);
    }
    cx.world.screen.flush()?;
    match streamed {
        Ok(()) if printer.end.is_some() => Ok(()),
        Ok(()) => Err(CliError::new(
            ExitKind::Station,
            "the station closed the stream before the end: it may be shutting down",
        )),
        Err(ClientError::Interrupted) => Err(CliError::silent(ExitKind::Interrupted)),
        Err(error) => Err(error.into()),
    }
}

/// Prints events.
#[derive(Debug)]
pub(crate) struct Printer {
    printing: Printing,
    seen: u64,
    skip: u64,
    mid_line: BTreeMap<String, bool>,
    end: Option<Value>,
}

impl Printer {
    /// A printer of one run.
    pub(crate) fn new(printing: Printing) -> Self {
        Self { printing, seen: 0, skip: 0, mid_line: BTreeMap::new(), end: None }
    }

    /// The last event of the stream.
    pub(crate) fn end(&self) -> Option<&Value> {
        self.end.as_ref()
    }

    /// Passes over the pieces of output that were printed already: the stream starts anew.
    fn skip_seen(&mut self) {
        self.skip = self.seen;
    }

    fn event(&mut self, event: &Event, screen: &mut Screen<'_>) -> Result<Flow, CliError> {
        match event.name.as_str() {
            "output" => {
                if self.skip > 0 {
                    self.skip -= 1;
                    return Ok(Flow::Continue);
                }
                self.seen += 1;
                self.output(&event.data, screen)?;
            }
            "execution" if self.printing.live && !self.printing.json => {
                self.retry(&event.data, screen);
            }
            // The station cannot read its store any more.
            "error" => {
                return Err(CliError::new(ExitKind::Station, api::text(&event.data, "detail")));
            }
            "end" => {
                if self.printing.json {
                    screen.json(&tagged("end", &event.data))?;
                }
                self.end = Some(event.data.clone());
                return Ok(Flow::Stop);
            }
            _ => {}
        }
        Ok(Flow::Continue)
    }

    fn output(&mut self, data: &Value, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let stream = api::text(data, "stream");
        if self.printing.only.as_deref().is_some_and(|only| only != stream) {
            return Ok(());
        }
        if self.printing.json {
            screen.json(&tagged("output", data))?;
        } else {
            let bytes = match data.get("hex").and_then(Value::as_str) {
                Some(hex) => unhex(hex),
                None => api::text(data, "text").as_bytes().to_vec(),
            };
            let bytes = self.stamped(stream, api::text(data, "time"), bytes);
            match stream {
                "stdout" => screen.bytes(&bytes)?,
                "stderr" => screen.err_bytes(&bytes),
                _ => {
                    let text = String::from_utf8_lossy(&bytes);
                    screen.note(&format!("station: {}", plain(text.trim_end())));
                }
            }
        }
        if self.printing.live { screen.flush() } else { Ok(()) }
    }

    /// Puts the time before each line's beginning.
    fn stamped(&mut self, stream: &str, time: &str, bytes: Vec<u8>) -> Vec<u8> {
        let Some(zone) = &self.printing.timestamps else { return bytes };
        let stamp = match shown::local(time, zone) {
            Some(at) => at.strftime("%Y-%m-%d %H:%M:%S%.6f ").to_string(),
            None => "- ".to_owned(),
        };
        let mid_line = self.mid_line.entry(stream.to_owned()).or_default();
        let mut out = Vec::with_capacity(bytes.len() + stamp.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !*mid_line {
                out.extend_from_slice(stamp.as_bytes());
            }
            out.extend_from_slice(line);
            *mid_line = line.last() != Some(&b'\n');
        }
        out
    }

    fn retry(&self, data: &Value, screen: &mut Screen<'_>) {
        let retry_at = api::text(data, "retry_at");
        if !retry_at.is_empty() {
            let attempt = api::number(data, "attempt").unwrap_or_default();
            let why = ending(data);
            let at = shown::as_written(retry_at);
            screen.note(&format!("station: attempt {attempt} {why}; the next follows at {at}"));
        }
    }

    /// Success, or a sentence on how the run ended.
    pub(crate) fn verdict(&self) -> Result<(), CliError> {
        let Some(end) = &self.end else { return Ok(()) };
        let status = api::text(end, "status");
        if status == "completed" {
            return Ok(());
        }
        let execution = api::part(end, "execution");
        let id = api::text(end, "execution_id");
        let subject = match (id, api::text(api::part(end, "job"), "job_id")) {
            ("", job) => format!("job {}", plain(job)),
            (id, _) => format!("execution {}", plain(id)),
        };
        let message = if status == "failed" {
            format!("{subject} {}", ending(execution))
        } else {
            let error = plain(api::text(execution, "error"));
            let colon = if error.is_empty() { "" } else { ": " };
            format!("{subject} is {}{colon}{error}", plain(status))
        };
        Err(CliError::new(ExitKind::Failed, message))
    }
}

/// How an execution failed, as the end of a sentence.
fn ending(execution: &Value) -> String {
    let error = api::text(execution, "error");
    if !error.is_empty() {
        return format!("failed: {}", plain(error));
    }
    match shown::exit(execution) {
        none if none == "-" => "failed".to_owned(),
        signal if signal.starts_with('S') || signal.starts_with('s') => {
            format!("was ended by {signal}")
        }
        code => format!("failed with exit status {code}"),
    }
}

/// An event as one JSON document.
fn tagged(name: &str, data: &Value) -> Value {
    let mut document = json!({ "event": name });
    if let (Some(document), Some(data)) = (document.as_object_mut(), data.as_object()) {
        document.extend(data.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    document
}

/// The bytes that hex digits stand for.
pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    hex.as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [high, low] => Some((digit(high)? << 4) | digit(low)?),
            _ => None,
        })
        .collect()
}
