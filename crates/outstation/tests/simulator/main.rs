//! The simulated outstation, driven by a controlling station that shares no code with it.
#![cfg(test)]

mod client;
mod links;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use station_outstation::simulate::Config;
use station_wire::iec104::codec::{DoublePoint, Value as Shown};

use client::Rig;

const YES: bool = false;
const NO: bool = true;

/// Confirmed, returned, terminated.
const DONE: [(u64, bool); 3] = [(7, YES), (11, YES), (10, YES)];

#[test]
fn an_interrogation_brings_what_the_points_show() {
    let rig = Rig::new(Config::default());
    let heard = rig.client().ask(&json!({"do": "interrogate", "request": 20}));
    let [first, values @ .., last] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((first.0.as_str(), first.1, first.2), ("interrogation", 7, false));
    assert_eq!((last.0.as_str(), last.1), ("interrogation", 10));
    assert!(values.iter().all(|said| said.0 == "data" && said.1 == 20));
    let found: BTreeMap<u64, &Value> = values.iter().map(|said| (said.3, &said.4)).collect();
    assert_eq!((values.len(), found.len()), (18, 18));
    let expected = [
        (1001, json!("ON")),
        (1002, json!("OFF")),
        (1005, json!(5)),
        (1006, json!("ON")),
        (1009, json!("00000000")),
        (2003, json!(42.0)),
        (2005, json!(61)),
    ];
    for (ioa, value) in expected {
        assert_eq!(found[&ioa], &value, "{ioa}");
    }
    let load = found[&2006].as_f64().unwrap();
    assert!((load - 14_000.0 / 32_768.0).abs() < 1e-4, "{load}");
}

#[test]
fn ten_thousand_values_come_whole() {
    let rig = Rig::new(Config { values: 10_000, ..Config::default() });
    let heard = rig.client().ask(&json!({"do": "interrogate", "request": 20}));
    let values: BTreeMap<u64, f64> = heard
        .iter()
        .filter(|said| said.3 > 20_000)
        .map(|said| (said.3, said.4.as_f64().unwrap()))
        .collect();
    assert_eq!(values.len(), 10_000);
    assert!(
        values
            .iter()
            .all(|(ioa, value)| *value == f64::from(u32::try_from(ioa - 20_000).unwrap()) / 2.0)
    );
}

#[test]
fn groups_counters_and_single_points_are_asked_for() {
    let rig = Rig::new(Config::default());
    let mut client = rig.client();
    let bits = client.ask(&json!({"do": "interrogate", "request": 23}));
    assert_eq!(bits[1], ("data".to_owned(), 23, false, 1009, json!("00000000")));
    assert_eq!(client.outline(&json!({"do": "interrogate", "request": 30})), [(7, NO)]);

    let read = json!({"do": "counters", "request": 5, "freeze": "READ"});
    let heard = client.ask(&read);
    let counted: Vec<_> =
        heard.iter().filter(|said| said.1 == 37).map(|said| (said.3, said.4.clone())).collect();
    assert_eq!(counted, [(3001, json!(120_345)), (3002, json!(8_120))]);
    let reset = json!({"do": "counters", "request": 5, "freeze": "RESET"});
    assert_eq!(client.outline(&reset), [(7, YES), (10, YES)]);
    assert_eq!(client.ask(&read)[1].4, json!(0));

    assert_eq!(
        client.ask(&json!({"do": "read", "ioa": 2004})),
        [("data".to_owned(), 5, false, 2004, json!(50.0))]
    );
    assert_eq!(client.ask(&json!({"do": "read", "ioa": 4001}))[0].1, 47);
}

#[test]
fn commands_are_carried_out() {
    let (journal, mut operated) = tokio::sync::mpsc::unbounded_channel();
    let rig = Rig::new(Config { journal: Some(journal), ..Config::default() });
    let mut client = rig.client();
    let request = json!({"do": "single", "ioa": 4006, "value": "OFF", "originator": 9});
    let (heard, originators) = client.ask_all(&request);
    assert_eq!(originators, [9, 9, 9]);
    assert_eq!(heard[1], ("data with time".to_owned(), 11, false, 1008, json!("OFF")));
    let requests = [
        json!({"do": "step", "ioa": 4005, "value": "HIGHER"}),
        json!({"do": "float", "ioa": 4007, "value": 112.5}),
        json!({"do": "scaled", "ioa": 4008, "value": 75}),
        json!({"do": "normalized", "ioa": 4009, "value": -0.5}),
        json!({"do": "bits", "ioa": 4010, "value": "efbeadde"}),
        json!({"do": "single", "ioa": 4006, "value": "ON", "time": "2026-11-20T13:37:42.123"}),
    ];
    for request in requests {
        assert_eq!(client.outline(&request), DONE, "{request}");
    }
    assert_eq!(rig.simulator.value("outputs-state"), Some(Shown::Bits(0xdead_beef)));
    assert_eq!(rig.simulator.value("voltage-target-state"), Some(Shown::Float(112.5)));
    let told: Vec<_> = std::iter::from_fn(|| operated.try_recv().ok())
        .map(|one| format!("{} {}", one.point, one.value))
        .collect();
    assert_eq!(told[..3], ["reclosing off", "tap-changer higher", "voltage-target 112.5"]);
    assert_eq!(told.len(), 7);
}

