//! When a recurring job fires, as the command line says it: an interval, an expression, a day.

use std::time::Duration;

use clap::Args;
use jiff::civil::Time;
use serde_json::{Map, Value, json};
use station_core::model::{
    ClockRule, CronTrigger, DailyTrigger, IntervalTrigger, Micros, MonthlyTrigger, Trigger,
    WeeklyTrigger,
};

use super::create;
use super::when;

/// When a recurring job fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cadence {
    /// Every so often.
    Every(Duration),
    /// When the clock matches.
    Cron {
        /// The expression.
        expression: String,
        /// A field for the seconds stands in front.
        seconds: bool,
    },
    /// Every day.
    Daily(Time),
    /// Every week.
    Weekly(WeekTime),
    /// Every month.
    Monthly(MonthTime),
}

/// A day of the week, 0 is Monday, and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekTime {
    /// The day.
    pub day: u8,
    /// The time.
    pub time: Time,
}

/// A day of the month and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthTime {
    /// The day.
    pub day: u8,
    /// The time.
    pub time: Time,
}

impl Cadence {
    /// Puts it into a request.
    pub(crate) fn insert(&self, body: &mut Map<String, Value>) {
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        let at = |time: &Time| json!(time.to_string());
        match self {
            Self::Every(every) => {
                put("trigger_type", json!("interval"));
                put("interval_seconds", create::seconds(*every));
            }
            Self::Cron { expression, .. } if expression.trim().eq_ignore_ascii_case("@reboot") => {
                put("trigger_type", json!("boot"));
            }
            Self::Cron { expression, seconds } => {
                put("trigger_type", json!("cron"));
                put("cron_expression", json!(expression));
                put("cron_seconds", json!(seconds));
            }
            Self::Daily(time) => {
                put("trigger_type", json!("daily"));
                put("time_of_day", at(time));
            }
            Self::Weekly(WeekTime { day, time }) => {
                put("trigger_type", json!("weekly"));
                put("day_of_week", json!(day));
                put("time_of_day", at(time));
            }
            Self::Monthly(MonthTime { day, time }) => {
                put("trigger_type", json!("monthly"));
                put("day_of_month", json!(day));
                put("time_of_day", at(time));
            }
        }
    }

    /// The trigger itself; an interval is counted from `first`.
    pub(crate) fn trigger(self, zone: String, clock: ClockRule, first: Micros) -> Trigger {
        match self {
            Self::Every(every) => Trigger::Interval(IntervalTrigger { every, first, zone }),
            Self::Cron { expression, seconds } => {
                Trigger::Cron(CronTrigger { expression, seconds, zone, clock })
            }
            Self::Daily(time) => Trigger::Daily(DailyTrigger { time, zone, clock }),
            Self::Weekly(WeekTime { day, time }) => {
                Trigger::Weekly(WeeklyTrigger { day, time, zone, clock })
            }
            Self::Monthly(MonthTime { day, time }) => {
                Trigger::Monthly(MonthlyTrigger { day, time, zone, clock })
            }
        }
    }
}

/// A schedule given by options.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct CadenceArgs {
    /// When the clock matches, as crontab(5) writes it
    #[arg(long, value_name = "EXPR", group = "cadence")]
    pub cron: Option<String>,
    /// Every so often, in elapsed time
    #[arg(long, value_name = "DUR", value_parser = when::duration, group = "cadence")]
    pub every: Option<Duration>,
    /// Every day at a time of day
    #[arg(long, value_name = "HH:MM[:SS]", value_parser = time_of_day, group = "cadence")]
    pub daily: Option<Time>,
    /// Every week on a day at a time of day
    #[arg(long, value_name = "DAY HH:MM[:SS]", value_parser = week_time, group = "cadence")]
    pub weekly: Option<WeekTime>,
    /// Every month on a day at a time of day; a month without that day is left out
    #[arg(long, value_name = "N HH:MM[:SS]", value_parser = month_time, group = "cadence")]
    pub monthly: Option<MonthTime>,
    /// The cron expression begins with a field for the seconds
    #[arg(long, requires = "cron", conflicts_with_all = ["every", "daily", "weekly", "monthly"])]
    pub seconds: bool,
}

impl CadenceArgs {
    /// What was given.
    pub(crate) fn cadence(&self) -> Option<Cadence> {
        let seconds = self.seconds;
        let cron = self.cron.clone().map(|expression| Cadence::Cron { expression, seconds });
        cron.or(self.every.map(Cadence::Every))
            .or(self.daily.map(Cadence::Daily))
            .or(self.weekly.map(Cadence::Weekly))
            .or(self.monthly.map(Cadence::Monthly))
    }
}

