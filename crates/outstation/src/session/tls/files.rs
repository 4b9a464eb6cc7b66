//! The files and pins of TLS, and what is wrong with them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
};

/// A SHA-256 in hexadecimal digits; colons between them, as OpenSSL writes, do no harm.
pub(super) fn read_pin(text: &str) -> Result<[u8; 32], String> {
    let wrong = || format!("the pin {text:?} is no SHA-256: it should be 64 hexadecimal digits");
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|letter| *letter != ':')
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let octets: Vec<u8> = digits
        .ok_or_else(wrong)?
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit))
        .collect();
    if text.chars().filter(|letter| *letter != ':').count() != 64 {
        return Err(wrong());
    }
    octets.try_into().map_err(|_| wrong())
}

pub(super) fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let chain = chain.map_err(|error| not_pem(path, &error))?;
    if chain.is_empty() {
        return Err(format!(
            "{path} holds no certificate: it should be PEM, with -----BEGIN CERTIFICATE-----"
        ));
    }
    Ok(chain)
}

pub(super) fn revocations(
    path: &str,
) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let lists: Result<Vec<_>, _> =
        CertificateRevocationListDer::pem_slice_iter(&read(path)?).collect();
    let lists = lists.map_err(|error| not_pem(path, &error))?;
    if lists.is_empty() {
        return Err(format!(
            "{path} holds no list of revoked certificates: it should be PEM, with -----BEGIN X509 CRL-----"
        ));
    }
    Ok(lists)
}

pub(super) fn private_key(path: &str) -> Result<PrivateKeyDer<'static>, String> {
    let text = read(path)?;
    if text.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err(format!(
            "the key in {path} is encrypted, and there is nobody to ask for its password: \
             `openssl pkey -in … -out …` writes it without one"
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        if matches!(error, pem::Error::NoItemsFound) {
            format!(
                "{path} holds no private key: it should be PEM, with -----BEGIN PRIVATE KEY-----"
            )
        } else {
            not_pem(path, &error)
        }
    })?;
    let mode = std::fs::metadata(Path::new(path)).map_or(0, |about| about.permissions().mode());
    if mode & 0o007 != 0 {
        tracing::warn!(path, "everybody on this machine can read the TLS key");
    }
    Ok(key)
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))
}

fn not_pem(path: &str, error: &pem::Error) -> String {
    format!("{path} is not well-formed PEM: {error}")
}
