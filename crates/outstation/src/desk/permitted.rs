//! Whether a write may be sent: asked before its intent is recorded, and again right before it is sent.

use std::sync::Arc;
use std::time::Duration;

use station_core::model::{Approval, ApprovalState, Expiry, Mono, Now, Principal, Write};
use station_core::near::shown;

use crate::cache::Cache;
use crate::permit::{self, Ask, Permit, Reason, Refusal};
use crate::points::PointTable;
use crate::rate::Rates;
use crate::session::Recheck;

use super::rules::Rules;
use super::{ControlRequest, Post, Refused, Shared, lock};

/// A write that is asked for.
pub(super) struct Wish {
    pub(super) request: ControlRequest,
    pub(super) write: Write,
    pub(super) principal: Principal,
    pub(super) expires: Expiry,
}

/// What is the state of things around a wish.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    pub(super) in_doubt: Option<Duration>,
    pub(super) in_flight: bool,
    pub(super) link: bool,
}

impl Wish {
    pub(super) fn new(request: ControlRequest, write: Write, expires: Expiry) -> Self {
        let principal = request.by.principal.clone().unwrap_or(Principal::Anonymous);
        Self { request, write, principal, expires }
    }

    /// Whether it may be sent, with the consent that was given. A consent to a command by hand is made
    /// use of by that, unless it is a dry run.
    pub(super) fn check(
        &self,
        shared: &Shared,
        post: &Post,
        table: &PointTable,
        around: Around,
    ) -> Result<(Permit, Option<Approval>), Refused> {
        let now = shared.now();
        let glass_broken = self.breaks_glass(table)?;
        let is_consent_needed = !glass_broken && self.needs_consent(table);
        let permit = {
            let rules = shared.rules();
            let rates = lock(&post.line.ledger.rates);
            let cache = lock(&post.line.cache);
            let offered =
                is_consent_needed.then(|| rules.offered(&self.request, &self.write.point));
            let offered = offered.flatten();
            if let Some(approval) = offered
                && approval.job.is_none()
                && rules.is_used(&approval.id)
            {
                return Err(used(approval).into());
            }
            let ask = self.ask(shared, table, (&rules, &rates, &cache), (offered, now, around));
            let ask = Ask { glass_broken, ..ask };
            permit::check(&ask).map(|permit| (permit, offered.cloned()))
        };
        match permit {
            Ok((permit, Some(approval))) => {
                // Another may have been quicker since.
                if !self.request.dry_run && !shared.rules_mut().make_use_of(&approval) {
                    return Err(used(&approval).into());
                }
                Ok((permit, Some(approval)))
            }
            Ok((permit, None)) => Ok((permit, None)),
            Err(refusal) => Err(self.refused(refusal, shared, post, table, now)),
        }
    }

    fn needs_consent(&self, table: &PointTable) -> bool {
        let rule = table.get(&self.write.point).and_then(|entry| entry.rule.as_deref());
        rule.is_some_and(|rule| rule.written.approval.is_some())
    }

    /// Whether it goes without the consent that it needs, since somebody who may says so and why.
    pub(super) fn breaks_glass(&self, table: &PointTable) -> Result<bool, Refused> {
        let Some(why) = &self.request.break_glass else { return Ok(false) };
        let place = format!("{}/{}", table.outstation, shown(&self.write.point));
        let refuse = |sentence| Err(Refused::new(Reason::NotPermitted.name(), sentence));
        if !self.request.may_break_glass {
            return refuse(format!(
                "{} may not command {place} without the consent it needs (--break-glass): only an \
                 administrator may; without it, the command asks for that consent",
                shown(&self.principal.label())
            ));
        }
        if self.request.job.is_some() {
            return refuse(format!(
                "no job commands {place} without the consent it needs (--break-glass): that is for people"
            ));
        }
        if why.trim().is_empty() {
            return refuse(format!(
                "{place} is not commanded without the consent it needs: --break-glass takes the reason"
            ));
        }
        Ok(self.needs_consent(table))
    }

    fn ask<'a>(
        &'a self,
        shared: &'a Shared,
        table: &'a PointTable,
        (rules, rates, cache): (&'a Rules, &'a Rates, &'a Cache),
        (approval, now, around): (Option<&'a Approval>, Now, Around),
    ) -> Ask<'a> {
        Ask {
            table,
            write: &self.write,
            principal: &self.principal,
            job: self.request.job,
            now,
            zone: &shared.options.zone,
            expires: until(self.expires, now),
            tags: &rules.tags,
            switch: rules.switch.as_ref(),
            approval,
            glass_broken: false,
            rates,
            cache,
            // It is asked of the kernel, and only matters to those.
            synchronised: !table.settings.time_tagged || shared.trail.is_synchronised(),
            in_doubt: around.in_doubt,
            in_flight: around.in_flight,
            link: around.link,
        }
    }

