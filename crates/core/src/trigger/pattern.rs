//! Dates and times of day that match, as bit sets: what cron, daily, weekly and monthly triggers
//! come down to.

use super::reading::{DAY, Date, LAST_YEAR, SECOND, month_length, small, weekday};

/// Every day of a month: bits 1 to 31.
pub(super) const ANY_DAY: u32 = 0xFFFF_FFFE;
/// Every month: bits 1 to 12.
pub(super) const ANY_MONTH: u32 = 0x1FFE;
/// Every day of the week: bits 0 (Sunday) to 6.
pub(super) const ANY_WEEKDAY: u32 = 0x7F;

/// The readings of a clock that match: these times on these days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) days: Days,
    pub(super) times: Times,
}

impl Pattern {
    /// The first reading that matches, at or after `from`.
    pub(super) fn first_from(&self, from: i64) -> Option<i64> {
        let (day, of_day) = (from.div_euclid(DAY), from.rem_euclid(DAY));
        let date = Date::of_day(day);
        let mut in_month = self.days.in_month(date.year, date.month) & (u32::MAX << date.day);
        if in_month & (1 << date.day) != 0 {
            if let Some(time) = self.times.first_from(of_day) {
                return Some(day * DAY + time);
            }
            in_month &= !(1 << date.day);
        }
        let first = if in_month != 0 {
            Date { day: in_month.trailing_zeros(), ..date }
        } else {
            self.days.after_month(date.year, date.month)?
        };
        Some(first.to_day() * DAY + self.times.first_from(0)?)
    }
}

/// The days that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    /// Bits 1 to 12.
    pub(super) months: u32,
    pub(super) month_days: MonthDays,
    pub(super) weekdays: Weekdays,
    /// Whether a day must be in both sets, or one is enough.
    pub(super) both: bool,
}

/// Days of a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MonthDays {
    /// Bits 1 to 31.
    pub(super) plain: u32,
    /// Bit n: n days before the last one.
    pub(super) before_last: u32,
    /// Bit n: the day from Monday to Friday that is nearest to the nth, in the same month.
    pub(super) nearest: u32,
    /// The last day from Monday to Friday.
    pub(super) last_working: bool,
}

/// Days of a week; in each set, bit 0 is Sunday.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Weekdays {
    pub(super) plain: u32,
    /// The first, second … fifth such day of a month.
    pub(super) nth: [u32; 5],
    /// The last such day of a month.
    pub(super) last: u32,
}

impl Default for Days {
    /// Every day.
    fn default() -> Self {
        Self {
            months: ANY_MONTH,
            month_days: MonthDays { plain: ANY_DAY, ..MonthDays::default() },
            weekdays: Weekdays { plain: ANY_WEEKDAY, ..Weekdays::default() },
            both: true,
        }
    }
}

impl Days {
    /// Whether there is such a day at all; the calendar repeats itself after 400 years.
    pub(super) fn exist(&self) -> bool {
        self.after_month(1999, 12).is_some_and(|date| date.year < 2400)
    }

    /// The days of one month that match, bits 1 to 31.
    pub(super) fn in_month(&self, year: i64, month: u32) -> u32 {
        if self.months & (1 << month) == 0 {
            return 0;
        }
        let length = month_length(year, month);
        let first = weekday(Date { year, month, day: 1 }.to_day());
        let by_date = self.month_days.in_month(length, first);
        let by_week = self.weekdays.in_month(length, first);
        if self.both { by_date & by_week } else { by_date | by_week }
    }

    /// The first day that matches in the months after this one.
    fn after_month(&self, year: i64, month: u32) -> Option<Date> {
        let mut months = self.months & (u32::MAX << month) & !(1 << month);
        let mut year = year;
        loop {
            while months != 0 {
                let month = months.trailing_zeros();
                let days = self.in_month(year, month);
                if days != 0 {
                    return Some(Date { year, month, day: days.trailing_zeros() });
                }
                months &= months - 1;
            }
            year += 1;
            if year > LAST_YEAR {
                return None;
            }
            months = self.months;
        }
    }
}

