//! JSON: one document, `{"columns": [...], "samples": [[time, value, ...], ...]}`, a line for each sample.

use std::io::{self, Write as _};

use super::broken;

/// What ends the document.
pub(super) const TAIL: &[u8] = b"\n]}\n";

const BEGIN: &str = "{\"columns\":";
const SAMPLES: &str = ",\"samples\":[";

/// The names.
pub(super) fn head(columns: &[String]) -> io::Result<Vec<u8>> {
    let names: Vec<&str> =
        std::iter::once("time").chain(columns.iter().map(String::as_str)).collect();
    let names = serde_json::to_string(&names)?;
    Ok(format!("{BEGIN}{names}{SAMPLES}\n").into_bytes())
}

/// A row; where there is no value, it is null.
pub(super) fn row(into: &mut Vec<u8>, number: u64, time: f64, row: impl Iterator<Item = f64>) {
    into.extend_from_slice(if number == 0 { b"[" } else { b",\n[" });
    for (place, value) in std::iter::once(super::tidy(time)).chain(row).enumerate() {
        if place > 0 {
            into.push(b',');
        }
        if value.is_finite() {
            // Into memory: cannot fail.
            write!(into, "{value:?}").ok();
        } else {
            into.extend_from_slice(b"null");
        }
    }
    into.push(b']');
}

/// The names of a first line.
pub(super) fn columns(line: &str) -> io::Result<Vec<String>> {
    let names = line.trim_end().strip_prefix(BEGIN).and_then(|line| line.strip_suffix(SAMPLES));
    let mut names: Vec<String> = names
        .and_then(|names| serde_json::from_str(names).ok())
        .ok_or_else(|| broken("its first line does not name time and channels"))?;
    if names.first().is_none_or(|first| first != "time") {
        return Err(broken("its first column is not the time"));
    }
    names.remove(0);
    Ok(names)
}

/// The numbers of a line; `None` if it is not one. Read here, to the last digit: the JSON library is
/// off by one in the last place.
pub(super) fn numbers(line: &str, into: &mut Vec<f64>) -> Option<()> {
    into.clear();
    let row = line.trim_end().trim_end_matches(',');
    for value in row.strip_prefix('[')?.strip_suffix(']')?.split(',') {
        into.push(if value == "null" { f64::NAN } else { value.parse().ok()? });
    }
    Some(())
}
