//! Names the surroundings of a job by the hash of their canonical form.

use sha2::{Digest, Sha256};
use station_core::model::{ContextHash, ShellContext};

/// Stands before the canonical form; to be raised when the form changes.
const FORM: &[u8] = b"station context 1\n";

/// The SHA-256 of the canonical form: every field in order, each with its presence and, if its
/// size varies, its length (64 bits, little endian) before it. The environment is sorted already.
pub(super) fn hash(context: &ShellContext) -> ContextHash {
    let ShellContext { cwd, umask, env, nice } = context;
    let mut form = Vec::with_capacity(4096);
    form.extend_from_slice(FORM);
    form.push(u8::from(cwd.is_some()));
    if let Some(cwd) = cwd {
        put(&mut form, cwd);
    }
    form.push(u8::from(umask.is_some()));
    form.extend_from_slice(&umask.unwrap_or_default().to_le_bytes());
    form.push(*nice);
    form.push(u8::from(env.is_some()));
    if let Some(env) = env {
        put_length(&mut form, env.len());
        for (name, value) in env {
            put(&mut form, name);
            put(&mut form, value);
        }
    }
    ContextHash(hex(&Sha256::digest(&form)))
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}

fn put(form: &mut Vec<u8>, bytes: &[u8]) {
    put_length(form, bytes.len());
    form.extend_from_slice(bytes);
}

fn put_length(form: &mut Vec<u8>, length: usize) {
    form.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_surroundings_have_different_names() {
        let some = |text: &str| Some(text.as_bytes().to_vec());
        let env = |list: &[(&str, &str)]| {
            Some(list.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect())
        };
        let all = [
            ShellContext::default(),
            ShellContext { cwd: some(""), ..Default::default() },
            ShellContext { cwd: some("/a"), ..Default::default() },
            ShellContext { umask: Some(0), ..Default::default() },
            ShellContext { umask: Some(0o22), ..Default::default() },
            ShellContext { nice: 1, ..Default::default() },
            ShellContext { env: env(&[]), ..Default::default() },
            ShellContext { env: env(&[("A", "BC")]), ..Default::default() },
            ShellContext { env: env(&[("AB", "C")]), ..Default::default() },
            ShellContext { env: env(&[("A", ""), ("B", "C")]), ..Default::default() },
        ];
        let names: std::collections::BTreeSet<_> = all.iter().map(hash).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn the_name_never_changes() {
        let context = ShellContext {
            cwd: Some(b"/tmp".to_vec()),
            umask: Some(0o22),
            env: Some(vec![(b"A".to_vec(), b"1".to_vec())]),
            nice: 2,
        };
        let golden = "80c9bd3da3c7dfb1fa8a8a2cac3183b33f4a82eae599bceb3516f9dbad314925";
        assert_eq!(hash(&context).0, golden);
    }
}
