//! Watches a firing on many nodes: prints its lines, keeps the roll, and says what has become of each.

use serde_json::Value;

use super::super::error::{CliError, ExitKind};
use super::super::follow::Watcher;
use super::super::piece::{Piece, Seen, tagged};
use super::super::world::Screen;
use super::super::{api, plain, shown};
use super::gather::{Digests, Group};
use super::lines::Lines;
use super::paint::Paint;
use super::progress::Progress;
use super::roll::{Entry, Roll};
use super::summary;
use crate::client::{Event, Flow};

/// How the output of the nodes is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Showing {
    /// Each line as it comes, behind the node's name.
    Live,
    /// Equal outputs together, at the end.
    Gathered,
    /// Each event as JSON, one a line.
    Json,
}

/// The watcher of a firing.
#[derive(Debug)]
pub(crate) struct FleetWatch {
    showing: Showing,
    paint: Paint,
    roll: Roll,
    lines: Lines,
    digests: Digests,
    progress: Progress,
    seen: Seen,
    end: Option<Value>,
}

impl FleetWatch {
    /// A watcher that shows things so.
    pub(crate) fn new(showing: Showing, screen: &Screen<'_>) -> Self {
        Self {
            showing,
            paint: Paint::of(screen),
            roll: Roll::default(),
            lines: Lines::default(),
            digests: Digests::default(),
            progress: Progress::new(screen),
            seen: Seen::default(),
            end: None,
        }
    }

    /// The groups of equal outputs.
    pub(crate) fn groups(&self) -> Vec<Group> {
        self.digests.groups(&self.roll)
    }

    fn output(&mut self, data: &Value, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let piece = Piece::of(data);
        if !self.seen.is_new(piece.execution) {
            return Ok(());
        }
        if self.showing == Showing::Json {
            return screen.json(&tagged("output", data));
        }
        if piece.stream == "station" {
            let text = format!("station: {}", plain(piece.text().trim_end()));
            self.note(piece.node, &text, screen);
            return Ok(());
        }
        if self.showing == Showing::Gathered {
            self.digests.push(piece.execution, piece.stream, &piece.bytes);
            return Ok(());
        }
        let (paint, to_err, node) = (self.paint, piece.stream == "stderr", piece.node);
        let mut out = Vec::with_capacity(piece.bytes.len());
        let line = |line: &[u8]| paint.line(to_err, node, line, &mut out);
        self.lines.push(piece.node, piece.stream, &piece.bytes, line);
        self.put(to_err, &out, screen)
    }

    /// Prints whole lines.
    fn put(&mut self, to_err: bool, out: &[u8], screen: &mut Screen<'_>) -> Result<(), CliError> {
        if out.is_empty() {
            return Ok(());
        }
        self.progress.hide(screen);
        if to_err {
            screen.err_bytes(out);
            return Ok(());
        }
        screen.bytes(out)
    }

    /// Prints a remark on a node.
    fn note(&mut self, node: &str, text: &str, screen: &mut Screen<'_>) {
        self.progress.hide(screen);
        let node = plain(node);
        if screen.err_colour {
            screen.note(&format!("\x1b[31m{node}: {text}\x1b[0m"));
        } else {
            screen.note(&format!("{node}: {text}"));
        }
    }

    fn execution(&mut self, data: &Value, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let Some(entry) = self.roll.note(data).cloned() else { return Ok(()) };
        if self.showing == Showing::Json {
            screen.json(&tagged("execution", data))?;
        }
        if entry.is_over() || entry.waits_for().is_some() {
            let begun = self.lines.finish(&entry.node);
            self.complete(begun, screen)?;
            self.remark(&entry, screen);
        }
        Ok(())
    }

    /// Completes the lines that nodes have begun and will not end.
    fn complete(
        &mut self,
        begun: Vec<(String, String, Vec<u8>)>,
        screen: &mut Screen<'_>,
    ) -> Result<(), CliError> {
        for (node, stream, line) in begun {
            let mut out = Vec::with_capacity(line.len());
            self.paint.line(stream == "stderr", &node, &line, &mut out);
            self.put(stream == "stderr", &out, screen)?;
        }
        Ok(())
    }

    /// Says why an execution failed.
    fn remark(&mut self, entry: &Entry, screen: &mut Screen<'_>) {
        let Some(reason) = &entry.reason else { return };
        let text = match entry.waits_for() {
            Some(at) => format!("{reason}; the next attempt follows at {}", shown::as_written(at)),
            None => reason.clone(),
        };
        self.note(&entry.node, &text, screen);
    }

    /// Prints what is left, and the summary where people look. Gathered output comes before it.
    pub(crate) fn conclude(&mut self, screen: &mut Screen<'_>) {
        let begun = self.lines.finish_all();
        // What cannot be written is told by whoever writes next.
        self.complete(begun, screen).ok();
        self.progress.hide(screen);
        if screen.err_is_terminal {
            for line in summary::lines(&self.roll, &self.progress.elapsed()) {
                screen.note(&line);
            }
        }
    }
}

impl Watcher for FleetWatch {
    fn event(&mut self, event: &Event, screen: &mut Screen<'_>) -> Result<Flow, CliError> {
        match event.name.as_str() {
            "output" => self.output(&event.data, screen)?,
            "execution" => self.execution(&event.data, screen)?,
            // The station cannot read its store any more.
            "error" => {
                self.progress.hide(screen);
                return Err(CliError::new(ExitKind::Station, api::text(&event.data, "detail")));
            }
            "end" => {
                self.end = Some(event.data.clone());
                if self.showing == Showing::Json {
                    screen.json(&tagged("end", &event.data))?;
                }
                self.progress.hide(screen);
                return Ok(Flow::Stop);
            }
            _ => {}
        }
        self.progress.show(&self.roll, screen);
        screen.flush()?;
        Ok(Flow::Continue)
    }

    fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    fn start_anew(&mut self) {
        self.seen.start_anew();
    }

    fn interrupted(&mut self, screen: &mut Screen<'_>) {
        self.progress.hide(screen);
        let open = self.roll.open();
        if !open.is_empty() {
            let text = "ending what runs there; interrupt again to leave without waiting";
            screen.note(&format!("station: interrupted on {open}: {text}"));
        }
    }

    fn interruption(&mut self, label: &str, screen: &mut Screen<'_>) -> String {
        self.conclude(screen);
        if self.end.is_some() {
            return format!("interrupted: {label} is cancelled");
        }
        let whereabouts = match self.roll.open() {
            open if open.is_empty() => String::new(),
            open => format!(" on {open}"),
        };
        let text = "it is not known yet whether its processes there have ended";
        format!("interrupted: {label} is being cancelled{whereabouts}; {text}")
    }

    fn verdict(&mut self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        if self.showing != Showing::Gathered {
            self.conclude(screen);
        }
        let Some(end) = &self.end else { return Ok(()) };
        if api::text(end, "status") == "completed" {
            return Ok(());
        }
        // Each node's failure has been told; what failed as a whole has not.
        if self.roll.len() > 0 {
            return Err(CliError::silent(ExitKind::Failed));
        }
        let job = plain(api::text(api::part(end, "job"), "job_id"));
        let why = match api::text(api::part(end, "execution"), "error") {
            "" => format!("it is {}", plain(api::text(end, "status"))),
            error => plain(error),
        };
        Err(CliError::new(ExitKind::Failed, format!("job {job} has not run on any node: {why}")))
    }
}
