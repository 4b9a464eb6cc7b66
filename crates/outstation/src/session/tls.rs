//! TLS with an outstation as IEC 62351-3 wants it: both sides show certificates, nothing older than TLS
//! 1.2, only suites with forward secrecy, no resumption; and what is wrong, said in sentences.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use ring::digest;
use station_core::model::OutstationTls;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::ring as provider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime,
};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    InconsistentKeys, OtherError, RootCertStore, SignatureScheme,
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
        .map_err(|error| {
            let (certificate, key) = (&tls.certificate, &tls.key);
            if error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                format!("the key in {key} is not that of the first certificate in {certificate}")
            } else {
                format!(
                    "the certificate in {certificate} with the key in {key} cannot be used: {error}"
                )
            }
        })?;
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

/// Why a handshake failed, as a sentence; nothing for what is not about TLS.
pub(super) fn complaint(error: &std::io::Error, tls: &OutstationTls, peer: &str) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match inner {
        Error::InvalidCertificate(why) => about_certificate(why, tls, peer),
        Error::AlertReceived(alert) => {
            let certificate = &tls.certificate;
            format!(
                "{peer} ended TLS ({alert:?}): it may not accept the certificate in {certificate}"
            )
        }
        Error::PeerIncompatible(why) => {
            format!(
                "{peer} offers no TLS that is good enough ({why:?}): 1.2 or 1.3 with forward secrecy is needed"
            )
        }
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            format!("{peer} does not speak TLS there: {inner}")
        }
        other => format!("TLS with {peer} failed: {other}"),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is rare is said in rustls's words")]
fn about_certificate(why: &CertificateError, tls: &OutstationTls, peer: &str) -> String {
    let authority = &tls.authority;
    match why {
        CertificateError::UnknownIssuer => format!(
            "the certificate of {peer} is signed by none of the authorities in {authority}, or by itself"
        ),
        CertificateError::Expired => format!("the certificate of {peer} has expired"),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate of {peer} expired at {}", moment(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the certificate of {peer} is not valid before {}", moment(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the certificate of {peer} is for {} and not for {}; `server_name` says for whom it should be",
            if presented.is_empty() { "nobody".to_owned() } else { presented.join(", ") },
            expected.to_str(),
        ),
        CertificateError::Revoked => format!(
            "the certificate of {peer} has been revoked, says {}",
            tls.revoked.as_deref().unwrap_or_default()
        ),
        CertificateError::UnknownRevocationStatus => format!(
            "whether the certificate of {peer} has been revoked is not known: {} has no list of its authority",
            tls.revoked.as_deref().unwrap_or_default()
        ),
        CertificateError::ExpiredRevocationListContext { next_update, .. } => format!(
            "the list of revoked certificates in {} was to be renewed at {}",
            tls.revoked.as_deref().unwrap_or_default(),
            moment(*next_update)
        ),
        CertificateError::Other(other) => format!("{peer} is not who it should be: {other}"),
        other => format!("the certificate of {peer} is not accepted: {other}"),
    }
}

fn moment(at: UnixTime) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
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

/// A SHA-256 in hexadecimal digits; colons between them, as OpenSSL writes, do no harm.
fn read_pin(text: &str) -> Result<[u8; 32], String> {
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

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let chain = chain.map_err(|error| not_pem(path, &error))?;
    if chain.is_empty() {
        return Err(format!(
            "{path} holds no certificate: it should be PEM, with -----BEGIN CERTIFICATE-----"
        ));
    }
    Ok(chain)
}

fn revocations(path: &str) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
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

fn private_key(path: &str) -> Result<PrivateKeyDer<'static>, String> {
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
