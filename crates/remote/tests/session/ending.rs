//! Commands that somebody ends: closed, cancelled, dropped, repeated until then.

use std::sync::Arc;
use std::time::Duration;

use station_remote::{Cancel, RexecOptions, Stopped, Timeouts, channel};

use super::rig::{Rig, options, patient, pid, soon};

const ENDLESS: &str = "echo $$; exec sleep 1000";

#[tokio::test]
async fn close_ends_the_command_there_and_waits_for_it() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(1);
    let session = rig.node("node").session();
    let run = session.post_cmd(ENDLESS, options(Timeouts::endless(), vec![sink]));
    let close = async {
        let process = pid(&mut lines).await;
        session.close().await;
        assert_eq!(session.outcome().unwrap().stopped, Some(Stopped::Closed));
        process.gone().await;
    };
    let (outcome, ()) = soon(async { tokio::join!(run, close) }).await;
    assert_eq!(outcome.stopped, Some(Stopped::Closed));
    assert!(!outcome.is_abnormal());
}

#[tokio::test]
async fn a_switch_ends_many_at_once() {
    let rig = Rig::start();
    let cancel = Cancel::new();
    let (sink, mut lines) = channel(10);
    let (node, switch) = (rig.node("node"), cancel.clone());
    let runs = (0..3).map(move |_| {
        let (node, sink, cancel) = (Arc::clone(&node), sink.clone(), switch.clone());
        async move {
            let options =
                RexecOptions { cancel: Some(cancel), ..options(Timeouts::endless(), vec![sink]) };
            node.rexec(ENDLESS, options).await.outcome().unwrap()
        }
    });
    let runs = tokio::spawn(station_remote::join_all(runs));
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(pid(&mut lines).await);
    }
    cancel.cancel();
    for outcome in soon(runs).await.unwrap() {
        assert_eq!(outcome.stopped, Some(Stopped::Cancelled));
    }
    for process in processes {
        process.gone().await;
    }
}

#[tokio::test]
async fn n4_a_task_that_is_aborted_leaves_nothing_behind() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(1);
    let node = rig.node("node");
    let limits = Timeouts { grace: Duration::from_millis(500), ..Timeouts::endless() };
    let task = tokio::spawn(async move { node.rexec(ENDLESS, options(limits, vec![sink])).await });
    let process = pid(&mut lines).await;
    task.abort();
    assert!(soon(task).await.unwrap_err().is_cancelled());
    process.gone().await;
}

#[tokio::test]
async fn a_repeated_command_is_one_lifecycle_until_it_is_closed() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(1);
    let session = rig.node("node").session();
    let options = RexecOptions {
        repeat: Some(Duration::from_millis(50)),
        ..options(Timeouts::endless(), vec![sink])
    };
    // `exit` ends a run, not the loop; the loop's shell is the same one each time.
    let run = session.post_cmd("echo \"it's $$\"; exit 3; echo never", options);
    let watch = async {
        let mut seen = Vec::new();
        while seen.len() < 4 {
            seen.push(lines.recv().await.unwrap().text);
        }
        let close = session.close();
        // It goes on talking meanwhile.
        let drain = async { while lines.recv().await.is_some() {} };
        tokio::select! { () = close => {}, () = drain => {} }
        seen
    };
    let (outcome, seen) = soon(async { tokio::join!(run, watch) }).await;
    assert_eq!(outcome.stopped, Some(Stopped::Closed));
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    let text = session.results().text();
    assert!(text.lines().count() >= 4 && !text.contains("never"), "{text}");
}

#[tokio::test]
async fn a_repeated_command_ends_with_its_time() {
    let rig = Rig::start();
    let limits = Timeouts { wall: Some(Duration::from_secs(2)), ..patient() };
    let options = RexecOptions { repeat: Some(Duration::ZERO), ..options(limits, vec![]) };
    let session = soon(rig.node("node").rexec("sleep 0.1; echo again", options)).await;
    assert_eq!(session.outcome().unwrap().stopped, Some(Stopped::WallTimeout));
    assert!(session.results().text().starts_with("again\nagain\n"));
}
