//! The worked example of the documentation is a driver, and its keys are all described.

use serde_json::json;

use super::super::{Catalogue, Driver};
use super::{plan, told};

const DOCUMENT: &str = include_str!("../../../../../docs/drivers.md");

/// Every key a driver's file can have.
const KEYS: &str = "\
    kind title extends fallback match without capabilities safe_state channels features \
    terminator error_query operation_complete self_test self_test_pass connect_timeout \
    io_timeout operation_timeout self_test_timeout on_connect on_disconnect refusals \
    echoes_headers parameters send ask reply name unit steps idempotent non_volatile \
    expect_reply type min max default optional aliases scale choices on off longest words \
    fields separator units suffix wait repeat every finally waveform when with set channel \
    memory enable arm state done state_interval force_trigger stop sample_rate divisions select \
    preamble layout origin range points_per_transfer format manufacturer model firmware";

/// The first TOML block of the document that is a whole driver.
fn example() -> &'static str {
    let block = |text: &'static str| text.split_once("\n```").map(|(block, _)| block);
    DOCUMENT
        .split("```toml\n")
        .skip(1)
        .filter_map(block)
        .find(|block| block.contains("\nkind = "))
        .unwrap()
}

#[test]
fn the_example_is_a_driver() {
    let driver = Driver::parse("acme_1200", example()).unwrap();
    assert_eq!(told(&plan(&driver, "set_voltage", json!({"value": 12}))), ["> SOUR:VOLT 12"]);
    assert!(driver.matches("ACME Corp", "PS-1200", "2.1"));
    assert!(driver.verb("soak").is_ok());
    assert!(driver.verb("reset").is_ok(), "it is inherited");
}

#[test]
fn a_directory_adds_drivers_and_replaces_built_in_ones() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("acme_1200.toml"), example()).unwrap();
    let own = "kind = \"multimeter\"\ntitle = \"Ours\"\nextends = \"generic_multimeter\"\nfallback = true\n";
    std::fs::write(dir.path().join("our_meter.toml"), own).unwrap();
    std::fs::write(dir.path().join("notes.txt"), "not a driver").unwrap();
    let catalogue = Catalogue::with_directory(dir.path()).unwrap();
    let found = catalogue.find("power_supply", "ACME Corp", "PS-1200", "").unwrap();
    assert_eq!(found.name(), "acme_1200");
    let meter = catalogue.find("multimeter", "Nobody", "M", "").unwrap();
    assert_eq!(meter.name(), "our_meter", "the user's last resort comes before the built-in one");

    std::fs::write(dir.path().join("broken.toml"), "kind = \"multimeter\"\nverb = 3\n").unwrap();
    let error = Catalogue::with_directory(dir.path()).unwrap_err();
    assert!(error.message.contains("broken.toml is wrong: line"), "{}", error.message);
    let missing = Catalogue::with_directory(&dir.path().join("nowhere")).unwrap();
    assert_eq!(missing.all().count(), Catalogue::built_in().all().count());
}

#[test]
fn every_key_is_described() {
    for key in KEYS.split_whitespace() {
        assert!(DOCUMENT.contains(&format!("`{key}`")), "docs/drivers.md does not describe {key}");
    }
}
