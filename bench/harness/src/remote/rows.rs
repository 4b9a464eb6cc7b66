//! The table's lines on remote execution.

use crate::rows::Must::{AtLeast, AtMost, Reach, Told, Within};
use crate::rows::{Row, row};

const WARM: &str = "ssh, one `true` after another, guard off, per s";
const WARM_ON: &str = "the same under the guard, per s";
const TOGETHER: &str = "ssh, 500 `true`, 50 at once, guard off, per s";
const TOGETHER_ON: &str = "the same under the guard, per s";
const COLD: &str = "ssh, 100 nodes not yet connected, under the guard, per s";
const LINES: &str = "ssh, 500 MB of lines to a sink, MB/s";
const BARE: &str = "bare multiplexing client";

/// Every line, in the order of the table.
pub(crate) const ROWS: &[Row] = &[
    row(WARM, "remote.warm.off", BARE, "remote.warm.bare", AtLeast(0.9)),
    row(WARM, "remote.warm.off", "`ssh -S`", "remote.warm.ssh", AtLeast(3.0)),
    row(WARM, "remote.warm.off", "asyncssh", "remote.warm.asyncssh", Told),
    row(WARM, "remote.warm.off", "parallel-ssh", "remote.warm.pssh", Told),
    row(WARM_ON, "remote.warm.on", BARE, "remote.warm.bare", AtLeast(0.55)),
    row(WARM_ON, "remote.warm.on", "`ssh -S`", "remote.warm.ssh", AtLeast(2.0)),
    row("its processor time here, ms", "remote.warm.off.cpu_ms", "", "", Within(0.4)),
    row(
        "the same under the guard, ms",
        "remote.warm.on.cpu_ms",
        "`ssh -S`",
        "remote.warm.ssh.cpu_ms",
        Told,
    ),
    row(TOGETHER, "remote.together.off", BARE, "remote.together.bare", AtLeast(0.9)),
    row(TOGETHER, "remote.together.off", "asyncssh", "remote.together.asyncssh", AtLeast(1.1)),
    row(TOGETHER, "remote.together.off", "pdsh", "remote.together.pdsh", Told),
    row(TOGETHER, "remote.together.off", "clush", "remote.together.clush", Told),
    row(TOGETHER, "remote.together.off", "parallel-ssh", "remote.together.pssh", Told),
    row(TOGETHER_ON, "remote.together.on", BARE, "remote.together.bare", AtLeast(0.6)),
    row(COLD, "remote.cold.on", "pdsh", "remote.cold.pdsh", AtLeast(1.0)),
    row(COLD, "remote.cold.on", "clush", "remote.cold.clush", Told),
    row(COLD, "remote.cold.on", "asyncssh", "remote.cold.asyncssh", Told),
    row(COLD, "remote.cold.on", "parallel-ssh", "remote.cold.pssh", Told),
    row("their memory at most, all processes, MB", "remote.cold.pss_mb", "", "", Within(200.0)),
    row(LINES, "remote.lines.on", "asyncssh", "remote.lines.asyncssh", AtLeast(8.0)),
    row(LINES, "remote.lines.on", BARE, "remote.lines.bare", Told),
    row(
        "its memory at most, all processes, MB",
        "remote.lines.on.peak_mb",
        "50 MB of lines",
        "remote.lines.few.on.peak_mb",
        AtMost(1.2),
    ),
    row("`station exec` on 1,000 nodes: completed", "remote.nodes.completed", "", "", Reach(1e3)),
    row(
        "the same, s",
        "remote.nodes.seconds",
        "pdsh, the same fan-out",
        "remote.nodes.pdsh.seconds",
        Told,
    ),
    row("the station's memory at most, MB", "remote.nodes.station_mb", "", "", Within(60.0)),
    row("with its ssh processes, MB", "remote.nodes.all_mb", "", "", Told),
];
