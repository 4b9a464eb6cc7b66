//! The layers of ARCHITECTURE.md, checked against the imports of every source file.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each module of `station-core` may import of its own crate.
const CORE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("near", &[]),
    ("when", &["model", "near"]),
    ("trigger", &["model", "when"]),
    ("policy", &["model", "when", "trigger"]),
    ("engine", &["model", "when", "trigger", "policy"]),
    ("audit", &["model", "engine"]),
    ("forecast", &["model", "trigger"]),
];

/// What each module of `station` may import of its own crate.
const STATION: &[(&str, &[&str])] = &[
    ("port", &[]),
    ("store", &["port"]),
    ("alarm_view", &[]),
    ("outstation_words", &[]),
    ("notify", &["port", "alarm_view"]),
    ("config", &["audit", "notify"]),
    ("metrics", &[]),
    ("link", &["port"]),
    ("runtime", &["port", "store", "metrics"]),
    ("access", &["port"]),
    ("pem", &[]),
    ("audit", &["pem", "port", "runtime", "store"]),
    ("api", &["access", "audit", "runtime", "store", "port", "alarm_view", "outstation_words"]),
    ("exporter", &["runtime", "store", "port", "metrics"]),
    ("client", &[]),
    ("import", &[]),
    ("cli", &["client", "import", "outstation_words"]),
    ("log", &[]),
    ("server", &["access", "pem", "port"]),
    // These put everything together.
    (
        "daemon",
        &[
            "access", "api", "audit", "config", "exporter", "link", "notify", "port", "runtime",
            "server", "store",
        ],
    ),
    ("doctor", &["cli", "client", "link", "notify", "port", "runtime", "store"]),
    ("embed", &["api", "client", "daemon", "runtime", "server"]),
    (
        "main",
        &[
            "access", "audit", "cli", "client", "daemon", "doctor", "embed", "log", "port",
            "runtime", "store",
        ],
    ),
];

/// What each module of `station-wire` may import of its own crate.
const WIRE: &[(&str, &[&str])] =
    &[("iec104", &[]), ("scpi", &[]), ("hislip", &[]), ("vxi11", &[]), ("usbtmc", &[])];

/// What each module of `station-instrument` may import of its own crate.
const INSTRUMENT: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("stop", &[]),
    ("timer", &[]),
    ("together", &[]),
    ("resource", &[]),
    ("discover", &[]),
    ("driver", &[]),
    // A connection is made as a session's settings say.
    ("transport", &["session"]),
    ("session", &["transport"]),
    ("simulate", &["transport"]),
    // The bench knows the acquisitions under way.
    ("bench", &["acquisition", "driver", "resource", "session", "stop", "transport"]),
    ("hands", &["bench", "timer"]),
    ("stage", &["bench", "transport"]),
    ("acquisition", &["bench", "driver", "hands", "session", "stop", "timer", "transport"]),
    ("sequence", &["bench", "hands", "stage", "stop", "timer", "together", "transport"]),
    ("work", &["acquisition", "bench", "sequence", "stage", "stop"]),
];

/// What each module of `station-outstation` may import of its own crate.
const OUTSTATION: &[(&str, &[&str])] = &[
    ("value", &[]),
    ("hours", &[]),
    ("rate", &[]),
    ("interlock", &["value"]),
    ("points", &["hours", "interlock", "value"]),
    ("cache", &["value"]),
    ("permit", &["cache", "interlock", "points", "rate", "value"]),
    ("simulate", &["value"]),
    ("session", &["cache", "permit"]),
    ("desk", &["cache", "permit", "points", "rate", "session", "value"]),
];

/// What in `station` may use the SSH library.
const SSH: &[&str] = &["link/ssh"];

/// What in `station` may use the instrument library.
const INSTRUMENTS: &[&str] =
    &["link/instrument", "link/mod.rs", "api", "cli", "daemon", "daemon.rs"];

/// What in `station` may use the outstation library.
const OUTSTATIONS: &[&str] =
    &["link/outstation", "link/mod.rs", "api", "audit", "cli", "daemon", "daemon.rs"];

#[test]
fn core_imports_run_one_way() {
    check(&root().join("crates/core/src"), CORE);
}

#[test]
fn station_imports_run_one_way() {
    check(&root().join("crates/station/src"), STATION);
}

#[test]
fn instrument_imports_run_as_they_should() {
    check(&root().join("crates/instrument/src"), INSTRUMENT);
}

#[test]
fn outstation_imports_run_one_way() {
    check(&root().join("crates/outstation/src"), OUTSTATION);
}

#[test]
fn wire_imports_run_one_way() {
    check(&root().join("crates/wire/src"), WIRE);
}

#[test]
fn libraries_are_used_where_they_belong() {
    for (library, places) in [
        ("station_remote", SSH),
        ("station_instrument", INSTRUMENTS),
        ("station_outstation", OUTSTATIONS),
    ] {
        let src = root().join("crates/station/src");
        let mut wrong = Vec::new();
        let mut used = false;
        for file in files(&src) {
            let inside = file.strip_prefix(&src).unwrap();
            let uses = read(&file).contains(library);
            used |= uses;
            if uses && !places.iter().any(|module| inside.starts_with(module)) {
                wrong.push(inside.display().to_string());
            }
        }
        assert!(used && wrong.is_empty(), "only {places:?} may use {library}: {wrong:?}");
    }
}

#[test]
fn core_and_wire_depend_on_nothing_that_does_io() {
    for (name, allowed) in [
        ("core", &["jiff", "serde", "serde_json", "sha2", "thiserror"][..]),
        ("wire", &["thiserror"][..]),
    ] {
        let text = read(&root().join("crates").join(name).join("Cargo.toml"));
        let dependencies = text.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines().filter(|line| line.contains('=')) {
            let crate_name = line.split(['.', ' ', '=']).next().unwrap();
            assert!(allowed.contains(&crate_name), "{name} must not depend on {crate_name}");
        }
    }
}

/// Compares the `crate::X` paths of every file below `src` with the table.
fn check(src: &Path, table: &[(&str, &[&str])]) {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        table.iter().map(|(module, may)| (*module, may.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files(src) {
        let inside = file.strip_prefix(src).unwrap();
        let module = inside.components().next().unwrap().as_os_str().to_string_lossy();
        let module = module.trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let Some(may) = table.get(module.as_str()) else {
            wrong.push(format!("{module} is not in the table of layers"));
            continue;
        };
        for (number, line) in read(&file).lines().enumerate() {
            // Tests may build what they need; they stand at a file's end.
            if line.contains("#[cfg(test)]") {
                break;
            }
            let code = line.split("//").next().unwrap();
            for path in ["crate::", "station::"] {
                let found = code.match_indices(path).map(|(at, _)| code.split_at(at));
                // `at_station::` is another name.
                let whole = found.filter(|(before, _)| !before.ends_with(is_in_name));
                for (_, rest) in whole {
                    let to: String =
                        rest.chars().skip(path.len()).take_while(|c| is_in_name(*c)).collect();
                    // What the crate itself offers, such as its error, is not a module's.
                    let is_module = to.starts_with(|c: char| c.is_lowercase());
                    if is_module && to != module && !may.contains(to.as_str()) {
                        wrong.push(format!(
                            "{}:{}: {module} must not import {to}",
                            inside.display(),
                            number + 1
                        ));
                    }
                }
            }
        }
        seen.insert(module);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unused: Vec<_> = table.keys().filter(|module| !seen.contains(**module)).collect();
    assert!(unused.is_empty(), "in the table of layers but not in the code: {unused:?}");
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
