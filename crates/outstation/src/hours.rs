//! Hours in which something may be done, as `Mon-Fri 06:00-22:00`.

use std::fmt;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use station_core::model::Micros;
use station_core::near::shown;

/// How many minutes a day has, by the clock on the wall.
const DAY: u16 = 24 * 60;

/// The names of days, Monday first.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Days of the week and a span of their hours. A span that ends before it begins goes on into the
/// next day, and counts as the day's on which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// A bit for each day, Monday lowest.
    days: u8,
    /// Minutes since midnight.
    from: u16,
    /// Minutes since midnight, up to 1440; not in it any more.
    to: u16,
}

/// A text that says no hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hours are written as 'Mon-Fri 06:00-22:00', 'Sat,Sun' or '22:00-06:00': {0}")]
pub struct HoursError(String);

impl Hours {
    /// Reads hours: days, or a span, or both. `Mon-Fri` and `Sat,Sun` are days; `24:00` is a day's end.
    ///
    /// # Errors
    /// What in the text is neither.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        let mut days = None;
        let mut span = None;
        for word in text.split_whitespace() {
            if word.starts_with(|first: char| first.is_ascii_digit()) {
                if span.replace(span_of(word)?).is_some() {
                    return Err(HoursError(format!("'{}' is a second span", shown(word))));
                }
            } else if span.is_some() || days.replace(days_of(word)?).is_some() {
                let why = "the days stand once, before the span";
                return Err(HoursError(format!("at '{}': {why}", shown(word))));
            }
        }
        if days.is_none() && span.is_none() {
            return Err(HoursError("there is nothing".to_owned()));
        }
        let (from, to) = span.unwrap_or((0, DAY));
        Ok(Self { days: days.unwrap_or(0x7f), from, to })
    }

    /// Whether an instant lies in them, by the clocks of a zone.
    #[must_use]
    pub fn contain(&self, at: Micros, zone: &TimeZone) -> bool {
        let local = zone.to_datetime(at.timestamp());
        let hour = u16::try_from(local.hour()).unwrap_or(0);
        let minute = hour * 60 + u16::try_from(local.minute()).unwrap_or(0);
        let today = local.weekday();
        if self.from < self.to {
            self.on(today) && (self.from..self.to).contains(&minute)
        } else {
            (self.on(today) && minute >= self.from)
                || (self.on(today.previous()) && minute < self.to)
        }
    }

    fn on(&self, day: Weekday) -> bool {
        self.days & bit(usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)) != 0
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != 0x7f {
            let names = DAYS.iter().enumerate().filter(|(place, _)| self.days & bit(*place) != 0);
            let names: Vec<&str> = names.map(|(_, name)| *name).collect();
            write!(f, "{} ", names.join(","))?;
        }
        let (from, to) = (self.from, self.to);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

