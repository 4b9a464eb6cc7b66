//! Each question with its answers, and the ways in which outstations are known to differ.

use super::super::codec::{Asdu, Quality, TypeId, Value};
use super::*;

const CA: u16 = 7;

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn octets(header: Header, object: Object) -> Vec<u8> {
    let mut octets = Vec::new();
    encode(&header, &[object], &mut octets).unwrap();
    octets
}

/// A question that was asked at 0 s.
struct Trial {
    query: Query,
    asked: Vec<u8>,
    now: Duration,
}

impl Trial {
    fn new(what: What) -> Self {
        Self::to(CA, what)
    }

    fn to(ca: u16, what: What) -> Self {
        let question = Question { ca, originator: 3, what, limits: Limits::default() };
        let mut query = Query::new(question);
        assert_eq!((query.step(), query.step()), (Step::Send, Step::Wait));
        let tagged = matches!(what, What::Clock | What::Test { .. });
        let mut asked = Vec::new();
        query.encode(tagged.then_some(Cp56([0; 7])), &mut asked).unwrap();
        query.sent(at(0.0));
        Self { query, asked, now: at(0.0) }
    }

    fn hears(&mut self, octets: &[u8]) -> Heard {
        self.query.receive(&Asdu::parse(octets).unwrap(), self.now)
    }

    /// The question comes back with another cause.
    fn answers(&mut self, cause: u8, negative: bool) -> Heard {
        let mut answer = self.asked.clone();
        answer[2] = cause | u8::from(negative) << 6;
        self.hears(&answer)
    }

    fn values(&mut self, cause: u8, ioa: u32) -> Heard {
        let header = Header::new(TypeId::M_ME_NC_1, Cause(cause), CA);
        let object = Object { quality: Quality::GOOD, ..Object::new(ioa, Value::Float(1.5)) };
        self.hears(&octets(header, object))
    }

    fn pass(&mut self) -> f64 {
        self.now = self.query.deadline().unwrap();
        self.query.on_deadline(self.now - Duration::from_nanos(1));
        assert_eq!(self.query.outcome(), None);
        self.query.on_deadline(self.now);
        self.now.as_secs_f64()
    }

    #[track_caller]
    fn ends(&mut self, class: Class, reason: Reason) -> Outcome {
        let Step::Done(outcome) = self.query.step() else { panic!("goes on: {:?}", self.query) };
        assert_eq!((outcome.class, outcome.reason, outcome.at), (class, reason, self.now));
        assert_eq!(self.query.deadline(), None);
        outcome
    }
}

#[test]
fn an_interrogation_is_confirmed_answered_and_ended() {
    let mut trial = Trial::new(What::Interrogation { qoi: 20 });
    assert_eq!(trial.asked, [100, 1, 6, 3, 7, 0, 0, 0, 0, 20]);
    assert_eq!(trial.answers(7, false), Heard::Confirmation);
    trial.now = at(29.0);
    assert_eq!(trial.values(20, 1), Heard::Values);
    assert_eq!(trial.values(3, 1), Heard::NotMine, "spontaneous");
    assert_eq!(trial.values(21, 1), Heard::NotMine, "another group");
    trial.now = at(58.0);
    assert_eq!(trial.values(20, 2), Heard::Values);
    assert_eq!(trial.answers(10, false), Heard::Termination);
    let outcome = trial.ends(Class::Complete, Reason::Answered);
    assert_eq!((outcome.asdus, outcome.objects), (2, 2));
    assert_eq!(trial.answers(10, false), Heard::Late);
    assert_eq!(trial.values(20, 3), Heard::NotMine);
}

#[test]
fn an_interrogation_that_is_cut_off_is_incomplete() {
    let mut trial = Trial::new(What::Interrogation { qoi: 20 });
    trial.answers(7, false);
    for ioa in 1..=116 {
        trial.now += at(0.1);
        trial.values(20, ioa);
    }
    let silent_from = trial.now.as_secs_f64();
    assert_eq!(trial.pass(), silent_from + 30.0);
    assert_eq!(trial.ends(Class::Incomplete, Reason::Silence).asdus, 116);

    let mut lost = Trial::new(What::Interrogation { qoi: 20 });
    lost.answers(7, false);
    lost.query.link_lost(at(0.0));
    lost.ends(Class::Incomplete, Reason::LinkLost);

    let mut failed = Trial::new(What::Interrogation { qoi: 20 });
    failed.answers(7, false);
    failed.answers(10, true);
    failed.ends(Class::Incomplete, Reason::NegativeTermination);
}

#[test]
fn an_interrogation_without_end_is_given_up() {
    let mut trial = Trial::new(What::Interrogation { qoi: 20 });
    trial.answers(7, false);
    for _ in 0..59 {
        trial.now += at(10.0);
        trial.query.on_deadline(trial.now);
        assert_eq!(trial.values(20, 1), Heard::Values);
    }
    assert_eq!(trial.pass(), 600.0);
    trial.ends(Class::Incomplete, Reason::TooLong);
}

