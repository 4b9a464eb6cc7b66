//! Every built-in driver is read, each of its verbs plans, and each setting can be set back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::catalogue::{BASE, BUILT_IN};
use super::super::{Catalogue, Driver, KINDS, Parameter, Step, Verb};

/// A value a parameter takes.
fn sample(parameter: &Parameter) -> Value {
    match parameter.kind() {
        "boolean" => json!(true),
        "choice" => json!(parameter.choices().next().unwrap()),
        "text" => json!("a text"),
        "message" => json!("*IDN?"),
        _ => {
            let range = parameter.range().unwrap_or_default();
            json!(range.min.or(range.max).unwrap_or(1.0))
        }
    }
}

fn samples(verb: &Verb) -> BTreeMap<String, Value> {
    let of = |parameter: &Parameter| (parameter.name().to_owned(), sample(parameter));
    verb.parameters().iter().map(of).collect()
}

/// All messages of a plan.
fn messages(steps: &[Step]) -> Vec<&str> {
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Send { message } | Step::Ask { message, .. } => found.push(message.as_str()),
            Step::Repeat { steps, .. } | Step::Finally(steps) => found.extend(messages(steps)),
            Step::Waveform { .. } | Step::Wait(_) => {}
        }
    }
    found
}

#[test]
fn each_is_read() {
    for (name, text) in BUILT_IN.into_iter().chain([BASE]) {
        if let Err(faults) = Driver::parse(name, text) {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{name}:\n{}", faults.join("\n"));
        }
    }
    assert_eq!(Catalogue::built_in().all().count(), BUILT_IN.len());
}

#[test]
fn each_verb_plans_with_all_its_parameters_and_with_those_it_needs() {
    for driver in Catalogue::built_in().all() {
        for verb in driver.verbs() {
            let all = samples(verb);
            let needed = verb.parameters().iter().filter(|parameter| parameter.is_required());
            let needed =
                needed.map(|parameter| (parameter.name().to_owned(), sample(parameter))).collect();
            for given in [&all, &needed] {
                // A verb of optional parts alone has nothing to do without them.
                let optional_only = verb.name() == "set_channel" && given.len() == 1;
                let steps = verb.plan(given, driver);
                assert_eq!(steps.is_err(), optional_only, "{} {}", driver.name(), verb.name());
                let steps = steps.unwrap_or_default();
                for message in messages(&steps) {
                    assert!(!message.contains(['{', '}', '[', ']']), "{} {message}", driver.name());
                    assert!(!message.trim().is_empty());
                }
            }
            assert!(!verb.title().is_empty(), "{} {}", driver.name(), verb.name());
        }
    }
}

#[test]
fn each_setting_can_be_set_back_to_what_is_read() {
    for driver in Catalogue::built_in().all() {
        for setting in driver.settings() {
            let Some(Step::Ask { parse, name, .. }) = setting.reading().last() else {
                panic!("{} is read by no question", setting.name());
            };
            assert_eq!(name, setting.name());
            let value = match parse.kind() {
                "boolean" => parse.parse("1").unwrap(),
                "choice" => {
                    let verb = driver.verb(setting.verb().unwrap()).unwrap();
                    let choice =
                        verb.parameters().iter().find(|each| each.kind() == "choice").unwrap();
                    json!(choice.choices().next().unwrap())
                }
                _ => json!(1),
            };
            let given = BTreeMap::from([(setting.name().to_owned(), value)]);
            let plans = driver.plan_settings(&given).unwrap();
            assert_eq!(plans.len(), 1, "{} {}", driver.name(), setting.name());
            assert!(!plans[0].1.is_empty());
        }
    }
}

#[test]
fn the_contracts_verbs_are_there() {
    let contract = [
        (
            "power_supply",
            "set_voltage set_current set_output get_voltage get_current get_readings get_setpoints",
        ),
        (
            "electronic_load",
            "set_mode set_current set_voltage set_resistance set_power set_input get_readings \
             run_load_test",
        ),
        (
            "oscilloscope",
            "get_waveform get_measurements set_timebase set_channel trigger_run trigger_stop \
             trigger_single autoscale",
        ),
        ("multimeter", "get_voltage get_current get_resistance"),
        (
            "function_generator",
            "set_function set_frequency set_amplitude set_offset set_output get_settings",
        ),
    ];
    // These are registered as multimeters, but measure pressure and temperature.
    let others = ["gepace", "cryocon"];
    for driver in Catalogue::built_in().all() {
        assert!(KINDS.contains(&driver.kind()));
        let (_, verbs) = contract.iter().find(|(kind, _)| *kind == driver.kind()).unwrap();
        for verb in verbs.split_whitespace().filter(|_| !others.contains(&driver.name())) {
            driver.verb(verb).unwrap();
        }
        driver.verb("scpi").unwrap();
        let writing: Vec<&str> =
            driver.verbs().filter(|verb| verb.is_non_volatile()).map(Verb::name).collect();
        assert!(writing.iter().all(|name| *name == "save_state"), "{}: {writing:?}", driver.name());
    }
}

#[test]
fn what_drives_something_has_a_safe_state_that_switches_it_off() {
    for driver in Catalogue::built_in().all() {
        if matches!(driver.kind(), "power_supply" | "electronic_load" | "function_generator") {
            let steps = driver.plan_safe_state().unwrap();
            let off = messages(&steps).into_iter().any(|text| text.ends_with(['F', '0']));
            assert!(off, "{}", driver.name());
        }
    }
}

#[test]
fn instruments_find_the_driver_that_is_made_for_them() {
    let catalogue = Catalogue::built_in();
    for (kind, manufacturer, model, name) in [
        ("power_supply", "RIGOL TECHNOLOGIES", "DP832A", "rigol_dp800"),
        ("power_supply", "RIGOL TECHNOLOGIES", "DP831A", "rigol_dp831"),
        ("power_supply", "Rigol Technologies", "DP811", "rigol_dp811"),
        ("electronic_load", "RIGOL TECHNOLOGIES", "DL3021A", "rigol_dl3000"),
        ("multimeter", "Rigol Technologies", "DM3058E", "rigol_dm3058"),
        ("oscilloscope", "RIGOL TECHNOLOGIES", "DS1104Z Plus", "rigol_ds1000z"),
        ("oscilloscope", "RIGOL TECHNOLOGIES", "MSO5074", "rigol_mso5000"),
        ("function_generator", "Rigol Technologies", "DG1062Z", "rigol_dg1000z"),
        ("power_supply", "BK PRECISION", " 9130B", "bk_9130b"),
        ("power_supply", "B&K Precision", "9205", "bk_9205"),
        ("electronic_load", "B&K PRECISION", "8600B", "bk_8600"),
        ("multimeter", "BK Precision", "5491B", "bk_5491"),
        ("multimeter", "BK Precision", "2831E", "bk_2831"),
        ("multimeter", "GE Druck", "PACE5000", "gepace"),
        ("multimeter", "Cryo-con", "24C", "cryocon"),
        ("power_supply", "ACME", "1", "generic_power_supply"),
        ("electronic_load", "", "", "generic_electronic_load"),
        // The kind counts first: a Rigol supply registered as a multimeter is spoken to as one.
        ("multimeter", "RIGOL TECHNOLOGIES", "DP832A", "generic_multimeter"),
    ] {
        let found = catalogue.find(kind, manufacturer, model, "1.0").unwrap();
        assert_eq!(found.name(), name, "{manufacturer} {model}");
    }
    assert!(catalogue.find("toaster", "ACME", "1", "").is_none());
    assert!(catalogue.named("ieee488").is_none(), "the base is no driver");
}
