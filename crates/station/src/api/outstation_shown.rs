//! Shows outstations, tags, the switch and requests for consent as the JSON objects clients see.

use jiff::tz::TimeZone;
use serde::Serialize;
use station_core::model::{
    Approval, ApprovalState, ControlSwitch, Outstation, OutstationSettings, OutstationTls, Tag,
};

use super::openapi::{about_outstations, answers};
use super::stamp;

/// An outstation on the wire.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct OutstationView<'a> {
    name: &'a str,
    /// One address, or two of a redundant pair, the preferred first.
    endpoints: &'a [String],
    /// The local address its connections come from.
    bind: Option<&'a str>,
    /// Its common address.
    ca: u16,
    /// Our address in commands; 0: none.
    originator: u8,
    /// The files of TLS; null: it is spoken to in clear.
    #[schema(value_type = Option<Object>)]
    tls: Option<&'a OutstationTls>,
    /// Timers, windows and ways, spans in milliseconds.
    #[schema(value_type = Object)]
    settings: &'a OutstationSettings,
    /// How many points it has.
    points: usize,
    /// How many of them can be commanded.
    commandable: usize,
    #[schema(value_type = answers::Instant)]
    created_at: String,
    created_by: String,
    #[schema(value_type = answers::Instant)]
    modified_at: String,
}

impl<'a> OutstationView<'a> {
    /// Shows an outstation.
    pub(super) fn new(outstation: &'a Outstation, zone: &TimeZone) -> Self {
        let commandable = outstation.points.iter().filter(|point| point.command.is_some());
        Self {
            name: &outstation.name,
            endpoints: &outstation.endpoints,
            bind: outstation.bind.as_deref(),
            ca: outstation.ca,
            originator: outstation.settings.originator,
            tls: outstation.tls.as_ref(),
            settings: &outstation.settings,
            points: outstation.points.len(),
            commandable: commandable.count(),
            created_at: stamp::local(outstation.created_at, zone),
            created_by: outstation.created_by.label(),
            modified_at: stamp::local(outstation.modified_at, zone),
        }
    }
}

/// A point that nobody may command.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TagView<'a> {
    outstation: &'a str,
    point: &'a str,
    reason: &'a str,
    by: String,
    #[schema(value_type = answers::Instant)]
    at: String,
}

impl<'a> TagView<'a> {
    /// Shows a tag.
    pub(super) fn new(tag: &'a Tag, zone: &TimeZone) -> Self {
        Self {
            outstation: &tag.outstation,
            point: &tag.point,
            reason: &tag.reason,
            by: tag.by.label(),
            at: stamp::local(tag.at, zone),
        }
    }
}

/// Whether anything may be commanded.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SwitchView<'a> {
    /// Nothing may.
    stopped: bool,
    reason: Option<&'a str>,
    /// Who threw the switch last; null: nobody ever did.
    by: Option<String>,
    #[schema(value_type = Option<answers::Instant>)]
    at: Option<String>,
}

impl<'a> SwitchView<'a> {
    /// Shows the switch; one that was never thrown is on.
    pub(super) fn new(switch: Option<&'a ControlSwitch>, zone: &TimeZone) -> Self {
        Self {
            stopped: switch.is_some_and(|switch| switch.stopped),
            reason: switch.and_then(|switch| switch.reason.as_deref()),
            by: switch.map(|switch| switch.by.label()),
            at: switch.map(|switch| stamp::local(switch.at, zone)),
        }
    }
}

/// A command that waits for the consent of somebody else, or had it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ApprovalView<'a> {
    id: &'a str,
    outstation: &'a str,
    point: &'a str,
    value: &'a str,
    /// It is selected before it is operated, also where the point does not ask for that.
    select: bool,
    reason: Option<&'a str>,
    ticket: Option<&'a str>,
    /// The job it is for, once for all of its runs; null: it is sent once it is approved.
    job_id: Option<String>,
    /// What the point showed when it was asked for.
    previous: Option<&'a str>,
    requested_by: String,
    #[schema(value_type = answers::Instant)]
    requested_at: String,
    /// Until when it can be approved; null: as long as its job is there.
    #[schema(value_type = Option<answers::Instant>)]
    expires_at: Option<String>,
    #[schema(schema_with = about_outstations::approval_states)]
    state: &'static str,
    decided_by: Option<String>,
    #[schema(value_type = Option<answers::Instant>)]
    decided_at: Option<String>,
    note: Option<&'a str>,
}

impl<'a> ApprovalView<'a> {
    /// Shows a request for consent.
    pub(super) fn new(approval: &'a Approval, zone: &TimeZone) -> Self {
        let show = |at| stamp::local(at, zone);
        Self {
            id: &approval.id,
            outstation: &approval.outstation,
            point: &approval.write.point,
            value: &approval.write.value,
            select: approval.write.select,
            reason: approval.write.reason.as_deref(),
            ticket: approval.write.ticket.as_deref(),
            job_id: approval.job.map(|job| job.to_string()),
            previous: approval.previous.as_deref(),
            requested_by: approval.requested_by.label(),
            requested_at: show(approval.requested_at),
            expires_at: approval.expires_at.map(show),
            state: state(approval.state),
            decided_by: approval.decided_by.as_ref().map(|by| by.label()),
            decided_at: approval.decided_at.map(show),
            note: approval.note.as_deref(),
        }
    }
}

/// The states of requests for consent, by their names.
pub(super) const STATES: [(&str, ApprovalState); 4] = [
    ("waiting", ApprovalState::Waiting),
    ("approved", ApprovalState::Approved),
    ("rejected", ApprovalState::Rejected),
    ("expired", ApprovalState::Expired),
];

fn state(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Waiting => "waiting",
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::Expired => "expired",
    }
}
