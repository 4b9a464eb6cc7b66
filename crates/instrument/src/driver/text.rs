//! Program messages as texts: their units, whether they ask, whether they write to memory for good.

/// What writes to non-volatile memory, or may. Roots of trees (SCPI-1999: CALibration, MEMory,
/// MMEMory; SAVE of oscilloscopes) in long form, their short form in capitals.
const TREES: [&str; 4] = ["CALibration", "MEMory", "MMEMory", "SAVE"];

/// Common commands that do so (IEEE 488.2 clause 10).
const STARRED: [&str; 5] = ["*SAV", "*PSC", "*PUD", "*DDT", "*CAL"];

/// Whether a program message is a query: a header of one of its units ends in `?`.
#[must_use]
pub fn is_query(message: &str) -> bool {
    units(message).iter().any(|unit| header(unit).ends_with('?'))
}

/// Whether a message of a driver looks like a question: it has a `?` outside quotes. Some instruments
/// put it after a space (`LOOP 1:SETPT?`), where it is of no header.
pub(super) fn has_question(message: &str) -> bool {
    let mut quote = None;
    message.chars().any(|letter| {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        quote.is_none() && letter == '?'
    })
}

/// Whether a program message writes to non-volatile memory, as far as its headers tell: `*SAV`, `*PSC`,
/// `*PUD`, `*DDT`, calibration, memory and mass memory, in short and long forms, any case. In doubt, yes.
#[must_use]
pub fn is_non_volatile_text(message: &str) -> bool {
    non_volatile_units(message) > 0
}

/// How many units of a program message write to non-volatile memory.
pub(super) fn non_volatile_units(message: &str) -> u32 {
    let mut path = String::new();
    let writing = units(message).into_iter().filter(|unit| {
        let header = header(unit).to_ascii_uppercase();
        let (header, asks) = match header.strip_suffix('?') {
            Some(header) => (header, true),
            None => (header.as_str(), false),
        };
        if header.starts_with('*') {
            // *CAL? calibrates (clause 10.2); the other queries only read.
            // Some instruments take *SAV1 for *SAV 1.
            let is_starred = STARRED.iter().any(|starred| header.starts_with(starred));
            return (!asks && is_starred) || header == "*CAL";
        }
        let writes = |full: &str| is_writing(full, asks);
        // A header without a colon goes on where the one before it stood (SCPI-1999 clause 6.2.4);
        // not all instruments do that, so it is looked at both ways.
        let full = match header.strip_prefix(':') {
            Some(absolute) => absolute.to_owned(),
            None if path.is_empty() => header.to_owned(),
            None => format!("{path}:{header}"),
        };
        let found = writes(&full) || writes(header.trim_start_matches(':'));
        path = full.rsplit_once(':').map(|(path, _)| path.to_owned()).unwrap_or_default();
        found
    });
    u32::try_from(writing.count()).unwrap_or(u32::MAX)
}

/// Whether a full header, in capitals, is of a tree that writes.
fn is_writing(header: &str, asks: bool) -> bool {
    let mut nodes = header.split(':').map(|node| node.trim_end_matches(|c: char| c.is_numeric()));
    let root = nodes.next().unwrap_or_default();
    let Some(tree) = TREES.iter().find(|tree| is_form(root, tree)) else { return false };
    if !asks {
        return true;
    }
    // CAL? and CAL:ALL? calibrate, they do not only read.
    *tree == "CALibration" && nodes.all(|node| node == "ALL")
}

/// Whether a node is a name's short form, its long form, or anything between.
fn is_form(node: &str, name: &str) -> bool {
    let short = name.chars().filter(char::is_ascii_uppercase).count();
    node.len() >= short && name.to_ascii_uppercase().starts_with(node)
}

/// The header of a program message unit.
fn header(unit: &str) -> &str {
    let unit = unit.trim();
    unit.split([' ', '\t', ',', '(', '"', '\'']).next().unwrap_or_default()
}

/// The program message units. Where a quote is not closed, or a block may hide one, every `;` counts.
fn units(message: &str) -> Vec<&str> {
    let mut quote = None;
    let mut cuts = Vec::new();
    for (at, letter) in message.char_indices() {
        match (quote, letter) {
            (None, ';') => cuts.push(at),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    if quote.is_some() || message.contains('#') {
        return message.split(';').collect();
    }
    let mut units = Vec::new();
    let mut start = 0_usize;
    for cut in cuts {
        units.extend(message.get(start..cut));
        start = cut.saturating_add(1);
    }
    units.extend(message.get(start..));
    units
}

#[cfg(test)]
mod tests {
    use super::{is_non_volatile_text, is_query, units};

    #[test]
    fn units_are_cut_outside_quotes_only() {
        assert_eq!(units("VOLT 5;CURR 1"), ["VOLT 5", "CURR 1"]);
        assert_eq!(units("DISP:TEXT \"a;b\"\"\";*SAV 1"), ["DISP:TEXT \"a;b\"\"\"", "*SAV 1"]);
        assert_eq!(units("X #12;\";*SAV 1"), ["X #12", "\"", "*SAV 1"]);
        assert_eq!(units("X \"open;*SAV 1"), ["X \"open", "*SAV 1"]);
    }

    #[test]
    fn queries_are_told_by_their_headers() {
        for asks in ["*IDN?", "VOLT 5;CURR?", "MEAS:VOLT? (@1)", ":WAV:DATA?", "  curr? MAX"] {
            assert!(is_query(asks), "{asks}");
        }
        for tells in ["VOLT 5", "DISP:TEXT \"why?\"", "DISP:TEXT 'a;b?'", "*RST"] {
            assert!(!is_query(tells), "{tells}");
        }
    }

    #[test]
    fn writes_for_good_are_recognised_in_all_their_forms() {
        for writes in [
            "*SAV 1",
            "*sav 1",
            "*SAV1",
            "VOLT 5;*psc0",
            "VOLT 5;*SAV 3",
            "*PSC 0",
            "*PUD #13abc",
            "*DDT #0TRIG",
            "CAL:STR \"x\"",
            ":calibration:volt 5",
            "CALI:DATE 1",
            "CAL?",
            "CAL:ALL?",
            "*CAL?",
            "MEM:STAT:NAME 1,\"x\"",
            "MEMORY:STATE:DELETE 1",
            "mem:nst?;stat:del 1",
            "MEM1:STAT 1",
            "MMEM:STOR:STAT 1,\"a\"",
            ":SAVE:SET 'a'",
            "  :MEM:STAT:REC:AUTO OFF",
        ] {
            assert!(is_non_volatile_text(writes), "{writes}");
        }
        for reads in [
            "*IDN?",
            "*PSC?",
            "*RCL 1",
            "CAL:STR?",
            "MEM:STAT:CAT?",
            "VOLT 5",
            "DISP:TEXT \";*SAV 1\"",
            "SOUR:CAL 1",
            "*RST",
            "MEAS:CURR?",
        ] {
            assert!(!is_non_volatile_text(reads), "{reads}");
        }
    }
}
