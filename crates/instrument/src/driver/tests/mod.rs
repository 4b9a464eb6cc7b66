//! Tests of drivers as a whole: the built-in ones, what is sent, bad files, and that nothing is injected.

mod built_in;
mod documents;
mod faults;
mod golden;
mod injection;
mod replies;
mod requests;
mod sampling;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Catalogue, Driver, Step};

fn driver(name: &str) -> Arc<Driver> {
    Catalogue::built_in().named(name).unwrap()
}

/// A JSON object as parameters.
fn given(json: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(json).unwrap()
}

fn plan(driver: &Driver, verb: &str, json: Value) -> Vec<Step> {
    driver.verb(verb).unwrap().plan(&given(json), driver).unwrap()
}

fn refusal(driver: &Driver, verb: &str, json: Value) -> String {
    let verb = driver.verb(verb).unwrap();
    verb.plan(&given(json), driver).unwrap_err().message
}

/// Steps in one line each: `> ` is sent, `? ` is asked.
fn told(steps: &[Step]) -> Vec<String> {
    steps
        .iter()
        .map(|step| match step {
            Step::Send { message } => format!("> {message}"),
            Step::Ask { message, name, parse, .. } => {
                format!("? {message} -> {name}: {}", parse.kind())
            }
            Step::Waveform { channel, name } => format!("waveform {channel} -> {name}"),
            Step::Wait(time) => format!("wait {time:?}"),
            Step::Repeat { for_, every, steps } => {
                format!("repeat {for_:?} every {every:?} [{}]", told(steps).join(" | "))
            }
            Step::Finally(steps) => format!("finally [{}]", told(steps).join(" | ")),
        })
        .collect()
}
