//! NumPy's format, version 1.0: a structured array with a field for the time and for each channel.

use std::io;

use super::{broken, length};

/// `\x93NUMPY`, version 1.0.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// Magic and length.
const PREFIX: usize = 10;

/// The head, as long for any number of rows, so that it can be written again.
pub(super) fn head(columns: &[String], rows: u64) -> io::Result<Vec<u8>> {
    let longest = dictionary(columns, u64::MAX).len().saturating_add(1);
    // The format wants the data to begin at a multiple of 64.
    let whole = PREFIX.saturating_add(longest).next_multiple_of(64);
    let size = u16::try_from(whole.saturating_sub(PREFIX))
        .map_err(|_| broken("the names of its channels are too long for this form"))?;
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&size.to_le_bytes());
    head.extend_from_slice(dictionary(columns, rows).as_bytes());
    head.resize(whole.saturating_sub(1), b' ');
    head.push(b'\n');
    Ok(head)
}

fn dictionary(columns: &[String], rows: u64) -> String {
    let fields: String =
        columns.iter().map(|name| format!(", ('{}', '<f8')", plain(name))).collect();
    let time = "('time', '<f8')";
    format!("{{'descr': [{time}{fields}], 'fortran_order': False, 'shape': ({rows},), }}")
}

/// A name as it can stand between quotes of Python 2 and 3.
fn plain(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_graphic() && c != '\'' && c != '\\' || c == ' ';
    name.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

/// A row of doubles, low byte first.
pub(super) fn row(into: &mut Vec<u8>, time: f64, row: impl Iterator<Item = f64>) {
    for value in std::iter::once(time).chain(row) {
        into.extend_from_slice(&value.to_le_bytes());
    }
}

/// The names of a head, how many rows follow, and how long the head is.
pub(super) fn read_head(read: &mut impl io::Read) -> io::Result<(Vec<String>, u64, u64)> {
    let mut prefix = [0_u8; PREFIX];
    read.read_exact(&mut prefix).map_err(|_| broken("its head is cut off"))?;
    let Some(([low, high], [])) = prefix.strip_prefix(MAGIC).and_then(<[u8]>::split_first_chunk)
    else {
        return Err(broken("it is not of NumPy's format 1.0"));
    };
    let mut text = vec![0_u8; u16::from_le_bytes([*low, *high]).into()];
    read.read_exact(&mut text).map_err(|_| broken("its head is cut off"))?;
    let size = length(&prefix).saturating_add(length(&text));
    let text = String::from_utf8(text).map_err(|_| broken("its head is not text"))?;
    let between = |from: &str, to: &str| Some(text.split_once(from)?.1.split_once(to)?.0);
    let fields = between("'descr': [(", ")]").ok_or_else(|| broken("its head has no fields"))?;
    let rows = between("'shape': (", ",)").and_then(|rows| rows.parse().ok());
    let rows = rows.ok_or_else(|| broken("its head has no number of rows"))?;
    let mut names = Vec::new();
    for field in fields.split("), (") {
        let name = field.strip_prefix('\'').and_then(|field| field.strip_suffix("', '<f8'"));
        names.push(name.ok_or_else(|| broken("it has a field that is no double"))?.to_owned());
    }
    if names.first().is_none_or(|first| first != "time") {
        return Err(broken("its first field is not the time"));
    }
    names.remove(0);
    Ok((names, rows, size))
}
