//! Certificates for the tests of TLS, made by OpenSSL when they run.

use std::path::{Path, PathBuf};
use std::process::Command;

use station_core::model::OutstationTls;
use tempfile::TempDir;

/// An authority and what it signs, in a directory of its own.
pub(crate) struct Authority {
    directory: TempDir,
}

const CONFIG: &str = "
[ca]
default_ca = here
[here]
database = index
new_certs_dir = .
serial = serial
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
unique_subject = no
copy_extensions = copy
x509_extensions = signed
crl_extensions = listed
crlnumber = crlnumber
[signed]
basicConstraints = CA:FALSE
[listed]
authorityKeyIdentifier = keyid
[any]
commonName = supplied
";

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self { directory: TempDir::new().unwrap() };
        for (name, text) in
            [("config", CONFIG), ("index", ""), ("serial", "1000\n"), ("crlnumber", "01\n")]
        {
            std::fs::write(authority.path(name), text).unwrap();
        }
        authority.self_signed("ca", "CN=authority of a test");
        authority
    }

    /// With a certificate for an outstation at localhost, and one for the station.
    pub(crate) fn with_both() -> Self {
        let authority = Self::new();
        authority.sign("outstation", &["DNS:localhost"], &[]);
        authority.sign("station", &[], &[]);
        authority
    }

    pub(crate) fn directory(&self) -> &str {
        self.directory.path().to_str().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Makes NAME.pem and NAME.key, signed by the authority, with those names and options of `openssl ca`.
    pub(crate) fn sign(&self, name: &str, names: &[&str], options: &[&str]) {
        let alternative = format!("subjectAltName={}", names.join(","));
        let mut request = format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"
        );
        if !names.is_empty() {
            request += &format!(" -addext {alternative}");
        }
        self.openssl(&request);
        let options = options.join(" ");
        self.openssl(&format!(
            "ca -batch -notext -config config -in {name}.csr -out {name}.pem {options}"
        ));
    }

    /// Makes NAME.pem and NAME.key, signed by itself.
    pub(crate) fn self_signed(&self, name: &str, subject: &str) {
        let subject = subject.replace(' ', "-");
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /{subject} -keyout {name}.key -out {name}.pem"
        ));
    }

    /// Makes NAME the list of all that was revoked.
    pub(crate) fn list_revoked(&self, name: &str) {
        self.openssl(&format!("ca -config config -gencrl -out {name}"));
    }

    pub(crate) fn revoke(&self, name: &str) {
        self.openssl(&format!("ca -config config -revoke {name}.pem"));
    }

    /// The SHA-256 of NAME.pem, as OpenSSL writes it.
    pub(crate) fn fingerprint(&self, name: &str) -> String {
        let shown = self.openssl(&format!("x509 -noout -fingerprint -sha256 -in {name}.pem"));
        shown.trim().rsplit_once('=').unwrap().1.to_owned()
    }

    /// What a station that trusts this authority is told.
    pub(crate) fn settings(&self) -> OutstationTls {
        OutstationTls {
            authority: self.text("ca.pem"),
            certificate: self.text("station.pem"),
            key: self.text("station.key"),
            server_name: Some("localhost".to_owned()),
            pins: Vec::new(),
            revoked: None,
        }
    }

    fn openssl(&self, arguments: &str) -> String {
        run(self.directory.path(), arguments)
    }
}

fn run(directory: &Path, arguments: &str) -> String {
    let words = arguments.split(' ').filter(|word| !word.is_empty());
    let ran = Command::new("openssl").args(words).current_dir(directory).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "openssl {arguments}: {said}");
    String::from_utf8(ran.stdout).unwrap()
}
