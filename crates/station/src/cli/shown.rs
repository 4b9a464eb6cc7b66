//! Prints times, spans and sizes for people.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// An RFC 3339 time as it stands, in its own zone: `2027-01-31 10:22:42 +00:00`. Needs no zones.
pub(crate) fn as_written(time: &str) -> String {
    let Some((date, rest)) = time.split_once('T') else { return super::plain(time) };
    let clock_end = rest.find(['+', '-', 'Z']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at_checked(clock_end).unwrap_or((rest, ""));
    let clock = clock.split('.').next().unwrap_or(clock);
    let offset = if offset == "Z" { "+00:00" } else { offset };
    super::plain(&format!("{date} {clock} {offset}"))
}

/// An RFC 3339 time as it stands, with a fraction only if there is one.
pub(crate) fn rfc3339(time: &str) -> String {
    let time = super::plain(time);
    let Some((whole, rest)) = time.split_once('.') else { return time };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (fraction, offset) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let zero = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    if zero { format!("{whole}{offset}") } else { time }
}

/// An RFC 3339 time in the local zone.
pub(crate) fn local(time: &str, zone: &TimeZone) -> Option<Zoned> {
    time.parse::<Timestamp>().ok().map(|at| at.to_zoned(zone.clone()))
}

/// A time for a table's cell: to the second, in the local zone; a dash when there is none.
pub(crate) fn cell(time: &str, zone: &TimeZone) -> String {
    match local(time, zone) {
        Some(at) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => "-".to_owned(),
    }
}

/// A time with its offset, in the local zone.
pub(crate) fn full(time: &str, zone: &TimeZone) -> String {
    match local(time, zone) {
        Some(at) => at.strftime("%Y-%m-%d %H:%M:%S%.f %:z").to_string(),
        None => "-".to_owned(),
    }
}

/// Seconds: `12 ms`, `3.2 s`, `4 min 5 s`, `2 h 3 min`, `3 d 4 h`.
pub(crate) fn span(seconds: f64) -> String {
    let (sign, seconds) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
    if seconds < 0.000_000_5 {
        return "0 s".to_owned();
    }
    if seconds < 0.000_999_5 {
        return format!("{sign}{:.0} µs", seconds * 1e6);
    }
    if seconds < 0.999_5 {
        return format!("{sign}{:.0} ms", seconds * 1e3);
    }
    if seconds < 59.95 {
        let text = format!("{seconds:.1}");
        return format!("{sign}{} s", text.strip_suffix(".0").unwrap_or(&text));
    }
    let part = |unit: f64| (seconds / unit).floor();
    let (high, high_name, low, low_name) = if seconds < 3600.0 {
        (part(60.0), "min", (seconds % 60.0).floor(), "s")
    } else if seconds < 86400.0 {
        (part(3600.0), "h", ((seconds % 3600.0) / 60.0).floor(), "min")
    } else {
        (part(86400.0), "d", ((seconds % 86400.0) / 3600.0).floor(), "h")
    };
    if low == 0.0 {
        format!("{sign}{high:.0} {high_name}")
    } else {
        format!("{sign}{high:.0} {high_name} {low:.0} {low_name}")
    }
}

/// Seconds of a document; a dash when there are none.
pub(crate) fn span_of(document: &Value, key: &str) -> String {
    document.get(key).and_then(Value::as_f64).map_or_else(|| "-".to_owned(), span)
}

/// A number of bytes: `512 B`, `1.5 KiB`, `16 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut shift = 10;
    let mut name = "KiB";
    for unit in UNITS {
        name = unit;
        if bytes >> shift < 1024 {
            break;
        }
        shift = (shift + 10).min(50);
    }
    let tenths = u128::from(bytes) * 10 / (1_u128 << shift);
    if tenths.is_multiple_of(10) {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// How an execution or attempt ended: an exit status, a signal, or neither.
pub(crate) fn exit(document: &Value) -> String {
    let signal = document.get("signal").and_then(Value::as_i64);
    let name = super::api::text(super::api::part(document, "result"), "signal_name");
    match (document.get("exit_code").and_then(Value::as_i64), signal) {
        (_, Some(signal)) if name.is_empty() => format!("signal {signal}"),
        (_, Some(_)) => format!("SIG{}", super::plain(name)),
        (Some(code), None) => code.to_string(),
        (None, None) => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_written() {
        assert_eq!(as_written("2027-01-31T10:22:42+00:00"), "2027-01-31 10:22:42 +00:00");
        assert_eq!(as_written("2027-01-31T10:22:42.5-03:30"), "2027-01-31 10:22:42 -03:30");
        assert_eq!(as_written("2027-01-31T10:22:42Z"), "2027-01-31 10:22:42 +00:00");
        assert_eq!(as_written("x\x1b"), "x\\x1b");
        for (time, text) in [
            ("2027-01-31T10:22:42.000000+01:00", "2027-01-31T10:22:42+01:00"),
            ("2027-01-31T10:22:42.000500-03:30", "2027-01-31T10:22:42.000500-03:30"),
            ("2027-01-31T10:22:42Z", "2027-01-31T10:22:42Z"),
            ("é.\x1b", "é.\\x1b"),
        ] {
            assert_eq!(rfc3339(time), text);
        }
    }

    #[test]
    fn spans_and_sizes_are_short() {
        let spans = [
            (0.0, "0 s"),
            (0.000_25, "250 µs"),
            (0.25, "250 ms"),
            (3.0, "3 s"),
            (3.25, "3.2 s"),
            (60.0, "1 min"),
            (245.0, "4 min 5 s"),
            (7380.0, "2 h 3 min"),
            (-90_000.0, "-1 d 1 h"),
        ];
        for (seconds, text) in spans {
            assert_eq!(span(seconds), text);
        }
        let sizes = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (16 << 20, "16 MiB"),
            (u64::MAX, "16383.9 PiB"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
    }
}
