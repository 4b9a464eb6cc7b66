//! Posts alarms to an HTTP server, signed so that it can tell who sent them.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::hmac;
use station_core::model::Alarm;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

use super::{Channel, body, roots};

/// How long a delivery may take in all.
const LIMIT: Duration = Duration::from_secs(10);

/// Posts the alarm's JSON. What answers with a status of 200 to 299 has it; redirects are not
/// followed, since the receiver was named by whoever owns the station.
pub struct Webhook {
    url: Uri,
    secret: Option<hmac::Key>,
    ca_file: Option<PathBuf>,
}

impl Webhook {
    /// For an `http` or `https` URL. With a secret, `X-Station-Signature` is `sha256=` and the
    /// HMAC-SHA256, in hexadecimal digits, of the `X-Station-Timestamp`, a point and the body.
    ///
    /// # Errors
    /// A sentence's end that says what is wrong with the URL.
    pub fn new(
        url: &str,
        secret: Option<&str>,
        ca_file: Option<PathBuf>,
    ) -> Result<Self, &'static str> {
        let url: Uri = url.parse().map_err(|_| "is not a URL")?;
        if !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err("must begin with http:// or https://");
        }
        if url.host().is_none_or(str::is_empty) {
            return Err("names no host");
        }
        if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("must not hold a user and a password; receivers check the signature");
        }
        let secret = secret.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        Ok(Self { url, secret, ca_file })
    }

    /// A client for one delivery: a dozen a day are many, so nothing is kept between them.
    fn client(&self) -> Result<ureq::Agent, String> {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("stationmaster/", env!("CARGO_PKG_VERSION")));
        if self.url.scheme_str() == Some("https")
            && let Some(pem) = roots::pem(self.ca_file.as_deref())?
        {
            let items = ureq::tls::parse_pem(&pem).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                Ok(_) | Err(_) => None,
            });
            let certificates: Vec<Certificate<'static>> = items.collect();
            let roots = RootCerts::new_with_certs(&certificates);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(config.build().new_agent())
    }
}

impl Channel for Webhook {
    fn deliver(&self, alarm: &Alarm) -> Result<(), String> {
        let body = body(alarm)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = since.as_secs().to_string();
        let mut request = self
            .client()?
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("X-Station-Timestamp", &timestamp);
        if let Some(key) = &self.secret {
            request = request.header("X-Station-Signature", signature(key, &timestamp, &body));
        }
        // Its path and query may be secret.
        let host = self.url.host().unwrap_or_default();
        let answer =
            request.send(&body[..]).map_err(|error| format!("cannot post to {host}: {error}"))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("{host} answered with {status}")) }
    }
}

fn signature(key: &hmac::Key, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let mut text = "sha256=".to_owned();
    for byte in context.sign().as_ref() {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_cannot_be_are_refused() {
        for (url, why) in [
            ("ftp://host/", "must begin with http:// or https://"),
            ("/path", "must begin with http:// or https://"),
            ("http://", "is not a URL"),
            ("http://user:word@host/", "must not hold a user and a password"),
        ] {
            let error = Webhook::new(url, None, None).err().unwrap();
            assert!(error.starts_with(why), "{url}: {error}");
        }
        assert!(Webhook::new("https://host:8443/a?b=c", Some("s"), None).is_ok());
    }

    #[test]
    fn the_signature_is_the_one_other_programs_compute() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let golden = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(signature(&key, "1700000000", b"{}"), format!("sha256={golden}"));
    }
}
