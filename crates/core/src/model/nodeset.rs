//! Node sets: `rack[1-16]`, `@lab`, `@lab!rack3`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Node;

/// A set of nodes, as its text names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeSet {
    text: String,
}

/// Why a text names no set of nodes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NodeSetError(pub String);

impl NodeSet {
    /// Reads a set.
    ///
    /// # Errors
    /// When the text is no set; what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, NodeSetError> {
        Ok(Self { text: text.to_owned() })
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it stands for, in order, each once.
    ///
    /// # Errors
    /// When it names a node or a group that is not there, or nothing at all.
    pub fn expand<H>(
        &self,
        nodes: &BTreeMap<String, (Node, H)>,
    ) -> Result<Vec<String>, NodeSetError> {
        if let Some(name) = self.text.split(',').find(|name| !nodes.contains_key(*name)) {
            return Err(NodeSetError(format!("node '{name}' is not registered")));
        }
        Ok(self.text.split(',').map(str::to_owned).collect())
    }
}
