//! Makes TLS from a certificate and a key, and says what is wrong with them.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{Error, InconsistentKeys, ServerConfig};

use crate::access::TlsFiles;
use crate::pem::{certificates, private_key};

/// Accepts TLS 1.2 and 1.3 with these files.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, String> {
    let chain = certificates(&files.cert)?;
    let key = private_key(&files.key)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be offered: {error}"))?
        .with_no_client_auth()
        .with_single_cert(chain, key);
    let mut config = config.map_err(|error| {
        let (cert, key) = (files.cert.display(), files.key.display());
        if error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
            format!("the key in {key} is not that of the first certificate in {cert}")
        } else {
            format!("the certificate in {cert} with the key in {key} cannot be used: {error}")
        }
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
