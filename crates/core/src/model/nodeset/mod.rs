//! Node sets: `rack[1-16]`, `@lab`, `@lab!rack3`.
//!
//! ```text
//! set     = term { op term }          from left to right, all operators bind alike
//! op      = "," or    "!" without    "&" only those also in    "^" in one of both, not in both
//! term    = names | "@" names | "@*"   nodes, groups of nodes, all nodes
//! names   = { letters, digits, ".", "_", "-" | "[" range { "," range } "]" }
//! range   = first [ "-" last [ "/" step ] ]       01-16 keeps the zeros
//! ```
//! Blanks between these are allowed and not kept.

mod grammar;
mod names;
mod natural;
mod near;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::{Deserialize, Serialize};

use self::grammar::{Op, Term};
use super::Node;

/// A set of nodes, as its text names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeSet {
    text: String,
}

/// Why a text names no set of nodes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NodeSetError(pub String);

impl NodeSet {
    /// The most names a set may write out.
    pub const MOST: u64 = 100_000;

    /// Reads a set.
    ///
    /// # Errors
    /// When the text is no set; what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, NodeSetError> {
        let terms = grammar::read(text)?;
        let written = terms.iter().map(|(op, term)| format!("{}{term}", op.text()));
        Ok(Self { text: written.collect() })
    }

    /// The text it was read from, without blanks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it stands for, each once; those with numbers in the order of the numbers.
    ///
    /// A name that is not registered is an error also where it is taken away: `@lab!rakc3` is not
    /// to be carried out on `rack3`.
    ///
    /// # Errors
    /// When it names a node or a group that is not there, or nothing at all.
    pub fn expand<H>(
        &self,
        nodes: &BTreeMap<String, (Node, H)>,
    ) -> Result<Vec<String>, NodeSetError> {
        let mut groups: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let terms = grammar::read(&self.text)?;
        // They are gathered once, however many groups are named.
        if terms.iter().any(|(_, term)| matches!(term, Term::Groups(_))) {
            for (name, (node, _)) in nodes {
                for group in &node.groups {
                    groups.entry(group).or_default().insert(name.clone());
                }
            }
        }
        let found = evaluate(&terms, |term| match term {
            Term::All => Ok(nodes.keys().cloned().collect()),
            Term::Nodes(names) => {
                let names = names.expand();
                match names.iter().find(|name| !nodes.contains_key(*name)) {
                    Some(unknown) => Err(not_there("node", unknown, nodes.keys())),
                    None => Ok(names),
                }
            }
            Term::Groups(names) => {
                let mut members = BTreeSet::new();
                for name in names.expand() {
                    match groups.get(name.as_str()) {
                        Some(of) => members.extend(of.iter().cloned()),
                        None => return Err(not_there("group", &name, groups.keys())),
                    }
                }
                Ok(members)
            }
        })?;
        if found.is_empty() {
            return Err(NodeSetError(match nodes.is_empty() {
                true => format!("'{}' names no node: none is registered", self.text),
                false => format!("'{}' names no node", self.text),
            }));
        }
        Ok(found)
    }

    /// The names it writes out, whether they are registered or not, in order and each once;
    /// `None` when it names a group, whose nodes the registry alone knows.
    #[must_use]
    pub fn literal(&self) -> Option<Vec<String>> {
        let terms = grammar::read(&self.text).ok()?;
        evaluate(&terms, |term| match term {
            Term::Nodes(names) => Ok(names.expand()),
            Term::All | Term::Groups(_) => Err(()),
        })
        .ok()
    }
}

/// Joins the terms from left to right.
fn evaluate<E>(
    terms: &[(Op, Term)],
    mut names: impl FnMut(&Term) -> Result<BTreeSet<String>, E>,
) -> Result<Vec<String>, E> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for (op, term) in terms {
        let these = names(term)?;
        all = match op {
            Op::First | Op::Or => {
                all.extend(these);
                all
            }
            Op::Without => all.difference(&these).cloned().collect(),
            Op::And => all.intersection(&these).cloned().collect(),
            Op::Either => all.symmetric_difference(&these).cloned().collect(),
        };
    }
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by(|a, b| natural::order(a, b));
    Ok(all)
}

fn not_there(
    what: &str,
    name: &str,
    known: impl Iterator<Item = impl AsRef<str> + Display>,
) -> NodeSetError {
    let sign = if what == "group" { "@" } else { "" };
    let missing = match what {
        "group" => format!("no node is in group '@{name}'"),
        _ => format!("node '{name}' is not registered"),
    };
    NodeSetError(match near::find(name, known) {
        Some(meant) => format!("{missing}; did you mean '{sign}{meant}'?"),
        None => missing,
    })
}
