//! Time tags as text.

use station_wire::iec104::codec::Time;

/// A time tag as it stood in the frame: `2026-11-20T13:37:42.123`, without a zone since it has none,
/// followed by `IV` (the clock cannot be trusted), `SU` (summer time) and `GEN` (substituted on the
/// way). One that has only minutes and milliseconds: `37:42.123`.
#[must_use]
pub fn tag_text(time: Time) -> String {
    let (mut text, flags) = match time {
        Time::Cp24(tag) => {
            let ms = tag.millisecond();
            let text = format!("{:02}:{:02}.{:03}", tag.minute(), ms / 1000, ms % 1000);
            (text, [(tag.invalid(), " IV"), (false, ""), (tag.substituted(), " GEN")])
        }
        Time::Cp56(tag) => {
            let civil = tag.civil();
            let ms = civil.millisecond;
            // Two digits of the year: what is below 70 is of this century, as in POSIX.
            let century = if civil.year < 70 { 2000 } else { 1900 };
            let text = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}",
                century + u16::from(civil.year),
                civil.month,
                civil.day,
                civil.hour,
                civil.minute,
                ms / 1000,
                ms % 1000
            );
            let flags =
                [(civil.invalid, " IV"), (civil.summer, " SU"), (civil.substituted, " GEN")];
            (text, flags)
        }
    };
    for (set, name) in flags {
        if set {
            text.push_str(name);
        }
    }
    text
}
