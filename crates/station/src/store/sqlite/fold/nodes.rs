//! Nodes as rows.

use rusqlite::{Connection, params};
use station_core::model::{Node, NodeHealth};

use super::super::fault::Fault;

/// Stores a node; what is known of it stays.
pub(super) fn keep(conn: &Connection, node: &Node) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT INTO nodes (name, body) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET body = excluded.body",
    )?
    .execute(params![node.name, text(node)?])?;
    Ok(())
}

/// Removes a node.
pub(super) fn remove(conn: &Connection, name: &str) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM nodes WHERE name = ?1")?.execute([name])?;
    Ok(())
}

/// Stores whether a node could be reached.
pub(super) fn mark(conn: &Connection, name: &str, health: &NodeHealth) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE nodes SET health = ?2 WHERE name = ?1")?
        .execute(params![name, text(health)?])?;
    Ok(())
}

fn text(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value)
        .map_err(|error| Fault::Row(format!("a node cannot be stored: {error}")))
}
