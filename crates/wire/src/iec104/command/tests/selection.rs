//! Commands that are selected before they are executed.

use super::*;

#[test]
fn a_command_is_selected_looked_at_again_and_executed() {
    let mut trial = Trial::new(Spec { termination: Termination::Required, ..selected() });
    assert_eq!(trial.send(Phase::Select)[9], 0x85);
    assert_eq!(trial.command.deadline(), Some(at(5.0)));
    assert!(!trial.command.execute(trial.now), "not confirmed");
    let heard = trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
    assert_eq!(heard, Heard::Step(Kind::SelectConfirmation));
    assert_eq!(trial.command.step(trial.now), Step::Recheck);
    assert!(trial.command.execute(trial.now) && !trial.command.execute(trial.now));
    assert_eq!(trial.send(Phase::Execute)[9], 0x05);
    assert_eq!(trial.con(false), Heard::Step(Kind::Confirmation));
    assert_eq!(trial.term(false), Heard::Step(Kind::Termination));
    trial.ends(Class::Completed, "termination");
}

#[test]
fn a_selection_that_is_refused_is_the_end() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    trial.answers(Cause::ACTIVATION_CON, true, single(true, true));
    trial.ends(Class::Refused, "negative_confirmation");
    let mut unknown = Trial::new(selected());
    unknown.send(Phase::Select);
    unknown.answers(Cause::UNKNOWN_IOA, false, single(true, true));
    unknown.ends(Class::Refused, "unknown_ioa");
}

#[test]
fn an_execution_that_is_refused_after_a_good_selection_is_refused() {
    let mut trial = Trial::executing(selected());
    trial.con(true);
    trial.ends(Class::Refused, "negative_confirmation");
}

#[test]
fn c3_a_selection_without_an_answer_was_not_sent_for_execution() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    assert_eq!(trial.pass(), 5.0);
    trial.ends(Class::NotSent, "select_con_timeout");
    let late = trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
    assert_eq!(late, Heard::Late(Kind::SelectConfirmation));
}

#[test]
fn c3_an_execution_that_would_be_too_late_is_withdrawn_instead() {
    for armed in [false, true] {
        let mut trial = Trial::new(Spec { expires: None, ..selected() });
        trial.send(Phase::Select);
        trial.now = at(3.0);
        trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
        assert!(!armed || trial.command.execute(trial.now));
        assert_eq!(trial.command.deadline(), Some(at(8.0)), "from its sending on");
        trial.now = at(8.0);
        assert!(!trial.command.execute(trial.now));
        let octets = trial.send(Phase::Deactivate);
        assert_eq!((octets[2], octets[9]), (8, 0x85));
        trial.answers(Cause::DEACTIVATION_CON, false, single(true, true));
        trial.ends(Class::NotSent, "select_expired");
    }
}

#[test]
fn c8_a_command_that_expires_while_it_is_selected_is_withdrawn() {
    let mut trial = Trial::new(Spec { expires: Some(at(2.0)), ..selected() });
    trial.send(Phase::Select);
    trial.now = at(1.0);
    trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
    assert!(trial.command.execute(trial.now));
    trial.now = at(2.0);
    trial.send(Phase::Deactivate);
    assert_eq!(trial.pass(), 7.0);
    trial.ends(Class::NotSent, "expired");
}

#[test]
fn a_selection_is_withdrawn_when_the_second_look_says_so_and_any_answer_ends_it() {
    for (cause, negative) in [
        (Cause::DEACTIVATION_CON, false),
        (Cause::DEACTIVATION_CON, true),
        // c104, where the selection stays.
        (Cause::ACTIVATION_CON, false),
        // lib60870's sample.
        (Cause::UNKNOWN_CAUSE, false),
        (Cause::ACTIVATION_TERM, false),
    ] {
        let mut trial = Trial::new(selected());
        trial.send(Phase::Select);
        trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
        assert!(trial.command.cancel(trial.now, Withdrawal::Interlock));
        assert!(!trial.command.execute(trial.now));
        trial.send(Phase::Deactivate);
        trial.goes_on();
        trial.answers(cause, negative, single(true, true));
        trial.ends(Class::NotSent, "interlock");
    }
}

#[test]
fn a_withdrawal_ends_also_if_it_cannot_be_sent() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    assert!(trial.command.cancel(trial.now, Withdrawal::Cancelled));
    assert_eq!(trial.command.step(trial.now), Step::Send(Phase::Deactivate));
    let mut lost = Trial { command: trial.command.clone(), now: trial.now };
    lost.command.link_lost(lost.now);
    lost.ends(Class::NotSent, "cancelled");
    let mut refused = Trial { command: trial.command.clone(), now: trial.now };
    assert!(refused.command.cancel(refused.now, Withdrawal::NotGiven));
    refused.ends(Class::NotSent, "cancelled");
    assert_eq!(trial.pass(), 5.0);
    trial.ends(Class::NotSent, "cancelled");
}

#[test]
fn a_link_that_is_lost_while_it_is_selected_operates_nothing() {
    let mut trial = Trial::new(selected());
    trial.send(Phase::Select);
    trial.command.link_lost(trial.now);
    trial.ends(Class::NotSent, "link_lost");
}
