//! The six fields: what each is called, what numbers and names it takes.

use super::{MONTHS, WEEKDAYS};

/// A field of a cron expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Second,
    Minute,
    Hour,
    MonthDay,
    Month,
    Weekday,
}

impl Field {
    /// As they stand in an expression.
    pub(super) const ALL: [Self; 6] =
        [Self::Second, Self::Minute, Self::Hour, Self::MonthDay, Self::Month, Self::Weekday];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::MonthDay => "day-of-month",
            Self::Month => "month",
            Self::Weekday => "day-of-week",
        }
    }

    /// The least and the greatest number it takes; both 0 and 7 are Sunday.
    pub(super) const fn range(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::MonthDay => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 7),
        }
    }

    /// Its range in words.
    pub(super) fn range_words(self) -> String {
        let (least, most) = self.range();
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::MonthDay => {
                format!("{least} to {most}")
            }
            Self::Month => format!("{least} to {most}, or JAN to DEC"),
            Self::Weekday => format!("{least} to {most} (0 and 7 are Sunday), or SUN to SAT"),
        }
    }

    /// The number of a name of three letters, in any case.
    pub(super) fn named(self, text: &str) -> Option<u32> {
        self.names().find(|(name, _)| name.get(..3).is_some_and(|name| same(name, text))).map(at)
    }

    /// The short form of a name that was written longer.
    pub(super) fn short_name(self, text: &str) -> Option<String> {
        let start = text.get(..3)?;
        let (name, _) = self.names().find(|(name, _)| {
            name.get(..text.len()).is_some_and(|name| same(name, text))
                || (text.len() == 4 && name.get(..3).is_some_and(|name| same(name, start)))
        })?;
        name.get(..3).map(str::to_ascii_uppercase)
    }

    fn names(self) -> impl Iterator<Item = (&'static str, u32)> {
        let (names, first): (&[&str], u32) = match self {
            Self::Month => (&MONTHS, 1),
            Self::Weekday => (&WEEKDAYS, 0),
            Self::Second | Self::Minute | Self::Hour | Self::MonthDay => (&[], 0),
        };
        names.iter().copied().zip(first..)
    }
}

fn at((_, number): (&str, u32)) -> u32 {
    number
}

fn same(one: &str, two: &str) -> bool {
    one.eq_ignore_ascii_case(two)
}
