//! The nodes that are alive, by references that do not keep them so.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Node;

static NODES: Mutex<Vec<Weak<Node>>> = Mutex::new(Vec::new());

/// Adds a node, and forgets those that are gone.
pub(super) fn add(node: &Arc<Node>) {
    let mut nodes = NODES.lock().unwrap_or_else(PoisonError::into_inner);
    nodes.retain(|node| node.strong_count() > 0);
    nodes.push(Arc::downgrade(node));
}

/// Those that somebody holds.
pub(super) fn instances() -> Vec<Arc<Node>> {
    // Collected under the lock and dropped by the caller, never here: a node's drop needs no lock.
    let nodes = NODES.lock().unwrap_or_else(PoisonError::into_inner);
    nodes.iter().filter_map(Weak::upgrade).collect()
}
