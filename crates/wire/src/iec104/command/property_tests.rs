//! Whatever comes in whatever order: one outcome, one execution at most, and no doubt taken back.

use proptest::prelude::*;

use super::super::codec::{Asdu, DoublePoint, Quality, TypeId, Value};
use super::*;

#[derive(Clone, Debug)]
enum Event {
    /// The caller does what is to be done, if the link and the interlocks let it.
    Act {
        lets: bool,
    },
    Answer {
        cause: u8,
        negative: bool,
        on: bool,
        qu: u8,
        select: bool,
    },
    Report {
        on: bool,
        quality: u8,
    },
    /// Time passes, in milliseconds, and the caller may have looked at the deadline or not.
    Pass {
        time: u64,
        looks: bool,
    },
    Cancel,
    LinkLost,
}

fn event() -> impl Strategy<Value = Event> {
    let cause =
        prop_oneof![6 => Just(7_u8), 1 => Just(9), 3 => Just(10), 1 => 44..48_u8, 1 => 0..64_u8];
    let mostly = |often| prop::bool::weighted(often);
    let answer = (cause, mostly(0.1), mostly(0.9), mostly(0.05), any::<bool>());
    prop_oneof![
        8 => mostly(0.9).prop_map(|lets| Event::Act { lets }),
        8 => answer.prop_map(|(cause, negative, on, other, select)| {
            Event::Answer { cause, negative, on, qu: u8::from(other), select }
        }),
        3 => (any::<bool>(), prop_oneof![3 => Just(0), 1 => any::<u8>()])
            .prop_map(|(on, quality)| Event::Report { on, quality }),
        3 => (0..6_000_u64, any::<bool>()).prop_map(|(time, looks)| Event::Pass { time, looks }),
        1 => Just(Event::Cancel),
        1 => Just(Event::LinkLost),
    ]
}

fn spec() -> impl Strategy<Value = Spec> {
    let previous = prop::option::of(any::<bool>().prop_map(Value::Single));
    let feedback = previous.prop_map(|previous| Feedback {
        ca: 1,
        ioa: 20,
        expected: Expected::Switched(true),
        previous,
    });
    let termination = prop_oneof![
        Just(Termination::Required),
        Just(Termination::Optional),
        Just(Termination::None)
    ];
    let expires = prop::option::of((1..20_000_u64).prop_map(Duration::from_millis));
    let limits = prop::array::uniform6((0..15_000_u64).prop_map(Duration::from_millis));
    (any::<bool>(), termination, expires, prop::option::of(feedback), limits).prop_map(
        |(select, termination, expires, feedback, limits)| {
            let [select_con, execute_con, term, optional_term, window, feedback_limit] = limits;
            Spec {
                ca: 1,
                ioa: 10,
                type_id: TypeId::C_SC_NA_1,
                value: Value::SingleCommand { on: true, qu: 0, select: false },
                originator: 0,
                select,
                termination,
                limits: Limits {
                    select_con,
                    execute_con,
                    term,
                    optional_term,
                    window,
                    feedback: feedback_limit,
                },
                expires,
                feedback,
            }
        },
    )
}

/// A command, its caller, and what is remembered of both to judge them by.
struct Run {
    command: Command,
    now: Duration,
    sent: Vec<(Phase, Duration)>,
    confirmed: bool,
    outcome: Option<Outcome>,
}

impl Run {
    fn act(&mut self, lets: bool) {
        match self.command.step(self.now) {
            Step::Send(phase) => {
                let mut octets = Vec::new();
                self.command.encode(phase, None, &mut octets).unwrap();
                assert_eq!(octets[9], if phase == Phase::Execute { 0x01 } else { 0x81 });
                if lets {
                    self.judge_sending(phase);
                    self.command.sent(self.now);
                    self.sent.push((phase, self.now));
                } else {
                    assert!(self.command.cancel(self.now, Withdrawal::NotGiven));
                }
            }
            Step::Recheck if lets => {
                assert!(self.command.execute(self.now));
            }
            Step::Recheck => {
                assert!(self.command.cancel(self.now, Withdrawal::Interlock));
            }
            Step::Wait => assert!(self.command.outcome().is_none()),
            Step::Done(outcome) => assert_eq!(self.command.outcome(), Some(&outcome)),
        }
    }

