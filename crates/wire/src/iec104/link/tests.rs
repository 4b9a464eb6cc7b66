//! Each session rule by itself, in virtual time.

use super::*;

const ASDU: &[u8] = &[100, 1, 6, 0, 1, 0, 0, 0, 0, 20];

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn link(role: Role) -> Link {
    Link::new(role, Params::default(), at(0.0))
}

/// A link of that role whose data transfer is started.
fn started(role: Role, params: Params) -> Link {
    let mut link = Link::new(role, params, at(0.0));
    let said = if role == Role::Controlling {
        link.start(at(0.0));
        U::StartDtCon
    } else {
        U::StartDtAct
    };
    assert_eq!(link.receive(&u(said), at(0.0)), Ok(Received::Started));
    sent(&mut link);
    link
}

fn u(said: U) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_u(said, &mut frame);
    frame
}

fn s(nr: u16) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_s(nr, &mut frame);
    frame
}

fn i(ns: u16, nr: u16) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_i(ns, nr, ASDU, &mut frame);
    frame
}

/// All that is to be transmitted.
fn sent(link: &mut Link) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| link.transmit().map(<[u8]>::to_vec)).collect()
}

#[test]
fn s1_nothing_is_sent_before_the_start_is_confirmed_nor_after_the_stop() {
    let mut link = link(Role::Controlling);
    assert_eq!(link.send(ASDU, at(0.0)), Err(SendError::NotStarted));
    link.start(at(1.0));
    assert_eq!(link.state(), State::Starting);
    assert_eq!(sent(&mut link), [[0x68, 4, 0x07, 0, 0, 0]]);
    assert!(!link.can_send());
    assert_eq!(link.send(ASDU, at(1.0)), Err(SendError::NotStarted));
    assert_eq!(link.receive(&[0x68, 4, 0x0b, 0, 0, 0], at(1.1)), Ok(Received::Started));
    assert_eq!((link.state(), link.send(ASDU, at(1.2))), (State::Started, Ok(())));
    link.stop(at(2.0));
    assert_eq!(link.send(ASDU, at(2.0)), Err(SendError::NotStarted));
    assert_eq!(sent(&mut link), [i(0, 0), u(U::StopDtAct)]);
}

#[test]
fn s1_the_start_must_be_confirmed_within_t1() {
    let mut link = link(Role::Controlling);
    link.start(at(1.0));
    assert_eq!(link.deadline(), Some(at(16.0)));
    assert_eq!(link.on_deadline(at(15.999)), Ok(()));
    let error = link.on_deadline(at(16.0)).unwrap_err();
    assert_eq!(error.to_string(), "the peer did not confirm STARTDT within t1");
    assert_eq!((link.state(), link.deadline()), (State::Closed, None));
    assert_eq!(link.receive(&u(U::StartDtCon), at(17.0)), Err(error));
}

#[test]
fn s1_information_while_stopped_closes() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut link = link(role);
        assert_eq!(link.receive(&i(0, 0), at(1.0)), Err(LinkError::NotStarted));
        assert_eq!(link.state(), State::Closed);
    }
    // What overtakes the confirmation is an outstation's haste and nothing worse.
    let mut hasty = link(Role::Controlling);
    hasty.start(at(0.0));
    assert_eq!(hasty.receive(&i(0, 0), at(1.0)), Ok(Received::Asdu(ASDU)));
    assert_eq!(hasty.receive(&u(U::StartDtCon), at(1.0)), Ok(Received::Started));
    assert_eq!(hasty.receive(&i(1, 0), at(1.0)), Ok(Received::Asdu(ASDU)));
}

#[test]
fn s2_numbers_go_up_from_zero_and_any_other_closes() {
    let mut link = started(Role::Controlling, Params::default());
    assert_eq!(link.receive(&i(0, 0), at(1.0)), Ok(Received::Asdu(ASDU)));
    for wrong in [0, 2, 32_767] {
        let mut link = link.clone();
        let error = link.receive(&i(wrong, 0), at(1.0)).unwrap_err();
        assert_eq!(error, LinkError::SendSequence { expected: 1, got: wrong });
        assert!(sent(&mut link).is_empty());
    }
    assert_eq!(link.receive(&i(1, 0), at(1.0)), Ok(Received::Asdu(ASDU)));
}

