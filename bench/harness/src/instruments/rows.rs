//! The table's lines on instruments.

use crate::rows::Must::{AtLeast, Told, Within};
use crate::rows::{Row, row};

const LINES: &str = "`*IDN?` over raw TCP, per s";
const LINES_TWO: &str = "the same among two workers, per s";
const FRAMES: &str = "`*IDN?` over HiSLIP, per s";
const BLOCK: &str = "blocks of 10 MB over raw TCP, MB/s";
const BARE: &str = "bare blocking loop";
const COPY: &str = "bare copy";
const PYVISA: &str = "pyvisa-py";
const SLEEP: &str = "a thread that only sleeps";

/// Every line, in the order of the table.
pub(crate) const ROWS: &[Row] = &[
    row(LINES, "instruments.idn.socket.one", BARE, "instruments.idn.socket.bare", AtLeast(0.7)),
    row(LINES, "instruments.idn.socket.one", PYVISA, "instruments.idn.socket.pyvisa", AtLeast(5.0)),
    row(LINES_TWO, "instruments.idn.socket.two", BARE, "instruments.idn.socket.bare", AtLeast(0.7)),
    row(
        LINES_TWO,
        "instruments.idn.socket.two",
        PYVISA,
        "instruments.idn.socket.pyvisa",
        AtLeast(5.0),
    ),
    row(FRAMES, "instruments.idn.hislip.one", BARE, "instruments.idn.hislip.bare", AtLeast(0.7)),
    row(
        FRAMES,
        "instruments.idn.hislip.one",
        PYVISA,
        "instruments.idn.hislip.pyvisa",
        AtLeast(5.0),
    ),
    row(LINES_TWO, "instruments.idn.hislip.two", BARE, "instruments.idn.hislip.bare", AtLeast(0.7)),
    row(
        LINES_TWO,
        "instruments.idn.hislip.two",
        PYVISA,
        "instruments.idn.hislip.pyvisa",
        AtLeast(5.0),
    ),
    row(
        "1,000 steps on a tick of 16 ms: p50 late, ms",
        "instruments.sequence.station.p50_ms",
        SLEEP,
        "instruments.sequence.bare.p50_ms",
        Told,
    ),
    row(
        "1,000 steps on a tick of 16 ms: p99 late, ms",
        "instruments.sequence.station.p99_ms",
        "",
        "",
        Within(1.0),
    ),
    row(
        "1,000 steps on a tick of 16 ms: p99 late, ms",
        "instruments.sequence.station.p99_ms",
        SLEEP,
        "instruments.sequence.bare.p99_ms",
        Told,
    ),
    row(
        "1,000 steps on a tick of 16 ms: latest, ms",
        "instruments.sequence.station.max_ms",
        SLEEP,
        "instruments.sequence.bare.max_ms",
        Told,
    ),
    row(
        "their drift, the last 50 readings from the first 50, ms",
        "instruments.sequence.drift_ms",
        "",
        "",
        Within(0.5),
    ),
    row("the last of them, ms late", "instruments.sequence.last_step_ms", "", "", Told),
    row(
        "1,000 samples/s for 60 s: lost",
        "instruments.acquisition.lost|instruments.acquisition.missing",
        "",
        "",
        Within(0.0),
    ),
    row("their rate as achieved, per s", "instruments.acquisition.rate", "", "", Told),
    row("the daemon's memory at most, MB", "instruments.acquisition.peak_mb", "", "", Within(30.0)),
    row("its processor time, % of one core", "instruments.acquisition.cpu_percent", "", "", Told),
    row(BLOCK, "instruments.block.memory", COPY, "instruments.block.memory.bare", AtLeast(0.5)),
    row(
        "the same from the simulator, MB/s",
        "instruments.block.socket",
        COPY,
        "instruments.block.socket.bare",
        AtLeast(0.5),
    ),
    row(
        "the same from the simulator over HiSLIP, MB/s",
        "instruments.block.hislip",
        COPY,
        "instruments.block.hislip.bare",
        Told,
    ),
    row(
        "50 instruments read every second: ticks missed in 60 s",
        "instruments.polled.missed",
        "",
        "",
        Within(0.0),
    ),
    row("all at once, p99 late, ms", "instruments.polled.late_p99_ms", "", "", Told),
    row("the daemon's memory at most, MB", "instruments.polled.peak_mb", "", "", Within(30.0)),
    row(
        "its processor time, % of one core",
        "instruments.polled.cpu_percent",
        "",
        "",
        Within(10.0),
    ),
];
