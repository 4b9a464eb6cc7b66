//! Runs a timeline: a lane for each equipment and one for commands, each step at its deadline.
//!
//! ```text
//!  epoch 0              │ epoch 1                    a hold ends an epoch; the next one is as much
//!  psu  ──o──o──────hold┊┄┄┄┄│──o──o──               later as the hold has waited
//!  dmm  ────o───o───    │    │────o───
//!  commands ──o         │    │──o─────
//! ```

mod check;
mod commands;
mod course;
mod hold;
mod lane;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use station_core::model::Sequence;

use crate::hands::Hands;
use course::Course;
use lane::Lane;

use super::{Doing, SequenceReport, timeline};
use crate::stage::Stage;
use crate::stop::Stop;
use crate::timer::Timer;
use crate::together::{Part, together};
use crate::{Error, ErrorKind};

/// Runs a sequence with these hands on its equipment, by that clock.
pub(super) async fn run<H: Hands>(
    hands: &mut [H],
    stage: &Arc<dyn Stage>,
    sequence: &Sequence,
    stop: &Stop,
    timer: Timer,
) -> Result<SequenceReport, (Error, SequenceReport)> {
    let nothing = |error| (error, SequenceReport::default());
    let steps = timeline(sequence).map_err(nothing)?;
    let places = check::places(&steps, hands).map_err(nothing)?;
    let mut timers = Vec::new();
    for _ in 0..=hands.len() {
        timers.push(timer.another().map_err(nothing)?);
    }
    let Some(own) = timers.pop() else { return Err(nothing(no_timer())) };
    let course = Course::new(timer.now(), sequence.tick, &steps);
    let mut parts: Vec<Part<'_, ()>> = Vec::new();
    for ((place, hands), timer) in hands.iter_mut().enumerate().zip(timers) {
        let steps = course.steps_at(&places, Some(place));
        if !steps.is_empty() {
            parts.push(Box::pin(Lane { hands, steps, course: &course, timer }.run()));
        }
    }
    let orders = course.steps_at(&places, None);
    parts.push(Box::pin(commands::run(orders, &course, stage, own)));
    tokio::select! {
        _ = together(parts) => {}
        () = watch(stop, &course) => {}
    }
    let stopped = course.is_stopped();
    let (report, failure) = course.report();
    match failure {
        _ if stopped => {
            let (done, planned) = (report.steps, report.planned);
            let message = format!("the sequence was stopped after {done} of {planned} steps");
            Err((Error::new(ErrorKind::Stopped, message), report))
        }
        Some(error) => Err((error, report)),
        None => Ok(report),
    }
}

/// Ends the course when it is asked to stop, and never resolves: the lanes end by themselves.
async fn watch(stop: &Stop, course: &Course<'_>) {
    stop.asked().await;
    course.stop();
    std::future::pending().await
}

fn no_timer() -> Error {
    Error::new(ErrorKind::Local, "failed to make a timer")
}

/// Which of the hands a step is for; `None`: it is a command.
fn place_of<H: Hands>(what: &Doing, hands: &[H]) -> Result<Option<usize>, String> {
    let Some(call) = what.call() else { return Ok(None) };
    match (&call.equipment, hands) {
        (Some(id), _) => match hands.iter().position(|hands| hands.id() == id) {
            Some(place) => Ok(Some(place)),
            None => Err(format!("the equipment '{id}' is not held for this sequence")),
        },
        (None, [_]) => Ok(Some(0)),
        (None, _) => {
            let ids: Vec<&str> = hands.iter().map(Hands::id).collect();
            Err(format!("it names no equipment, and there is not just one: {}", ids.join(", ")))
        }
    }
}
