//! Finds the command a header names: long and short forms, optional nodes, numeric suffixes
//! (SCPI-1999 volume 1, 6.2).
//!
//! A pattern such as `[:SOURce#]:VOLTage[:LEVel]` is laid out beforehand in all the ways it can be
//! written, so that finding one is a look-up.

use std::collections::HashMap;

use super::complaint::Complaint;

/// Which forms a command has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Command and query.
    Both,
    /// Only the query.
    Query,
    /// Only the command.
    Command,
}

/// The most mnemonics a header may have, and the most numeric suffixes.
const DEPTH: usize = 8;
const SUFFIXES: usize = 3;

/// The headers that are understood.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Every spelling of a mnemonic, in capitals, to the number of its short form.
    words: HashMap<Vec<u8>, u16>,
    ways: HashMap<Vec<u16>, Vec<Way>>,
}

/// One way to write a pattern.
#[derive(Clone, Debug)]
struct Way {
    command: usize,
    access: Access,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    long: Vec<u8>,
    short: Vec<u8>,
    /// Which of the pattern's numeric suffixes may stand here.
    suffix: Option<usize>,
    optional: bool,
}

/// A command that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its place in the list the tree was made of.
    pub(crate) command: usize,
    /// The numeric suffixes of its pattern, `None` where none was written.
    pub(crate) suffixes: [Option<u32>; SUFFIXES],
}

impl Tree {
    /// A tree of these patterns; a command's number is its place.
    pub(crate) fn new<'a>(patterns: impl Iterator<Item = (&'a str, Access)>) -> Self {
        let mut tree = Self::default();
        for (command, (pattern, access)) in patterns.enumerate() {
            let nodes = nodes(pattern);
            let optional = nodes.iter().filter(|node| node.optional).count();
            for choice in 0..1_u32 << optional {
                let mut bit = 0;
                let chosen = nodes.iter().filter(|node| {
                    bit += u32::from(node.optional);
                    !node.optional || choice >> (bit - 1) & 1 == 1
                });
                let nodes: Vec<Node> = chosen.cloned().collect();
                tree.add(Way { command, access, nodes });
            }
        }
        tree
    }

    fn add(&mut self, way: Way) {
        let mut key = Vec::new();
        for node in &way.nodes {
            let next = u16::try_from(self.words.len()).unwrap_or(u16::MAX);
            let number = *self.words.entry(node.short.clone()).or_insert(next);
            self.words.entry(node.long.clone()).or_insert(number);
            key.push(number);
        }
        self.ways.entry(key).or_default().push(way);
    }

    /// The command of a header. `path` is what the units before left as the current path: it is
    /// taken unless the header begins with a colon, and then becomes what this header leaves.
    pub(crate) fn find(
        &self,
        header: &[u8],
        query: bool,
        path: &mut Vec<u8>,
    ) -> Result<Found, Complaint> {
        let (absolute, header) = match header.strip_prefix(b":") {
            Some(rest) => (true, rest),
            None => (false, header),
        };
        if absolute {
            path.clear();
        }
        let full: Vec<u8>;
        let whole = if path.is_empty() {
            header
        } else {
            full = [path, b":".as_slice(), header].concat();
            &full
        };
        let found = self.look_up(whole, query)?;
        let keep = whole.iter().rposition(|byte| *byte == b':').unwrap_or(0);
        let prefix = whole.get(..keep).unwrap_or_default().to_vec();
        *path = prefix;
        Ok(found)
    }

    fn look_up(&self, header: &[u8], query: bool) -> Result<Found, Complaint> {
        let mut key = Vec::with_capacity(DEPTH);
        let mut written: Vec<(Vec<u8>, Option<u32>)> = Vec::with_capacity(DEPTH);
        for mnemonic in header.split(|byte| *byte == b':') {
            if written.len() == DEPTH {
                return Err(Complaint::UNDEFINED_HEADER);
            }
            let digits = mnemonic.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            let (word, number) =
                mnemonic.split_at_checked(mnemonic.len() - digits).unwrap_or((mnemonic, &[]));
            let word = word.to_ascii_uppercase();
            let known = self.words.get(&word).ok_or(Complaint::UNDEFINED_HEADER)?;
            key.push(*known);
            let number = std::str::from_utf8(number).unwrap_or_default();
            written.push((word, (digits > 0).then(|| number.parse().unwrap_or(u32::MAX))));
        }
        let ways = self.ways.get(&key).map_or(&[][..], Vec::as_slice);
        let found = ways.iter().find_map(|way| way.matches(&written, query));
        found.ok_or(Complaint::UNDEFINED_HEADER)
    }
}

