//! What is captured, counted and kept of a run's output.

use std::time::Duration;

use station::port::{Link as _, RunEvent};
use station_core::model::{End, OutputCap, Stream};

use crate::bench::Bench;

pub(crate) async fn streams_are_apart_and_stamps_ascend(bench: Bench) {
    let over = bench.run_shell("echo a; echo b >&2; sleep 0.3; echo c; printf partial >&2").await;
    assert_eq!(over.end.end, End::Exit(0));
    assert_eq!(over.out(), "a\nc\n");
    assert_eq!(over.err(), "b\npartial");
    assert!(over.seen.chunks.is_sorted_by_key(|chunk| chunk.at));
    let first = over.seen.chunks.first().unwrap().at;
    assert!(over.seen.chunks.last().unwrap().at.since(first) >= Duration::from_millis(15));
    assert_eq!((over.end.output.bytes, over.end.output.lines), (13, 3));
    assert_eq!((over.end.output.dropped_bytes, over.end.output.dropped_lines), (0, 0));
    assert!(!over.end.leaked);
}

pub(crate) async fn bytes_stay_bytes(bench: Bench) {
    let over = bench.run_shell(r"printf 'a\377\376\0b\r\n\0'; printf '\303' >&2").await;
    assert_eq!(over.bytes(Stream::Stdout), b"a\xff\xfe\0b\r\n\0");
    assert_eq!(over.bytes(Stream::Stderr), b"\xc3");
}

pub(crate) async fn silent_commands_have_no_output(bench: Bench) {
    let over = bench.run_shell("true").await;
    assert!(over.seen.chunks.is_empty() && over.seen.batches.is_empty());
    assert_eq!(over.end.output, station_core::model::OutputSummary::default());
}

pub(crate) async fn first_output_is_prompt(bench: Bench) {
    let mut run = bench.start(bench.shell("echo hi; exec sleep 30"));
    run.started().await;
    run.says("hi\n").await;
    bench.link.kill_all();
    assert_eq!(run.over().await.end.end, End::Signal(9));
}

pub(crate) async fn a_huge_line_is_bounded(bench: Bench) {
    let mut request = bench.shell("head -c 100000000 /dev/zero | tr '\\0' x");
    request.cap = OutputCap { head: 1000, tail: 2000 };
    let over = bench.run(request).await;
    assert_eq!(over.end.output.bytes, 100_000_000);
    assert_eq!((over.end.output.lines, over.end.output.dropped_lines), (0, 0));
    assert_eq!(over.end.output.dropped_bytes, 100_000_000 - 3000);
    assert_eq!(over.out(), "x".repeat(3000));
    let held: usize = over.seen.chunks.iter().map(|chunk| chunk.bytes.capacity()).sum();
    assert!(held < 100_000, "{held}");
    let remark = String::from_utf8(over.bytes(Stream::Station)).unwrap();
    assert_eq!(remark, "[… 99997000 bytes, 0 lines not kept …]\n");
}

pub(crate) async fn the_gap_is_exact(bench: Bench) {
    for (head, tail) in [(0, 0), (0, 100), (100, 0), (1000, 1000), (8 << 20, 8 << 20), (7, 300_000)]
    {
        for lines in [3_u32, 1000, 60_000] {
            let mut request = bench.shell(&format!("seq {lines}"));
            request.cap = OutputCap { head, tail };
            let over = bench.run(request).await;
            let whole: String = (1..=lines).map(|n| format!("{n}\n")).collect();
            let whole = whole.as_bytes();
            let end = head.min(whole.len());
            let begin = whole.len().saturating_sub(tail).max(end);
            let gap = &whole[end..begin];
            let mut want = whole[..end].to_vec();
            want.extend_from_slice(&whole[begin..]);
            assert!(over.bytes(Stream::Stdout) == want, "{head} {tail} {lines}");
            let output = over.end.output;
            assert_eq!(output.bytes, whole.len() as u64);
            assert_eq!(output.lines, u64::from(lines));
            assert_eq!(output.dropped_bytes, gap.len() as u64, "{head} {tail} {lines}");
            assert_eq!(output.dropped_lines, gap.iter().filter(|b| **b == b'\n').count() as u64);
            assert_eq!(over.bytes(Stream::Station).is_empty(), gap.is_empty());
        }
    }
}

