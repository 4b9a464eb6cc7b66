//! What an acquisition comes to on an instrument: what is asked for each sample, and the columns.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Number, Value};
use station_core::model::{AcquisitionPlan, Call};

use super::grid::Grid;
use crate::driver::{Driver, Memory, Sampling, Verb};
use crate::{Error, ErrorKind};

/// The most channels.
const MOST_CHANNELS: usize = 64;

/// How samples are taken.
#[derive(Clone, Debug)]
pub(super) enum Taking {
    /// By asking for each.
    Poll(Polled),
    /// By fetching the instrument's own record.
    Memory(Box<Memory>, Vec<u32>),
}

/// What is asked at each line of the grid.
#[derive(Clone, Debug)]
pub(super) struct Polled {
    /// One for each channel.
    pub(super) calls: Vec<Call>,
    /// What each of them reads.
    pub(super) outcomes: Vec<String>,
    pub(super) grid: Grid,
    pub(super) duration: Option<Duration>,
}

/// What is to be done, and the names of the columns.
pub(super) fn of(
    driver: &Driver,
    plan: &AcquisitionPlan,
    pace: u32,
) -> Result<(Taking, Vec<String>), Error> {
    let channels = channels(&plan.channels)?;
    let polling = match (&plan.verb, driver.sampling()) {
        (None, Sampling::Memory(memory)) => {
            let channels = if channels.is_empty() { vec![1] } else { channels };
            let most = driver.capabilities().channels.max(1);
            if let Some(channel) = channels.iter().find(|channel| **channel > most) {
                return Err(invalid(format!("there is no channel {channel}: there are {most}")));
            }
            let columns = channels.iter().map(|channel| format!("CH{channel}")).collect();
            return Ok((Taking::Memory(memory.clone(), channels), columns));
        }
        (None, Sampling::None) => {
            let name = driver.name();
            let message =
                format!("the driver {name} does not say how samples are taken: name a verb");
            return Err(invalid(message));
        }
        (None, Sampling::Poll(polling)) => (polling.verb.as_str(), polling.channel.as_deref()),
        (Some(verb), Sampling::Poll(polling)) => (verb.as_str(), polling.channel.as_deref()),
        (Some(verb), Sampling::Memory(_) | Sampling::None) => (verb.as_str(), None),
    };
    let (verb, parameter) = (driver.verb(polling.0)?, polling.1.unwrap_or("channel"));
    let outcomes: Vec<String> =
        verb.outcomes().iter().map(|outcome| outcome.name.clone()).collect();
    if outcomes.is_empty() {
        return Err(invalid(format!("{} reads nothing that could be a sample", verb.name())));
    }
    let (calls, columns) = calls(verb, parameter, &channels, &outcomes)?;
    for call in &calls {
        verb.plan(&call.parameters, driver)?;
    }
    let rate = plan.sample_rate.clone().unwrap_or_else(|| Number::from(1));
    let grid = Grid::new(&rate).map_err(invalid)?;
    let duration = plan.duration.map(|duration| paced(duration, pace));
    Ok((Taking::Poll(Polled { calls, outcomes, grid, duration }), columns))
}

/// Checks whether samples can be taken so with a driver; nothing is sent.
///
/// # Errors
/// What cannot be meant: a channel, a rate, a verb that reads nothing.
pub fn check(driver: &Driver, plan: &AcquisitionPlan) -> Result<(), Error> {
    of(driver, plan, 1).map(drop)
}

/// A duration that passes so many times faster.
pub(crate) fn paced(duration: Duration, pace: u32) -> Duration {
    duration / pace.max(1)
}

/// One call for each channel, and the columns they give.
fn calls(
    verb: &Verb,
    parameter: &str,
    channels: &[u32],
    outcomes: &[String],
) -> Result<(Vec<Call>, Vec<String>), Error> {
    let found = verb.parameters().iter().find(|known| known.name() == parameter);
    let call = |channel: Option<u32>| {
        let value = channel.map(|channel| (parameter.to_owned(), Value::from(channel)));
        Call {
            equipment: None,
            verb: verb.name().to_owned(),
            parameters: value.into_iter().collect(),
        }
    };
    let named = |prefix: String| match outcomes {
        [_] => vec![prefix],
        several => several.iter().map(|outcome| format!("{prefix}_{outcome}")).collect(),
    };
    match (found, channels) {
        (Some(found), []) => {
            let channel = found.is_required().then_some(1);
            Ok((vec![call(channel)], outcomes.to_vec()))
        }
        (None, []) => Ok((vec![call(None)], outcomes.to_vec())),
        (None, [1]) => Ok((vec![call(None)], named("CH1".to_owned()))),
        (None, _) => {
            let message = format!("{} knows no channels: leave them out, or name CH1", verb.name());
            Err(invalid(message))
        }
        (Some(_), channels) => {
            let calls = channels.iter().map(|channel| call(Some(*channel))).collect();
            let columns = channels.iter().flat_map(|channel| named(format!("CH{channel}")));
            Ok((calls, columns.collect()))
        }
    }
}

