//! Plans: the steps of a verb with its parameters put in and other verbs' steps in place of calls.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::act::{Act, Amount, Passed, What};
use super::argument::{self, Arguments};
use super::parameter::Parameter;
use super::parser::Parser;
use super::verb::{Body, Verb};
use super::{Driver, Step, near, text};
use crate::{Error, ErrorKind};

/// The shortest time from one repetition to the next.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);

/// The longest time a plan may wait or repeat.
const LONGEST: Duration = Duration::from_secs(31 * 86_400);

/// Verbs may call verbs that call verbs, but no deeper than this; the reader of files sees to it.
pub(super) const DEEPEST: usize = 8;

/// The most verbs that one plan may call in all.
const MOST_CALLS: usize = 10_000;

/// The steps of a verb.
pub(super) fn verb(
    verb: &Verb,
    given: &BTreeMap<String, Value>,
    driver: &Driver,
) -> Result<Vec<Step>, Error> {
    let calls = Cell::new(0);
    let steps = deep(verb, given, driver, (0, &calls))?;
    if steps.is_empty() {
        let optional = verb.parameters().iter().filter(|parameter| !parameter.is_required());
        let optional = near::list(optional.map(Parameter::name));
        let verb = verb.name();
        return Err(invalid(format!("the verb {verb} would do nothing: give one of {optional}")));
    }
    Ok(steps)
}

fn deep(
    verb: &Verb,
    given: &BTreeMap<String, Value>,
    driver: &Driver,
    (depth, calls): (usize, &Cell<usize>),
) -> Result<Vec<Step>, Error> {
    calls.set(calls.get().saturating_add(1));
    if depth > DEEPEST || calls.get() > MOST_CALLS {
        return Err(invalid(format!(
            "the verb {} comes after {MOST_CALLS} others, or deeper than {DEEPEST} calls: its driver \
             asks too much of one verb",
            verb.name()
        )));
    }
    let arguments = argument::resolve(verb, given)?;
    match &verb.body {
        Body::Raw => Ok(raw(&arguments)),
        Body::Acts(acts) => Planner { verb, arguments, driver, depth, calls }.steps(acts),
    }
}

/// The single step of the verb `scpi`.
fn raw(arguments: &Arguments) -> Vec<Step> {
    let message = arguments.get("text").map(|text| text.text.clone()).unwrap_or_default();
    let expected = arguments.get("expect_reply").and_then(|expected| expected.value.as_bool());
    if expected.unwrap_or_else(|| text::is_query(&message)) {
        vec![Step::Ask { message, parse: Parser::text(), name: "reply".to_owned(), unit: None }]
    } else {
        vec![Step::Send { message }]
    }
}

struct Planner<'a> {
    verb: &'a Verb,
    arguments: Arguments,
    driver: &'a Driver,
    depth: usize,
    /// How many verbs were planned so far, in all.
    calls: &'a Cell<usize>,
}

impl Planner<'_> {
    fn steps(&self, acts: &[Act]) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        for act in acts {
            let wanted = |name: &String| self.arguments.contains_key(name);
            if act.when.as_ref().is_none_or(wanted) {
                self.step(&act.what, &mut steps)?;
            }
        }
        Ok(steps)
    }

    fn step(&self, what: &What, steps: &mut Vec<Step>) -> Result<(), Error> {
        match what {
            What::Send(message) => {
                steps.extend(message.fill(&self.arguments).map(|message| Step::Send { message }));
            }
            What::Ask { message, parse, name, unit } => {
                steps.extend(message.fill(&self.arguments).map(|message| Step::Ask {
                    parse: parse.clone().answering(&message),
                    message,
                    name: name.clone(),
                    unit: unit.clone(),
                }));
            }
            What::Waveform { channel, name } => {
                let number = self.amount(channel)?;
                let channel = format!("{number:.0}").parse().map_err(|_| {
                    let verb = self.verb.name();
                    invalid(format!("{number} is no channel the verb {verb} could read"))
                })?;
                steps.push(Step::Waveform { channel, name: name.clone() });
            }
            What::Wait(amount) => steps.push(Step::Wait(self.time(amount)?)),
            What::Repeat { for_, every, acts } => {
                let (for_, every) = (self.time(for_)?, self.time(every)?.max(SHORTEST));
                steps.push(Step::Repeat { for_, every, steps: self.steps(acts)? });
            }
            What::Finally(acts) => steps.push(Step::Finally(self.steps(acts)?)),
            What::Call { verb, with } => {
                let called = self.driver.verb(verb)?;
                let given = self.passed(with);
                steps.extend(deep(
                    called,
                    &given,
                    self.driver,
                    (self.depth.saturating_add(1), self.calls),
                )?);
            }
        }
        Ok(())
    }

    fn amount(&self, amount: &Amount) -> Result<f64, Error> {
        match amount {
            Amount::Fixed(number) => Ok(*number),
            Amount::Of(name) => {
                self.arguments.get(name).and_then(|given| given.number).ok_or_else(|| {
                    let verb = self.verb.name();
                    invalid(format!("the verb {verb} needs a number as its parameter {name}"))
                })
            }
        }
    }

    fn time(&self, amount: &Amount) -> Result<Duration, Error> {
        let seconds = self.amount(amount)?;
        Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST).ok_or_else(|| {
            let (verb, days) = (self.verb.name(), LONGEST.as_secs() / 86_400);
            invalid(format!("the verb {verb} can last from 0 s to {days} days, not {seconds} s"))
        })
    }

    fn passed(&self, with: &BTreeMap<String, Passed>) -> BTreeMap<String, Value> {
        let of = |passed: &Passed| match passed {
            Passed::Fixed(value) => Some(value.clone()),
            Passed::Of(name) => self.arguments.get(name).map(|given| given.value.clone()),
        };
        with.iter().filter_map(|(name, passed)| Some((name.clone(), of(passed)?))).collect()
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Invalid, message)
}