const fn bit(place: usize) -> u8 {
    1 << (place % 7)
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`.
fn days_of(word: &str) -> Result<u8, HoursError> {
    let mut days = 0;
    for part in word.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut place, last) = (day_of(first)?, day_of(last)?);
        days |= bit(place);
        while place != last {
            place = (place + 1) % 7;
            days |= bit(place);
        }
    }
    Ok(days)
}

fn day_of(name: &str) -> Result<usize, HoursError> {
    let known = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    known.ok_or_else(|| HoursError(format!("'{}' is no day such as Mon", shown(name))))
}

/// `06:00-22:00`.
fn span_of(word: &str) -> Result<(u16, u16), HoursError> {
    let wrong = |what: &str| HoursError(format!("'{}' is no {what}", shown(word)));
    let (from, to) = word.split_once('-').ok_or_else(|| wrong("span such as 06:00-22:00"))?;
    let times = (minute_of(from), minute_of(to));
    let (Some(from), Some(to)) = times else { return Err(wrong("span such as 06:00-22:00")) };
    if from == DAY {
        return Err(wrong("span: a day's last minute is 23:59"));
    }
    if from == to {
        return Err(wrong("span: it ends when it begins; all day is 00:00-24:00"));
    }
    Ok((from, to))
}

fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| -> Option<u16> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        (plain && digits.contains(&text.len())).then(|| text.parse().ok()).flatten()
    };
    let (hour, minute) = (number(hour, 1..=2)?, number(minute, 2..=2)?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(text: &str, at: &str) -> bool {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let at: jiff::Timestamp = format!("{at}+01:00").parse().expect("is an instant");
        Hours::parse(text).expect("is right").contain(at.into(), &zone)
    }

    #[test]
    fn instants_are_in_them_or_not() {
        // The 21st of November 2026 is a Saturday.
        let table = [
            ("Mon-Fri 06:00-22:00", "2026-11-20T06:00:00", true),
            ("Mon-Fri 06:00-22:00", "2026-11-20T05:59:59.999", false),
            ("Mon-Fri 06:00-22:00", "2026-11-20T21:59:59.999", true),
            ("Mon-Fri 06:00-22:00", "2026-11-20T22:00:00", false),
            ("Mon-Fri 06:00-22:00", "2026-11-21T12:00:00", false),
            ("sat,SUN", "2026-11-21T00:00:00", true),
            ("sat,SUN", "2026-11-23T00:00:00", false),
            ("Fri-Mon", "2026-11-22T12:00:00", true),
            ("Fri-Mon", "2026-11-24T12:00:00", false),
            ("22:00-06:00", "2026-11-21T23:00:00", true),
            ("22:00-06:00", "2026-11-21T05:59:00", true),
            ("22:00-06:00", "2026-11-21T06:00:00", false),
            ("Fri 22:00-06:00", "2026-11-21T05:00:00", true),
            ("Fri 22:00-06:00", "2026-11-20T05:00:00", false),
            ("Sun 22:00-06:00", "2026-11-23T05:00:00", true),
            ("00:00-24:00", "2026-11-21T23:59:59", true),
            ("6:00-7:00", "2026-11-21T06:30:00", true),
        ];
        for (hours, at, wanted) in table {
            assert_eq!(contain(hours, at), wanted, "{hours} {at}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let why = |text| Hours::parse(text).expect_err("is wrong").0;
        assert_eq!(why(""), "there is nothing");
        assert_eq!(why("Mo 06:00-22:00"), "'Mo' is no day such as Mon");
        assert_eq!(why("Mon 06:00"), "'06:00' is no span such as 06:00-22:00");
        assert_eq!(why("06:00-25:00"), "'06:00-25:00' is no span such as 06:00-22:00");
        assert_eq!(why("24:00-06:00"), "'24:00-06:00' is no span: a day's last minute is 23:59");
        assert_eq!(why("06:00-07:00 Mon"), "at 'Mon': the days stand once, before the span");
        assert_eq!(why("Mon Tue"), "at 'Tue': the days stand once, before the span");
        assert_eq!(why("01:00-02:00 03:00-04:00"), "'03:00-04:00' is a second span");
        assert_eq!(
            why("06:00-06:00"),
            "'06:00-06:00' is no span: it ends when it begins; all day is 00:00-24:00"
        );
    }

    #[test]
    fn the_zone_decides_what_day_it_is() {
        let hours = Hours::parse("Sat 00:00-01:00").expect("is right");
        let at: jiff::Timestamp = "2026-11-20T23:30:00Z".parse().expect("is an instant");
        assert!(hours.contain(at.into(), &TimeZone::fixed(jiff::tz::offset(1))));
        assert!(!hours.contain(at.into(), &TimeZone::UTC));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(Mon|Sun|-|,|:| |[0-9]{1,3}|\\PC){0,12}") {
            if let Ok(hours) = Hours::parse(&text) {
                proptest::prop_assert_eq!(Hours::parse(&hours.to_string()), Ok(hours));
            }
        }
    }
}
