//! Answers in a few words.

use station_core::engine::{Refusal, Reply};

pub(crate) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Created(job) => format!("created {}", job.id),
        Reply::Cancelled => "cancelled".to_owned(),
        Reply::Ending(id) => format!("ending {id}"),
        Reply::Running(id) => format!("running {id}"),
        Reply::Updated(job) => format!("updated {}", job.id),
        Reply::Deleted => "deleted".to_owned(),
        Reply::Alarm(alarm) => format!("alarm {}", alarm.id),
        Reply::Forgotten(count) => format!("forgotten {count}"),
        Reply::NodesKept => "nodes kept".to_owned(),
        Reply::TokenKept | Reply::RecordKept => panic!("not in these worlds"),
        Reply::Refused(refusal) => refused(refusal),
    }
}

fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoSuchJob(_) => "no job".to_owned(),
        Refusal::NoSuchExecution(_) => "no execution".to_owned(),
        Refusal::AlreadyEnded { .. } => "already ended".to_owned(),
        Refusal::NotRunning(_) => "not running".to_owned(),
        Refusal::AlreadyRunning { execution, .. } => format!("running already {execution}"),
        Refusal::NoSuchAlarm(_) => "no alarm".to_owned(),
        Refusal::AlarmCleared(_) => "cleared already".to_owned(),
        Refusal::NothingRaised(topic) => panic!("nobody raises alarms here: {topic}"),
        Refusal::NeverFires { .. } => "never fires".to_owned(),
        Refusal::StillRunning(_) => "still running".to_owned(),
        Refusal::KeyInUse { execution, .. } => format!("key in use by {execution}"),
        Refusal::LineFull(_) => "line full".to_owned(),
        Refusal::Past { .. } => "past".to_owned(),
        Refusal::ShuttingDown => "shutting down".to_owned(),
        Refusal::NoSuchNode(name) => format!("no node {name}"),
        Refusal::NodeExists(name) => format!("a node already {name}"),
        Refusal::TargetInUse(_) | Refusal::CommandInUse(_) => "target in use".to_owned(),
        Refusal::NoSuchRecord(..) | Refusal::RecordExists(..) => panic!("no records here"),
        Refusal::NoSuchTarget(_) => "no target".to_owned(),
        Refusal::Unschedulable(why) => panic!("cannot be scheduled: {why}"),
        Refusal::NoDaemon => panic!("there is a daemon"),
    }
}
