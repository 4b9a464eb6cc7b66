//! A second, slow implementation: expressions as what they mean, and their firings found by
//! looking at the clock minute by minute, or day by day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use station_core::model::{GapRule, OverlapRule};

/// An item of the day-of-month field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MonthDay {
    Number(i8),
    BeforeLast(i8),
    LastWorking,
    Nearest(i8),
}

/// An item of the day-of-week field; 0 is Sunday.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weekday {
    Number(i8),
    Nth(i8, i8),
    Last(i8),
}

/// What a trigger means.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) times: BTreeSet<Time>,
    pub(crate) months: BTreeSet<i8>,
    pub(crate) month_days: Vec<MonthDay>,
    pub(crate) weekdays: Vec<Weekday>,
    pub(crate) both: bool,
    pub(crate) gap: GapRule,
    pub(crate) overlap: OverlapRule,
}

impl Meaning {
    fn on_day(&self, date: Date) -> bool {
        let by_date = self.month_days.iter().any(|item| month_day(*item, date));
        let by_week = self.weekdays.iter().any(|item| weekday(*item, date));
        self.months.contains(&date.month())
            && if self.both { by_date && by_week } else { by_date || by_week }
    }

    fn at(&self, reading: DateTime) -> bool {
        self.times.contains(&reading.time()) && self.on_day(reading.date())
    }

    /// Every firing in `from..=to`, found by looking at the clock every `step`.
    pub(crate) fn walk(
        &self,
        zone: &TimeZone,
        from: Timestamp,
        to: Timestamp,
        step: SignedDuration,
    ) -> BTreeSet<Timestamp> {
        let margin = SignedDuration::from_hours(27);
        let mut passes: BTreeMap<DateTime, Vec<Timestamp>> = BTreeMap::new();
        let mut fires = BTreeSet::new();
        let mut at = from - margin;
        let mut last = zone.to_datetime(at);
        at += step;
        while at <= to + margin {
            let reading = zone.to_datetime(at);
            if self.at(reading) {
                passes.entry(reading).or_default().push(at);
            }
            let mut skipped = last + step;
            while skipped < reading {
                if self.gap == GapRule::RunAfter && self.at(skipped) {
                    fires.insert(at);
                    break;
                }
                skipped += step;
            }
            last = reading;
            at += step;
        }
        for pass in passes.values() {
            match self.overlap {
                OverlapRule::First => fires.extend(pass.first()),
                OverlapRule::Second => fires.extend(pass.last()),
                OverlapRule::Both => fires.extend(pass),
            }
        }
        fires.into_iter().filter(|at| (from..=to).contains(at)).collect()
    }

    /// Every firing on the days `from..=to`, found by asking what each matching time means.
    pub(crate) fn days(&self, zone: &TimeZone, from: Date, to: Date) -> BTreeSet<Timestamp> {
        let mut fires = BTreeSet::new();
        let mut day = from;
        while day <= to {
            for time in self.times.iter().filter(|_| self.on_day(day)) {
                self.resolve(zone, day.to_datetime(*time), &mut fires);
            }
            day = day.tomorrow().unwrap();
        }
        fires
    }

    fn resolve(&self, zone: &TimeZone, at: DateTime, fires: &mut BTreeSet<Timestamp>) {
        match zone.to_ambiguous_timestamp(at).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                fires.insert(offset.to_timestamp(at).unwrap());
            }
            AmbiguousOffset::Gap { before, after } => {
                if self.gap == GapRule::RunAfter {
                    let mut low = after.to_timestamp(at).unwrap() - SignedDuration::from_secs(1);
                    let mut high = before.to_timestamp(at).unwrap();
                    // The change lies between the two: halve until it is found.
                    while high.duration_since(low) > SignedDuration::from_secs(1) {
                        let middle = low + high.duration_since(low) / 2;
                        let middle = middle.round(jiff::Unit::Second).unwrap();
                        if zone.to_datetime(middle) > at { high = middle } else { low = middle }
                    }
                    fires.insert(high);
                }
            }
            AmbiguousOffset::Fold { before, after } => {
                let (first, second) = (before.to_timestamp(at), after.to_timestamp(at));
                if self.overlap != OverlapRule::Second {
                    fires.insert(first.unwrap());
                }
                if self.overlap != OverlapRule::First {
                    fires.insert(second.unwrap());
                }
            }
        }
    }
}

fn month_day(item: MonthDay, date: Date) -> bool {
    let last = date.last_of_month();
    match item {
        MonthDay::Number(day) => date.day() == day,
        MonthDay::BeforeLast(days) => last.day() - date.day() == days,
        MonthDay::LastWorking => {
            let mut day = last;
            while is_weekend(day) {
                day = day.yesterday().unwrap();
            }
            day == date
        }
        MonthDay::Nearest(day) => {
            let Ok(asked) = Date::new(date.year(), date.month(), day) else { return false };
            let near = [0, -1, 1, -2, 2].map(|days: i32| asked.checked_add(days.days()).unwrap());
            let mut near = near.iter().filter(|day| day.month() == date.month());
            near.find(|day| !is_weekend(**day)) == Some(&date)
        }
    }
}

fn is_weekend(date: Date) -> bool {
    date.weekday().to_monday_zero_offset() >= 5
}

fn weekday(item: Weekday, date: Date) -> bool {
    let is = date.weekday().to_sunday_zero_offset();
    match item {
        Weekday::Number(day) => is == day,
        Weekday::Nth(day, nth) => is == day && (date.day() - 1) / 7 + 1 == nth,
        Weekday::Last(day) => is == day && date.day() + 7 > date.days_in_month(),
    }
}
