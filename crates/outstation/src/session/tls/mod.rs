//! TLS with an outstation as IEC 62351-3 wants it: both sides show certificates, nothing older than TLS
//! 1.2, only suites with forward secrecy, no resumption; and what is wrong, said in sentences.

mod complaint;
mod files;

use std::fmt::Write as _;
use std::sync::Arc;

use complaint::about_ours;
pub(super) use complaint::{complaint, early_end};
use files::{certificates, private_key, read_pin, revocations};
use ring::digest;
use station_core::model::OutstationTls;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::ring as provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, OtherError,
    RootCertStore, SignatureScheme,
};

/// Checks that the files of an outstation's TLS can be read and fit together.
///
/// # Errors
///
/// A sentence names the file and what is wrong with it.
pub fn check(tls: &OutstationTls) -> Result<(), String> {
    client(tls).map(drop)
}

/// What connections are made with. The files are read anew each time, so that a renewed certificate
/// counts from the next connection on.
pub(super) fn client(tls: &OutstationTls) -> Result<Arc<ClientConfig>, String> {
    // Its suites are all AEAD with an ephemeral key exchange.
    let provider = Arc::new(provider::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&tls.authority)? {
        roots.add(certificate).map_err(|error| {
            format!("{} holds no certificate of an authority: {error}", tls.authority)
        })?;
    }
    let revoked = tls.revoked.as_deref().map_or_else(|| Ok(Vec::new()), revocations)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .with_crls(revoked)
        .enforce_revocation_expiration()
        .build()
        .map_err(|error| {
            let revoked = tls.revoked.as_deref().unwrap_or_default();
            format!("{} with {revoked} cannot be checked against: {error}", tls.authority)
        })?;
    let pins = tls.pins.iter().map(|pin| read_pin(pin)).collect::<Result<_, _>>()?;
    let (chain, key) = (certificates(&tls.certificate)?, private_key(&tls.key)?);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be offered: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned { verifier, pins }))
        .with_client_auth_cert(chain, key)
        .map_err(|error| about_ours(&error, tls))?;
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The name the outstation's certificate must have.
pub(super) fn server_name(tls: &OutstationTls, host: &str) -> Result<ServerName<'static>, String> {
    let name = tls.server_name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|_| {
        format!("{name} is neither a host's name nor an address, so no certificate can have it")
    })
}

/// `version cipher sha256-of-its-certificate` of a connection whose handshake is done.
pub(super) fn describe(connection: &ClientConnection) -> String {
    let mut text = connection
        .protocol_version()
        .and_then(|version| version.as_str())
        .map_or_else(|| "TLS".to_owned(), |version| version.replace('_', "."));
    if let Some(suite) =
        connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str())
    {
        text.push(' ');
        text.push_str(suite);
    }
    if let Some(certificate) = connection.peer_certificates().and_then(<[_]>::first) {
        text.push(' ');
        text.push_str(&hex(&fingerprint(certificate)));
    }
    text
}

/// What webpki checks, and after it whether the certificate is one of those that are named.
#[derive(Debug)]
struct Pinned {
    verifier: Arc<WebPkiServerVerifier>,
    pins: Vec<[u8; 32]>,
}

/// The certificate is valid, and not one that was named.
#[derive(Debug, thiserror::Error)]
#[error("its certificate has the SHA-256 {0}, which is not among `pins`")]
struct NotPinned(String);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        let fingerprint = fingerprint(end_entity);
        if self.pins.is_empty() || self.pins.contains(&fingerprint) {
            return Ok(verified);
        }
        let why = Arc::new(NotPinned(hex(&fingerprint)));
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(why))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
    octets
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a string cannot fail.
        write!(text, "{octet:02x}").ok();
        text
    })
}
