//! What counts for all outstations: tags, the switch of all commands, and requests for consent.

use std::collections::{BTreeMap, BTreeSet};

use station_core::model::{Approval, ApprovalState, ControlSwitch, Micros, Tag};

use super::ControlRequest;

/// What counts now.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) tags: Vec<Tag>,
    pub(super) switch: Option<ControlSwitch>,
    approvals: BTreeMap<String, Approval>,
    /// Those for commands by hand that were made use of: each is good for one.
    used: BTreeSet<String>,
    /// The greatest number that was given to one.
    last: u64,
}

impl Rules {
    /// Puts a tag at its point, in place of the one there.
    pub(super) fn tag(&mut self, tag: Tag) {
        self.untag(&Tag::key(&tag.outstation, &tag.point));
        self.tags.push(tag);
    }

    pub(super) fn untag(&mut self, key: &str) {
        self.tags.retain(|tag| Tag::key(&tag.outstation, &tag.point) != key);
    }

    pub(super) fn keep(&mut self, approval: Approval) {
        self.last = self.last.max(approval.id.parse().unwrap_or(0));
        self.approvals.insert(approval.id.clone(), approval);
    }

    pub(super) fn forget(&mut self, id: &str) {
        self.approvals.remove(id);
        self.used.remove(id);
    }

    /// Counts what was agreed to before this process began as made use of: it was, or it is too late.
    pub(super) fn begin(&mut self) {
        let approved = self
            .approvals
            .values()
            .filter(|approval| approval.job.is_none() && approval.state == ApprovalState::Approved);
        self.used = approved.map(|approval| approval.id.clone()).collect();
    }

    /// The consent that a request offers: by its name, or the newest for its job, agreed ones first.
    pub(super) fn offered(&self, request: &ControlRequest, point: &str) -> Option<&Approval> {
        if let Some(id) = &request.approval {
            return self.approvals.get(id);
        }
        let job = request.job?;
        let its = self.approvals.values().filter(|approval| {
            approval.job == Some(job)
                && approval.outstation == request.outstation
                && approval.write.point == point
        });
        its.max_by_key(|approval| {
            (approval.state == ApprovalState::Approved, approval.id.parse::<u64>().unwrap_or(0))
        })
    }

    pub(super) fn is_used(&self, id: &str) -> bool {
        self.used.contains(id)
    }

    /// Makes use of a consent; whether nobody did before. Those for jobs are good for all their runs.
    pub(super) fn make_use_of(&mut self, approval: &Approval) -> bool {
        approval.job.is_some() || self.used.insert(approval.id.clone())
    }

    pub(super) fn approval(&self, id: &str) -> Option<&Approval> {
        self.approvals.get(id)
    }

    /// All requests, the oldest first; what nobody decided in time shows as expired.
    pub(super) fn approvals(&self, now: Micros) -> Vec<Approval> {
        let mut all: Vec<Approval> = self.approvals.values().cloned().collect();
        for approval in &mut all {
            let is_over = approval.expires_at.is_some_and(|end| now >= end);
            if approval.state == ApprovalState::Waiting && is_over {
                approval.state = ApprovalState::Expired;
            }
        }
        all.sort_by_key(|approval| approval.id.parse::<u64>().unwrap_or(u64::MAX));
        all
    }

    /// A name for a request, given once.
    pub(super) fn next(&mut self) -> String {
        self.last += 1;
        self.last.to_string()
    }
}

#[cfg(test)]
mod tests {
    use station_core::audit::Actor;
    use station_core::model::{Control, JobId, Principal, Write};

    use super::*;

    fn approval(id: &str, job: Option<i64>, state: ApprovalState) -> Approval {
        let value = "on".to_owned();
        Approval {
            id: id.to_owned(),
            outstation: "SS1".to_owned(),
            write: Write {
                point: "p".to_owned(),
                value,
                select: false,
                reason: None,
                ticket: None,
            },
            job: job.map(JobId),
            previous: None,
            requested_by: Principal::Anonymous,
            requested_at: Micros(0),
            expires_at: Some(Micros(100)),
            state,
            decided_by: None,
            decided_at: None,
            note: None,
        }
    }

    #[test]
    fn a_job_offers_what_was_agreed_to_and_the_newest_of_that() {
        let mut rules = Rules::default();
        rules.keep(approval("2", Some(7), ApprovalState::Approved));
        rules.keep(approval("9", Some(7), ApprovalState::Approved));
        rules.keep(approval("10", Some(7), ApprovalState::Waiting));
        rules.keep(approval("11", Some(8), ApprovalState::Approved));
        let control = Control::Write(approval("1", None, ApprovalState::Waiting).write);
        let mut request = ControlRequest::new("SS1", control, Actor::station());
        assert_eq!(rules.offered(&request, "p"), None, "nobody offers anything by hand");
        request.job = Some(JobId(7));
        let offered = |rules: &Rules| rules.offered(&request, "p").map(|found| found.id.clone());
        assert_eq!(offered(&rules).as_deref(), Some("9"));
        rules.forget("9");
        rules.forget("2");
        assert_eq!(offered(&rules).as_deref(), Some("10"));
        assert_eq!(rules.offered(&request, "q"), None);
        assert_eq!(rules.next(), "12");
    }

    #[test]
    fn consent_by_hand_is_good_for_one_command_and_not_across_a_restart() {
        let mut rules = Rules::default();
        let (by_hand, for_job) = (
            approval("1", None, ApprovalState::Approved),
            approval("2", Some(7), ApprovalState::Approved),
        );
        assert!(rules.make_use_of(&by_hand) && !rules.make_use_of(&by_hand));
        assert!(rules.make_use_of(&for_job) && rules.make_use_of(&for_job));
        let mut restarted = Rules::default();
        restarted.keep(by_hand);
        restarted.keep(for_job);
        restarted.keep(approval("3", None, ApprovalState::Waiting));
        restarted.begin();
        assert_eq!(["1", "2", "3"].map(|id| restarted.is_used(id)), [true, false, false]);
        let states: Vec<_> = restarted.approvals(Micros(100)).iter().map(|it| it.state).collect();
        let (agreed, over) = (ApprovalState::Approved, ApprovalState::Expired);
        assert_eq!(states, [agreed, agreed, over]);
    }
}
