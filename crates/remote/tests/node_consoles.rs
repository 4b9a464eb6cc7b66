//! §16.9 of the design: consoles over the registry.
#![cfg(test)]

use std::fs;
use std::process::{Command, Stdio};

use station_remote::{Node, Stopped, channel};

#[path = "support/rig.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod rig;

use rig::{Process, Rig, pid, soon};

/// The test that reads the registry as a whole stands alone in it: it is the only one here that
/// calls `open_consoles`.
#[tokio::test]
async fn s16_9_open_and_close_consoles() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(100);
    let console = "echo $$; exec sleep 1000";
    let node = |name| rig.builder(name).sink(sink.clone()).console_command(console);
    let (one, two) = (node("node1").build().unwrap(), node("node2").build().unwrap());
    let again = node("node1").build().unwrap();
    let without = node("node3").console(false).build().unwrap();

    let mut opened = soon(Node::open_consoles(true)).await;
    opened.retain(|(name, _)| name.starts_with("node"));
    assert_eq!(opened, [("node1".to_owned(), Ok(())), ("node2".to_owned(), Ok(()))]);
    assert!(one.has_console().await && two.has_console().await);
    assert!(!again.has_console().await && !without.has_console().await, "one a host, if wanted");
    let mut processes = Vec::new();
    while processes.len() < 2 {
        let line = soon(lines.recv()).await.unwrap();
        if !line.text.starts_with("STATION_CONSOLE") {
            processes.push(Process::of(line.text.parse().unwrap()));
        }
    }
    soon(Node::open_consoles(true)).await;
    assert!(one.has_console().await, "what is open stays");

    soon(Node::close_consoles()).await;
    assert!(!one.has_console().await && !two.has_console().await);
    for process in processes {
        process.gone().await;
    }
}

#[tokio::test]
async fn s16_9_a_console_is_closed_as_a_session_is() {
    let rig = Rig::start();
    let node = rig.builder("node7").console_command("exec sleep 1000").build().unwrap();
    assert_eq!(soon(node.close_console()).await, None, "none is open");
    soon(node.open_console(true)).await.unwrap();
    let outcome = soon(node.close_console()).await.unwrap();
    assert_eq!(outcome.stopped, Some(Stopped::Closed));
}

#[tokio::test]
async fn a_console_that_cannot_run_is_told() {
    let rig = Rig::start();
    let node = rig.builder("node8").console_command("exec /nowhere/dmesg -w").build().unwrap();
    // The shell has begun; it ends at once.
    if let Err(failure) = soon(node.open_console(true)).await {
        assert!(failure.message.contains("node8"), "{failure}");
    }
    while soon(node.has_console()).await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn clean_ends_what_was_left_by_us_and_nothing_else() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(10);
    let builder = rig.builder("node9").sink(sink);
    let node = builder.console_command("echo $$; exec sleep 1000").build().unwrap();
    soon(node.open_console(true)).await.unwrap();
    assert!(soon(lines.recv()).await.unwrap().text.starts_with("STATION_CONSOLE"));
    let console = pid(&mut lines).await;
    // A console of a process that is gone, by the mark of the one that is open.
    let mark = marks().into_iter().next().unwrap();
    let (here, _) = mark.split_once('.').unwrap();
    let sleep = |mark: String| {
        let mut sleep = Command::new("sleep");
        sleep.arg("1000").env("STATION_CONSOLE", mark).stdout(Stdio::null()).spawn().unwrap()
    };
    let mut left = sleep(format!("{here}.999999999.5"));
    let mut others = sleep("fedcba9876543210.999999999.5".to_owned());
    let mut unmarked = Command::new("sleep").arg("1000").spawn().unwrap();

    assert_eq!(soon(node.clean()).await, Ok(0), "its own console is open, and stays");
    let twin = rig.builder("node10").build().unwrap();
    assert!(soon(twin.clean()).await.unwrap() >= 1);
    assert!(!left.wait().unwrap().success());
    assert!(others.try_wait().unwrap().is_none(), "not ours");
    assert!(unmarked.try_wait().unwrap().is_none(), "no console");
    for child in [&mut others, &mut unmarked] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    soon(node.close_console()).await;
    console.gone().await;
}

/// The marks of this machine's processes that were made by this program.
fn marks() -> Vec<String> {
    let own = format!(".{}.", std::process::id());
    let environs = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.unwrap().path().join("environ")).ok());
    let mut marks = Vec::new();
    for environ in environs {
        for variable in environ.split(|byte| *byte == 0) {
            let text = String::from_utf8_lossy(variable);
            if let Some(mark) =
                text.strip_prefix("STATION_CONSOLE=").filter(|mark| mark.contains(&own))
            {
                marks.push(mark.to_owned());
            }
        }
    }
    marks
}
