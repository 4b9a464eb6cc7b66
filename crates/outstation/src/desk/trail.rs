//! What the desk needs of the station around it: a durable trail, alarms, and the state of the clock.

use std::future::Future;
use std::pin::Pin;

use station_core::audit::Draft;

/// Something that is being done.
pub type Act<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where what is done is recorded.
pub trait Trail: Send + Sync {
    /// Records drafts; resolves once they are durable.
    ///
    /// # Errors
    /// They are not, and what they announce must not be done; a sentence says why.
    fn record(&self, drafts: Vec<Draft>) -> Act<Result<(), String>>;

    /// Records drafts of what has happened already, in time.
    fn record_later(&self, drafts: Vec<Draft>);

    /// A name that no other command in the trail has.
    fn correlation(&self) -> String;

    /// Whether the clock of this machine is synchronised.
    fn is_synchronised(&self) -> bool;

    /// Raises an alarm of the station itself; those of one topic are one alarm until it is cleared.
    fn alarm(&self, topic: String, message: String);
}
