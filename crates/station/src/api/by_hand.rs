//! What people do with equipment by hand, in the audit trail: an intent before it, an outcome behind it.

use serde_json::Value;
use station_core::audit::{Draft, Kind, Status};
use station_instrument::Error;

use super::caller::Asker;
use super::error::ApiError;
use crate::runtime::Handle;

/// Something is about to be done with equipment. When nobody tells what came of it, since whoever asked
/// has gone, it is not known.
pub(super) struct Intent {
    handle: Handle,
    draft: Option<Draft>,
}

impl Intent {
    /// Records what is to be done; what that is stands under `what`.
    ///
    /// # Errors
    /// When it cannot be recorded; it must not be done then.
    pub(super) async fn record(
        handle: &Handle,
        asker: &Asker,
        (equipment, action): (&str, &str),
        what: Value,
    ) -> Result<Self, ApiError> {
        let draft = Draft {
            correlation: Some(handle.correlation()),
            ..Draft::done(asker.actor(), format!("equipment {equipment}"), action)
        };
        let draft = draft.with("what", what);
        let intent = Draft { kind: Kind::Intent, status: Status::Pending, ..draft.clone() };
        handle.record(vec![intent]).await?;
        Ok(Self { handle: handle.clone(), draft: Some(draft) })
    }

    /// Records what came of it.
    pub(super) fn outcome<T>(mut self, did: Result<T, Error>) -> Result<T, Error> {
        match &did {
            Ok(_) => self.tell(Status::Confirmed, "completed", None),
            Err(error) => {
                let class = if error.is_before() { "not_sent" } else { "unknown" };
                self.tell(Status::Failed, class, Some(&error.message));
            }
        }
        did
    }

    fn tell(&mut self, status: Status, class: &str, why: Option<&str>) {
        let Some(draft) = self.draft.take() else { return };
        let draft = Draft { kind: Kind::Outcome, status, ..draft }.with("class", class);
        let draft = match why {
            Some(why) => draft.with("why", why),
            None => draft,
        };
        self.handle.record_later(vec![draft]);
    }
}

impl Drop for Intent {
    fn drop(&mut self) {
        self.tell(Status::Failed, "unknown", Some("whoever asked has gone meanwhile"));
    }
}
