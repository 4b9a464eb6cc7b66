//! Commands that are executed without a selection.

use super::*;

#[test]
fn a_confirmation_is_all_where_no_end_is_told() {
    let mut trial = Trial::new(spec());
    assert_eq!(trial.send(Phase::Execute), [45, 1, 6, 5, 7, 0, 0xe8, 3, 0, 0x05]);
    trial.now = at(0.2);
    assert_eq!(trial.con(false), Heard::Step(Kind::Confirmation));
    trial.ends(Class::Confirmed, "confirmation");
}

#[test]
fn a_negative_confirmation_refuses() {
    let mut trial = Trial::executing(spec());
    assert_eq!(trial.con(true), Heard::Step(Kind::Confirmation));
    trial.ends(Class::Refused, "negative_confirmation");
}

#[test]
fn c5_unknown_causes_refuse_whatever_their_sign_says() {
    for (cause, reason) in [
        (Cause::UNKNOWN_TYPE, "unknown_type"),
        (Cause::UNKNOWN_CAUSE, "unknown_cause"),
        (Cause::UNKNOWN_CA, "unknown_ca"),
        (Cause::UNKNOWN_IOA, "unknown_ioa"),
    ] {
        for negative in [false, true] {
            let mut trial = Trial::executing(spec());
            let heard = trial.answers(cause, negative, single(false, false));
            assert_eq!(heard, Heard::Step(Kind::Unknown(cause)));
            trial.ends(Class::Refused, reason);
        }
    }
}

#[test]
fn c4_an_end_that_is_required_completes_or_leaves_in_doubt() {
    let mut trial = Trial::confirmed(with_term(Termination::Required));
    trial.goes_on();
    trial.now = at(30.0);
    assert_eq!(trial.term(false), Heard::Step(Kind::Termination));
    trial.ends(Class::Completed, "termination");

    let mut silent = Trial::confirmed(with_term(Termination::Required));
    assert_eq!(silent.pass(), 60.0);
    silent.ends(Class::Unknown, "term_timeout");
}

#[test]
fn a_negative_end_is_a_failed_operation_under_every_policy() {
    for termination in [Termination::Required, Termination::Optional, Termination::None] {
        let mut spec = Spec { termination, ..watched(None) };
        spec.limits.optional_term = at(1.0);
        let mut trial = Trial::confirmed(spec);
        trial.term(true);
        trial.ends(Class::Refused, "negative_termination");
    }
}

#[test]
fn c4_an_end_that_is_optional_is_waited_for_as_long_as_is_said() {
    let mut trial = Trial::confirmed(with_term(Termination::Optional));
    trial.ends(Class::Confirmed, "confirmation");
    let mut spec = with_term(Termination::Optional);
    spec.limits.optional_term = at(2.0);
    let mut silent = Trial::confirmed(spec.clone());
    assert_eq!(silent.pass(), 2.0);
    silent.ends(Class::Confirmed, "confirmation");
    let mut told = Trial::confirmed(spec);
    told.term(false);
    told.ends(Class::Completed, "termination");
}

#[test]
fn c3_no_answer_leaves_in_doubt() {
    let mut trial = Trial::executing(spec());
    assert_eq!(trial.pass(), 10.0);
    trial.ends(Class::Unknown, "con_timeout");
    assert_eq!(trial.con(false), Heard::Late(Kind::Confirmation));
    trial.ends(Class::Unknown, "con_timeout");
}

#[test]
fn s7_a_link_that_is_lost_leaves_in_doubt_what_was_sent_and_nothing_else() {
    let mut fresh = Trial::new(spec());
    fresh.command.link_lost(at(0.0));
    fresh.ends(Class::NotSent, "link_lost");
    let mut executing = Trial::executing(spec());
    executing.command.link_lost(at(0.0));
    executing.ends(Class::Unknown, "link_lost");
    let mut required = Trial::confirmed(with_term(Termination::Required));
    required.command.link_lost(at(0.0));
    required.ends(Class::Unknown, "link_lost");
    let mut confirmed = Trial::confirmed(watched(None));
    confirmed.command.link_lost(at(0.0));
    confirmed.ends(Class::Confirmed, "link_lost");
    confirmed.command.link_lost(at(5.0));
    confirmed.ends(Class::Confirmed, "link_lost");
}

