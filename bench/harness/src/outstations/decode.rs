//! Frames taken apart to their last object, as a session does it, from octets that lie in memory.

use std::time::{Duration, Instant};

use station_wire::iec104::codec::{
    Apdu, Asdu, Deframer, DoublePoint, TypeId, Value, encode_i, parse,
};

use super::asdus;
use crate::Result;
use crate::args::Args;

/// How long each stream is read again and again.
const SPAN: Duration = Duration::from_millis(500);

/// Octets of one read.
const READ: usize = 16 << 10;

pub(crate) fn run(args: &Args) -> Result<()> {
    let float = Value::Float(49.98);
    let kinds = [
        ("float", asdus::full(TypeId::M_ME_NC_1, float, false, false)?),
        ("float_sequence", asdus::full(TypeId::M_ME_NC_1, float, true, false)?),
        ("float_tagged", asdus::full(TypeId::M_ME_TF_1, float, false, true)?),
        ("single", asdus::full(TypeId::M_SP_NA_1, Value::Single(true), false, false)?),
        ("single_tagged", asdus::full(TypeId::M_SP_TB_1, Value::Single(true), false, true)?),
        ("double", asdus::full(TypeId::M_DP_NA_1, Value::Double(DoublePoint::On), false, false)?),
        ("scaled", asdus::full(TypeId::M_ME_NB_1, Value::Scaled(-7), false, false)?),
        ("alone", asdus::spontaneous(1, 49.98)?),
    ];
    let mixed: Vec<&[u8]> = kinds.iter().map(|(_, asdu)| asdu.as_slice()).collect();
    let streams: Vec<(&str, Vec<u8>)> = kinds
        .iter()
        .map(|(name, asdu)| (*name, stream(&[asdu])))
        .chain([("mixed", stream(&mixed))])
        .collect();
    for _ in 0..args.number("rounds", 3)? {
        for (name, octets) in &streams {
            args.result(&format!("outstations.decode.{name}"), rate(octets)?)?;
        }
    }
    Ok(())
}

/// A thousand frames of these in turns.
fn stream(asdus: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for (ns, asdu) in (0..1000).zip(asdus.iter().cycle()) {
        encode_i(ns, 0, asdu, &mut out);
    }
    out
}

/// Objects a second.
fn rate(octets: &[u8]) -> Result<f64> {
    let (mut deframer, mut objects, mut sum) = (Deframer::new(), 0_u64, 0_u64);
    let begun = Instant::now();
    while begun.elapsed() < SPAN {
        for read in octets.chunks(READ) {
            let mut left = read;
            while let Some(frame) = deframer.next_frame(&mut left)? {
                let Apdu::I { asdu, .. } = parse(frame)? else { continue };
                for object in Asdu::parse(asdu)?.objects() {
                    objects += 1;
                    sum = sum.wrapping_add(weight(&std::hint::black_box(object).value));
                }
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    if std::hint::black_box(sum) == 0 {
        return Err("every value was zero".into());
    }
    Ok(objects as f64 / seconds)
}

/// Something of a value, so that it has to be there.
fn weight(value: &Value) -> u64 {
    if let Value::Float(value) = value { value.to_bits().into() } else { 1 }
}
