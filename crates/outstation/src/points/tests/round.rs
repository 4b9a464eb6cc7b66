//! What is written is read back, and no text makes the reader panic.

use proptest::prelude::*;
use serde_json::Number;
use station_core::model::{PointCommand, Termination};

use super::*;

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        (-32_768_i64..32_768).prop_map(Number::from),
        (-1e30_f64..1e30).prop_map(|number| Number::from_f64(number).unwrap()),
        // What people write; serde_json reads numbers of 17 digits only nearly.
        (-1_000_000_i32..1_000_000)
            .prop_map(|number| Number::from_f64(f64::from(number) / 1000.0).unwrap()),
    ]
}

/// Whether JSON has the number without loss.
fn is_short(number: &Number) -> bool {
    number.to_string().len() < 12
}

fn rules() -> impl Strategy<Value = PointCommand> {
    let who = prop_oneof![Just("*".to_owned()), "user:\\PC{1,8}", "token:[a-z]{1,8}"];
    let termination = prop_oneof![
        Just(Termination::Required),
        Just(Termination::Optional),
        Just(Termination::None)
    ];
    (
        (prop::option::of(Just("watched".to_owned())), any::<bool>(), 0_u8..32, termination),
        (prop::option::of(1_u32..99), prop::collection::vec(who, 0..3)),
        prop::collection::vec(prop_oneof![Just("Mon-Fri 06:00-22:00"), Just("Sat")], 0..3),
        (prop::option::of(1_u32..604_800), prop::option::of(Just("watched == on".to_owned()))),
    )
        .prop_map(|(first, (per_hour, may), hours, (approval, interlock))| PointCommand {
            feedback: first.0,
            select: first.1,
            qualifier: first.2,
            range: None,
            termination: first.3,
            per_hour,
            may,
            hours: hours.into_iter().map(str::to_owned).collect(),
            approval,
            interlock,
        })
}

fn point(name: &str, ioa: u32, kind: &str) -> Point {
    Point {
        name: name.to_owned(),
        ioa,
        kind: kind.to_owned(),
        ca: None,
        description: String::new(),
        unit: None,
        command: None,
    }
}

prop_compose! {
    fn points()(
        rules in prop::collection::vec((rules(), prop::option::of([number(), number()])), 0..6),
        description in "\\PC{0,20}",
        unit in prop::option::of("[\"'\\\\°µ%a-z]{0,5}"),
        ca in prop::option::of(1_u16..65_535),
    ) -> Vec<Point> {
        let mut points = vec![Point { ca, description, unit, ..point("watched", 1, "M_SP_NA_1") }];
        for ((command, range), ioa) in rules.into_iter().zip(10..) {
            let mut next = point(&format!("p{ioa}"), ioa, "C_DC_NA_1");
            next.command = Some(command);
            if let Some(mut range) = range {
                range.sort_by(|a, b| a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()));
                next.kind = "C_SE_NC_1".to_owned();
                next.command = next.command.map(|command| PointCommand {
                    range: Some(range),
                    feedback: None,
                    ..command
                });
            }
            points.push(next);
        }
        points
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(points in points()) {
        let text = write(&points);
        let read = read(&text, Format::Toml);
        prop_assert_eq!(read.as_ref(), Ok(&points), "{}", text);
        prop_assert_eq!(&write(&points), &text);
        let ranges = points.iter().filter_map(|point| point.command.as_ref()?.range.as_ref());
        if ranges.flatten().all(is_short) {
            let json = serde_json::to_string(&points).unwrap();
            prop_assert_eq!(super::read(&json, Format::Json), Ok(points));
        }
    }

    #[test]
    fn no_text_makes_it_panic(
        text in "(\\[\\[point\\]\\]\n|\\[point.command\\]\n|name|ioa|type|range|may| = |'C_SC_NA_1'|\\[|\\]|[0-9]{1,12}|\n|\\PC){0,40}",
    ) {
        drop(read(&text, Format::Toml));
        drop(read(&text, Format::Json));
    }
}
