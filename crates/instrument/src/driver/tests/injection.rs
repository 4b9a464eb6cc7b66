//! No parameter can add a program message unit, whatever is put into it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Catalogue, Driver, Step};

/// Program message units by IEEE 488.2: `;` outside quotes parts them, a line end ends the message.
/// Written here anew, so that it shares no mistake with what is tested.
fn units(message: &str) -> usize {
    let mut count = 1;
    let mut quote: Option<u8> = None;
    for byte in message.bytes() {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'"' || byte == b'\'' => quote = Some(byte),
            None if byte == b';' || byte == b'\n' || byte == b'\r' => count += 1,
            None => {}
        }
    }
    assert_eq!(quote, None, "a quote is left open in {message:?}");
    count
}

fn messages(steps: &[Step]) -> Vec<String> {
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Send { message } | Step::Ask { message, .. } => found.push(message.clone()),
            Step::Repeat { steps, .. } | Step::Finally(steps) => found.extend(messages(steps)),
            Step::Waveform { .. } | Step::Wait(_) => {}
        }
    }
    found
}

fn named_driver() -> Driver {
    let text = "kind = \"multimeter\"\ntitle = \"A test\"\n\
                [verb.name]\nparameters.name = { type = \"text\", longest = 40 }\n\
                parameters.kind = { type = \"choice\", choices = [\"A\", \"B\"] }\n\
                parameters.number = { type = \"number\" }\n\
                parameters.count = { type = \"integer\" }\n\
                parameters.on = { type = \"boolean\" }\n\
                send = \"DISP:TEXT {name},{kind},{number},{count},{on};*WAI\"\n";
    Driver::parse("test", text).unwrap()
}

/// Texts with what could end a unit, a quote or a message, more often than chance would have it.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,6}",
        prop::sample::select(vec![
            ";", "\n", "\r\n", "\"", "'", "\"\"", "#", "#15", "*RST", ";*SAV 1", "\0", "1", "2.5",
            "{on}", "[x]", ",", "\u{2028}", "\\n",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        hostile().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!(["VOLT 5;*RST"])),
    ]
}

proptest! {
    #[test]
    fn a_text_stays_one_string(text in hostile()) {
        let driver = named_driver();
        let given = BTreeMap::from([
            ("name".to_owned(), json!(text)),
            ("kind".to_owned(), json!("A")),
            ("number".to_owned(), json!(1)),
            ("count".to_owned(), json!(2)),
            ("on".to_owned(), json!(true)),
        ]);
        if let Ok(steps) = driver.verb("name").unwrap().plan(&given, &driver) {
            let sent = messages(&steps);
            let wanted = text.replace('"', "\"\"");
            prop_assert_eq!(&sent, &[format!("DISP:TEXT \"{wanted}\",A,1,2,ON;*WAI")]);
            prop_assert_eq!(units(&sent[0]), 2);
            prop_assert!(sent[0].bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }
    }

    #[test]
    fn no_value_of_any_type_adds_a_unit(values in prop::collection::vec(any_value(), 5)) {
        let driver = named_driver();
        let names = ["name", "kind", "number", "count", "on"];
        let given = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
        if let Ok(steps) = driver.verb("name").unwrap().plan(&given, &driver) {
            for message in messages(&steps) {
                prop_assert_eq!(units(&message), 2, "{}", message);
            }
        }
    }

    #[test]
    fn no_built_in_verb_sends_more_units_than_its_template(
        picked in any::<prop::sample::Index>(),
        verb in any::<prop::sample::Index>(),
        values in prop::collection::vec(any_value(), 6),
    ) {
        let catalogue = Catalogue::built_in();
        let drivers: Vec<_> = catalogue.all().collect();
        let driver = drivers[picked.index(drivers.len())];
        let verbs: Vec<_> = driver.verbs().filter(|verb| verb.name() != "scpi").collect();
        let verb = verbs[verb.index(verbs.len())];
        let names = verb.parameters().iter().map(|parameter| parameter.name().to_owned());
        let given: BTreeMap<String, Value> = names.zip(values).collect();
        if let Ok(steps) = verb.plan(&given, driver) {
            for message in messages(&steps) {
                // The only built-in templates of several units are questions for all inputs at once.
                let most = if message.starts_with("INPUT? A;") { 4 } else { 1 };
                prop_assert!(units(&message) <= most, "{}", message);
            }
        }
    }

    #[test]
    fn files_of_any_text_are_refused_and_nothing_worse(text in "[ -~\n]{0,200}") {
        prop_assert!(Driver::parse("test", &text).is_err());
    }

    #[test]
    fn replies_of_any_text_are_read_or_refused(reply in ".{0,40}") {
        for driver in Catalogue::built_in().all() {
            for setting in driver.settings() {
                if let Some(Step::Ask { parse, .. }) = setting.reading().last()
                    && let Err(error) = parse.parse(&reply)
                {
                    prop_assert!(!error.is_before() && error.message.len() < 1_000);
                }
            }
        }
    }
}
