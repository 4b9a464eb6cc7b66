//! Reads what requests say of acquisitions.

use serde_json::{Value, json};
use station_core::model::{AcquisitionPlan, FileFormat};

use super::body_fields::BodyFields;
use super::equipment_fields::LONGEST;
use super::error::ApiError;

/// The highest rate that is asked for, in samples a second.
const HIGHEST_RATE: f64 = 1e12;
/// The most channels.
const CHANNELS: usize = 64;

/// Every field of an acquisition.
const FIELDS: [&str; 9] = [
    "equipment_id",
    "duration",
    "duration_seconds",
    "sample_rate",
    "channels",
    "format",
    "export_format",
    "verb",
    "name",
];

/// The equipment and the plan that a body names.
pub(super) fn planned(body: &[u8]) -> Result<(String, AcquisitionPlan), ApiError> {
    let mut fields = BodyFields::read(body, &FIELDS)?;
    let id = fields.required_label("equipment_id", LONGEST);
    let duration = fields.seconds("duration_seconds").or(fields.seconds("duration"));
    let sample_rate = fields.value("sample_rate");
    let channels = fields.value("channels").unwrap_or_else(|| json!([]));
    let formats = FileFormat::ALL.map(|format| (format.name(), format));
    let format = fields.word("export_format", &formats).or(fields.word("format", &formats));
    let verb = fields.label("verb", 100);
    let rate = match sample_rate {
        None => None,
        Some(Value::Number(rate))
            if rate.as_f64().is_some_and(|rate| rate > 0.0 && rate <= HIGHEST_RATE) =>
        {
            Some(rate)
        }
        Some(_) => {
            fields.refuse("sample_rate", "must be a number of samples a second, more than 0");
            None
        }
    };
    let channels = channels_of(&channels);
    if channels.is_none() {
        fields.refuse("channels", "must be a list of at most 64 numbers or names of channels");
    }
    fields.finish()?;
    let (Some(id), Some(channels)) = (id, channels) else { return Err(ApiError::Internal) };
    let format = format.unwrap_or_default();
    Ok((
        id,
        AcquisitionPlan { duration, sample_rate: rate, channels, verb, format, detached: false },
    ))
}

/// The names of channels: `2` is `CH2`.
pub(super) fn channels_of(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array().filter(|list| list.len() <= CHANNELS)?;
    list.iter()
        .map(|channel| match channel {
            Value::Number(number) => {
                number.as_u64().filter(|n| (1..=999).contains(n)).map(|n| format!("CH{n}"))
            }
            Value::String(name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let good = !name.is_empty() && name.len() <= 32 && name.chars().all(plain);
                good.then(|| name.clone())
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
        .collect()
}
