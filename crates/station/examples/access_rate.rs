//! Measures what the way in costs: requests a second of a trivial handler over the Unix socket, over
//! TCP with a token, and over TCP without any of our own layers.
//!
//! `cargo run --release --example access_rate [CONNECTIONS] [SECONDS]`

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use station::access::{Listen, Tokens, issue, parse_listen};
use station::server::{Limits, Server, TcpServer};
use station_core::model::{Micros, Principal, Role};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tower::ServiceExt;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let connections = args.next().transpose()?.unwrap_or(8);
    let seconds = args.next().transpose()?.unwrap_or(2);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(connections, Duration::from_secs(seconds.into())))
}

async fn measure(connections: u32, span: Duration) -> Result<(), Box<dyn std::error::Error>> {
    let router = Router::new().route("/api", get(async || "{\"name\":\"station\"}"));
    let (secret, token) = issue("bench", Role::Operator, Principal::Anonymous, Micros(0), None)?;
    let tokens = Tokens::new(
        Arc::new(move |hash| Ok((token.hash == hash).then(|| token.clone()))),
        Arc::new(|| 0),
    );
    let addresses = vec![parse_listen("127.0.0.1:0")?];
    let tcp =
        TcpServer::bind(&Listen { addresses, rate: None, ..Listen::default() }, Limits::default())?;
    let address = tcp.addresses().first().copied().ok_or("nowhere")?;
    let path = std::env::temp_dir().join(format!("access_rate.{}", std::process::id()));
    let unix = Server::bind(&path)?;
    let bare = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let bare_address = bare.local_addr()?;
    let serving = [
        tokio::spawn(unix.serve(router.clone())),
        tokio::spawn(tcp.serve(router.clone(), tokens)),
        tokio::spawn(accept_bare(bare, router)),
    ];

    let request = |host: String| {
        format!(
            "GET /api HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\r\n",
            secret.reveal()
        )
    };
    for name in ["unix", "tcp", "bare", "unix", "tcp", "bare"] {
        let mut clients = tokio::task::JoinSet::new();
        let started = Instant::now();
        for _ in 0..connections {
            let (path, end) = (path.clone(), started + span);
            let to = if name == "tcp" { address } else { bare_address };
            let request = request(to.to_string());
            clients.spawn(async move {
                if name == "unix" {
                    ask(UnixStream::connect(path).await?, &request, end).await
                } else {
                    let stream = TcpStream::connect(to).await?;
                    stream.set_nodelay(true)?;
                    ask(stream, &request, end).await
                }
            });
        }
        let mut answers = 0_u32;
        while let Some(asked) = clients.join_next().await {
            answers += asked??;
        }
        let rate = f64::from(answers) / started.elapsed().as_secs_f64();
        #[expect(clippy::print_stdout, reason = "that is what it is for")]
        {
            println!("{name:5} {rate:9.0} requests/s over {connections} connections");
        }
    }
    for task in serving {
        task.abort();
    }
    Ok(())
}

/// Asks one thing after another; tells how many were answered.
async fn ask<S>(mut stream: S, request: &str, end: Instant) -> io::Result<u32>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut answers = 0;
    let mut bytes = [0_u8; 4096];
    while Instant::now() < end {
        stream.write_all(request.as_bytes()).await?;
        let n = stream.read(&mut bytes).await?;
        if !bytes.get(..n).is_some_and(|answer| answer.starts_with(b"HTTP/1.1 200")) {
            return Err(io::Error::other(String::from_utf8_lossy(&bytes).into_owned()));
        }
        answers += 1;
    }
    Ok(answers)
}

/// hyper and the router, with nothing of ours between.
async fn accept_bare(listener: tokio::net::TcpListener, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        drop(stream.set_nodelay(true));
        let router = router.clone();
        let service =
            hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                router.clone().oneshot(request)
            });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(stream), service),
        );
    }
}
