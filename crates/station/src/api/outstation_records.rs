//! Finds and keeps what there is of outstations: themselves, tags, the switch of all commands, and
//! requests for consent. The desk knows of each change before the answer goes out.

use axum::Extension;
use serde::Serialize;
use serde_json::Value;
use station_core::model::{Node, Outstation, Record, RecordKind, Role};
use station_core::near::shown;
use station_outstation::desk::{Outstations, Refused};

use super::caller::Asker;
use super::error::ApiError;
use super::{respond, stamp};
use crate::runtime::Handle;
use crate::store::RecordFilter;

/// The most records of a kind that are listed.
const MOST: usize = 100_000;

/// The desk, as handlers get it.
pub(super) type Desk = Extension<Outstations>;

/// Whoever looks at or commands outstations has a name.
pub(super) fn allowed(asker: &Asker, role: Role) -> Result<(), ApiError> {
    asker.require_named("whatever has to do with outstations")?;
    asker.require(role)
}

/// The outstation of a name.
pub(super) async fn find(
    handle: &Handle,
    desk: &Outstations,
    name: String,
) -> Result<Outstation, ApiError> {
    let desk = desk.clone();
    respond::blocking(handle, move |handle| {
        match handle.reader().record(RecordKind::Outstation, &name)? {
            Some(Record::Outstation(outstation)) => Ok(*outstation),
            Some(_) | None => Err(unknown(&desk, &name)),
        }
    })
    .await
}

/// There is no outstation of that name.
pub(super) fn unknown(desk: &Outstations, name: &str) -> ApiError {
    let names = desk.names();
    let near = station_core::near::hint(name, names.iter().map(String::as_str));
    let sentence = format!("there is no outstation '{}'{near}", shown(name));
    ApiError::from(Refused {
        reason: "unknown_outstation",
        sentence,
        proposal: None,
        correlation: None,
    })
}

/// All records of a kind.
pub(super) fn all(handle: &Handle, kind: RecordKind) -> Result<Vec<Record>, ApiError> {
    Ok(handle.reader().records(&RecordFilter { kind, equipment: None, limit: MOST })?)
}

/// Whether a text could name an outstation or a point, and so be part of a key.
pub(super) fn is_name(text: &str) -> bool {
    Node::is_name(text)
}

/// What the desk tells, as JSON with its instants as the API shows them.
pub(super) fn told(handle: &Handle, what: &impl Serialize) -> Result<Value, ApiError> {
    let mut value = serde_json::to_value(what).map_err(|error| {
        tracing::error!(%error, "an answer of the API could not be written as JSON");
        ApiError::Internal
    })?;
    show_instants(&mut value, handle);
    Ok(value)
}

fn show_instants(value: &mut Value, handle: &Handle) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_instant = name == "at" || name == "since" || name.ends_with("_at");
                match value.as_i64().filter(|_| is_instant) {
                    Some(at) => {
                        let at = station_core::model::Micros(at);
                        *value = stamp::local(at, handle.zone()).into();
                    }
                    None => show_instants(value, handle),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| show_instants(value, handle)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
