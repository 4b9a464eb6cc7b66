//! What people write as what a command carries.

use station_core::near::shown;
use station_wire::iec104::codec::{TypeId, Value};

use super::{Kind, ONE};

/// Why a text is no value of a command, as what follows the name of its point in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// It is nothing that commands of the type carry.
    #[error("{0}")]
    Form(String),
    /// It is less or more than may be commanded.
    #[error("{0}")]
    Range(String),
}

/// The least and the greatest value.
pub type Limits = (f64, f64);

/// Reads the value of a command as people write it: `on`, `off` (`1`, `0`, `true`, `false`), `lower`,
/// `higher`, numbers, `0xdeadbeef`. The select bit is not set.
///
/// The limits are compared with what was written, not with what the wire makes of it: 0.1 is within
/// a limit of 0.1, although no `f32` is.
///
/// # Errors
/// The text is no value of the type, or is outside of what the type carries or the limits allow.
pub fn command(
    type_id: TypeId,
    text: &str,
    qualifier: u8,
    limits: Option<Limits>,
) -> Result<Value, BadValue> {
    let text = text.trim();
    let select = false;
    let kind = if type_id.is_command() { Kind::of(type_id) } else { None };
    match kind {
        Some(Kind::Single) => Ok(Value::SingleCommand { on: on_off(text)?, qu: qualifier, select }),
        Some(Kind::Double) => {
            let state = if on_off(text)? { 2 } else { 1 };
            Ok(Value::DoubleCommand { state, qu: qualifier, select })
        }
        Some(Kind::Step) => {
            let step = match text.to_ascii_lowercase().as_str() {
                "lower" => 1,
                "higher" => 2,
                _ => return Err(form("lower or higher", text)),
            };
            Ok(Value::StepCommand { step, qu: qualifier, select })
        }
        Some(Kind::Normalized) => {
            let wanted = "a number from -1 to 0.999969, such as 0.25";
            let value = within(finite(text, wanted)?, limits)?;
            let raw = whole((value * ONE).round(), -ONE, ONE - 1.0)
                .and_then(|raw| i16::try_from(raw).ok())
                .ok_or_else(|| range(wanted, text))?;
            Ok(Value::SetNormalized { raw, ql: qualifier, select })
        }
        Some(Kind::Scaled) => {
            let wanted = "a whole number from -32768 to 32767, such as 120";
            let value = within(finite(text, wanted)?, limits)?;
            if value.fract() != 0.0 {
                return Err(form(wanted, text));
            }
            let value = whole(value, -ONE, ONE - 1.0)
                .and_then(|value| i16::try_from(value).ok())
                .ok_or_else(|| range(wanted, text))?;
            Ok(Value::SetScaled { value, ql: qualifier, select })
        }
        Some(Kind::Float) => {
            let wanted = "a finite number that 32 bits can hold, such as 12.5";
            within(finite(text, wanted)?, limits)?;
            let value: f32 = text.parse().map_err(|_| form(wanted, text))?;
            if !value.is_finite() {
                return Err(range(wanted, text));
            }
            Ok(Value::SetFloat { value, ql: qualifier, select })
        }
        Some(Kind::Bits) => {
            let wanted = "32 bits as 0xdeadbeef, or a whole number from 0 to 4294967295";
            let bits = bits(text).ok_or_else(|| form(wanted, text))?;
            within(f64::from(bits), limits)?;
            Ok(Value::SetBits(bits))
        }
        Some(Kind::Counter | Kind::Packed) | None => {
            Err(BadValue::Form(format!("takes no value: {} is no command", type_id.name())))
        }
    }
}

/// On or off, in the words that switches have.
pub(crate) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "1" | "true" => Some(true),
        "off" | "0" | "false" => Some(false),
        _ => None,
    }
}

/// 32 bits, hexadecimal or decimal.
pub(crate) fn bits(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    // from_str_radix takes a sign, which hexadecimal digits do not have.
    match digits {
        Some(digits) if digits.starts_with(['+', '-']) => None,
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn on_off(text: &str) -> Result<bool, BadValue> {
    switch(text).ok_or_else(|| form("on or off", text))
}

fn finite(text: &str, wanted: &str) -> Result<f64, BadValue> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|number| number.is_finite()).ok_or_else(|| form(wanted, text))
}

fn within(value: f64, limits: Option<Limits>) -> Result<f64, BadValue> {
    match limits {
        Some((least, most)) if !(least..=most).contains(&value) => Err(BadValue::Range(format!(
            "may be commanded from {least} to {most}, and {value} is outside of that"
        ))),
        Some(_) | None => Ok(value),
    }
}

/// A whole number that lies within bounds which an `i32` holds.
fn whole(value: f64, least: f64, most: f64) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and within the bounds")]
    (least..=most).contains(&value).then_some(value as i32)
}

fn form(wanted: &str, text: &str) -> BadValue {
    BadValue::Form(format!("takes {wanted}, not '{}'", shown(text)))
}

fn range(wanted: &str, text: &str) -> BadValue {
    BadValue::Range(format!("takes {wanted}, and '{}' is outside of that", shown(text)))
}
