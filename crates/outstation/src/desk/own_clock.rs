//! The clocks of outstations, as the station sets them by itself: as if somebody had asked for it.

use std::sync::Arc;

use station_core::audit::{Actor, Status};
use station_core::model::Control;

use super::events::Notes;
use super::{ControlRequest, Outstations, Shared};

impl Shared {
    /// Sets the clock of an outstation, with intent and outcome in the trail, unless that may not be now.
    pub(super) fn set_clock(self: &Arc<Self>, notes: &Arc<Notes>) {
        let (desk, notes) = (Outstations { shared: Arc::clone(self) }, Arc::clone(notes));
        self.runtime.spawn(async move {
            let by = Actor::station();
            let request = ControlRequest::new(notes.name.as_str(), Control::SyncClock, by);
            let was_set = match desk.control(request).await {
                Ok(report) => report.status == Some(Status::Confirmed),
                Err(refused) => {
                    notes.clock_refused(&refused);
                    false
                }
            };
            let post = desk.shared.post(&notes.name);
            if let Some(session) = post.and_then(|post| post.line.session()) {
                session.clock_done(was_set);
            }
        });
    }
}
