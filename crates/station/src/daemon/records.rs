//! Records for the bench: kept by the dispatcher like every other change, read from the store.

use station_core::engine::{Expect, Reply, Request};
use station_core::model::{Micros, Record, RecordKind};
use station_instrument::bench::Keeper;
use station_instrument::transport::Act;
use station_instrument::{Error, ErrorKind};

use crate::runtime::Handle;

/// Keeps the bench's records in the station's store.
pub(super) struct Records(pub(super) Handle);

impl Keeper for Records {
    fn keep(&self, record: Record) -> Act<'static, ()> {
        let handle = self.0.clone();
        Box::pin(async move {
            let (kind, key) = (record.kind().name(), record.key().into_owned());
            let record = Box::new(record);
            let request = Request::Keep { record, expect: Expect::Either, there: false };
            let local = |why: String| {
                Error::new(ErrorKind::Local, format!("{kind} '{key}' cannot be stored: {why}"))
            };
            match handle.request(request).await {
                Ok(Reply::RecordKept) => Ok(()),
                Ok(Reply::Refused(refusal)) => Err(local(refusal.to_string())),
                Ok(other) => Err(local(format!("{other:?}"))),
                Err(error) => Err(local(error.to_string())),
            }
        })
    }

    fn find(&self, kind: RecordKind, key: String) -> Act<'static, Option<Record>> {
        let reader = self.0.reader();
        Box::pin(async move {
            let name = kind.name();
            let local = |why: String| {
                Error::new(ErrorKind::Local, format!("{name} '{key}' cannot be read: {why}"))
            };
            let wanted = key.clone();
            let found = tokio::task::spawn_blocking(move || reader.record(kind, &wanted)).await;
            let found = found.map_err(|error| local(error.to_string()))?;
            found.map_err(|error| local(error.to_string()))
        })
    }

    fn now(&self) -> Micros {
        self.0.now()
    }
}
