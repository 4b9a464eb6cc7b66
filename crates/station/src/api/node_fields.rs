//! Reads what requests say of nodes.

use std::borrow::Cow;
use std::collections::BTreeSet;

use station_core::model::{HostKeys, Micros, Node, NodeKind, NodeSet, Principal};

use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::json::Json;
use super::{create, job_fields, near_miss};

/// Every field of a node that is registered.
pub(super) const NODE_FIELDS: [&str; 10] =
    ["name", "address", "user", "port", "type", "relay", "groups", "guard", "host_keys", "limit"];

/// Every field of a change.
pub(super) const CHANGE_FIELDS: [&str; 11] = [
    "address",
    "user",
    "port",
    "type",
    "relay",
    "groups",
    "add_groups",
    "remove_groups",
    "guard",
    "host_keys",
    "limit",
];

/// The most nodes registered at once.
pub(super) const MOST_AT_ONCE: usize = 10_000;

/// The most runs at once that a node may be allowed, and the most groups it is in.
pub(super) const MOST: i64 = 1000;

/// The longest address, user or relay.
pub(super) const LONGEST_WORD: usize = 255;

/// What shells and ssh treat in a way of their own.
const SPECIAL: &str = "'\"`$\\;&<>|(){}[]*?!#";

/// Stands in an address for the node's name.
const NAME: &str = "{}";

type Map<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// The nodes that a body registers: one, a set with the same fields, or a list of such.
pub(super) fn created(body: &[u8], by: &Principal, now: Micros) -> Result<Vec<Node>, ApiError> {
    let mut map = create::object(body)?;
    let mut faults = Faults::default();
    let mut nodes = Vec::new();
    let list = map.iter().position(|(name, _)| name == "nodes");
    match list.map(|at| map.swap_remove(at).1) {
        None => read_node(map, Place::BODY, (by, now), &mut nodes, &mut faults)?,
        Some(Json::List(list)) => {
            known(&map, &["nodes"])?;
            let at = Place::BODY.field("nodes");
            if list.is_empty() {
                faults.value(at, "must not be empty", serde_json::Value::Null);
            }
            for (index, json) in list.into_iter().enumerate() {
                let at = at.index(index);
                if let Json::Map(map) = json {
                    read_node(map, at, (by, now), &mut nodes, &mut faults)?;
                } else {
                    job_fields::not_a_map(&json, at, &mut faults);
                }
            }
        }
        Some(other) => {
            let at = Place::BODY.field("nodes");
            faults.add("list_type", at, "Input should be a valid list", other.echo());
        }
    }
    faults.into_result()?;
    if nodes.len() > MOST_AT_ONCE {
        return Err(ApiError::Bad(format!(
            "these are {} nodes: at most {MOST_AT_ONCE} can be registered at once",
            nodes.len()
        )));
    }
    let mut names = BTreeSet::new();
    match nodes.iter().find(|node| !names.insert(node.name.as_str())) {
        Some(twice) => Err(ApiError::Bad(format!("node '{}' is named twice", twice.name))),
        None => Ok(nodes),
    }
}

/// Refuses what is not one of the known fields: in a registry nothing is ignored.
fn known(map: &Map<'_>, known: &[&'static str]) -> Result<(), ApiError> {
    let Some((name, _)) = map.iter().find(|(name, _)| !known.contains(&name.as_ref())) else {
        return Ok(());
    };
    let given: String = name.chars().take(100).flat_map(char::escape_debug).collect();
    Err(ApiError::Bad(match near_miss::find(name, known) {
        Some(meant) => format!("unknown field '{given}': did you mean '{meant}'?"),
        None => format!("unknown field '{given}': known are {}", known.join(", ")),
    }))
}

/// Reads one node, or all of a set.
fn read_node(
    map: Map<'_>,
    at: Place<'_>,
    (by, now): (&Principal, Micros),
    nodes: &mut Vec<Node>,
    faults: &mut Faults,
) -> Result<(), ApiError> {
    known(&map, &NODE_FIELDS)?;
    let before = faults.count();
    let mut template = blank(by, now);
    let (mut names, mut address, mut named) = (None, None, false);
    for (name, json) in map {
        let at = at.field(&name);
        match (name.as_ref(), json) {
            (_, Json::Null) => {}
            ("name", json) => {
                named = true;
                names = self::names(json, at, faults);
            }
            ("address", json) => address = field::text(json, at, faults),
            (name, json) => take(&mut template, name, json, at, faults),
        }
    }
    if !named {
        faults.missing(at.field("name"));
    }
    let Some(names) = names else { return Ok(()) };
    let place = at.field("address");
    let addresses = addresses(address.as_deref(), &names, place, faults);
    if faults.count() > before {
        return Ok(());
    }
    nodes.extend(names.into_iter().zip(addresses).map(|(name, address)| Node {
        name,
        address,
        ..template.clone()
    }));
    Ok(())
}

