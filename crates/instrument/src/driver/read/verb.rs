//! Reads verbs; one without messages or steps changes an inherited one.

use super::super::parameter::{Parameter, ParameterKind};
use super::super::verb::{Body, Verb};
use super::acts::Acts;
use super::parameter::{self, parameters};
use super::table::{Faults, Table};

const KEYS: [&str; 11] = [
    "title",
    "parameters",
    "send",
    "ask",
    "reply",
    "name",
    "unit",
    "steps",
    "idempotent",
    "non_volatile",
    "expect_reply",
];

/// The verb every driver has.
pub(super) const RAW: &str = "scpi";

/// Reads a verb; `inherited` is the one of that name in the driver that is extended.
pub(super) fn verb(
    name: &str,
    table: &Table<'_>,
    inherited: Option<&Verb>,
    faults: &mut Faults<'_>,
) -> Option<Verb> {
    let before = faults.len();
    table.only(&KEYS, faults);
    if !parameter::is_name(name) {
        faults.note(table.at, &table.path, parameter::NAMES);
    }
    if name == RAW {
        faults.note(table.at, &table.path, "every driver has this verb already");
        return None;
    }
    let given = parameters(table, faults);
    let mut verb = match (body(name, table, faults), inherited) {
        (Some(acts), _) => {
            let asks = |act: &super::super::act::Act| {
                matches!(act.what, super::super::act::What::Ask { .. })
            };
            Verb {
                name: name.to_owned(),
                title: String::new(),
                parameters: given,
                idempotent: acts.acts.iter().all(asks) && !table.has("send"),
                body: Body::Acts(acts.acts),
                non_volatile: false,
                outcomes: acts.outcomes,
            }
        }
        (None, Some(inherited)) => {
            let mut verb = inherited.clone();
            merge(&mut verb.parameters, given);
            verb
        }
        (None, None) => {
            // A key of a wrong name may be the one that is missing.
            if faults.len() == before {
                faults.note(table.at, &table.path, "a verb needs one of send, ask and steps");
            }
            return None;
        }
    };
    if let Some(title) = table.text("title", faults) {
        verb.title = title;
    }
    if let Some(idempotent) = table.flag("idempotent", faults) {
        verb.idempotent = idempotent;
    }
    if let Some(non_volatile) = table.flag("non_volatile", faults) {
        verb.non_volatile = non_volatile;
    }
    Some(verb)
}

fn body(name: &str, table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Acts> {
    let mut acts = Acts::default();
    if table.has("steps") {
        if table.has("send") || table.has("ask") {
            let message = "a verb has either steps or send and ask, not both";
            faults.note(table.at, &table.path, message);
        }
        let steps = table.list("steps", faults)?;
        acts.steps(&steps, 0, faults);
        if steps.is_empty() {
            faults.note(table.at, &table.path, "steps are empty: the verb would do nothing");
        }
    } else if table.has("send") || table.has("ask") {
        let result = name.strip_prefix("get_").unwrap_or("value");
        acts.messages(table, result, None, faults);
    } else {
        return None;
    }
    Some(acts)
}

/// Puts parameters in place of inherited ones of their names; new ones go to the end.
fn merge(parameters: &mut Vec<Parameter>, given: Vec<Parameter>) {
    for parameter in given {
        match parameters.iter_mut().find(|known| known.name == parameter.name) {
            Some(known) => *known = parameter,
            None => parameters.push(parameter),
        }
    }
}

/// The verb that sends a program message of the user's own.
pub(super) fn raw() -> Verb {
    let parameter = |name: &str, kind, optional| Parameter {
        name: name.to_owned(),
        kind,
        unit: None,
        default: None,
        optional,
        aliases: Vec::new(),
        scale: 1.0,
    };
    let yes_or_no = ParameterKind::Boolean { on: "ON".to_owned(), off: "OFF".to_owned() };
    Verb {
        name: RAW.to_owned(),
        title: "Sends a program message as it is, and reads the reply if it asks".to_owned(),
        parameters: vec![
            parameter("text", ParameterKind::Message, false),
            parameter("expect_reply", yes_or_no, true),
        ],
        body: Body::Raw,
        idempotent: false,
        non_volatile: false,
        outcomes: Vec::new(),
    }
}
