//! Nodes come, change and go.

use station_core::engine::{Refusal, Reply, Request};

use crate::cluster::{Cluster, at, node, on};

#[test]
fn nodes_are_kept_all_or_none() {
    let mut cluster = Cluster::new();
    let nodes = vec![node("new", &[]), node("rack1", &[])];
    let refused = cluster.ask(5, Request::KeepNodes { nodes, change: false });
    assert_eq!(refused, Reply::Refused(Refusal::NodeExists("rack1".into())));
    let nodes = vec![node("rack1", &[]), node("new", &[])];
    let refused = cluster.ask(5, Request::KeepNodes { nodes, change: true });
    assert_eq!(refused, Reply::Refused(Refusal::NoSuchNode("new".into())));
    let names = vec!["rack1".into(), "new".into()];
    let refused = cluster.ask(5, Request::RemoveNodes { names });
    assert_eq!(refused, Reply::Refused(Refusal::NoSuchNode("new".into())));
    assert_eq!(cluster.nodes.len(), 4);
}

#[test]
fn a_change_keeps_what_is_known_and_a_new_node_knows_nothing() {
    let mut cluster = Cluster::new().having(on("rack1"));
    cluster.tick(10);
    cluster.end(11, 1, 0);
    let mut changed = node("rack1", &["lab", "new"]);
    changed.address = "10.0.0.1".into();
    let change = Request::KeepNodes { nodes: vec![changed], change: true };
    assert_eq!(cluster.ask(12, change), Reply::NodesKept);
    let (kept, health) = &cluster.nodes["rack1"];
    assert_eq!((kept.created_at, health.as_ref().unwrap().since), (at(0).wall, at(11).wall));
    cluster.remove(13, "rack1");
    cluster.keep(vec![node("rack1", &[])]);
    assert_eq!(cluster.nodes["rack1"].1, None);
    cluster.tick(20);
    cluster.end(21, 2, 0);
    assert_eq!(cluster.nodes["rack1"].1.as_ref().unwrap().since, at(21).wall);
}
