//! Restoring: settings by name and value as steps, in the driver's order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::near::{self, shown};
use super::setting::Setting;
use super::{Driver, Step};
use crate::{Error, ErrorKind};

/// The steps that bring settings to the given values.
pub(super) fn plan(
    driver: &Driver,
    given: &BTreeMap<String, Value>,
) -> Result<Vec<(String, Vec<Step>)>, Error> {
    let mut wanted: BTreeMap<&str, &Value> = BTreeMap::new();
    for (name, value) in given {
        let setting = named(driver, name)?;
        if wanted.insert(setting.name(), value).is_some() {
            return Err(invalid(format!(
                "the setting {} is given twice, by its own name and as '{}'",
                setting.name(),
                setting.name().trim_end_matches("_1")
            )));
        }
    }
    let mut plans = Vec::new();
    for setting in driver.settings() {
        if let Some(value) = wanted.get(setting.name()) {
            plans.push((setting.name().to_owned(), steps(driver, setting, value)?));
        }
    }
    Ok(plans)
}

/// The setting meant by a name; `voltage` is `voltage_1` on an instrument with channels.
fn named<'a>(driver: &'a Driver, name: &str) -> Result<&'a Setting, Error> {
    let find = |name: &str| driver.settings().iter().find(|setting| setting.name() == name);
    find(name).or_else(|| find(&format!("{name}_1"))).ok_or_else(|| {
        let known = || driver.settings().iter().map(Setting::name);
        let (driver, hint) = (driver.name(), near::hint(name, known()));
        invalid(format!(
            "the driver {driver} has no setting '{}'{hint}; its settings are {}",
            shown(name),
            near::list(known())
        ))
    })
}

fn steps(driver: &Driver, setting: &Setting, value: &Value) -> Result<Vec<Step>, Error> {
    let name = setting.name();
    let Some(set) = &setting.set else {
        let driver = driver.name();
        return Err(invalid(format!(
            "the setting {name} of the driver {driver} can be read but not set: leave it out"
        )));
    };
    let mut with = set.with.clone();
    with.insert(set.parameter.clone(), value.clone());
    driver.verb(&set.verb)?.plan(&with, driver).map_err(|error| {
        Error::new(error.kind, format!("the setting {name} cannot be set: {}", error.message))
    })
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Invalid, message)
}
