//! TLS with an outstation: who is let in on either side, and what is said when somebody is not.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use station_core::model::OutstationTls;
use station_outstation::session::{Connection, Event, check_tls};
use station_wire::iec104::command::Class;

use crate::certificates::Authority;
use crate::python::Python;
use crate::setup::{Opened, open, outstation};

fn session(endpoint: &str, tls: OutstationTls) -> Opened {
    let mut outstation = outstation(&[endpoint.to_owned()]);
    outstation.tls = Some(tls);
    open(&outstation)
}

/// The first thing that happens: a connection, or why there is none and whether that is for the trail.
async fn first(opened: &mut Opened) -> Result<Connection, (String, bool)> {
    opened
        .event(|event| match event {
            Event::Up(connection) => Some(Ok(connection.as_ref().clone())),
            Event::Unreachable { why, security, .. } | Event::Down { why, security, .. } => {
                Some(Err((why, security)))
            }
            _ => None,
        })
        .await
}

/// What is said of an outstation whose certificate was made by `make` as `outstation`.
async fn said_of(
    make: impl FnOnce(&Authority),
    change: impl FnOnce(&Authority, &mut OutstationTls),
) -> String {
    let authority = Authority::new();
    authority.sign("station", &[], &[]);
    make(&authority);
    let peer = Python::start("strict", &["--tls", authority.directory()]);
    let mut tls = authority.settings();
    change(&authority, &mut tls);
    let (why, security) = first(&mut session(&peer.endpoint, tls)).await.unwrap_err();
    assert!(security, "{why}");
    why.replace(&peer.endpoint, "SS1").replace(authority.directory(), "DIR")
}

fn good(authority: &Authority) {
    authority.sign("outstation", &["DNS:localhost"], &[]);
}

#[tokio::test]
async fn both_sides_show_certificates_and_commands_go() {
    let authority = Authority::with_both();
    authority.list_revoked("revoked.pem");
    for (peer, version) in [("strict", "TLSv1.3 TLS13_"), ("lenient", "TLSv1.2 TLS_ECDHE_")] {
        let peer = Python::start(peer, &["--tls", authority.directory()]);
        let mut tls = authority.settings();
        tls.pins = vec!["00".repeat(32), authority.fingerprint("outstation")];
        tls.revoked = Some(authority.path("revoked.pem").to_str().unwrap().to_owned());
        let mut opened = session(&peer.endpoint, tls);
        let connection = first(&mut opened).await.unwrap();
        let about = connection.tls.clone().unwrap();
        assert!(about.starts_with(version), "{about}");
        let fingerprint = authority.fingerprint("outstation").replace(':', "").to_lowercase();
        assert!(about.ends_with(&format!(" {fingerprint}")), "{about}");
        let end = opened.session.command(opened.order(4501, false)).await;
        assert_eq!(end.class, Class::Confirmed, "{end:?}");
        assert_eq!(*end.connection.unwrap(), connection);
    }
}

#[tokio::test]
async fn an_outstation_that_is_not_pinned_is_not_spoken_to() {
    let why = said_of(good, |_, tls| tls.pins = vec!["ab".repeat(32)]).await;
    assert!(
        why.starts_with("SS1 is not who it should be: its certificate has the SHA-256 "),
        "{why}"
    );
    assert!(why.ends_with(", which is not among `pins`"), "{why}");
}

#[tokio::test]
async fn a_certificate_signed_by_somebody_else_is_not_accepted() {
    let make = |authority: &Authority| {
        let other = Authority::with_both();
        for name in ["outstation.pem", "outstation.key"] {
            fs::copy(other.path(name), authority.path(name)).unwrap();
        }
    };
    assert_eq!(
        said_of(make, |_, _| ()).await,
        "the certificate of SS1 is signed by none of the authorities in DIR/ca.pem, or by itself"
    );
}

#[tokio::test]
async fn a_certificate_signed_by_itself_is_not_accepted() {
    let make = |authority: &Authority| authority.self_signed("outstation", "CN=localhost");
    let why = said_of(make, |_, _| ()).await;
    assert!(
        why.starts_with("the certificate of SS1 is one of an authority, signed by itself"),
        "{why}"
    );
}

#[tokio::test]
async fn a_certificate_that_expired_is_not_accepted() {
    let dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"];
    let make = |authority: &Authority| authority.sign("outstation", &["DNS:localhost"], &dates);
    assert_eq!(
        said_of(make, |_, _| ()).await,
        "the certificate of SS1 expired at 2020-02-01T00:00:00Z"
    );
}

