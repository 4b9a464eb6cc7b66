//! What a point showed before a command: known freshly, or asked for, or said not to be known.

use std::time::Duration;

use station_core::audit::Sample;
use station_wire::iec104::codec::Value;
use station_wire::iec104::query::Class;

use crate::cache::Reading;
use crate::permit::Feedback;
use crate::session::{Ask, Session};

use super::{Post, Shared, lock};

/// What a feedback point showed before a command.
#[derive(Clone, Debug)]
pub(super) struct Previous {
    /// As it is recorded.
    pub(super) sample: Sample,
    /// The value, if it is known and good.
    pub(super) value: Option<Value>,
    /// What is lacking; `None`: it is known, good and fresh.
    pub(super) lack: Option<&'static str>,
}

/// Learns what a feedback point shows: from the cache, or by C_RD where that is too old, which is
/// waited for up to `limit`.
pub(super) async fn learn(
    shared: &Shared,
    post: &Post,
    session: &Session,
    feedback: Option<&Feedback>,
    limit: Duration,
) -> Previous {
    let Some(feedback) = feedback else { return unknown("no feedback point") };
    let known = || lock(&post.line.cache).get(feedback.ca, feedback.ioa);
    let fresh = post.outstation.settings.fresh;
    let cached = judge(shared, known(), Some(fresh));
    if cached.lack.is_none() {
        return cached;
    }
    let ask = session.ask(Ask::Read { ca: feedback.ca, ioa: feedback.ioa }, None);
    match tokio::time::timeout(limit, ask).await {
        Ok(end) if end.class == Class::Complete => judge(shared, known(), None),
        // Many outstations cannot be asked; what the cache has is all there is then.
        Ok(_) | Err(_) => cached,
    }
}

/// Judges what is known. What was read just now is not old.
fn judge(shared: &Shared, reading: Option<Reading>, fresh: Option<u64>) -> Previous {
    let now = shared.now();
    let Some(reading) = reading else { return unknown("previous value unknown") };
    let value = reading.trusted().ok();
    let lack = if value.is_none() {
        Some("previous value in doubt")
    } else if fresh.is_some_and(|fresh| reading.age_ms(now) >= fresh) {
        Some("previous value old")
    } else {
        None
    };
    Previous { sample: reading.sample(now), value, lack }
}

fn unknown(lack: &'static str) -> Previous {
    Previous { sample: nothing(), value: None, lack: Some(lack) }
}

/// Of a point that was never told.
pub(super) fn nothing() -> Sample {
    Sample { source: Some("none".to_owned()), ..Sample::default() }
}
