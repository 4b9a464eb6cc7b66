//! Reads a setting of an outstation, as `t1=15s`, into what the API takes.

use serde_json::Value;
use station_core::near::hint;

use crate::cli::when;

/// What a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// A span, which the API takes in milliseconds.
    Span,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A text.
    Text,
}

/// Every setting.
const ALL: [(&str, Sort); 20] = [
    ("t0", Sort::Span),
    ("t1", Sort::Span),
    ("t2", Sort::Span),
    ("t3", Sort::Span),
    ("k", Sort::Number),
    ("w", Sort::Number),
    ("originator", Sort::Number),
    ("first_sequence_one", Sort::Flag),
    ("time_tagged", Sort::Flag),
    ("zone", Sort::Text),
    ("clock_every", Sort::Span),
    ("interrogate_every", Sort::Span),
    ("select_timeout", Sort::Span),
    ("execute_timeout", Sort::Span),
    ("term_timeout", Sort::Span),
    ("select_window", Sort::Span),
    ("feedback_timeout", Sort::Span),
    ("expiry", Sort::Span),
    ("parallel", Sort::Number),
    ("fresh", Sort::Span),
];

/// Reads `key=value`; `default` makes it what it is without being given. Serves as a clap value parser.
pub(super) fn setting(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("'{text}' is no setting: KEY=VALUE is meant, as in t1=15s"))?;
    let (name, value) = (name.trim().replace('-', "_"), value.trim());
    let Some((_, sort)) = ALL.iter().find(|(known, _)| *known == name) else {
        let near = hint(&name, ALL.iter().map(|(known, _)| *known));
        return Err(format!("there is no setting '{name}'{near}"));
    };
    if value == "default" {
        return Ok((name, Value::Null));
    }
    let read = match sort {
        Sort::Span => span(&name, value)?,
        Sort::Number => {
            let number: Result<u64, _> = value.parse();
            number.map_err(|_| format!("{name} is a whole number, not '{value}'"))?.into()
        }
        Sort::Flag => match value {
            "yes" | "on" | "true" => true.into(),
            "no" | "off" | "false" => false.into(),
            _ => return Err(format!("{name} is yes or no, not '{value}'")),
        },
        Sort::Text => value.into(),
    };
    Ok((name, read))
}

/// A span in milliseconds. One without a unit could be meant in seconds, as options are, or in
/// milliseconds, as the API has it, and is taken for neither.
fn span(name: &str, text: &str) -> Result<Value, String> {
    if text == "0" {
        return Ok(0.into());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{name} is a span and needs a unit, as in 15s or 500ms"));
    }
    let span = when::duration(text)?;
    if !span.subsec_nanos().is_multiple_of(1_000_000) {
        return Err(format!("{name} is a span in whole milliseconds, not '{text}'"));
    }
    u64::try_from(span.as_millis())
        .map(Value::from)
        .map_err(|_| format!("{name}: '{text}' is too long"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use station_core::model::OutstationSettings;

    use super::*;

    #[test]
    fn every_setting_can_be_given() {
        let known = serde_json::to_value(OutstationSettings::default()).unwrap();
        let mut known: Vec<&String> = known.as_object().unwrap().keys().collect();
        let mut names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        known.sort();
        names.sort_unstable();
        assert_eq!(names, known);
    }

    #[test]
    fn settings_are_read_by_their_sort() {
        for (text, name, value) in [
            ("t1=15s", "t1", json!(15_000)),
            ("clock-every=1h", "clock_every", json!(3_600_000)),
            ("interrogate_every=0", "interrogate_every", json!(0)),
            ("k=12", "k", json!(12)),
            ("first-sequence-one=yes", "first_sequence_one", json!(true)),
            ("zone=Europe/Berlin", "zone", json!("Europe/Berlin")),
            ("expiry=default", "expiry", Value::Null),
        ] {
            assert_eq!(setting(text), Ok((name.to_owned(), value)));
        }
        for (text, why) in [
            ("t1", "KEY=VALUE"),
            ("t1=15000", "needs a unit"),
            ("t1=100us", "whole milliseconds"),
            ("k=many", "whole number"),
            ("time_tagged=maybe", "yes or no"),
            ("exipry=5s", "did you mean 'expiry'?"),
        ] {
            let error = setting(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