#[test]
fn a_breaker_is_selected_operated_and_cancelled() {
    let rig = Rig::new(Config::default());
    let mut client = rig.client();
    let request = |value: &str, select: bool| json!({"do": "double", "ioa": 4001, "value": value, "select": select});
    assert_eq!(client.outline(&request("OFF", false)), [(7, NO)]);
    assert_eq!(client.outline(&request("OFF", true)), [(7, YES)]);
    assert_eq!(client.outline(&request("OFF", false)), DONE);
    assert_eq!(rig.simulator.value("breaker-1-state"), Some(Shown::Double(DoublePoint::Off)));

    client.ask(&request("ON", true));
    let mut cancel = request("ON", true);
    cancel["cause"] = json!("DEACTIVATION");
    assert_eq!(client.outline(&cancel), [(9, YES)]);
    assert_eq!(client.outline(&cancel), [(9, NO)]);
    assert_eq!(client.outline(&request("ON", false)), [(7, NO)]);
    assert_eq!(client.outline(&json!({"do": "single", "ioa": 5, "value": "ON"})), [(47, NO)]);
    assert_eq!(
        client.outline(&json!({"do": "single", "ioa": 4006, "value": "ON", "ca": 48})),
        [(46, NO)]
    );
    assert_eq!(client.outline(&json!({"do": "single", "ioa": 4005, "value": "ON"})), [(44, NO)]);
}

#[test]
fn the_clock_is_set_and_the_outstation_reset() {
    let rig = Rig::new(Config::default());
    let mut client = rig.client();
    let set = json!({"do": "clock", "time": "2031-01-01T00:00:00"});
    assert_eq!(client.outline(&set), [(7, YES)]);
    let shown = client.ask(&set)[0].4.clone();
    assert!(shown.as_str().unwrap().starts_with("2031-01-01T00:0"), "{shown}");
    assert!(rig.simulator.set("bus-voltage", Shown::Float(1.5)));
    let heard = client.ask(&json!({"do": "wait", "messages": 1}));
    assert_eq!(heard, [("data with time".to_owned(), 3, false, 2001, json!(1.5))]);
    let heard = client.ask(&json!({"do": "reset"}));
    assert_eq!((heard[0].1, heard[1].0.as_str()), (7, "initialization"));
    assert_eq!(rig.simulator.value("bus-voltage"), Some(Shown::Float(110.4)));
}

/// What hat hears of each fault, in the order of the addresses; of `late` most likely when it waits for it.
#[rustfmt::skip]
const FAULTS: [(&str, &[(u64, bool)]); 11] = [
    ("refuse", &[(7, NO)]),
    ("late", &[(7, YES), (11, YES), (10, YES)]),
    ("never", &[]),
    ("no-term", &[(7, YES), (11, YES)]),
    ("close", &[(7, YES), (0, YES)]),
    ("negative-term", &[(7, YES), (10, NO)]),
    ("stuck", &[(7, YES), (10, YES)]),
    ("doubled", &[(7, YES), (7, YES), (11, YES), (11, YES), (10, YES), (10, YES)]),
    ("early", &[(11, YES), (10, YES), (7, YES)]),
    ("wrong-echo", &[(7, YES), (10, YES)]),
    ("wrong-originator", &[(7, YES), (11, YES), (10, YES)]),
];

#[test]
fn points_with_faults_have_them() {
    let late = Duration::from_millis(50);
    let rig = Rig::new(Config { faults: true, late, ..Config::default() });
    let mut client = rig.client();
    for (ioa, (name, expected)) in (9001..).zip(FAULTS) {
        let request = json!({"do": "single", "ioa": ioa, "value": "ON", "originator": 1});
        let (mut heard, mut originators) = client.ask_all(&request);
        // What comes by itself may be behind the answer to the client's own test command.
        if ["late", "close"].contains(&name) && heard.len() < expected.len() {
            let rest = json!({"do": "wait", "messages": expected.len() - heard.len()});
            let (later, by) = client.ask_all(&rest);
            heard.extend(later);
            originators.extend(by);
        }
        let outline: Vec<_> = heard.iter().map(|said| (said.1, said.2)).collect();
        assert_eq!(outline, expected, "{name}");
        let echoed = heard.first().map(|said| said.4.clone());
        assert_eq!(echoed == Some(json!("OFF")), name == "wrong-echo", "{name}");
        assert_eq!(originators.contains(&2), name == "wrong-originator", "{name}");
        if name == "close" {
            client = rig.client();
        }
    }
}
