//! After hundreds of commands, cut off at random, nothing of them is left on either side.
#![cfg(test)]

#[path = "support/sshd.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod sshd;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use station_remote::{Client, ClientConfig, Guard, Read, Request, Route};

/// How many commands are run.
const COMMANDS: u32 = 500;
/// How many of them at once.
const AT_ONCE: usize = 24;
/// How long the last of them may take to go: the guard's grace and more.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the commands do; `$$` and `sleep` make them last unless they are ended.
const BODIES: [&str; 7] = [
    "true",
    "exit 255",
    "echo out; echo err >&2; exit 3",
    "sleep 600",
    "trap '' TERM; while :; do sleep 600; done",
    "sh -c 'trap \"\" TERM; sleep 600' & sleep 600",
    "while :; do echo line after line; done",
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_commands_that_are_cut_off() {
    let server = sshd::Sshd::start();
    let tag = format!("LEAK_TEST={}-{}", std::process::id(), server.port());
    let config = ClientConfig { config_file: Some(server.config()), ..ClientConfig::from_env() };
    // What the runtime opens once and keeps is no leak.
    let first = Client::new(config.clone());
    cut_off(&first, &tag, 0).await;
    drop(first);
    gone("processes of ours", children).await;
    let before = descriptors();
    let client = Client::new(config);
    let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut runs = tokio::task::JoinSet::new();
    for n in 0..COMMANDS {
        let slot = std::sync::Arc::clone(&slots).acquire_owned().await.unwrap();
        let (client, tag) = (client.clone(), tag.clone());
        runs.spawn(async move {
            cut_off(&client, &tag, u64::from(n)).await;
            drop(slot);
        });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
    gone("remote processes", || processes_with(&tag)).await;
    drop(client);
    gone("processes of ours", children).await;
    gone("sessions of sshd", || children_of(server.pid())).await;
    gone("file descriptors", || descriptors().difference(&before).cloned().collect()).await;
}

/// Runs one command and ends it somehow, at a random moment.
async fn cut_off(client: &Client, tag: &str, seed: u64) {
    let mut random = Random(seed);
    let body = BODIES[usize::try_from(random.below(BODIES.len() as u64)).unwrap()];
    let mut request = Request::new(body);
    let (name, value) = tag.split_once('=').unwrap();
    request.env = vec![(name.to_owned(), value.to_owned())];
    request.guard = Some(Guard { grace: Duration::from_secs(1) });
    request.stdin = random.below(4) == 0;
    let patience = Duration::from_millis(random.below(400));
    let how = random.below(3);
    let route = Route::ssh("node");
    let start = client.start(&route, request);
    let Ok(started) = tokio::time::timeout(patience * 4, start).await else { return };
    let mut running = started.expect("the server is there");
    let mut buffer = Vec::with_capacity(64 << 10);
    let read_on = async {
        loop {
            buffer.clear();
            if let Read::Ended(ended) = running.read(&mut buffer).await {
                return ended;
            }
        }
    };
    if tokio::time::timeout(patience, read_on).await.is_ok() || how == 0 {
        return;
    }
    if how == 1 {
        running.terminate()
    } else {
        running.kill()
    }
    let mut until = tokio::time::Instant::now() + Duration::from_secs(1);
    loop {
        buffer.clear();
        match tokio::time::timeout_at(until, running.read(&mut buffer)).await {
            Ok(Read::Ended(_)) => return,
            Ok(Read::Stdout(_) | Read::Stderr(_)) => {}
            Err(_) => {
                running.kill();
                until += PATIENCE;
            }
        }
    }
}

/// Waits until nothing is found any more.
async fn gone<T: std::fmt::Debug>(what: &str, mut find: impl FnMut() -> Vec<T>) {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let left = find();
        if left.is_empty() {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "{what} are left: {left:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The processes that carry the tag, whoever they belong to.
fn processes_with(tag: &str) -> Vec<(u32, String)> {
    let carries = |pid: &u32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|entry| entry == tag.as_bytes())
    };
    pids().filter(carries).map(|pid| (pid, command_of(pid))).collect()
}

fn children() -> Vec<(u32, String)> {
    // The server's process is a child of ours as well.
    let mut found = children_of(std::process::id());
    found.retain(|(_, command)| !command.contains("sshd"));
    found
}

fn children_of(parent: u32) -> Vec<(u32, String)> {
    let is_child = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        after.split_whitespace().nth(1).and_then(|field| field.parse().ok()) == Some(parent)
    };
    pids().filter(is_child).map(|pid| (pid, command_of(pid))).collect()
}

fn command_of(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// Our open descriptors, by number and what they are.
fn descriptors() -> BTreeSet<String> {
    let kinds = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let entry = entry.ok()?;
        let target = fs::read_link(entry.path()).ok()?;
        let target = target.to_string_lossy().into_owned();
        // The directory that is being read is one of them.
        (!target.contains("/fd")).then(|| format!("{} {target}", entry.file_name().display()))
    });
    kinds.collect()
}
