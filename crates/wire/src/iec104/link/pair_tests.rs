//! Both sides against each other in virtual time, with whatever delays the network has.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// One side, what it sent and received, and the frames on their way to it.
struct Side {
    link: Link,
    to_send: VecDeque<u32>,
    received: Vec<u32>,
    inbox: VecDeque<(Duration, Vec<u8>)>,
    /// I frames that came since the last acknowledgement went out.
    owed: usize,
    stopped: u32,
}

struct Pair {
    sides: [Side; 2],
    now: Duration,
    /// How many events there were at that time.
    at_once: u32,
    params: Params,
    sent: [u32; 2],
}

#[derive(Clone, Debug)]
enum Op {
    /// So many ASDUs are to be sent by that side.
    Send(usize, u32),
    /// Time passes, in milliseconds.
    Pass(u64),
    /// The network takes so long from here on, in milliseconds.
    Delay(u64),
    Stop,
    Start,
}

fn asdu(number: u32) -> Vec<u8> {
    [&[13, 1, 3, 0, 1, 0][..], &number.to_le_bytes()].concat()
}

impl Pair {
    fn new(params: Params) -> Self {
        let side = |role| Side {
            link: Link::new(role, params, Duration::ZERO),
            to_send: VecDeque::new(),
            received: Vec::new(),
            inbox: VecDeque::new(),
            owed: 0,
            stopped: 0,
        };
        let sides = [side(Role::Controlling), side(Role::Controlled)];
        Self { sides, now: Duration::ZERO, at_once: 0, params, sent: [0; 2] }
    }

    /// Hands over and transmits all that can be now.
    fn flush(&mut self, delay: Duration) {
        for index in 0..2 {
            let mut frames = Vec::new();
            let side = &mut self.sides[index];
            while side.link.can_send()
                && let Some(number) = side.to_send.pop_front()
            {
                side.link.send(&asdu(number), self.now).unwrap();
            }
            while let Some(frame) = side.link.transmit() {
                if !matches!(parse(frame), Ok(super::super::codec::Apdu::U(_))) {
                    side.owed = 0;
                }
                frames.push(frame.to_vec());
            }
            assert!(side.link.unacknowledged() <= usize::from(self.params.k));
            assert!(side.owed < usize::from(self.params.w));
            let inbox = &mut self.sides[1 - index].inbox;
            for frame in frames {
                let behind = inbox.back().map_or(Duration::ZERO, |(at, _)| *at);
                inbox.push_back((behind.max(self.now + delay), frame));
            }
        }
    }

    /// The next arrival or deadline.
    fn next(&self) -> Duration {
        let arrivals = self.sides.iter().filter_map(|side| side.inbox.front().map(|(at, _)| *at));
        let deadlines = self.sides.iter().filter_map(|side| side.link.deadline());
        arrivals.chain(deadlines).min().unwrap()
    }

    /// Goes to the next event, of which there may be some at one time but not without end.
    fn advance(&mut self) {
        let next = self.next();
        assert!(next >= self.now, "a deadline that was met comes again");
        self.at_once = if next == self.now { self.at_once + 1 } else { 0 };
        assert!(self.at_once < 100_000, "nothing goes on");
        self.now = next;
    }

    /// Runs until then, from one event to the next.
    fn run(&mut self, until: Duration, delay: Duration) {
        self.flush(delay);
        while self.next() <= until {
            self.advance();
            let now = self.now;
            for side in &mut self.sides {
                side.link.on_deadline(now).unwrap();
                while side.inbox.front().is_some_and(|(at, _)| *at <= now) {
                    let (_, frame) = side.inbox.pop_front().unwrap();
                    match side.link.receive(&frame, now).unwrap() {
                        Received::Asdu(asdu) => {
                            side.owed += 1;
                            let number = asdu.last_chunk().unwrap();
                            side.received.push(u32::from_le_bytes(*number));
                        }
                        Received::Stopped => side.stopped += 1,
                        Received::Started | Received::Nothing => {}
                    }
                }
            }
            self.flush(delay);
        }
        self.now = until;
    }

