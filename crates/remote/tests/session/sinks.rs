//! Sinks: one's own, shared ones, and the central log file.

use std::sync::Arc;

use station_remote::{LineSink, LogFile, LogFileOptions, WhenFull, callback, join_all};

use super::rig::{Rig, Seen, open_handles, options, patient, soon};

#[tokio::test]
async fn s16_8_one_line_at_a_time() {
    let (rig, seen) = (Rig::start(), Seen::default());
    rig.node("node").rexec("seq 1000", options(patient(), vec![seen.sink()])).await;
    assert_eq!(seen.lines(), (1..=1000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn s16_8_central_and_per_session_sinks_do_not_mix() {
    let rig = Rig::start();
    let path = rig.server.file("central.log");
    let central = LogFile::open(&path, LogFileOptions::default()).unwrap();
    let runs = (1..=4).map(|n| {
        let node = rig.builder(&format!("node{n}")).sink(Arc::<LogFile>::clone(&central)).build();
        async move {
            let own = Seen::default();
            let command = format!("for i in 1 2 3; do echo line {n}.$i; echo bad {n} >&2; done");
            node.unwrap().rexec(command, options(patient(), vec![own.sink()])).await;
            own.lines()
        }
    });
    let owns = soon(join_all(runs)).await;
    for (n, own) in (1..).zip(&owns) {
        let mut own = own.clone();
        own.sort();
        let bad = format!("!bad {n}");
        let expected: Vec<String> = vec![bad.clone(), bad.clone(), bad]
            .into_iter()
            .chain((1..=3).map(|i| format!("line {n}.{i}")))
            .collect();
        assert_eq!(own, expected, "no line of another session");
    }
    soon(central.flush()).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!((text.lines().count(), central.stats().written), (24, 24));
    for n in 1..=4 {
        let out: Vec<_> =
            text.lines().filter_map(|line| line.split_once(&format!(" node{n} out: "))).collect();
        let expected = [1, 2, 3].map(|i| format!("line {n}.{i}"));
        assert_eq!(out.iter().map(|(_, line)| *line).collect::<Vec<_>>(), expected);
        for (stamp, _) in out {
            stamp.parse::<jiff::Timestamp>().unwrap();
        }
        assert_eq!(text.matches(&format!(" node{n} err: bad {n}\n")).count(), 3);
    }
    drop(central);
    assert_eq!(open_handles(&path), 0);
}

#[tokio::test]
async fn lines_beyond_a_full_queue_are_dropped_counted_and_owned_up_to() {
    let rig = Rig::start();
    let path = rig.server.file("dropping.log");
    let options_of_log = LogFileOptions { queue: 2_000, when_full: WhenFull::Drop };
    let log = LogFile::open(&path, options_of_log).unwrap();
    let sink: Arc<dyn LineSink> = Arc::<LogFile>::clone(&log);
    soon(rig.node("node").rexec("seq 200000", options(patient(), vec![sink]))).await;
    soon(log.flush()).await;
    let stats = log.stats();
    drop(log);
    let text = std::fs::read_to_string(&path).unwrap();
    let confessed: u64 = text
        .lines()
        .filter_map(|line| {
            line.split_once(" log: ")?
                .1
                .strip_suffix(" lines were dropped here: the queue was full")
        })
        .map(|count| count.parse::<u64>().unwrap())
        .sum();
    let kept = text.lines().filter(|line| line.contains(" node out: ")).count();
    assert_eq!(u64::try_from(kept).unwrap() + stats.dropped, 200_000);
    assert_eq!(confessed, stats.dropped);
}

#[tokio::test]
async fn a_full_queue_that_waits_loses_nothing() {
    let rig = Rig::start();
    let path = rig.server.file("waiting.log");
    let log = LogFile::open(&path, LogFileOptions { queue: 100, when_full: WhenFull::Wait });
    let log = log.unwrap();
    let sink: Arc<dyn LineSink> = Arc::<LogFile>::clone(&log);
    soon(rig.node("node").rexec("seq 20000", options(patient(), vec![sink]))).await;
    soon(log.flush()).await;
    let stats = log.stats();
    assert_eq!((stats.written, stats.dropped, stats.failed), (20_000, 0, 0));
}

#[tokio::test]
async fn a_disk_that_is_full_does_not_end_the_command() {
    let rig = Rig::start();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let log = LogFile::writing_to(full, LogFileOptions::default()).unwrap();
    let sink: Arc<dyn LineSink> = Arc::<LogFile>::clone(&log);
    let session = soon(rig.node("node").rexec("seq 10", options(patient(), vec![sink]))).await;
    assert!(session.outcome().unwrap().success());
    soon(log.flush()).await;
    let stats = log.stats();
    assert_eq!((stats.written, stats.failed), (0, 10));
    assert!(stats.last_error.unwrap().contains("No space left"), "the reason is told");
}

#[tokio::test]
async fn a_sink_knows_the_node_and_the_command() {
    let rig = Rig::start();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let sink = callback(move |from, line| {
        told.lock().unwrap().push(format!("{}/{}/{}", from.node, from.command, line.text()));
    });
    rig.node("node3").rexec("echo hi", options(patient(), vec![sink])).await;
    assert_eq!(*seen.lock().unwrap(), ["node3/echo hi/hi"]);
}
