//! What is sent for verbs, to the letter.

use serde_json::json;

use super::{driver, plan, told};

#[test]
fn generic_power_supply() {
    let psu = driver("generic_power_supply");
    for (verb, parameters, steps) in [
        ("set_voltage", json!({"value": 5}), vec!["> VOLT 5"]),
        (
            "set_voltage",
            json!({"value": 5, "channel": 2}),
            vec!["> INST:NSEL 2", "> VOLT 5", "> INST:NSEL 1"],
        ),
        ("set_current", json!({"current": "2.5"}), vec!["> CURR 2.5"]),
        ("set_output", json!({"enabled": "on"}), vec!["> OUTP ON"]),
        ("set_output", json!({"state": 0}), vec!["> OUTP OFF"]),
        ("get_voltage", json!({}), vec!["? MEAS:VOLT? -> voltage: number"]),
        (
            "get_readings",
            json!({"channel": "CH1"}),
            vec![
                "> INST:NSEL 1",
                "? MEAS:VOLT? -> voltage: number",
                "? MEAS:CURR? -> current: number",
                "> INST:NSEL 1",
            ],
        ),
        ("save_state", json!({"value": 3}), vec!["> *SAV 3"]),
        ("self_test", json!({}), vec!["? *TST? -> code: integer"]),
        ("scpi", json!({"text": "MEAS:VOLT?"}), vec!["? MEAS:VOLT? -> reply: text"]),
        ("scpi", json!({"value": "OUTP ON"}), vec!["> OUTP ON"]),
        ("scpi", json!({"text": "BEEP", "expect_reply": true}), vec!["? BEEP -> reply: text"]),
    ] {
        assert_eq!(told(&plan(&psu, verb, parameters)), steps, "{verb}");
    }
}

#[test]
fn a_load_test_switches_off_in_any_case() {
    let load = driver("generic_electronic_load");
    assert_eq!(
        told(&plan(&load, "run_load_test", json!({"duration": 60, "current": 5.0}))),
        [
            "finally [> INP OFF]",
            "> FUNC CURR",
            "> CURR 5",
            "> INP ON",
            "repeat 60s every 1s [? MEAS:VOLT? -> voltage: number | ? MEAS:CURR? -> current: number \
             | ? MEAS:POW? -> power: number]",
        ]
    );
    let verb = load.verb("run_load_test").unwrap();
    let outcomes: Vec<&str> = verb.outcomes().iter().map(|each| each.name.as_str()).collect();
    assert_eq!(outcomes, ["voltage", "current", "power"]);
    assert!(!verb.is_idempotent());
}

#[test]
fn rigol_names_the_channel_in_each_command() {
    let psu = driver("rigol_dp800");
    let tell = |verb: &str, parameters| told(&plan(&psu, verb, parameters));
    assert_eq!(tell("set_voltage", json!({"value": 5, "channel": 2})), ["> :SOUR2:VOLT 5"]);
    assert_eq!(tell("set_output", json!({"enabled": true, "channel": "ch3"})), ["> :OUTP CH3,ON"]);
    assert_eq!(
        tell("set_overvoltage_protection", json!({"value": 8.8})),
        ["> :SOUR1:VOLT:PROT 8.8", "> :SOUR1:VOLT:PROT:STAT ON"]
    );
    assert_eq!(tell("get_readings", json!({})), ["? :MEAS:ALL? CH1 -> : fields"]);
    assert_eq!(tell("save_state", json!({"slot": 9})), ["> *SAV 9"], "the message is inherited");
    assert_eq!(
        told(&psu.plan_safe_state().unwrap()),
        ["> :OUTP CH1,OFF", "> :OUTP CH2,OFF", "> :OUTP CH3,OFF"]
    );
}

#[test]
fn oscilloscopes_meters_and_generators() {
    for (name, verb, parameters, steps) in [
        (
            "generic_oscilloscope",
            "set_channel",
            json!({"channel": 2, "scale": 0.05, "coupling": "ac"}),
            vec!["> :CHAN2:COUP AC", "> :CHAN2:SCAL 0.05"],
        ),
        ("generic_oscilloscope", "set_timebase", json!({"value": 5e-9}), vec!["> :TIM:SCAL 5E-9"]),
        ("generic_oscilloscope", "get_waveform", json!({}), vec!["waveform 1 -> waveform"]),
        (
            "rigol_ds1000z",
            "get_waveform",
            json!({"channel": "CHAN4"}),
            vec!["> :WAV:MODE NORM", "waveform 4 -> waveform"],
        ),
        (
            "generic_multimeter",
            "get_resistance",
            json!({"wires": 4}),
            vec!["? MEAS:FRES? -> resistance: number"],
        ),
        (
            "bk_5491",
            "get_voltage",
            json!({}),
            vec!["> :FUNC VOLT:DC", "wait 500ms", "? :FETC? -> voltage: number"],
        ),
        (
            "generic_function_generator",
            "set_frequency",
            json!({"value": 1e6}),
            vec!["> FREQ 1000000"],
        ),
        (
            "generic_function_generator",
            "set_offset",
            json!({"offset": -0.5, "channel": 2}),
            vec!["> SOUR2:VOLT:OFFS -0.5"],
        ),
        ("rigol_dg1000z", "save_state", json!({"slot": 2}), vec!["> *SAV USER2"]),
        ("bk_8600", "set_input", json!({"enabled": true}), vec!["> INP 1"]),
        ("rigol_dl3000", "set_mode", json!({"value": "power"}), vec!["> :SOUR:FUNC POW"]),
        (
            "cryocon",
            "get_temperature",
            json!({"channel": 2}),
            vec!["? INPUT? B -> temperature: number"],
        ),
        ("cryocon", "set_setpoint", json!({"value": 4.2}), vec!["> LOOP 1:SETPT 4.2"]),
        ("cryocon", "set_control", json!({"value": false}), vec!["> STOP"]),
        ("gepace", "get_pressure", json!({}), vec!["? :SENS1:PRES? -> pressure: number"]),
    ] {
        assert_eq!(told(&plan(&driver(name), verb, parameters)), steps, "{name} {verb}");
    }
}

#[test]
fn settings_are_planned_in_the_drivers_order() {
    let psu = driver("rigol_dp800");
    let given = super::given(json!({"output_1": true, "voltage_2": 3, "voltage": 5, "current": 1}));
    let plans = psu.plan_settings(&given).unwrap();
    let sent: Vec<String> = plans.iter().flat_map(|(_, steps)| told(steps)).collect();
    assert_eq!(sent, ["> :SOUR1:CURR 1", "> :SOUR1:VOLT 5", "> :SOUR2:VOLT 3", "> :OUTP CH1,ON"]);
    let names: Vec<&str> = plans.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["current_1", "voltage_1", "voltage_2", "output_1"]);
}
