//! The answers about outstations.

#![expect(dead_code, reason = "described here, never made: the handlers write the JSON themselves")]

use serde_json::Value;
use utoipa::ToSchema;

use super::answers::{Instant, success};
use super::kind::{self, Node};
use crate::api::outstation_shown::{ApprovalView, OutstationView, TagView};

/// Answers that say that they are one, besides what they hold.
macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$inner:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        pub(in crate::api) struct $name {
            #[schema(schema_with = success)]
            success: bool,
            $($(#[$inner])* $field: $kind,)*
        }
    )*};
}

answers! {
    /// Outstations by name.
    Outstations {
        count: u64,
        #[schema(value_type = Vec<OutstationView<'static>>)]
        outstations: (),
    }
    /// An outstation.
    OneOutstation {
        #[schema(value_type = OutstationView<'static>)]
        outstation: (),
    }
    /// An outstation that was registered or changed.
    OutstationKept {
        message: String,
        #[schema(value_type = OutstationView<'static>)]
        outstation: (),
    }
    /// Points that were kept.
    PointsKept {
        message: String,
        outstation: String,
        count: u64,
    }
    /// Requests for consent, the oldest first.
    Approvals {
        count: u64,
        #[schema(value_type = Vec<ApprovalView<'static>>)]
        approvals: (),
    }
    /// A request for consent.
    OneApproval {
        #[schema(value_type = ApprovalView<'static>)]
        approval: (),
    }
    /// A request for consent, and what was done with it.
    ApprovalAnswer {
        message: String,
        #[schema(value_type = ApprovalView<'static>)]
        approval: (),
    }
    /// A command that was agreed to, and what became of it.
    Approved {
        message: String,
        #[schema(value_type = ApprovalView<'static>)]
        approval: (),
        /// Null: it is sent when its job fires.
        report: Option<CommandReport>,
    }
    /// Tags by outstation and point.
    Tags {
        count: u64,
        #[schema(value_type = Vec<TagView<'static>>)]
        tags: (),
    }
    /// A point that is tagged now.
    Tagged {
        message: String,
        #[schema(value_type = TagView<'static>)]
        tag: (),
    }
    /// The switch of all commands, as it was thrown.
    Switched {
        message: String,
        stopped: bool,
        reason: Option<String>,
        by: Option<String>,
        at: Option<Instant>,
    }
    /// It is done.
    Done {
        message: String,
    }
}

/// The points of an outstation.
#[derive(ToSchema)]
pub(in crate::api) struct Points {
    outstation: String,
    count: u64,
    /// As they can be kept.
    #[schema(value_type = Vec<Object>)]
    points: Vec<Value>,
}

/// How an outstation stands.
#[derive(ToSchema)]
pub(in crate::api) struct OutstationStatus {
    outstation: String,
    #[schema(schema_with = links)]
    link: String,
    since: Instant,
    /// Why the link is not up.
    #[schema(nullable = false)]
    why: Option<String>,
    /// Each address with its state: active, standby, down.
    #[schema(value_type = Vec<Object>)]
    endpoints: Vec<Value>,
    /// Its name, both addresses of the very socket, TLS, and since when it stands.
    #[schema(value_type = Option<Object>, nullable = false)]
    connection: Option<Value>,
    /// Why its points cannot be commanded.
    #[schema(nullable = false)]
    fault: Option<String>,
    points: u64,
    /// How many of them have a value now.
    known: u64,
    in_flight: u64,
    /// The last general interrogation.
    #[schema(value_type = Option<Object>, nullable = false)]
    interrogated: Option<Value>,
    /// The last setting of its clock.
    #[schema(value_type = Option<Object>, nullable = false)]
    clock_set: Option<Value>,
    #[schema(nullable = false)]
    restarted_at: Option<Instant>,
    #[schema(value_type = Object)]
    counters: Value,
    #[schema(value_type = Vec<TagView<'static>>)]
    tagged: (),
    control_stopped: bool,
}