impl Way {
    fn matches(&self, written: &[(Vec<u8>, Option<u32>)], query: bool) -> Option<Found> {
        let fits = match self.access {
            Access::Both => true,
            Access::Query => query,
            Access::Command => !query,
        };
        let mut suffixes = [None; SUFFIXES];
        for (node, (word, number)) in self.nodes.iter().zip(written) {
            if *word != node.short && *word != node.long {
                return None;
            }
            match (number, node.suffix) {
                (None, _) => {}
                (Some(_), None) => return None,
                (Some(number), Some(place)) => *suffixes.get_mut(place)? = Some(*number),
            }
        }
        fits.then_some(Found { command: self.command, suffixes })
    }
}

/// The nodes of a pattern such as `[:SOURce#]:VOLTage`.
fn nodes(pattern: &str) -> Vec<Node> {
    let mut suffixes = 0..;
    pattern
        .split_inclusive(']')
        .flat_map(|part| {
            // `[:A]`, `:B:C[:D]` or `:B:C`: what stands before the bracket is required.
            let (required, optional) = part.split_once('[').unwrap_or((part, ""));
            let required = required.split(':').map(|word| (word, false));
            let optional = optional.trim_end_matches(']').split(':').map(|word| (word, true));
            required.chain(optional)
        })
        .filter(|(word, _)| !word.is_empty())
        .map(|(word, optional)| {
            let bare = word.trim_end_matches('#');
            let short: String = bare.chars().filter(|c| !c.is_ascii_lowercase()).collect();
            Node {
                long: bare.to_ascii_uppercase().into_bytes(),
                short: short.into_bytes(),
                suffix: (bare != word).then(|| suffixes.next()).flatten(),
                optional,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let patterns = [
            ("[:SOURce#]:VOLTage[:LEVel][:IMMediate][:AMPLitude]", Access::Both),
            ("[:SOURce#]:VOLTage:PROTection[:LEVel]", Access::Both),
            (":MEASure[:SCALar]:VOLTage[:DC]", Access::Query),
            (":OUTPut#[:STATe]", Access::Both),
            (":STATus:PRESet", Access::Command),
            (":CHANnel#:SCALe", Access::Both),
        ];
        Tree::new(patterns.into_iter())
    }

    fn find(header: &str, path: &str) -> Option<(usize, Option<u32>, String)> {
        let (query, header) = match header.strip_suffix('?') {
            Some(header) => (true, header),
            None => (false, header),
        };
        let mut path = path.as_bytes().to_vec();
        let found = tree().find(header.as_bytes(), query, &mut path).ok()?;
        Some((found.command, found.suffixes[0], String::from_utf8(path).unwrap()))
    }

    #[test]
    fn finds_all_the_ways_to_write_a_header() {
        for header in ["VOLT", "volt:lev", ":Source2:VOLTAGE", "SOUR:VOLT:IMM:AMPL"] {
            assert_eq!(find(header, "").unwrap().0, 0, "{header}");
        }
        assert_eq!(find("SOUR2:VOLT?", "").unwrap().1, Some(2));
        assert_eq!(find("VOLT:PROT?", "").unwrap().0, 1);
        assert_eq!(find("MEAS:VOLT:DC?", "").unwrap().0, 2);
        assert_eq!(find("OUTP12", "").unwrap().1, Some(12));
        for header in ["VOLTA", "VOLT2", "MEAS:VOLT", "STAT:PRES?", "OUTP:STATUS", "VOLT::LEV", ""]
        {
            assert_eq!(find(header, ""), None, "{header}");
        }
    }

    #[test]
    fn follows_the_current_path() {
        assert_eq!(find("SOUR:VOLT", "").unwrap().2, "SOUR");
        assert_eq!(find("VOLT:PROT", "SOUR").unwrap(), (1, None, "SOUR:VOLT".to_owned()));
        assert_eq!(find("PROT", "SOUR:VOLT").unwrap().0, 1);
        assert_eq!(find("OUTP", "SOUR:VOLT"), None);
        assert_eq!(find(":OUTP", "SOUR:VOLT").unwrap(), (3, None, String::new()));
    }
}
