//! A command to a point, from the wish to its outcome in the trail.

use std::sync::Arc;
use std::time::Duration;

use station_core::audit::{Draft, Sample, Status, Telecontrol};
use station_core::model::{Approval, Expiry, Micros, Termination, Write};
use station_core::near::shown;
use station_wire::iec104::command::Class;

use crate::permit::{Permit, Reason};
use crate::session::{CommandEnd, Order, Session};
use crate::value::{raw_text, text};

use super::begun::{Begun, status};
use super::control::begun;
use super::grade::grade;
use super::ledger::{Flight, NoRoom};
use super::permitted::{Around, Wish};
use super::previous::{Previous, learn};
use super::spec::spec;
use super::{ControlRequest, Post, Refused, Report, Shared, lock};

/// The longest that a previous value is waited for.
pub(super) const LONGEST_READ: Duration = Duration::from_secs(5);

/// A write that is permitted.
pub(super) struct Ready {
    pub(super) wish: Arc<Wish>,
    pub(super) permit: Permit,
    approval: Option<Approval>,
    glass_broken: bool,
    pub(super) session: Session,
    pub(super) started_at: Micros,
    /// Keeps others from the point for as long as this exists.
    flight: Option<Flight>,
}

impl Shared {
    pub(super) async fn write(
        self: &Arc<Self>,
        post: &Post,
        request: ControlRequest,
        write: Write,
        expires: Expiry,
    ) -> Result<Report, Refused> {
        let started_at = self.now().wall;
        let session = post.line.reach(&post.outstation, self, self.half(expires)).await;
        let wish = Arc::new(Wish::new(request, write, expires));
        let ready = match self.permitted(post, &wish, session, started_at) {
            Ok(ready) => ready,
            Err(refused) => {
                let told = told_of_refused(post, &wish);
                return Err(self.refuse(&wish.request, told, refused));
            }
        };
        if ready.wish.request.dry_run {
            return Ok(self.dry_run(post, &ready).await);
        }
        self.send(post, ready).await
    }

    fn permitted(
        &self,
        post: &Post,
        wish: &Arc<Wish>,
        session: Option<Session>,
        started_at: Micros,
    ) -> Result<Ready, Refused> {
        let table = post.table.as_ref().map_err(|why| post.has_no_points(why))?;
        let most = post.outstation.settings.parallel;
        let entry = table.get(&wish.write.point);
        let flight = entry.map(|entry| post.line.ledger.begin((entry.ca, entry.ioa), most));
        let in_flight = matches!(flight, Some(Err(NoRoom::Point)));
        let up = session.as_ref().and_then(|session| session.status().up);
        let session = session.filter(|_| up.is_some());
        let in_doubt = entry.and_then(|entry| {
            let (cache, now) = (lock(&post.line.cache), self.now().mono);
            let connection = up.as_ref().map(|connection| connection.id.as_str());
            post.line.ledger.doubted((entry.ca, entry.ioa), connection, (&cache, now))
        });
        let around = Around { in_doubt, in_flight, link: session.is_some() };
        let full = matches!(flight, Some(Err(NoRoom::Outstation)));
        if full {
            // Consent is not made use of by what has no room.
            return Err(self.no_room(post, wish));
        }
        let (permit, approval) = wish.check(self, post, table, around)?;
        let glass_broken = wish.breaks_glass(table)?;
        let Some(session) = session else {
            return Err(Refused::new(Reason::LinkDown.name(), "there is no link"));
        };
        let flight = flight.and_then(Result::ok);
        let wish = Arc::clone(wish);
        Ok(Ready { wish, permit, approval, glass_broken, session, started_at, flight })
    }

    fn no_room(&self, post: &Post, wish: &Wish) -> Refused {
        let (name, point) = (&post.outstation.name, shown(&wish.write.point));
        let most = post.outstation.settings.parallel;
        let sentence = format!(
            "{name}/{point} is not commanded: {} commands to {name} are under way, and it takes {most} \
             at once ('parallel'); wait for their outcomes",
            post.line.ledger.in_flight()
        );
        Refused::new(Reason::InFlight.name(), sentence)
    }

    /// Learns the previous value, records the intent, sends, and records the outcome.
    async fn send(self: &Arc<Self>, post: &Post, ready: Ready) -> Result<Report, Refused> {
        let Ready { wish, permit, approval, glass_broken, session, started_at, flight } = ready;
        let trace = session.trace();
        let limit = self.half(wish.expires).min(LONGEST_READ);
        let previous = learn(self, post, &session, permit.feedback.as_ref(), limit).await;
        let begun = Arc::new(intend(self, &wish, &permit, approval, &previous));
        if let Err(why) = self.trail.record(vec![begun.intent()]).await {
            let place = format!("{}/{}", wish.request.outstation, wish.write.point);
            let sentence = format!(
                "{place} was not commanded, since that could not be recorded: {why}; nothing is \
                 commanded until the audit trail can be written"
            );
            self.trail.alarm("audit".to_owned(), sentence.clone());
            return Err(Refused::new("unrecorded", sentence));
        }
        if glass_broken {
            self.tell_of_broken_glass(&wish, &begun);
        }
        post.line.notes.begun(Arc::clone(&begun));
        let (ledger, at) = (&post.line.ledger, (permit.ca, permit.ioa));
        let settings = &post.outstation.settings;
        let spec = spec(&permit, settings, previous.value, ledger.terminates(at));
        let since = self.now().mono;
        let order = Order {
            correlation: begun.correlation.clone(),
            spec: spec.clone(),
            expires: wish.expires.mono,
            recheck: wish.recheck(self, post, &permit),
            trace,
        };
        let end = session.command(order).await;
        if end.class != Class::NotSent {
            lock(&ledger.rates).record(&wish.write.point, end.at.mono);
            let is_confirmed = status(end.class) == Status::Confirmed;
            if permit.termination == Termination::Optional && is_confirmed {
                ledger.set_terminates(at, end.terminated);
            }
        }
        if end.class == Class::Unknown {
            let connection = end.connection.as_ref().map(|connection| connection.id.as_str());
            ledger.doubt(&spec, connection, (since, end.at.mono));
        }
        drop(flight);
        Ok(self.conclude(post, &permit, &begun, &previous, end, started_at).await)
    }

