//! TLS, and files that do not make it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use station::access::{Listen, TlsFiles};
use station::server::{Limits, TcpServer};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::support::{Answer, Site, local, short};

/// Of this test alone; made by openssl, good for a hundred years.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access/tls").join(name)
}

fn with(cert: PathBuf, key: PathBuf) -> Listen {
    Listen { tls: Some(TlsFiles { cert, key }), ..local() }
}

#[test]
fn a_request_over_tls_is_answered() {
    let site = Site::new(&with(file("cert.pem"), file("key.pem")), Limits::default());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("cert.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, site.connect());
    let origin = format!("origin: https://{}", site.address);
    let head = site.head("POST /api", &["authorization: Bearer TOKEN", &origin]);
    stream.write_all(head.as_bytes()).unwrap();
    let answer = Answer::read(&mut stream);
    assert_eq!(answer.status, 200);
    assert!(answer.has("strict-transport-security: max-age=31536000"), "{answer:?}");
}

#[test]
fn plain_text_and_silence_get_no_answer_over_tls() {
    let site = Site::new(&with(file("cert.pem"), file("key.pem")), short());
    for sent in [site.head("GET /api", &[]), String::new()] {
        let mut stream = site.connect();
        let started = Instant::now();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest));
        assert!(!rest.starts_with(b"HTTP"));
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn files_that_do_not_make_tls_are_named_with_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n")
        .unwrap();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    for (with_cert, with_key, parts) in [
        (file("none.pem"), key.clone(), ["none.pem", "cannot be read: No such file"]),
        (cert.clone(), file("none.pem"), ["none.pem", "cannot be read: No such file"]),
        (key.clone(), key.clone(), ["key.pem", "holds no certificate"]),
        (cert.clone(), cert.clone(), ["cert.pem", "holds no private key"]),
        (broken.clone(), key, ["broken.pem", "is not well-formed PEM"]),
        (cert.clone(), file("encrypted-key.pem"), ["encrypted-key.pem", "is encrypted"]),
        (cert, file("other-key.pem"), ["other-key.pem", "is not that of the first certificate"]),
    ] {
        let refused = TcpServer::bind(&with(with_cert, with_key), Limits::default());
        let refused = refused.err().unwrap();
        for part in parts {
            assert!(refused.contains(part), "{part}: {refused}");
        }
    }
}
