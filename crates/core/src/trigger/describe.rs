//! A schedule in words: "at 09:00 and 17:00, Monday to Friday, in Europe/Berlin".

use super::cron::{MONTHS, WEEKDAYS};
use super::pattern::{
    ANY_DAY, ANY_MONTH, ANY_WEEKDAY, Days, MonthDays, Pattern, Times, Weekdays, bits,
};
use super::reading::{SECOND, of_civil, show, show_time};
use super::{Schedule, Timing};
use crate::model::{ClockRule, Exclusion, GapRule, Micros, OverlapRule, Trigger};
use crate::when::print_duration;

/// So many times of day are listed one by one.
const LISTED_TIMES: u32 = 6;
/// So many exclusions are listed one by one.
const LISTED_SPANS: usize = 3;

impl Schedule {
    /// The schedule in words: when, on what days, in what zone; then its rule for clock changes,
    /// window, exclusions, jitter and number of runs, if it has any.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut words = match &self.timing {
            Timing::Boot => "whenever the machine has been started".to_owned(),
            Timing::Once(at) => format!("once, at {}", self.local(Micros(*at))),
            Timing::Every { first, every } => {
                let every = std::time::Duration::from_micros(u64::try_from(*every).unwrap_or(0));
                let first = self.local(Micros(*first));
                format!("every {}, counted from {first}", print_duration(every))
            }
            Timing::Clock { pattern, .. } => describe_pattern(pattern),
        };
        words.push_str(&format!(", in {}", self.trigger.zone()));
        if let Some(rule) = clock_rule(&self.trigger) {
            words.push_str(&describe_rule(rule));
        }
        let bounds = &self.bounds;
        if let Some(start) = bounds.start {
            words.push_str(&format!(", not before {}", self.local(start)));
        }
        if let Some(end) = bounds.end {
            words.push_str(&format!(", not after {}", self.local(end)));
        }
        words.push_str(&describe_exclusions(&bounds.exclude));
        if !bounds.jitter.is_zero() {
            words.push_str(&format!(", put off by up to {}", print_duration(bounds.jitter)));
        }
        match bounds.max_executions {
            Some(1) => words.push_str(", at most once"),
            Some(count) => words.push_str(&format!(", at most {count} times")),
            None => {}
        }
        words
    }

    /// An instant on the clock of the zone.
    fn local(&self, at: Micros) -> String {
        show(of_civil(self.zone.to_datetime(at.timestamp())))
    }
}

const fn clock_rule(trigger: &Trigger) -> Option<ClockRule> {
    match trigger {
        Trigger::Date(_) | Trigger::Interval(_) | Trigger::Boot(_) => None,
        Trigger::Cron(cron) => Some(cron.clock),
        Trigger::Daily(daily) => Some(daily.clock),
        Trigger::Weekly(weekly) => Some(weekly.clock),
        Trigger::Monthly(monthly) => Some(monthly.clock),
    }
}

fn describe_rule(rule: ClockRule) -> String {
    let gap = match rule.gap {
        None => "",
        Some(GapRule::RunAfter) => ", times that the clocks skip run right after",
        Some(GapRule::Skip) => ", times that the clocks skip are left out",
    };
    let overlap = match rule.overlap {
        None => "",
        Some(OverlapRule::First) => ", times that come twice run the first time",
        Some(OverlapRule::Second) => ", times that come twice run the second time",
        Some(OverlapRule::Both) => ", times that come twice run both times",
    };
    format!("{gap}{overlap}")
}

fn describe_exclusions(exclude: &[Exclusion]) -> String {
    if exclude.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = exclude.iter().take(LISTED_SPANS).map(describe_span).collect();
    match exclude.len().saturating_sub(LISTED_SPANS) {
        0 => format!(", except {}", and(&shown)),
        more => format!(", except {} and {more} more spans", shown.join(", ")),
    }
}

fn describe_span(span: &Exclusion) -> String {
    let whole_days = span.from.time() == midnight() && span.to.time() == midnight();
    match (whole_days, span.to.date().yesterday()) {
        (true, Ok(last)) if last == span.from.date() => last.to_string(),
        (true, Ok(last)) => format!("{} to {last}", span.from.date()),
        (_, _) => format!("{} to {}", show(of_civil(span.from)), show(of_civil(span.to))),
    }
}

const fn midnight() -> jiff::civil::Time {
    jiff::civil::Time::midnight()
}

fn describe_pattern(pattern: &Pattern) -> String {
    format!("{}, {}", describe_times(&pattern.times), describe_days(&pattern.days))
}

fn describe_times(times: &Times) -> String {
    let (seconds, minutes, hours) = match times {
        Times::At(time) => return format!("at {}", show_time(*time)),
        Times::Fields { seconds, minutes, hours } => (*seconds, *minutes, *hours),
    };
    if times.count() <= LISTED_TIMES {
        let mut shown = Vec::new();
        let mut from = 0;
        while let Some(time) = times.first_from(from) {
            shown.push(show_time(time));
            from = time + SECOND;
        }
        return format!("at {}", and(&shown));
    }
    let within = if hours == full(24) {
        String::new()
    } else {
        format!(", in the hours {}", and(&runs(hours, |hour| hour.to_string())))
    };
    let minute = every(minutes, 60, "minute");
    if seconds == 1 {
        return match minute {
            Some(every) => format!("{every}{within}"),
            None if minutes == 1 && within.is_empty() => "every hour".to_owned(),
            None => format!("at {} past{}", listed(minutes, "minute"), hours_words(hours)),
        };
    }
    let second =
        every(seconds, 60, "second").unwrap_or_else(|| format!("at {}", listed(seconds, "second")));
    match minute {
        Some(every) if minutes == full(60) && second.starts_with("at ") => {
            format!("{second} of {every}{within}")
        }
        Some(_) if minutes == full(60) => format!("{second}{within}"),
        Some(_) | None => {
            format!("{second}, in {} of{}", listed(minutes, "minute"), hours_words(hours))
        }
    }
}

