//! The first command over a real sshd.
#![cfg(test)]

#[path = "support/sshd.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod sshd;

use station_remote::{Client, ClientConfig, End, Read, Request, Route};

#[tokio::test]
async fn a_command_runs() {
    let server = sshd::Sshd::start();
    let config = ClientConfig { config_file: Some(server.config()), ..ClientConfig::from_env() };
    let client = Client::new(config);
    let mut running =
        client.start(&Route::ssh("node"), Request::new("echo hello; exit 7")).await.unwrap();
    let (mut buffer, mut out) = (Vec::new(), Vec::new());
    let end = loop {
        buffer.clear();
        match running.read(&mut buffer).await {
            Read::Stdout(_) => out.extend_from_slice(&buffer),
            Read::Stderr(_) => {}
            Read::Ended(ended) => break ended,
        }
    };
    assert_eq!((out, end.end), (b"hello\n".to_vec(), End::Exit(7)));
}
