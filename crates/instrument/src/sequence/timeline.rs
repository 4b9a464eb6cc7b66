//! The timeline: loops and ramps unrolled, each step snapped up to the grid of ticks, in order of time.

use std::sync::Arc;
use std::time::Duration;

use station_core::model::{Call, Sequence, SequenceStep, StepKind};
use station_core::when::print_duration;

use super::doing::{Doing, TimedStep};
use super::ramp;
use crate::{Error, ErrorKind};

/// The most steps of a timeline.
pub const MOST_STEPS: usize = 100_000;

/// The longest timeline, from its start to its last step, without holds.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How deep loops may stand in loops.
const DEEPEST: usize = 16;

const TICKS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(60);

/// Unrolls a sequence. Steps for the same tick keep the order of the offsets asked for; for the same
/// offset, that in which they are written.
///
/// # Errors
/// There is no step, there are more than [`MOST_STEPS`], one is later than [`LONGEST`], or one cannot
/// be meant: the sentence names it.
pub fn timeline(sequence: &Sequence) -> Result<Vec<TimedStep>, Error> {
    if !TICKS.contains(&sequence.tick) {
        let tick = print_duration(sequence.tick);
        return Err(invalid(format!("a tick lasts 1ms to 1m, not {tick}")));
    }
    if sequence.steps.is_empty() {
        return Err(invalid("the sequence has no steps"));
    }
    let mut unrolled = Unrolled { tick: sequence.tick, steps: Vec::new() };
    let templates = Preparation::default().all(&sequence.steps, "", 0)?;
    unrolled.all(&templates, Duration::ZERO, "")?;
    let mut steps = unrolled.steps;
    // Stable: what is asked for at the same instant stays in the order in which it is written.
    steps.sort_by_key(|step| step.asked);
    Ok(steps)
}

/// The first line of the grid that is not before an offset; `None` beyond the end of time.
pub(super) fn snap_up(offset: Duration, tick: Duration) -> Option<Duration> {
    let ticks = offset.as_nanos().div_ceil(tick.as_nanos().max(1));
    let nanos = u64::try_from(ticks.checked_mul(tick.as_nanos())?).ok()?;
    Some(Duration::from_nanos(nanos))
}

/// A step as it is written, checked; what it does is shared by the rounds of the loops around it.
struct Template {
    at: Duration,
    path: String,
    what: Shape,
}

enum Shape {
    One(Arc<Doing>),
    Loop { count: u32, every: Duration, steps: Vec<Template> },
    Ramp { values: Vec<Arc<Doing>>, every: Duration },
}

/// What makes templates of steps.
#[derive(Default)]
struct Preparation {
    /// So many values have all ramps until now: each of them is a step at least once.
    ramped: usize,
}

impl Preparation {
    /// Checks the steps of a level, and numbers them.
    fn all(
        &mut self,
        steps: &[SequenceStep],
        within: &str,
        depth: usize,
    ) -> Result<Vec<Template>, Error> {
        if depth > DEEPEST {
            let message = format!("step {within}: loops stand in loops at most {DEEPEST} deep");
            return Err(invalid(message));
        }
        let numbered = steps.iter().zip(1_usize..);
        numbered
            .map(|(step, number)| {
                let path = if within.is_empty() {
                    number.to_string()
                } else {
                    format!("{within}.{number}")
                };
                let what = shape(step, &path, depth, self)?;
                Ok(Template { at: step.at, path: number.to_string(), what })
            })
            .collect()
    }

    /// Counts the values of a ramp before they are made, lest many ramps fill the memory.
    fn ramp(&mut self, count: u32) -> Result<(), String> {
        let values = usize::try_from(count).unwrap_or(usize::MAX);
        self.ramped = self.ramped.saturating_add(values);
        if self.ramped <= MOST_STEPS {
            return Ok(());
        }
        let before = self.ramped.saturating_sub(values);
        let others = if before > 0 {
            format!(", after the {before} of ramps before it,")
        } else {
            String::new()
        };
        Err(format!(
            "a ramp of {count} values{others} is more than the {MOST_STEPS} steps a sequence may have"
        ))
    }
}

