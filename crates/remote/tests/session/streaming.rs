//! Lines while a command runs.

use station_remote::{LineEnd, LinePolicy, Partial, RexecOptions, Stream, Utf8, channel};

use super::rig::{Rig, Seen, options, patient, soon};

#[tokio::test]
async fn s16_2_chunked_input() {
    let (rig, seen) = (Rig::start(), Seen::default());
    let command = "printf a; sleep 0.1; printf 'b\\nc'; sleep 0.1; printf '\\n\\nd\\n'";
    rig.node("node").rexec(command, options(patient(), vec![seen.sink()])).await;
    assert_eq!(seen.lines(), ["ab", "c", "", "d"]);
}

#[tokio::test]
async fn s16_2_crlf_and_partial_line() {
    let (rig, seen) = (Rig::start(), Seen::default());
    let command = "printf 'a\\r\\nb\\r'";
    let session = rig.node("node").rexec(command, options(patient(), vec![seen.sink()])).await;
    assert_eq!(
        (seen.lines(), session.results().bytes()),
        (vec!["a".into(), "b".into()], b"a\r\nb\r".to_vec())
    );

    for (partial, expected) in
        [(Partial::Drop, vec!["a"]), (Partial::Tag, vec!["a", "b [no newline at the end]"])]
    {
        let seen = Seen::default();
        let lines = LinePolicy { partial, ..LinePolicy::default() };
        let options = RexecOptions { lines, ..options(patient(), vec![seen.sink()]) };
        rig.node("node").rexec("printf 'a\\nb'", options).await;
        assert_eq!(seen.lines(), expected);
    }
}

#[tokio::test]
async fn s16_2_stdout_and_stderr_are_told_apart() {
    let (rig, seen) = (Rig::start(), Seen::default());
    let command = "echo out; sleep 0.2; echo err >&2; sleep 0.2; echo out again";
    let session = rig.node("node").rexec(command, options(patient(), vec![seen.sink()])).await;
    assert_eq!(seen.lines(), ["out", "!err", "out again"]);
    assert_eq!(session.results().text(), "out\nerr\nout again\n");
}

#[tokio::test]
async fn lines_come_while_the_command_runs() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(1);
    let (session, seen) = (rig.node("node").session(), rig.server.file("seen"));
    // The command ends only once its first line has been seen.
    let command = format!("echo first; until [ -e {} ]; do sleep 0.05; done", seen.display());
    let run = session.post_cmd(command, options(patient(), vec![sink]));
    let watch = async {
        let line = lines.recv().await.unwrap();
        std::fs::write(&seen, "").unwrap();
        line
    };
    let (outcome, line) = soon(async { tokio::join!(run, watch) }).await;
    assert!(outcome.success(), "{outcome}");
    assert_eq!((&*line.text, line.stream, line.end), ("first", Stream::Stdout, LineEnd::Newline));
    assert_eq!(&*line.source.node, "node");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_kept() {
    let (rig, (sink, mut lines)) = (Rig::start(), channel(10));
    let lines_as = LinePolicy { utf8: Utf8::Strict, ..LinePolicy::default() };
    let options = RexecOptions { lines: lines_as, ..options(patient(), vec![sink]) };
    let session = rig.node("node").rexec("printf 'a\\377\\000b\\n'", options).await;
    let line = lines.recv().await.unwrap();
    assert_eq!((&*line.raw, &*line.text, line.invalid), (&b"a\xFF\0b"[..], "a\\xff\0b", Some(1)));
    assert_eq!(session.results().bytes(), b"a\xFF\0b\n");
}

#[tokio::test]
async fn a_line_without_an_end_comes_in_pieces() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(100);
    let command = "head -c 3000000 /dev/zero | tr '\\0' x; echo";
    let session = rig.node("node").rexec(command, options(patient(), vec![sink])).await;
    let results = session.results();
    let tail = String::from_utf8_lossy(&results.bytes()).replace('x', "");
    assert_eq!((results.total(), &*tail), (3_000_001, "\n"));
    drop(session);
    let mut pieces = Vec::new();
    while let Some(line) = lines.recv().await {
        pieces.push((line.raw.len(), line.end));
    }
    let full = (1 << 20, LineEnd::Continued);
    assert_eq!(pieces, [full, full, (3_000_000 - (2 << 20), LineEnd::Newline)]);
}

#[tokio::test]
async fn a_sink_that_falls_behind_holds_up_the_command_and_loses_nothing() {
    let (rig, (sink, mut lines)) = (Rig::start(), channel(1));
    let session = rig.node("node").session();
    let run = async { session.post_cmd("seq 50000", options(patient(), vec![sink])).await };
    let count = async {
        let mut expected = 0;
        while let Some(line) = lines.recv().await {
            expected += 1;
            assert_eq!(line.text, expected.to_string());
            if expected == 50_000 {
                break;
            }
        }
        expected
    };
    let (outcome, count) = soon(async { tokio::join!(run, count) }).await;
    assert!(outcome.success() && count == 50_000, "{outcome}: {count}");
}
