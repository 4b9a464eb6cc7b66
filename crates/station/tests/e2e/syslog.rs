//! The audit trail as a syslog receiver takes it: all of it, over every transport, whoever is killed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use station::audit::{Key, Witness};
use station::store;

use crate::rsyslog::{Input, Message, Receiver};
use crate::support::{Site, wait_for};

/// What `station.toml` says.
fn configure(site: &Site, audit: &str) {
    let owner = std::fs::Permissions::from_mode(0o700);
    std::fs::create_dir_all(site.data()).unwrap();
    std::fs::set_permissions(site.data(), owner).unwrap();
    std::fs::write(site.data().join("station.toml"), format!("[audit]\n{audit}\n")).unwrap();
}

/// What is in the store: the hash of each record.
fn trail(site: &Site) -> BTreeMap<u64, String> {
    let reader = store::reader(&site.data().join("station.db"));
    let records = reader.audit_from(1, usize::MAX).unwrap();
    records.iter().map(|one| (one.seq, station_core::audit::to_hex(&one.hash))).collect()
}

/// The records among messages; each has one hash, however often it came.
fn taken(messages: &[Message]) -> BTreeMap<u64, String> {
    let mut records = BTreeMap::new();
    for message in messages.iter().filter(|message| message.id != "checkpoint") {
        let hash = message.value("hash").to_owned();
        let before = records.insert(message.seq(), hash.clone());
        assert!(before.is_none_or(|before| before == hash), "{message:?}");
    }
    records
}

fn wait_for_all(site: &Site, receiver: &Receiver) {
    wait_for("the receiver to have the whole trail", || {
        (taken(&receiver.messages()) == trail(site)).then_some(())
    });
}

#[test]
fn every_record_is_a_message_over_tcp_and_the_log_is_a_witness() {
    let mut site = Site::new();
    let mut receiver = Receiver::new(&site.scratch().join("receiver"), Input::Tcp);
    // What was recorded before is sent too.
    site.start();
    site.ok(["at", "2099-01-01 12:00", "--", "true"]);
    site.signal(Signal::TERM);
    site.ended();
    receiver.start();
    configure(&site, &format!("syslog = \"tcp://127.0.0.1:{}\"", receiver.port));
    site.start();
    site.ok(["at", "2099-01-01 12:00", "--", "echo", "a \"quoted\" ] \\ Grüße"]);
    assert!(!site.run(["cancel", "99"]).status.success());
    site.signal(Signal::TERM);
    site.ended();
    let messages = receiver.messages();
    // At a clean stop all of it is there, each record once, in order, and the last checkpoint.
    let order: Vec<u64> =
        messages.iter().filter(|one| one.id != "checkpoint").map(Message::seq).collect();
    assert_eq!(order, (1..=order.len() as u64).collect::<Vec<_>>());
    assert_eq!(taken(&messages), trail(&site));
    let last = messages.last().unwrap();
    assert_eq!((last.id.as_str(), last.seq()), ("checkpoint", order.len() as u64));
    // 13 × 8 + 5, and + 4 for what was refused.
    let refused = messages.iter().find(|one| one.id == "refused").unwrap();
    assert_eq!((refused.priority, last.priority), (108, 109));
    assert_eq!((refused.value("subject"), refused.value("status")), ("job 99", "failed"));
    assert!(refused.text.starts_with("refused: cancel job 99 by "), "{refused:?}");
    assert_eq!(
        (refused.app.as_str(), refused.at.len()),
        ("station", "2099-01-01T00:00:00.000000Z".len())
    );
    // The log is what `station audit verify --witness` is given.
    let key = Key::of(&site.data()).unwrap();
    let known = Witness::read(&receiver.log()).unwrap();
    assert!(known.len() >= 2);
    assert!(
        known.iter().all(|one| one.is_signed(&station::audit::check) && one.key == key.public())
    );
    let reader = store::reader(&site.data().join("station.db"));
    assert_eq!(known.last().unwrap().head(), reader.audit_head().unwrap());
}