    fn play(&mut self, ops: &[Op]) {
        let mut delay = Duration::ZERO;
        for op in ops {
            match op {
                Op::Send(side, count) => {
                    let sent = &mut self.sent[*side];
                    self.sides[*side].to_send.extend(*sent..*sent + count);
                    *sent += count;
                }
                Op::Pass(time) => self.run(self.now + Duration::from_millis(*time), delay),
                Op::Delay(time) => delay = Duration::from_millis(*time),
                Op::Stop => self.sides[0].link.stop(self.now),
                Op::Start => self.sides[0].link.start(self.now),
            }
            self.flush(delay);
        }
    }

    /// Lets everything arrive, and looks whether it did.
    fn settle(&mut self) {
        // Whoever was stopping may have to finish first.
        self.play(&[Op::Pass(60_000), Op::Start, Op::Pass(600_000)]);
        for (index, side) in self.sides.iter().enumerate() {
            let all: Vec<u32> = (0..self.sent[1 - index]).collect();
            assert!(side.to_send.is_empty() && side.link.unacknowledged() == 0);
            assert_eq!(side.received, all, "side {index}");
        }
    }
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..2_usize, 1..40_u32).prop_map(|(side, count)| Op::Send(side, count)),
        4 => (0..30_000_u64).prop_map(Op::Pass),
        // Twice this and t2 are less than t1.
        2 => (0..2_000_u64).prop_map(Op::Delay),
        1 => Just(Op::Stop),
        2 => Just(Op::Start),
    ]
}

proptest! {
    #[test]
    fn nothing_is_lost_or_doubled_and_the_windows_are_kept(
        k in 1..20_u16, share in 0.0..1.0_f64, quirk: bool,
        ops in prop::collection::vec(op(), 0..40),
    ) {
        let most = (k * 2 / 3).max(1);
        let w = (1..=most).rev().find(|w| f64::from(*w) <= share * f64::from(most)).unwrap_or(1);
        let params = Params { k, w, first_sequence_one: quirk, ..Params::default() };
        params.check().unwrap();
        let mut pair = Pair::new(params);
        pair.play(&ops);
        pair.settle();
    }

    #[test]
    fn a_frame_that_is_lost_or_doubled_is_noticed(lost in 0..8_usize, doubled: bool) {
        let mut pair = Pair::new(Params::default());
        pair.play(&[Op::Start, Op::Pass(10), Op::Send(1, 9)]);
        let inbox = &mut pair.sides[0].inbox;
        if doubled {
            let frame = inbox[lost].clone();
            inbox.insert(lost, frame);
        } else {
            inbox.remove(lost);
        }
        let Side { link, inbox, .. } = &mut pair.sides[0];
        let mut faults = inbox.iter().filter_map(|(at, frame)| link.receive(frame, *at).err());
        let noticed = matches!(faults.next(), Some(LinkError::SendSequence { .. }));
        prop_assert!(noticed);
    }

    #[test]
    fn nothing_that_comes_makes_it_panic(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..30),
        controlled: bool,
    ) {
        let role = if controlled { Role::Controlled } else { Role::Controlling };
        let mut link = Link::new(role, Params::default(), Duration::MAX);
        link.start(Duration::MAX);
        for mut frame in frames {
            if let [start, length, rest @ ..] = frame.as_mut_slice() {
                (*start, *length) = (START, u8::try_from(rest.len()).unwrap());
            }
            let failed = link.receive(&frame, Duration::MAX).is_err();
            prop_assert_eq!(failed, link.state() == State::Closed);
            prop_assert_eq!(link.on_deadline(Duration::ZERO).is_err(), failed);
        }
    }
}

#[test]
fn the_numbers_wrap_at_32768_in_both_directions() {
    let mut pair = Pair::new(Params::default());
    pair.play(&[Op::Start, Op::Pass(10), Op::Send(0, 70_000), Op::Send(1, 66_000)]);
    pair.settle();
}

#[test]
fn a_stop_in_the_middle_loses_nothing() {
    let mut pair = Pair::new(Params::default());
    pair.play(&[Op::Start, Op::Delay(500), Op::Pass(2_000), Op::Send(1, 30), Op::Pass(700)]);
    pair.play(&[Op::Stop, Op::Pass(5_000)]);
    assert_eq!((pair.sides[0].stopped, pair.sides[1].stopped), (1, 1));
    assert_eq!(pair.sides[0].link.state(), State::Stopped);
    assert!(pair.sides[0].received.len() < 30);
    pair.settle();
}