#[test]
fn s2_only_what_was_sent_can_be_acknowledged() {
    let mut link = started(Role::Controlling, Params::default());
    for _ in 0..3 {
        link.send(ASDU, at(1.0)).unwrap();
    }
    assert_eq!(link.receive(&s(2), at(1.0)), Ok(Received::Nothing));
    assert_eq!(link.unacknowledged(), 1);
    for wrong in [1, 4, 32_767] {
        for frame in [s(wrong), i(0, wrong)] {
            let error = link.clone().receive(&frame, at(1.0)).unwrap_err();
            assert_eq!(error, LinkError::ReceiveSequence { oldest: 2, next: 3, got: wrong });
        }
    }
    assert_eq!(link.receive(&i(0, 3), at(1.0)), Ok(Received::Asdu(ASDU)));
    assert_eq!(link.unacknowledged(), 0);
}

#[test]
fn s3_no_more_than_k_are_on_their_way() {
    let mut link = started(Role::Controlling, Params::default());
    for _ in 0..12 {
        assert!(link.can_send());
        link.send(ASDU, at(1.0)).unwrap();
    }
    assert!(!link.can_send());
    assert_eq!(link.send(ASDU, at(1.0)), Err(SendError::WindowFull(12)));
    assert_eq!(sent(&mut link).len(), 12);
    link.receive(&s(1), at(2.0)).unwrap();
    assert_eq!(link.send(ASDU, at(2.0)), Ok(()));
    assert_eq!(sent(&mut link), [i(12, 0)]);
}

#[test]
fn s3_what_came_is_acknowledged_after_w_frames() {
    let mut link = started(Role::Controlling, Params::default());
    for ns in 0..7 {
        link.receive(&i(ns, 0), at(1.0)).unwrap();
    }
    assert!(sent(&mut link).is_empty());
    link.receive(&i(7, 0), at(1.0)).unwrap();
    assert_eq!(sent(&mut link), [[0x68, 4, 1, 0, 0x10, 0]]);
}

#[test]
fn s3_what_came_is_acknowledged_by_what_is_sent() {
    let mut link = started(Role::Controlling, Params::default());
    for ns in 0..7 {
        link.receive(&i(ns, 0), at(1.0)).unwrap();
    }
    link.send(ASDU, at(1.0)).unwrap();
    assert_eq!(sent(&mut link), [i(0, 7)]);
    link.receive(&i(7, 1), at(1.0)).unwrap();
    assert!(sent(&mut link).is_empty(), "the count begins anew");
}

#[test]
fn s3_what_came_is_acknowledged_after_t2() {
    let mut link = started(Role::Controlling, Params::default());
    link.receive(&i(0, 0), at(1.0)).unwrap();
    link.receive(&i(1, 0), at(5.0)).unwrap();
    assert_eq!(link.deadline(), Some(at(11.0)));
    link.on_deadline(at(10.9)).unwrap();
    assert!(sent(&mut link).is_empty());
    link.on_deadline(at(11.0)).unwrap();
    assert_eq!(sent(&mut link), [s(2)]);
    assert_eq!(link.deadline(), Some(at(25.0)));
}

#[test]
fn s4_an_i_frame_must_be_acknowledged_within_t1_of_the_oldest() {
    let params = Params { t1: at(3.0), t2: at(2.0), ..Params::default() };
    let mut link = started(Role::Controlling, params);
    for number in 0..12 {
        link.send(ASDU, at(1.0 + f64::from(number) / 10.0)).unwrap();
    }
    assert_eq!(link.deadline(), Some(at(4.0)));
    link.receive(&s(4), at(3.9)).unwrap();
    assert_eq!(link.deadline(), Some(at(4.4)));
    assert_eq!(link.on_deadline(at(4.39)), Ok(()));
    assert_eq!(link.on_deadline(at(4.4)), Err(LinkError::Unanswered(Awaited::Acknowledgement)));
    assert_eq!(link.unacknowledged(), 8, "for the record of what is in doubt");
}

#[test]
fn s4_the_stop_must_be_confirmed_within_t1() {
    let mut link = started(Role::Controlling, Params::default());
    link.stop(at(2.0));
    assert_eq!(link.on_deadline(at(17.0)), Err(LinkError::Unanswered(Awaited::Stop)));
}

