//! Requests that cannot be meant are refused in one sentence, before anything is sent.

use serde_json::json;

use super::{driver, given, refusal};
use crate::ErrorKind;

#[test]
fn unknown_verbs_name_one_that_is_near() {
    let error = driver("generic_multimeter").verb("get_volage").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(
        error.message.starts_with(
            "the driver generic_multimeter has no verb 'get_volage' (did you mean 'get_voltage'?); \
             its verbs are reset, clear,"
        ),
        "{}",
        error.message
    );
}

#[test]
fn parameters_that_cannot_be_meant_are_refused() {
    let psu = driver("rigol_dp800");
    for (verb, parameters, sentence) in [
        (
            "set_voltage",
            json!({"value": 33}),
            "the parameter voltage of the verb set_voltage has to be a number from 0 to 32 V, not 33 V",
        ),
        (
            "set_voltage",
            json!({"voltage": "5;*RST"}),
            "the parameter voltage of the verb set_voltage has to be a number from 0 to 32 V, not '5;*RST'",
        ),
        (
            "set_voltage",
            json!({"voltage": "NaN"}),
            "the parameter voltage of the verb set_voltage has to be a number from 0 to 32 V, not 'NaN'",
        ),
        (
            "set_voltage",
            json!({"voltage": "1e400"}),
            "the parameter voltage of the verb set_voltage has to be a number from 0 to 32 V, not '1e400'",
        ),
        (
            "set_voltage",
            json!({"voltage": null}),
            "the parameter voltage of the verb set_voltage has to be a number from 0 to 32 V, not null",
        ),
        (
            "set_voltage",
            json!({}),
            "the verb set_voltage needs its parameter voltage, a number from 0 to 32 V",
        ),
        (
            "set_voltage",
            json!({"voltage": 1, "value": 2}),
            "the verb set_voltage is given its parameter voltage twice",
        ),
        (
            "set_voltage",
            json!({"volts": 1}),
            "the verb set_voltage has no parameter 'volts' (did you mean 'voltage'?); it takes voltage \
             and channel",
        ),
        (
            "set_voltage",
            json!({"value": 1, "channel": 4}),
            "the parameter channel of the verb set_voltage has to be a channel from 1 to 3, not 4",
        ),
        (
            "set_voltage",
            json!({"value": 1, "channel": 1.5}),
            "the parameter channel of the verb set_voltage has to be a channel from 1 to 3, not 1.5",
        ),
        (
            "set_output",
            json!({"enabled": "maybe"}),
            "the parameter enabled of the verb set_output has to be true or false, not 'maybe'",
        ),
        ("reset", json!({"value": 1}), "the verb reset has no parameter 'value'; it takes none"),
        (
            "scpi",
            json!({"text": "VOLT 5\nOUTP ON"}),
            "the parameter text of the verb scpi may not contain a line end",
        ),
        (
            "scpi",
            json!({"text": " "}),
            "the parameter text of the verb scpi is empty: give a program message such as *IDN?",
        ),
    ] {
        assert_eq!(refusal(&psu, verb, parameters), sentence);
    }
}

#[test]
fn choices_and_ranges_are_told() {
    let load = driver("generic_electronic_load");
    assert_eq!(
        refusal(&load, "set_mode", json!({"mode": "curent"})),
        "the parameter mode of the verb set_mode has to be one of current, voltage, resistance and \
         power, not 'curent' (did you mean 'current'?)"
    );
    assert_eq!(
        refusal(&load, "run_load_test", json!({"duration": 60, "current": -1})),
        "the parameter current of the verb run_load_test has to be a number of at least 0 A, not -1 A"
    );
    let scope = driver("generic_oscilloscope");
    assert_eq!(
        refusal(&scope, "set_channel", json!({"channel": 2})),
        "the verb set_channel would do nothing: give one of enabled, coupling, scale and offset"
    );
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let psu = driver("generic_power_supply");
    let refusal = |json| psu.plan_settings(&given(json)).unwrap_err().message;
    assert_eq!(
        refusal(json!({"voltag": 5})),
        "the driver generic_power_supply has no setting 'voltag' (did you mean 'voltage'?); its \
         settings are current, voltage and output"
    );
    assert_eq!(
        refusal(json!({"voltage": 5, "output": "perhaps"})),
        "the setting output cannot be set: the parameter enabled of the verb set_output has to be \
         true or false, not 'perhaps'"
    );
    let rigol = driver("rigol_dp800");
    let twice = rigol.plan_settings(&given(json!({"voltage": 5, "voltage_1": 6}))).unwrap_err();
    assert_eq!(
        twice.message,
        "the setting voltage_1 is given twice, by its own name and as 'voltage'"
    );
}

#[test]
fn raw_messages_are_counted_as_writes_where_they_are() {
    let psu = driver("generic_power_supply");
    let scpi = psu.verb("scpi").unwrap();
    let writes = |text: &str| {
        let steps = scpi.plan(&given(json!({ "text": text })), &psu).unwrap();
        scpi.writes(&steps)
    };
    assert_eq!(writes("VOLT 5;*sav 1"), 1);
    assert_eq!(writes("VOLT 5"), 0);
    assert_eq!(writes("*SAV 1;*SAV 2;:VOLT 5;*SAV3"), 3);
    assert!(!scpi.is_idempotent());
    let save = psu.verb("save_state").unwrap();
    assert!(save.is_non_volatile() && save.writes(&[]) == 1);
}
