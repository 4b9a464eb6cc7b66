//! The table of targets: what is held against what, and how it must come out.

/// Which side of the target is good.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Must {
    /// At least this share of the peer.
    AtLeast(f64),
    /// At most this share of the peer.
    AtMost(f64),
    /// At least this, with no peer.
    Reach(f64),
    /// At most this, with no peer.
    Within(f64),
    /// Reported, without a target.
    Told,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is measured, with its unit.
    pub(crate) what: &'static str,
    /// The key of our result.
    pub(crate) ours: &'static str,
    /// The peer's name; empty without one.
    pub(crate) peer: &'static str,
    /// The key of the peer's result; of several, split by `|`, the best (largest) counts.
    pub(crate) theirs: &'static str,
    /// The target.
    pub(crate) must: Must,
}

pub(crate) const fn row(
    what: &'static str,
    ours: &'static str,
    peer: &'static str,
    theirs: &'static str,
    must: Must,
) -> Row {
    Row { what, ours, peer, theirs, must }
}

use Must::{AtLeast, AtMost, Reach, Told, Within};

/// Every line, in the order of the table.
pub(crate) const ROWS: &[Row] = &[
    row(
        "durable submits/s, 1 connection",
        "submit.1",
        "raw group commit, 1 client",
        "raw.commits.1",
        AtLeast(0.5),
    ),
    row(
        "durable submits/s, 64 connections",
        "submit.64",
        "raw group commit, 64 clients",
        "raw.commits.64",
        AtLeast(0.3),
    ),
    row(
        "durable submits/s, 32 connections",
        "submit.32",
        "raw group commit, 32 clients",
        "raw.commits.32",
        Told,
    ),
    row(
        "durable submits/s, 1 connection",
        "submit.1",
        "at, one process each",
        "process.at|at.submit",
        AtLeast(3.0),
    ),
    row(
        "durable submits/s, 64 connections",
        "submit.64",
        "at, one process each",
        "process.at|at.submit",
        AtLeast(20.0),
    ),
    row("durable submits/s, 1 connection", "submit.1", "APScheduler add_job", "aps.submit", Told),
    row("`station at` as a process, runs/s", "process.station", "at", "process.at", AtLeast(1.0)),
    row(
        "1,000 due at once: p99 late, ms",
        "due.1000.p99",
        "APScheduler, job entered",
        "aps.due.1000.p99",
        AtMost(0.5),
    ),
    row(
        "1,000 due at once: p99 late, ms",
        "due.1000.p99",
        "bare durable spawning",
        "raw.durable.1000.p99",
        AtMost(1.3),
    ),
    row(
        "the same, as the job itself sees it",
        "due.1000.seen.p99",
        "bare durable spawning",
        "raw.durable.1000.seen.p99",
        AtMost(1.3),
    ),
    row(
        "the same, as the job itself sees it",
        "due.1000.seen.p99",
        "bare spawning, no commits",
        "raw.bare.1000.seen.p99",
        Told,
    ),
    row(
        "the same, as the job itself sees it",
        "due.1000.seen.p99",
        "APScheduler, job's process",
        "aps.due.1000.seen.p99",
        Told,
    ),
    row("the same, as the job itself sees it", "due.1000.seen.p99", "atd", "at.due.1000.p99", Told),
    row(
        "1,000 due at once: dropped",
        "due.1000.dropped",
        "APScheduler",
        "aps.due.1000.dropped",
        Within(0.0),
    ),
    row(
        "10,000 due at once: dropped",
        "due.10000.dropped",
        "APScheduler, of 3,000",
        "aps.due.3000.dropped",
        Within(0.0),
    ),
    row("10,000 due at once: all done, ms", "due.10000.all_done_ms", "", "", Told),
    row(
        "100 jobs/s for 20 s: p50 late, ms",
        "steady.p50",
        "APScheduler, no-op function",
        "aps.steady.noop.p50",
        AtMost(1.0),
    ),
    row(
        "100 jobs/s for 20 s: p50 late, ms",
        "steady.p50",
        "APScheduler, runs true",
        "aps.steady.p50",
        Told,
    ),
    row(
        "100 jobs/s for 20 s: p99 late, ms",
        "steady.p99",
        "APScheduler, no-op function",
        "aps.steady.noop.p99",
        AtMost(1.0),
    ),
    row(
        "100 jobs/s for 20 s: p99 late, ms",
        "steady.p99",
        "APScheduler, runs true",
        "aps.steady.p99",
        Told,
    ),
    row(
        "p50, as the job itself sees it, ms",
        "steady.seen.p50",
        "APScheduler, job's process",
        "aps.steady.seen.p50",
        Told,
    ),
    row(
        "p99, as the job itself sees it, ms",
        "steady.seen.p99",
        "APScheduler, job's process",
        "aps.steady.seen.p99",
        Told,
    ),
    row("recorded runs of `true`/s", "noop.true", "", "", Reach(1500.0)),
    row(
        "recorded runs of `true`/s",
        "noop.true",
        "bare posix_spawn",
        "raw.spawn.true.2|raw.spawn.true.8",
        AtLeast(0.5),
    ),
    row(
        "recorded runs of `true`/s",
        "noop.true",
        "bare, two commits a run",
        "raw.durable.2000.rate",
        Told,
    ),
    row(
        "recorded runs of `sh -c true`/s",
        "noop.sh",
        "bare posix_spawn",
        "raw.spawn.sh.2|raw.spawn.sh.8",
        Told,
    ),
    row(
        "recorded runs of `bash -c true`/s",
        "noop.bash",
        "bare posix_spawn",
        "raw.spawn.bash.2|raw.spawn.bash.8",
        Told,
    ),
    row(
        "recorded runs of a shell line/s",
        "noop.shell",
        "bare posix_spawn of bash",
        "raw.spawn.bash.2|raw.spawn.bash.8",
        Told,
    ),
    row("1,000,000 pending: ready, ms", "pending.ready_ms", "", "", Within(500.0)),
    row("1,000,000 pending: memory at rest, MB", "pending.rss_mb", "", "", Within(64.0)),
    row("1,000,000 pending: peak under load, MB", "pending.peak_mb", "", "", Within(64.0)),
    row(
        "1,000,000 pending: submits/s, 1",
        "pending.submit.1",
        "a small store",
        "pending.submit.1.small",
        AtLeast(0.9),
    ),
    row(
        "1,000,000 pending: submits/s, 64",
        "pending.submit.64",
        "a small store",
        "pending.submit.64.small",
        AtLeast(0.9),
    ),
    row("1,000,000 pending: first page, API, ms", "pending.page_ms", "", "", Within(50.0)),
    row("1,000,000 pending: `station list`, ms", "pending.list_ms", "", "", Within(50.0)),
    row("1,000,000 pending: wake-ups in 30 s", "pending.idle.switches", "", "", Within(0.0)),
    row("1,000,000 pending: CPU ticks in 30 s", "pending.idle.ticks", "", "", Within(0.0)),
    row("empty daemon: memory, MB", "empty.rss_mb", "", "", Within(20.0)),
    row("empty daemon: wake-ups in 30 s", "empty.idle.switches", "", "", Within(0.0)),
    row(
        "1 GB of lines through a run, MB/s",
        "output.mb_s",
        "cat into wc -l",
        "raw.output.mb_s",
        AtLeast(0.4),
    ),
    row("submits/s at 1 k stored, 64", "cost.1000.64", "a small store", "cost.1000.64.small", Told),
    row(
        "submits/s at 10 k stored, 64",
        "cost.10000.64",
        "a small store",
        "cost.10000.64.small",
        Told,
    ),
    row(
        "submits/s at 100 k stored, 64",
        "cost.100000.64",
        "a small store",
        "cost.100000.64.small",
        Told,
    ),
    row(
        "submits/s at 1 M stored, 1 connection",
        "cost.1000000.1",
        "a small store",
        "cost.1000000.1.small",
        AtLeast(0.9),
    ),
    row(
        "submits/s at 1 M stored, 64",
        "cost.1000000.64",
        "a small store",
        "cost.1000000.64.small",
        AtLeast(0.9),
    ),
    row(
        "100 jobs every second: share of ticks run",
        "ticks.100.ran_share",
        "APScheduler",
        "aps.ticks.100.ran_share",
        Reach(1.0),
    ),
    row(
        "200 jobs every second: share of ticks run",
        "ticks.200.ran_share",
        "APScheduler",
        "aps.ticks.200.ran_share",
        Reach(1.0),
    ),
    row(
        "500 jobs every second: share of ticks run",
        "ticks.500.ran_share",
        "APScheduler",
        "aps.ticks.500.ran_share",
        Reach(1.0),
    ),
    row(
        "100 jobs every second, all at once: start p99, ms late",
        "ticks.100.p99",
        "APScheduler",
        "aps.ticks.100.p99",
        Within(20.0),
    ),
    row(
        "100 jobs every second, spread over it: start p99, ms late",
        "ticks.spread.100.p99",
        "",
        "",
        Within(20.0),
    ),
    row(
        "the same at once, as the processes themselves see it: p99, ms late",
        "ticks.seen.100.p99",
        "APScheduler",
        "aps.ticks.seen.100.p99",
        Told,
    ),
    row(
        "durable POST /jobs/create over TCP, 1 connection, per s",
        "creates.1",
        "",
        "",
        Reach(2000.0),
    ),
    row(
        "durable POST /jobs/create over TCP, 32 connections, per s",
        "creates.32",
        "",
        "",
        Reach(10_000.0),
    ),
    row("GET /jobs?limit=100, 100,000 stored, per s", "pages", "", "", Reach(3000.0)),
    row("the same while jobs are created, per s", "pages.while_changing", "", "", Told),
    row("next firing of a cron expression, per s", "triggers.next_per_s", "", "", Reach(1e6)),
    row("slowest answer over 1,000,000 executions, ms", "history.worst_ms", "", "", Within(50.0)),
];
