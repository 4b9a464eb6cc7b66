//! Tests of equipment: that it is there and the right one, that it finds no fault with itself; and its
//! safe state.

use serde_json::{Value, json};
use station_core::model::EquipmentTest;

use super::Lease;
use super::line::compare;
use super::operate::Care;
use crate::{Error, ErrorKind};

impl Lease {
    /// Tests it; what came of it. A test that it does not pass is no error, but says so.
    ///
    /// # Errors
    /// It cannot be tested so, or does not answer.
    pub async fn test(&mut self, test: EquipmentTest) -> Result<Value, Error> {
        self.enter()?;
        let done = Self::within(self.expires(), async {
            match test {
                EquipmentTest::Connection => self.test_connection().await,
                EquipmentTest::SelfTest => self.self_test().await,
            }
        });
        let done = done.await;
        self.lose_line(&done);
        self.straighten_after(&done).await;
        self.leave(done)
    }

    async fn test_connection(&mut self) -> Result<Value, Error> {
        let registered = self.equipment.identity.clone();
        let identity = self.line().await?.session.identify().await?;
        let compared = compare(&registered, &identity);
        let mut result = json!({
            "test": "connection",
            "passed": compared.is_ok(),
            "identity": identity,
        });
        if let (Err(error), Some(result)) = (compared, result.as_object_mut()) {
            result.insert("reason".to_owned(), error.message.into());
        }
        Ok(result)
    }

    /// Asks for its self-test (IEEE 488.2, 10.38), which may take as long as `*OPC?`.
    async fn self_test(&mut self) -> Result<Value, Error> {
        let driver = std::sync::Arc::clone(&self.driver);
        let protocol = driver.protocol();
        let Some(query) = &protocol.self_test else {
            let message = format!("the driver {} knows no self-test of it", driver.name());
            return Err(Error::new(ErrorKind::Invalid, message));
        };
        let id = self.equipment.id.clone();
        let transcript = self.transcript.clone();
        let session = &mut self.line().await?.session;
        if let Some(transcript) = &transcript {
            transcript.sent(&id, query);
        }
        let usual = session.settings().io_timeout;
        let limit = protocol.self_test_timeout.unwrap_or(session.settings().opc_timeout);
        session.settings_mut().io_timeout = limit;
        let reply = session.ask(query).await;
        session.settings_mut().io_timeout = usual;
        let reply = reply?;
        if let Some(transcript) = &transcript {
            transcript.received(&id, &reply);
        }
        let answer = station_wire::scpi::strip_header(&reply).trim().to_owned();
        let passed = protocol.self_test_passed(&answer);
        let done = if passed { self.reports("its self-test", Ok(())).await } else { Ok(()) };
        done?;
        let mut result = json!({ "test": "self_test", "passed": passed, "answer": answer });
        if let (false, Some(result)) = (passed, result.as_object_mut()) {
            let reason = format!("it answers '{answer}' to {query}");
            result.insert("reason".to_owned(), reason.into());
        }
        Ok(result)
    }

    /// Brings it into its safe state, as its driver says; at once where there is none.
    ///
    /// # Errors
    /// It is not known to be in its safe state.
    pub async fn make_safe(&mut self) -> Result<(), Error> {
        let done = match self.enter() {
            Ok(()) => {
                let done = Self::within(self.expires(), self.go_safe()).await;
                self.leave(done)
            }
            Err(error) => Err(error),
        };
        done.map_err(|error| {
            let id = &self.equipment.id;
            let message = format!("equipment '{id}' is NOT known to be in its safe state: ");
            let why = error.message.trim_start_matches(&format!("equipment '{id}': "));
            Error::new(error.kind, message + why)
        })
    }

    async fn go_safe(&mut self) -> Result<(), Error> {
        let steps = self.driver.plan_safe_state()?;
        if steps.is_empty() {
            return Ok(());
        }
        self.operate("the safe state", &steps, Care::Safety).await.map(drop)
    }

    /// Looks at what was not looked at while it was sampled: errors, and whether it was switched off.
    pub(crate) async fn check(&mut self, what: &str) -> Result<(), Error> {
        self.enter()?;
        let done = Self::within(self.expires(), self.reports(what, Ok(()))).await;
        self.leave(done)
    }

    /// Whether it has a safe state and its settings do not forbid it.
    pub(crate) fn has_safe_state(&self) -> bool {
        !self.driver.safe_state().is_empty() && self.equipment.settings.safe_state != Some(false)
    }
}
