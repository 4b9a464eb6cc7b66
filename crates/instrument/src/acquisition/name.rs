//! The names of files: made of the acquisition's id and its form, and never leading elsewhere.

use station_core::model::FileFormat;

use crate::{Error, ErrorKind};

/// The longest id.
const LONGEST: usize = 128;

/// The name of an acquisition's file.
pub(super) fn file(id: &str, format: FileFormat) -> Result<String, Error> {
    let name = format!("{id}.{}", format.name());
    if id.is_empty() || id.len() > LONGEST {
        return Err(wrong(id));
    }
    check_file(&name).map(|()| name)
}

/// Refuses what is not the name of a file, but the way to one.
pub(super) fn check_file(name: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.starts_with('.') || name.is_empty() || !name.bytes().all(allowed) {
        return Err(wrong(name));
    }
    Ok(())
}

fn wrong(name: &str) -> Error {
    let shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    let message = format!(
        "'{shown}' cannot name a file of samples: it is made of letters, digits, '.', '_' and '-'"
    );
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        assert_eq!(file("acq-1", FileFormat::Npy).expect("is a name"), "acq-1.npy");
        for id in ["", "..", ".x", "a/b", "../a", "a\0b", "ä", &"x".repeat(200)] {
            assert!(file(id, FileFormat::Csv).is_err(), "{id}");
        }
    }
}