pub(crate) async fn one_byte_at_a_time_costs_few_chunks(bench: Bench) {
    let over = bench.run_shell("head -c 60000 /dev/zero | dd bs=1 2>/dev/null").await;
    assert_eq!(over.bytes(Stream::Stdout).len(), 60_000);
    // A chunk a millisecond or so, not one a byte.
    assert!(over.seen.chunks.len() < 6000, "{}", over.seen.chunks.len());
}

pub(crate) async fn alternating_bytes_are_bounded_and_counted(bench: Bench) {
    let mut request = bench.shell("for i in {1..5000}; do printf a; printf b >&2; done");
    request.cap = OutputCap { head: 1000, tail: 1000 };
    let over = bench.run(request).await;
    assert_eq!(over.end.output.bytes, 10_000);
    let kept = over.out().len() + over.err().len();
    assert_eq!(kept as u64, 10_000 - over.end.output.dropped_bytes);
    assert!(over.seen.chunks.len() <= 2 * 1024 + 2);
}

pub(crate) async fn no_more_is_sent_before_the_last_is_stored(bench: Bench) {
    let mut run = bench.start(bench.shell("while :; do echo line; done"));
    run.started().await;
    let RunEvent::Output { chunks, stored } = run.raw().await else { panic!("output first") };
    assert!(!chunks.is_empty());
    let more = tokio::time::timeout(Duration::from_millis(200), run.raw()).await;
    assert!(more.is_err(), "{more:?}");
    stored.send(()).unwrap();
    let RunEvent::Output { stored, .. } = run.raw().await else { panic!("then more") };
    // A store that gives up does not stop the run.
    drop(stored);
    let RunEvent::Output { stored, .. } = run.raw().await else { panic!("and more") };
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.link.kill_all();
    // The end carries chunks, so it too waits for the store.
    let early = tokio::time::timeout(Duration::from_millis(200), run.raw()).await;
    assert!(early.is_err(), "{early:?}");
    stored.send(()).unwrap();
    assert_eq!(run.over().await.end.end, End::Signal(9));
}

pub(crate) async fn a_slow_store_holds_the_command_back(bench: Bench) {
    let mut request = bench.shell("head -c 30000000 /dev/zero; echo done >&2");
    request.cap = OutputCap { head: 40_000_000, tail: 0 };
    let mut run = bench.start(request);
    run.started().await;
    let RunEvent::Output { chunks, stored } = run.raw().await else { panic!("output first") };
    run.seen.chunks.extend(chunks);
    // Not stored: the command cannot end, having more to say than is held unsent.
    let more = tokio::time::timeout(Duration::from_millis(300), run.raw()).await;
    assert!(more.is_err(), "{more:?}");
    stored.send(()).unwrap();
    let over = run.over().await;
    assert_eq!(over.bytes(Stream::Stdout).len(), 30_000_000);
    assert_eq!(over.err(), "done\n");
    assert_eq!(over.end.output.dropped_bytes, 0);
    assert!(!over.end.leaked);
}

pub(crate) async fn idleness_is_told_once(bench: Bench) {
    let mut request = bench.shell("echo a; sleep 0.3; echo b; sleep 0.3");
    request.idle_timeout = Some(Duration::from_millis(60));
    let over = bench.run(request).await;
    assert_eq!((over.seen.idles, over.end.end), (1, End::Exit(0)));
    let mut request = bench.shell("for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done");
    request.idle_timeout = Some(Duration::from_secs(5));
    assert_eq!(bench.run(request).await.seen.idles, 0);
}
