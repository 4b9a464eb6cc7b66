//! Hosts that cannot be reached, each for its own reason, and within its time.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use station_remote::{ClientConfig, Failure, FailureKind, HostKeys, Request, Route};

use super::running::{Setup, request, run};
use super::sshd::Sshd;

/// The failure, over a shared connection; the same kind over one of its own.
async fn failure(change: impl Fn(&Sshd, &mut ClientConfig), route: Route) -> Failure {
    let server = Sshd::start();
    let mut config =
        ClientConfig { config_file: Some(server.config()), ..ClientConfig::from_env() };
    change(&server, &mut config);
    let setup = Setup::with(server, |config_used| {
        config_used.options = config.options;
        config_used.config_file = config.config_file;
    });
    let shared = run(&setup.client, &route, "true").await.unwrap_err();
    let route = Route { multiplex: false, ..route };
    let own = run(&setup.client, &route, "true").await.unwrap_err();
    assert_eq!((own.kind, own.message), (shared.kind, shared.message.clone()));
    shared
}

#[tokio::test]
async fn a_port_where_nobody_listens() {
    let failure = failure(|_, _| {}, Route { port: Some(1), ..Route::ssh("node") }).await;
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(
        failure.message,
        "node refuses connections (connect to host 127.0.0.1 port 1: Connection refused): is its \
         sshd running, there?"
    );
}

#[tokio::test]
async fn a_name_that_is_not_known() {
    let failure = failure(|_, _| {}, Route::ssh("nosuch.invalid")).await;
    assert_eq!(failure.kind, FailureKind::Resolve, "{failure}");
    assert!(failure.message.starts_with("the name of nosuch.invalid is not known"), "{failure}");
}

#[tokio::test]
async fn a_network_without_a_way() {
    let failure = failure(|_, _| {}, Route::ssh("255.255.255.255")).await;
    assert_eq!(failure.kind, FailureKind::NoRoute, "{failure}");
}

#[tokio::test]
async fn a_key_that_is_not_let_in() {
    let change = |server: &Sshd, config: &mut ClientConfig| {
        config.config_file = Some(changed(server, "IdentityFile", "/host"));
    };
    let failure = failure(change, Route::ssh("node")).await;
    assert_eq!(failure.kind, FailureKind::Auth, "{failure}");
    assert!(failure.message.starts_with("node does not let us in (root@127.0.0.1"), "{failure}");
}

#[tokio::test]
async fn a_host_key_that_is_not_known() {
    for host_keys in [HostKeys::Config, HostKeys::Strict] {
        let options = |_: &Sshd, config: &mut ClientConfig| {
            config.options = vec!["HostKeyAlias=other".to_owned()];
        };
        let failure = failure(options, Route { host_keys, ..Route::ssh("node") }).await;
        assert_eq!(failure.kind, FailureKind::HostKeyUnknown, "{failure}");
        assert!(failure.message.contains("`ssh node`"), "{failure}");
    }
}

#[tokio::test]
async fn a_host_key_that_may_be_remembered() {
    let setup = Setup::with(Sshd::start(), |config| {
        config.options = vec!["HostKeyAlias=other".to_owned()];
    });
    let route = Route { host_keys: HostKeys::AcceptNew, ..Route::ssh("node") };
    assert_eq!(run(&setup.client, &route, "true").await.unwrap().exit(), 0);
    let known = fs::read_to_string(setup.server.file("known_hosts")).unwrap();
    assert!(known.contains("\nother ssh-ed25519"), "{known}");
}

#[tokio::test]
async fn a_host_key_that_has_changed() {
    let change = |server: &Sshd, _: &mut ClientConfig| {
        let key = fs::read_to_string(server.file("user.pub")).unwrap();
        fs::write(server.file("known_hosts"), format!("station-test {key}")).unwrap();
    };
    let failure = failure(change, Route::ssh("node")).await;
    assert_eq!(failure.kind, FailureKind::HostKeyChanged, "{failure}");
    assert!(failure.message.contains(": line 1 of /"), "{failure}");
    assert!(failure.message.contains("(`ssh-keygen -f \""), "{failure}");
}

#[tokio::test]
async fn a_host_that_says_nothing_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = Some(silent.local_addr().unwrap().port());
    let setup = Setup::new(&[]);
    for multiplex in [true, false] {
        let route = Route { port, multiplex, ..Route::ssh("node") };
        let request = Request { connect_timeout: Duration::from_secs(2), ..request("true") };
        let start = setup.client.start(&route, request);
        let failure = tokio::time::timeout(Duration::from_secs(20), start).await.unwrap();
        let failure = failure.map(|_| ()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout, "{failure}");
        assert!(failure.message.starts_with("node did not answer"), "{failure}");
    }
}

#[tokio::test]
async fn a_host_that_stops_within_the_login_is_given_up_in_time() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = Some(server.local_addr().unwrap().port());
    let greeting = std::thread::spawn(move || {
        let mut greeted = Vec::new();
        for _ in 0..2 {
            let (mut client, _) = server.accept().unwrap();
            std::io::Write::write_all(&mut client, b"SSH-2.0-Stopping\r\n").unwrap();
            greeted.push(client);
        }
        greeted
    });
    let setup = Setup::new(&[]);
    for multiplex in [true, false] {
        let request = Request { connect_timeout: Duration::from_secs(2), ..request("true") };
        let route = Route { port, multiplex, ..Route::ssh("node") };
        let failure = setup.client.start(&route, request).await.map(|_| ()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout, "{failure}");
        assert_eq!(failure.message, "node did not answer, or did not let us in, within 2 s");
    }
    drop(greeting.join().unwrap());
}

#[tokio::test]
async fn a_host_that_has_too_many_logins_at_once_is_tried_again() {
    let setup = Setup::new(&[]);
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = Some(busy.local_addr().unwrap().port());
    let server = ("127.0.0.1", setup.server.port());
    std::thread::spawn(move || {
        // As MaxStartups does: closed before a word is said.
        drop(busy.accept().unwrap());
        let (client, _) = busy.accept().unwrap();
        let server = TcpStream::connect(server).unwrap();
        let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut up, &mut down));
        std::io::copy(&mut { server }, &mut { client })
    });
    let route = Route { port, ..Route::ssh("node") };
    let output = run(&setup.client, &route, "echo in").await.unwrap();
    assert_eq!(output.stdout, "in\n");
}

/// The client's ssh_config with another value of a keyword: that of the same directory.
fn changed(server: &Sshd, keyword: &str, value: &str) -> std::path::PathBuf {
    let text = fs::read_to_string(server.config()).unwrap();
    let dir = server.config().parent().unwrap().display().to_string();
    let change = |line: &str| match line.trim_start().starts_with(keyword) {
        true => format!("  {keyword} {dir}{value}\n"),
        false => format!("{line}\n"),
    };
    let path = server.file("other_config");
    fs::write(&path, text.lines().map(change).collect::<String>()).unwrap();
    path
}
