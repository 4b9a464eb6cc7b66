//! Frames in words: `→ I 0/0 C_SC_NA_1 act CA 47 IOA 4501 ON select`.

use station_core::audit::octets_of;
use station_wire::iec104::codec::{
    Apdu, Asdu, Cause, Civil, DoublePoint, Object, Quality, Time, Value, parse,
};

/// The most objects of a frame that are told.
const OBJECTS: usize = 8;

/// A frame, given as hexadecimal digits, in words.
pub(super) fn words(hex: &str) -> String {
    let Some(octets) = octets_of(hex) else { return format!("{hex} (no octets)") };
    match parse(&octets) {
        Ok(Apdu::I { ns, nr, asdu }) => format!("I {ns}/{nr} {}", asdu_words(asdu)),
        Ok(Apdu::S { nr }) => format!("S {nr}"),
        Ok(Apdu::U(u)) => format!("U {}", u.name()),
        Err(error) => format!("{hex} ({error})"),
    }
}

fn asdu_words(octets: &[u8]) -> String {
    let asdu = match Asdu::parse(octets) {
        Ok(asdu) => asdu,
        Err(error) => return format!("({error})"),
    };
    let header = asdu.header;
    let mut told = format!("{} {}", asdu.type_id().name(), cause(header.cause));
    if header.negative {
        told.push_str(" NEGATIVE");
    }
    if header.test {
        told.push_str(" TEST");
    }
    if header.originator != 0 {
        told.push_str(&format!(" OA {}", header.originator));
    }
    told.push_str(&format!(" CA {}", header.ca));
    for object in asdu.objects().take(OBJECTS) {
        told.push_str(&object_words(&object));
    }
    let more = usize::from(header.count).saturating_sub(OBJECTS);
    if more > 0 {
        told.push_str(&format!(" … and {more} more"));
    }
    told
}

fn cause(cause: Cause) -> String {
    match cause {
        Cause::ACTIVATION => "act".to_owned(),
        Cause::ACTIVATION_CON => "act con".to_owned(),
        Cause::DEACTIVATION => "deact".to_owned(),
        Cause::DEACTIVATION_CON => "deact con".to_owned(),
        Cause::ACTIVATION_TERM => "act term".to_owned(),
        other if other.is_unknown() => format!("{} ({})", other.name(), other.0).replace('_', " "),
        other => other.name().replace('_', " "),
    }
}

fn object_words(object: &Object) -> String {
    let mut told = if object.ioa == 0 { String::new() } else { format!(" IOA {}", object.ioa) };
    let value = value(&object.value);
    if !value.is_empty() {
        told.push(' ');
        told.push_str(&value);
    }
    for (bit, name) in [
        (Quality::INVALID, "IV"),
        (Quality::NOT_TOPICAL, "NT"),
        (Quality::SUBSTITUTED, "SB"),
        (Quality::BLOCKED, "BL"),
        (Quality::OVERFLOW, "OV"),
        (Quality::ELAPSED_INVALID, "EI"),
    ] {
        if object.quality.has(bit) {
            told.push_str(&format!(" {name}"));
        }
    }
    match object.time {
        Some(Time::Cp56(time)) => told.push_str(&format!(" at {}", civil(&time.civil()))),
        Some(Time::Cp24(time)) => {
            told.push_str(&format!(" at minute {}, {} ms", time.minute(), time.millisecond()));
        }
        None => {}
    }
    told
}