#[test]
fn s5_silence_is_tested_and_the_test_must_be_confirmed() {
    let params = Params { t1: at(3.0), t2: at(1.0), t3: at(2.0), ..Params::default() };
    for role in [Role::Controlling, Role::Controlled] {
        let mut link = Link::new(role, params, at(0.0));
        assert_eq!(link.deadline(), Some(at(2.0)));
        link.on_deadline(at(2.04)).unwrap();
        assert_eq!(sent(&mut link), [[0x68, 4, 0x43, 0, 0, 0]]);
        let mut silent = link.clone();
        assert_eq!(silent.deadline(), Some(at(5.04)));
        assert_eq!(silent.on_deadline(at(4.0)), Ok(()));
        assert!(sent(&mut silent).is_empty(), "one test at a time");
        assert_eq!(silent.on_deadline(at(5.04)), Err(LinkError::Unanswered(Awaited::Test)));

        link.receive(&[0x68, 4, 0x83, 0, 0, 0], at(3.0)).unwrap();
        assert_eq!((link.deadline(), link.on_deadline(at(4.9))), (Some(at(5.0)), Ok(())));
    }
}

#[test]
fn s5_any_frame_puts_the_test_off() {
    let mut link = started(Role::Controlling, Params::default());
    link.receive(&u(U::TestFrAct), at(19.0)).unwrap();
    assert_eq!(sent(&mut link), [u(U::TestFrCon)]);
    assert_eq!(link.deadline(), Some(at(39.0)));
    link.send(ASDU, at(20.0)).unwrap();
    link.receive(&s(1), at(21.0)).unwrap();
    assert_eq!(link.deadline(), Some(at(41.0)));
}

#[test]
fn s6_stopping_acknowledges_first_and_takes_what_is_on_its_way() {
    let mut link = started(Role::Controlling, Params::default());
    link.receive(&i(0, 0), at(1.0)).unwrap();
    link.stop(at(2.0));
    assert_eq!(sent(&mut link), [s(1), u(U::StopDtAct)]);
    assert_eq!(link.receive(&i(1, 0), at(2.1)), Ok(Received::Asdu(ASDU)));
    assert_eq!(sent(&mut link), [s(2)]);
    assert_eq!(link.receive(&s(0), at(2.2)), Ok(Received::Nothing));
    assert_eq!(link.receive(&u(U::StopDtCon), at(2.3)), Ok(Received::Stopped));
    assert_eq!(link.clone().receive(&i(2, 0), at(2.4)), Err(LinkError::NotStarted));
    // The numbers go on when it is started again.
    link.start(at(3.0));
    assert_eq!(link.receive(&u(U::StartDtCon), at(3.1)), Ok(Received::Started));
    assert_eq!(link.receive(&i(2, 0), at(3.2)), Ok(Received::Asdu(ASDU)));
}

#[test]
fn s6_the_outstation_confirms_the_stop_once_all_is_acknowledged() {
    let mut link = started(Role::Controlled, Params::default());
    link.receive(&i(0, 0), at(1.0)).unwrap();
    link.send(ASDU, at(1.0)).unwrap();
    link.receive(&i(1, 0), at(1.0)).unwrap();
    sent(&mut link);
    assert_eq!(link.receive(&u(U::StopDtAct), at(2.0)), Ok(Received::Nothing));
    assert_eq!((sent(&mut link), link.state()), (vec![s(2)], State::Stopping));
    assert_eq!(link.clone().receive(&i(2, 0), at(2.0)), Err(LinkError::NotStarted));
    assert_eq!(link.receive(&s(1), at(2.1)), Ok(Received::Stopped));
    assert_eq!((sent(&mut link), link.state()), (vec![u(U::StopDtCon)], State::Stopped));
    // Asked again, it says so again.
    assert_eq!(link.receive(&u(U::StopDtAct), at(3.0)), Ok(Received::Stopped));
    assert_eq!(sent(&mut link), [u(U::StopDtCon)]);
}

#[test]
fn s8_a_connection_in_reserve_is_only_tested_until_it_is_started() {
    let mut link = link(Role::Controlling);
    for round in 1..=5 {
        let now = at(20.0 * f64::from(round));
        assert_eq!(link.deadline(), Some(now));
        link.on_deadline(now).unwrap();
        assert_eq!(sent(&mut link), [u(U::TestFrAct)]);
        link.receive(&u(U::TestFrCon), now).unwrap();
    }
    link.start(at(101.0));
    assert_eq!(link.receive(&u(U::StartDtCon), at(101.0)), Ok(Received::Started));
}

