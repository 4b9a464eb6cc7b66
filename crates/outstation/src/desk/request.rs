//! What is asked of an outstation, and the answers.

use serde::Serialize;
use station_core::audit::{Actor, Sample, Status};
use station_core::model::{Approval, Control, Expiry, JobId, Micros};

use super::Recall;
use crate::permit::{Reason, Refusal};

/// Something to be done with an outstation.
#[derive(Clone, Debug)]
pub struct ControlRequest {
    /// Which.
    pub outstation: String,
    /// What.
    pub control: Control,
    /// Who wants it: for automation, whoever made the job.
    pub by: Actor,
    /// Until when it may be sent; `None`: for as long as the outstation's setting says, from now on.
    pub expires: Option<Expiry>,
    /// The job that wants it, whose consent is looked up; `None`: it is done by hand.
    pub job: Option<JobId>,
    /// The consent to it, by the name of its request, where it is done by hand.
    pub approval: Option<String>,
    /// Why it cannot wait for the consent of somebody else, where that is needed: it is sent without, which
    /// is told as an alarm. Nothing else is permitted by that.
    pub break_glass: Option<String>,
    /// Whoever wants it may do that: an administrator, says the caller.
    pub may_break_glass: bool,
    /// It is only looked whether it would be sent, and what would be.
    pub dry_run: bool,
    /// To take it back with, while somebody waits for it.
    pub recall: Recall,
}

impl ControlRequest {
    /// Something that is done by hand, now.
    #[must_use]
    pub fn new(outstation: impl Into<String>, control: Control, by: Actor) -> Self {
        Self {
            outstation: outstation.into(),
            control,
            by,
            expires: None,
            job: None,
            approval: None,
            break_glass: None,
            may_break_glass: false,
            dry_run: false,
            recall: Recall::default(),
        }
    }
}

/// What became of something that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// The outstation.
    pub outstation: String,
    /// The point, where it was about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// What was asked for: `write`, `interrogate`, `counters`, `read`, `sync_clock`, `test`.
    pub command: &'static str,
    /// It was only looked, and nothing was sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Of commands `not_sent`, `refused`, `confirmed`, `completed`, `verified`, `unknown`; of questions
    /// `not_sent`, `refused`, `unanswered`, `incomplete`, `complete`.
    pub class: &'static str,
    /// What that is in short; `None` of dry runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why, as a word: `feedback`, `negative_confirmation`, `link_lost`, `interlock` …
    pub reason: &'static str,
    /// Why, as a sentence.
    pub sentence: String,
    /// What the feedback point showed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Sample>,
    /// What was commanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Sample>,
    /// What the feedback point shows now; of readings, what was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Sample>,
    /// `high`, or what was lacking for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// How many values came of a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<u64>,
    /// The outstation's time before its clock was set, as it stood in the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// What it is called in the trail; `None` of dry runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// Our address, of the very socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The outstation's, of the very socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The ASDUs that would be sent, in hexadecimal digits, of dry runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub octets: Vec<String>,
    /// The outcome could not be recorded: why, as a sentence. The intent was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
    /// When it was asked for.
    pub started_at: Micros,
    /// When it was over.
    pub ended_at: Micros,
}

/// Why nothing was sent.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Refused {
    /// As a word: of [`Reason`], or `unknown_outstation`, `no_points`, `unrecorded`.
    pub reason: &'static str,
    /// As a sentence that names the point, and the way out.
    pub sentence: String,
    /// With `approval_needed`: the request for consent, but for its name, if there is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Box<Approval>>,
    /// What it is called in the trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
}

impl Refused {
    /// What it is in the classes of outcomes.
    pub const CLASS: &'static str = "not_sent";

    pub(super) fn new(reason: &'static str, sentence: impl Into<String>) -> Self {
        Self { reason, sentence: sentence.into(), proposal: None, correlation: None }
    }

    /// Whether consent is what is missing.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.reason == Reason::ApprovalNeeded.name()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.reason.name(), refusal.sentence)
    }
}
