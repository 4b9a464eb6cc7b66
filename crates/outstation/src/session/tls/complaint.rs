//! What is wrong with TLS, in sentences that name the outstation and the file.

use station_core::model::OutstationTls;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{CertificateError, Error, InconsistentKeys, OtherError};

use super::NotPinned;

/// What is wrong with our own certificate or key.
pub(super) fn about_ours(error: &Error, tls: &OutstationTls) -> String {
    let OutstationTls { certificate, key, .. } = tls;
    if *error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
        format!("the key in {key} is not that of the first certificate in {certificate}")
    } else if error.to_string().contains("UnsupportedCertVersion") {
        format!("the certificate in {certificate} is not of version 3 of X.509")
    } else {
        format!("the certificate in {certificate} with the key in {key} cannot be used: {error}")
    }
}

/// Why a connection ended before a single octet came over it, under TLS: with 1.3 our handshake is over
/// before the outstation has looked at our certificate, and not all say that they do not like it.
pub(in crate::session) fn early_end(tls: &OutstationTls, peer: &str) -> String {
    let certificate = &tls.certificate;
    format!(
        "{peer} ended TLS as soon as it stood: it may not accept the certificate in {certificate}"
    )
}

/// Why a handshake failed, as a sentence; nothing for what is not about TLS.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is rare is said in rustls's words")]
pub(in crate::session) fn complaint(
    error: &std::io::Error,
    tls: &OutstationTls,
    peer: &str,
) -> Option<String> {
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
        // Of an authority of the same name it is the signature that is wrong.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
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
        CertificateError::Other(OtherError(other)) if other.is::<NotPinned>() => {
            format!("{peer} is not who it should be: {other}")
        }
        // What webpki says has no type here.
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => format!(
            "the certificate of {peer} is one of an authority, signed by itself perhaps; \
             it should be one of its own, signed by an authority in {authority}"
        ),
        CertificateError::Other(other) if other.to_string() == "UnsupportedCertVersion" => {
            format!("the certificate of {peer} is not of version 3 of X.509")
        }
        other => format!("the certificate of {peer} is not accepted: {other}"),
    }
}

fn moment(at: UnixTime) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}
