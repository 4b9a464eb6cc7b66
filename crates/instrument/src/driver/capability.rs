//! Capabilities: what an instrument family has, for people and for plans.

/// What an instrument family has.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Capabilities {
    /// How many channels; 1 if the file does not say.
    pub channels: u32,
    /// Words for what else it has: `remote_sensing`, `list_mode`.
    pub features: Vec<String>,
}
