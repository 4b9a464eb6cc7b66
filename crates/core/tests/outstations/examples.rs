//! Who waits for whom and until when, and what becomes of it.

use station_core::engine::{Refusal, Reply, Request};
use station_core::model::ExecutionStatus::{
    Cancelled, Completed, Failed, Interrupted, Missed, Pending, Running,
};
use station_core::model::{Control, End, Grace, JobId, OnInterrupted, RecordKind};

use crate::rig::{Rig, SECOND, first, job, write_to};

#[test]
fn a_point_is_commanded_by_one_run_at_a_time_in_order_of_planned_time() {
    let jobs = vec![
        job(12, "SS2", write_to("breaker-7")),
        job(11, "SS2", write_to("breaker-7")),
        job(10, "SS2", write_to("breaker-7")),
        // It is another point, and there is room for two.
        job(13, "SS2", write_to("tap-2")),
    ];
    let mut rig = Rig::with(jobs, 13);
    assert_eq!(rig.news(), [first(3), first(4)]);
    rig.end(first(3), End::Done);
    assert_eq!(rig.news(), [first(2)]);
    rig.end(first(4), End::Done);
    assert_eq!(rig.news(), []);
    rig.end(first(2), End::Failed);
    assert_eq!(rig.news(), [first(1)]);
    rig.end(first(1), End::Done);
    let statuses = [1, 2, 3, 4].map(|id| rig.status(first(id)));
    assert_eq!(statuses, [Completed, Failed, Completed, Completed]);
    assert_eq!(rig.engine.jobs().count(), 0, "nothing is kept in memory");
}

#[test]
fn an_outstation_has_as_many_runs_as_it_takes_whatever_they_do() {
    let jobs = vec![
        job(1, "SS1", Control::Interrogate { group: None }),
        job(2, "SS1", write_to("breaker-7")),
        job(3, "SS1", Control::Read { point: "tap-2".to_owned() }),
    ];
    let mut rig = Rig::with(jobs, 3);
    assert_eq!(rig.news(), [first(1)]);
    rig.register("SS1", 2);
    assert_eq!(rig.news(), [first(2)]);
    rig.end(first(1), End::Done);
    assert_eq!(rig.news(), [first(3)]);
}

#[test]
fn what_waits_at_a_gate_beyond_its_expiry_is_missed_and_never_sent() {
    let jobs = vec![job(1, "SS1", write_to("a")), job(2, "SS1", write_to("b"))];
    let mut rig = Rig::with(jobs, 2);
    assert_eq!(rig.news(), [first(1)]);
    rig.pass(10 * SECOND);
    assert_eq!(rig.status(first(2)), Pending);
    rig.pass(1);
    assert_eq!(rig.status(first(2)), Missed);
    assert_eq!(
        rig.error(first(2)),
        "missed: it waited for its turn at SS1 for longer than 10s, after which a command is not \
         sent any more; nothing was sent"
    );
    rig.end(first(1), End::Done);
    assert_eq!(rig.news(), []);
}

#[test]
fn a_wall_clock_that_is_set_back_gives_no_more_time_and_one_set_forward_takes_it() {
    let jobs = || vec![job(1, "SS1", write_to("a")), job(2, "SS1", write_to("b"))];
    let mut rig = Rig::with(jobs(), 2);
    rig.set_clock(-3_600 * SECOND);
    rig.pass(10 * SECOND + 1);
    assert_eq!(rig.status(first(2)), Missed);
    let mut rig = Rig::with(jobs(), 2);
    rig.set_clock(65 * SECOND);
    rig.end(first(1), End::Done);
    assert_eq!((rig.status(first(2)), rig.news()), (Missed, vec![first(1)]));
}

#[test]
fn what_is_late_is_missed_whatever_kept_the_station() {
    // It was down, the clock was set, or it merely slept.
    let mut down = Rig::with(vec![job(30, "SS1", write_to("a"))], 1);
    down.crash(40 * SECOND);
    let mut stepped = Rig::with(vec![job(30, "SS1", write_to("a"))], 1);
    stepped.set_clock(40 * SECOND);
    let slept = Rig::with(vec![job(30, "SS1", write_to("a"))], 41);
    for mut rig in [down, stepped, slept] {
        assert_eq!((rig.status(first(1)), rig.news()), (Missed, vec![]));
        assert!(
            rig.error(first(1)).contains("a command that is 11s late"),
            "{}",
            rig.error(first(1))
        );
    }
    let mut in_time = Rig::with(vec![job(30, "SS1", write_to("a"))], 1);
    in_time.crash(35 * SECOND);
    assert_eq!(in_time.news(), [first(1)]);
}