/// The numbers of channels that are named `CH1`, `1`, `CHAN1` or `channel 1`.
fn channels(names: &[String]) -> Result<Vec<u32>, Error> {
    if names.len() > MOST_CHANNELS {
        return Err(invalid(format!("there are more than {MOST_CHANNELS} channels")));
    }
    let mut seen = BTreeSet::new();
    names
        .iter()
        .map(|name| {
            let text = name.trim().to_ascii_uppercase();
            let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
            let words = text.strip_suffix(digits).unwrap_or_default().trim_end();
            let number = digits.parse::<u32>().ok().filter(|number| *number > 0);
            let number = number.filter(|_| ["", "CH", "CHAN", "CHANNEL"].contains(&words));
            let shown: String = name.chars().take(40).flat_map(char::escape_debug).collect();
            let number = number.ok_or_else(|| {
                invalid(format!("'{shown}' is no channel: write CH1 or 1, for example"))
            })?;
            if seen.insert(number) {
                Ok(number)
            } else {
                Err(invalid(format!("the channel CH{number} is named twice")))
            }
        })
        .collect()
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use station_core::model::FileFormat;

    use super::*;
    use crate::driver::Catalogue;

    fn planned(
        driver: &str,
        channels: &[&str],
        verb: Option<&str>,
    ) -> Result<(usize, String), String> {
        let plan = AcquisitionPlan {
            duration: None,
            sample_rate: None,
            channels: channels.iter().map(|name| (*name).to_owned()).collect(),
            verb: verb.map(str::to_owned),
            format: FileFormat::Csv,
            detached: false,
        };
        let driver = Catalogue::built_in().named(driver).expect("is built in");
        let (taking, columns) = of(&driver, &plan, 1).map_err(|error| error.message)?;
        let calls = match taking {
            Taking::Poll(polled) => polled.calls.len(),
            Taking::Memory(_, channels) => channels.len(),
        };
        Ok((calls, columns.join(" ")))
    }

    #[test]
    fn columns_are_channels_and_what_is_read_of_them() {
        let of =
            |driver, channels: &[&str], verb| planned(driver, channels, verb).expect("is a plan");
        assert_eq!(of("generic_power_supply", &[], None), (1, "voltage current".to_owned()));
        let two = "CH2_voltage CH2_current CH1_voltage CH1_current";
        assert_eq!(of("generic_power_supply", &["2", "chan1"], None), (2, two.to_owned()));
        let one = of("generic_power_supply", &["CH1", "channel 3"], Some("get_voltage"));
        assert_eq!(one, (2, "CH1 CH3".to_owned()));
        assert_eq!(of("generic_multimeter", &["CH1"], None), (1, "CH1".to_owned()));
        assert_eq!(of("generic_multimeter", &[], Some("get_voltage")).0, 1);
        assert_eq!(of("generic_oscilloscope", &["CH1", "CH4"], None), (2, "CH1 CH4".to_owned()));
        assert_eq!(of("generic_oscilloscope", &[], None), (1, "CH1".to_owned()));
    }

    #[test]
    fn what_cannot_be_sampled_is_refused_with_what_would_be_right() {
        let of =
            |driver, channels: &[&str], verb| planned(driver, channels, verb).expect_err("is none");
        let why = "get_readings knows no channels: leave them out, or name CH1";
        assert_eq!(of("generic_multimeter", &["CH2"], None), why);
        assert_eq!(
            of("generic_power_supply", &["CH1", "1"], None),
            "the channel CH1 is named twice"
        );
        let why = "'CH0' is no channel: write CH1 or 1, for example";
        assert_eq!(of("generic_power_supply", &["CH0"], None), why);
        assert!(of("generic_power_supply", &["A;1"], None).contains("is no channel"));
        let why = "set_voltage reads nothing that could be a sample";
        assert_eq!(of("generic_power_supply", &[], Some("set_voltage")), why);
        assert!(of("generic_power_supply", &[], Some("get_volts")).contains("get_volt"));
        assert!(of("generic_oscilloscope", &["CH9"], None).starts_with("there is no channel 9"));
    }

    #[test]
    fn durations_can_pass_faster() {
        assert_eq!(paced(Duration::from_secs(600), 60), Duration::from_secs(10));
        assert_eq!(paced(Duration::from_secs(6), 0), Duration::from_secs(6));
    }
}