/// Bits 1 to `length`.
fn all(length: u32) -> u32 {
    ANY_DAY & (u32::MAX >> (31 - length))
}

impl MonthDays {
    fn in_month(&self, length: u32, first: u32) -> u32 {
        let mut days = self.plain;
        for before in bits(self.before_last) {
            days |= 1 << length.saturating_sub(before);
        }
        let mut near = self.nearest & all(length);
        if self.last_working {
            near |= 1 << length;
        }
        for day in bits(near) {
            days |= 1 << nearest_working(day, length, first);
        }
        days & all(length)
    }
}

/// The day from Monday to Friday nearest to `day`, in the month that begins with `first`.
fn nearest_working(day: u32, length: u32, first: u32) -> u32 {
    match (first + day - 1) % 7 {
        6 if day > 1 => day - 1,
        6 => day + 2,
        0 if day < length => day + 1,
        0 => day - 2,
        _ => day,
    }
}

impl Weekdays {
    fn in_month(&self, length: u32, first: u32) -> u32 {
        let mut days = spread(self.plain, first);
        for (before, set) in (0..).zip(self.nth) {
            days |= spread(set, first) & (0xFE << (7 * before));
        }
        if self.last != 0 {
            days |= spread(self.last, first) & !all(length - 7);
        }
        days & all(length)
    }
}

/// A set of weekdays as bits 1 to 31 of a month that begins with weekday `first`.
fn spread(set: u32, first: u32) -> u32 {
    let week = u64::from(((set >> first) | (set << (7 - first))) & ANY_WEEKDAY);
    let month = (week * 0x1020_4081) << 1;
    u32::try_from(month & u64::from(ANY_DAY)).unwrap_or(0)
}

/// The times of day that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// One, in microseconds since midnight.
    At(i64),
    /// Every combination of these.
    Fields { seconds: u64, minutes: u64, hours: u64 },
}

impl Times {
    /// The first at or after `from`, in microseconds since midnight.
    pub(super) fn first_from(&self, from: i64) -> Option<i64> {
        match self {
            Self::At(time) => (*time >= from).then_some(*time),
            Self::Fields { seconds, minutes, hours } => {
                let second = (from + SECOND - 1) / SECOND;
                if second >= 86_400 {
                    return None;
                }
                let time = [second / 3600, second / 60 % 60, second % 60].map(small);
                let [hour, minute, second] = first_of([*hours, *minutes, *seconds], time)?;
                let minute = i64::from(hour) * 60 + i64::from(minute);
                Some((minute * 60 + i64::from(second)) * SECOND)
            }
        }
    }

    /// How many there are in a day.
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::At(_) => 1,
            Self::Fields { seconds, minutes, hours } => {
                seconds.count_ones() * minutes.count_ones() * hours.count_ones()
            }
        }
    }
}

/// The first hour, minute and second in the sets that is not before `from`.
fn first_of([hours, minutes, seconds]: [u64; 3], from: [u32; 3]) -> Option<[u32; 3]> {
    let [hour, minute, second] = from;
    let (first_minute, first_second) = (minutes.trailing_zeros(), seconds.trailing_zeros());
    if hours & (1 << hour) != 0 {
        if minutes & (1 << minute) != 0
            && let Some(second) = at_least(seconds, second)
        {
            return Some([hour, minute, second]);
        }
        if let Some(minute) = at_least(minutes, minute + 1) {
            return Some([hour, minute, first_second]);
        }
    }
    at_least(hours, hour + 1).map(|hour| [hour, first_minute, first_second])
}

/// The lowest member that is at least `least` (below 64).
fn at_least(set: u64, least: u32) -> Option<u32> {
    let rest = set & (u64::MAX << least);
    (rest != 0).then(|| rest.trailing_zeros())
}

/// The members of a set, in order.
pub(super) fn bits(set: u32) -> impl Iterator<Item = u32> {
    (0..32).filter(move |bit| set & (1 << bit) != 0)
}
