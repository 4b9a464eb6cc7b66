//! What is told of a thing that was made or changed: what it is now, whole where it is small enough.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Draft;
use crate::audit::to_hex;
use crate::model::{Action, Job};

/// The longest text that is told of whole.
const LONGEST: usize = 16 << 10;

/// The length of texts from which only the beginning is told.
const CLIPPED: usize = 1000;

/// Tells what a thing is now: its SHA-256, and all of it where it is small.
pub(super) fn whole(draft: Draft, thing: &impl Serialize) -> Draft {
    let Ok(value) = serde_json::to_value(thing) else { return draft };
    let text = value.to_string();
    let draft = draft.with("sha256", to_hex(&Sha256::digest(&text)));
    if text.len() > LONGEST { draft.with("bytes", text.len()) } else { draft.with("now", value) }
}

/// Tells what a job is now. What it reads may be a secret: its SHA-256 stands for it.
pub(super) fn job(draft: Draft, job: &Job) -> Draft {
    let draft = draft.with("name", job.spec.name.as_str());
    let mut spec = (*job.spec).clone();
    let stdin = match &mut spec.action {
        Action::Command { stdin, .. } => stdin.take(),
        Action::Instrument(_) | Action::Outstation(_) => None,
    };
    let draft = whole(draft, &spec);
    match stdin {
        Some(octets) => draft.with("stdin_sha256", to_hex(&Sha256::digest(&octets))),
        None => draft,
    }
}

/// What a run does, in a few words.
pub(super) fn action(action: &Action) -> Value {
    match action {
        Action::Command { command, .. } => Value::from(clip(&command.summary())),
        Action::Instrument(action) => serde_json::to_value(&action.work)
            .ok()
            .filter(|work| work.to_string().len() <= CLIPPED)
            .unwrap_or_else(|| Value::from(action.work.kind())),
        Action::Outstation(control) => serde_json::to_value(control).unwrap_or_default(),
    }
}

/// A text, or its beginning.
pub(super) fn clip(text: &str) -> String {
    let end = text.char_indices().nth(CLIPPED).map(|(at, _)| at);
    match end.and_then(|end| text.get(..end)) {
        Some(beginning) => format!("{beginning} …"),
        None => text.to_owned(),
    }
}
