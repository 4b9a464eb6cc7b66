//! Reads certificates and private keys, and says what is wrong with them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificates of a file, at least one.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| not_pem(path, &error))?;
    if chain.is_empty() {
        return Err(format!(
            "{} holds no certificate: it should be PEM, with -----BEGIN CERTIFICATE-----",
            path.display()
        ));
    }
    Ok(chain)
}

/// The private key of a file.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = read(path)?;
    if text.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err(format!(
            "the key in {} is encrypted, and there is nobody to ask for its password: \
             `openssl pkey -in … -out …` writes it without one",
            path.display()
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        if matches!(error, pem::Error::NoItemsFound) {
            let path = path.display();
            format!(
                "{path} holds no private key: it should be PEM, with -----BEGIN PRIVATE KEY-----"
            )
        } else {
            not_pem(path, &error)
        }
    })?;
    let mode = std::fs::metadata(path).map_or(0, |about| about.permissions().mode());
    if mode & 0o007 != 0 {
        tracing::warn!(path = %path.display(), "everybody on this machine can read the TLS key");
    }
    Ok(key)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn not_pem(path: &Path, error: &pem::Error) -> String {
    format!("{} is not well-formed PEM: {error}", path.display())
}
