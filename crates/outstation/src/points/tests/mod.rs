mod documents;
mod faults;
mod round;

use serde_json::Value;
use station_core::model::{Outstation, OutstationSettings, Principal};

use super::*;

/// An outstation with those points.
fn outstation(text: &str) -> Outstation {
    Outstation {
        name: "SS1".to_owned(),
        endpoints: vec!["192.0.2.1:2404".to_owned()],
        bind: None,
        ca: 7,
        tls: None,
        settings: OutstationSettings::default(),
        points: read(text, Format::Toml).expect("is right"),
        created_at: Default::default(),
        created_by: Principal::Anonymous,
        modified_at: Default::default(),
    }
}

#[test]
fn json_has_the_same_keys_and_sentences() {
    let text = r#"{"points": [
        {"name": "v", "ioa": 1, "type": "M_ME_NC_1", "unit": null},
        {"name": "set", "ioa": 2, "type": "C_SE_NC_1",
         "command": {"feedback": "v", "range": [0, 12.5], "may": ["*"]}}
    ]}"#;
    let points = read(text, Format::Json).expect("is right");
    assert_eq!((points.len(), points[0].unit.as_deref()), (2, None));
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(from_value(&value).expect("is right"), points);
    assert_eq!(from_value(&value["points"]).expect("is right"), points, "a list alone will do");
    let whole = serde_json::to_value(&points).unwrap();
    assert_eq!(from_value(&whole).expect("is right"), points, "as the API tells them");

    let wrong = text.replace("\"v\", \"ioa\": 1", "\"v\", \"ioa\": \"one\"");
    assert_eq!(
        read(&wrong, Format::Json).unwrap_err().to_string(),
        "point 'v': 'ioa' is a whole number from 1 to 16777215, not the text \"one\""
    );
    let broken = read("[\n{]", Format::Json).unwrap_err();
    assert!(broken.to_string().starts_with("line 2: this is not JSON: "), "{broken}");
    assert_eq!(
        read("7", Format::Json).unwrap_err().to_string(),
        "a list of points belongs here, not 7"
    );
    assert_eq!(Format::of_file("SS1.JSON"), Format::Json);
    assert_eq!(Format::of_file("SS1.toml"), Format::Toml);
    assert_eq!(Format::of_file("json"), Format::Toml);
}

#[test]
fn the_common_address_of_the_outstation_is_that_of_points_without_one() {
    let text = "[[point]]\nname = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\nca = 7\n\
                [[point]]\nname = 'b'\nioa = 1\ntype = 'M_SP_NA_1'\n";
    let points = read(text, Format::Toml).expect("the outstation is not known yet");
    assert_eq!(check(&points, 8), Ok(()));
    assert_eq!(
        check(&points, 7).unwrap_err().to_string(),
        "point 'b': 'a' is told at the address 1 too; each point has an address of its own"
    );
    let table = PointTable::new(&Outstation { ca: 8, ..outstation(text) }).expect("is right");
    let address = |name: &str| table.get(name).map(|entry| (entry.ca, entry.ioa));
    assert_eq!((address("a"), address("b"), address("c")), (Some((7, 1)), Some((8, 1)), None));
    assert_eq!(table.watched().collect::<Vec<_>>(), [(7, 1), (8, 1)]);
    assert!(PointTable::new(&outstation(text)).is_err());
}

#[test]
fn ten_thousand_points_are_read_at_once() {
    let points: Vec<Point> = (1..=10_000)
        .map(|ioa| Point {
            name: format!("point-{ioa}"),
            ioa,
            kind: "M_ME_NC_1".to_owned(),
            ca: None,
            description: String::new(),
            unit: None,
            command: None,
        })
        .collect();
    assert_eq!(read(&write(&points), Format::Toml).expect("is right"), points);
}
