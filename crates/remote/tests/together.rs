//! §16.5 of the design: many commands at once, over a real sshd.
#![cfg(test)]

use std::sync::Arc;

use station_remote::{
    Batches, Cancel, Outcome, RexecOptions, Rolled, Stopped, Timeouts, channel, fail_fast, fan_out,
    join_all, rolling,
};

#[path = "support/rig.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod rig;

use rig::{Rig, options, patient, pid, soon};

#[tokio::test]
async fn s16_5_commands_overlap() {
    let rig = Rig::start();
    let file = |name| rig.server.file(name).display().to_string();
    let (a, b) = (file("a"), file("b"));
    // Each waits for what the other does: one after the other, neither would end.
    let commands = [
        format!("touch {a}; until [ -e {b} ]; do sleep 0.05; done; echo first"),
        format!("until [ -e {a} ]; do sleep 0.05; done; touch {b}; echo second"),
    ];
    let node = rig.node("node");
    let runs = commands.map(|command| {
        let node = Arc::clone(&node);
        async move { node.rexec(command, options(patient(), vec![])).await.results().text() }
    });
    assert_eq!(soon(join_all(runs)).await, ["first\n", "second\n"]);
}

#[tokio::test]
async fn s16_5_all_outcomes_are_gathered_failures_included() {
    let rig = Rig::start();
    let runs = (0..6).map(|n| {
        let node = rig.node("node");
        async move {
            let command = format!("exit {n}");
            node.rexec(command, options(patient(), vec![])).await.outcome().unwrap().code()
        }
    });
    assert_eq!(soon(fan_out(3, runs)).await, (0..6).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn s16_5_the_first_failure_cancels_the_others_and_they_have_ended_there() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(10);
    let (node, go) = (rig.node("node"), rig.server.file("go"));
    let failing = format!("until [ -e {} ]; do sleep 0.05; done; exit 9", go.display());
    let endless = "echo $$; exec sleep 1000".to_owned();
    let tasks = [endless.clone(), failing, endless].map(|command| {
        let (node, sinks) = (Arc::clone(&node), vec![sink.clone() as _]);
        move |cancel: Cancel| async move {
            let options =
                RexecOptions { cancel: Some(cancel), ..options(Timeouts::endless(), sinks) };
            let outcome = node.rexec(command, options).await.outcome().unwrap();
            if outcome.success() { Ok(()) } else { Err(outcome) }
        }
    });
    let all = tokio::spawn(fail_fast::<(), Outcome, _, _>(tasks));
    let processes = [pid(&mut lines).await, pid(&mut lines).await];
    std::fs::write(go, "").unwrap();
    let failed = soon(all).await.unwrap().unwrap_err();
    assert_eq!((failed.place, failed.error.code()), (1, Some(9)));
    for (place, (at, other)) in [0, 2].into_iter().zip(failed.others) {
        let stopped = other.unwrap_err().stopped;
        assert_eq!((at, stopped), (place, Some(Stopped::Cancelled)));
    }
    for process in processes {
        process.gone().await;
    }
}

#[tokio::test]
async fn batches_stop_when_too_many_nodes_fail() {
    let rig = Rig::start();
    let runs = (0..5).map(|n| {
        let node = rig.node(&format!("node{n}"));
        async move {
            let command = format!("exit {}", i32::from(n == 1));
            let outcome = node.rexec(command, options(patient(), vec![])).await.outcome().unwrap();
            if outcome.success() { Ok(n) } else { Err(outcome.code()) }
        }
    });
    let rolled = soon(rolling(Batches { size: 2, max_failures: 0 }, runs)).await;
    use Rolled::{Done, Failed, NotStarted};
    assert_eq!(rolled, [Done(0), Failed(Some(1)), NotStarted, NotStarted, NotStarted]);
}
