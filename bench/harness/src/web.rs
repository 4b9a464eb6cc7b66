//! The HTTP API over TCP, as LabLink's clients use it: creating recurring jobs, and reading lists.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::json;

use crate::Result;
use crate::args::Args;
use crate::load::{Done, Place, Until, drive};
use crate::station::Station;

/// A daemon that listens on a port of this machine, and the head its requests have in common.
struct Web {
    station: Station,
    place: Place,
    head: String,
}

impl Web {
    fn start(args: &Args) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let station =
            Station::fresh_with(args, &["--listen", &address.to_string(), "--rate-limit", "off"])?;
        let token = std::fs::read_to_string(station.dir.join("token"))?;
        let head = format!("host: {address}\r\nauthorization: Bearer {}\r\n", token.trim());
        Ok(Self { station, place: Place::Tcp(address), head })
    }

    fn create(&self, connections: usize, until: Until) -> Result<Done> {
        let mut n = 0_u64;
        drive(&self.place, connections, until, |request| {
            n += 1;
            let body = json!({
                "name": format!("Hourly check {n}"),
                "description": "Measure every hour",
                "schedule_type": "script",
                "trigger_type": "cron",
                "cron_expression": "15 3 * * 1-5",
                "parameters": {"command": "/usr/local/bin/check --all"},
                "on_failure_alarm": true,
                "tags": ["bench"],
            })
            .to_string();
            *request = format!(
                "POST /api/scheduler/jobs/create HTTP/1.1\r\n{}content-type: application/json\r\n\
                 content-length: {}\r\n\r\n{body}",
                self.head,
                body.len()
            )
            .into_bytes();
        })
    }

    fn get(&self, path: &str, connections: usize, until: Until) -> Result<Done> {
        let fixed = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.head);
        drive(&self.place, connections, until, |request| {
            if request.is_empty() {
                request.extend_from_slice(fixed.as_bytes());
            }
        })
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Durable creates of recurring jobs.
pub(crate) fn creates(args: &Args) -> Result<()> {
    let connections = args.number("connections", 1)?;
    let time = Duration::from_secs_f64(args.number("seconds", 3.0)?);
    let web = Web::start(args)?;
    web.create(32, Until::Count(10_000))?;
    let mut done = web.create(connections, Until::Time(time))?;
    let key = format!("creates.{connections}");
    args.result(&key, done.rate())?;
    args.result(&format!("{key}.p99_ms"), done.latency_ms(0.99))
}

/// The first page of jobs, with many stored; quiet, and while others create jobs.
pub(crate) fn pages(args: &Args) -> Result<()> {
    let jobs = args.number("jobs", 100_000)?;
    let time = Duration::from_secs_f64(args.number("seconds", 3.0)?);
    let web = Web::start(args)?;
    web.create(32, Until::Count(jobs))?;
    let path = "/api/scheduler/jobs?limit=100";
    web.get(path, 8, Until::Count(500))?;
    let mut done = web.get(path, 8, Until::Time(time))?;
    args.result("pages", done.rate())?;
    args.result("pages.p99_ms", done.latency_ms(0.99))?;
    let over = std::sync::atomic::AtomicBool::new(false);
    let beside = std::thread::scope(|scope| {
        let creator = scope.spawn(|| -> Result<()> {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                web.create(1, Until::Count(20))?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        });
        let done = web.get(path, 8, Until::Time(time));
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        creator.join().map_err(|_| "the creator panicked")??;
        done
    })?;
    args.result("pages.while_changing", beside.rate())?;
    drop(web.station);
    Ok(())
}
