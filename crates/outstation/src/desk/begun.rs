//! What was begun, and the drafts that record it: intent, outcome, what came late.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value};
use station_core::audit::{Actor, Draft, Frame, Kind, Sample, Status, Telecontrol};
use station_wire::iec104::codec::Time;
use station_wire::iec104::command::Class;

use crate::session::{CommandEnd, Connection, TapFrame};
use crate::value::tag_text;

/// Something that was begun, as far as it was known then.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) correlation: String,
    pub(super) by: Actor,
    pub(super) subject: String,
    pub(super) action: &'static str,
    pub(super) detail: Map<String, Value>,
    pub(super) telecontrol: Telecontrol,
}

impl Begun {
    /// What is durable before anything is sent.
    pub(super) fn intent(&self) -> Draft {
        self.draft(Kind::Intent, Status::Pending, self.telecontrol.clone())
    }

    /// What came of it.
    pub(super) fn outcome(
        &self,
        end: &CommandEnd,
        feedback: Option<Sample>,
        grade: Option<String>,
    ) -> Draft {
        let time_tag = end.time_tag.map(|tag| tag_text(Time::Cp56(tag)));
        let mut told = Telecontrol { time_tag, feedback, grade, ..self.telecontrol.clone() };
        went_over(&mut told, end.connection.as_deref());
        told.class = Some(end.class.name().to_owned());
        told.reason = Some(end.reason.to_owned());
        told.frames = frames(&end.frames);
        let draft = self.draft(Kind::Outcome, status(end.class), told);
        let draft = draft.with("sentence", end.message.as_str());
        if end.left_out > 0 { draft.with("frames_left_out", end.left_out) } else { draft }
    }

    /// Something that came after that; `negative` if it speaks against the command.
    pub(super) fn late(
        &self,
        what: &str,
        negative: bool,
        connection: &Connection,
        frame: &TapFrame,
    ) -> Draft {
        let mut told = Telecontrol { frames: vec![frame.record()], ..self.telecontrol.clone() };
        went_over(&mut told, Some(connection));
        let status = if negative { Status::Failed } else { Status::Confirmed };
        self.draft(Kind::Late, status, told).with("what", what)
    }

    /// That it was asked for and refused.
    pub(super) fn refused(&self, reason: &str, sentence: &str) -> Draft {
        let mut told = self.telecontrol.clone();
        told.class = Some(super::Refused::CLASS.to_owned());
        told.reason = Some(reason.to_owned());
        self.draft(Kind::Refused, Status::Failed, told)
            .with("reason", reason)
            .with("sentence", sentence)
    }

    pub(super) fn draft(&self, kind: Kind, status: Status, told: Telecontrol) -> Draft {
        Draft {
            kind,
            by: self.by.clone(),
            correlation: Some(self.correlation.clone()),
            subject: self.subject.clone(),
            action: self.action.to_owned(),
            status,
            detail: self.detail.clone(),
            telecontrol: Some(Box::new(told)),
        }
    }
}

/// What a class of outcomes is in short.
pub(super) const fn status(class: Class) -> Status {
    match class {
        Class::Confirmed | Class::Completed | Class::Verified => Status::Confirmed,
        Class::NotSent | Class::Refused | Class::Unknown => Status::Failed,
    }
}

/// Says over which connection something went.
pub(super) fn went_over(told: &mut Telecontrol, connection: Option<&Connection>) {
    let Some(connection) = connection else { return };
    told.local = Some(connection.local.to_string());
    told.peer = Some(connection.peer.to_string());
    told.tls.clone_from(&connection.tls);
    told.connection = Some(connection.id.clone());
}

pub(super) fn frames(frames: &[TapFrame]) -> Vec<Frame> {
    frames.iter().map(TapFrame::record).collect()
}

/// What was begun lately, for what comes late.
#[derive(Debug, Default)]
pub(super) struct Lately {
    begun: VecDeque<Arc<Begun>>,
}

impl Lately {
    /// More than a session remembers.
    const MOST: usize = 64;

    pub(super) fn add(&mut self, begun: Arc<Begun>) {
        if self.begun.len() >= Self::MOST {
            self.begun.pop_front();
        }
        self.begun.push_back(begun);
    }

    pub(super) fn find(&self, correlation: &str) -> Option<Arc<Begun>> {
        self.begun.iter().rev().find(|begun| begun.correlation == correlation).cloned()
    }
}
