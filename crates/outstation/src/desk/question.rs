//! Everything but writes: questions for values, the clock, tests. Setting the clock and testing go to the
//! outstation as commands do, so that their intents are durable first.

use std::sync::Arc;

use station_core::audit::{Draft, Kind, Sample, Status, Telecontrol};
use station_core::model::{Control, Expiry, Micros};
use station_core::near::shown;
use station_wire::iec104::codec::Time;
use station_wire::iec104::query::Class;

use crate::permit::{Reason, Refusal};
use crate::session::{Ask, AskEnd, Session};
use crate::value::tag_text;

use super::begun::{Begun, frames, went_over};
use super::control::{action, begun, point};
use super::line::stations;
use super::{ControlRequest, Post, Refused, Report, Shared, lock};

/// The questions that a request is made of.
struct Questions {
    asks: Vec<Ask>,
    /// The point that is read.
    read: Option<(u16, u32)>,
    type_id: &'static str,
}

impl Shared {
    pub(super) async fn question(
        self: &Arc<Self>,
        post: &Arc<Post>,
        request: ControlRequest,
        expires: Expiry,
    ) -> Result<Report, Refused> {
        let started_at = self.now().wall;
        let session = post.line.reach(&post.outstation, self, self.half(expires)).await;
        let found = self.may_ask(post, &request, session, expires);
        let (session, questions) = match found {
            Ok(found) => found,
            Err(refused) => return Err(self.refuse(&request, None, refused)),
        };
        if request.dry_run {
            return Ok(Report {
                dry_run: true,
                reason: "dry_run",
                sentence: "it would be asked; it was not, since this is a dry run".to_owned(),
                ended_at: self.now().wall,
                ..report(post, &request, Class::NotSent, started_at)
            });
        }
        let is_write = is_write(&request.control);
        let told = told(post, &request, &questions);
        let begun = begun(&request, self.trail.correlation(), Some(told));
        if is_write && let Err(why) = self.trail.record(vec![begun.intent()]).await {
            let sentence = format!(
                "{} was not sent to {}, since that could not be recorded: {why}; nothing is commanded \
                 until the audit trail can be written",
                begun.action, request.outstation
            );
            self.trail.alarm("audit".to_owned(), sentence.clone());
            return Err(Refused::new("unrecorded", sentence));
        }
        // What may have changed while the intent was written.
        if is_write && let Err(refused) = self.may_command(post, &request.control, Some(expires)) {
            let refused = Refused::from(refused);
            let draft = begun.refused(refused.reason, &refused.sentence);
            let draft = Draft { kind: Kind::Outcome, ..draft };
            self.record_outcome(&begun, draft).await;
            return Err(Refused { correlation: Some(begun.correlation), ..refused });
        }
        let control = is_write.then_some((&request.control, expires));
        let ends = self.ask_all(post, &session, &questions.asks, control).await;
        Ok(self.answered(post, &request, (&begun, &questions), ends, started_at).await)
    }

    fn may_ask(
        &self,
        post: &Post,
        request: &ControlRequest,
        session: Option<Session>,
        expires: Expiry,
    ) -> Result<(Session, Questions), Refused> {
        let questions = questions(post, &request.control)?;
        if is_write(&request.control) {
            self.may_command(post, &request.control, Some(expires))?;
        }
        let name = &post.outstation.name;
        let session = session.filter(|session| session.status().up.is_some()).ok_or_else(|| {
            let sentence = format!(
                "{name} cannot be asked: there is no link to it; 'station outstation show {name}' says \
                 why"
            );
            Refused::new(Reason::LinkDown.name(), sentence)
        })?;
        Ok((session, questions))
    }

    /// Whether something may go to an outstation that is more than a question.
    fn may_command(
        &self,
        post: &Post,
        control: &Control,
        expires: Option<Expiry>,
    ) -> Result<(), Refusal> {
        let name = &post.outstation.name;
        let what = action(control);
        let refuse = |reason, sentence| Err(Refusal { reason, sentence });
        if let Some(switch) = self.rules().switch.as_ref().filter(|switch| switch.stopped) {
            let why = switch.reason.as_deref().map(|why| format!(" ({})", shown(why)));
            let sentence = format!(
                "{what} is not sent to {name}: {} stopped all commands at {}{}; they are permitted \
                 again with 'station outstation control start'",
                shown(&switch.by.label()),
                switch.at,
                why.unwrap_or_default()
            );
            return refuse(Reason::ControlStopped, sentence);
        }
        if *control == Control::SyncClock && !self.trail.is_synchronised() {
            let sentence = format!(
                "the clock of {name} is not set: that of this machine is not synchronised; see to its \
                 time service (timedatectl)"
            );
            return refuse(Reason::ClockUnsynchronised, sentence);
        }
        if expires.is_some_and(|expires| expires.is_past(self.now())) {
            let sentence = format!(
                "{what} to {name} expired and was not sent; ask anew if it is still wanted"
            );
            return refuse(Reason::Expired, sentence);
        }
        Ok(())
    }

