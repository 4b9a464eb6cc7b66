//! Captures the surroundings of a submission, as at(1) does: directory, mask, environment, zone.

use std::os::unix::ffi::OsStrExt;

use serde_json::{Map, Value, json};

use super::error::{CliError, ExitKind};
use super::world::World;

/// What belongs to the terminal or the shell of the moment and is left out, as at(1) does.
const LEFT_OUT: [&str; 9] =
    ["TERM", "DISPLAY", "_", "SHELLOPTS", "BASH_VERSINFO", "EUID", "GROUPS", "PPID", "UID"];

/// Puts the working directory, the mask and the environment into a job's parameters.
pub(crate) fn surroundings(
    world: &World<'_>,
    parameters: &mut Map<String, Value>,
) -> Result<(), CliError> {
    let cwd = match &world.cwd {
        Some(cwd) => cwd.clone(),
        None => std::env::current_dir().map_err(|e| {
            CliError::new(ExitKind::Failed, format!("the working directory cannot be read: {e}"))
                .hint("change to a directory that exists")
        })?,
    };
    parameters.insert("cwd".to_owned(), bytes(cwd.as_os_str().as_bytes()));
    parameters.insert("umask".to_owned(), json!(format!("{:03o}", world.read_umask())));
    let env: Map<String, Value> = world
        .env
        .iter()
        // The wire has no form for names that are not UTF-8; shells cannot use them either.
        .filter_map(|(name, value)| Some((name.to_str()?, value)))
        .filter(|(name, _)| !LEFT_OUT.contains(name))
        .map(|(name, value)| (name.to_owned(), bytes(value.as_bytes())))
        .collect();
    parameters.insert("env".to_owned(), Value::Object(env));
    parameters.insert("env_clear".to_owned(), Value::Bool(true));
    Ok(())
}

/// Bytes as the wire takes them: text if they are, else hex.
pub(crate) fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "hex": hex })
        }
    }
}

/// The zone that TZ names, in the form the station takes; `None`: the station's own.
pub(crate) fn zone(world: &World<'_>) -> Option<String> {
    let tz = world.var("TZ")?.to_str()?;
    let tz = tz.strip_prefix(':').unwrap_or(tz);
    if tz.is_empty() {
        return Some("UTC".to_owned());
    }
    if tz.starts_with('/') {
        return tz.split_once("/zoneinfo/").map(|(_, name)| name.to_owned());
    }
    Some(tz.to_owned())
}
