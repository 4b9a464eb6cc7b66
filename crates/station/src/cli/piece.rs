//! A piece of output as a stream tells it, and which pieces were seen already.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api;

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// The execution it is of.
    pub(crate) execution: &'a str,
    /// The execution's node; empty when it has none.
    pub(crate) node: &'a str,
    /// The stream it came on.
    pub(crate) stream: &'a str,
    /// What was put out.
    pub(crate) bytes: Cow<'a, [u8]>,
}

impl<'a> Piece<'a> {
    /// Reads an `output` event.
    pub(crate) fn of(data: &'a Value) -> Self {
        Self {
            execution: api::text(data, "execution_id"),
            node: api::text(data, "node"),
            stream: api::text(data, "stream"),
            bytes: match data.get("hex").and_then(Value::as_str) {
                Some(hex) => unhex(hex).into(),
                None => api::text(data, "text").as_bytes().into(),
            },
        }
    }

    /// The bytes as text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// How many pieces of each execution were seen, for a stream that may begin anew. Those of one
/// execution always come in the same order; those of several need not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    seen: BTreeMap<String, u64>,
    again: BTreeMap<String, u64>,
}

impl Seen {
    /// Takes note of a piece; whether it comes for the first time.
    pub(crate) fn is_new(&mut self, execution: &str) -> bool {
        if let Some(left) = self.again.get_mut(execution).filter(|left| **left > 0) {
            *left -= 1;
            return false;
        }
        match self.seen.get_mut(execution) {
            Some(count) => *count += 1,
            None => drop(self.seen.insert(execution.to_owned(), 1)),
        }
        true
    }

    /// The stream begins anew.
    pub(crate) fn start_anew(&mut self) {
        self.again.clone_from(&self.seen);
    }
}

/// An event as one JSON document.
pub(crate) fn tagged(name: &str, data: &Value) -> Value {
    let mut document = json!({ "event": name });
    if let (Some(document), Some(data)) = (document.as_object_mut(), data.as_object()) {
        document.extend(data.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    document
}

/// The bytes that hex digits stand for.
pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    hex.as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [high, low] => Some((digit(high)? << 4) | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_passed_over_for_each_execution() {
        let mut seen = Seen::default();
        assert!(["a", "a", "b"].iter().all(|id| seen.is_new(id)));
        seen.start_anew();
        let again = ["b", "b", "a", "c", "a", "a"].map(|id| seen.is_new(id));
        assert_eq!(again, [false, true, false, true, false, true]);
        seen.start_anew();
        assert!(!["a", "a", "a", "b", "b", "c"].iter().any(|id| seen.is_new(id)));
        assert!(seen.is_new("a"));
    }

    #[test]
    fn pieces_are_text_or_hex() {
        let data = json!({"execution_id": "1.1", "node": "a", "stream": "stdout", "hex": "ff0a"});
        let piece = Piece::of(&data);
        assert_eq!((piece.node, piece.bytes.as_ref()), ("a", &b"\xff\n"[..]));
        let data = json!({"text": "é"});
        assert_eq!(Piece::of(&data).text(), "é");
    }
}
