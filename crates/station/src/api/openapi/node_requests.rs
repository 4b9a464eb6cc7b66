//! The fields of requests about nodes, with what is accepted in each.

use station_core::model::{HostKeys, NodeKind};

use super::kind::{self, Kind, boolean, list, text, whole, words};
use crate::api::node_fields::{LONGEST_WORD, MOST};

/// A word in a command line of ssh.
fn ssh_word() -> Kind {
    text()
        .at_most(LONGEST_WORD)
        .pattern(r"^[^\s\u0000-\u001f\u007f-\u009f-][^\s\u0000-\u001f\u007f-\u009f]*$")
}

/// The fields of a node.
pub(super) fn node_fields() -> Vec<(&'static str, Kind)> {
    let name = text().pattern(r"^[A-Za-z0-9].*$").says("A name, or several: rack[1-16].");
    let address = ssh_word().or_null().says(
        "What ssh is told; else the name. Of several nodes: {} stands for the name, or brackets \
         for as many addresses.",
    );
    let mut fields = vec![("name", name), ("address", address)];
    fields.extend(more_node_fields());
    fields
}

/// The fields of a change of nodes.
pub(super) fn node_changes() -> Vec<(&'static str, Kind)> {
    let group = || text().pattern(kind::NODE);
    let address = ssh_word().or_null().says("{} stands for the name.");
    let mut fields = vec![
        ("address", address),
        ("add_groups", list(group(), Some(1000)).or_null()),
        ("remove_groups", list(group(), Some(1000)).or_null()),
    ];
    fields.extend(more_node_fields());
    fields
}

fn more_node_fields() -> Vec<(&'static str, Kind)> {
    let kinds = [NodeKind::Ssh, NodeKind::Ush].map(NodeKind::name);
    let ways = [HostKeys::Config, HostKeys::AcceptNew, HostKeys::Strict].map(HostKeys::name);
    vec![
        ("user", ssh_word().or_null().says("Else whom ssh_config(5) names.")),
        ("port", whole(1, u16::MAX.into()).or_null().says("Else the one ssh_config(5) names.")),
        ("type", words(kinds).or_null().default("ssh")),
        ("relay", ssh_word().or_null().says("The host on which ssh or ush is run.")),
        ("groups", list(text().pattern(kind::NODE), Some(1000)).or_null()),
        (
            "guard",
            boolean().or_null().default(true).says("False: what is stopped may go on there."),
        ),
        ("host_keys", words(ways).or_null().default("config").says("For keys that are not known.")),
        ("limit", whole(1, MOST).or_null().says("How many runs it may have at once.")),
    ]
}
