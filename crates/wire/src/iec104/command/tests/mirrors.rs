//! Which answers count, and what they must repeat.

use super::*;

#[test]
fn c1_answers_are_told_by_type_station_and_point_for_any_originator() {
    let mut trial = Trial::executing(spec());
    let con = Header::new(TypeId::C_SC_NA_1, Cause::ACTIVATION_CON, CA);
    let object = Object::new(IOA, single(true, false));
    let double = Value::DoubleCommand { state: 2, qu: 1, select: false };
    for (header, object) in [
        (Header { type_id: TypeId::C_DC_NA_1.as_u8(), ..con }, Object::new(IOA, double)),
        (Header { ca: CA + 1, ..con }, object),
        (con, Object { ioa: IOA + 1, ..object }),
        (Header { cause: Cause::ACTIVATION, ..con }, object),
    ] {
        assert_eq!(trial.hears(&asdu(header, object)), Heard::NotMine);
    }
    trial.goes_on();
    let other = Header { originator: 99, ..con };
    assert_eq!(trial.hears(&asdu(other, object)), Heard::Step(Kind::Confirmation));
    trial.ends(Class::Confirmed, "confirmation");
}

#[test]
fn c1_a_confirmation_of_another_value_leaves_in_doubt() {
    let otherwise = Value::SingleCommand { on: true, qu: 2, select: false };
    for value in [single(false, false), otherwise, single(true, true)] {
        let mut trial = Trial::executing(spec());
        trial.answers(Cause::ACTIVATION_CON, false, value);
        trial.ends(Class::Unknown, "mismatch");
        let reason = trial.command.outcome().unwrap().reason;
        assert_eq!(reason, Reason::Mismatch { got: value.raw() });
    }
}

#[test]
fn c1_a_selection_of_another_value_is_withdrawn() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    trial.answers(Cause::ACTIVATION_CON, false, single(false, true));
    trial.send(Phase::Deactivate);
    trial.answers(Cause::DEACTIVATION_CON, false, single(true, true));
    trial.ends(Class::NotSent, "mismatch");
}

#[test]
fn a_selection_answered_as_an_execution_may_be_one() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    trial.con(false);
    trial.send(Phase::Deactivate);
    trial.answers(Cause::DEACTIVATION_CON, false, single(true, true));
    trial.ends(Class::Unknown, "mismatch");
}

#[test]
fn c1_the_end_may_repeat_the_selection_and_another_qualifier() {
    let mut trial = Trial::confirmed(Spec { termination: Termination::Required, ..selected() });
    let value = Value::SingleCommand { on: true, qu: 0, select: true };
    trial.answers(Cause::ACTIVATION_TERM, false, value);
    trial.ends(Class::Completed, "termination");
}

#[test]
fn c1_the_end_of_another_value_leaves_in_doubt() {
    let mut trial = Trial::confirmed(with_term(Termination::Required));
    trial.answers(Cause::ACTIVATION_TERM, false, single(false, false));
    trial.ends(Class::Unknown, "mismatch");
    let mut early = Trial::executing(spec());
    early.answers(Cause::ACTIVATION_TERM, false, single(false, false));
    early.ends(Class::Unknown, "mismatch");
}

#[test]
fn c6_the_first_answer_decides() {
    let mut trial = Trial::executing(spec());
    trial.con(true);
    let second = trial.answers(Cause::UNKNOWN_IOA, false, single(true, false));
    assert_eq!(second, Heard::Late(Kind::Unknown(Cause::UNKNOWN_IOA)));
    trial.ends(Class::Refused, "negative_confirmation");

    let mut confirmed = Trial::confirmed(with_term(Termination::Required));
    for late in [confirmed.con(false), confirmed.con(true)] {
        assert_eq!(late, Heard::Late(Kind::Confirmation));
    }
    let late = confirmed.answers(Cause::UNKNOWN_IOA, true, single(true, false));
    assert_eq!(late, Heard::Late(Kind::Unknown(Cause::UNKNOWN_IOA)));
    confirmed.term(false);
    confirmed.ends(Class::Completed, "termination");
    assert_eq!(confirmed.term(true), Heard::Late(Kind::Termination));
    confirmed.ends(Class::Completed, "termination");
}

#[test]
fn second_answers_to_the_selection_do_not_answer_the_execution() {
    let mut trial = Trial::executing(selected());
    for negative in [false, true] {
        let heard = trial.answers(Cause::ACTIVATION_CON, negative, single(true, true));
        assert_eq!(heard, Heard::Late(Kind::SelectConfirmation));
    }
    trial.goes_on();
    assert_eq!(trial.pass(), 10.0);
    trial.ends(Class::Unknown, "con_timeout");
}

#[test]
fn nothing_answers_what_was_not_sent() {
    let mut trial = Trial::new(spec());
    assert_eq!(trial.con(false), Heard::Late(Kind::Confirmation));
    assert_eq!(trial.command.step(trial.now), Step::Send(Phase::Execute));
    assert_eq!(trial.con(false), Heard::Late(Kind::Confirmation));
    trial.command.sent(trial.now);
    trial.goes_on();
}

#[test]
fn an_end_before_the_confirmation_waits_for_it() {
    let required = with_term(Termination::Required);
    let mut trial = Trial::executing(required.clone());
    assert_eq!(trial.term(false), Heard::Step(Kind::Termination));
    assert_eq!(trial.term(false), Heard::Late(Kind::Termination));
    trial.goes_on();
    trial.con(false);
    trial.ends(Class::Completed, "termination");
    let mut failed = Trial::executing(required.clone());
    failed.term(true);
    failed.con(false);
    failed.ends(Class::Refused, "negative_termination");
    let mut alone = Trial::executing(required);
    alone.term(false);
    alone.pass();
    alone.ends(Class::Unknown, "con_timeout");
}

#[test]
fn the_end_of_what_was_before_does_not_end_this() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
    assert_eq!(trial.term(false), Heard::Late(Kind::Termination), "an earlier operation's");
    assert_eq!(trial.command.step(trial.now), Step::Recheck);
    let mut direct = Trial::executing(with_term(Termination::Required));
    let heard = direct.answers(Cause::ACTIVATION_TERM, false, single(true, true));
    assert_eq!(heard, Heard::Late(Kind::Termination), "an earlier selection's");
    direct.con(false);
    direct.goes_on();
}
