//! Frames that another stack wrote, read as tshark reads them and written again octet for octet.
//!
//! `fixtures/iec104-vectors.jsonl` is by another stack; `fixtures/iec104-more.jsonl` has what that lacks,
//! put together by hand. What tshark 4.0 says of each stands beside it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "in a test a panic is the report of a fault"
)]

use std::collections::BTreeSet;

use serde_json::Value as Json;
use station_wire::iec104::codec::{
    Apdu, Asdu, Civil, Object, Quality, Time, TypeId, Value, encode, encode_i, parse,
};

/// One line of the corpus.
struct Vector {
    name: String,
    frame: Vec<u8>,
    /// What tshark says of it.
    tshark: Json,
}

fn corpus() -> Vec<Vector> {
    let read = |line: &str| {
        let json: Json = serde_json::from_str(line).unwrap();
        assert_eq!(json["malformed"], false);
        let name = json["name"].as_str().unwrap().to_owned();
        Vector {
            name,
            frame: octets(json["hex"].as_str().unwrap()),
            tshark: json["tshark"].clone(),
        }
    };
    let (vectors, more) =
        (include_str!("fixtures/iec104-vectors.jsonl"), include_str!("fixtures/iec104-more.jsonl"));
    vectors.lines().chain(more.lines()).map(read).collect()
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

#[test]
fn every_frame_is_written_as_it_was_read() {
    let mut types = BTreeSet::new();
    for Vector { name, frame, .. } in corpus() {
        let Apdu::I { ns, nr, asdu } = parse(&frame).unwrap() else {
            panic!("{name} is no I frame")
        };
        let read = Asdu::parse(asdu).unwrap();
        let objects: Vec<Object> = read.objects().collect();
        assert_eq!(objects.len(), usize::from(read.header.count), "{name}");
        let (mut again, mut whole) = (Vec::new(), Vec::new());
        encode(&read.header, &objects, &mut again).unwrap();
        encode_i(ns, nr, &again, &mut whole);
        assert_eq!(whole, frame, "{name}");
        types.insert(read.type_id());
    }
    assert_eq!(types.len(), 47, "{types:?}");
}

#[test]
fn every_field_is_what_tshark_reads() {
    let mut compared = 0;
    for Vector { name, frame, tshark } in corpus() {
        let Apdu::I { asdu, .. } = parse(&frame).unwrap() else { panic!("{name} is no I frame") };
        let read = Asdu::parse(asdu).unwrap();
        let header = read.header;
        let fields = [
            ("typeid", u32::from(header.type_id)),
            ("sq", header.sq.into()),
            ("numix", header.count.into()),
            ("causetx", header.cause.0.into()),
            ("nega", header.negative.into()),
            ("test", header.test.into()),
            ("oa", header.originator.into()),
            ("addr", header.ca.into()),
        ];
        for (field, value) in fields {
            assert_eq!(said(&tshark, field), Some(value.to_string()), "{field} of {name}");
        }
        for object in read.objects() {
            // Of types that it cannot take apart it says all in one place.
            let tree = tshark.get(format!("IOA: {}", object.ioa)).unwrap_or(&tshark);
            compared += compare(&name, read.type_id(), &object, tree);
        }
    }
    assert!(compared > 800, "{compared} fields were compared");
}

/// What tshark says of a field, wherever it stands below `tree`.
fn said(tree: &Json, field: &str) -> Option<String> {
    let known = format!("iec60870_asdu.{field}");
    let mut inner = tree.as_object()?.iter().filter(|(key, _)| !key.starts_with("IOA"));
    match tree.get(&known) {
        Some(value) => value.as_str().map(str::to_owned),
        None => inner.find_map(|(_, below)| said(below, field)),
    }
}

/// Compares an object with what tshark says of it; how many fields that were.
fn compare(name: &str, type_id: TypeId, object: &Object, tree: &Json) -> usize {
    let mut fields = value_fields(&object.value, type_id);
    fields.push(("ioa".to_owned(), object.ioa.to_string()));
    let quality = match object.value {
        Value::Single(_) => "siq",
        Value::Double(_) => "diq",
        Value::Counter { .. } => "bcr",
        _ => "qds",
    };
    let bits = [
        ("ov", Quality::OVERFLOW),
        ("bl", Quality::BLOCKED),
        ("sb", Quality::SUBSTITUTED),
        ("nt", Quality::NOT_TOPICAL),
        ("iv", Quality::INVALID),
    ];
    for (bit, mask) in bits {
        let field = format!("{quality}.{bit}");
        if said(tree, &field).is_some() {
            fields.push((field, u8::from(object.quality.has(mask)).to_string()));
        }
    }
    let not_taken_apart = match (object.value, object.time) {
        (Value::PackedSingle { .. }, None) => {
            Some([&object.value.raw()[..], &[object.quality.0]].concat())
        }
        (Value::TestTagged(_), Some(Time::Cp56(time))) => {
            Some([&object.value.raw()[..], &time.0].concat())
        }
        _ => None,
    };
    if let Some(octets) = not_taken_apart {
        let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        fields.push(("rawdata".to_owned(), octets.join(":")));
    }
    match object.time {
        // tshark 4.0 does not take this type apart.
        _ if type_id == TypeId::C_TS_TA_1 => {}
        Some(Time::Cp24(time)) => fields.extend([
            ("cp24time.ms".to_owned(), time.millisecond().to_string()),
            ("cp24time.min".to_owned(), time.minute().to_string()),
            ("cp24time.iv".to_owned(), u8::from(time.invalid()).to_string()),
        ]),
        Some(Time::Cp56(time)) => fields.extend(time_fields(&time.civil())),
        None => {}
    }
    for (field, ours) in &fields {
        let mut said = said(tree, field);
        if matches!(field.as_str(), "float" | "normval") {
            said = said.map(|number| digits(number.parse().unwrap()));
        }
        assert_eq!(said.as_ref(), Some(ours), "{field} of {name}");
    }
    fields.len()
}

fn value_fields(value: &Value, type_id: TypeId) -> Vec<(String, String)> {
    let field = |name: &str, value: i64| (name.to_owned(), value.to_string());
    let flag = |name: &str, value: bool| field(name, i64::from(value));
    let sixteen_bits = |raw: i16| ("normval".to_owned(), digits(f64::from(raw) / 32768.0));
    let float = |value: f32| ("float".to_owned(), digits(value.into()));
    match *value {
        Value::Single(on) => vec![flag("siq.spi", on)],
        Value::Double(position) => vec![field("diq.dpi", position.bits().into())],
        Value::Step { value, transient } => {
            vec![field("vti.v", value.into()), flag("vti.t", transient)]
        }
        Value::Normalized(raw) => vec![sixteen_bits(raw)],
        Value::Scaled(value) => vec![field("scalval", value.into())],
        Value::Float(value) => vec![float(value)],
        Value::Counter { value, sequence, carry, adjusted, invalid } => vec![
            field("bcr.count", value.into()),
            field("bcr.sq", sequence.into()),
            flag("bcr.cy", carry),
            flag("bcr.ca", adjusted),
            flag("bcr.iv", invalid),
        ],
        Value::Bits(_) | Value::SetBits(_) => {
            vec![("bitstring".to_owned(), format!("0x{:?}", value.raw()))]
        }
        Value::Read | Value::ClockSync | Value::PackedSingle { .. } | Value::TestTagged(_) => {
            Vec::new()
        }
        Value::SingleCommand { on, qu, select } => {
            vec![flag("sco.on", on), field("sco.qu", qu.into()), flag("sco.se", select)]
        }
        Value::DoubleCommand { state, qu, select } => {
            vec![field("dco.on", state.into()), field("dco.qu", qu.into()), flag("dco.se", select)]
        }
        Value::StepCommand { step, qu, select } => {
            vec![field("rco.up", step.into()), field("rco.qu", qu.into()), flag("rco.se", select)]
        }
        Value::SetNormalized { raw, ql, select } => {
            vec![sixteen_bits(raw), field("qos.ql", ql.into()), flag("qos.se", select)]
        }
        Value::SetScaled { value, ql, select } => {
            vec![field("scalval", value.into()), field("qos.ql", ql.into()), flag("qos.se", select)]
        }
        Value::SetFloat { value, ql, select } => {
            vec![float(value), field("qos.ql", ql.into()), flag("qos.se", select)]
        }
        Value::Interrogation(qoi) => vec![field("qoi", qoi.into())],
        Value::CounterInterrogation(qcc) => {
            vec![field("rqt", (qcc & 0x3f).into()), field("frz", (qcc >> 6).into())]
        }
        Value::ResetProcess(qrp) => vec![field("qrp", qrp.into())],
        Value::Initialised(coi) => {
            vec![field("coi_r", (coi & 0x7f).into()), field("coi_i", (coi >> 7).into())]
        }
        ref other => panic!("the corpus had no {other:?} of {type_id:?}"),
    }
}

/// A number with as many digits as tshark shows.
fn digits(number: f64) -> String {
    format!("{number:.5e}")
}

fn time_fields(time: &Civil) -> Vec<(String, String)> {
    let fields: [(&str, u16); 10] = [
        ("ms", time.millisecond),
        ("min", time.minute.into()),
        ("gen", time.substituted.into()),
        ("iv", time.invalid.into()),
        ("hour", time.hour.into()),
        ("su", time.summer.into()),
        ("day", time.day.into()),
        ("dow", time.weekday.into()),
        ("month", time.month.into()),
        ("year", time.year.into()),
    ];
    fields.map(|(name, value)| (format!("cp56time.{name}"), value.to_string())).into()
}
