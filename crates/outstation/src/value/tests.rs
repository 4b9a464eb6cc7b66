use proptest::prelude::*;
use station_wire::iec104::codec::{Cp24, Cp56, Time, TypeId};

use super::*;

fn told(type_id: TypeId, text: &str) -> String {
    match command(type_id, text, 0, None) {
        Ok(value) => format!("{} = {}", super::text(&value), raw_text(&value)),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_kind_of_command_is_read_as_people_write_it() {
    let table = [
        (TypeId::C_SC_NA_1, "on", "on = 01"),
        (TypeId::C_SC_NA_1, " OFF ", "off = 00"),
        (TypeId::C_SC_TA_1, "true", "on = 01"),
        (TypeId::C_SC_NA_1, "open", "takes on or off, not 'open'"),
        (TypeId::C_DC_NA_1, "on", "on = 02"),
        (TypeId::C_DC_TA_1, "0", "off = 01"),
        (TypeId::C_DC_NA_1, "intermediate", "takes on or off, not 'intermediate'"),
        (TypeId::C_RC_NA_1, "lower", "lower = 01"),
        (TypeId::C_RC_TA_1, "Higher", "higher = 02"),
        (TypeId::C_RC_NA_1, "up", "takes lower or higher, not 'up'"),
        (TypeId::C_SE_NA_1, "0.25", "0.25 = 002000"),
        (TypeId::C_SE_NA_1, "-1", "-1 = 008000"),
        (TypeId::C_SE_TA_1, "0.999969", "0.999969 = ff7f00"),
        (
            TypeId::C_SE_NA_1,
            "1",
            "takes a number from -1 to 0.999969, such as 0.25, and '1' is outside of that",
        ),
        (TypeId::C_SE_NB_1, "-32768", "-32768 = 008000"),
        (TypeId::C_SE_NB_1, "12.0", "12 = 0c0000"),
        (
            TypeId::C_SE_NB_1,
            "12.5",
            "takes a whole number from -32768 to 32767, such as 120, not '12.5'",
        ),
        (
            TypeId::C_SE_TB_1,
            "32768",
            "takes a whole number from -32768 to 32767, such as 120, and '32768' is outside of that",
        ),
        (TypeId::C_SE_NC_1, "12.5", "12.5 = 0000484100"),
        (TypeId::C_SE_NC_1, "0.1", "0.1 = cdcccc3d00"),
        (
            TypeId::C_SE_NC_1,
            "NaN",
            "takes a finite number that 32 bits can hold, such as 12.5, not 'NaN'",
        ),
        (
            TypeId::C_SE_TC_1,
            "-inf",
            "takes a finite number that 32 bits can hold, such as 12.5, not '-inf'",
        ),
        (
            TypeId::C_SE_NC_1,
            "1e39",
            "takes a finite number that 32 bits can hold, such as 12.5, and '1e39' is outside of that",
        ),
        (TypeId::C_BO_NA_1, "0xDEADBEEF", "0xdeadbeef = efbeadde"),
        (TypeId::C_BO_TA_1, "7", "0x00000007 = 07000000"),
        (
            TypeId::C_BO_NA_1,
            "0x+7",
            "takes 32 bits as 0xdeadbeef, or a whole number from 0 to 4294967295, not '0x+7'",
        ),
        (TypeId::M_SP_NA_1, "on", "takes no value: M_SP_NA_1 is no command"),
    ];
    for (type_id, text, wanted) in table {
        assert_eq!(told(type_id, text), wanted, "{} {text}", type_id.name());
    }
}

#[test]
fn limits_are_of_what_was_written() {
    let limited = |text| command(TypeId::C_SE_NC_1, text, 0, Some((0.0, 0.1)));
    assert!(limited("0.1").is_ok());
    let sentence = "may be commanded from 0 to 0.1, and 0.11 is outside of that";
    assert_eq!(limited("0.11"), Err(BadValue::Range(sentence.to_owned())));
    assert!(matches!(limited("-0.001"), Err(BadValue::Range(_))));
    assert!(matches!(limited("x"), Err(BadValue::Form(_))));
}

#[test]
fn values_have_names_for_what_is_no_number() {
    assert_eq!(text(&Value::Double(DoublePoint::Indeterminate)), "indeterminate");
    assert_eq!(text(&Value::Step { value: -3, transient: true }), "-3 moving");
    assert_eq!(text(&Value::Normalized(-1)), "-0.000031");
    assert_eq!(text(&Value::Normalized(0)), "0");
    assert_eq!(text(&Value::StepCommand { step: 3, qu: 0, select: false }), "03");
    let quality = Quality::OVERFLOW.with(Quality::INVALID);
    assert_eq!(quality_names(quality), ["IV", "OV"]);
    assert!(quality_names(Quality::GOOD).is_empty());
}

#[test]
fn time_tags_are_told_as_they_stood_there() {
    let plain = Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]);
    assert_eq!(tag_text(Time::Cp56(plain)), "2026-11-20T13:37:42.123");
    let flagged = Cp56([0x8b, 0xa4, 0xa5, 0x8d, 0xb4, 0x0b, 0x1a]);
    assert_eq!(tag_text(Time::Cp56(flagged)), "2026-11-20T13:37:42.123 IV SU");
    assert_eq!(tag_text(Time::Cp24(Cp24([0x8b, 0xa4, 0x65]))), "37:42.123 GEN");
}

