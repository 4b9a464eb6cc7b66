//! Splits program messages into their units and tells whether one asks for a reply (IEEE 488.2 7.3).

use super::scan::split;

/// A program message unit: `SOUR:VOLT 5.0`, `*IDN?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// Its header, with the `?` of a query: `SOUR:VOLT`, `*IDN?`.
    pub header: &'a str,
    /// What follows the header and white space; empty when nothing does.
    pub parameters: &'a str,
}

impl<'a> Unit<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim();
        let end = text
            .find(|c: char| c.is_ascii_whitespace() || c == '"' || c == '\'')
            .unwrap_or(text.len());
        let (header, rest) = text.split_at(end);
        // `CURV?"x"` has no space; what stands behind the `?` is a parameter nevertheless.
        let end = header.find('?').map_or(header.len(), |at| at + 1);
        let (header, close) = header.split_at(end);
        let parameters = if close.is_empty() { rest } else { text.split_at(header.len()).1 };
        Self { header, parameters: parameters.trim() }
    }

    /// Whether this unit asks for a reply: its header ends in `?` (IEEE 488.2 7.3.3).
    #[must_use]
    pub fn is_query(&self) -> bool {
        self.header.ends_with('?')
    }
}

/// The units of a message, which `;` separates outside strings and blocks. Empty ones are left out.
pub fn units(message: &str) -> impl Iterator<Item = Unit<'_>> {
    // Separators are ASCII, so every part of a text is text.
    split(message.as_bytes(), b';')
        .into_iter()
        .filter_map(|part| std::str::from_utf8(part).ok())
        .map(Unit::read)
        .filter(|unit| !unit.header.is_empty())
}

/// Whether a message asks for a reply: the header of at least one unit ends in `?`. A `?` in a string,
/// a block or a parameter does not count.
#[must_use]
pub fn is_query(message: &str) -> bool {
    // Most settings have no `?` at all, and then nothing need be split.
    message.contains('?') && units(message).any(|unit| unit.is_query())
}

/// How many units of a message ask for a reply; the one reply has that many parts.
#[must_use]
pub fn queries(message: &str) -> usize {
    units(message).filter(Unit::is_query).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_header_of_a_unit_makes_a_query() {
        for (message, expected) in [
            ("*IDN?", true),
            (" *idn? ", true),
            ("VOLT 5;CURR?", true),
            ("VOLT?;CURR 1", true),
            ("MEAS:VOLT? (@1)", true),
            ("CURV?\"x\"", true),
            ("VOLT 5", false),
            ("DISP:TEXT \"who?\"", false),
            ("DISP:TEXT 'a;*IDN?'", false),
            ("DISP:TEXT \"say \"\"a?;b?\"\" \"", false),
            ("DATA #15;*ID?", false),
            ("DATA #15;*ID?;X?", true),
            ("HELP what?", false),
            ("DISP\"who?\"", false),
            ("", false),
            (";;", false),
        ] {
            assert_eq!(is_query(message), expected, "{message}");
        }
    }

    #[test]
    fn units_are_headers_and_parameters() {
        let read: Vec<_> = units(":SOUR:VOLT  5, 6 ; *OPC?;;DISP \"a;b\"").collect();
        let unit = |header, parameters| Unit { header, parameters };
        let expected = [unit(":SOUR:VOLT", "5, 6"), unit("*OPC?", ""), unit("DISP", "\"a;b\"")];
        assert_eq!(read, expected);
        assert_eq!(queries("*IDN?;VOLT 1;CURR?"), 2);
        assert_eq!(units("CURV?\"x y\"").next(), Some(unit("CURV?", "\"x y\"")));
    }
}
