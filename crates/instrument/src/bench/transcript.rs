//! The transcript: what went to instruments and came from them, told while it happens.

/// Takes down what is said with instruments. Never blocks.
pub trait Transcript: Send + Sync {
    /// A program message was sent to an equipment.
    fn sent(&self, equipment: &str, text: &str);

    /// A reply came from it; blocks are told by their length.
    fn received(&self, equipment: &str, text: &str);

    /// Something happened that is neither: a reconnect, an error that was thrown away.
    fn note(&self, text: &str);
}