#[tokio::test]
async fn a_certificate_for_somebody_else_is_not_accepted() {
    let make = |authority: &Authority| authority.sign("outstation", &["DNS:other.example"], &[]);
    let why = said_of(make, |_, _| ()).await;
    assert!(why.starts_with("the certificate of SS1 is for "), "{why}");
    assert!(why.contains("other.example") && why.contains("and not for localhost"), "{why}");
}

#[tokio::test]
async fn a_certificate_that_was_revoked_is_not_accepted() {
    let revoked = |authority: &Authority, tls: &mut OutstationTls| {
        authority.revoke("outstation");
        authority.list_revoked("revoked.pem");
        tls.revoked = Some(format!("{}/revoked.pem", authority.directory()));
    };
    let why = said_of(good, revoked).await;
    assert_eq!(why, "the certificate of SS1 has been revoked, says DIR/revoked.pem");
}

#[tokio::test]
async fn an_outstation_that_does_not_accept_us_is_told_of() {
    let (authority, other) = (Authority::with_both(), Authority::with_both());
    let mut tls = authority.settings();
    let theirs = other.settings();
    (tls.certificate, tls.key) = (theirs.certificate, theirs.key);
    let peer = Python::start("strict", &["--tls", authority.directory()]);
    let (why, security) = first(&mut session(&peer.endpoint, tls)).await.unwrap_err();
    assert!(security && why.contains("it may not accept the certificate in"), "{why}");
}

#[tokio::test]
async fn an_outstation_without_tls_is_told_of() {
    let authority = Authority::with_both();
    let peer = Python::start("raw", &[]);
    let (why, _) = first(&mut session(&peer.endpoint, authority.settings())).await.unwrap_err();
    assert!(why.contains("TLS"), "{why}");
}

/// OpenSSL's own server, with ways that are too weak.
struct Weak(Child, String);

impl Weak {
    fn start(authority: &Authority, options: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args([
                "s_server",
                "-accept",
                "127.0.0.1:0",
                "-cert",
                "outstation.pem",
                "-key",
                "outstation.key",
            ])
            .args(options)
            .current_dir(authority.directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let endpoint = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned));
        Self(child, endpoint.unwrap())
    }
}

impl Drop for Weak {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn what_is_weak_is_not_spoken() {
    let authority = Authority::with_both();
    for options in [
        // A key that both sides keep, a cipher without authentication of its own, a version too old.
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    ] {
        let peer = Weak::start(&authority, &options);
        let (why, security) = first(&mut session(&peer.1, authority.settings())).await.unwrap_err();
        assert!(security, "{options:?}: {why}");
    }
    let peer = Weak::start(&authority, &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]);
    // TLS itself is all right; of 104 it knows nothing.
    let mut outstation = outstation(std::slice::from_ref(&peer.1));
    outstation.tls = Some(authority.settings());
    (outstation.settings.t1, outstation.settings.t2) = (1_500, 1_000);
    let (why, security) = first(&mut open(&outstation)).await.unwrap_err();
    assert_eq!((why.as_str(), security), ("the peer did not confirm STARTDT within t1", false));
}

#[test]
fn files_that_are_of_no_use_are_named() {
    let authority = Authority::with_both();
    let says = |change: &dyn Fn(&mut OutstationTls)| {
        let mut tls = authority.settings();
        change(&mut tls);
        check_tls(&tls).unwrap_err().replace(authority.directory(), "DIR")
    };
    assert_eq!(check_tls(&authority.settings()), Ok(()));
    let path = |name: &str| authority.path(name).to_str().unwrap().to_owned();
    assert!(
        says(&|tls| tls.authority = path("nothing")).starts_with("DIR/nothing cannot be read: ")
    );
    assert_eq!(
        says(&|tls| tls.certificate = path("station.key")),
        "DIR/station.key holds no certificate: it should be PEM, with -----BEGIN CERTIFICATE-----"
    );
    assert_eq!(
        says(&|tls| tls.key = path("outstation.key")),
        "the key in DIR/outstation.key is not that of the first certificate in DIR/station.pem"
    );
    assert_eq!(
        says(&|tls| tls.pins = vec!["abcd".to_owned()]),
        "the pin \"abcd\" is no SHA-256: it should be 64 hexadecimal digits"
    );
    fs::write(authority.path("broken"), "-----BEGIN X509 CRL-----\n*").unwrap();
    assert!(
        says(&|tls| tls.revoked = Some(path("broken")))
            .starts_with("DIR/broken is not well-formed PEM")
    );
}
