//! The table's lines on outstations.

use crate::rows::Must::{AtMost, Reach, Told, Within};
use crate::rows::{Row, row};

const COMMAND: &str = "a direct command over the link alone, p50, µs";
const COMMAND_TWO: &str = "the same among two workers, µs";
const TOGETHER: &str = "the same with all on one processor, µs";
const VALUES: &str = "10,000 values interrogated into the cache, ms";
const VALUES_TWO: &str = "the same among two workers, ms";
const BARE: &str = "bare blocking socket";
const READER: &str = "bare reader";
const C104: &str = "c104";

/// Every line, in the order of the table.
pub(crate) const ROWS: &[Row] = &[
    row(COMMAND, "outstations.direct.one_us", BARE, "outstations.direct.bare_us", AtMost(1.2)),
    row(COMMAND, "outstations.direct.one_us", C104, "outstations.direct.c104_us", AtMost(0.8)),
    row(COMMAND_TWO, "outstations.direct.two_us", BARE, "outstations.direct.bare_us", AtMost(1.2)),
    row(COMMAND_TWO, "outstations.direct.two_us", C104, "outstations.direct.c104_us", AtMost(0.8)),
    row(
        TOGETHER,
        "outstations.direct.together.one_us",
        BARE,
        "outstations.direct.together.bare_us",
        Told,
    ),
    row(
        TOGETHER,
        "outstations.direct.together.one_us",
        C104,
        "outstations.direct.together.c104_us",
        Told,
    ),
    row(
        "an audited command, to its durable outcome, p50, µs",
        "outstations.audited.p50_us",
        "the link and two bare commits",
        "outstations.audited.limit_us",
        AtMost(1.0),
    ),
    row(
        "the same, µs",
        "outstations.audited.p50_us",
        "the link and two records in the store",
        "outstations.audited.own_limit_us",
        Told,
    ),
    row(
        "audited commands one after another, per s",
        "outstations.audited.sequential",
        "",
        "",
        Reach(300.0),
    ),
    row(
        "audited commands over 32 outstations, per s",
        "outstations.audited.together",
        "",
        "",
        Reach(3000.0),
    ),
    row(
        VALUES,
        "outstations.interrogation.one_ms",
        READER,
        "outstations.interrogation.bare_ms",
        AtMost(2.0),
    ),
    row(
        VALUES,
        "outstations.interrogation.one_ms",
        C104,
        "outstations.interrogation.c104_ms",
        AtMost(0.5),
    ),
    row(
        VALUES_TWO,
        "outstations.interrogation.two_ms",
        READER,
        "outstations.interrogation.bare_ms",
        AtMost(2.0),
    ),
    row(
        VALUES_TWO,
        "outstations.interrogation.two_ms",
        C104,
        "outstations.interrogation.c104_ms",
        AtMost(0.5),
    ),
    row(
        "100 outstations with 100 spontaneous values/s each: % of one core",
        "outstations.spontaneous.cpu_percent",
        "",
        "",
        Within(40.0),
    ),
    row("the memory for it at most, MB", "outstations.spontaneous.peak_mb", "", "", Within(100.0)),
    row("the values of all that came, per s", "outstations.spontaneous.values_per_s", "", "", Told),
    row("objects of all kinds decoded, per s", "outstations.decode.mixed", "", "", Reach(5e6)),
    row(
        "the same with each in a frame of its own, per s",
        "outstations.decode.alone",
        "",
        "",
        Told,
    ),
    row(
        "records of the audit trail verified, per s",
        "outstations.verify.records_per_s",
        "",
        "",
        Reach(200_000.0),
    ),
];
