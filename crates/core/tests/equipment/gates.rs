//! Who waits for whom.

use std::time::Duration;

use station_core::engine::{Input, Refusal, Reply, Request};
use station_core::model::ExecutionStatus::{
    Cancelled, Completed, Failed, Interrupted, Pending, Running,
};
use station_core::model::{Conflict, End, JobId, Policies, Target};

use crate::rig::{Rig, capture, first, having};

#[test]
fn equipment_has_one_run_at_a_time_in_order_of_planned_time() {
    let jobs = vec![capture(12, &["psu"]), capture(11, &["psu"]), capture(10, &["psu"])];
    let mut rig = Rig::with(jobs, 12);
    assert_eq!(rig.started, [(first(3), vec!["psu".to_owned()])]);
    let waiting = [(first(1), Pending), (first(2), Pending), (first(3), Running)];
    assert_eq!(rig.statuses(), waiting);
    rig.news();
    rig.end(20, first(3), End::Done);
    assert_eq!(rig.news(), [first(2)]);
    rig.end(30, first(2), End::Failed);
    assert_eq!(rig.news(), [first(1)]);
    rig.end(40, first(1), End::Done);
    let over = [(first(1), Completed), (first(2), Failed), (first(3), Completed)];
    assert_eq!(rig.statuses(), over);
    assert_eq!(rig.engine.jobs().count(), 0, "nothing is kept in memory");
}

#[test]
fn what_shares_no_equipment_runs_side_by_side() {
    let mut rig = Rig::with(vec![capture(10, &["psu"]), capture(10, &["dmm"])], 10);
    assert_eq!(rig.news(), [first(1), first(2)]);
}

#[test]
fn a_run_holds_all_its_equipment_and_nobody_overtakes_one_that_waits_for_several() {
    let jobs = vec![
        capture(10, &["psu"]),
        capture(11, &["dmm", "psu"]),
        // It could start at once, but then the one before might wait for ever.
        capture(12, &["dmm"]),
        capture(13, &["load"]),
    ];
    let mut rig = Rig::with(jobs, 13);
    assert_eq!(rig.news(), [first(1), first(4)]);
    rig.end(20, first(1), End::Done);
    assert_eq!(rig.news(), [first(2)]);
    rig.end(30, first(2), End::Done);
    assert_eq!(rig.news(), [first(3)]);
}

#[test]
fn runs_that_name_the_same_equipment_in_circles_come_to_their_end() {
    let jobs = vec![
        capture(10, &["a", "b"]),
        capture(10, &["b", "c"]),
        capture(10, &["a", "c"]),
        capture(10, &["a", "b", "c"]),
    ];
    let mut rig = Rig::with(jobs, 10);
    let mut order = Vec::new();
    for seconds in 11..20 {
        let news = rig.news();
        assert!(news.len() <= 1, "{news:?} share equipment");
        for id in news {
            order.push(id);
            rig.end(seconds, id, End::Done);
        }
    }
    assert_eq!(order, [first(1), first(2), first(3), first(4)]);
}

#[test]
fn one_that_waited_and_is_cancelled_lets_those_behind_it_pass() {
    let jobs = vec![capture(10, &["psu"]), capture(11, &["dmm", "psu"]), capture(12, &["dmm"])];
    let mut rig = Rig::with(jobs, 12);
    assert_eq!(rig.news(), [first(1)]);
    let cancel = Request::CancelExecution { execution: first(2), row: None };
    assert_eq!(rig.ask(13, cancel), Reply::Cancelled);
    assert_eq!(rig.news(), [first(3)]);
    assert_eq!(rig.executions[&first(2)].status, Cancelled);
}

#[test]
fn a_sequence_without_equipment_waits_for_nobody() {
    let mut rig = Rig::with(vec![capture(10, &[]), capture(10, &[])], 10);
    assert_eq!(rig.news(), [first(1), first(2)]);
}

