//! Equal outputs under one header: `--gather`.
//!
//! While the commands run, only a digest of each node's output is kept; the station has stored the
//! output itself, and one of each kind is read from it at the end.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use station_core::model::fold;

use super::super::error::{CliError, ExitKind};
use super::super::follow::{Watcher, follow};
use super::super::piece::Piece;
use super::super::world::Screen;
use super::super::{Cx, api, plain};
use super::lines::Lines;
use super::paint::Paint;
use super::roll::{Entry, Roll};
use crate::client::{Event, Flow, Station, encode};

/// The line above and below a header.
const RULE: &str = "---------------";

/// What each execution has put out so far, in brief.
#[derive(Debug, Default)]
pub(super) struct Digests {
    streams: BTreeMap<(String, String), Sha256>,
}

/// Nodes whose output and end are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The header: the nodes, how many, and why they failed.
    header: String,
    /// The execution whose output stands for all of them; none when there was no output.
    execution: Option<String>,
}

/// What makes nodes equal.
type Key<'a> = (bool, Option<&'a str>, u64, Option<Vec<u8>>, Option<Vec<u8>>);

impl Digests {
    /// Takes a piece of output.
    pub(super) fn push(&mut self, execution: &str, stream: &str, bytes: &[u8]) {
        let key = (execution.to_owned(), stream.to_owned());
        self.streams.entry(key).or_default().update(bytes);
    }

    fn of(&self, execution: &str, stream: &str) -> Option<Vec<u8>> {
        let digest = self.streams.get(&(execution.to_owned(), stream.to_owned()))?;
        Some(digest.clone().finalize().to_vec())
    }

    /// Every node in one group: first those that did what was asked, each kind in the order of its
    /// first node.
    pub(super) fn groups(&self, roll: &Roll) -> Vec<Group> {
        let mut groups: Vec<(Key<'_>, Vec<(&str, &Entry)>)> = Vec::new();
        let mut places: BTreeMap<Key<'_>, usize> = BTreeMap::new();
        let mut entries: Vec<_> = roll.entries().collect();
        entries.sort_by_key(|(id, entry)| (!entry.is_good(), number(id)));
        for (id, entry) in entries {
            let key: Key<'_> = (
                entry.is_good(),
                entry.reason.as_deref(),
                entry.dropped,
                self.of(id, "stdout"),
                self.of(id, "stderr"),
            );
            let place = *places.entry(key.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, nodes)) => nodes.push((id, entry)),
                None => groups.push((key, vec![(id, entry)])),
            }
        }
        groups.into_iter().map(|(key, nodes)| group(&key, &nodes)).collect()
    }
}

fn group((_, reason, _, out, err): &Key<'_>, nodes: &[(&str, &Entry)]) -> Group {
    let names = plain(&fold(nodes.iter().map(|(_, entry)| entry.node.as_str())));
    let mut header = format!("{names} ({})", nodes.len());
    if let Some(reason) = reason {
        header.push_str(&format!(": {reason}"));
    }
    let first = nodes.first().filter(|_| out.is_some() || err.is_some());
    Group { header, execution: first.map(|(id, _)| (*id).to_owned()) }
}

/// The number of an execution within its job.
fn number(id: &str) -> u64 {
    id.rsplit('.').next().and_then(|n| n.parse().ok()).unwrap_or(u64::MAX)
}

/// Prints the groups, each with the output of one of its nodes, read from the station.
pub(crate) fn print(
    groups: &[Group],
    station: &mut Station,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let paint = Paint::of(&cx.world.screen);
    for group in groups {
        cx.world.screen.line(&format!("{RULE}\n{}\n{RULE}", group.header))?;
        let Some(id) = &group.execution else { continue };
        let path = format!("/api/scheduler/executions/{}/output?follow=false", encode(id));
        let mut stored = Stored { paint, lines: Lines::default(), ended: false };
        follow(cx, station, &path, &mut stored)?;
    }
    cx.world.screen.flush()
}

/// Prints the stored output of an execution, in whole lines, without its node's name.
#[derive(Debug)]
struct Stored {
    paint: Paint,
    lines: Lines,
    ended: bool,
}

impl Watcher for Stored {
    fn event(&mut self, event: &Event, screen: &mut Screen<'_>) -> Result<Flow, CliError> {
        let (paint, mut out) = (self.paint, Vec::new());
        match event.name.as_str() {
            "output" => {
                let piece = Piece::of(&event.data);
                if piece.stream == "station" {
                    // It was told when it came.
                    return Ok(Flow::Continue);
                }
                let to_err = piece.stream == "stderr";
                let line = |line: &[u8]| paint.bare(to_err, line, &mut out);
                self.lines.push("", piece.stream, &piece.bytes, line);
                put(to_err, &out, screen)?;
                Ok(Flow::Continue)
            }
            "end" => {
                for (_, stream, line) in self.lines.finish_all() {
                    let to_err = stream == "stderr";
                    paint.bare(to_err, &line, &mut out);
                    put(to_err, &out, screen)?;
                    out.clear();
                }
                self.ended = true;
                Ok(Flow::Stop)
            }
            "error" => Err(CliError::new(ExitKind::Station, api::text(&event.data, "detail"))),
            _ => Ok(Flow::Continue),
        }
    }

    fn has_ended(&self) -> bool {
        self.ended
    }

    fn start_anew(&mut self) {}

    fn interrupted(&mut self, _screen: &mut Screen<'_>) {}

    fn interruption(&mut self, label: &str, _screen: &mut Screen<'_>) -> String {
        format!("interrupted: {label}")
    }

    fn verdict(&mut self, _screen: &mut Screen<'_>) -> Result<(), CliError> {
        Ok(())
    }
}

fn put(to_err: bool, out: &[u8], screen: &mut Screen<'_>) -> Result<(), CliError> {
    if !to_err {
        return screen.bytes(out);
    }
    if !out.is_empty() {
        screen.err_bytes(out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_node_stands_in_one_group() {
        let mut roll = Roll::default();
        let mut digests = Digests::default();
        for n in 1..=12 {
            let (status, error) = match n {
                7 => ("failed", json!("exited with status 2")),
                9 | 10 => ("failed", json!("unreachable: refused")),
                _ => ("completed", json!(null)),
            };
            let id = format!("7.{n}");
            let node = format!("rack{n}");
            roll.note(&json!({"execution_id": id, "node": node, "status": status, "error": error}));
            match n {
                9 | 10 | 12 => {}
                4 => digests.push(&id, "stdout", b"other\n"),
                // However it is cut into pieces.
                5 => {
                    digests.push(&id, "stdout", b"sa");
                    digests.push(&id, "stdout", b"me\n");
                }
                6 => {
                    digests.push(&id, "stdout", b"same\n");
                    digests.push(&id, "stderr", b"warning\n");
                }
                _ => digests.push(&id, "stdout", b"same\n"),
            }
        }
        let groups = digests.groups(&roll);
        let seen: Vec<_> =
            groups.iter().map(|g| (g.header.as_str(), g.execution.as_deref())).collect();
        let expected = [
            ("rack[1-3,5,8,11] (6)", Some("7.1")),
            ("rack4 (1)", Some("7.4")),
            ("rack6 (1)", Some("7.6")),
            ("rack12 (1)", None),
            ("rack7 (1): exited with status 2", Some("7.7")),
            ("rack[9-10] (2): unreachable: refused", None),
        ];
        assert_eq!(seen, expected);
    }
}