fn blank(by: &Principal, now: Micros) -> Node {
    Node {
        name: String::new(),
        address: String::new(),
        user: None,
        port: None,
        kind: NodeKind::default(),
        relay: None,
        groups: Vec::new(),
        guard: true,
        host_keys: HostKeys::default(),
        limit: None,
        created_at: now,
        created_by: by.clone(),
    }
}

/// The names that a name or a set stands for.
fn names(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    let text = field::text(json, at, faults)?;
    let why = match NodeSet::parse(&text).map(|set| set.literal()) {
        Err(error) => error.to_string(),
        Ok(None) => "a node that is registered has a name; a group is made of such".to_owned(),
        Ok(Some(names)) => match names.iter().find(|name| !Node::is_name(name)) {
            Some(name) => not_a_name("name of a node", name),
            None if names.is_empty() => "no node is named".to_owned(),
            None => return Some(names),
        },
    };
    faults.value(at, &why, Json::Text(text).echo());
    None
}

fn not_a_name(what: &str, text: &str) -> String {
    let shown: String = text.chars().take(100).flat_map(char::escape_debug).collect();
    format!(
        "'{shown}' is no {what}: letters, digits, '.', '_' and '-' are meant, the first a letter or \
         a digit, at most {}, and not 'local'",
        Node::LONGEST_NAME
    )
}

/// Each node's address: its own name, a text with the name in it, or one of as many in brackets.
fn addresses(
    text: Option<&str>,
    names: &[String],
    at: Place<'_>,
    faults: &mut Faults,
) -> Vec<String> {
    let Some(text) = text else { return names.to_vec() };
    let addresses: Vec<String> = if text.contains(NAME) {
        names.iter().map(|name| text.replace(NAME, name)).collect()
    } else if text.contains('[') {
        let Some(all) = NodeSet::parse(text).ok().and_then(|set| set.literal()) else {
            let why = "has brackets that are no range, such as 10.0.0.[1-16]";
            faults.value(at, why, text.into());
            return Vec::new();
        };
        all
    } else {
        names.iter().map(|_| text.to_owned()).collect()
    };
    if addresses.len() != names.len() {
        let why = format!("stands for {} addresses and {} nodes", addresses.len(), names.len());
        faults.value(at, &why, text.into());
    } else if let Some(why) = addresses.iter().find_map(|address| odd_word(address)) {
        faults.value(at, why, text.into());
    }
    addresses
}

/// What is to become different of nodes.
#[derive(Debug)]
pub(super) struct Change {
    /// Holds the named fields.
    template: Node,
    named: Vec<&'static str>,
    add: Vec<String>,
    remove: Vec<String>,
}

/// The change that a body asks for.
pub(super) fn changed(body: &[u8]) -> Result<Change, ApiError> {
    let map = create::object(body)?;
    known(&map, &CHANGE_FIELDS)?;
    let mut faults = Faults::default();
    let mut change = Change {
        template: blank(&Principal::Anonymous, Micros(0)),
        named: Vec::new(),
        add: Vec::new(),
        remove: Vec::new(),
    };
    for (name, json) in map {
        let at = Place::BODY.field(&name);
        let Some(field) = CHANGE_FIELDS.iter().copied().find(|known| *known == name) else {
            continue;
        };
        change.named.push(field);
        match (field, json) {
            // What is null becomes the default again, which the template holds.
            (_, Json::Null) => {}
            ("address", json) => {
                if let Some(text) = field::text(json, at, &mut faults) {
                    change.template.address = text.into_owned();
                }
            }
            ("add_groups", json) => change.add = groups(json, at, &mut faults),
            ("remove_groups", json) => change.remove = groups(json, at, &mut faults),
            (field, json) => take(&mut change.template, field, json, at, &mut faults),
        }
    }
    faults.into_result()?;
    if change.named.is_empty() {
        return Err(ApiError::Bad("there is nothing to change".to_owned()));
    }
    Ok(change)
}

