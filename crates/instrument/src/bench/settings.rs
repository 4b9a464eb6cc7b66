//! Settings: profiles applied, states read and brought back.

use std::collections::BTreeMap;

use serde_json::Value;
use station_core::model::{Profile, ProfileSettings};

use super::call::Planned;
use super::operate::Care;
use super::perform::Readings;
use super::{Lease, Restored};
use crate::driver::Verb;
use crate::{Error, ErrorKind};

impl Lease {
    /// Applies a profile: its settings in order, errors looked at after each, and its commit, which
    /// writes to non-volatile memory, once at the end. All of it is checked before anything is sent.
    ///
    /// # Errors
    /// It is not for this equipment, or a setting cannot be meant, or the budget of writes is spent:
    /// nothing was sent. Or a setting went wrong: those after it were not sent.
    pub async fn apply(&mut self, profile: &Profile) -> Result<(), Error> {
        self.enter()?;
        let done = Self::within(self.expires(), self.apply_all(profile)).await;
        let done = done.map_err(|error| {
            let message =
                format!("the profile '{}' was not applied: {}", profile.name, error.message);
            Error::new(error.kind, message)
        });
        self.leave(done)
    }

    async fn apply_all(&mut self, profile: &Profile) -> Result<(), Error> {
        if profile.kind != self.equipment.kind {
            let (meant, is) = (profile.kind.name(), self.equipment.kind.name());
            let message = format!("it is for equipment of the type {meant}, and this is a {is}");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let settings = match &profile.settings {
            ProfileSettings::Named(named) => self.plan_settings(named)?,
            ProfileSettings::Calls(calls) => {
                let planned = calls.iter().map(|call| self.plan(call));
                planned.collect::<Result<Vec<_>, _>>()?
            }
        };
        if let Some(writing) = settings.iter().find(|planned| planned.writes > 0) {
            let message = format!(
                "{} writes to non-volatile memory, which only the profile's commit may do, once",
                writing.verb
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let commit = profile.commit.as_ref().map(|commit| self.plan(commit)).transpose()?;
        if let Some(commit) = &commit {
            self.could_write(commit.writes).await?;
        }
        self.set(&settings).await?;
        if let Some(commit) = commit {
            self.reserve(commit.writes).await?;
            self.operate_planned(&commit, Care::Checked).await?;
        }
        Ok(())
    }

    /// Reads every setting the driver knows; null where the instrument has none to tell.
    ///
    /// # Errors
    /// No setting could be read, or the instrument does not answer any more.
    pub async fn capture(&mut self) -> Result<BTreeMap<String, Value>, Error> {
        self.enter()?;
        let done = Self::within(self.expires(), self.read_settings()).await;
        self.leave(done)
    }

    async fn read_settings(&mut self) -> Result<BTreeMap<String, Value>, Error> {
        let driver = std::sync::Arc::clone(&self.driver);
        let mut settings = BTreeMap::new();
        let mut why = None;
        for setting in driver.settings() {
            let name = setting.name();
            let value = match self.operate(name, setting.reading(), Care::Bare).await {
                Ok(readings) => read_as(name, readings),
                Err(error) => match error.kind {
                    // A connection that is lost over a question is made anew for the next one.
                    ErrorKind::Instrument | ErrorKind::Reply | ErrorKind::Lost => {
                        self.note(&format!("{}; it is kept as null", error.message));
                        why = Some(error);
                        Value::Null
                    }
                    ErrorKind::Timeout => {
                        // An instrument that is silent altogether is given up here.
                        let line = self.line().await?;
                        line.session.resynchronise().await?;
                        why = Some(error);
                        Value::Null
                    }
                    ErrorKind::Invalid
                    | ErrorKind::Refused
                    | ErrorKind::Busy
                    | ErrorKind::Unreachable
                    | ErrorKind::Identity
                    | ErrorKind::Local
                    | ErrorKind::Stopped => return Err(error),
                },
            };
            settings.insert(name.to_owned(), value);
        }
        if settings.values().all(Value::is_null) {
            let name = driver.name();
            return Err(why.unwrap_or_else(|| {
                let message = format!("the driver {name} has no settings that could be read");
                Error::new(ErrorKind::Invalid, message)
            }));
        }
        self.reports("reading its settings", Ok(())).await?;
        Ok(settings)
    }

    /// Brings settings back that were read before, in the driver's order.
    ///
    /// # Errors
    /// A setting is unknown or cannot be meant: nothing was sent. Or one went wrong: those after it
    /// were not sent.
    pub async fn restore(&mut self, settings: &BTreeMap<String, Value>) -> Result<Restored, Error> {
        self.enter()?;
        let done = Self::within(self.expires(), self.bring_back(settings)).await;
        self.leave(done)
    }

    async fn bring_back(&mut self, settings: &BTreeMap<String, Value>) -> Result<Restored, Error> {
        let known = self.driver.settings();
        let can_be_set = |name: &str| {
            known
                .iter()
                .find(|known| known.name() == name)
                .is_none_or(|known| known.verb().is_some())
        };
        let (wanted, skipped): (BTreeMap<_, _>, BTreeMap<_, _>) = settings
            .clone()
            .into_iter()
            .partition(|(name, value)| !value.is_null() && can_be_set(name));
        let planned = self.plan_settings(&wanted)?;
        self.set(&planned).await?;
        let applied = planned.into_iter().map(|planned| planned.verb).collect();
        Ok(Restored { applied, skipped: skipped.into_keys().collect() })
    }

    fn plan_settings(&self, named: &BTreeMap<String, Value>) -> Result<Vec<Planned>, Error> {
        let plans = self.driver.plan_settings(named)?;
        let planned = plans.into_iter().map(|(verb, steps)| {
            let known = self.driver.settings().iter().find(|known| known.name() == verb);
            let setter = known.and_then(|known| self.driver.verb(known.verb()?).ok());
            let idempotent = setter.is_some_and(Verb::is_idempotent);
            let writes = setter.map_or(0, |setter| setter.writes(&steps));
            Planned { verb, steps, idempotent, writes }
        });
        Ok(planned.collect())
    }

    /// Performs settings, one after the other, and waits until they are effective.
    async fn set(&mut self, settings: &[Planned]) -> Result<(), Error> {
        for setting in settings {
            self.reserve(setting.writes).await?;
            self.operate_planned(setting, Care::Checked).await?;
        }
        if settings.is_empty() {
            return Ok(());
        }
        let done = self.line().await?.session.operation_complete().await;
        self.lose_line(&done);
        self.straighten_after(&done).await;
        done
    }
}

/// The value of a setting among what was read for it.
fn read_as(name: &str, mut readings: Readings) -> Value {
    readings
        .remove(name)
        .unwrap_or_else(|| if readings.is_empty() { Value::Null } else { Value::Object(readings) })
}
