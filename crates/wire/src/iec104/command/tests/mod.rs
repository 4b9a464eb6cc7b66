//! Each line of the life cycle, each rule, and each way in which outstations are known to differ.

mod direct;
mod feedbacks;
mod mirrors;
mod peers;
mod selection;

use super::super::codec::{Asdu, DoublePoint, Quality, TypeId, Value};
use super::*;

const CA: u16 = 7;
const IOA: u32 = 1000;
const FEEDBACK: u32 = 2000;

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn single(on: bool, select: bool) -> Value {
    Value::SingleCommand { on, qu: 1, select }
}

fn spec() -> Spec {
    Spec {
        ca: CA,
        ioa: IOA,
        type_id: TypeId::C_SC_NA_1,
        value: single(true, false),
        originator: 5,
        select: false,
        termination: Termination::None,
        limits: Limits::default(),
        expires: Some(at(9.0)),
        feedback: None,
    }
}

fn selected() -> Spec {
    Spec { select: true, ..spec() }
}

fn with_term(termination: Termination) -> Spec {
    Spec { termination, ..spec() }
}

fn watched(previous: Option<Value>) -> Spec {
    let expected = Expected::Switched(true);
    let feedback = Feedback { ca: CA, ioa: FEEDBACK, expected, previous };
    Spec { feedback: Some(feedback), ..spec() }
}

/// The octets of an ASDU with one object.
fn asdu(header: Header, object: Object) -> Vec<u8> {
    let mut octets = Vec::new();
    encode(&header, &[object], &mut octets).unwrap();
    octets
}

struct Trial {
    command: Command,
    now: Duration,
}

impl Trial {
    fn new(spec: Spec) -> Self {
        Self { command: Command::new(spec, at(0.0)), now: at(0.0) }
    }

    /// A command whose execution was sent.
    fn executing(spec: Spec) -> Self {
        let mut trial = Self::new(spec);
        if trial.command.spec().select {
            trial.send(Phase::Select);
            trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
            assert!(trial.command.execute(trial.now));
        }
        trial.send(Phase::Execute);
        trial
    }

    /// One whose execution was confirmed.
    fn confirmed(spec: Spec) -> Self {
        let mut trial = Self::executing(spec);
        assert_eq!(trial.con(false), Heard::Step(Kind::Confirmation));
        trial
    }

    fn send(&mut self, phase: Phase) -> Vec<u8> {
        assert_eq!(self.command.step(self.now), Step::Send(phase));
        assert_eq!(self.command.step(self.now), Step::Wait, "handed out once");
        let mut octets = Vec::new();
        self.command.encode(phase, None, &mut octets).unwrap();
        self.command.sent(self.now);
        octets
    }

    fn hears(&mut self, octets: &[u8]) -> Heard {
        self.command.receive(&Asdu::parse(octets).unwrap(), self.now)
    }

    fn answers(&mut self, cause: Cause, negative: bool, value: Value) -> Heard {
        let header = Header::new(TypeId::C_SC_NA_1, cause, CA);
        self.hears(&asdu(Header { negative, ..header }, Object::new(IOA, value)))
    }

    fn con(&mut self, negative: bool) -> Heard {
        self.answers(Cause::ACTIVATION_CON, negative, single(true, false))
    }

    fn term(&mut self, negative: bool) -> Heard {
        self.answers(Cause::ACTIVATION_TERM, negative, single(true, false))
    }

    fn reports(&mut self, cause: Cause, on: bool, quality: Quality) -> Heard {
        let value = Value::Double(if on { DoublePoint::On } else { DoublePoint::Off });
        let object = Object { quality, ..Object::new(FEEDBACK, value) };
        self.hears(&asdu(Header::new(TypeId::M_DP_NA_1, cause, CA), object))
    }

    /// Goes to the next deadline.
    fn pass(&mut self) -> f64 {
        self.now = self.command.deadline().unwrap();
        let before = self.now - Duration::from_nanos(1);
        let untouched = self.command.outcome().copied();
        self.command.on_deadline(before);
        assert_eq!(self.command.outcome().copied(), untouched, "before the deadline");
        self.command.on_deadline(self.now);
        self.now.as_secs_f64()
    }

    #[track_caller]
    fn ends(&mut self, class: Class, reason: &str) {
        let Step::Done(outcome) = self.command.step(self.now) else {
            panic!("goes on: {:?}", self.command)
        };
        assert_eq!((outcome.class, outcome.reason.name()), (class, reason));
        assert_eq!(outcome.at, self.now);
        assert_eq!(self.command.deadline(), None);
    }

    #[track_caller]
    fn goes_on(&mut self) {
        assert_eq!(self.command.step(self.now), Step::Wait);
        assert!(self.command.deadline().is_some());
    }
}