impl Change {
    /// Makes it of a node.
    pub(super) fn apply(&self, node: &mut Node) -> Result<(), ApiError> {
        let new = &self.template;
        for field in &self.named {
            match *field {
                "address" => node.address = self.address(&node.name)?,
                "user" => node.user.clone_from(&new.user),
                "port" => node.port = new.port,
                "type" => node.kind = new.kind,
                "relay" => node.relay.clone_from(&new.relay),
                "groups" => node.groups.clone_from(&new.groups),
                "guard" => node.guard = new.guard,
                "host_keys" => node.host_keys = new.host_keys,
                "limit" => node.limit = new.limit,
                // Those to add and to remove follow, whatever came first.
                _ => {}
            }
        }
        node.groups.extend(self.add.iter().cloned());
        node.groups.retain(|group| !self.remove.contains(group));
        node.groups.sort();
        node.groups.dedup();
        Ok(())
    }

    fn address(&self, name: &str) -> Result<String, ApiError> {
        if self.template.address.is_empty() {
            return Ok(name.to_owned());
        }
        let address = self.template.address.replace(NAME, name);
        match odd_word(&address) {
            Some(why) => Err(ApiError::Bad(format!("address {why}"))),
            None => Ok(address),
        }
    }
}

/// Takes a field that is not null.
fn take(node: &mut Node, name: &str, json: Json<'_>, at: Place<'_>, faults: &mut Faults) {
    match name {
        "user" => node.user = word(json, at, faults),
        "relay" => node.relay = word(json, at, faults),
        "port" => {
            let port = field::integer(&json, (1, u16::MAX.into()), at, faults);
            node.port = port.and_then(|port| u16::try_from(port).ok());
        }
        "type" => {
            let kinds = [NodeKind::Ssh, NodeKind::Ush].map(|kind| (kind.name(), kind));
            node.kind = field::word(&json, &kinds, at, faults).unwrap_or_default();
        }
        "groups" => node.groups = groups(json, at, faults),
        "guard" => node.guard = field::boolean(&json, at, faults).unwrap_or(true),
        "host_keys" => {
            let ways = [HostKeys::Config, HostKeys::AcceptNew, HostKeys::Strict];
            let ways = ways.map(|way| (way.name(), way));
            node.host_keys = field::word(&json, &ways, at, faults).unwrap_or_default();
        }
        "limit" => {
            let limit = field::integer(&json, (1, MOST), at, faults);
            node.limit = limit.and_then(|limit| u32::try_from(limit).ok());
        }
        _ => {}
    }
}

/// A word that ends up in a command line of ssh.
fn word(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<String> {
    let text = field::text(json, at, faults)?;
    let Some(why) = odd_word(&text) else { return Some(text.into_owned()) };
    faults.value(at, why, Json::Text(text).echo());
    None
}

/// Why a word must not be handed to ssh: it could be taken for an option, or by a shell.
fn odd_word(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("must not be empty")
    } else if text.len() > LONGEST_WORD {
        Some("must be at most 255 bytes long")
    } else if text.starts_with('-') {
        Some("must not begin with '-': ssh would take it for an option")
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some("must not hold spaces or control characters")
    } else if text.contains(|c| SPECIAL.contains(c)) {
        Some("must not hold characters that are special to shells")
    } else {
        None
    }
}

/// Groups, sorted, each once.
fn groups(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Vec<String> {
    let Json::List(list) = json else {
        faults.add("list_type", at, "Input should be a valid list", json.echo());
        return Vec::new();
    };
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    if list.len() > most {
        faults.value(at, &format!("must be at most {most} groups"), serde_json::Value::Null);
        return Vec::new();
    }
    let mut groups = BTreeSet::new();
    for (index, json) in list.into_iter().enumerate() {
        let at = at.index(index);
        let Some(text) = field::text(json, at, faults) else { continue };
        if Node::is_name(&text) {
            groups.insert(text.into_owned());
        } else {
            faults.value(at, &not_a_name("name of a group", &text), Json::Text(text).echo());
        }
    }
    groups.into_iter().collect()
}

#[cfg(test)]
#[path = "node_fields_tests.rs"]
mod tests;
