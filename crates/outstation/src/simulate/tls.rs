//! TLS of the outstation's side: who connects shows a certificate of the authority.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::{SimulateError, TlsFiles};

/// Accepts TLS 1.2 and 1.3 with these files.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, SimulateError> {
    let failed = |what: &dyn std::fmt::Display| {
        let (certificate, authority) = (files.certificate.display(), files.authority.display());
        SimulateError::Config(format!(
            "TLS cannot be offered with {certificate}, its key and {authority}: {what}"
        ))
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.authority)? {
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unreadable(&files.key, "private key", &error))?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&files.certificate)?, key)
        .map_err(|error| failed(&error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SimulateError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|error| unreadable(path, "certificates", &error))?;
    if chain.is_empty() {
        let message = format!(
            "{} holds no certificate: it should be PEM, with -----BEGIN CERTIFICATE-----",
            path.display()
        );
        return Err(SimulateError::Config(message));
    }
    Ok(chain)
}

fn unreadable(path: &Path, what: &str, error: &dyn std::fmt::Display) -> SimulateError {
    SimulateError::Config(format!("the {what} in {} cannot be read: {error}", path.display()))
}
