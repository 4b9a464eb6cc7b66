//! Requests for consent, and who decides on them.

use station_core::audit::{Actor, Draft, Kind, Status};
use station_core::model::{Approval, ApprovalState, ControlSwitch, Principal, Token};
use station_core::near::shown;

use crate::permit::{Reason, may_approve};

use super::{Outstations, Refused};

impl Outstations {
    /// The requests for consent, the oldest first; what nobody decided in time shows as expired.
    #[must_use]
    pub fn approvals(&self) -> Vec<Approval> {
        let now = self.shared.now().wall;
        self.shared.rules().approvals(now)
    }

    /// The switch of all commands as it counts now, also where it could not be stored; `None`: it was never
    /// thrown.
    #[must_use]
    pub fn switch(&self) -> Option<ControlSwitch> {
        self.shared.rules().switch.clone()
    }

    /// A name for a request for consent. It is given to one.
    #[must_use]
    pub fn next_approval(&self) -> String {
        self.shared.rules_mut().next()
    }

    /// Agrees to a command, or rejects it, and hands back what is to be kept. Only named tokens of other
    /// people agree; `token` is the one that `by` came in with. Whoever may come in may reject: nothing is
    /// commanded by that.
    ///
    /// # Errors
    /// They may not, or it is decided or has expired. That is recorded.
    pub fn decide(
        &self,
        id: &str,
        by: &Actor,
        token: Option<&Token>,
        approve: bool,
        note: Option<String>,
    ) -> Result<Approval, Refused> {
        let now = self.shared.now().wall;
        let person = by.principal.as_ref().unwrap_or(&Principal::Anonymous);
        let found = self.shared.rules().approval(id).cloned();
        let Some(mut approval) = found else {
            let sentence = format!(
                "there is no request {}; 'station outstation approvals' shows all",
                shown(id)
            );
            return Err(Refused::new("unknown_approval", sentence));
        };
        let decided = if approve { may_approve(&approval, person, token, now) } else { Ok(()) };
        let decided = decided.map_err(Refused::from).and_then(|()| open(&approval, now));
        if let Err(refused) = decided {
            let subject =
                format!("outstation {}/{}", approval.outstation, shown(&approval.write.point));
            let action = if approve { "approve" } else { "reject" };
            let draft = Draft::done(by.clone(), subject.clone(), action)
                .with("approval", shown(id))
                .with("reason", refused.reason)
                .with("sentence", refused.sentence.as_str());
            let draft = Draft { kind: Kind::Refused, status: Status::Failed, ..draft };
            self.shared.repeated(by, &subject, refused.reason, draft);
            return Err(refused);
        }
        approval.state = if approve { ApprovalState::Approved } else { ApprovalState::Rejected };
        approval.decided_by = Some(person.clone());
        approval.decided_at = Some(now);
        approval.note = note;
        Ok(approval)
    }
}

/// Whether it can still be decided on.
fn open(approval: &Approval, now: station_core::model::Micros) -> Result<(), Refused> {
    let is_over = approval.expires_at.is_some_and(|end| now >= end);
    if approval.state == ApprovalState::Waiting && !is_over {
        return Ok(());
    }
    let sentence = format!(
        "request {} is decided or has expired; ask for another if it is still wanted",
        shown(&approval.id)
    );
    Err(Refused::new(Reason::ApprovalInvalid.name(), sentence))
}
