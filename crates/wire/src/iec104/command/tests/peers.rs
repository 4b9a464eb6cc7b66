//! Outstations as they were seen on the wire.

use super::*;

#[test]
fn c104_direct_confirms_and_reports_later_without_an_end() {
    let mut trial = Trial::confirmed(watched(None));
    trial.goes_on();
    trial.now = at(0.1);
    let heard = trial.reports(Cause::RETURN_REMOTE, true, Quality::GOOD);
    assert_eq!(heard, Heard::Step(Kind::Feedback));
    trial.ends(Class::Verified, "feedback");
    let seen = trial.command.feedback().unwrap();
    assert_eq!((seen.cause, seen.at), (Cause::RETURN_REMOTE, at(0.1)));
    let later = trial.reports(Cause::SPONTANEOUS, false, Quality::GOOD);
    assert_eq!(later, Heard::NotMine, "what comes after is monitoring");
}

#[test]
fn c104_selected_ends_with_the_select_bit_and_reports_after_that() {
    let spec = Spec { select: true, termination: Termination::Required, ..watched(None) };
    let mut trial = Trial::confirmed(spec);
    trial.answers(Cause::ACTIVATION_TERM, false, single(true, true));
    trial.goes_on();
    trial.reports(Cause::RETURN_REMOTE, true, Quality::GOOD);
    trial.ends(Class::Verified, "feedback");
}

#[test]
fn c104_ends_a_selection_by_itself() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    // That of the command before.
    let stale = trial.answers(Cause::ACTIVATION_TERM, false, single(true, true));
    assert_eq!(stale, Heard::Late(Kind::Termination));
    trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
    let over = trial.answers(Cause::ACTIVATION_TERM, false, single(true, true));
    assert_eq!(over, Heard::Step(Kind::Termination));
    trial.ends(Class::NotSent, "select_expired");
    // Or just as the execution is sent, which it then refuses.
    let mut late = Trial::executing(Spec { termination: Termination::Required, ..selected() });
    let over = late.answers(Cause::ACTIVATION_TERM, false, single(true, true));
    assert_eq!(over, Heard::Late(Kind::Termination));
    late.con(true);
    late.ends(Class::Refused, "negative_confirmation");
}

#[test]
fn c104_operates_on_a_wrong_cause_without_an_answer_which_is_no_confirmation() {
    let mut trial = Trial::executing(watched(Some(Value::Double(DoublePoint::Off))));
    trial.reports(Cause::RETURN_REMOTE, true, Quality::GOOD);
    trial.goes_on();
    trial.pass();
    trial.ends(Class::Unknown, "con_timeout");
    assert!(trial.command.feedback().is_some(), "for the record");
}

#[test]
fn the_strict_script_confirms_reports_and_ends() {
    let spec = Spec { termination: Termination::Required, ..watched(None) };
    let mut trial = Trial::confirmed(spec);
    trial.reports(Cause::RETURN_REMOTE, true, Quality::GOOD);
    trial.goes_on();
    trial.term(false);
    trial.ends(Class::Verified, "feedback");
}

#[test]
fn the_samples_only_confirm() {
    let mut trial = Trial::confirmed(with_term(Termination::Optional));
    trial.ends(Class::Confirmed, "confirmation");
    let mut unknown = Trial::executing(spec());
    unknown.answers(Cause::UNKNOWN_IOA, false, single(true, false));
    unknown.ends(Class::Refused, "unknown_ioa");
    let mut type_unknown = Trial::executing(spec());
    type_unknown.answers(Cause::UNKNOWN_TYPE, true, single(true, false));
    type_unknown.ends(Class::Refused, "unknown_type");
}

#[test]
fn a_relay_reports_the_effect_as_spontaneous() {
    let mut trial = Trial::confirmed(watched(Some(Value::Double(DoublePoint::Off))));
    trial.reports(Cause::SPONTANEOUS, true, Quality::GOOD);
    trial.ends(Class::Verified, "feedback");
}
