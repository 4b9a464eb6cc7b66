//! `station acquisition follow`, and waiting for the end of an acquisition.

use serde_json::Value;

use super::list::OneArgs;
use super::{samples, session};
use crate::cli::error::{CliError, ExitKind};
use crate::cli::follow::{self, Watcher};
use crate::cli::piece::tagged;
use crate::cli::world::Screen;
use crate::cli::{Cx, api, plain};
use crate::client::{Event, Flow, Station};

/// What is printed of an acquisition's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Printing {
    /// Samples, as comma-separated values.
    Values,
    /// Every event, as JSON.
    Json,
    /// Nothing.
    Nothing,
}

/// Follows one acquisition.
struct Follower {
    printing: Printing,
    headed: bool,
    end: Option<Value>,
}

impl Follower {
    fn new(printing: Printing) -> Self {
        Self { printing, headed: false, end: None }
    }

    fn samples(&mut self, batch: &Value, screen: &mut Screen<'_>) -> Result<(), CliError> {
        if !std::mem::replace(&mut self.headed, true) {
            screen.line(&samples::head(batch))?;
        }
        samples::rows(batch).iter().try_for_each(|row| screen.line(row))
    }
}

impl Watcher for Follower {
    fn event(&mut self, event: &Event, screen: &mut Screen<'_>) -> Result<Flow, CliError> {
        match (self.printing, event.name.as_str()) {
            (Printing::Json, name) => screen.json(&tagged(name, &event.data))?,
            (Printing::Values, "samples") => self.samples(&event.data, screen)?,
            (Printing::Values, "missed") => {
                let batches = api::number(&event.data, "batches").unwrap_or_default();
                screen.note(&format!("too slow to print all samples: {batches} batches left out"));
            }
            (Printing::Values | Printing::Nothing, _) => {}
        }
        screen.flush()?;
        if event.name == "status" {
            self.end = Some(event.data.clone());
            return Ok(Flow::Stop);
        }
        Ok(Flow::Continue)
    }

    fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    fn start_anew(&mut self) {
        self.end = None;
    }

    fn interrupted(&mut self, screen: &mut Screen<'_>) {
        if self.printing == Printing::Values {
            screen.note("interrupted: the acquisition is being stopped");
        }
    }

    fn interruption(&mut self, label: &str, _: &mut Screen<'_>) -> String {
        match &self.end {
            Some(end) => format!("interrupted: {}", summary(label, end)),
            None => format!("interrupted: {label} goes on without being watched"),
        }
    }

    /// Whether it went well; one that waits for its start has not ended at all.
    fn verdict(&mut self, _: &mut Screen<'_>) -> Result<(), CliError> {
        let end = self.end.as_ref().unwrap_or(&Value::Null);
        let id = plain(api::text(end, "acquisition_id"));
        match api::text(end, "state") {
            "error" => {
                let why = plain(api::text(end, "error"));
                Err(CliError::new(ExitKind::Failed, format!("acquisition {id} failed: {why}")))
            }
            "idle" => {
                let text = format!("acquisition {id} has not been started");
                Err(CliError::new(ExitKind::Refused, text)
                    .hint(format!("`station acquisition start {id}` starts it")))
            }
            _ => Ok(()),
        }
    }
}

/// Prints samples as they are taken.
pub(super) fn run(args: &OneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let printing = if args.json { Printing::Json } else { Printing::Values };
    let mut follower = Follower::new(printing);
    let path = format!("{}/stream", session(&args.id));
    match follow::follow(cx, &mut station, &path, &mut follower) {
        Err(error) if error.kind == ExitKind::Interrupted => {
            let id = plain(&args.id);
            let message = follower.interruption(&format!("acquisition {id}"), &mut cx.world.screen);
            Err(CliError::new(ExitKind::Interrupted, message)
                .hint(format!("`station acquisition stop {id}` ends it")))
        }
        Err(error) => Err(error),
        Ok(()) => {
            let verdict = follower.verdict(&mut cx.world.screen);
            // The documents have told it.
            if args.json { verdict.map_err(|error| CliError::silent(error.kind)) } else { verdict }
        }
    }
}

/// Waits for the end of an acquisition; a sentence on what came of it, which is empty when that is
/// printed as JSON. An interruption stops it.
pub(super) fn to_the_end(
    cx: &mut Cx<'_>,
    station: &mut Station,
    id: &str,
    as_json: bool,
) -> Result<String, CliError> {
    let path = format!("{}/stream", session(id));
    let label = format!("acquisition {}", plain(id));
    let mut follower = Follower::new(Printing::Nothing);
    match follow::follow(cx, station, &path, &mut follower) {
        Err(error) if error.kind == ExitKind::Interrupted => {
            // Refused when it has just ended, which is as well.
            let stopped = api::post(station, &format!("{}/stop", session(id)), None);
            if stopped.as_ref().is_err_and(|error| error.kind != ExitKind::Refused) {
                return stopped.map(|_| String::new());
            }
            match follow::follow(cx, station, &path, &mut follower) {
                Err(error) if error.kind != ExitKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let message = follower.interruption(&label, &mut cx.world.screen);
            return Err(CliError::new(ExitKind::Interrupted, message));
        }
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    let end = follower.end.clone().unwrap_or_default();
    if as_json {
        cx.world.screen.json(&end)?;
        let verdict = follower.verdict(&mut cx.world.screen);
        return verdict.map(|()| String::new()).map_err(|error| CliError::silent(error.kind));
    }
    follower.verdict(&mut cx.world.screen)?;
    Ok(plain(&summary(&label, &end)))
}

/// What came of an acquisition, in a sentence.
fn summary(label: &str, end: &Value) -> String {
    let count = |key| api::number(end, key).unwrap_or_default();
    let file = match api::text(end, "file") {
        "" => String::new(),
        file => format!(", in {file}"),
    };
    format!("{label} is over: {} samples, {} lost{file}", count("samples"), count("lost"))
}
