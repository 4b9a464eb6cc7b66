//! The reference in `docs/` against the program: every route, every field, every help text.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report of a fault")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The texts between two marks, in order.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

/// The router's routes, as `GET /path`.
fn routes() -> BTreeSet<String> {
    let router = read("crates/station/src/api/mod.rs");
    let routes: BTreeSet<String> = between(&router, ".route(", "))")
        .flat_map(|route| {
            let (path, handlers) = route.split_once(", ").unwrap();
            let path = path.trim().trim_matches('"').to_owned();
            let methods = ["get", "post", "put", "patch", "delete"];
            let given = methods.into_iter().filter(move |method| {
                let open = format!("{method}(");
                handlers.starts_with(&open) || handlers.contains(&format!(".{open}"))
            });
            given.map(move |method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        })
        .collect();
    assert!(routes.len() > 10, "{routes:?}");
    routes
}

#[test]
fn every_route_is_documented_and_no_other() {
    let document = read("docs/http-api.md");
    let table: BTreeSet<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|cell| cell.contains(" /"))
        .map(str::to_owned)
        .collect();
    assert_eq!(table, routes(), "docs/http-api.md and the router differ");
}

#[test]
fn every_field_of_a_create_request_is_documented() {
    let document = read("docs/http-api.md");
    for (file, list) in [("types.rs", "JOB_FIELDS"), ("script.rs", "SCRIPT_FIELDS")] {
        let source = read(&format!("crates/station/src/api/{file}"));
        let open = format!("const {list}");
        let list = between(&source, &open, "];").next().unwrap();
        let body = list.split_once('=').unwrap().1;
        let fields: Vec<_> =
            body.split('"').skip(1).step_by(2).map(|field| format!("`{field}`")).collect();
        assert!(fields.len() >= 10, "{fields:?}");
        for field in fields {
            assert!(document.contains(&field), "docs/http-api.md does not mention {field}");
        }
    }
}

#[test]
fn every_route_is_described_and_no_other() {
    let document: serde_json::Value = serde_json::from_str(&station::api::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    assert_eq!(described, routes(), "the paths of api/openapi/mod.rs and the router differ");
}

#[test]
fn whatever_the_description_refers_to_is_in_it() {
    let text = station::api::document();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let known = document["components"]["schemas"].as_object().unwrap();
    let mut references = 0;
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(known.contains_key(name), "there is no schema {name}");
        references += 1;
    }
    assert!(references > 100, "{references}");
}

#[test]
fn the_description_of_the_api_is_up_to_date() {
    check("docs/openapi.json", &station::api::document());
}

#[test]
fn the_command_line_reference_is_up_to_date() {
    check("docs/cli.md", &reference());
}

/// Compares a stored document with the one that the program makes.
fn check(name: &str, now: &str) {
    let path = root().join(name);
    if std::env::var_os("STATION_BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == now,
        "{name} is out of date; write it anew with\n    \
         STATION_BLESS=1 cargo test -p station --test documents\n{now}"
    );
}

/// The reference as the program's help texts make it.
fn reference() -> String {
    let all = help(Path::new(env!("CARGO_BIN_EXE_station")), &["--help"]);
    let mut text = format!(
        "# The command line\n\n\
         Written by the program itself: `STATION_BLESS=1 cargo test -p station --test documents`.\n\
         Exit statuses and messages stand in [errors.md](errors.md).\n\n\
         ## station\n\n```text\n{all}```\n"
    );
    for name in commands(&all) {
        let program = Path::new(env!("CARGO_BIN_EXE_station"));
        let help = help(program, &[name, "--help"]);
        text.push_str(&format!("\n## station {name}\n\n```text\n{help}```\n"));
        for sub in commands(&help) {
            let help = self::help(program, &[name, sub, "--help"]);
            text.push_str(&format!("\n### station {name} {sub}\n\n```text\n{help}```\n"));
        }
    }
    let links = tempfile::tempdir().unwrap();
    for name in ["at", "atq", "atrm", "batch"] {
        let link = links.path().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_station"), &link).unwrap();
        text.push_str(&format!("\n## {name}\n\n```text\n{}```\n", help(&link, &["-h"])));
    }
    text
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<&str> {
    let Some(list) = between(help, "Commands:\n", "\n\n").next() else { return Vec::new() };
    // Further lines of a description are set in more deeply.
    let entries = list.lines().filter_map(|line| line.strip_prefix("  "));
    let names = entries.filter(|entry| !entry.starts_with(' ')).filter_map(|e| e.split(' ').next());
    names.filter(|name| *name != "help").collect()
}

fn help(program: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("COLUMNS", "100");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
