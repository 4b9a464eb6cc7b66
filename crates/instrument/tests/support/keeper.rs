//! A keeper in memory, with a clock that can be set.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use station_core::model::{Micros, Record, RecordKind};
use station_instrument::bench::Keeper;
use station_instrument::transport::Act;

/// Keeps records in memory.
#[derive(Default)]
pub(crate) struct MemoryKeeper {
    records: Mutex<BTreeMap<(RecordKind, String), Record>>,
    ahead: Mutex<Duration>,
}

impl MemoryKeeper {
    /// All records of a kind.
    pub(crate) fn all(&self, kind: RecordKind) -> Vec<Record> {
        let records = self.records.lock().unwrap();
        records.values().filter(|record| record.kind() == kind).cloned().collect()
    }

    /// Sets the clock back to the present.
    pub(crate) fn set_back(&self) {
        *self.ahead.lock().unwrap() = Duration::ZERO;
    }

    /// Sets the clock forward.
    pub(crate) fn pass(&self, time: Duration) {
        *self.ahead.lock().unwrap() += time;
    }
}

impl Keeper for MemoryKeeper {
    fn keep(&self, record: Record) -> Act<'static, ()> {
        let key = (record.kind(), record.key().into_owned());
        self.records.lock().unwrap().insert(key, record);
        Box::pin(std::future::ready(Ok(())))
    }

    fn find(&self, kind: RecordKind, key: String) -> Act<'static, Option<Record>> {
        let found = self.records.lock().unwrap().get(&(kind, key)).cloned();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn now(&self) -> Micros {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Micros(0).plus(since + *self.ahead.lock().unwrap())
    }
}
