//! Measures sessions over loopback TCP against a bare blocking socket loop on the same server:
//! `*IDN?` round trips a second, and blocks of 10 MB.
//!
//! `cargo run --release -p station-instrument --example round_trips`

#![expect(clippy::print_stdout, reason = "a program that reports what it measured")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use station_instrument::Resource;
use station_instrument::session::{Session, Settings};

type Failure = Box<dyn std::error::Error>;

const IDN: &[u8] = b"ACME,MODEL 1,17,1.0\n";
const BLOCK: usize = 10_000_000;
const ROUND: Duration = Duration::from_secs(1);

fn main() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(&stream));
        }
    });
    for single in [true, false] {
        let runtime = if single {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?
        } else {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?
        };
        let name = if single { "one thread" } else { "two workers" };
        let (mut bare_rate, mut rate, mut bare_speed, mut speed) = (0.0_f64, 0.0, 0.0_f64, 0.0);
        // By turns, so that what else the machine does strikes both.
        for _ in 0..5 {
            bare_rate = bare_rate.max(bare_queries(address)?);
            let task = runtime.spawn(queries(address));
            rate = f64::max(rate, runtime.block_on(task)?.map_err(|error| error.message)?);
            bare_speed = bare_speed.max(bare_blocks(address)?);
            let task = runtime.spawn(blocks(address));
            speed = f64::max(speed, runtime.block_on(task)?.map_err(|error| error.message)?);
        }
        println!(
            "{name}: *IDN? {rate:.0}/s, bare {bare_rate:.0}/s, ratio {:.2}; blocks of 10 MB {speed:.0} \
             MB/s, bare {bare_speed:.0} MB/s, ratio {:.2}",
            rate / bare_rate,
            speed / bare_speed
        );
    }
    Ok(())
}

/// Answers until the client goes.
fn serve(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut block = format!("#8{BLOCK:08}").into_bytes();
    block.resize(block.len() + BLOCK, b'x');
    block.push(b'\n');
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        stream.write_all(if line == b"*IDN?\n" { IDN } else { &block })?;
        line.clear();
    }
    Ok(())
}

fn bare_queries(address: SocketAddr) -> Result<f64, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < ROUND {
        for _ in 0..100 {
            stream.write_all(b"*IDN?\n")?;
            let mut have = 0;
            while !buffer.get(..have).is_some_and(|reply| reply.ends_with(b"\n")) {
                have += stream.read(buffer.get_mut(have..).unwrap_or_default())?;
            }
        }
        done += 100.0;
    }
    Ok(done / begun.elapsed().as_secs_f64())
}

fn bare_blocks(address: SocketAddr) -> Result<f64, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < ROUND {
        stream.write_all(b"DATA?\n")?;
        let mut reply = vec![0; BLOCK + 11];
        stream.read_exact(&mut reply)?;
        done += 10.0;
    }
    Ok(done / begun.elapsed().as_secs_f64())
}

async fn open(address: SocketAddr) -> Result<Session, station_instrument::Error> {
    let resource = Resource::Socket { host: address.ip().to_string(), port: address.port() };
    Session::open(&resource, Settings::default()).await
}

async fn queries(address: SocketAddr) -> Result<f64, station_instrument::Error> {
    let mut session = open(address).await?;
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < ROUND {
        for _ in 0..100 {
            session.ask("*IDN?").await?;
        }
        done += 100.0;
    }
    Ok(done / begun.elapsed().as_secs_f64())
}

async fn blocks(address: SocketAddr) -> Result<f64, station_instrument::Error> {
    let mut session = open(address).await?;
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < ROUND {
        session.ask_block("DATA?").await?;
        done += 10.0;
    }
    Ok(done / begun.elapsed().as_secs_f64())
}
