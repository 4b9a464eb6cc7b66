//! Reads parameters: numbers with units, words, switches, channel lists (IEEE 488.2, 7.7).

use super::complaint::Complaint;

/// What a number counts, and so which units may follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Bare,
    Volt,
    Ampere,
    Ohm,
    Watt,
    Hertz,
    Second,
    Celsius,
    Degree,
    Percent,
}

impl Scale {
    /// The names of the unit; multipliers may stand before it.
    fn units(self) -> &'static [&'static str] {
        match self {
            Self::Bare => &[],
            Self::Volt => &["VPP", "V"],
            Self::Ampere => &["A"],
            Self::Ohm => &["OHM"],
            Self::Watt => &["W"],
            Self::Hertz => &["HZ"],
            Self::Second => &["S"],
            Self::Celsius => &["CEL", "C"],
            Self::Degree => &["DEG"],
            Self::Percent => &["PCT", "%"],
        }
    }

    /// What a suffix multiplies by (IEEE 488.2, 7.7.3; `M` is mega for hertz and ohms).
    fn factor(self, suffix: &[u8]) -> Result<f64, Complaint> {
        let suffix = suffix.to_ascii_uppercase();
        if self == Self::Bare {
            return Err(Complaint::NO_SUFFIX);
        }
        for unit in self.units() {
            let Some(multiplier) = suffix.strip_suffix(unit.as_bytes()) else { continue };
            let mega = matches!(self, Self::Hertz | Self::Ohm);
            return match multiplier {
                b"" => Ok(1.0),
                b"G" => Ok(1e9),
                b"MA" => Ok(1e6),
                b"M" if mega => Ok(1e6),
                b"K" => Ok(1e3),
                b"M" => Ok(1e-3),
                b"U" => Ok(1e-6),
                b"N" => Ok(1e-9),
                b"P" => Ok(1e-12),
                _ => Err(Complaint::INVALID_SUFFIX),
            };
        }
        Err(Complaint::INVALID_SUFFIX)
    }
}

/// The values a setting may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) scale: Scale,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) default: f64,
}

impl Range {
    pub(crate) const fn new(scale: Scale, min: f64, max: f64, default: f64) -> Self {
        Self { scale, min, max, default }
    }

    /// What MIN, MAX or DEF stand for.
    pub(crate) fn word(&self, text: &[u8]) -> Option<f64> {
        let words = [("MINimum", self.min), ("MAXimum", self.max), ("DEFault", self.default)];
        words.into_iter().find(|(word, _)| is_word(text, word)).map(|(_, value)| value)
    }

    /// A value of this setting.
    pub(crate) fn read(&self, text: &[u8]) -> Result<f64, Complaint> {
        if let Some(value) = self.word(text) {
            return Ok(value);
        }
        let (number, suffix) = number(text)?;
        let factor = if suffix.is_empty() { 1.0 } else { self.scale.factor(suffix)? };
        let value = number * factor;
        // A hair of rounding at the ends is no mistake: 10000 mV is 10 V.
        let hair = 1e-9 * self.max.abs().max(self.min.abs());
        if value.is_finite() && (self.min - hair..=self.max + hair).contains(&value) {
            Ok(value.clamp(self.min, self.max))
        } else {
            Err(Complaint::RANGE)
        }
    }
}

/// Whether a text is that mnemonic, in its long or its short form.
pub(crate) fn is_word(text: &[u8], word: &str) -> bool {
    let short = word.bytes().filter(|byte| !byte.is_ascii_lowercase());
    text.eq_ignore_ascii_case(word.as_bytes())
        || (text.iter().map(u8::to_ascii_uppercase)).eq(short)
}

/// A number and what follows it.
fn number(text: &[u8]) -> Result<(f64, &[u8]), Complaint> {
    let first = text.first().copied().unwrap_or_default();
    if let [b'#', base, digits @ ..] = text {
        let base = match base.to_ascii_uppercase() {
            b'H' => 16,
            b'Q' => 8,
            b'B' => 2,
            _ => return Err(Complaint::DATA_TYPE),
        };
        let digits = std::str::from_utf8(digits).map_err(|_| Complaint::NUMBER_CHARACTER)?;
        let value = u32::from_str_radix(digits, base).map_err(|_| Complaint::NUMBER_CHARACTER)?;
        return Ok((f64::from(value), &[]));
    }
    if !(first.is_ascii_digit() || b"+-.".contains(&first)) {
        return Err(Complaint::DATA_TYPE);
    }
    let end = mantissa_and_exponent(text);
    let (number, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    let number = std::str::from_utf8(number).map_err(|_| Complaint::NUMBER_CHARACTER)?;
    let value: f64 = number.parse().map_err(|_| Complaint::NUMBER_CHARACTER)?;
    if !value.is_finite() {
        return Err(Complaint::EXPONENT);
    }
    let rest = rest.trim_ascii();
    if rest.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'%') {
        Ok((value, rest))
    } else {
        Err(Complaint::NUMBER_CHARACTER)
    }
}

