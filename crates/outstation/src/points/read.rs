//! Points from nodes: which keys there are, and of which type each is.

use std::collections::HashMap;

use serde_json::{Number, Value};
use station_core::model::{Point, PointCommand, Termination};
use station_core::near::{hint, list, shown};

use super::Fault;
use super::check::MOST_FINDINGS;
use super::tree::{Node, Tree};

/// The keys of a point.
pub(super) const KEYS: [&str; 7] = ["name", "ioa", "type", "ca", "description", "unit", "command"];

/// The keys of its table `command`.
pub(super) const COMMAND_KEYS: [&str; 10] = [
    "feedback",
    "select",
    "qualifier",
    "range",
    "termination",
    "per_hour",
    "may",
    "hours",
    "approval",
    "interlock",
];

/// The lines of a point, and of the values of its keys.
#[derive(Clone, Debug, Default)]
pub(super) struct PointLines {
    point: Option<u32>,
    keys: HashMap<&'static str, u32>,
}

impl PointLines {
    /// The line of a key, or of the point where the key is missing.
    pub(super) fn of(&self, key: &str) -> Option<u32> {
        self.keys.get(key).copied().or(self.point)
    }
}

/// Reads all points that can be read, and says what is wrong with the others.
pub(super) fn points(node: Node, faults: &mut Vec<Fault>) -> (Vec<Point>, Vec<PointLines>) {
    let list = match node.tree {
        Tree::List(list) => list,
        Tree::Table(entries) => list_of(entries, faults),
        Tree::Leaf(_) | Tree::Odd(_) => {
            faults.push(Fault {
                line: node.line,
                message: format!("a list of points belongs here, not {}", node.shown()),
            });
            Vec::new()
        }
    };
    let numbered = list.into_iter().zip(1_usize..);
    let mut read = (Vec::new(), Vec::new());
    for (node, number) in numbered {
        let (points, lines) = &mut read;
        if let Some((point, its_lines)) = point(node, number, faults) {
            points.push(point);
            lines.push(its_lines);
        }
        if faults.len() >= MOST_FINDINGS {
            break;
        }
    }
    read
}

/// The list in a table that has nothing else: `[[point]]` reads well in TOML, `"points": […]` in JSON.
fn list_of(entries: Vec<(String, Node)>, faults: &mut Vec<Fault>) -> Vec<Node> {
    let mut found = Vec::new();
    for (key, node) in entries {
        let is_known = key == "point" || key == "points";
        match node {
            Node { tree: Tree::List(list), .. } if is_known => found.extend(list),
            _ if faults.len() >= MOST_FINDINGS => break,
            node => faults.push(Fault {
                line: node.line,
                message: if is_known {
                    format!("each point is a table [[point]]; '{key}' is {}", node.shown())
                } else {
                    let near = hint(&key, ["point"].into_iter());
                    format!("'{}' is not known here{near}; there are tables [[point]]", shown(&key))
                },
            }),
        }
    }
    found
}

fn point(node: Node, number: usize, faults: &mut Vec<Fault>) -> Option<(Point, PointLines)> {
    let before = faults.len();
    let mut lines = PointLines { point: node.line, keys: HashMap::new() };
    let mut row = Row::of(node, format!("point {number}"), faults)?;
    let name = row.get("name", "a text, for example 'breaker-7'", &mut lines, faults, text);
    if let Some(name) = &name {
        row.place = format!("point '{}'", shown(name));
    }
    let ioa = row.get("ioa", IOA, &mut lines, faults, number_of);
    let kind = row.get("type", "a type such as 'M_SP_NA_1'", &mut lines, faults, text);
    let ca = row.get("ca", CA, &mut lines, faults, number_of);
    let description = row.get("description", "a text", &mut lines, faults, text);
    let unit = row.get("unit", "a text", &mut lines, faults, text);
    let wanted = "a table [point.command]";
    let command = row.get("command", wanted, &mut lines, faults, |node| {
        matches!(node.tree, Tree::Table(_)).then(|| node.clone())
    });
    let command = command.and_then(|node| {
        let row = Row::of(node, row.place.clone(), faults)?;
        Some(self::command(row, &mut lines, faults))
    });
    for (key, example) in [("name", "'breaker-7'"), ("ioa", "4007"), ("type", "'M_SP_NA_1'")] {
        if !row.had.contains(&key) {
            let why = format!("'{key}' is missing, for example {key} = {example}");
            row.refuse(lines.point, &why, faults);
        }
    }
    row.end(&KEYS, faults);
    if faults.len() > before {
        return None;
    }
    let description = description.unwrap_or_default();
    Some((Point { name: name?, ioa: ioa?, kind: kind?, ca, description, unit, command }, lines))
}

