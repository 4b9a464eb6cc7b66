//! Comma-separated values (RFC 4180): a line of names, then a line for each sample.

use std::io::Write as _;

use super::broken;

/// The line of names.
pub(super) fn head(columns: &[String]) -> Vec<u8> {
    let mut head = b"time".to_vec();
    for column in columns {
        head.push(b',');
        if column.contains(['"', ',', '\r', '\n']) {
            head.extend_from_slice(format!("\"{}\"", column.replace('"', "\"\"")).as_bytes());
        } else {
            head.extend_from_slice(column.as_bytes());
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// A line of values; where there is none, the field is empty.
pub(super) fn row(into: &mut Vec<u8>, time: f64, row: impl Iterator<Item = f64>) {
    number(into, super::tidy(time));
    for value in row {
        into.push(b',');
        number(into, value);
    }
    into.extend_from_slice(b"\r\n");
}

fn number(into: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        // Into memory: cannot fail.
        write!(into, "{number:?}").ok();
    }
}

/// The names of a first line.
pub(super) fn columns(line: &str) -> std::io::Result<Vec<String>> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.trim_end_matches(['\r', '\n']).chars().peekable();
    while let Some(character) = characters.next() {
        match (character, quoted, names.last_mut()) {
            ('"', true, Some(name)) if characters.next_if_eq(&'"').is_some() => name.push('"'),
            ('"', _, _) => quoted = !quoted,
            (',', false, _) => names.push(String::new()),
            (other, _, Some(name)) => name.push(other),
            (_, _, None) => {}
        }
    }
    if names.first().is_none_or(|first| first != "time") || quoted {
        return Err(broken("its first line does not name time and channels"));
    }
    names.remove(0);
    Ok(names)
}

/// The numbers of a line; `None` if it is not one.
pub(super) fn numbers(line: &str, into: &mut Vec<f64>) -> Option<()> {
    into.clear();
    for field in line.trim_end_matches(['\r', '\n']).split(',') {
        into.push(if field.is_empty() { f64::NAN } else { field.parse().ok()? });
    }
    Some(())
}