#[test]
fn what_failed_is_tried_again_only_when_asked_and_others_go_on_meanwhile() {
    let retried = |policies: &mut Policies| {
        (policies.retries, policies.retry_delay) = (1, Duration::from_secs(5));
    };
    let jobs =
        vec![having(capture(10, &["psu"]), retried), capture(11, &["psu"]), capture(12, &["psu"])];
    let mut rig = Rig::with(jobs, 12);
    assert_eq!(rig.news(), [first(1)]);
    rig.end_with(13, first(1), End::Failed, Some("{\"half\":1}"));
    // It holds nothing while it waits for its next attempt.
    assert_eq!(rig.news(), [first(2)]);
    rig.handle(19, Input::Tick);
    rig.end(20, first(2), End::Failed);
    // It was planned before the third.
    assert_eq!(rig.news(), [first(1)]);
    assert_eq!(rig.executions[&first(1)].result, None, "that of the attempt before");
    rig.end(21, first(1), End::NotStarted);
    assert_eq!(rig.news(), [first(3)]);
    let over = [(first(1), Failed), (first(2), Failed), (first(3), Running)];
    assert_eq!(rig.statuses(), over);
}

#[test]
fn what_is_not_known_to_have_ended_is_interrupted_and_not_tried_again() {
    let retried = |policies: &mut Policies| policies.retries = 3;
    let mut rig = Rig::with(vec![having(capture(10, &["psu"]), retried)], 10);
    rig.news();
    rig.end(11, first(1), End::Unknown);
    rig.handle(100, Input::Tick);
    assert_eq!(rig.news(), []);
    assert_eq!(rig.statuses(), [(first(1), Interrupted)]);
}

#[test]
fn the_result_of_a_run_is_kept() {
    let mut rig = Rig::with(vec![capture(10, &["psu"])], 10);
    rig.end_with(11, first(1), End::Done, Some("{\"state_id\":\"s1\"}"));
    assert_eq!(rig.executions[&first(1)].result.as_deref(), Some("{\"state_id\":\"s1\"}"));
}

#[test]
fn a_firing_that_waits_for_its_equipment_is_in_the_way_of_the_next() {
    let by_hand = || Request::RunNow { job: JobId(2), row: None };
    let queued = |policies: &mut Policies| policies.conflict = Conflict::Skip;
    let jobs = vec![capture(10, &["psu"]), having(capture(11, &["psu"]), queued)];
    let mut rig = Rig::with(jobs, 11);
    let refusal = Refusal::AlreadyRunning { job: JobId(2), execution: first(2) };
    assert_eq!(rig.ask(12, by_hand()), Reply::Refused(refusal));
}

#[test]
fn other_equipment_is_refused_while_a_run_holds_what_it_has() {
    let update = |rig: &Rig| Request::Update {
        job: JobId(1),
        row: None,
        spec: Box::new({
            let mut spec = (*rig.jobs[&JobId(1)].spec).clone();
            spec.target = Target::Equipment(vec!["dmm".into()]);
            spec
        }),
        context: None,
        paused: None,
    };
    let mut rig = Rig::with(vec![capture(10, &["psu"])], 10);
    let request = update(&rig);
    let reply = rig.ask(11, request);
    assert_eq!(reply, Reply::Refused(Refusal::TargetInUse(JobId(1))));
    let Reply::Refused(refusal) = reply else { unreachable!() };
    assert_eq!(
        refusal.to_string(),
        "job 1 has executions that have not ended, so it cannot be given other equipment; cancel \
         them first"
    );
    rig.end(12, first(1), End::Done);
    let request = update(&rig);
    assert!(matches!(rig.ask(13, request), Reply::Updated(_)));
    assert!(matches!(
        rig.ask(
            14,
            Request::RunNow { job: JobId(1), row: Some(Box::new(rig.jobs[&JobId(1)].clone())) }
        ),
        Reply::Running(_)
    ));
    assert_eq!(rig.started.last().unwrap().1, ["dmm"]);
}