#[test]
fn a_group_that_is_not_there_is_refused() {
    let mut trial = Trial::new(What::Interrogation { qoi: 21 });
    trial.answers(7, true);
    trial.ends(Class::Refused, Reason::NegativeConfirmation);
    for cause in 44..48 {
        for negative in [false, true] {
            let mut trial = Trial::new(What::Interrogation { qoi: 20 });
            trial.answers(cause, negative);
            trial.ends(Class::Refused, Reason::UnknownToPeer(Cause(cause)));
        }
    }
}

#[test]
fn no_answer_is_none() {
    let mut trial = Trial::new(What::Interrogation { qoi: 20 });
    assert_eq!(trial.pass(), 10.0);
    trial.ends(Class::Unanswered, Reason::Timeout);
    let mut lost = Trial::new(What::Clock);
    lost.query.link_lost(at(0.0));
    lost.ends(Class::Unanswered, Reason::LinkLost);
    let mut fresh = Query::new(*trial.query.question());
    fresh.cancel(at(1.0));
    assert!(matches!(fresh.step(), Step::Done(Outcome { class: Class::NotSent, .. })));
    fresh.sent(at(1.0));
    assert!(matches!(fresh.step(), Step::Done(_)));
}

#[test]
fn every_station_answers_a_broadcast() {
    let mut trial = Trial::to(65_535, What::Interrogation { qoi: 20 });
    for _ in 0..2 {
        trial.answers(7, false);
    }
    trial.values(20, 1);
    trial.answers(7, true);
    trial.answers(10, false);
    assert_eq!(trial.query.step(), Step::Wait, "one of three refused, one is not done");
    trial.answers(10, false);
    trial.ends(Class::Complete, Reason::Answered);
}

#[test]
fn counters_come_with_the_cause_of_their_group() {
    for (qcc, cause) in [(5, 37), (1, 38), (4, 41)] {
        let mut trial = Trial::new(What::Counters { qcc });
        trial.answers(7, false);
        assert_eq!(trial.values(if cause == 37 { 38 } else { 37 }, 1), Heard::NotMine);
        assert_eq!(trial.values(cause, 1), Heard::Values);
        trial.answers(10, false);
        trial.ends(Class::Complete, Reason::Answered);
    }
    let mut frozen = Trial::new(What::Counters { qcc: 0x45 });
    frozen.answers(7, false);
    frozen.ends(Class::Complete, Reason::Answered);
}

#[test]
fn a_reading_is_complete_with_the_value_whether_it_was_confirmed_or_not() {
    for confirmed in [false, true] {
        let mut trial = Trial::new(What::Read { ioa: 99 });
        assert_eq!(trial.asked, [102, 1, 5, 3, 7, 0, 99, 0, 0]);
        assert!(!confirmed || trial.answers(7, false) == Heard::Confirmation);
        assert_eq!(trial.values(5, 98), Heard::NotMine, "another point");
        assert_eq!(trial.values(3, 99), Heard::NotMine, "not the answer");
        assert_eq!(trial.values(5, 99), Heard::Values);
        assert_eq!(trial.ends(Class::Complete, Reason::Answered).objects, 1);
    }
    let mut refused = Trial::new(What::Read { ioa: 99 });
    refused.answers(44, true);
    refused.ends(Class::Refused, Reason::UnknownToPeer(Cause::UNKNOWN_TYPE));
    let mut unanswered = Trial::new(What::Read { ioa: 99 });
    unanswered.answers(7, false);
    unanswered.pass();
    unanswered.ends(Class::Incomplete, Reason::Silence);
}

#[test]
fn the_clock_answers_with_a_time() {
    let mut trial = Trial::new(What::Clock);
    let time = Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]);
    let header = Header::new(TypeId::C_CS_NA_1, Cause::ACTIVATION_CON, CA);
    let object = Object { time: Some(Time::Cp56(time)), ..Object::new(0, Value::ClockSync) };
    assert_eq!(trial.hears(&octets(header, object)), Heard::Confirmation);
    assert_eq!(trial.ends(Class::Complete, Reason::Answered).clock, Some(time));
}

#[test]
fn a_test_must_come_back_as_it_was() {
    let mut trial = Trial::new(What::Test { counter: 0x1234 });
    trial.answers(7, false);
    trial.ends(Class::Complete, Reason::Answered);
    let mut other = Trial::new(What::Test { counter: 0x1234 });
    other.asked[9] ^= 1;
    other.answers(7, false);
    other.ends(Class::Refused, Reason::Mismatch);
    // c104 says nothing to the test of 101, lib60870's sample that it does not know it.
    let mut pattern = Trial::new(What::TestPattern);
    assert!(pattern.asked.ends_with(&[0xaa, 0x55]));
    assert_eq!(pattern.pass(), 10.0);
    pattern.ends(Class::Unanswered, Reason::Timeout);
}

#[test]
fn answers_to_others_are_not_heard() {
    let mut trial = Trial::new(What::Interrogation { qoi: 20 });
    trial.asked[4] = 8;
    assert_eq!(trial.answers(7, false), Heard::NotMine);
    trial.asked[4] = 7;
    trial.asked[3] = 77;
    assert_eq!(trial.answers(7, false), Heard::Confirmation, "another originator");
}