/// How long the number at the start is. An `E` counts only with digits behind it.
fn mantissa_and_exponent(text: &[u8]) -> usize {
    let count = |from: usize, wanted: fn(&u8) -> bool| {
        text.get(from..).unwrap_or_default().iter().take_while(|byte| wanted(byte)).count()
    };
    let sign = count(0, |byte| b"+-".contains(byte)).min(1);
    let mantissa = sign + count(sign, |byte| byte.is_ascii_digit() || *byte == b'.');
    if !matches!(text.get(mantissa), Some(b'e' | b'E')) {
        return mantissa;
    }
    let sign = count(mantissa + 1, |byte| b"+-".contains(byte)).min(1);
    let digits = count(mantissa + 1 + sign, u8::is_ascii_digit);
    if digits == 0 { mantissa } else { mantissa + 1 + sign + digits }
}

/// A whole number from `min` to `max`.
pub(crate) fn integer(text: &[u8], min: u32, max: u32) -> Result<u32, Complaint> {
    let range = Range::new(Scale::Bare, f64::from(min), f64::from(max), f64::from(min));
    let value = range.read(text)?.round();
    // No float becomes an integer without a cast; these are at most u32::MAX.
    format!("{value:.0}").parse().map_err(|_| Complaint::RANGE)
}

/// The numbers of a channel list such as `(@1,3:4)` (SCPI-1999 volume 1, 8.3.2).
pub(crate) fn channel_list(text: &[u8], max: u32) -> Result<Vec<u32>, Complaint> {
    let inner = text
        .strip_prefix(b"(@")
        .and_then(|text| text.strip_suffix(b")"))
        .and_then(|text| std::str::from_utf8(text).ok())
        .ok_or(Complaint::INVALID_EXPRESSION)?;
    let mut list = Vec::new();
    for part in inner.split(',') {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        let one = |text: &str| text.trim().parse().map_err(|_| Complaint::INVALID_EXPRESSION);
        let (first, last): (u32, u32) = (one(first)?, one(last)?);
        if first < 1 || last > max || first > last {
            return Err(Complaint::RANGE);
        }
        list.extend(first..=last);
    }
    // A list longer than all channels says some of them twice.
    if list.len() > 16 { Err(Complaint::RANGE) } else { Ok(list) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOLTS: Range = Range::new(Scale::Volt, 0.0, 30.0, 1.0);

    #[test]
    fn reads_numbers_with_units() {
        for (text, value) in [
            ("5", 5.0),
            ("+5.0 V", 5.0),
            ("10mV", 0.01),
            ("0.5e1", 5.0),
            ("2E+1 V", 20.0),
            (".5", 0.5),
            ("#H1e", 30.0),
            ("min", 0.0),
            ("MAXIMUM", 30.0),
            ("DEF", 1.0),
            ("30000 mV", 30.0),
        ] {
            assert_eq!(VOLTS.read(text.as_bytes()), Ok(value), "{text}");
        }
        let hertz = Range::new(Scale::Hertz, 0.0, 1e8, 1e3);
        assert_eq!(hertz.read(b"10 MHZ"), Ok(1e7));
        assert_eq!(integer(b"3", 1, 3), Ok(3));
    }

    #[test]
    fn names_what_is_wrong_with_a_number() {
        for (text, complaint) in [
            ("31", Complaint::RANGE),
            ("-1", Complaint::RANGE),
            ("abc", Complaint::DATA_TYPE),
            ("\"5\"", Complaint::DATA_TYPE),
            ("5 A", Complaint::INVALID_SUFFIX),
            ("5..1", Complaint::NUMBER_CHARACTER),
            ("5+3", Complaint::NUMBER_CHARACTER),
            ("1e999", Complaint::EXPONENT),
            ("#Hxy", Complaint::NUMBER_CHARACTER),
        ] {
            assert_eq!(VOLTS.read(text.as_bytes()), Err(complaint), "{text}");
        }
        assert_eq!(integer(b"3 V", 1, 3), Err(Complaint::NO_SUFFIX));
    }

    #[test]
    fn reads_channel_lists() {
        assert_eq!(channel_list(b"(@1,2:3)", 3), Ok(vec![1, 2, 3]));
        assert_eq!(channel_list(b"(@4)", 3), Err(Complaint::RANGE));
        assert_eq!(channel_list(b"(@x)", 3), Err(Complaint::INVALID_EXPRESSION));
    }
}
