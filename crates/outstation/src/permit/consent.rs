//! The consent of somebody else, where two are needed.

use std::time::Duration;

use station_core::model::{Approval, ApprovalState, Micros, Principal, Token};
use station_core::near::shown;
use station_wire::iec104::codec::Value;

use super::steps::place;
use super::{Ask, Reason, Refusal};
use crate::points::{Entry, Rule};
use crate::value::command;

/// Whether somebody may agree to a command, by the token they came in with. Only holders of tokens may,
/// since the socket's user could be anybody on this machine; never whoever asked, by any name they have,
/// nor by a token that they issued.
///
/// # Errors
/// Why not.
pub fn may_approve(
    approval: &Approval,
    approver: &Principal,
    token: Option<&Token>,
    now: Micros,
) -> Result<(), Refusal> {
    let what = what(approval);
    let asked = &approval.requested_by;
    match approval.state {
        ApprovalState::Waiting => {}
        ApprovalState::Approved | ApprovalState::Rejected | ApprovalState::Expired => {
            let sentence =
                format!("{what} is decided already; ask for another if it is still wanted");
            return Err(Refusal::new(Reason::ApprovalInvalid, sentence));
        }
    }
    if approval.expires_at.is_some_and(|end| now >= end) {
        let sentence = format!("{what} has expired; ask for another if it is still wanted");
        return Err(Refusal::new(Reason::ApprovalInvalid, sentence));
    }
    if is_same(asked, approver) {
        let sentence = format!(
            "{what} was asked for by {}, who cannot agree to it; somebody else has to",
            shown(&asked.label())
        );
        return Err(Refusal::new(Reason::SelfApproval, sentence));
    }
    let token = match (approver, token) {
        (Principal::Token { id, .. }, Some(token)) if token.id == *id && token.is_valid(now) => {
            token
        }
        _ => {
            let sentence = format!(
                "{} cannot agree to {what}: only the holder of a token can, with a name of their own",
                shown(&approver.label())
            );
            return Err(Refusal::new(Reason::ApproverNotPermitted, sentence));
        }
    };
    if is_same(asked, &token.created_by) {
        let sentence = format!(
            "token {} cannot agree to {what}: it was issued by {}, who asked for it; a token that \
             somebody else issued can",
            shown(&token.name),
            shown(&asked.label())
        );
        return Err(Refusal::new(Reason::SelfApproval, sentence));
    }
    Ok(())
}

/// Whether the consent that a point needs was given for just this command.
pub(super) fn given(
    ask: &Ask<'_>,
    entry: &Entry,
    rule: &Rule,
    value: &Value,
) -> Result<(), Refusal> {
    let Some(seconds) = rule.written.approval else { return Ok(()) };
    let Some(approval) = ask.approval else {
        let sentence = format!(
            "somebody else has to agree to each command to {}, within {seconds} s: commanding it by \
             hand makes the request, and they run 'station outstation approve' with its number",
            place(ask)
        );
        return Err(Refusal::new(Reason::ApprovalNeeded, sentence));
    };
    let invalid = |why: &str| {
        let sentence = format!("{} {why}; ask for another if it is still wanted", what(approval));
        Err(Refusal::new(Reason::ApprovalInvalid, sentence))
    };
    let at = match approval.state {
        ApprovalState::Approved => approval.decided_at,
        ApprovalState::Waiting => {
            let sentence = format!(
                "{} waits for somebody else to agree, with 'station outstation approve {}'",
                what(approval),
                shown(&approval.id)
            );
            return Err(Refusal::new(Reason::ApprovalNeeded, sentence));
        }
        ApprovalState::Rejected => return invalid("was rejected"),
        ApprovalState::Expired => return invalid("has expired"),
    };
    let agreed = command(entry.type_id, &approval.write.value, rule.written.qualifier, None);
    let is_this = approval.outstation == ask.table.outstation
        && approval.write.point == ask.write.point
        && agreed.is_ok_and(|agreed| agreed == *value)
        && approval.write.select == ask.write.select
        && approval.job == ask.job
        && approval.requested_by == *ask.principal;
    if !is_this {
        return invalid(&format!("is not for this command to {}", place(ask)));
    }
    let (Some(by), Some(at)) = (&approval.decided_by, at) else {
        return invalid("does not say who agreed, and when");
    };
    if is_same(&approval.requested_by, by) || !matches!(by, Principal::Token { .. }) {
        let sentence = format!(
            "{} was agreed to by {}, who cannot; somebody else has to, with a token of their own",
            what(approval),
            shown(&by.label())
        );
        return Err(Refusal::new(Reason::SelfApproval, sentence));
    }
    if approval.expires_at.is_some_and(|end| at >= end) {
        return invalid("was agreed to too late");
    }
    // A job's is given once for all of its runs; one by hand is used at once, or not at all.
    let longest = Duration::from_secs(u64::from(seconds));
    if approval.job.is_none() && ask.now.wall > at.plus(longest) {
        return invalid("was agreed to too long ago");
    }
    Ok(())
}

/// Whether both are one person: the same, or of one name, whether as a user or by a token.
fn is_same(one: &Principal, other: &Principal) -> bool {
    let name = |principal: &Principal| match principal {
        Principal::Unix { name, .. } => name.clone(),
        Principal::Token { name, .. } => Some(name.clone()),
        Principal::Anonymous => None,
    };
    let is_one_id = match (one, other) {
        (Principal::Unix { uid: one, .. }, Principal::Unix { uid: other, .. }) => one == other,
        (Principal::Token { id: one, .. }, Principal::Token { id: other, .. }) => one == other,
        _ => one == other,
    };
    is_one_id || name(one).is_some_and(|one| name(other).is_some_and(|other| one == other))
}

/// `request 7 (SS1/breaker-7 = on)`.
fn what(approval: &Approval) -> String {
    let Approval { id, outstation, write, .. } = approval;
    let (point, value) = (shown(&write.point), shown(&write.value));
    format!("request {} ({outstation}/{point} = {value})", shown(id))
}
