//! When a job fires: one file and one variant for each kind of trigger.

mod date;

use crate::model::Micros;
pub use crate::model::{DateTrigger, Trigger};

impl Trigger {
    /// The first instant strictly after `after` at which the trigger fires, if there is one.
    #[must_use]
    pub fn next(&self, after: Micros) -> Option<Micros> {
        match self {
            Self::Date(date) => date.next(after),
        }
    }

    /// Its kind, as the API names it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Date(_) => "date",
        }
    }
}