#[test]
fn feedback_is_compared_by_what_is_on_the_wire() {
    let after = |type_id, text: &str, before: Option<Value>| {
        Expected::of(&command(type_id, text, 0, None).unwrap(), before.as_ref())
    };
    let on = after(TypeId::C_DC_NA_1, "on", None).unwrap();
    assert!(on.is_met(&Value::Single(true)) && on.is_met(&Value::Double(DoublePoint::On)));
    assert!(
        !on.is_met(&Value::Double(DoublePoint::Indeterminate)) && !on.is_met(&Value::Scaled(1))
    );
    let least = after(TypeId::C_SE_NA_1, "-1", None).unwrap();
    assert!(least.is_met(&Value::Normalized(-32_767)), "some scale by 32767");
    assert!(
        !least.is_met(&Value::Normalized(-32_766)) && !least.is_met(&Value::Normalized(32_767))
    );
    let float = after(TypeId::C_SE_NC_1, "0.1", None).unwrap();
    assert!(float.is_met(&Value::Float(0.1)) && !float.is_met(&Value::Float(0.100_001)));
    let bits = after(TypeId::C_BO_NA_1, "3", None).unwrap();
    assert!(bits.is_met(&Value::Bits(3)) && !bits.is_met(&Value::Bits(2)));
    let at = |value| Value::Step { value, transient: false };
    assert_eq!(after(TypeId::C_RC_NA_1, "higher", None), None);
    let higher = after(TypeId::C_RC_NA_1, "higher", Some(at(4))).unwrap();
    assert!(higher.is_met(&at(5)) && !higher.is_met(&at(4)) && !higher.is_met(&at(3)));
    assert!(!higher.is_met(&Value::Step { value: 5, transient: true }), "it is on its way");
    let bad = Value::DoubleCommand { state: 3, qu: 0, select: false };
    assert_eq!(Expected::of(&bad, None), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}", place in 0..TypeId::ALL.len()) {
        drop(command(TypeId::ALL[place], &text, 0, Some((-1.0, 1.0))));
    }

    #[test]
    fn what_is_told_is_read_back(raw in any::<i16>(), float in any::<f32>(), word in any::<u32>()) {
        let back = |type_id, value: Value| command(type_id, &text(&value), 0, None);
        let normalized = Value::SetNormalized { raw, ql: 0, select: false };
        prop_assert_eq!(back(TypeId::C_SE_NA_1, normalized), Ok(normalized));
        let scaled = Value::SetScaled { value: raw, ql: 0, select: false };
        prop_assert_eq!(back(TypeId::C_SE_NB_1, scaled), Ok(scaled));
        prop_assert_eq!(back(TypeId::C_BO_NA_1, Value::SetBits(word)), Ok(Value::SetBits(word)));
        let set = Value::SetFloat { value: float, ql: 0, select: false };
        prop_assert_eq!(back(TypeId::C_SE_NC_1, set).is_ok(), float.is_finite());
        if float.is_finite() {
            prop_assert_eq!(back(TypeId::C_SE_NC_1, set), Ok(set));
        }
    }
}
