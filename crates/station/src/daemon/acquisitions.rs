//! Ends the records of acquisitions that the last daemon was killed in the middle of.

use station_core::engine::{Expect, Reply, Request};
use station_core::model::{Acquisition, AcquisitionState, Record, RecordKind};

use crate::port::StoreError;
use crate::runtime::Handle;
use crate::store::{Reader, RecordFilter};

/// Why such an acquisition is in error.
const CUT_OFF: &str = "cut off: the station stopped";

/// The acquisitions that are recorded as under way. Nothing is under way before a station has started,
/// so that this is asked for before.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn cut_off(reader: &Reader) -> Result<Vec<Acquisition>, StoreError> {
    let kind = RecordKind::Acquisition;
    let all = reader.records(&RecordFilter { kind, equipment: None, limit: usize::MAX })?;
    let under_way = all.into_iter().filter_map(|record| match record {
        Record::Acquisition(acquisition) if is_under_way(acquisition.state) => Some(*acquisition),
        Record::Acquisition(_)
        | Record::Equipment(_)
        | Record::Profile(_)
        | Record::State(_)
        | Record::Wear(_)
        | Record::Outstation(_)
        | Record::Tag(_)
        | Record::Control(_)
        | Record::Approval(_) => None,
    });
    Ok(under_way.collect())
}

fn is_under_way(state: AcquisitionState) -> bool {
    match state {
        AcquisitionState::WaitingTrigger
        | AcquisitionState::Acquiring
        | AcquisitionState::Paused => true,
        AcquisitionState::Idle | AcquisitionState::Stopped | AcquisitionState::Error => false,
    }
}

/// Has them recorded as cut off. What was written of them stays.
pub(super) fn end(acquisitions: Vec<Acquisition>, handle: &Handle) {
    if acquisitions.is_empty() {
        return;
    }
    tracing::warn!(
        count = acquisitions.len(),
        "acquisitions were cut off when the station stopped"
    );
    let handle = handle.clone();
    tokio::spawn(async move {
        for mut acquisition in acquisitions {
            acquisition.state = AcquisitionState::Error;
            acquisition.error = Some(CUT_OFF.to_owned());
            acquisition.ended_at = Some(handle.now());
            let id = acquisition.id.clone();
            let record = Box::new(Record::Acquisition(Box::new(acquisition)));
            // Who removed it meanwhile does not find it again.
            let kept =
                handle.request(Request::Keep { record, expect: Expect::There, there: false });
            match kept.await {
                Ok(Reply::RecordKept) => {}
                refused => tracing::warn!(acquisition = id, ?refused, "its end was not recorded"),
            }
        }
    });
}
