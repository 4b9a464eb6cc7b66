//! Ours at work: the remote library, as a program would use it, on a runtime of one thread.

use std::sync::Arc;

use station_remote::{Client, ClientConfig, End, Read, Request, Route};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::client::{Lines, Stretch, Task, Turns, nodes};
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

    /// The lines of one command, and prints what they took.
    async fn lines(&self, task: &Task) -> Result<()> {
        let route = Route::ssh(address(0));
        let (mut buffer, mut lines) = (Vec::with_capacity(1 << 20), Lines::default());
        self.one(&route, "true", &mut buffer, &mut |_| {}).await?;
        let stretch = Stretch::begin()?;
        self.one(&route, &task.command, &mut buffer, &mut |piece| lines.add(piece)).await?;
        stretch.end()?;
        println!("lines {}\nbytes {}", lines.lines, lines.bytes);
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
                    ours.one(&Route::ssh(host), &text, &mut buffer, &mut |_| {}).await?;
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
    async fn one(
        &self,
        route: &Route,
        text: &str,
        buffer: &mut Vec<u8>,
        sink: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<()> {
        let mut request = Request::new(text);
        if !self.guard {
            request.guard = None;
        }
        let mut running = self.client.start(route, request).await?;
        loop {
            buffer.clear();
            match running.read(buffer).await {
                Read::Stdout(_) => sink(buffer),
                Read::Stderr(_) => {
                    return Err(format!("{text}: {}", String::from_utf8_lossy(buffer)).into());
                }
                Read::Ended(ended) if ended.end == End::Exit(0) => return Ok(()),
                Read::Ended(ended) => return Err(format!("{text}: {ended:?}").into()),
            }
        }
    }
}