    /// That somebody did without the consent of another is told at once, before anything is sent.
    fn tell_of_broken_glass(&self, wish: &Wish, begun: &Begun) {
        let message = format!(
            "{} commands {} without the consent it needs: {} (audit trail: {})",
            shown(&wish.principal.label()),
            begun.subject,
            wish.request.break_glass.as_deref().map(shown).unwrap_or_default(),
            begun.correlation
        );
        self.trail.alarm("break_glass".to_owned(), message);
    }

    async fn conclude(
        &self,
        post: &Post,
        permit: &Permit,
        begun: &Begun,
        previous: &Previous,
        end: CommandEnd,
        started_at: Micros,
    ) -> Report {
        let feedback = self.feedback(post, permit, &end);
        let grade = grade(end.class, previous.lack);
        let draft = begun.outcome(&end, feedback.clone(), grade.clone());
        let unrecorded = self.record_outcome(begun, draft).await;
        if end.class == Class::Unknown {
            let message = format!(
                "the outcome of the command to {} is not known: {}; look there before it is \
                 commanded anew (audit trail: {})",
                begun.subject, end.message, begun.correlation
            );
            self.trail.alarm("outstation".to_owned(), message);
        }
        Report {
            outstation: post.outstation.name.clone(),
            point: begun.telecontrol.point.clone(),
            command: begun.action,
            class: end.class.name(),
            status: Some(status(end.class)),
            reason: end.reason,
            sentence: end.message,
            previous: Some(previous.sample.clone()),
            new: begun.telecontrol.new.clone(),
            feedback,
            grade,
            correlation: Some(begun.correlation.clone()),
            local: end.connection.as_ref().map(|connection| connection.local.to_string()),
            peer: end.connection.as_ref().map(|connection| connection.peer.to_string()),
            unrecorded,
            started_at,
            ended_at: end.at.wall,
            ..Report::default()
        }
    }

    /// Records an outcome; why it could not be, if so. It is handed in once more then, for when the
    /// trail can be written again.
    pub(super) async fn record_outcome(&self, begun: &Begun, draft: Draft) -> Option<String> {
        let why = self.trail.record(vec![draft.clone()]).await.err()?;
        let sentence = format!(
            "the outcome of {} could not be recorded: {why}; its intent was ({})",
            begun.subject, begun.correlation
        );
        self.trail.record_later(vec![draft]);
        self.trail.alarm("audit".to_owned(), sentence.clone());
        Some(sentence)
    }

    /// What the feedback point shows now, if it told anything since the command was sent.
    fn feedback(&self, post: &Post, permit: &Permit, end: &CommandEnd) -> Option<Sample> {
        end.feedback?;
        let feedback = permit.feedback.as_ref()?;
        let reading = lock(&post.line.cache).get(feedback.ca, feedback.ioa)?;
        Some(reading.sample(self.now()))
    }
}

/// What is commanded.
pub(super) fn new(permit: &Permit) -> Sample {
    let (value, raw) = (Some(text(&permit.value)), Some(raw_text(&permit.value)));
    Sample { value, raw, ..Sample::default() }
}

/// What is recorded of a command before it is sent.
fn intend(
    shared: &Shared,
    wish: &Wish,
    permit: &Permit,
    approval: Option<Approval>,
    previous: &Previous,
) -> Begun {
    let told = Telecontrol {
        outstation: wish.request.outstation.clone(),
        point: Some(wish.write.point.clone()),
        ca: permit.ca,
        ioa: permit.ioa,
        originator: permit.originator,
        type_id: permit.type_id.name().to_owned(),
        select: permit.select,
        qualifier: permit.qualifier,
        previous: Some(previous.sample.clone()),
        new: Some(new(permit)),
        ..Telecontrol::default()
    };
    let mut begun = begun(&wish.request, shared.trail.correlation(), Some(told));
    if let Some(job) = wish.request.job {
        begun.detail.insert("job".to_owned(), serde_json::to_value(job).unwrap_or_default());
    }
    if let Some(approval) = approval {
        begun.detail.insert("approval".to_owned(), approval.id.into());
        begun.by.approver = approval.decided_by;
    }
    begun
}

/// What is recorded of one that was refused, as far as its point is known.
fn told_of_refused(post: &Post, wish: &Wish) -> Option<Telecontrol> {
    let table = post.table.as_ref().ok()?;
    let entry = table.get(&wish.write.point)?;
    Some(Telecontrol {
        outstation: wish.request.outstation.clone(),
        point: Some(wish.write.point.clone()),
        ca: entry.ca,
        ioa: entry.ioa,
        originator: table.settings.originator,
        type_id: entry.type_id.name().to_owned(),
        select: wish.write.select,
        ..Telecontrol::default()
    })
}
