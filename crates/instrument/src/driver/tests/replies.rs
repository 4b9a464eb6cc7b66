//! Replies as instruments and their simulators give them: headers repeated, readings that are none.

use serde_json::{Value, json};

use super::{driver, plan};
use crate::ErrorKind;
use crate::driver::{Driver, Parser, Step};

/// The parser of the last question of a verb.
fn parser(driver: &Driver, verb: &str) -> (Parser, String) {
    match plan(driver, verb, json!({})).pop() {
        Some(Step::Ask { parse, name, .. }) => (parse, name),
        last => panic!("{verb} ends in {last:?}"),
    }
}

#[test]
fn pressure_controllers_repeat_the_header() {
    let pace = driver("gepace");
    let (parse, _) = parser(&pace, "get_pressure");
    assert_eq!(parse.parse(":SENS1:PRES 34.771880755600264").unwrap(), json!(34.771880755600264));
    assert_eq!(parse.parse("34.5").unwrap(), json!(34.5));
    let refused = parse.parse("NACK").unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Instrument);
    assert_eq!(refused.message, "the instrument refused the message: it answered 'NACK'");
    // The reply to another question is not taken for the pressure.
    assert_eq!(parse.parse(":SOUR1:PRES 1.5").unwrap_err().kind, ErrorKind::Reply);
    let output = pace.settings().iter().find(|setting| setting.name() == "output").unwrap();
    let Some(Step::Ask { parse, .. }) = output.reading().last() else { panic!() };
    assert_eq!(parse.parse(":OUTP1:STAT 0").unwrap(), json!(false));
}

#[test]
fn inputs_without_a_sensor_have_no_reading() {
    let cryo = driver("cryocon");
    let (parse, name) = parser(&cryo, "get_readings");
    assert_eq!(
        parse.results(&name, "13.456;.......;14.456;11.456").unwrap(),
        [
            ("temperature_1".to_owned(), json!(13.456)),
            ("temperature_2".to_owned(), Value::Null),
            ("temperature_3".to_owned(), json!(14.456)),
            ("temperature_4".to_owned(), json!(11.456)),
        ]
    );
    let (parse, _) = parser(&cryo, "get_temperature");
    assert_eq!(parse.parse(".......").unwrap(), Value::Null);
    assert_eq!(parse.parse("NACK").unwrap_err().kind, ErrorKind::Instrument);
}

#[test]
fn compound_replies_and_words_are_read() {
    let (parse, name) = parser(&driver("rigol_dp800"), "get_readings");
    assert_eq!(
        parse.parse("5.0000,0.5000,2.500").unwrap(),
        json!({"voltage": 5.0, "current": 0.5, "power": 2.5})
    );
    assert_eq!(parse.results(&name, "5,0.5,2.5").unwrap().len(), 3);
    assert_eq!(
        parse.parse("5.0,x,2").unwrap_err().message,
        "in the field current, the reply 'x' is not a number"
    );
    for (name, reply, mode) in [
        ("rigol_dl3000", "CC", "current"),
        ("generic_electronic_load", "VOLT", "voltage"),
        ("generic_electronic_load", "RESISTANCE", "resistance"),
    ] {
        let load = driver(name);
        let setting = load.settings().iter().find(|setting| setting.name() == "mode").unwrap();
        let Some(Step::Ask { parse, .. }) = setting.reading().last() else { panic!() };
        assert_eq!(parse.parse(reply).unwrap(), json!(mode));
    }
}

#[test]
fn self_tests_pass_by_number_or_by_words() {
    let psu = driver("rigol_dp800");
    assert!(psu.protocol().self_test_passed("TopBoard:PASS,BottomBoard:PASS,Fan:PASS"));
    assert!(!psu.protocol().self_test_passed("TopBoard:PASS,BottomBoard:PASS,Fan:FAIL"));
    let generic = driver("generic_power_supply");
    assert!(generic.protocol().self_test_passed("+0") && !generic.protocol().self_test_passed("1"));
    assert!(!generic.protocol().self_test_passed("PASS"));
}