fn links() -> Node {
    kind::words(["up", "down", "off"]).into()
}

/// Values of points.
#[derive(ToSchema)]
pub(in crate::api) struct Values {
    outstation: String,
    count: u64,
    values: Vec<PointValue>,
}

/// What a point shows, and what is known of that.
#[derive(ToSchema)]
pub(in crate::api) struct PointValue {
    /// Its name, where it is configured.
    #[schema(nullable = false)]
    point: Option<String>,
    ca: u16,
    ioa: u32,
    #[schema(rename = "type")]
    kind: String,
    #[schema(nullable = false)]
    unit: Option<String>,
    /// The point that shows it, where it is commanded.
    #[schema(nullable = false)]
    feedback: Option<String>,
    /// Why the value does not count, if it does not.
    #[schema(nullable = false)]
    doubt: Option<String>,
    #[schema(inline)]
    value: Option<String>,
    /// The octets of the element, in hexadecimal digits.
    #[schema(nullable = false)]
    raw: Option<String>,
    /// IV, NT, SB, BL, OV, EI; none: good.
    #[schema(nullable = false)]
    quality: Option<Vec<String>>,
    #[schema(nullable = false)]
    source: Option<String>,
    /// The outstation's time of it, as it stood in the frame.
    #[schema(nullable = false)]
    tagged: Option<String>,
    #[schema(nullable = false)]
    received_at: Option<Instant>,
    #[schema(nullable = false)]
    age_ms: Option<u64>,
}

/// What became of something that was asked of an outstation.
#[derive(ToSchema)]
pub(in crate::api) struct CommandReport {
    outstation: String,
    #[schema(nullable = false)]
    point: Option<String>,
    #[schema(schema_with = commands)]
    command: String,
    /// It was only looked, and nothing was sent.
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    #[schema(schema_with = classes)]
    class: String,
    /// What the class is in short; none of dry runs.
    #[schema(schema_with = statuses, required = false)]
    status: String,
    /// Why, as a word.
    reason: String,
    /// Why, as a sentence.
    sentence: String,
    /// What the feedback point showed before.
    #[schema(value_type = Option<Object>, nullable = false)]
    previous: Option<Value>,
    /// What was commanded.
    #[schema(value_type = Option<Object>, nullable = false)]
    new: Option<Value>,
    /// What the feedback point shows now; of readings, what was read.
    #[schema(value_type = Option<Object>, nullable = false)]
    feedback: Option<Value>,
    /// `high`, or what was lacking for that.
    #[schema(nullable = false)]
    grade: Option<String>,
    /// How many values came of a question.
    #[schema(nullable = false)]
    values: Option<u64>,
    /// The outstation's time before its clock was set.
    #[schema(nullable = false)]
    clock: Option<String>,
    /// What it is called in the audit trail.
    #[schema(nullable = false)]
    correlation: Option<String>,
    /// Our address, of the very socket.
    #[schema(nullable = false)]
    local: Option<String>,
    /// The outstation's.
    #[schema(nullable = false)]
    peer: Option<String>,
    /// The ASDUs that would be sent, of dry runs.
    #[schema(nullable = false)]
    octets: Option<Vec<String>>,
    /// Why the outcome could not be recorded; the intent was.
    #[schema(nullable = false)]
    unrecorded: Option<String>,
    started_at: Instant,
    ended_at: Instant,
}

fn commands() -> Node {
    kind::words(["write", "interrogate", "counters", "read", "sync_clock", "test"]).into()
}

fn classes() -> Node {
    let words = [
        "not_sent",
        "refused",
        "confirmed",
        "completed",
        "verified",
        "unknown",
        "unanswered",
        "incomplete",
        "complete",
    ];
    kind::words(words).into()
}

fn statuses() -> Node {
    kind::words(["pending", "confirmed", "failed"]).into()
}

/// Where a request for consent stands.
pub(in crate::api) fn approval_states() -> Node {
    kind::words(["waiting", "approved", "rejected", "expired"]).into()
}