#[test]
fn what_a_killed_daemon_was_doing_is_interrupted_and_neither_looked_for_nor_done_again() {
    let mut spec = job(1, "SS1", write_to("a"));
    spec.policies.retries = 3;
    spec.policies.on_interrupted = OnInterrupted::Rerun;
    spec.policies.grace = Grace::Forever;
    let mut rig = Rig::with(vec![spec, job(2, "SS1", write_to("b"))], 2);
    assert_eq!(rig.news(), [first(1)]);
    // That it asks for nobody to be looked for, the rig checks.
    rig.crash(SECOND);
    assert_eq!(rig.status(first(1)), Interrupted);
    assert_eq!(
        rig.error(first(1)),
        "interrupted: the station stopped while it ran; when it came back, it could not be told \
         whether SS1 had carried it out; what was sent stands in the audit trail"
    );
    // What waited goes on waiting, and is in time.
    assert_eq!(rig.news(), [first(2)]);
}

#[test]
fn a_failed_command_is_not_tried_again() {
    let mut spec = job(1, "SS1", write_to("a"));
    spec.policies.retries = 3;
    let mut rig = Rig::with(vec![spec], 1);
    rig.end(first(1), End::Failed);
    rig.pass(3_600 * SECOND);
    assert_eq!((rig.status(first(1)), rig.news()), (Failed, vec![first(1)]));
}

#[test]
fn what_was_done_was_done_also_when_it_was_cancelled_meanwhile() {
    let jobs = vec![job(1, "SS2", write_to("a")), job(1, "SS2", write_to("b"))];
    let mut rig = Rig::with(jobs, 1);
    for id in [1, 2] {
        rig.ask(Request::Cancel { job: JobId(id), row: None });
    }
    rig.end(first(1), End::Done);
    rig.end(first(2), End::Failed);
    assert_eq!((rig.status(first(1)), rig.error(first(1))), (Completed, "-"));
    assert_eq!(rig.status(first(2)), Cancelled);
}

#[test]
fn a_run_by_hand_is_planned_for_now() {
    let mut rig = Rig::with(vec![job(3_600, "SS1", write_to("a"))], 5);
    let reply = rig.ask(Request::RunNow { job: JobId(1), row: None });
    assert_eq!(reply, Reply::Running(first(1)));
    assert_eq!(rig.executions[&first(1)].planned, rig.now().wall);
    assert_eq!(rig.status(first(1)), Running);
}

#[test]
fn an_outstation_that_is_not_registered_is_refused_and_one_that_is_no_more_fails() {
    let mut rig = Rig::with(vec![job(5, "SS1", write_to("a"))], 1);
    let unknown = Refusal::NoSuchTarget("outstation 'SS9' is not registered".to_owned());
    assert_eq!(rig.create(job(5, "SS9", write_to("a"))), Reply::Refused(unknown));
    rig.remove("SS1");
    let gone = Refusal::NoSuchRecord(RecordKind::Outstation, "SS1".to_owned());
    assert_eq!(rig.remove("SS1"), Reply::Refused(gone));
    rig.pass(4 * SECOND);
    assert_eq!(rig.status(first(1)), Failed);
    assert_eq!(rig.error(first(1)), "not started: outstation 'SS1' is not registered any more");
}

#[test]
fn what_is_sent_does_not_change_under_those_that_wait_to_send_it() {
    let mut rig = Rig::with(vec![job(1, "SS1", write_to("a"))], 1);
    let spec = Box::new(job(1, "SS1", write_to("b")));
    let update = Request::Update { job: JobId(1), row: None, spec, context: None, paused: None };
    assert_eq!(rig.ask(update), Reply::Refused(Refusal::CommandInUse(JobId(1))));
}