    fn judge_sending(&self, phase: Phase) {
        let spec = self.command.spec();
        assert!(self.sent.iter().all(|(sent, _)| *sent < phase), "{phase:?} twice or too late");
        assert!(self.sent_at(Phase::Execute).is_none(), "{phase:?} after the execution");
        let timely = spec.expires.is_none_or(|expires| self.now < expires);
        assert!(timely || phase == Phase::Deactivate, "expired");
        if phase == Phase::Execute {
            let selected = self.sent_at(Phase::Select);
            assert_eq!(selected.is_some(), spec.select);
            assert!(selected.is_none_or(|at| self.now < at + spec.limits.window));
        }
    }

    fn sent_at(&self, phase: Phase) -> Option<Duration> {
        self.sent.iter().find(|(sent, _)| *sent == phase).map(|(_, at)| *at)
    }

    fn hear(&mut self, header: Header, object: Object) {
        let mut octets = Vec::new();
        encode(&header, &[object], &mut octets).unwrap();
        let heard = self.command.receive(&Asdu::parse(&octets).unwrap(), self.now);
        if self.outcome.is_some() {
            assert!(!matches!(heard, Heard::Step(_)));
        }
        let good = heard == Heard::Step(Kind::Confirmation) && !header.negative;
        self.confirmed |= good && self.sent_at(Phase::Execute).is_some();
    }

    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Act { lets } => self.act(lets),
            Event::Answer { cause, negative, on, qu, select } => {
                let header = Header::new(TypeId::C_SC_NA_1, Cause(cause), 1);
                let value = Value::SingleCommand { on, qu, select };
                self.hear(Header { negative, ..header }, Object::new(10, value));
            }
            Event::Report { on, quality } => {
                let header = Header::new(TypeId::M_DP_NA_1, Cause::SPONTANEOUS, 1);
                let value = Value::Double(if on { DoublePoint::On } else { DoublePoint::Off });
                let quality = Quality(quality & 0xf0);
                self.hear(header, Object { quality, ..Object::new(20, value) });
            }
            Event::Pass { time, looks } => {
                self.now += Duration::from_millis(time);
                if looks {
                    self.command.on_deadline(self.now);
                }
            }
            Event::Cancel => {
                let taken_back = self.command.cancel(self.now, Withdrawal::Cancelled);
                assert!(!taken_back || self.sent_at(Phase::Execute).is_none());
            }
            Event::LinkLost => {
                self.command.link_lost(self.now);
                assert!(self.command.outcome().is_some());
            }
        }
        self.judge();
    }

    fn judge(&mut self) {
        let outcome = self.command.outcome().copied();
        if self.outcome.is_some() {
            assert_eq!(outcome, self.outcome, "an outcome changed");
            return;
        }
        let Some(Outcome { class, reason, at }) = outcome else { return };
        self.outcome = outcome;
        assert!(at <= self.now && self.command.deadline().is_none());
        let executed = self.sent_at(Phase::Execute).is_some();
        match class {
            Class::NotSent => assert!(!executed),
            Class::Refused => assert!(!self.sent.is_empty()),
            Class::Unknown => assert!(executed || matches!(reason, Reason::Mismatch { .. })),
            Class::Confirmed | Class::Completed | Class::Verified => {
                assert!(executed && self.confirmed);
                let spec = self.command.spec();
                let ended = class != Class::Confirmed;
                assert!(ended || spec.termination != Termination::Required);
                assert!(class != Class::Verified || spec.feedback.is_some());
            }
        }
    }

    /// A caller that does its part, and an outstation that is silent from here on.
    fn finish(&mut self) {
        for _ in 0..20 {
            self.act(true);
            self.judge();
            if self.outcome.is_some() {
                return;
            }
            if let Some(deadline) = self.command.deadline() {
                self.now = self.now.max(deadline);
                self.command.on_deadline(self.now);
                self.judge();
                let next = self.command.deadline();
                assert!(
                    next.is_none_or(|next| next > self.now),
                    "it would be called again and again"
                );
            }
        }
        panic!("no end: {:?}", self.command);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_sequence_of_events_ends_in_exactly_one_outcome(
        spec in spec(), events in prop::collection::vec(event(), 0..30),
    ) {
        let command = Command::new(spec, Duration::ZERO);
        let now = Duration::ZERO;
        let mut run = Run { command, now, sent: Vec::new(), confirmed: false, outcome: None };
        for event in &events {
            run.happens(event);
        }
        run.finish();
        // And nothing brings it back.
        for event in &events {
            run.happens(event);
        }
    }
}
