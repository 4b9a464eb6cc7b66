//! Follows a run to its end, and hands what happens to a watcher.

use serde_json::Value;

use super::error::{CliError, ExitKind};
use super::plain;
use super::printer::{Printer, Printing};
use super::world::Screen;
use super::{Cx, api};
use crate::client::{ClientError, Event, Flow, Station};

/// What becomes of the job when the user interrupts the waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// It is cancelled.
    Cancel,
    /// A daemon goes on with it; in this process it cannot, and is cancelled.
    LeaveToDaemon,
}

/// Takes the events of a stream.
pub(crate) trait Watcher {
    /// Takes one; stops the stream at its end.
    fn event(&mut self, event: &Event, screen: &mut Screen<'_>) -> Result<Flow, CliError>;

    /// Whether the end has come.
    fn has_ended(&self) -> bool;

    /// The stream begins anew: what was seen of it already comes once more.
    fn start_anew(&mut self);

    /// The user has interrupted; the job is being cancelled.
    fn interrupted(&mut self, screen: &mut Screen<'_>);

    /// What is told when all is over after an interruption, or when it is not waited for.
    fn interruption(&mut self, label: &str, screen: &mut Screen<'_>) -> String;

    /// Success, or a sentence on how the run ended.
    fn verdict(&mut self, screen: &mut Screen<'_>) -> Result<(), CliError>;
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

/// Waits for the end of a run that was just ordered, prints its lines, and reports how it ended.
pub(crate) fn wait(
    cx: &mut Cx<'_>,
    mut station: Station,
    watched: &Watched,
    on_interrupt: OnInterrupt,
    json: bool,
) -> Result<(), CliError> {
    let mut printer = Printer::new(Printing { json, live: true, ..Printing::default() });
    wait_with(cx, &mut station, watched, on_interrupt, &mut printer)
}

/// As [`wait`], with a watcher of the caller's.
pub(crate) fn wait_with(
    cx: &mut Cx<'_>,
    station: &mut Station,
    watched: &Watched,
    on_interrupt: OnInterrupt,
    watcher: &mut dyn Watcher,
) -> Result<(), CliError> {
    let mut cancel = on_interrupt == OnInterrupt::Cancel;
    let stream = format!("{}/output?follow=true", watched.path);
    let Watched { job_id, label, path } = watched;
    let followed = loop {
        let borrowed = is_anothers(station, cx)?;
        if let Station::InProcess(inside) = station {
            inside.adopt(job_id)?;
        }
        cancel |= borrowed || matches!(station, Station::InProcess(_));
        match follow(cx, station, &stream, watcher) {
            // The other is done with its own job, and its station is gone: on with the next.
            Err(error) if borrowed && error.kind == ExitKind::Station => {
                *station = cx.connect()?;
                watcher.start_anew();
            }
            other => break other,
        }
    };
    match followed {
        Err(error) if error.kind == ExitKind::Interrupted && cancel => {
            watcher.interrupted(&mut cx.world.screen);
            // Refused when it has just ended, which is as well.
            let cancelled = api::post(station, &format!("{path}/cancel"), None);
            if cancelled.as_ref().is_err_and(|e| e.kind != ExitKind::Refused) {
                return cancelled.map(drop);
            }
            watcher.start_anew();
            match follow(cx, station, &stream, watcher) {
                Err(error) if error.kind != ExitKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let message = watcher.interruption(label, &mut cx.world.screen);
            Err(CliError::new(ExitKind::Interrupted, message))
        }
        // Nobody reads the output any more, as in `exec … | head`: as with ssh, that ends it.
        Err(error) if error.kind == ExitKind::Failed && cancel => {
            drop(api::post(station, &format!("{path}/cancel"), None));
            Err(error)
        }
        Err(error) if error.kind == ExitKind::Interrupted => {
            let message = format!("interrupted: {label} goes on without being watched");
            Err(CliError::new(ExitKind::Interrupted, message).hint(format!(
                "`station logs -f {job_id}` follows it, `station cancel {job_id}` ends it"
            )))
        }
        Err(error) => Err(error),
        Ok(()) => watcher.verdict(&mut cx.world.screen),
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

/// Hands a stream's events to a watcher until its end or an interruption.
pub(crate) fn follow(
    cx: &mut Cx<'_>,
    station: &mut Station,
    path: &str,
    watcher: &mut dyn Watcher,
) -> Result<(), CliError> {
    (cx.externals.on_interrupt)(station.transport().interrupter()?)?;
    let screen = &mut cx.world.screen;
    let mut failed = None;
    let mut on_event = |event: Event| match watcher.event(&event, screen) {
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
        Ok(()) if watcher.has_ended() => Ok(()),
        Ok(()) => Err(CliError::new(
            ExitKind::Station,
            "the station closed the stream before the end: it may be shutting down",
        )),
        Err(ClientError::Interrupted) => Err(CliError::silent(ExitKind::Interrupted)),
        Err(error) => Err(error.into()),
    }
}
