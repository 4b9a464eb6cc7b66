//! Replays the committed fuzz corpora, and what fuzzing has found, through the same checks as the fuzz
//! targets in `fuzz/`, without their tools.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report of a fault")]
#![expect(
    unreachable_pub,
    clippy::print_stderr,
    reason = "the checks are a module of the fuzz package, which prints what it found"
)]

use std::path::Path;

#[path = "../../../fuzz/src/checks.rs"]
mod checks;

#[path = "../../../fuzz/src/links.rs"]
mod links;

#[path = "../../../fuzz/src/telecontrol.rs"]
mod telecontrol;

/// Hands every file of a target's corpus and of its regressions to its check.
fn replay(target: &str, check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let mut replayed = 0;
    for kind in ["corpus", "regressions"] {
        let Ok(files) = std::fs::read_dir(fuzz.join(kind).join(target)) else { continue };
        for file in files {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let checked = std::panic::catch_unwind(|| check(&bytes));
            assert!(checked.is_ok(), "{} fails", path.display());
            replayed += 1;
        }
    }
    assert!((5..=1000).contains(&replayed), "{replayed} files for {target}");
}

#[test]
fn time_expression() {
    replay("time_expression", checks::time_expression);
}

#[test]
fn node_set() {
    replay("node_set", checks::node_set);
}

#[test]
fn http_create() {
    replay("http_create", checks::http_create);
}

#[test]
fn http_client() {
    replay("http_client", checks::http_client);
}

#[test]
fn http_server() {
    replay("http_server", checks::http_server);
}

#[test]
fn scpi_reply() {
    replay("scpi_reply", checks::scpi::reply);
}

#[test]
fn scpi_block() {
    replay("scpi_block", checks::scpi::blocks);
}

#[test]
fn hislip_frames() {
    replay("hislip_frames", links::hislip_frames);
}

#[test]
fn vxi11_records() {
    replay("vxi11_records", links::vxi11_records);
}

#[test]
fn iec104_apdu() {
    replay("iec104_apdu", telecontrol::iec104_apdu);
}