    /// Asks one after the other, until one ends because there is no link. What is more than a question is
    /// looked at right before it is sent.
    async fn ask_all(
        self: &Arc<Self>,
        post: &Arc<Post>,
        session: &Session,
        asks: &[Ask],
        control: Option<(&Control, Expiry)>,
    ) -> Vec<AskEnd> {
        let mut ends = Vec::with_capacity(asks.len());
        for ask in asks {
            let end = match control {
                None => {
                    // Frames of many values would be the values themselves.
                    let is_short = !matches!(ask, Ask::Interrogate { .. } | Ask::Counters { .. });
                    session.ask(*ask, is_short.then(|| session.trace())).await
                }
                Some((control, expires)) => {
                    let (shared, post) = (Arc::clone(self), Arc::clone(post));
                    let control = control.clone();
                    // Of several stations the first is asked in time; the others follow in their turn.
                    let expires = ends.is_empty().then_some(expires);
                    let recheck = move || shared.may_command(&post, &control, expires);
                    session.ask_if(*ask, session.trace(), Box::new(recheck)).await
                }
            };
            post.line.notes.upkept(*ask, &end);
            let is_over = end.class == Class::NotSent;
            ends.push(end);
            if is_over {
                break;
            }
        }
        ends
    }

    async fn answered(
        &self,
        post: &Post,
        request: &ControlRequest,
        (begun, questions): (&Begun, &Questions),
        ends: Vec<AskEnd>,
        started_at: Micros,
    ) -> Report {
        let values = ends.iter().map(|end| end.values).sum();
        let worst = ends.iter().min_by_key(|end| end.class);
        let class = worst.map_or(Class::NotSent, |end| end.class);
        let status = if class == Class::Complete { Status::Confirmed } else { Status::Failed };
        let read = self.reading(post, class, questions.read);
        let clock = ends.iter().find_map(|end| end.clock);
        let mut told = begun.telecontrol.clone();
        told.class = Some(class.name().to_owned());
        told.reason = worst.map(|end| end.reason.to_owned());
        told.feedback.clone_from(&read);
        for end in &ends {
            went_over(&mut told, end.connection.as_deref());
            told.frames.extend(frames(&end.frames));
        }
        let sentence = worst.map(|end| end.message.clone()).unwrap_or_default();
        let kind = if is_write(&request.control) { Kind::Outcome } else { Kind::Done };
        let draft = begun.draft(kind, status, told);
        let draft = draft.with("sentence", sentence.as_str()).with("values", values);
        let unrecorded = self.record_outcome(begun, draft).await;
        let connection = worst.and_then(|end| end.connection.as_ref());
        Report {
            status: Some(status),
            reason: worst.map_or("", |end| end.reason),
            sentence,
            feedback: read,
            values: Some(values),
            clock: clock.map(|clock| tag_text(Time::Cp56(clock))),
            correlation: Some(begun.correlation.clone()),
            local: connection.map(|connection| connection.local.to_string()),
            peer: connection.map(|connection| connection.peer.to_string()),
            unrecorded,
            ended_at: self.now().wall,
            ..report(post, request, class, started_at)
        }
    }

    fn reading(&self, post: &Post, class: Class, at: Option<(u16, u32)>) -> Option<Sample> {
        let (ca, ioa) = at.filter(|_| class == Class::Complete)?;
        let reading = lock(&post.line.cache).get(ca, ioa)?;
        Some(reading.sample(self.now()))
    }
}

fn report(post: &Post, request: &ControlRequest, class: Class, started_at: Micros) -> Report {
    Report {
        outstation: post.outstation.name.clone(),
        point: point(&request.control).map(str::to_owned),
        command: action(&request.control),
        class: class.name(),
        started_at,
        ..Report::default()
    }
}

/// Whether it goes to the outstation as a command does.
const fn is_write(control: &Control) -> bool {
    matches!(control, Control::Write(_) | Control::SyncClock | Control::Test)
}

fn told(post: &Post, request: &ControlRequest, questions: &Questions) -> Telecontrol {
    let (ca, ioa) = questions.read.unwrap_or((post.outstation.ca, 0));
    Telecontrol {
        outstation: post.outstation.name.clone(),
        point: point(&request.control).map(str::to_owned),
        ca,
        ioa,
        originator: post.outstation.settings.originator,
        type_id: questions.type_id.to_owned(),
        ..Telecontrol::default()
    }
}

fn questions(post: &Post, control: &Control) -> Result<Questions, Refused> {
    let outstation = &*post.outstation;
    let all = |ask: &dyn Fn(u16) -> Ask| stations(outstation).into_iter().map(ask).collect();
    let (asks, type_id) = match control {
        Control::Interrogate { group } => {
            (all(&|ca| Ask::Interrogate { ca, group: *group }), "C_IC_NA_1")
        }
        Control::Counters { group } => {
            (all(&|ca| Ask::Counters { ca, group: *group }), "C_CI_NA_1")
        }
        Control::SyncClock => (all(&|ca| Ask::SyncClock { ca }), "C_CS_NA_1"),
        Control::Test | Control::Write(_) => (all(&|ca| Ask::Test { ca }), "C_TS_TA_1"),
        Control::Read { point } => {
            let entry = post.watched(point)?;
            let (ca, ioa) = (entry.ca, entry.ioa);
            let asks = vec![Ask::Read { ca, ioa }];
            return Ok(Questions { asks, read: Some((ca, ioa)), type_id: "C_RD_NA_1" });
        }
    };
    Ok(Questions { asks, read: None, type_id })
}