#[test]
fn s9_an_outstation_that_counts_from_one_is_taken_where_that_is_said() {
    let quirk = Params { first_sequence_one: true, ..Params::default() };
    let error = LinkError::SendSequence { expected: 0, got: 1 };
    let mut strict = started(Role::Controlling, Params::default());
    assert_eq!(strict.receive(&i(1, 0), at(1.0)), Err(error));
    let mut link = started(Role::Controlling, quirk);
    assert_eq!(link.receive(&i(1, 0), at(1.0)), Ok(Received::Asdu(ASDU)));
    link.send(ASDU, at(1.0)).unwrap();
    assert_eq!(sent(&mut link), [i(0, 2)]);
    let mut proper = started(Role::Controlling, quirk);
    assert_eq!(proper.receive(&i(0, 0), at(1.0)), Ok(Received::Asdu(ASDU)));
    assert!(proper.receive(&i(2, 0), at(1.0)).is_err());

    let mut outstation = started(Role::Controlled, quirk);
    outstation.send(ASDU, at(1.0)).unwrap();
    assert_eq!(sent(&mut outstation), [i(1, 0)]);
    outstation.receive(&s(0), at(1.0)).unwrap();
    assert_eq!(outstation.unacknowledged(), 1);
    outstation.receive(&s(2), at(1.0)).unwrap();
    assert_eq!(outstation.unacknowledged(), 0);
}

#[test]
fn wrong_octets_and_a_wrong_role_close() {
    for wrong in [&[0x69, 4, 0x43, 0, 0, 0][..], &[0x68, 3, 0x07, 0, 0], &[0x68, 4, 0x47, 0, 0, 0]]
    {
        let mut link = link(Role::Controlling);
        link.start(at(0.0));
        assert!(matches!(link.receive(wrong, at(1.0)), Err(LinkError::Frame(_))));
        assert!(link.fault().is_some() && sent(&mut link).is_empty());
    }
    let mut controlling = link(Role::Controlling);
    let error = controlling.receive(&u(U::StartDtAct), at(1.0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer sent STARTDT act, which is for this side to send; both stations have the same role"
    );
    let mut controlled = link(Role::Controlled);
    assert_eq!(controlled.receive(&u(U::StopDtCon), at(1.0)), Err(LinkError::Role(U::StopDtCon)));
}

#[test]
fn calls_at_the_wrong_time_do_nothing() {
    let mut idle = link(Role::Controlling);
    idle.stop(at(0.0));
    idle.on_deadline(at(0.0)).unwrap();
    assert_eq!(idle.receive(&u(U::StopDtCon), at(0.0)), Ok(Received::Nothing));
    assert_eq!(idle.receive(&u(U::StartDtCon), at(0.0)), Ok(Received::Nothing));
    assert_eq!(idle.receive(&u(U::TestFrCon), at(0.0)), Ok(Received::Nothing));
    assert_eq!((idle.state(), idle.transmit()), (State::Stopped, None));
    idle.start(at(0.0));
    idle.start(at(0.0));
    assert_eq!(sent(&mut idle), [u(U::StartDtAct)]);
    let mut outstation = link(Role::Controlled);
    outstation.start(at(0.0));
    assert_eq!((outstation.state(), outstation.transmit()), (State::Stopped, None));
    let mut link = started(Role::Controlling, Params::default());
    link.start(at(1.0));
    assert_eq!(link.send(&[0; 5], at(1.0)), Err(SendError::Length(5)));
    assert_eq!(link.send(&[0; 250], at(1.0)), Err(SendError::Length(250)));
    assert_eq!((link.state(), link.transmit()), (State::Started, None));
    // Windows of nothing would never move.
    let mut none = started(Role::Controlling, Params { k: 0, w: 0, ..Params::default() });
    assert_eq!(none.send(ASDU, at(1.0)), Ok(()));
    none.receive(&i(0, 1), at(1.0)).unwrap();
    assert_eq!(sent(&mut none), [i(0, 0), s(1)]);
}

#[test]
fn the_memory_of_frames_is_used_again() {
    let mut link = started(Role::Controlling, Params::default());
    let mut round = |number: u16| {
        for _ in 0..12 {
            link.send(&[0; 249], at(1.0)).unwrap();
        }
        let mut taken = 0;
        while link.transmit().is_some() {
            taken += 1;
        }
        assert_eq!(taken, 12);
        link.receive(&s(number), at(1.0)).unwrap();
        (link.queue.capacity(), link.queue.len())
    };
    let first = round(12);
    for number in 2..100 {
        assert_eq!(round(12 * number), first);
    }
}
