//! The point where the effect shows.

use super::*;

#[test]
fn a_point_that_never_shows_the_effect_leaves_what_was_confirmed() {
    let mut trial = Trial::confirmed(watched(None));
    trial.reports(Cause::SPONTANEOUS, false, Quality::GOOD);
    assert_eq!(trial.pass(), 10.0);
    trial.ends(Class::Confirmed, "feedback_timeout");
    let required = Spec { termination: Termination::Required, ..watched(None) };
    let mut told = Trial::confirmed(required);
    told.term(false);
    told.pass();
    told.ends(Class::Completed, "feedback_timeout");
}

#[test]
fn a_report_before_the_confirmation_counts_only_as_a_change() {
    let cases = [
        (Some(DoublePoint::Off), Class::Verified),
        (Some(DoublePoint::Intermediate), Class::Verified),
        (Some(DoublePoint::On), Class::Confirmed),
        (None, Class::Confirmed),
    ];
    for (previous, class) in cases {
        let mut trial = Trial::executing(watched(previous.map(Value::Double)));
        trial.reports(Cause::RETURN_REMOTE, true, Quality::GOOD);
        trial.con(false);
        if class == Class::Verified {
            trial.ends(class, "feedback");
        } else {
            trial.pass();
            trial.ends(class, "feedback_timeout");
        }
    }
}

#[test]
fn what_was_reported_while_it_was_selected_is_known_before() {
    let spec = Spec { select: true, ..watched(Some(Value::Double(DoublePoint::Off))) };
    let mut trial = Trial::new(spec);
    trial.send(Phase::Select);
    trial.reports(Cause::SPONTANEOUS, true, Quality::GOOD);
    assert!(trial.command.feedback().is_none());
    trial.answers(Cause::ACTIVATION_CON, false, single(true, true));
    assert!(trial.command.execute(trial.now));
    trial.send(Phase::Execute);
    trial.reports(Cause::SPONTANEOUS, true, Quality::GOOD);
    trial.con(false);
    trial.goes_on();
}

#[test]
fn a_report_that_cannot_be_trusted_proves_nothing() {
    let doubts = [Quality::INVALID, Quality::NOT_TOPICAL, Quality::SUBSTITUTED, Quality::BLOCKED];
    for quality in doubts {
        let mut trial = Trial::confirmed(watched(None));
        let heard = trial.reports(Cause::RETURN_REMOTE, true, quality);
        assert_eq!(heard, Heard::Step(Kind::Feedback));
        trial.goes_on();
        trial.reports(Cause::RETURN_REMOTE, true, Quality::GOOD);
        trial.ends(Class::Verified, "feedback");
    }
    // Nor does it prove what was known before the confirmation.
    let mut known = Trial::confirmed(watched(Some(Value::Double(DoublePoint::On))));
    known.reports(Cause::SPONTANEOUS, true, Quality::INVALID);
    known.goes_on();
}

#[test]
fn what_springs_back_before_the_end_is_not_verified() {
    let spec = Spec { termination: Termination::Required, ..watched(None) };
    let mut trial = Trial::confirmed(spec);
    trial.reports(Cause::SPONTANEOUS, true, Quality::GOOD);
    trial.reports(Cause::SPONTANEOUS, false, Quality::GOOD);
    trial.term(false);
    trial.goes_on();
    trial.pass();
    trial.ends(Class::Completed, "feedback_timeout");
}

#[test]
fn a_required_end_is_missed_also_where_the_effect_shows() {
    let spec = Spec { termination: Termination::Required, ..watched(None) };
    let mut trial = Trial::confirmed(spec);
    trial.reports(Cause::SPONTANEOUS, true, Quality::GOOD);
    assert_eq!(trial.pass(), 60.0);
    trial.ends(Class::Unknown, "term_timeout");
}

#[test]
fn the_point_may_be_one_of_many_in_an_asdu() {
    let mut trial = Trial::confirmed(watched(None));
    let header = Header { count: 3, ..Header::new(TypeId::M_SP_NA_1, Cause(20), CA) };
    let objects = [FEEDBACK - 1, FEEDBACK, FEEDBACK + 1]
        .map(|ioa| Object::new(ioa, Value::Single(ioa == FEEDBACK)));
    let mut octets = Vec::new();
    encode(&header, &objects, &mut octets).unwrap();
    assert_eq!(trial.hears(&octets), Heard::Step(Kind::Feedback));
    trial.ends(Class::Verified, "feedback");
}

#[test]
fn an_effect_that_shows_too_late_is_not_verified() {
    let mut spec = Spec { termination: Termination::Required, ..watched(None) };
    spec.limits.feedback = at(2.0);
    let mut trial = Trial::confirmed(spec);
    assert_eq!(trial.command.deadline(), Some(at(60.0)));
    trial.now = at(2.1);
    trial.reports(Cause::SPONTANEOUS, true, Quality::GOOD);
    assert_eq!(trial.command.deadline(), Some(at(60.0)), "the end is waited for still");
    trial.term(false);
    trial.ends(Class::Completed, "feedback_timeout");
}
