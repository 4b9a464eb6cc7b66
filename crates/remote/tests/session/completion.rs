//! When a command is done, and how it ended.

use station_remote::{End, FailureKind, OutputCap, RexecOptions, Stopped};

use super::rig::{Rig, Seen, options, patient, soon};

#[tokio::test]
async fn s16_1_happy_path() {
    let (rig, seen) = (Rig::start(), Seen::default());
    let node = rig.node("node");
    let session = node.rexec("echo hello", options(patient(), vec![seen.sink()])).await;
    let outcome = session.outcome().unwrap();
    assert!(outcome.success(), "{outcome}");
    assert_eq!((outcome.code(), outcome.stopped, outcome.failure), (Some(0), None, None));
    assert_eq!((session.results().text(), seen.lines()), ("hello\n".into(), vec!["hello".into()]));
}

#[tokio::test]
async fn s16_1_non_zero_exit() {
    let rig = Rig::start();
    let session = rig.node("node").rexec("echo no; exit 7", RexecOptions::default()).await;
    let outcome = session.outcome().unwrap();
    assert_eq!(
        (outcome.end, outcome.success(), outcome.is_abnormal()),
        (End::Exit(7), false, false)
    );
    assert_eq!(outcome.to_string(), "exited with status 7");
    assert_eq!(session.results().bytes(), b"no\n");
}

#[tokio::test]
async fn s16_1_done_is_not_before_the_pipes_are_at_their_end() {
    let (rig, seen) = (Rig::start(), Seen::default());
    // The process exits first; its child still writes, a partial line at last.
    let command = "(sleep 0.4; printf 'a\\nlate') & exit 3";
    let session = rig.node("node").rexec(command, options(patient(), vec![seen.sink()])).await;
    assert_eq!(session.outcome().unwrap().end, End::Exit(3));
    assert_eq!(
        (session.results().bytes(), seen.lines()),
        (b"a\nlate".to_vec(), vec!["a".into(), "late".into()])
    );
}

#[tokio::test]
async fn s16_1_done_is_not_before_the_process_has_exited() {
    let rig = Rig::start();
    let command = "echo out; exec >&- 2>&-; sleep 0.4; exit 4";
    let session = rig.node("node").rexec(command, RexecOptions::default()).await;
    assert_eq!(session.outcome().unwrap().end, End::Exit(4));
}

#[tokio::test]
async fn commands_of_a_session_take_turns_and_each_has_its_results() {
    let rig = Rig::start();
    let session = rig.node("node").session();
    let (first, second) = tokio::join!(
        async {
            let outcome = session.post_cmd("sleep 0.2; echo 1", options(patient(), vec![])).await;
            (outcome, session.results().text())
        },
        session.post_cmd("echo 2", options(patient(), vec![])),
    );
    assert!(first.0.success() && second.success());
    assert_eq!(session.results().text(), "2\n");
}

#[tokio::test]
async fn results_are_bounded_and_what_is_cut_is_counted() {
    let rig = Rig::start();
    let cap = OutputCap { head: 4, tail: 6 };
    let options = RexecOptions { results: cap, ..options(patient(), vec![]) };
    let session = rig.node("node").rexec("seq 100000", options).await;
    let results = session.results();
    assert_eq!((results.head(), &*results.tail()), (&b"1\n2\n"[..], &b"00000\n"[..]));
    assert_eq!((results.total(), results.cut()), (588_895, 588_885));
}

#[tokio::test]
async fn after_close_nothing_starts() {
    let rig = Rig::start();
    let session = rig.node("node").session();
    soon(session.close()).await;
    let outcome = soon(session.post_cmd("echo 1", RexecOptions::default())).await;
    assert_eq!((outcome.end, outcome.stopped), (End::NeverStarted, Some(Stopped::Closed)));
}

#[test]
fn what_cannot_be_a_node_is_refused_with_a_sentence() {
    let refused = |name: &str, address: &str| {
        station_remote::Node::builder(name, address).build().unwrap_err()
    };
    for (name, address) in [("", "pi"), ("pi", ""), ("pi", "-oProxyCommand=x"), ("pi", "a b")] {
        let failure = refused(name, address);
        assert_eq!(failure.kind, FailureKind::Invalid);
        assert!(failure.message.contains("must not"), "{failure}");
    }
}
