//! Finds the certificates of those who are trusted to name servers.

use std::path::{Path, PathBuf};

/// Where systems keep theirs.
const USUAL: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The certificates of a file, else the system's, as PEM; `None` when the system has none, and
/// then those built into the program are to be used.
pub(super) fn pem(file: Option<&Path>) -> Result<Option<Vec<u8>>, String> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    if let Some(file) = file {
        return read(file).map(Some);
    }
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let mut usual = named.into_iter().chain(USUAL.map(PathBuf::from));
    usual.find(|path| path.is_file()).map(|path| read(&path)).transpose()
}
