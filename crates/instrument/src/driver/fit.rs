//! Which instruments a driver is for, by the fields of their `*IDN?` (IEEE 488.2 clause 10.14).

/// Which instruments a driver is for. Patterns have `*` for any text and `?` for one character, and
/// are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fit {
    /// Patterns of manufacturers; any one, if empty.
    pub manufacturer: Vec<String>,
    /// Patterns of models; any one, if empty.
    pub model: Vec<String>,
    /// Patterns of firmware versions; any one, if empty.
    pub firmware: Vec<String>,
    /// Whether it is the last resort of its kind.
    pub fallback: bool,
}

impl Fit {
    /// How many letters of its patterns an instrument has, if it fits; 0 for the last resort.
    /// A driver without patterns that is no last resort is only found by its name.
    #[must_use]
    pub fn specificity(&self, manufacturer: &str, model: &str, firmware: &str) -> Option<usize> {
        let fields =
            [(&self.manufacturer, manufacturer), (&self.model, model), (&self.firmware, firmware)];
        if fields.iter().all(|(patterns, _)| patterns.is_empty()) {
            return self.fallback.then_some(0);
        }
        let mut letters: usize = 0;
        for (patterns, field) in fields {
            if !patterns.is_empty() {
                letters = letters.saturating_add(best(patterns, field)?).saturating_add(1);
            }
        }
        Some(letters)
    }
}

/// The most letters of one of the patterns that fit.
fn best(patterns: &[String], field: &str) -> Option<usize> {
    let letters = |pattern: &String| pattern.chars().filter(|c| !matches!(c, '*' | '?')).count();
    patterns.iter().filter(|pattern| glob(pattern, field.trim())).map(letters).max()
}

/// Whether a text is one of a pattern's; case counts for nothing.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t) = (0_usize, 0_usize);
    // Where the last star stood, and up to where of the text it reaches.
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p = p.saturating_add(1);
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                p = p.saturating_add(1);
                t = t.saturating_add(1);
            }
            _ => match star {
                Some((at, reach)) => {
                    star = Some((at, reach.saturating_add(1)));
                    p = at.saturating_add(1);
                    t = reach.saturating_add(1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::{Fit, glob};

    #[test]
    fn patterns_fit_as_globs_do() {
        for (pattern, text, fits) in [
            ("RIGOL*", "Rigol Technologies", true),
            ("DP8??", "dp832", true),
            ("DP8??", "DP832A", false),
            ("DP8*A", "DP832A", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "xaxbx", false),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn more_letters_are_more_specific_and_the_last_resort_is_least() {
        let fit = |model: &str| Fit {
            manufacturer: vec!["RIGOL*".to_owned()],
            model: vec![model.to_owned()],
            ..Fit::default()
        };
        let of = |fit: &Fit| fit.specificity("RIGOL TECHNOLOGIES", "DP811A", "1");
        assert!(of(&fit("DP811*")) > of(&fit("DP8*")));
        assert!(of(&fit("DP8*")) > of(&Fit { fallback: true, ..Fit::default() }));
        assert_eq!(of(&fit("DL3*")), None);
        assert_eq!(of(&Fit::default()), None);
    }
}