/// A command is told with whether it selects or executes.
fn value(value: &Value) -> String {
    let command = |what: String, qualifier: u8, select: bool| {
        let qualifier =
            if qualifier == 0 { String::new() } else { format!(" qualifier {qualifier}") };
        format!("{what}{qualifier} {}", if select { "select" } else { "execute" })
    };
    let on_off = |on: bool| if on { "ON" } else { "OFF" }.to_owned();
    match *value {
        Value::Single(on) => on_off(on),
        Value::Double(state) => double(state).to_owned(),
        Value::Step { value, transient } => {
            format!("step {value}{}", if transient { " in transit" } else { "" })
        }
        Value::Bits(bits) | Value::SetBits(bits) => format!("bits {bits:08x}"),
        Value::Normalized(raw) => normalized(raw),
        Value::Scaled(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Counter { value, .. } => format!("count {value}"),
        Value::ProtectionEvent { state, .. } => format!("protection {}", double(state)),
        Value::ProtectionStart { events, .. } => format!("protection started {events:02x}"),
        Value::ProtectionOutput { circuits, .. } => format!("protection output {circuits:02x}"),
        Value::PackedSingle { status, change } => {
            format!("status {status:04x} changed {change:04x}")
        }
        Value::SingleCommand { on, qu, select } => command(on_off(on), qu, select),
        Value::DoubleCommand { state, qu, select } => {
            command(double(DoublePoint::from_bits(state)).to_owned(), qu, select)
        }
        Value::StepCommand { step, qu, select } => {
            let step = match step {
                1 => "LOWER".to_owned(),
                2 => "HIGHER".to_owned(),
                other => format!("step {other}"),
            };
            command(step, qu, select)
        }
        Value::SetNormalized { raw, ql, select } => command(normalized(raw), ql, select),
        Value::SetScaled { value, ql, select } => command(value.to_string(), ql, select),
        Value::SetFloat { value, ql, select } => command(value.to_string(), ql, select),
        Value::Interrogation(20) => "station".to_owned(),
        Value::Interrogation(group) => format!("group {}", group.saturating_sub(20)),
        Value::CounterInterrogation(qcc) => format!("QCC {qcc}"),
        Value::Read | Value::ClockSync => String::new(),
        Value::Test(pattern) => format!("pattern {pattern:04x}"),
        Value::TestTagged(counter) => format!("counter {counter}"),
        Value::ResetProcess(qrp) => format!("QRP {qrp}"),
        Value::Initialised(coi) => format!("cause of initialisation {}", coi & 0x7f),
        Value::Delay(delay) => format!("delay {delay} ms"),
    }
}

fn normalized(raw: i16) -> String {
    format!("{:.5} (raw {raw})", f64::from(raw) / 32768.0)
}

fn double(state: DoublePoint) -> &'static str {
    match state {
        DoublePoint::Intermediate => "INTERMEDIATE",
        DoublePoint::Off => "OFF",
        DoublePoint::On => "ON",
        DoublePoint::Indeterminate => "INDETERMINATE",
    }
}

/// The outstation's time, without a zone, as it stands in the frame.
fn civil(time: &Civil) -> String {
    let (second, fraction) = (time.millisecond / 1000, time.millisecond % 1000);
    let mut told = format!(
        "20{:02}-{:02}-{:02} {:02}:{:02}:{second:02}.{fraction:03}",
        time.year, time.month, time.day, time.hour, time.minute
    );
    for (is, name) in [(time.summer, " SU"), (time.substituted, " GEN"), (time.invalid, " IV")] {
        if is {
            told.push_str(name);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_in_words() {
        for (hex, told) in [
            ("680407000000", "U STARTDT act"),
            ("680401001000", "S 8"),
            ("680e000000002d0106002f0095110081", "I 0/0 C_SC_NA_1 act CA 47 IOA 4501 ON select"),
            (
                "680e020004002e0147012f0095110002",
                "I 1/2 C_DC_NA_1 act con NEGATIVE OA 1 CA 47 IOA 4501 ON execute",
            ),
            (
                "680e000000002d016f002f0095110001",
                "I 0/0 C_SC_NA_1 unknown ioa (47) NEGATIVE CA 47 IOA 4501 ON execute",
            ),
            ("680e0000000064010600ffff00000014", "I 0/0 C_IC_NA_1 act CA 65535 station"),
            ("680e000000000101030034120100 0081", "680e000000000101030034120100 0081 (no octets)"),
            (
                "680e00000000010103003412010081",
                "680e00000000010103003412010081 (15 octets were given as a frame of 16)",
            ),
            ("680e0000000001010300341201000081", "I 0/0 M_SP_NA_1 spontaneous CA 4660 IOA 1 ON IV"),
        ] {
            assert_eq!(words(hex), told);
        }
        let tagged = "6815000000001e01030034120100000 18ba4250db40b1a".replace(' ', "");
        assert_eq!(
            words(&tagged),
            "I 0/0 M_SP_TB_1 spontaneous CA 4660 IOA 1 ON at 2026-11-20 13:37:42.123"
        );
        let more: String = (0..10).map(|_| "01").collect();
        let many = format!("68170000000001 8a0300010001000 0{more}").replace(' ', "");
        assert!(words(&many).ends_with("IOA 8 ON … and 2 more"), "{}", words(&many));
    }
}