#[test]
fn nothing_is_lost_when_receiver_and_station_are_killed() {
    let mut site = Site::new();
    let mut receiver = Receiver::new(&site.scratch().join("receiver"), Input::Tcp);
    configure(&site, &format!("syslog = \"tcp://127.0.0.1:{}\"", receiver.port));
    // It is not there yet.
    site.start();
    site.ok(["exec", "--", "true"]);
    receiver.start();
    wait_for_all(&site, &receiver);
    for signal in [Signal::TERM, Signal::KILL] {
        site.ok(["exec", "--", "true"]);
        receiver.stop(signal);
        site.ok(["exec", "--", "true"]);
        site.kill();
        site.start();
        site.ok(["exec", "--", "true"]);
        receiver.start();
        wait_for_all(&site, &receiver);
    }
    // A receiver that is stopped while the station is idle is found again with the next record.
    receiver.stop(Signal::KILL);
    receiver.start();
    site.ok(["exec", "--", "true"]);
    wait_for_all(&site, &receiver);
    // Where it stood survives: another start does not send everything again.
    wait_for("the place to be settled", || {
        let place = std::fs::read_to_string(site.data().join("audit.syslog")).ok()?;
        let place: serde_json::Value = serde_json::from_str(&place).unwrap();
        (place["seq"].as_u64() == trail(&site).keys().next_back().copied()).then_some(())
    });
    let first = |receiver: &Receiver| {
        let messages = receiver.messages();
        messages.iter().filter(|one| one.id != "checkpoint" && one.seq() == 1).count()
    };
    let before = first(&receiver);
    site.kill();
    site.start();
    site.ok(["exec", "--", "true"]);
    wait_for_all(&site, &receiver);
    assert_eq!(first(&receiver), before);
}

#[test]
fn tls_needs_the_right_certificates_on_both_sides() {
    let mut site = Site::new();
    let directory = site.scratch().join("receiver");
    let mut receiver = Receiver::new(&directory, Input::Tls);
    certificates(&directory);
    let port = receiver.port;
    let audit = |ca: &str, own: &str| {
        let path = |name: &str| directory.join(name).display().to_string();
        let own = if own.is_empty() {
            String::new()
        } else {
            let (cert, key) = (path(&format!("{own}.pem")), path(&format!("{own}.key")));
            format!("\nsyslog_cert = \"{cert}\"\nsyslog_key = \"{key}\"")
        };
        format!("syslog = \"tls://localhost:{port}\"\nsyslog_ca = \"{}\"{own}", path(ca))
    };
    receiver.start();
    for (ca, own, trusted) in
        [("other.pem", "client", false), ("ca.pem", "", false), ("ca.pem", "client", true)]
    {
        configure(&site, &audit(ca, own));
        site.start();
        site.ok(["exec", "--", "true"]);
        if trusted {
            wait_for_all(&site, &receiver);
        } else {
            wait_for("the refusal", || {
                let log = std::fs::read_to_string(site.data().join("station.log")).ok()?;
                log.contains("syslog receiver tls://localhost").then_some(())
            });
        }
        site.signal(Signal::TERM);
        site.ended();
        if !trusted {
            assert!(receiver.messages().is_empty());
        }
    }
    assert_eq!(taken(&receiver.messages()), trail(&site));
}

#[test]
fn datagrams_arrive_and_what_nobody_took_is_sent_again() {
    let mut site = Site::new();
    let mut receiver = Receiver::new(&site.scratch().join("receiver"), Input::Udp);
    let audit = format!("syslog = \"udp://127.0.0.1:{}\"\nsyslog_facility = 10", receiver.port);
    configure(&site, &audit);
    site.start();
    site.ok(["exec", "--", "true"]);
    receiver.start();
    wait_for_all(&site, &receiver);
    let messages = receiver.messages();
    assert!(messages.iter().all(|one| one.priority / 8 == 10), "{messages:?}");
}

/// Makes ca.pem, other.pem, and server and client signed by the first.
fn certificates(directory: &Path) {
    for ca in ["ca", "other"] {
        openssl(
            directory,
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={ca} -keyout {ca}.key -out {ca}.pem"
            ),
        );
    }
    for name in ["server", "client"] {
        openssl(
            directory,
            &format!(
                "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -addext subjectAltName=DNS:localhost -keyout {name}.key -out {name}.csr"
            ),
        );
        openssl(
            directory,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy -days 2 -out {name}.pem"
            ),
        );
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let ran = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&ran.stderr));
}