fn hours_words(hours: u64) -> String {
    if hours == full(24) { " every hour".to_owned() } else { format!(" {}", listed(hours, "hour")) }
}

/// "every 15 minutes", if the set is the whole range from 0 in such steps.
fn every(set: u64, size: u32, unit: &str) -> Option<String> {
    if set == full(size) {
        return Some(format!("every {unit}"));
    }
    let step = (set & !1).trailing_zeros();
    let regular =
        (0..size).step_by(usize::try_from(step.max(1)).ok()?).fold(0, |set, n| set | 1 << n);
    (set & 1 == 1 && step < size && size.is_multiple_of(step) && set == regular)
        .then(|| format!("every {step} {unit}s"))
}

const fn full(size: u32) -> u64 {
    (1 << size) - 1
}

/// "minute 5", "minutes 0, 5 to 9 and 30", "minutes 1 to 59 in steps of 2".
fn listed(set: u64, unit: &str) -> String {
    let plural = if set.count_ones() == 1 { "" } else { "s" };
    let (first, last) = (set.trailing_zeros(), 63 - set.leading_zeros());
    let step = 1 + (set >> first >> 1).trailing_zeros();
    let steps = (first..=last).step_by(usize::try_from(step).unwrap_or(1));
    if set.count_ones() >= 4 && step > 1 && steps.fold(0, |set, n| set | 1 << n) == set {
        return format!("{unit}s {first} to {last} in steps of {step}");
    }
    format!("{unit}{plural} {}", and(&runs(set, |number| number.to_string())))
}

fn describe_days(days: &Days) -> String {
    let month_days = describe_month_days(&days.month_days);
    let alone = month_days.is_none();
    let weekdays = describe_weekdays(&days.weekdays)
        .map(|names| if alone { and(&names) } else { joined(&names, "or") });
    let either = match (month_days, weekdays) {
        (None, None) => "every day".to_owned(),
        (Some(words), None) | (None, Some(words)) if days.both => words,
        (Some(one), Some(two)) if days.both => format!("{one} if it is {two}"),
        (Some(one), Some(two)) => format!("{one} or {two}"),
        // One of two is enough, and one is every day.
        (Some(_), None) | (None, Some(_)) => "every day".to_owned(),
    };
    if days.months == ANY_MONTH {
        return either;
    }
    let months = runs(u64::from(days.months), |month| name(&MONTHS, month.saturating_sub(1)));
    format!("{either}, in {}", and(&months))
}

fn describe_month_days(days: &MonthDays) -> Option<String> {
    if days.plain == ANY_DAY {
        return None;
    }
    let mut words = Vec::new();
    if days.plain != 0 {
        words.push(format!("on {} of the month", listed(u64::from(days.plain), "day")));
    }
    for day in bits(days.nearest) {
        words.push(format!("on the working day nearest to day {day}"));
    }
    for before in bits(days.before_last) {
        words.push(match before {
            0 => "on the last day of the month".to_owned(),
            1 => "on the day before the last of the month".to_owned(),
            _ => format!("{before} days before the last of the month"),
        });
    }
    if days.last_working {
        words.push("on the last working day of the month".to_owned());
    }
    Some(and(&words))
}

fn describe_weekdays(days: &Weekdays) -> Option<Vec<String>> {
    if days.plain == ANY_WEEKDAY {
        return None;
    }
    let mut words = Vec::new();
    // A run is looked for from Monday on, and Sunday is its end.
    let monday_first = (days.plain >> 1) | ((days.plain & 1) << 6);
    words.extend(runs(u64::from(monday_first), |day| name(&WEEKDAYS, (day + 1) % 7)));
    for (which, set) in ["first", "second", "third", "fourth", "fifth"].iter().zip(days.nth) {
        words.extend(bits(set).map(|day| format!("the {which} {}", name(&WEEKDAYS, day))));
    }
    words.extend(bits(days.last).map(|day| format!("the last {}", name(&WEEKDAYS, day))));
    Some(words)
}

fn name(names: &[&str], at: u32) -> String {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or("?").to_owned()
}

/// The members of a set, three or more in a row as "1 to 5".
fn runs(set: u64, name: impl Fn(u32) -> String) -> Vec<String> {
    let mut words = Vec::new();
    let mut from = 0;
    while from < 63 && set >> from != 0 {
        from += (set >> from).trailing_zeros();
        let length = (set >> from).trailing_ones();
        if length >= 3 {
            words.push(format!("{} to {}", name(from), name(from + length - 1)));
        } else {
            words.extend((from..from + length).map(&name));
        }
        from += length;
    }
    words
}

/// "a, b and c".
pub(super) fn and(words: &[String]) -> String {
    joined(words, "and")
}

fn joined(words: &[String], by: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {by} {last}", first.join(", ")),
    }
}
