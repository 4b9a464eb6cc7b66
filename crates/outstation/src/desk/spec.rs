//! What was permitted, as the session sends it.

use std::time::Duration;

use station_core::model::{OutstationSettings, Termination};
use station_wire::iec104::codec::Value;
use station_wire::iec104::command;

use crate::permit::{Feedback, Permit};
use crate::value::Expected;

/// How long the end of an operation is waited for where it need not be told, but was the last time: so it
/// stands in the outcome and not in a record of its own.
const USUAL_TERM: Duration = Duration::from_millis(200);

/// The command to be sent. `before` is what the feedback point shows, if that is known and good.
pub(super) fn spec(
    permit: &Permit,
    settings: &OutstationSettings,
    before: Option<Value>,
    terminates: bool,
) -> command::Spec {
    let span = Duration::from_millis;
    let limits = command::Limits {
        select_con: span(settings.select_timeout),
        execute_con: span(settings.execute_timeout),
        term: span(settings.term_timeout),
        // Outstations that never tell the end would hold up every command.
        optional_term: if terminates { USUAL_TERM } else { Duration::ZERO },
        window: span(settings.select_window),
        feedback: span(settings.feedback_timeout),
    };
    let feedback = permit.feedback.as_ref();
    command::Spec {
        ca: permit.ca,
        ioa: permit.ioa,
        type_id: permit.type_id,
        value: permit.value,
        originator: permit.originator,
        select: permit.select,
        termination: match permit.termination {
            Termination::Required => command::Termination::Required,
            Termination::Optional => command::Termination::Optional,
            Termination::None => command::Termination::None,
        },
        limits,
        expires: None,
        feedback: feedback.and_then(|feedback| watched(feedback, &permit.value, before)),
    }
}

/// What the feedback point is to show; `None` if nobody can say that, as of a tap changer whose position
/// is not known.
fn watched(feedback: &Feedback, value: &Value, before: Option<Value>) -> Option<command::Feedback> {
    let expected = match Expected::of(value, before.as_ref())? {
        Expected::Switched(on) => command::Expected::Switched(on),
        // Some outstations scale by 32767.
        Expected::Normalized(raw) => command::Expected::Raw { value: raw, tolerance: 1 },
        Expected::Scaled(value) => command::Expected::Raw { value, tolerance: 0 },
        Expected::Float(value) => command::Expected::Float { value, tolerance: 0.0 },
        Expected::Bits(value) => command::Expected::Bits { value, mask: u32::MAX },
        Expected::Stepped { from, higher } => {
            let to = if higher { from.checked_add(1) } else { from.checked_sub(1) };
            command::Expected::Position(to?)
        }
    };
    Some(command::Feedback { ca: feedback.ca, ioa: feedback.ioa, expected, previous: before })
}
