//! Outstations: what their desk needs of the station around it, and what it knows at a start.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::audit::{Draft, Kind};
use station_core::model::{Micros, Record, RecordKind, Severity};
use station_outstation::desk::{Act, Connect, Options, Outstations, Trail};

use super::alarms::Alarms;
use crate::port::StoreError;
use crate::runtime::{self, Handle, Mode};
use crate::store::{AuditFilter, Reader, RecordFilter};

/// How far back commands count for limits on how many there may be in an hour.
const HOUR: Duration = Duration::from_secs(3600);
/// How many records of the trail are read at once.
const PAGE: usize = 1000;

/// The station around the desk, once there is one.
pub(super) struct Around {
    station: OnceLock<(Handle, Alarms)>,
    /// Where the store is, and how many bytes have to be free there for anything to be commanded.
    store: PathBuf,
    keep_free: u64,
}

/// What the store knows of outstations at a start.
pub(super) struct Known {
    records: Vec<Record>,
    recent: Vec<(String, String, Micros)>,
}

/// A desk without outstations, and what it is to be told of the station around it.
pub(super) fn desk(mode: Mode, store: &Path, keep_free: u64) -> (Outstations, Arc<Around>) {
    let store = store.parent().unwrap_or(Path::new(".")).to_owned();
    let around = Arc::new(Around { station: OnceLock::new(), store, keep_free });
    let options = Options {
        zone: TimeZone::system(),
        zones: |name| jiff::tz::db().get(name).map_err(|error| error.to_string()),
        clock: runtime::both_clocks,
        connect: match mode {
            Mode::Daemon => Connect::Always,
            Mode::Embedded | Mode::Offline => Connect::OnDemand,
        },
    };
    (Outstations::new(Arc::clone(&around) as Arc<dyn Trail>, options), around)
}

impl Known {
    /// Reads it, before anything begins.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn read(reader: &Reader) -> Result<Self, StoreError> {
        let kinds =
            [RecordKind::Tag, RecordKind::Control, RecordKind::Approval, RecordKind::Outstation];
        let mut records = Vec::new();
        let mut registered = 0;
        for kind in kinds {
            let found =
                reader.records(&RecordFilter { kind, equipment: None, limit: usize::MAX })?;
            registered = found.len();
            records.extend(found);
        }
        let recent = if registered == 0 { Vec::new() } else { recent(reader)? };
        Ok(Self { records, recent })
    }

    /// Tells the desk, which begins with that.
    pub(super) fn tell(self, desk: &Outstations) {
        desk.restore(self.records, self.recent);
    }
}

/// The commands of the last hour: which outstation, which point, when. Those of which it is known that
/// they were not sent do not count.
fn recent(reader: &Reader) -> Result<Vec<(String, String, Micros)>, StoreError> {
    let since = Micros(runtime::wall_now().0.saturating_sub(micros(HOUR)));
    let mut filter = AuditFilter {
        action: Some("write".to_owned()),
        kinds: vec![Kind::Intent, Kind::Outcome],
        since: Some(since),
        limit: PAGE,
        ..AuditFilter::default()
    };
    let (mut recent, mut not_sent) = (Vec::new(), BTreeSet::new());
    loop {
        let page = reader.audit(&filter)?;
        // The newest come first, so that an outcome comes before its intent.
        for entry in page.items.iter().filter_map(|record| record.entry().ok()) {
            let Some(told) = entry.telecontrol else { continue };
            if entry.kind == Kind::Outcome {
                if told.class.as_deref() == Some("not_sent") {
                    not_sent.insert(entry.correlation);
                }
            } else if let Some(point) = told.point
                && !not_sent.contains(&entry.correlation)
            {
                recent.push((told.outstation, point, entry.at));
            }
        }
        match page.next_cursor {
            Some(next) => filter.cursor = Some(next),
            None => return Ok(recent),
        }
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl Around {
    /// From now on there is a station. To be called before anything is asked of the desk.
    pub(super) fn attach(&self, handle: &Handle) {
        // It is attached once.
        let _first = self.station.set((handle.clone(), Alarms::new(handle.clone())));
    }

    /// Whether the disk has room for what is to be commanded: an outcome that cannot be recorded is
    /// worse than a command that is not sent.
    fn has_room(&self) -> Result<(), String> {
        // What cannot be asked is found out by writing.
        let Ok(room) = rustix::fs::statvfs(&self.store) else { return Ok(()) };
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if free >= self.keep_free {
            return Ok(());
        }
        Err(format!(
            "{} has {free} bytes free, and {} are kept for the audit trail (keep_free_bytes of [audit] \
             in station.toml); make room there",
            self.store.display(),
            self.keep_free
        ))
    }
}

impl Trail for Around {
    fn record(&self, drafts: Vec<Draft>) -> Act<Result<(), String>> {
        let begins = drafts.iter().any(|draft| draft.kind == Kind::Intent);
        let room = if begins { self.has_room() } else { Ok(()) };
        let station = self.station.get().map(|(handle, _)| handle.clone());
        Box::pin(async move {
            room?;
            let station = station.ok_or("the station is only just starting")?;
            station.record(drafts).await.map_err(|error| error.to_string())
        })
    }

    fn record_later(&self, drafts: Vec<Draft>) {
        if let Some((handle, _)) = self.station.get() {
            handle.record_later(drafts);
        }
    }

    fn correlation(&self) -> String {
        self.station.get().map(|(handle, _)| handle.correlation()).unwrap_or_default()
    }

    fn is_synchronised(&self) -> bool {
        runtime::clock_is_synchronised()
    }

    fn alarm(&self, topic: String, message: String) {
        if let Some((_, alarms)) = self.station.get() {
            alarms.raise(&topic, Severity::Error, message);
        }
    }
}
