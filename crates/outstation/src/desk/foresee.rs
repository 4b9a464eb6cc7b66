//! Looks whether something can be asked for at all, before it is scheduled.

use station_core::model::{Control, Principal};

use super::{Outstations, Refused};
use crate::permit::foresee;

impl Outstations {
    /// Whether something could be done with an outstation for somebody, at some other time: whether there
    /// is such a point, it takes such a value, and they may command it. Answers within how many seconds
    /// somebody else has to agree to it, if anybody has to. Nothing is recorded.
    ///
    /// # Errors
    /// It could never be done, and why.
    pub fn foresee(
        &self,
        name: &str,
        control: &Control,
        by: &Principal,
    ) -> Result<Option<u32>, Refused> {
        let post = self.shared.post(name).ok_or_else(|| self.shared.no_outstation(name))?;
        match control {
            Control::Write(write) => {
                let table = post.table.as_ref().map_err(|why| post.has_no_points(why))?;
                Ok(foresee(table, write, by)?)
            }
            Control::Read { point } => post.watched(point).map(|_| None),
            Control::Interrogate { .. }
            | Control::Counters { .. }
            | Control::SyncClock
            | Control::Test => Ok(None),
        }
    }
}
