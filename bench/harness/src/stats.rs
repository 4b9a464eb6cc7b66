//! Percentiles, medians and the instants of RFC 3339.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The value below which `part` (0 to 1) of the values lie; sorts them.
pub(crate) fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = (last as f64 * part).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// The value in the middle; of an even number the mean of the two there.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let (half, odd) = (values.len() / 2, values.len() % 2 == 1);
    let upper = values.get(half).copied().unwrap_or(f64::NAN);
    let lower =
        if odd { upper } else { values.get(half.wrapping_sub(1)).copied().unwrap_or(upper) };
    f64::midpoint(lower, upper)
}

/// Microseconds since 1970, now.
pub(crate) fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Sleeps until an instant of the wall clock.
pub(crate) fn sleep_until(micros: i64) {
    let left = micros - now_micros();
    if let Ok(left) = u64::try_from(left) {
        std::thread::sleep(Duration::from_micros(left));
    }
}

/// An instant as RFC 3339 in UTC with microseconds.
pub(crate) fn rfc3339(micros: i64) -> String {
    let (day, rest) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    let (year, month, date) = civil(day);
    let seconds = rest / 1_000_000;
    format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.{:06}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        rest % 1_000_000
    )
}

/// The instant an RFC 3339 text names.
pub(crate) fn micros_of(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let day = days(date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let end = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at_checked(end)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.splitn(3, ':').map(str::parse::<i64>);
    let seconds = clock.next()?.ok()? * 3600 + clock.next()?.ok()? * 60 + clock.next()?.ok()?;
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let offset = match zone.split_at_checked(1)? {
        ("Z", _) => 0,
        (sign, hours) => {
            let (hours, minutes) = hours.split_once(':')?;
            let size =
                hours.parse::<i64>().ok()? * 3600 + minutes.get(..2)?.parse::<i64>().ok()? * 60;
            if sign == "-" { -size } else { size }
        }
    };
    Some((day * 86_400 + seconds - offset) * 1_000_000 + fraction)
}

/// Days since 1970 of a date (Howard Hinnant's algorithm).
fn days(year: i64, month: i64, date: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let date = of_year - (153 * shifted + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        assert_eq!(rfc3339(951_782_400_000_001), "2000-02-29T00:00:00.000001Z");
        for micros in [0, 1_795_000_000_123_456, 951_782_399_999_999] {
            assert_eq!(micros_of(&rfc3339(micros)), Some(micros));
        }
        assert_eq!(micros_of("1970-01-01T02:00:01.5+02:00"), Some(1_500_000));
        assert_eq!(micros_of("1969-12-31T23:30:00-00:30"), Some(0));
    }

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let mut values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert!((percentile(&mut values, 0.99) - 99.0).abs() < 1e-9);
        assert!((median(&mut [4.0, 1.0]) - 2.5).abs() < 1e-9);
    }
}