fn shape(
    step: &SequenceStep,
    path: &str,
    depth: usize,
    preparation: &mut Preparation,
) -> Result<Shape, Error> {
    let refuse = |why: String| Err(invalid(format!("step {path}: {why}")));
    match &step.what {
        StepKind::Call(call) => Ok(Shape::One(Arc::new(Doing::Call(call.clone())))),
        StepKind::Command { on, command, timeout } => Ok(Shape::One(Arc::new(Doing::Command {
            on: on.clone(),
            command: command.clone(),
            timeout: *timeout,
        }))),
        StepKind::Hold { call, field, above, below, timeout } => {
            if above.is_none() && below.is_none() {
                return refuse("a hold needs 'above' or 'below'".to_owned());
            }
            if timeout.is_zero() || *timeout > LONGEST {
                return refuse(
                    "the timeout of a hold is longer than nothing, and at most 24h".into(),
                );
            }
            Ok(Shape::One(Arc::new(Doing::Hold {
                call: call.clone(),
                field: field.clone(),
                above: above.clone(),
                below: below.clone(),
                timeout: *timeout,
            })))
        }
        StepKind::Loop { count, every, steps } => {
            if *count == 0 || steps.is_empty() {
                return refuse("a loop has at least one round and one step".to_owned());
            }
            if *count > 1 && every.is_zero() {
                return refuse("the rounds of a loop are some time apart: 'every' is 0".to_owned());
            }
            Ok(Shape::Loop {
                count: *count,
                every: *every,
                steps: preparation.all(steps, path, depth.saturating_add(1))?,
            })
        }
        StepKind::Ramp { call, parameter, from, to, count, every } => {
            if let Err(why) = preparation.ramp(*count) {
                return refuse(why);
            }
            if call.parameters.contains_key(parameter) {
                return refuse(format!(
                    "the ramp's parameter '{parameter}' has a fixed value as well"
                ));
            }
            if every.is_zero() {
                return refuse("the values of a ramp are some time apart: 'every' is 0".to_owned());
            }
            let values = match ramp::values(from, to, *count) {
                Ok(values) => values,
                Err(why) => return refuse(why),
            };
            let call_with = |value| {
                let mut call: Call = call.clone();
                call.parameters.insert(parameter.clone(), value);
                Arc::new(Doing::Call(call))
            };
            Ok(Shape::Ramp { values: values.into_iter().map(call_with).collect(), every: *every })
        }
    }
}

struct Unrolled {
    tick: Duration,
    steps: Vec<TimedStep>,
}

impl Unrolled {
    fn all(&mut self, templates: &[Template], start: Duration, within: &str) -> Result<(), Error> {
        for template in templates {
            let path = format!("{within}{}", template.path);
            let at = later(start, template.at, 1, &path)?;
            match &template.what {
                Shape::One(what) => self.add(at, path, what)?,
                Shape::Loop { count, every, steps } => {
                    for round in 0..*count {
                        let start = later(at, *every, round, &path)?;
                        self.all(steps, start, &format!("{path}#{}.", u64::from(round) + 1))?;
                    }
                }
                Shape::Ramp { values, every } => {
                    for (value, place) in values.iter().zip(0_u32..) {
                        let at = later(at, *every, place, &path)?;
                        self.add(at, format!("{path}#{}", u64::from(place) + 1), value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, asked: Duration, path: String, what: &Arc<Doing>) -> Result<(), Error> {
        if self.steps.len() >= MOST_STEPS {
            return Err(invalid(format!(
                "step {path}: unrolled, the sequence has more than {MOST_STEPS} steps"
            )));
        }
        let at = snap_up(asked, self.tick).filter(|at| *at <= LONGEST.saturating_add(self.tick));
        let Some(at) = at else { return Err(too_late(&path)) };
        self.steps.push(TimedStep { at, asked, path, what: Arc::clone(what) });
        Ok(())
    }
}

/// So many times a distance after a start, if that is within the longest timeline.
fn later(start: Duration, distance: Duration, times: u32, path: &str) -> Result<Duration, Error> {
    let at = distance.checked_mul(times).and_then(|distance| start.checked_add(distance));
    at.filter(|at| *at <= LONGEST).ok_or_else(|| too_late(path))
}

fn too_late(path: &str) -> Error {
    invalid(format!("step {path}: it is due more than 24h after the start"))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