    /// A refusal, with the request for consent that would help where nobody asked for it yet.
    fn refused(
        &self,
        refusal: Refusal,
        shared: &Shared,
        post: &Post,
        table: &PointTable,
        now: Now,
    ) -> Refused {
        let mut refused = Refused::from(refusal);
        let is_asked_for = self.request.approval.is_some()
            || shared.rules().offered(&self.request, &self.write.point).is_some();
        if !refused.needs_approval() || is_asked_for {
            return refused;
        }
        let rule = table.get(&self.write.point).and_then(|entry| entry.rule.as_deref());
        let written = rule.map(|rule| &rule.written);
        let feedback = written.and_then(|written| table.get(written.feedback.as_deref()?));
        let known = feedback.and_then(|entry| lock(&post.line.cache).get(entry.ca, entry.ioa));
        let seconds = written.and_then(|written| written.approval);
        let span = seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
        refused.proposal = Some(Box::new(Approval {
            id: String::new(),
            outstation: table.outstation.clone(),
            write: self.write.clone(),
            job: self.request.job,
            previous: known.and_then(|reading| Some(crate::value::text(&reading.trusted().ok()?))),
            requested_by: self.principal.clone(),
            requested_at: now.wall,
            // A job's is waited for until it fires.
            expires_at: span.filter(|_| self.request.job.is_none()).map(|span| now.wall.plus(span)),
            state: ApprovalState::Waiting,
            decided_by: None,
            decided_at: None,
            note: None,
        }));
        refused
    }

    /// Whether it may still be sent, for the session to ask right before it is.
    pub(super) fn recheck(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        post: &Post,
        permit: &Permit,
    ) -> Recheck {
        let (wish, shared) = (Arc::clone(self), Arc::clone(shared));
        // A session that is being closed, since the outstation is reached in another way now.
        let line = Arc::clone(&post.line);
        let address =
            (permit.ca, permit.ioa, permit.type_id.tagged(false).unwrap_or(permit.type_id));
        Box::new(move || {
            // The points of now: they may have been changed since.
            let post = shared.post(&wish.request.outstation);
            let current = post.as_ref().and_then(|post| Some((post, post.table.as_ref().ok()?)));
            let entry = current.and_then(|(_, table)| table.get(&wish.write.point));
            let (Some((post, table)), Some(entry)) = (current, entry) else {
                return Err(changed(&wish));
            };
            let is_same = (entry.ca, entry.ioa, entry.type_id) == address;
            if !is_same || !Arc::ptr_eq(&post.line, &line) {
                return Err(changed(&wish));
            }
            let rules = shared.rules();
            let rates = lock(&post.line.ledger.rates);
            let cache = lock(&post.line.cache);
            let around = Around { in_doubt: None, in_flight: false, link: true };
            let now = shared.now();
            let ask = wish.ask(&shared, table, (&rules, &rates, &cache), (None, now, around));
            permit::recheck(&ask)?;
            if wish.request.recall.lets_pass() { Ok(()) } else { Err(taken_back(&wish)) }
        })
    }
}

/// When it is too late, on the monotonic clock: at once if the wall clock says so.
fn until(expires: Expiry, now: Now) -> Mono {
    if now.wall > expires.wall { expires.mono.min(now.mono) } else { expires.mono }
}

fn used(approval: &Approval) -> Refusal {
    let sentence = format!(
        "request {} was made use of already: consent to a command by hand is good for one; ask for \
         another if it is still wanted",
        shown(&approval.id)
    );
    Refusal { reason: Reason::ApprovalInvalid, sentence }
}

fn taken_back(wish: &Wish) -> Refusal {
    let sentence = format!(
        "{}/{} was not commanded: whoever asked for it went away first",
        wish.request.outstation,
        shown(&wish.write.point)
    );
    Refusal { reason: Reason::Cancelled, sentence }
}

fn changed(wish: &Wish) -> Refusal {
    let sentence = format!(
        "{}/{} was changed or removed while it was being commanded, and was not; look at its points \
         and command it anew if it is still wanted",
        wish.request.outstation,
        shown(&wish.write.point)
    );
    Refusal { reason: Reason::UnknownPoint, sentence }
}
