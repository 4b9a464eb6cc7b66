use serde_json::json;
use station_core::model::{CommandLine, StepKind};

use super::*;

fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(parsed) => panic!("should be refused: {parsed:?}"),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

const EVERYTHING: &str = r#"
tick_ms = 20
[[step]]
at = "1.5s"
equipment = "psu"
verb = "set_voltage"
parameters = { voltage = 5, channel = "CH1" }
[[step]]
at = 2
loop = { count = 10, every = "500ms", steps = [{ at = "1ms", equipment = "dmm", verb = "get_voltage" }] }
[[step]]
equipment = "psu"
verb = "set_voltage"
ramp = { parameter = "voltage", from = 0, to = 5.5, count = 50, every = "32ms" }
[[step]]
equipment = "psu"
hold = { verb = "get_voltage", above = 4.9, timeout = "5s" }
[[step]]
equipment = "psu"
scpi = "OUTP ON"
[[step]]
run = "echo hi"
[[step]]
run = ["echo", "hi"]
on = "rack"
timeout = "10s"
[[on_release]]
equipment = "psu"
verb = "set_output"
parameters = { enabled = false }
"#;

#[test]
fn every_kind_of_step_is_read() {
    let (sequence, on_release) = parse(EVERYTHING).expect("is right");
    assert_eq!(sequence.tick, Duration::from_millis(20));
    let at: Vec<u128> = sequence.steps.iter().map(|step| step.at.as_millis()).collect();
    assert_eq!(at, [1500, 2000, 0, 0, 0, 0, 0]);
    let kinds: Vec<String> = sequence
        .steps
        .iter()
        .map(|step| serde_json::to_value(&step.what).expect("is JSON")["kind"].to_string())
        .collect();
    assert_eq!(kinds.join(" ").replace('"', ""), "call loop ramp hold call command command");
    let command = |place: usize| {
        let StepKind::Command { on, command, timeout } = &sequence.steps[place].what else {
            panic!("{:?}", sequence.steps[place]);
        };
        (on.as_str(), command.clone(), timeout.as_secs())
    };
    assert_eq!(command(5), ("local", CommandLine::Shell("echo hi".to_owned()), 60));
    let words = vec!["echo".to_owned(), "hi".to_owned()];
    assert_eq!(command(6), ("rack", CommandLine::Argv(words), 10));
    assert_eq!(sequence.equipment().into_iter().collect::<Vec<_>>(), ["dmm", "psu"]);
    assert_eq!(on_release[0].parameters["enabled"], json!(false));
}

#[test]
fn what_is_written_as_json_is_read_back() {
    let parsed = parse(EVERYTHING).expect("is right");
    let written = to_value(&parsed.0, &parsed.1);
    assert_eq!(from_value(&written).expect("is right"), parsed);
    assert_eq!(written["steps"][1]["loop"]["every"], json!("500ms"));
}

#[test]
fn the_equipment_of_all_is_that_of_steps_that_name_none() {
    let text = "equipment = 'psu'\n[[step]]\nloop = { count = 2, every = 1, steps = [{ verb = 'a' }, \
                { equipment = 'dmm', verb = 'b' }] }\n[[on_release]]\nscpi = 'OUTP OFF'\n";
    let (sequence, on_release) = parse(text).expect("is right");
    assert_eq!(sequence.equipment().into_iter().collect::<Vec<_>>(), ["dmm", "psu"]);
    assert_eq!(on_release[0].equipment.as_deref(), Some("psu"));
    assert_eq!(on_release[0].parameters["text"], json!("OUTP OFF"));
}

#[test]
fn faults_name_their_line_their_step_and_what_would_be_right() {
    let one = |text: &str| faults(text).join("\n");
    assert_eq!(one(""), "line 1: the sequence: there are no steps: each is a table [[step]]");
    assert_eq!(
        one("tick_ms = 0\n[[step]]\nverb = 'a'"),
        "line 1: the sequence: 'tick_ms' is a number from 1 to 60000, not 0"
    );
    assert!(one("[[step]\n").starts_with("line 1: this is not TOML: "));
    assert_eq!(
        one("[[step]]\nverb = 'a'\n[[step]]\nat = 'soon'\nverb = 'b'\n"),
        "line 4: step 2: 'at' is a duration such as \"1.5s\", \"500ms\" or a number of seconds, not a text (\"soon\")"
    );
    assert_eq!(
        one("[[step]]\nat = '1s'\n"),
        "line 1: step 1: a step does one thing: it has one of verb, scpi, run, loop, ramp and hold"
    );
    assert_eq!(
        one("[[step]]\nverb = 'a'\nscpi = 'b'\n"),
        "line 1: step 1: a step does one thing: it has one of verb, scpi, run, loop, ramp and hold"
    );
    assert_eq!(
        one("[[step]]\nverb = 'a'\nparamters = { b = 1 }\n"),
        "line 3: step 1: 'paramters' is not known here; there are at, equipment, verb and parameters"
    );
    assert_eq!(
        one("[[step]]\nverb = 'a'\nramp = { parameter = 'b', from = 0, to = 1, every = 1 }\n"),
        "line 3: step 1: 'count' is missing, for example count = 10"
    );
    assert_eq!(
        one("[[step]]\nloop = { count = 0, every = 1, steps = [{ verb = 1 }] }\n"),
        "line 2: step 1: 'count' is a whole number from 1 on, not a number (0)\n\
         line 2: step 1.1: 'verb' is a text, not a number (1)"
    );
    assert_eq!(
        one("[[step]]\nhold = { verb = 'a', timeout = '1s' }\n"),
        "line 2: step 1: a hold has 'above' or 'below', for example above = 4.9"
    );
    assert_eq!(
        one("[[step]]\nrun = []\n"),
        "line 1: step 1: 'run' is a shell command, or a list of texts: a program and its arguments"
    );
    assert_eq!(
        one("[[step]]\nverb = 'a'\nparameters = { b = nan }\n"),
        "line 3: step 1: a parameter is a text, a finite number, a boolean, or a list of them"
    );
    assert_eq!(
        one("[[step]]\nverb = 'a'\nparameters = 1979-05-27\n"),
        "line 3: step 1: a parameter is a text, a finite number, a boolean, or a list of them"
    );
}

#[test]
fn json_has_the_same_sentences_without_lines() {
    let refused = from_value(&json!({ "steps": [{ "at": -1, "verb": "a" }], "step_ms": 3 }));
    let faults: Vec<String> =
        refused.expect_err("is wrong").iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "step 1: 'at' is a duration such as \"1.5s\", \"500ms\" or a number of seconds, not a number (-1)",
            "the sequence: 'step_ms' is not known here; there are tick_ms, equipment, step and on_release",
        ]
    );
    assert!(from_value(&json!([])).is_err() && from_value(&json!(null)).is_err());
    let released = json!({ "steps": [{ "verb": "a" }], "on_release": [{ "command": "b" }] });
    assert_eq!(from_value(&released).expect("is right").1[0].verb, "b");
}

#[test]
fn loops_within_loops_end_somewhere() {
    let mut step = json!({ "verb": "a" });
    for _ in 0..40 {
        step = json!({ "loop": { "count": 1, "every": 1, "steps": [step] } });
    }
    let faults = from_value(&json!({ "steps": [step] })).expect_err("is too deep");
    assert!(faults[0].message.ends_with("loops stand in loops at most 16 deep"), "{faults:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\[\\[step\\]\\]|\n|at|verb|loop|ramp|hold|=|\\{|\\}|'a'|[0-9.]{1,3}|,|\\PC){0,40}") {
        drop(parse(&text));
    }
}