#[test]
fn c8_a_command_expires_immediately_before_it_is_sent() {
    let mut trial = Trial::new(spec());
    assert_eq!(trial.command.deadline(), Some(at(9.0)));
    trial.now = at(9.0);
    trial.ends(Class::NotSent, "expired");
    let mut queued = Trial::new(spec());
    queued.pass();
    queued.ends(Class::NotSent, "expired");
    // 65 s are not 5 s.
    let mut old = Trial::new(spec());
    old.now = at(65.0);
    old.ends(Class::NotSent, "expired");
    let mut timely = Trial::new(spec());
    timely.now = at(8.999);
    timely.send(Phase::Execute);
}

#[test]
fn c9_a_command_that_is_cancelled_in_time_is_not_sent_and_later_goes_on() {
    let mut fresh = Trial::new(spec());
    assert!(fresh.command.cancel(at(0.0), Withdrawal::Interlock));
    fresh.ends(Class::NotSent, "interlock");
    let mut handed = Trial::new(spec());
    assert_eq!(handed.command.step(at(0.0)), Step::Send(Phase::Execute));
    assert!(handed.command.cancel(at(0.0), Withdrawal::NotGiven));
    handed.ends(Class::NotSent, "not_given");
    let mut executing = Trial::executing(spec());
    assert!(!executing.command.cancel(at(0.0), Withdrawal::Cancelled));
    executing.goes_on();
}

#[test]
fn what_cannot_be_commanded_is_not() {
    let mut trial = Trial::new(Spec { ca: 65_535, ..spec() });
    trial.ends(Class::NotSent, "invalid");
    let said = trial.command.outcome().unwrap().reason.to_string();
    assert_eq!(said, "the common address 65535 is not that of one outstation, 1 to 65534");
}

#[test]
fn a_time_tag_is_given_when_it_is_sent() {
    let mut trial = Trial::new(Spec { type_id: TypeId::C_SC_TA_1, ..spec() });
    assert_eq!(trial.command.step(trial.now), Step::Send(Phase::Execute));
    let mut octets = Vec::new();
    assert!(trial.command.encode(Phase::Execute, None, &mut octets).is_err());
    let time = Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]);
    trial.command.encode(Phase::Execute, Some(time), &mut octets).unwrap();
    assert!(octets.ends_with(&[5, 0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]));
    trial.command.sent(trial.now);
    octets[2] = 7;
    trial.hears(&octets);
    trial.ends(Class::Confirmed, "confirmation");
}

#[test]
fn setpoints_bit_strings_and_resets_are_commands_too() {
    for (type_id, ioa, value) in [
        (TypeId::C_RC_NA_1, IOA, Value::StepCommand { step: 2, qu: 0, select: false }),
        (TypeId::C_SE_NA_1, IOA, Value::SetNormalized { raw: -1, ql: 0, select: false }),
        (TypeId::C_SE_NB_1, IOA, Value::SetScaled { value: 9, ql: 0, select: false }),
        (TypeId::C_SE_NC_1, IOA, Value::SetFloat { value: 0.5, ql: 0, select: false }),
        (TypeId::C_BO_NA_1, IOA, Value::SetBits(0xdead_beef)),
        (TypeId::C_RP_NA_1, 0, Value::ResetProcess(1)),
    ] {
        let mut trial = Trial::new(Spec { type_id, ioa, value, ..spec() });
        let mut octets = trial.send(Phase::Execute);
        octets[2] = 7;
        assert_eq!(trial.hears(&octets), Heard::Step(Kind::Confirmation));
        trial.ends(Class::Confirmed, "confirmation");
    }
}
