//! The worked example of the documentation is a file of points, and all of its keys are described.

use super::super::read::{COMMAND_KEYS, KEYS};
use super::*;
use crate::value::TYPES;

const DOCUMENT: &str = include_str!("../../../../../docs/outstations.md");

/// The first TOML block of the document that has points.
fn example() -> &'static str {
    let block = |text: &'static str| text.split_once("\n```").map(|(block, _)| block);
    let mut blocks = DOCUMENT.split("```toml\n").skip(1).filter_map(block);
    blocks.find(|block| block.contains("[[point]]")).unwrap()
}

#[test]
fn the_example_is_a_file_of_points() {
    let points = read(example(), Format::Toml).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(points.len(), 6);
    assert_eq!(read(&write(&points), Format::Toml).expect("is right"), points);
    let table = PointTable::new(&outstation(example())).expect("is right");
    let breaker = table.get("breaker-7").and_then(|entry| entry.rule.as_ref()).unwrap();
    assert!(breaker.interlock.as_ref().is_some_and(|it| it.comparisons().len() == 3));
    assert_eq!(table.get("setpoint-7").unwrap().rule.as_ref().unwrap().limits, Some((0.0, 12.5)));
}

#[test]
fn every_key_and_every_type_is_described() {
    let types = TYPES.iter().map(|(type_id, _)| type_id.name());
    for key in KEYS.into_iter().chain(COMMAND_KEYS).chain(types) {
        assert!(
            DOCUMENT.contains(&format!("`{key}`")),
            "docs/outstations.md does not describe {key}"
        );
    }
}
