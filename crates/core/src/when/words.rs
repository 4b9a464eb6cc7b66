//! Knows the words of the language.

use jiff::civil::Weekday;

use super::parts::Unit;

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Now,
    /// A named hour of the day.
    Hour(i64),
    Today,
    Tomorrow,
    Weekday(Weekday),
    Month(i8),
    Unit(Unit),
    Next,
    In,
    At,
    On,
    Am,
    Pm,
    Ago,
    /// `Z` of RFC 3339.
    Zulu,
    /// The zone that at(1) knows by name.
    Utc,
}

/// Every word, in lower case.
pub(super) static WORDS: &[(&str, Word)] = &[
    ("now", Word::Now),
    ("noon", Word::Hour(12)),
    ("midnight", Word::Hour(0)),
    ("teatime", Word::Hour(16)),
    ("today", Word::Today),
    ("tomorrow", Word::Tomorrow),
    ("next", Word::Next),
    ("in", Word::In),
    ("at", Word::At),
    ("on", Word::On),
    ("am", Word::Am),
    ("pm", Word::Pm),
    ("ago", Word::Ago),
    ("z", Word::Zulu),
    ("utc", Word::Utc),
    ("second", Word::Unit(Unit::Second)),
    ("seconds", Word::Unit(Unit::Second)),
    ("sec", Word::Unit(Unit::Second)),
    ("secs", Word::Unit(Unit::Second)),
    ("minute", Word::Unit(Unit::Minute)),
    ("minutes", Word::Unit(Unit::Minute)),
    ("min", Word::Unit(Unit::Minute)),
    ("mins", Word::Unit(Unit::Minute)),
    ("hour", Word::Unit(Unit::Hour)),
    ("hours", Word::Unit(Unit::Hour)),
    ("hr", Word::Unit(Unit::Hour)),
    ("hrs", Word::Unit(Unit::Hour)),
    ("day", Word::Unit(Unit::Day)),
    ("days", Word::Unit(Unit::Day)),
    ("week", Word::Unit(Unit::Week)),
    ("weeks", Word::Unit(Unit::Week)),
    ("month", Word::Unit(Unit::Month)),
    ("months", Word::Unit(Unit::Month)),
    ("year", Word::Unit(Unit::Year)),
    ("years", Word::Unit(Unit::Year)),
    ("monday", Word::Weekday(Weekday::Monday)),
    ("mon", Word::Weekday(Weekday::Monday)),
    ("tuesday", Word::Weekday(Weekday::Tuesday)),
    ("tues", Word::Weekday(Weekday::Tuesday)),
    ("tue", Word::Weekday(Weekday::Tuesday)),
    ("wednesday", Word::Weekday(Weekday::Wednesday)),
    ("weds", Word::Weekday(Weekday::Wednesday)),
    ("wed", Word::Weekday(Weekday::Wednesday)),
    ("thursday", Word::Weekday(Weekday::Thursday)),
    ("thurs", Word::Weekday(Weekday::Thursday)),
    ("thur", Word::Weekday(Weekday::Thursday)),
    ("thu", Word::Weekday(Weekday::Thursday)),
    ("friday", Word::Weekday(Weekday::Friday)),
    ("fri", Word::Weekday(Weekday::Friday)),
    ("saturday", Word::Weekday(Weekday::Saturday)),
    ("sat", Word::Weekday(Weekday::Saturday)),
    ("sunday", Word::Weekday(Weekday::Sunday)),
    ("sun", Word::Weekday(Weekday::Sunday)),
    ("january", Word::Month(1)),
    ("jan", Word::Month(1)),
    ("february", Word::Month(2)),
    ("feb", Word::Month(2)),
    ("march", Word::Month(3)),
    ("mar", Word::Month(3)),
    ("april", Word::Month(4)),
    ("apr", Word::Month(4)),
    ("may", Word::Month(5)),
    ("june", Word::Month(6)),
    ("jun", Word::Month(6)),
    ("july", Word::Month(7)),
    ("jul", Word::Month(7)),
    ("august", Word::Month(8)),
    ("aug", Word::Month(8)),
    ("september", Word::Month(9)),
    ("sept", Word::Month(9)),
    ("sep", Word::Month(9)),
    ("october", Word::Month(10)),
    ("oct", Word::Month(10)),
    ("november", Word::Month(11)),
    ("nov", Word::Month(11)),
    ("december", Word::Month(12)),
    ("dec", Word::Month(12)),
];

/// What the word means, in whatever case it is written.
pub(super) fn lookup(word: &str) -> Option<Word> {
    WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
}

/// The month's name, for messages.
pub(super) fn month_name(month: i8) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    usize::try_from(month)
        .ok()
        .and_then(|month| NAMES.get(month.checked_sub(1)?))
        .copied()
        .unwrap_or("this month")
}
