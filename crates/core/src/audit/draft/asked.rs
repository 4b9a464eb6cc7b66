//! What was asked for, as far as it is recorded: kept while the engine has the request itself.

use serde_json::Value;

use super::Draft;
use crate::audit::{Actor, Kind, Status};
use crate::engine::{Reply, Request};
use crate::model::{Approval, ApprovalState, Record, RecordKind};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What it is to be done to.
    pub subject: String,
    /// What is to be done.
    pub action: &'static str,
    /// What they said.
    pub note: Option<String>,
    /// Its record is drafted from its reply: no change of it names it.
    by_reply: bool,
    /// It is the station's own bookkeeping.
    pub(super) bookkeeping: bool,
}

/// What a request asks for.
#[must_use]
pub fn asked(request: &Request) -> Asked {
    let of = |subject: String, action| Asked {
        subject,
        action,
        note: None,
        by_reply: false,
        bookkeeping: false,
    };
    let by_reply = |asked: Asked| Asked { by_reply: true, ..asked };
    match request {
        Request::Create { spec, .. } => of(format!("job '{}'", spec.name), "create"),
        Request::Update { job, .. } => of(format!("job {job}"), "change"),
        Request::Delete { job, .. } => of(format!("job {job}"), "delete"),
        Request::Pause { job, .. } => of(format!("job {job}"), "pause"),
        Request::Resume { job, .. } => of(format!("job {job}"), "resume"),
        Request::Acknowledge { alarm, note, .. } => {
            Asked { note: note.clone(), ..of(format!("alarm {alarm}"), "acknowledge") }
        }
        Request::Clear { alarm, .. } => of(format!("alarm {alarm}"), "clear"),
        Request::Forget { executions } => Asked {
            note: Some(format!("{} executions were named", executions.len())),
            ..by_reply(of("executions".to_owned(), "purge"))
        },
        Request::KeepNodes { nodes, change } => {
            let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
            of(subject("node", &names), if *change { "change" } else { "create" })
        }
        Request::RemoveNodes { names } => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            of(subject("node", &names), "delete")
        }
        Request::RaiseAlarm { topic, .. } => {
            Asked { bookkeeping: true, ..of(format!("alarm of {topic}"), "raise") }
        }
        Request::ClearTopic { topic } => {
            Asked { bookkeeping: true, ..of(format!("alarm of {topic}"), "clear") }
        }
        Request::Keep { record, there, .. } => {
            let (subject, action) = kept(record, *there);
            Asked { bookkeeping: is_bookkeeping(record), ..of(subject, action) }
        }
        Request::Remove { kind, key, .. } => {
            let (subject, action) = removed(*kind, key);
            of(subject, action)
        }
        Request::KeepToken(token) => {
            let action = if token.revoked_at.is_some() { "revoke" } else { "create" };
            of(format!("token {}", token.name), action)
        }
        Request::Cancel { job, .. } => by_reply(of(format!("job {job}"), "cancel")),
        Request::CancelExecution { execution, .. } => {
            by_reply(of(format!("execution {execution}"), "cancel"))
        }
        Request::RunNow { job, .. } => by_reply(of(format!("job {job}"), "run")),
    }
}

/// What is done to what, when a record is kept: tags, the switch and approvals are deeds themselves.
pub(super) fn kept(record: &Record, there: bool) -> (String, &'static str) {
    match record {
        Record::Tag(_) => (format!("outstation {}", record.key()), "tag"),
        Record::Control(switch) => {
            ("control".to_owned(), if switch.stopped { "stop" } else { "start" })
        }
        Record::Approval(approval) => {
            let action = match approval.state {
                ApprovalState::Waiting => "request",
                ApprovalState::Approved => "approve",
                ApprovalState::Rejected => "reject",
                ApprovalState::Expired => "expire",
            };
            let Approval { outstation, write, id, .. } = &**approval;
            (format!("outstation {outstation}/{}, approval {id}", write.point), action)
        }
        Record::Equipment(_)
        | Record::Profile(_)
        | Record::State(_)
        | Record::Acquisition(_)
        | Record::Wear(_)
        | Record::Outstation(_) => {
            let action = if there { "change" } else { "create" };
            (format!("{} {}", record.kind().name(), record.key()), action)
        }
    }
}

/// What is done to what, when a record is removed.
pub(super) fn removed(kind: RecordKind, key: &str) -> (String, &'static str) {
    if kind == RecordKind::Tag {
        return (format!("outstation {key}"), "untag");
    }
    (format!("{} {key}", kind.name()), "delete")
}

/// Whether a record is what the station notes of its own doings.
pub(super) fn is_bookkeeping(record: &Record) -> bool {
    match record {
        Record::Equipment(_)
        | Record::Profile(_)
        | Record::State(_)
        | Record::Outstation(_)
        | Record::Tag(_)
        | Record::Control(_)
        | Record::Approval(_) => false,
        Record::Acquisition(_) | Record::Wear(_) => true,
    }
}

fn subject(kind: &str, names: &[&str]) -> String {
    match names {
        [name] => format!("{kind} {name}"),
        _ => format!("{} {kind}s", names.len()),
    }
}

impl Asked {
    /// What is to be recorded of the answer, unless a change tells of it.
    pub(super) fn answered(&self, reply: &Reply, by: &Actor) -> Option<Draft> {
        let draft = || {
            let draft = Draft::done(by.clone(), self.subject.as_str(), self.action);
            match &self.note {
                Some(note) => draft.with("note", note.as_str()),
                None => draft,
            }
        };
        match reply {
            Reply::Refused(refusal) if !self.bookkeeping => {
                let draft = draft().with("why", refusal.to_string());
                Some(Draft { kind: Kind::Refused, status: Status::Failed, ..draft })
            }
            Reply::Running(execution) | Reply::Ending(execution) if self.by_reply => {
                Some(draft().with("execution", execution.to_string()))
            }
            Reply::Cancelled if self.by_reply => Some(draft()),
            Reply::Forgotten(count) if self.by_reply => {
                Some(draft().with("removed", Value::from(*count)))
            }
            Reply::Refused(_)
            | Reply::Running(_)
            | Reply::Ending(_)
            | Reply::Cancelled
            | Reply::Forgotten(_)
            | Reply::Created(_)
            | Reply::Updated(_)
            | Reply::Deleted
            | Reply::Alarm(_)
            | Reply::TokenKept
            | Reply::NodesKept
            | Reply::RecordKept => None,
        }
    }
}
