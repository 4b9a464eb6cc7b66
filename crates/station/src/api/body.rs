//! Reads small request bodies: an object whose misspelt fields are refused rather than ignored.

use std::borrow::Cow;

use super::create;
use super::error::ApiError;
use super::json::Json;
use super::near_miss;

/// The fields of a body that is an object; nulls are left out, since they count as absent.
///
/// A field that is nearly one of the known is refused; all others that are not known are ignored.
pub(super) fn object<'a>(
    body: &'a [u8],
    known: &[&'static str],
) -> Result<Vec<(Cow<'a, str>, Json<'a>)>, ApiError> {
    let mut fields = create::object(body)?;
    for (name, _) in &fields {
        if !known.contains(&name.as_ref())
            && let Some(meant) = near_miss::find(name, known)
        {
            let given = name.escape_debug();
            let text = format!("unknown field '{given}': did you mean '{meant}'?");
            return Err(ApiError::Bad(text));
        }
    }
    fields.retain(|(_, value)| *value != Json::Null);
    Ok(fields)
}
