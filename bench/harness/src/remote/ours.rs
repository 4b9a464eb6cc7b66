//! Ours at work: the remote library, as a program would use it, on a runtime of one thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use station_remote::{
    Client, ClientConfig, End, LineEnd, Node, Read, Request, RexecOptions, Route, Timeouts,
    callback,
};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::client::{Stretch, Task, Turns, nodes};
use super::lab::address;
use crate::Result;

/// A client and what it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Ours {
    client: Client,
    guard: bool,
}

impl Ours {
    /// Carries out one kind of work.
    pub(crate) fn run(task: &Task, work: &str) -> Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let config_file = Some(task.config.clone());
            let config = ClientConfig { config_file, ..ClientConfig::from_env() };
            let ours = Self { client: Client::new(config), guard: task.guard };
            match work {
                "commands" => ours.commands(task).await,
                "cold" => ours.cold(task).await,
                "lines" => ours.lines(task).await,
                other => Err(format!("remote-client: no such work: {other}").into()),
            }
        })
    }

    /// Commands over connections that are there, and prints what they took.
    async fn commands(&self, task: &Task) -> Result<()> {
        let host = Arc::new([address(0)]);
        // So many at once that each connection they will want is made, and used once.
        self.each(&host, task.at_once, task.at_once, "sleep 0.5").await?;
        self.each(&host, task.at_once, task.at_once, "true").await?;
        let stretch = Stretch::begin()?;
        self.each(&host, task.count, task.at_once, &task.command).await?;
        stretch.end()
    }

    /// One command on each of many hosts that are not connected yet.
    async fn cold(&self, task: &Task) -> Result<()> {
        let hosts: Arc<[String]> = nodes(task).collect();
        self.each(&hosts, task.count, task.at_once, &task.command).await
    }

    /// The lines of one command through a session to its sink, and prints what they took.
    async fn lines(&self, task: &Task) -> Result<()> {
        let counted = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let into = Arc::clone(&counted);
        let sink = callback(move |_, line| {
            let [lines, bytes] = &*into;
            lines.fetch_add(1, Ordering::Relaxed);
            let end = usize::from(line.end == LineEnd::Newline);
            bytes.fetch_add(line.raw.len() + end, Ordering::Relaxed);
        });
        let node = Node::builder("lines", address(0)).user_from_config();
        let node = node.client(&self.client).guard(self.guard).build()?;
        let timeouts = Timeouts::endless();
        let options = |sinks| RexecOptions { sinks, timeouts, ..RexecOptions::default() };
        node.rexec("true", options(Vec::new())).await;
        let stretch = Stretch::begin()?;
        let session = node.rexec(&task.command, options(vec![sink])).await;
        stretch.end()?;
        match session.outcome() {
            Some(outcome) if outcome.success() => {}
            other => return Err(format!("{}: {other:?}", task.command).into()),
        }
        let [lines, bytes] = &*counted;
        println!(
            "lines {}\nbytes {}",
            lines.load(Ordering::Relaxed),
            bytes.load(Ordering::Relaxed)
        );
        Ok(())
    }

    /// So many commands, some at once, on the hosts in turn.
    async fn each<H>(&self, hosts: &Arc<H>, count: usize, at_once: usize, text: &str) -> Result<()>
    where
        H: AsRef<[String]> + ?Sized + Send + Sync + 'static,
    {
        let turns = Arc::new(Turns::new(count));
        let mut all = JoinSet::new();
        for _ in 0..at_once {
            let (ours, turns, hosts) = (self.clone(), Arc::clone(&turns), Arc::clone(hosts));
            let text = text.to_owned();
            all.spawn(async move {
                let mut buffer = Vec::with_capacity(1 << 12);
                let hosts = (*hosts).as_ref();
                while let Some(turn) = turns.take() {
                    let host = hosts.get(turn % hosts.len()).ok_or("no host")?;
                    ours.one(&Route::ssh(host), &text, &mut buffer).await?;
                }
                Result::Ok(())
            });
        }
        while let Some(one) = all.join_next().await {
            one??;
        }
        Ok(())
    }

    /// One command to its end; it must exit with 0.
    async fn one(&self, route: &Route, text: &str, buffer: &mut Vec<u8>) -> Result<()> {
        let mut request = Request::new(text);
        if !self.guard {
            request.guard = None;
        }
        let mut running = self.client.start(route, request).await?;
        loop {
            buffer.clear();
            match running.read(buffer).await {
                Read::Stdout(_) => {}
                Read::Stderr(_) => {
                    return Err(format!("{text}: {}", String::from_utf8_lossy(buffer)).into());
                }
                Read::Ended(ended) if ended.end == End::Exit(0) => return Ok(()),
                Read::Ended(ended) => return Err(format!("{text}: {ended:?}").into()),
            }
        }
    }
}
