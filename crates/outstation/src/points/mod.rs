//! The points of an outstation: read from files and requests, checked, and found by name.
//!
//! ```text
//!  TOML, JSON ─tree─▶ nodes with lines ─read─▶ points ─check─▶ points without fault ─▶ PointTable
//!       ▲                                         │
//!       └──────────────── write ──────────────────┘
//! ```
//!
//! What a file does not say is not permitted: a point that is not in it cannot be commanded.

mod check;
mod command;
mod fault;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod write;

pub use fault::{Fault, PointsError};
pub use table::{Entry, PointTable, Rule};
pub use write::write;

use serde_json::Value;
use station_core::model::Point;

use check::{Finding, findings};
use tree::Node;

/// The longest text that is read, in bytes.
const LONGEST: usize = 32 << 20;

/// What a file of points is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables `[[point]]`.
    Toml,
    /// A list of objects, or an object with the list as `points`.
    Json,
}

impl Format {
    /// By the name of a file: `.json` is JSON, everything else TOML.
    #[must_use]
    pub fn of_file(name: &str) -> Self {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if extension.eq_ignore_ascii_case("json") { Self::Json } else { Self::Toml }
    }
}

/// Reads points; see docs/outstations.md.
///
/// # Errors
/// Everything that is wrong with them, in the order of the lines.
///
/// ```
/// use station_outstation::points::{Format, read, write};
///
/// let text = "[[point]]\nname = 'bus-voltage'\nioa = 100\ntype = 'M_ME_NC_1'\nunit = 'kV'\n";
/// let points = read(text, Format::Toml).unwrap();
/// assert_eq!(points[0].name, "bus-voltage");
/// assert_eq!(read(&write(&points), Format::Toml).unwrap(), points);
///
/// let error = read(&text.replace("100", "0"), Format::Toml).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 3: point 'bus-voltage': 'ioa' is a whole number from 1 to 16777215, not 0"
/// );
/// ```
pub fn read(text: &str, format: Format) -> Result<Vec<Point>, PointsError> {
    let refuse = |line, message| PointsError { faults: vec![Fault { line, message }] };
    if text.len() > LONGEST {
        return Err(refuse(None, format!("the points are longer than {LONGEST} bytes")));
    }
    let node = match format {
        Format::Toml => Node::of_toml(text).map_err(|fault| PointsError { faults: vec![fault] })?,
        Format::Json => match serde_json::from_str::<Value>(text) {
            Ok(value) => Node::of_json(&value),
            Err(error) => {
                let line = u32::try_from(error.line()).ok();
                return Err(refuse(line, format!("this is not JSON: {error}")));
            }
        },
    };
    read_node(node)
}

/// Reads points that are JSON already: a list, or an object with the list as `points`.
///
/// # Errors
/// Everything that is wrong with them.
pub fn from_value(value: &Value) -> Result<Vec<Point>, PointsError> {
    read_node(Node::of_json(value))
}

/// Checks points that came some other way, of an outstation with that common address.
///
/// # Errors
/// Everything that is wrong with them.
pub fn check(points: &[Point], ca: u16) -> Result<(), PointsError> {
    let faults: Vec<Fault> = findings(points, ca)
        .into_iter()
        .map(|finding| Fault { line: None, message: finding.message })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(PointsError { faults }) }
}

fn read_node(node: Node) -> Result<Vec<Point>, PointsError> {
    let mut faults = Vec::new();
    let (points, lines) = read::points(node, &mut faults);
    // Points that could not be read are not there, so that whoever names them would be blamed.
    if faults.is_empty() {
        // The common address of the outstation is not known here; no point has 0 as its own.
        let found = findings(&points, 0).into_iter();
        faults.extend(found.map(|Finding { point, key, message }| {
            let line = lines.get(point).and_then(|lines| lines.of(key));
            Fault { line, message }
        }));
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.line);
        return Err(PointsError { faults });
    }
    Ok(points)
}
