//! Requests as they come in: each a task of its own.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use station_core::audit::{Actor, Draft, Telecontrol};
use station_core::model::{Control, Expiry};
use station_core::near::{nearest, shown};

use super::begun::Begun;
use super::repeats::{HOUR, Key, MINUTE, Measure};
use super::{ControlRequest, Outstations, Post, Recall, Refused, Report, Shared};

/// Takes its command back when it goes away.
struct Caller(Recall);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.recall();
    }
}

/// Something is under way for as long as this exists.
struct Busy(Arc<Shared>);

impl Busy {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.busy.send_modify(|count| *count = count.saturating_add(1));
        Self(Arc::clone(shared))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Outstations {
    /// Does something with an outstation, and waits for the end. If this future is dropped before a
    /// command is sent, it is not; what was sent gets its outcome in the trail all the same.
    ///
    /// # Errors
    /// Nothing was sent: it is not permitted, or could not be recorded.
    pub async fn control(&self, request: ControlRequest) -> Result<Report, Refused> {
        let caller = Caller(request.recall.clone());
        let (shared, busy) = (Arc::clone(&self.shared), Busy::new(&self.shared));
        let outstation = request.outstation.clone();
        let work = async move {
            let _busy = busy;
            shared.control(request).await
        };
        let ended = self.shared.runtime.spawn(work).await;
        drop(caller);
        ended.unwrap_or_else(|_| {
            let sentence = format!(
                "the work with {} was cut short; the audit trail says how far it came",
                shown(&outstation)
            );
            Err(Refused::new("interrupted", sentence))
        })
    }
}

impl Shared {
    async fn control(self: Arc<Self>, request: ControlRequest) -> Result<Report, Refused> {
        let Some(post) = self.post(&request.outstation) else {
            let refused = self.no_outstation(&request.outstation);
            return Err(self.refuse(&request, None, refused));
        };
        let expires = request.expires.unwrap_or_else(|| {
            let now = self.now();
            Expiry::new(now.wall, Duration::from_millis(post.outstation.settings.expiry), now)
        });
        match request.control.clone() {
            Control::Write(write) => self.write(&post, request, write, expires).await,
            Control::Interrogate { .. }
            | Control::Counters { .. }
            | Control::Read { .. }
            | Control::SyncClock
            | Control::Test => self.question(&post, request, expires).await,
        }
    }

    pub(super) fn no_outstation(&self, name: &str) -> Refused {
        let posts = self.posts();
        let near = nearest(name, posts.keys().map(String::as_str));
        let near = near.map(|near| format!(" (did you mean '{near}'?)")).unwrap_or_default();
        let sentence = format!(
            "there is no outstation '{}'{near}; 'station outstation list' shows all",
            shown(name)
        );
        Refused::new("unknown_outstation", sentence)
    }

    /// Records a refusal, and names it. Of dry runs nothing is recorded.
    pub(super) fn refuse(
        &self,
        request: &ControlRequest,
        told: Option<Telecontrol>,
        refused: Refused,
    ) -> Refused {
        if request.dry_run {
            return refused;
        }
        let begun = begun(request, self.trail.correlation(), told);
        let draft = begun.refused(refused.reason, &refused.sentence);
        let correlation = self.repeated(&begun.by, &begun.subject, refused.reason, draft);
        Refused { correlation, ..refused }
    }

    /// Records a refusal: the first of its kind at once, others counted.
    pub(super) fn repeated(
        &self,
        by: &Actor,
        subject: &str,
        reason: &'static str,
        draft: Draft,
    ) -> Option<String> {
        // Names that are none could be without end.
        let is_known = !matches!(reason, "unknown_outstation" | "unknown_point");
        let what = if is_known { subject.to_owned() } else { String::new() };
        let (who, within) = match &by.principal {
            Some(principal) => (principal.label(), MINUTE),
            None => (String::new(), HOUR),
        };
        let key = Key { who, what, why: reason };
        self.repeats.tell(key, Measure { at_once: 1, within }, draft)
    }

    /// How long a session may take to stand for a request, and how long a value to be read: half of
    /// what is left, so that the other half is left for the command.
    pub(super) fn half(&self, expires: Expiry) -> Duration {
        expires.mono.since(self.now().mono) / 2
    }
}

/// What a request is to the trail.
pub(super) fn begun(
    request: &ControlRequest,
    correlation: String,
    told: Option<Telecontrol>,
) -> Begun {
    let (outstation, point) = (&request.outstation, point(&request.control));
    let subject = match point {
        Some(point) => format!("outstation {}/{}", shown(outstation), shown(point)),
        None => format!("outstation {}", shown(outstation)),
    };
    let mut by = request.by.clone();
    let mut detail = Map::new();
    if let Control::Write(write) = &request.control {
        by.reason = write.reason.clone().or(by.reason);
        by.ticket = write.ticket.clone().or(by.ticket);
        detail.insert("value".to_owned(), shown(&write.value).into());
        if let Some(why) = &request.break_glass {
            detail.insert("break_glass".to_owned(), why.as_str().into());
        }
    }
    let telecontrol = told.unwrap_or_else(|| Telecontrol {
        outstation: shown(outstation),
        point: point.map(shown),
        ..Telecontrol::default()
    });
    Begun { correlation, by, subject, action: action(&request.control), detail, telecontrol }
}

/// The point that something is about.
pub(super) fn point(control: &Control) -> Option<&str> {
    match control {
        Control::Write(write) => Some(&write.point),
        Control::Read { point } => Some(point),
        Control::Interrogate { .. }
        | Control::Counters { .. }
        | Control::SyncClock
        | Control::Test => None,
    }
}

/// What is done, as a word.
pub(super) const fn action(control: &Control) -> &'static str {
    match control {
        Control::Write(_) => "write",
        Control::Interrogate { .. } => "interrogate",
        Control::Counters { .. } => "counters",
        Control::Read { .. } => "read",
        Control::SyncClock => "sync_clock",
        Control::Test => "test",
    }
}

impl Post {
    /// Its points are not fit to be commanded.
    pub(super) fn has_no_points(&self, why: &str) -> Refused {
        let name = &self.outstation.name;
        Refused::new(
            "no_points",
            format!("no point of {name} can be used: {why}; keep its points anew"),
        )
    }
}
