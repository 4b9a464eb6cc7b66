//! Prints the events of a run: its lines as they come, or each event as JSON.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::error::{CliError, ExitKind};
use super::fleet::{Lines, Paint};
use super::follow::Watcher;
use super::piece::{Piece, Seen, tagged};
use super::world::Screen;
use super::{api, plain, shown};
use crate::client::{Event, Flow};

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

/// Prints events.
#[derive(Debug)]
pub(crate) struct Printer {
    printing: Printing,
    seen: Seen,
    mid_line: BTreeMap<String, bool>,
    /// Of runs on nodes.
    lines: Lines,
    end: Option<Value>,
}

impl Printer {
    /// A printer of one run.
    pub(crate) fn new(printing: Printing) -> Self {
        let lines = Lines::default();
        Self { printing, seen: Seen::default(), mid_line: BTreeMap::new(), lines, end: None }
    }

    /// The last event of the stream.
    pub(crate) fn end(&self) -> Option<&Value> {
        self.end.as_ref()
    }

    fn output(&mut self, data: &Value, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let piece = Piece::of(data);
        if !self.seen.is_new(piece.execution)
            || self.printing.only.as_deref().is_some_and(|only| only != piece.stream)
        {
            return Ok(());
        }
        if self.printing.json {
            screen.json(&tagged("output", data))?;
        } else if piece.stream == "station" {
            let text = plain(piece.text().trim_end());
            let node = if piece.node.is_empty() { String::new() } else { plain(piece.node) + ": " };
            screen.note(&format!("{node}station: {text}"));
        } else if piece.node.is_empty() {
            let bytes =
                self.stamped(piece.stream, api::text(data, "time"), piece.bytes.into_owned());
            put(piece.stream, &bytes, screen)?;
        } else {
            let stamp = self.stamp(api::text(data, "time"));
            let (paint, to_err) = (Paint::of(screen), piece.stream == "stderr");
            let mut out = Vec::with_capacity(piece.bytes.len());
            self.lines.push(piece.node, piece.stream, &piece.bytes, |line| {
                out.extend_from_slice(stamp.as_bytes());
                paint.line(to_err, piece.node, line, &mut out);
            });
            put(piece.stream, &out, screen)?;
        }
        if self.printing.live { screen.flush() } else { Ok(()) }
    }

    /// Completes the lines that nodes have begun and will not end.
    fn complete(
        &mut self,
        begun: Vec<(String, String, Vec<u8>)>,
        screen: &mut Screen<'_>,
    ) -> Result<(), CliError> {
        let paint = Paint::of(screen);
        for (node, stream, line) in begun {
            let mut out = Vec::with_capacity(line.len());
            paint.line(stream == "stderr", &node, &line, &mut out);
            put(&stream, &out, screen)?;
        }
        Ok(())
    }

    /// The time before a line; nothing when none is wanted.
    fn stamp(&self, time: &str) -> String {
        let Some(zone) = &self.printing.timestamps else { return String::new() };
        match shown::local(time, zone) {
            Some(at) => at.strftime("%Y-%m-%d %H:%M:%S%.6f ").to_string(),
            None => "- ".to_owned(),
        }
    }

    /// Puts the time before each line's beginning.
    fn stamped(&mut self, stream: &str, time: &str, bytes: Vec<u8>) -> Vec<u8> {
        if self.printing.timestamps.is_none() {
            return bytes;
        }
        let stamp = self.stamp(time);
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
            let node = match api::text(data, "node") {
                "" => String::new(),
                node => format!(" on {}", plain(node)),
            };
            screen
                .note(&format!("station: attempt {attempt}{node} {why}; the next follows at {at}"));
        }
    }

    /// Success, or a sentence on how the run ended.
    fn judge(&self) -> Result<(), CliError> {
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
        let counts = api::part(api::part(end, "firing"), "counts");
        let message = if let Some(counts) = counts.as_object() {
            // Of each node it is known already what has become of it.
            let counts = counts.iter().map(|(status, count)| format!("{count} {}", plain(status)));
            format!("{subject} {}: {}", plain(status), counts.collect::<Vec<_>>().join(", "))
        } else if status == "failed" {
            format!("{subject} {}", ending(execution))
        } else {
            let error = plain(api::text(execution, "error"));
            let colon = if error.is_empty() { "" } else { ": " };
            format!("{subject} is {}{colon}{error}", plain(status))
        };
        Err(CliError::new(ExitKind::Failed, message))
    }
}

impl Watcher for Printer {
    fn event(&mut self, event: &Event, screen: &mut Screen<'_>) -> Result<Flow, CliError> {
        match event.name.as_str() {
            "output" => self.output(&event.data, screen)?,
            "execution" if self.printing.live && !self.printing.json => {
                let node = api::text(&event.data, "node");
                if !matches!(api::text(&event.data, "status"), "running") {
                    let begun = self.lines.finish(node);
                    self.complete(begun, screen)?;
                }
                self.retry(&event.data, screen);
            }
            // The station cannot read its store any more.
            "error" => {
                return Err(CliError::new(ExitKind::Station, api::text(&event.data, "detail")));
            }
            "end" => {
                let begun = self.lines.finish_all();
                self.complete(begun, screen)?;
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

    fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    fn start_anew(&mut self) {
        self.seen.start_anew();
    }

    fn interrupted(&mut self, _screen: &mut Screen<'_>) {}

    fn interruption(&mut self, label: &str, _screen: &mut Screen<'_>) -> String {
        let being = if self.end.is_some() { "" } else { "being " };
        format!("interrupted: {label} is {being}cancelled")
    }

    fn verdict(&mut self, _screen: &mut Screen<'_>) -> Result<(), CliError> {
        self.judge()
    }
}

/// Prints bytes on the stream they came from.
fn put(stream: &str, bytes: &[u8], screen: &mut Screen<'_>) -> Result<(), CliError> {
    match stream {
        "stderr" if bytes.is_empty() => Ok(()),
        "stderr" => {
            screen.err_bytes(bytes);
            Ok(())
        }
        _ => screen.bytes(bytes),
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
