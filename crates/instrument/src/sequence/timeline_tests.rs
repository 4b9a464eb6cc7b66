use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::sequence::from_value;

fn of(steps: Value) -> Result<Vec<TimedStep>, String> {
    let (sequence, _) = from_value(&json!({ "steps": steps })).expect("is written right");
    timeline(&sequence).map_err(|error| {
        assert_eq!(error.kind, ErrorKind::Invalid);
        error.message
    })
}

/// `offset path what` of each step, in milliseconds.
fn shown(steps: Value) -> Vec<String> {
    let steps = of(steps).expect("can be meant");
    steps.iter().map(|s| format!("{} {} {}", s.at.as_millis(), s.path, s.what.summary())).collect()
}

#[test]
fn offsets_snap_up_to_the_grid_and_keep_their_order() {
    let steps = json!([
        { "at": "100ms", "verb": "d" },
        { "at": "16ms", "verb": "b" },
        { "at": "17ms", "verb": "c" },
        { "verb": "a" },
        { "at": "99ms", "verb": "e" },
        { "at": "100ms", "verb": "f" },
    ]);
    assert_eq!(shown(steps), ["0 4 a", "16 2 b", "32 3 c", "112 5 e", "112 1 d", "112 6 f"]);
}

#[test]
fn loops_within_loops_and_ramps_unroll() {
    let steps = json!([
        { "at": "32ms", "loop": { "count": 2, "every": "160ms", "steps": [
            { "at": "16ms", "verb": "a" },
            { "loop": { "count": 2, "every": "32ms", "steps": [{ "run": "b" }] } },
        ] } },
        { "verb": "set", "parameters": { "channel": 2 },
          "ramp": { "parameter": "voltage", "from": 0, "to": 5, "count": 3, "every": "20ms" } },
    ]);
    assert_eq!(
        shown(steps),
        [
            "0 2#1 set channel=2 voltage=0",
            "32 2#2 set channel=2 voltage=2.5",
            "32 1#1.2#1.1 b",
            "48 2#3 set channel=2 voltage=5",
            "48 1#1.1 a",
            "64 1#1.2#2.1 b",
            "192 1#2.2#1.1 b",
            "208 1#2.1 a",
            "224 1#2.2#2.1 b",
        ]
    );
}

#[test]
fn rounds_share_what_they_do() {
    let steps = json!([{ "loop": { "count": 1000, "every": "16ms", "steps": [{ "verb": "a" }] } }]);
    let steps = of(steps).expect("can be meant");
    assert_eq!(Arc::strong_count(&steps[0].what), 1000);
}

#[test]
fn what_cannot_be_meant_is_refused_by_the_step() {
    let refused = |steps: Value| of(steps).expect_err("cannot be meant");
    let rounds = |count: u32, every: &str, step: Value| json!([{ "verb": "a" }, { "loop": { "count": count, "every": every, "steps": [step] } }]);
    let deep = json!({ "loop": { "count": 4_000_000_000_u32, "every": "1us", "steps": [{ "verb": "a" }] } });
    assert_eq!(
        refused(rounds(4_000_000_000, "1us", deep)),
        "step 2#1.1#100000.1: unrolled, the sequence has more than 100000 steps"
    );
    assert_eq!(
        refused(rounds(3, "12h", json!({ "at": "1us", "verb": "a" }))),
        "step 2#3.1: it is due more than 24h after the start"
    );
    assert_eq!(
        refused(rounds(2, "0s", json!({ "verb": "a" }))),
        "step 2: the rounds of a loop are some time apart: 'every' is 0"
    );
    assert_eq!(
        refused(json!([{ "at": "300d", "verb": "a" }])),
        "step 1: it is due more than 24h after the start"
    );
    let ramp = |count: u32, every: &str| {
        json!([{ "verb": "set", "parameters": { "x": 1 },
                 "ramp": { "parameter": "y", "from": 0, "to": 5, "count": count, "every": every } }])
    };
    assert_eq!(
        refused(ramp(4_000_000_000, "1us")),
        "step 1: a ramp of 4000000000 values is more than the 100000 steps a sequence may have"
    );
    // Together too, and before any value is made.
    let many = vec![ramp(60_000, "1us")[0].clone(); 1000];
    assert_eq!(
        refused(Value::Array(many)),
        "step 2: a ramp of 60000 values, after the 60000 of ramps before it, is more than the 100000 \
         steps a sequence may have"
    );
    assert_eq!(
        refused(ramp(2, "0s")),
        "step 1: the values of a ramp are some time apart: 'every' is 0"
    );
    assert_eq!(
        refused(json!([{ "verb": "set", "parameters": { "x": 1 },
            "ramp": { "parameter": "x", "from": 0, "to": 5, "count": 2, "every": 1 } }])),
        "step 1: the ramp's parameter 'x' has a fixed value as well"
    );
    assert_eq!(
        refused(json!([{ "hold": { "verb": "a", "above": 1, "timeout": "48h" } }])),
        "step 1: the timeout of a hold is longer than nothing, and at most 24h"
    );
    let empty = Sequence { tick: Sequence::TICK, steps: Vec::new() };
    assert_eq!(timeline(&empty).expect_err("is empty").message, "the sequence has no steps");
    let timeless = Sequence { tick: Duration::ZERO, steps: Vec::new() };
    assert!(timeline(&timeless).expect_err("has no tick").message.starts_with("a tick lasts 1ms"));
}

#[test]
fn as_many_steps_as_allowed_and_as_late_are() {
    let every =
        json!({ "loop": { "count": MOST_STEPS, "every": "860ms", "steps": [{ "verb": "a" }] } });
    let steps = of(json!([every])).expect("can be meant");
    assert_eq!(steps.len(), MOST_STEPS);
    assert_eq!(of(json!([{ "at": "24h", "verb": "a" }])).expect("just").len(), 1);
}

proptest! {
    #[test]
    fn every_step_is_on_the_grid_less_than_a_tick_after_what_was_asked(
        offsets in proptest::collection::vec(0_u64..10_000_000, 1..40), tick in 1_u64..100,
    ) {
        let steps: Vec<Value> = offsets
            .iter()
            .map(|micros| json!({ "at": format!("{micros}us"), "verb": "a" }))
            .collect();
        let (sequence, _) = from_value(&json!({ "tick_ms": tick, "steps": steps })).expect("is right");
        let steps = timeline(&sequence).expect("can be meant");
        prop_assert_eq!(steps.len(), offsets.len());
        let tick = Duration::from_millis(tick);
        for step in &steps {
            prop_assert_eq!(step.at.as_nanos() % tick.as_nanos(), 0);
            prop_assert!(step.at >= step.asked && step.at - step.asked < tick);
        }
        prop_assert!(steps.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }
}
