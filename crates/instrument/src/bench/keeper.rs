//! What the bench needs of the station around it: durable records, and the wall clock.

use station_core::model::{Micros, Record, RecordKind};

use crate::transport::Act;

/// Keeps records durably.
pub trait Keeper: Send + Sync {
    /// Keeps a record; resolves once it is on disk. In place of the one of its kind and key.
    fn keep(&self, record: Record) -> Act<'static, ()>;

    /// Finds a record.
    fn find(&self, kind: RecordKind, key: String) -> Act<'static, Option<Record>>;

    /// The present by the wall clock.
    fn now(&self) -> Micros;
}
