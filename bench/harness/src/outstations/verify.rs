//! A store full of what commands leave in the audit trail, verified from its beginning.

use std::time::Instant;

use serde_json::Map;
use station::store;
use station_core::audit::{
    Actor, Clock, Draft, Entry, Frame, FrameDirection, Kind, Sample, Stamp, Status, Telecontrol,
    to_hex,
};
use station_core::model::{Micros, Principal};
use station_wire::iec104::codec::{Cause, encode_i};

use super::{CA, FEEDBACK, POINT, asdus};
use crate::Result;
use crate::args::Args;
use crate::stats::{now_micros, rfc3339};

/// Records of one commit.
const BATCH: usize = 1000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let count: usize = args.number("count", 200_000)?;
    let dir = args.path("base")?.join(format!("trail-{}", now_micros()));
    std::fs::create_dir_all(&dir)?;
    let file = dir.join("station.db");
    let begun = Instant::now();
    let head = fill(&file, count)?;
    println!("    {count} records written in {:.1} s", begun.elapsed().as_secs_f64());
    let text_mb = std::fs::metadata(&file)?.len() as f64 / 1e6;
    args.result("outstations.verify.bytes_per_record", text_mb * 1e6 / count as f64)?;
    for _ in 0..args.number("rounds", 5)? {
        let reader = store::reader(&file);
        let begun = Instant::now();
        let found = reader.verify_audit(Vec::new())?;
        let seconds = begun.elapsed().as_secs_f64();
        if found != head {
            return Err(format!("the trail ends at {} instead of {}", found.seq, head.seq).into());
        }
        args.result("outstations.verify.records_per_s", count as f64 / seconds)?;
    }
    Ok(std::fs::remove_dir_all(&dir)?)
}

/// Intents and outcomes of commands, through the store as a daemon has it.
fn fill(file: &std::path::Path, count: usize) -> Result<station_core::audit::Head> {
    let (mut store, _reader) = store::open(file)?;
    let frames = frames()?;
    let mut written = 0;
    while written < count {
        let batch: Vec<Entry> = (written..(written + BATCH).min(count))
            .map(|n| entry(n / 2, n % 2 == 1, &frames))
            .collect();
        written += batch.len();
        store.append(batch)?;
        store.commit()?;
    }
    Ok(store.head())
}

/// What goes over the wire for one command: to, fro, the feedback, the end.
fn frames() -> Result<Vec<Frame>> {
    let all = [
        (FrameDirection::Sent, asdus::command(Cause::ACTIVATION, POINT)?),
        (FrameDirection::Received, asdus::command(Cause::ACTIVATION_CON, POINT)?),
        (FrameDirection::Received, asdus::single(Cause::RETURN_REMOTE, POINT + FEEDBACK, true)?),
        (FrameDirection::Received, asdus::command(Cause::ACTIVATION_TERM, POINT)?),
    ];
    let frames = all.into_iter().zip(0..).map(|((dir, asdu), n)| {
        let mut octets = Vec::new();
        encode_i(n, 0, &asdu, &mut octets);
        let t_ns = 1_795_000_000_123_456_789 + i64::from(n) * 40_000;
        Frame { n: n.into(), dir, t_ns, hex: to_hex(&octets) }
    });
    Ok(frames.collect())
}

fn entry(n: usize, is_outcome: bool, frames: &[Frame]) -> Entry {
    let now = now_micros();
    let before = Sample {
        value: Some("off".to_owned()),
        raw: Some("00".to_owned()),
        source: Some("spontaneous".to_owned()),
        received_at: Some(Micros(now - 700_000)),
        age_ms: Some(700),
        ..Sample::default()
    };
    let on =
        Sample { value: Some("on".to_owned()), raw: Some("01".to_owned()), ..Sample::default() };
    let mut telecontrol = Telecontrol {
        outstation: "SS1".to_owned(),
        point: Some("breaker-7".to_owned()),
        ca: CA,
        ioa: POINT,
        type_id: "C_SC_NA_1".to_owned(),
        local: Some("127.0.0.1:40404".to_owned()),
        peer: Some("127.0.0.1:2404".to_owned()),
        connection: Some("1795000000123456-1".to_owned()),
        previous: Some(before.clone()),
        new: Some(on),
        ..Telecontrol::default()
    };
    if is_outcome {
        telecontrol.feedback =
            Some(Sample { value: Some("on".to_owned()), raw: Some("01".to_owned()), ..before });
        telecontrol.class = Some("verified".to_owned());
        telecontrol.reason = Some("feedback".to_owned());
        telecontrol.grade = Some("high".to_owned());
        telecontrol.frames = frames.to_vec();
    }
    let (kind, status) = if is_outcome {
        (Kind::Outcome, Status::Confirmed)
    } else {
        (Kind::Intent, Status::Pending)
    };
    let draft = Draft {
        kind,
        by: Actor {
            principal: Some(Principal::Unix { uid: 1000, name: Some("operator".to_owned()) }),
            method: Some("socket".to_owned()),
            source: Some("unix:4711".to_owned()),
            reason: Some("switching programme 12, step 4".to_owned()),
            ..Actor::default()
        },
        correlation: Some(format!("bench-{n}")),
        subject: "outstation SS1/breaker-7".to_owned(),
        action: "write".to_owned(),
        status,
        detail: Map::new(),
        telecontrol: Some(Box::new(telecontrol)),
    };
    draft.stamped(Stamp {
        at: Micros(now),
        local: rfc3339(now),
        mono_ns: 1,
        clock: Clock { synchronised: true, error_us: Some(120) },
        correlation: String::new(),
    })
}
