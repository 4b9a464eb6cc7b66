//! Puts TLS around a connection to a receiver, whose certificate has to be for its name.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::target::Syslog;
use crate::pem::{certificates, private_key};

/// Shakes hands. The files are read each time: a renewed certificate is shown at the next connection.
///
/// # Errors
/// A sentence that names the receiver, or the file that is wrong.
pub(super) async fn wrap(to: &Syslog, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
    let target = &to.target;
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| format!("'{}' is not a name that a certificate can have", target.host))?;
    let connector = TlsConnector::from(Arc::new(config(to)?));
    let connected = connector.connect(name, stream).await;
    connected.map_err(|error| {
        format!("the syslog receiver {target} is not trusted, or does not trust us: {error}")
    })
}

fn config(to: &Syslog) -> Result<ClientConfig, String> {
    let ca =
        to.ca.as_ref().ok_or("syslog over TLS needs syslog_ca, the authority of its receiver")?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| {
            format!("a certificate in {} cannot be used: {error}", ca.display())
        })?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))?
        .with_root_certificates(roots);
    let Some((cert, key)) = &to.identity else { return Ok(config.with_no_client_auth()) };
    config.with_client_auth_cert(certificates(cert)?, private_key(key)?).map_err(|error| {
        let (cert, key) = (cert.display(), key.display());
        format!("the certificate in {cert} with the key in {key} cannot be used: {error}")
    })
}
