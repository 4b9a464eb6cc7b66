//! Byte strings in JSON: text where they are UTF-8, which they almost always are, else numbers.

use serde::{Deserialize, Serialize};

/// A byte string as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Raw(Vec<u8>),
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Raw(bytes.to_vec()),
        }
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        match bytes {
            Bytes::Text(text) => text.into_bytes(),
            Bytes::Raw(bytes) => bytes,
        }
    }
}

/// `serde(with)` for an optional byte string.
pub(super) mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Bytes;

    pub(in crate::model) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(Bytes::from).serialize(serializer)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Bytes>::deserialize(deserializer)?.map(Vec::from))
    }
}

/// `serde(with)` for an optional list of pairs of byte strings.
pub(super) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Bytes;

    type Pairs = Option<Vec<(Vec<u8>, Vec<u8>)>>;

    pub(in crate::model) fn serialize<S: Serializer>(
        pairs: &Pairs,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = pairs.as_ref().map(|pairs| {
            pairs.iter().map(|(a, b)| (Bytes::from(&**a), Bytes::from(&**b))).collect::<Vec<_>>()
        });
        text.serialize(serializer)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Pairs, D::Error> {
        let text = Option::<Vec<(Bytes, Bytes)>>::deserialize(deserializer)?;
        Ok(text.map(|pairs| pairs.into_iter().map(|(a, b)| (a.into(), b.into())).collect()))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Action, CommandLine, ShellContext};

    #[test]
    fn text_stays_text_and_any_bytes_come_back() {
        let context = ShellContext {
            cwd: Some(b"/tmp".to_vec()),
            umask: Some(0o22),
            env: Some(vec![(b"A".to_vec(), b"b c".to_vec()), (b"X".to_vec(), vec![255, 0])]),
            nice: 0,
        };
        let json = serde_json::to_string(&context).unwrap();
        assert_eq!(json, r#"{"cwd":"/tmp","umask":18,"env":[["A","b c"],["X",[255,0]]],"nice":0}"#);
        assert_eq!(serde_json::from_str::<ShellContext>(&json).unwrap(), context);
        for stdin in [None, Some(b"echo \"hi\"\n".to_vec()), Some(vec![0, 200])] {
            let command = CommandLine::Shell("cat".into());
            let action = Action::Command { command, context: None, stdin, sudo: false };
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(serde_json::from_str::<Action>(&json).unwrap(), action, "{json}");
        }
    }
}
