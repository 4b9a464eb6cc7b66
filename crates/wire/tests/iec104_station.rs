//! A controlling station and an outstation over two links and a stream of octets, without a network.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a fault"
)]

use std::time::Duration;

use station_wire::iec104::codec::{
    Asdu, Cause, Deframer, DoublePoint, Header, Object, TypeId, Value, encode,
};
use station_wire::iec104::command::{
    Class, Command, Expected, Feedback, Limits, Phase, Spec, Step, Termination,
};
use station_wire::iec104::link::{Link, Params, Received, Role};

const CA: u16 = 1;

/// An outstation with one breaker that must be selected.
struct Outstation {
    link: Link,
    deframer: Deframer,
    selected: bool,
    executions: u32,
}

impl Outstation {
    /// Takes octets; the octets it answers with.
    fn takes(&mut self, mut octets: &[u8], now: Duration) -> Vec<u8> {
        let mut asdus = Vec::new();
        while let Some(frame) = self.deframer.next_frame(&mut octets).unwrap() {
            if let Received::Asdu(asdu) = self.link.receive(frame, now).unwrap() {
                asdus.push(asdu.to_vec());
            }
        }
        for asdu in asdus {
            for answer in self.answers(&Asdu::parse(&asdu).unwrap()) {
                self.link.send(&answer, now).unwrap();
            }
        }
        transmitted(&mut self.link)
    }

    fn answers(&mut self, asdu: &Asdu<'_>) -> Vec<Vec<u8>> {
        let object = asdu.objects().next().unwrap();
        let Value::DoubleCommand { state, select, .. } = object.value else { return Vec::new() };
        let good = select || self.selected;
        self.selected = select;
        let con = Header { cause: Cause::ACTIVATION_CON, negative: !good, ..asdu.header };
        let mut answers = vec![octets(con, object)];
        if good && !select {
            self.executions += 1;
            let report = Header::new(TypeId::M_DP_NA_1, Cause::RETURN_REMOTE, CA);
            let position = Value::Double(DoublePoint::from_bits(state));
            answers.push(octets(report, Object::new(500, position)));
            let term = Header { cause: Cause::ACTIVATION_TERM, ..asdu.header };
            answers.push(octets(term, object));
        }
        answers
    }
}

fn octets(header: Header, object: Object) -> Vec<u8> {
    let mut octets = Vec::new();
    encode(&header, &[object], &mut octets).unwrap();
    octets
}

fn transmitted(link: &mut Link) -> Vec<u8> {
    let mut octets = Vec::new();
    while let Some(frame) = link.transmit() {
        octets.extend_from_slice(frame);
    }
    octets
}

fn spec(select: bool) -> Spec {
    Spec {
        ca: CA,
        ioa: 400,
        type_id: TypeId::C_DC_NA_1,
        value: Value::DoubleCommand { state: 2, qu: 0, select: false },
        originator: 1,
        select,
        termination: Termination::Required,
        limits: Limits::default(),
        expires: None,
        feedback: Some(Feedback {
            ca: CA,
            ioa: 500,
            expected: Expected::Switched(true),
            previous: None,
        }),
    }
}

/// Gives a command over a connection that is cut into reads of so many octets; how it ended, and how
/// often the outstation operated.
fn give(spec: Spec, cut: usize) -> (Class, u32) {
    let now = Duration::ZERO;
    let mut link = Link::new(Role::Controlling, Params::default(), now);
    let mut outstation = Outstation {
        link: Link::new(Role::Controlled, Params::default(), now),
        deframer: Deframer::new(),
        selected: false,
        executions: 0,
    };
    let mut deframer = Deframer::new();
    let mut command = Command::new(spec, now);
    link.start(now);
    for _ in 0..10 {
        let answered = outstation.takes(&transmitted(&mut link), now);
        for mut read in answered.chunks(cut) {
            while let Some(frame) = deframer.next_frame(&mut read).unwrap() {
                if let Received::Asdu(asdu) = link.receive(frame, now).unwrap() {
                    command.receive(&Asdu::parse(asdu).unwrap(), now);
                }
            }
        }
        if !link.can_send() {
            continue;
        }
        match command.step(now) {
            Step::Send(phase) => send(&command, phase, &mut link, now),
            Step::Recheck => assert!(command.execute(now)),
            Step::Wait => continue,
            Step::Done(outcome) => return (outcome.class, outstation.executions),
        }
        command.sent(now);
    }
    panic!("no end: {command:?}");
}

fn send(command: &Command, phase: Phase, link: &mut Link, now: Duration) {
    let mut asdu = Vec::new();
    command.encode(phase, None, &mut asdu).unwrap();
    link.send(&asdu, now).unwrap();
}

#[test]
fn a_breaker_is_selected_operated_and_seen_to_move() {
    for cut in [1, 7, 1000] {
        assert_eq!(give(spec(true), cut), (Class::Verified, 1));
    }
}

#[test]
fn a_breaker_that_was_not_selected_is_not_operated() {
    assert_eq!(give(spec(false), 1000), (Class::Refused, 0));
}
