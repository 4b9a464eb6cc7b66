//! Hands on an equipment: what sequences and acquisitions need of a lease.

use serde_json::Value;
use station_core::model::Call;

use crate::Error;
use crate::bench::Lease;

/// Carries out calls on one equipment.
pub(crate) trait Hands: Send {
    /// The equipment.
    fn id(&self) -> &str;

    /// Whether a call could be carried out, by the driver. Sends nothing.
    fn check(&self, call: &Call) -> Result<(), Error>;

    /// Carries out a call; see [`Lease::call`].
    fn call(&mut self, call: &Call) -> impl Future<Output = Result<Value, Error>> + Send;

    /// Carries out a call that only reads; see [`Lease::read`].
    fn read(&mut self, call: &Call) -> impl Future<Output = Result<Value, Error>> + Send;
}

impl Hands for Lease {
    fn id(&self) -> &str {
        &self.equipment().id
    }

    fn check(&self, call: &Call) -> Result<(), Error> {
        let driver = self.driver();
        driver.verb(&call.verb)?.plan(&call.parameters, driver).map(drop)
    }

    async fn call(&mut self, call: &Call) -> Result<Value, Error> {
        Self::call(self, call).await
    }

    async fn read(&mut self, call: &Call) -> Result<Value, Error> {
        Self::read(self, call).await
    }
}