/// Reads a time of day. Serves as a clap value parser.
pub(crate) fn time_of_day(text: &str) -> Result<Time, String> {
    let wrong = || "a time of day is written HH:MM or HH:MM:SS, from 00:00 to 23:59:59".to_owned();
    let (hour, rest) = text.split_once(':').ok_or_else(wrong)?;
    let shaped = matches!(hour.len(), 1 | 2)
        && matches!(rest.len(), 2 | 5 | 7..=12)
        && rest.char_indices().all(|(index, c)| match index {
            2 => c == ':',
            5 => c == '.',
            _ => c.is_ascii_digit(),
        })
        && hour.bytes().all(|byte| byte.is_ascii_digit());
    // Only a leap second is read as something else than what was written.
    let leap = rest.get(3..5) == Some("60");
    if !shaped || leap {
        return Err(wrong());
    }
    format!("{hour:0>2}:{rest}").parse().map_err(|_| wrong())
}

/// Reads a day of the week, 0 is Monday. Serves as a clap value parser.
pub(crate) fn weekday(text: &str) -> Result<u8, String> {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = text.to_ascii_lowercase();
    let found = DAYS.iter().zip(0_u8..).find(|(day, _)| word.len() >= 3 && day.starts_with(&word));
    found.map(|(_, number)| number).ok_or_else(|| {
        let why = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            " (a number would mean different days to different programs)"
        } else {
            ""
        };
        format!("a day of the week is its name, such as mon or monday{why}")
    })
}

/// Reads a day of the month. Serves as a clap value parser.
pub(crate) fn day_of_month(text: &str) -> Result<u8, String> {
    let number = text.parse().ok().filter(|day| (1..=31).contains(day));
    number.ok_or_else(|| "a day of the month is a number from 1 to 31".to_owned())
}

fn week_time(text: &str) -> Result<WeekTime, String> {
    let (day, time) = two_words(text, "a day and a time, such as 'mon 14:30'")?;
    Ok(WeekTime { day: weekday(day)?, time: time_of_day(time)? })
}

fn month_time(text: &str) -> Result<MonthTime, String> {
    let (day, time) = two_words(text, "a day of the month and a time, such as '15 14:30'")?;
    Ok(MonthTime { day: day_of_month(day)?, time: time_of_day(time)? })
}

fn two_words<'a>(text: &'a str, wanted: &str) -> Result<(&'a str, &'a str), String> {
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(first), Some(second), None) => Ok((first, second)),
        (_, _, _) => Err(format!("what is wanted is {wanted}, in one argument")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_strict() {
        for (text, time) in [
            ("14:30", "14:30:00"),
            ("9:05", "09:05:00"),
            ("00:00:00", "00:00:00"),
            ("23:59:59.000001", "23:59:59.000001"),
        ] {
            assert_eq!(time_of_day(text).map(|t| t.to_string()), Ok(time.to_owned()));
        }
        for text in [
            "",
            "14",
            "1430",
            "24:00",
            "14:60",
            "14:30:60",
            "14:3",
            "14:30:",
            "+9:30",
            "-1:30",
            "14:30Z",
            "14:30:00.",
            "14:30:00.1234567",
            " 14:30",
            ":30",
            "é:30",
            "14:30:00,5",
        ] {
            assert!(time_of_day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_names_in_a_week_and_numbers_in_a_month() {
        for (text, day) in [("mon", 0), ("Tues", 1), ("SUNDAY", 6), ("thu", 3)] {
            assert_eq!(weekday(text), Ok(day));
        }
        for text in ["", "m", "mo", "mond.", "0", "7", "mondays"] {
            assert!(weekday(text).is_err(), "{text}");
        }
        assert!(weekday("1").unwrap_err().contains("different programs"));
        assert_eq!((day_of_month("1"), day_of_month("31")), (Ok(1), Ok(31)));
        for text in ["0", "32", "-1", "first", "", "256"] {
            assert!(day_of_month(text).is_err(), "{text}");
        }
        assert_eq!(week_time("fri 9:00").unwrap().day, 4);
        assert_eq!(month_time(" 31  23:59 ").unwrap().day, 31);
        for text in ["fri", "fri 9:00 10:00", "9:00 fri", ""] {
            assert!(week_time(text).is_err() && month_time(text).is_err(), "{text}");
        }
    }
}
