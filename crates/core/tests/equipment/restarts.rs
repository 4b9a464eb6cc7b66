//! What a crash leaves, and what the next daemon makes of it.

use station_core::engine::{Effect, Input, Outcome, Request, SafetyRun};
use station_core::model::ExecutionStatus::{Interrupted, Pending, Running};
use station_core::model::{End, JobId, OnInterrupted, Policies, Remains};

use crate::rig::{Rig, capture, first, having};

fn made_safe(outcome: &Outcome) -> Vec<SafetyRun> {
    let mut told = Vec::new();
    for effect in &outcome.effects {
        let process = matches!(effect, Effect::EndSurvivors { .. });
        assert!(!process, "no process was left: {effect:?}");
        if let Effect::MakeSafe { runs } = effect {
            told.push(runs.clone());
        }
    }
    assert!(told.len() <= 1, "asked for {} times", told.len());
    told.into_iter().flatten().collect()
}

#[test]
fn all_equipment_in_use_is_made_safe_before_anybody_else_has_it() {
    let jobs = vec![
        capture(10, &["dmm", "psu"]),
        capture(10, &["load"]),
        capture(11, &["psu"]),
        capture(12, &["scope"]),
    ];
    let mut rig = Rig::with(jobs, 11);
    assert_eq!(rig.news(), [first(1), first(2)]);
    let first_outcome = rig.crash(20);
    let safe = |job: i64| SafetyRun {
        execution: first(job),
        action: rig.jobs[&JobId(job)].spec.action.clone(),
        equipment: rig.jobs[&JobId(job)].spec.target.equipment().to_vec(),
    };
    assert_eq!(made_safe(&first_outcome), [safe(1), safe(2)]);
    // Another one's equipment is nobody's concern.
    assert_eq!(rig.news(), [first(4)]);
    let still = [(first(1), Running), (first(2), Running), (first(3), Pending)];
    assert_eq!(rig.statuses()[..3], still);
    let why = "no answer within 2 s";
    let runs = vec![(first(1), Remains::Ended), (first(2), Remains::Unknown(why.to_owned()))];
    rig.handle(25, Input::SurvivorsEnded { runs });
    assert_eq!(rig.news(), [first(3)]);
    assert_eq!(
        rig.error(first(1)),
        "interrupted: the station stopped while it ran; when it came back, the equipment was \
         brought into its safe state"
    );
    assert_eq!(
        rig.error(first(2)),
        "interrupted: the station stopped while it ran; when it came back, whether the equipment \
         is in its safe state is not known: no answer within 2 s"
    );
    for job in [1, 2] {
        let execution = &rig.executions[&first(job)];
        assert_eq!((execution.status, execution.kill), (Interrupted, None));
        assert_eq!(execution.end, Some(End::Unknown));
    }
    // Once is enough.
    let runs = vec![(first(1), Remains::Nothing), (first(2), Remains::Ended)];
    let again = rig.handle(26, Input::SurvivorsEnded { runs });
    assert_eq!(again, Outcome::default());
}

#[test]
fn equipment_that_could_not_be_made_safe_is_said_not_to_be() {
    let said = |remains| {
        let mut rig = Rig::with(vec![capture(10, &["psu"])], 10);
        rig.crash(20);
        rig.handle(21, Input::SurvivorsEnded { runs: vec![(first(1), remains)] });
        rig.error(first(1)).to_owned()
    };
    let nothing = said(Remains::Nothing);
    assert!(nothing.ends_with("the equipment was brought into its safe state"), "{nothing}");
    let left = said(Remains::Left);
    assert!(left.ends_with("the equipment could not be brought into its safe state"), "{left}");
    let none = said(Remains::Unsupported);
    assert!(none.ends_with("left as it was: it has no safe state"), "{none}");
}

#[test]
fn a_crash_in_the_midst_of_making_safe_makes_safe_again() {
    let mut rig = Rig::with(vec![capture(10, &["psu"])], 10);
    assert_eq!(made_safe(&rig.crash(20)).len(), 1);
    assert_eq!(made_safe(&rig.crash(30)).len(), 1);
    rig.handle(31, Input::SurvivorsEnded { runs: vec![(first(1), Remains::Ended)] });
    assert_eq!(rig.statuses(), [(first(1), Interrupted)]);
    assert_eq!(made_safe(&rig.crash(40)), []);
}

#[test]
fn what_was_cut_off_is_run_again_where_its_policy_says_so_and_first() {
    let rerun = |policies: &mut Policies| {
        policies.on_interrupted = OnInterrupted::Rerun;
    };
    let jobs = vec![having(capture(10, &["psu"]), rerun), capture(11, &["psu"])];
    let mut rig = Rig::with(jobs, 11);
    rig.news();
    rig.crash(20);
    rig.handle(21, Input::SurvivorsEnded { runs: vec![(first(1), Remains::Ended)] });
    assert_eq!(rig.news(), [first(1)]);
    assert_eq!(rig.executions[&first(1)].attempt, 2);
}

#[test]
fn a_job_that_was_deleted_meanwhile_is_made_safe_too() {
    let mut rig = Rig::with(vec![capture(10, &["psu"])], 10);
    rig.ask(11, Request::Delete { job: JobId(1), row: None, history: false });
    let outcome = rig.crash(20);
    assert_eq!(made_safe(&outcome)[0].equipment, ["psu"]);
    rig.handle(21, Input::SurvivorsEnded { runs: vec![(first(1), Remains::Ended)] });
    assert!(
        rig.error(first(1)).ends_with("brought into its safe state"),
        "{}",
        rig.error(first(1))
    );
    assert_eq!(rig.engine.jobs().count(), 0);
}

#[test]
fn a_sequence_of_commands_alone_leaves_processes() {
    let mut rig = Rig::with(vec![capture(10, &[])], 10);
    let outcome = rig.crash(20);
    let runs = vec![(first(1), None)];
    assert!(outcome.effects.contains(&Effect::EndSurvivors { node: None, runs }), "{outcome:?}");
    rig.handle(21, Input::SurvivorsEnded { runs: vec![(first(1), Remains::Nothing)] });
    assert!(rig.error(first(1)).ends_with("none of it was left"), "{}", rig.error(first(1)));
}