fn command(mut row: Row, lines: &mut PointLines, faults: &mut Vec<Fault>) -> PointCommand {
    let wanted = "the name of a point";
    let feedback = row.get("feedback", wanted, lines, faults, text);
    let select = row.get("select", "true or false", lines, faults, flag);
    let qualifier = row.get("qualifier", "a number from 0 to 127", lines, faults, number_of);
    let wanted = "the least and the greatest value, for example [0, 100]";
    let range = row.get("range", wanted, lines, faults, pair);
    let wanted = "'required', 'optional' or 'none'";
    let termination = row.get("termination", wanted, lines, faults, termination);
    let wanted = "a whole number from 1 on";
    let per_hour = row.get("per_hour", wanted, lines, faults, number_of);
    let wanted = "a list such as ['user:anna', 'token:night-shift']";
    let may = row.get("may", wanted, lines, faults, texts);
    let wanted = "a list such as ['Mon-Fri 06:00-22:00']";
    let hours = row.get("hours", wanted, lines, faults, texts);
    let wanted = "a number of seconds, for example 600";
    let approval = row.get("approval", wanted, lines, faults, number_of);
    let wanted = "a text such as 'earth-switch-7 == off'";
    let interlock = row.get("interlock", wanted, lines, faults, text);
    row.end(&COMMAND_KEYS, faults);
    PointCommand {
        feedback,
        select: select.unwrap_or_default(),
        qualifier: qualifier.unwrap_or_default(),
        range,
        termination: termination.unwrap_or_default(),
        per_hour,
        may: may.unwrap_or_default(),
        hours: hours.unwrap_or_default(),
        approval,
        interlock,
    }
}

/// What an address of an object is.
pub(super) const IOA: &str = "a whole number from 1 to 16777215";

/// What a common address is.
pub(super) const CA: &str = "a whole number from 1 to 65534";

/// A table some keys of which are taken already.
struct Row {
    /// What it is, for sentences: `point 'breaker-7'`.
    place: String,
    line: Option<u32>,
    entries: Vec<(String, Node)>,
    /// The keys that were there, right or wrong.
    had: Vec<&'static str>,
}

impl Row {
    fn of(node: Node, place: String, faults: &mut Vec<Fault>) -> Option<Self> {
        let shown = node.shown();
        if let Tree::Table(entries) = node.tree {
            return Some(Self { place, line: node.line, entries, had: Vec::new() });
        }
        faults.push(Fault {
            line: node.line,
            message: format!("{place}: a table belongs here, not {shown}"),
        });
        None
    }

    fn refuse(&self, line: Option<u32>, why: &str, faults: &mut Vec<Fault>) {
        if faults.len() < MOST_FINDINGS {
            let message = format!("{}: {why}", self.place);
            faults.push(Fault { line: line.or(self.line), message });
        }
    }

    /// Takes the value of a key; null is as if the key were not there.
    fn get<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        lines: &mut PointLines,
        faults: &mut Vec<Fault>,
        read: impl Fn(&Node) -> Option<T>,
    ) -> Option<T> {
        let place = self.entries.iter().position(|(name, _)| name == key)?;
        let (_, node) = self.entries.swap_remove(place);
        if matches!(node.tree, Tree::Leaf(Value::Null)) {
            return None;
        }
        self.had.push(key);
        if let Some(line) = node.line {
            lines.keys.insert(key, line);
        }
        let value = read(&node);
        if value.is_none() {
            let why = format!("'{key}' is {wanted}, not {}", node.shown());
            self.refuse(node.line, &why, faults);
        }
        value
    }

    /// Refuses what is left: keys that are not known here.
    fn end(&self, known: &[&str], faults: &mut Vec<Fault>) {
        for (key, node) in &self.entries {
            let near = hint(key, known.iter().copied());
            let there = list(known.iter().copied());
            let why = format!("'{}' is not known here{near}; there are {there}", shown(key));
            self.refuse(node.line, &why, faults);
        }
    }
}

fn text(node: &Node) -> Option<String> {
    match &node.tree {
        Tree::Leaf(Value::String(text)) => Some(text.clone()),
        Tree::Leaf(_) | Tree::Table(_) | Tree::List(_) | Tree::Odd(_) => None,
    }
}

fn number(node: &Node) -> Option<Number> {
    match &node.tree {
        Tree::Leaf(Value::Number(number)) => Some(number.clone()),
        Tree::Leaf(_) | Tree::Table(_) | Tree::List(_) | Tree::Odd(_) => None,
    }
}

fn number_of<T: TryFrom<i64>>(node: &Node) -> Option<T> {
    number(node)?.as_i64().and_then(|number| T::try_from(number).ok())
}

fn flag(node: &Node) -> Option<bool> {
    match node.tree {
        Tree::Leaf(Value::Bool(flag)) => Some(flag),
        Tree::Leaf(_) | Tree::Table(_) | Tree::List(_) | Tree::Odd(_) => None,
    }
}

fn termination(node: &Node) -> Option<Termination> {
    match text(node)?.as_str() {
        "required" => Some(Termination::Required),
        "optional" => Some(Termination::Optional),
        "none" => Some(Termination::None),
        _ => None,
    }
}

fn nodes(node: &Node) -> Option<&[Node]> {
    match &node.tree {
        Tree::List(list) => Some(list),
        Tree::Leaf(_) | Tree::Table(_) | Tree::Odd(_) => None,
    }
}

fn texts(node: &Node) -> Option<Vec<String>> {
    nodes(node)?.iter().map(text).collect()
}

fn pair(node: &Node) -> Option<[Number; 2]> {
    let [least, most] = nodes(node)? else { return None };
    Some([number(least)?, number(most)?])
}
