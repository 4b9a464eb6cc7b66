//! How runs on nodes end, and what is said of the nodes then.

use std::time::Duration;

use station_core::engine::{Input, Reply, Request};
use station_core::model::ExecutionStatus::{Failed, Pending, Running};
use station_core::model::{End, ExecutionStatus, Kill, Policies, ProcessRecord};

use crate::cluster::{Cluster, at, id, killed, on, out_of_reach, policies, report};

#[test]
fn a_stopped_run_says_what_became_of_its_processes() {
    let limit = |policies: &mut Policies| policies.timeout = Some(Duration::from_secs(2));
    for (kill, want) in [
        (Kill::Killed, "timed out after 2s; its processes on rack1 are gone"),
        (Kill::KillFailed, "timed out after 2s; its processes on rack1 could not be ended"),
        (
            Kill::Unknown,
            "timed out after 2s; it is not known whether its processes still run, since rack1 \
             cannot be reached",
        ),
        (
            Kill::Unsupported,
            "timed out after 2s; its processes on rack1 were left: it has no guard",
        ),
    ] {
        let mut cluster = Cluster::new().having(policies(on("rack1"), limit));
        cluster.tick(10);
        cluster.tick(12);
        assert_eq!(cluster.stopped, [1]);
        cluster.end_with(12, 1, killed(kill));
        assert_eq!(cluster.error(1), want);
        assert_eq!(cluster.executions[&id(1)].kill, Some(kill));
        assert_eq!(cluster.rows()[0].2, Failed);
    }
}

#[test]
fn a_node_out_of_reach_is_marked_once_and_tried_again_by_policy() {
    let retry = |policies: &mut Policies| {
        policies.retries = 2;
        policies.retry_delay = Duration::from_secs(1);
    };
    let mut cluster = Cluster::new().having(policies(on("rack[1-2]"), retry));
    cluster.tick(10);
    cluster.end_with(11, 1, out_of_reach("no route to host"));
    assert_eq!(cluster.unreachable("rack1"), Some("no route to host"));
    assert_eq!(cluster.nodes["rack1"].1.as_ref().unwrap().since, at(11).wall);
    assert_eq!(cluster.rows(), [(1, "rack1", Pending, 1), (2, "rack2", Running, 0)]);
    cluster.tick(14);
    cluster.end_with(15, 1, out_of_reach("connection refused"));
    assert_eq!((cluster.unreachable("rack1"), cluster.marks), (Some("no route to host"), 1));
    cluster.tick(18);
    assert_eq!(cluster.started.last(), Some(&(1, "rack1".into())));
    // It is within reach as soon as something runs there.
    let process =
        ProcessRecord { pid: 7, start_ticks: 0, boot_id: String::new(), mark: Some("m".into()) };
    cluster.handle(19, Input::Started { execution: id(1), process });
    assert_eq!((cluster.unreachable("rack1"), cluster.marks), (None, 2));
    cluster.end(20, 1, 0);
    assert_eq!(cluster.marks, 2);
    assert_eq!(cluster.executions[&id(1)].attempt, 3);
}

#[test]
fn an_end_that_shows_nothing_of_the_node_marks_nothing() {
    let mut cluster = Cluster::new().having(on("rack1"));
    cluster.tick(10);
    cluster.end_with(11, 1, report(End::NotStarted));
    assert_eq!((cluster.marks, cluster.rows()[0].2), (0, Failed));
    cluster.tick(20);
    let stop = Request::CancelExecution { execution: id(2), row: None };
    assert_eq!(cluster.ask(21, stop), Reply::Ending(id(2)));
    cluster.end_with(22, 2, killed(Kill::Unknown));
    assert_eq!((cluster.marks, cluster.rows()[1].2), (0, ExecutionStatus::Cancelled));
    cluster.tick(30);
    cluster.end(31, 3, 0);
    assert_eq!(cluster.marks, 1);
}

/// Only a known failed end, or a run that never started, is tried again.
#[test]
fn what_may_have_run_or_may_still_run_is_not_tried_again() {
    let again = |policies: &mut Policies| {
        policies.retries = 2;
        policies.timeout = Some(Duration::from_secs(2));
    };
    let begin = || {
        let mut cluster = Cluster::new().having(policies(on("rack1"), again));
        cluster.tick(10);
        cluster
    };
    let mut lost = begin();
    lost.end_with(11, 1, report(End::Unknown));
    assert_eq!(lost.rows()[0].2, ExecutionStatus::Interrupted);
    let mut never = begin();
    never.end_with(11, 1, report(End::NotStarted));
    assert_eq!(never.rows()[0].2, Pending);
    for kill in Kill::ALL {
        let mut late = begin();
        late.tick(12);
        late.end_with(13, 1, killed(kill));
        let want = if kill == Kill::Killed { Pending } else { Failed };
        assert_eq!(late.rows()[0].2, want, "{kill:?}");
    }
}

#[test]
fn an_alarm_names_the_node() {
    let alarm = |policies: &mut Policies| policies.alarm = true;
    let mut cluster = Cluster::new().having(policies(on("rack[1-2]"), alarm));
    cluster.tick(10);
    cluster.end(11, 2, 1);
    cluster.end(12, 1, 1);
    let told: Vec<_> = cluster.alarms.iter().map(|alarm| alarm.message.as_str()).collect();
    assert_eq!(
        told,
        ["Scheduled job 'tick' failed on rack2", "Scheduled job 'tick' failed on rack1"]
    );
    assert_eq!(cluster.alarms.last().unwrap().occurrences, 2);
}
