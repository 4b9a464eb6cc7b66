//! Hands on an equipment: what sequences and acquisitions need of a lease.

use std::time::Duration;

use serde_json::Value;
use station_core::model::Call;

use crate::Error;
use crate::bench::{Lease, Planned};

/// Carries out calls on one equipment.
pub(crate) trait Hands: Send {
    /// A call that can be carried out, as often as is wanted: at a deadline only sending is left.
    type Ready: Send + Sync;

    /// The equipment.
    fn id(&self) -> &str;

    /// Makes a call ready, by the driver. Sends nothing.
    fn ready(&self, call: &Call) -> Result<Self::Ready, Error>;

    /// Carries out a call; see [`Lease::call`].
    fn call(&mut self, call: &Self::Ready) -> impl Future<Output = Result<Value, Error>> + Send;

    /// Carries out a call that only reads; see [`Lease::read`].
    fn read(&mut self, call: &Self::Ready) -> impl Future<Output = Result<Value, Error>> + Send;

    /// When the first message of the last call was handed to the kernel, by the clock of
    /// [`crate::timer::Timer`]; `None` if none was.
    fn sent_at(&self) -> Option<Duration>;
}

impl Hands for Lease {
    type Ready = Planned;

    fn id(&self) -> &str {
        &self.equipment().id
    }

    fn ready(&self, call: &Call) -> Result<Planned, Error> {
        self.plan(call)
    }

    async fn call(&mut self, call: &Planned) -> Result<Value, Error> {
        self.call_planned(call).await
    }

    async fn read(&mut self, call: &Planned) -> Result<Value, Error> {
        self.read_planned(call).await
    }

    fn sent_at(&self) -> Option<Duration> {
        Self::sent_at(self)
    }
}
