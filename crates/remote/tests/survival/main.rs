//! What becomes of a command on its host when it is stopped, or when either side dies.
#![cfg(test)]

mod matrix;
#[path = "../support/runner.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod runner;
#[path = "../support/sshd.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod sshd;

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use runner::{Watched, await_output, client, finish};
use sshd::Sshd;
use station_remote::{
    Client, ClientConfig, End, Guard, Kill, Remains, RemoteProcess, Request, Route, Running,
};

/// Ignores SIGTERM, and so does its child.
const STUBBORN: &str =
    "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ up; while :; do sleep 60; done' & wait; sleep 60";
/// Ends at SIGTERM; its child does not.
const STUBBORN_CHILD: &str =
    "sh -c 'trap \"\" TERM; echo $$ up; while :; do sleep 60; done' & wait";
/// Ends at SIGTERM.
const MEEK: &str = "sh -c 'echo $$ up; exec sleep 60'";

fn request(command: &str) -> Request {
    let guard = Some(Guard { grace: Duration::from_secs(1) });
    Request { guard, ..Request::new(command) }
}

/// What runs there: the guard's process, and the one whose id the command has told.
struct There {
    guard: Watched,
    child: Watched,
}

impl There {
    async fn of(running: &mut Running) -> Self {
        let output = await_output(running, " up\n").await;
        let child = output.split_once(' ').unwrap().0;
        let guard = running.process().unwrap().group.to_string();
        Self { guard: Watched::new(&guard), child: Watched::new(child) }
    }

    async fn gone(&self) {
        self.guard.gone().await;
        self.child.gone().await;
    }
}

async fn started(server: &Sshd, request: Request) -> (Running, There) {
    let (client, route) = client(server);
    let mut running = client.start(&route, request).await.unwrap();
    let there = There::of(&mut running).await;
    assert!(there.guard.is_there() && there.child.is_there());
    (running, there)
}

#[tokio::test]
async fn terminate_ends_the_group_and_proves_it() {
    let server = Sshd::start();
    for command in [MEEK, STUBBORN_CHILD] {
        let (mut running, there) = started(&server, request(command)).await;
        running.terminate();
        let done = finish(&mut running).await;
        assert_eq!(done.ended.end, End::Signal(15), "{command:?}");
        assert_eq!(done.ended.kill, Some(Kill::Killed), "{command:?}");
        there.gone().await;
    }
}

#[tokio::test]
async fn a_command_may_use_its_sigterm() {
    let server = Sshd::start();
    let command = "trap 'echo saved; exit 3' TERM; echo $$ up; while :; do sleep 0.05; done";
    let (mut running, _there) = started(&server, request(command)).await;
    running.terminate();
    let done = finish(&mut running).await;
    assert_eq!(done.stdout, b"saved\n");
    assert_eq!((done.ended.end, done.ended.kill), (End::Exit(3), Some(Kill::Killed)));
}

#[tokio::test]
async fn kill_ends_what_ignores_sigterm() {
    let server = Sshd::start();
    let (mut running, there) = started(&server, request(STUBBORN)).await;
    running.terminate();
    let mut buffer = Vec::with_capacity(1 << 10);
    // It goes on: nothing is told within the grace.
    let waited = tokio::time::timeout(Duration::from_secs(2), running.read(&mut buffer)).await;
    assert!(waited.is_err() && there.child.is_there(), "{waited:?}");
    running.kill();
    let done = finish(&mut running).await;
    assert_eq!((done.ended.end, done.ended.kill), (End::Signal(9), Some(Kill::Killed)));
    there.gone().await;
    let again = finish(&mut running).await;
    assert_eq!(again.ended, done.ended, "the end is told again");
}

#[tokio::test]
async fn stops_reach_a_command_with_input() {
    let server = Sshd::start();
    for (command, end) in [(MEEK, End::Signal(15)), (STUBBORN, End::Signal(9))] {
        let (mut running, there) =
            started(&server, Request { stdin: true, ..request(command) }).await;
        let stdin = running.take_stdin();
        if end == End::Signal(15) {
            running.terminate();
        } else {
            running.kill();
        }
        let done = finish(&mut running).await;
        assert_eq!((done.ended.end, done.ended.kill), (end, Some(Kill::Killed)), "{command:?}");
        there.gone().await;
        drop(stdin);
    }
}

#[tokio::test]
async fn a_dropped_command_is_ended() {
    let server = Sshd::start();
    for stdin in [false, true] {
        for command in [MEEK, STUBBORN, STUBBORN_CHILD] {
            let (running, there) = started(&server, Request { stdin, ..request(command) }).await;
            drop(running);
            there.gone().await;
        }
    }
}

/// Runs in a process of its own, which the test below kills.
#[tokio::test]
async fn hold_a_command() {
    let Some(config) = std::env::var_os("STATION_TEST_HOLD") else { return };
    let client =
        Client::new(ClientConfig { config_file: Some(config.into()), ..ClientConfig::from_env() });
    let stdin = std::env::var_os("STATION_TEST_STDIN").is_some();
    let request = Request { stdin, ..request(STUBBORN) };
    let mut running = client.start(&Route::ssh("node"), request).await.unwrap();
    let output = await_output(&mut running, " up\n").await;
    let group = running.process().unwrap().group;
    println!("held {group} {}", output.split_once(' ').unwrap().0);
    finish(&mut running).await;
}

/// A process that holds a command, with what runs there.
fn holder(server: &Sshd, stdin: bool) -> (std::process::Child, There) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["hold_a_command", "--exact", "--nocapture"]);
    command.env("STATION_TEST_HOLD", server.config()).stdout(Stdio::piped());
    if stdin {
        command.env("STATION_TEST_STDIN", "1");
    }
    let mut child = command.spawn().unwrap();
    let (mut all, mut byte) = (Vec::new(), [0]);
    let line = loop {
        child.stdout.as_mut().unwrap().read_exact(&mut byte).expect("it ended early");
        all.push(byte[0]);
        let text = String::from_utf8_lossy(&all);
        if let Some((_, rest)) = text.split_once("held ")
            && let Some((line, _)) = rest.split_once('\n')
        {
            break line.to_owned();
        }
    };
    let mut words = line.split(' ');
    let [guard, command] = std::array::from_fn(|_| Watched::new(words.next().unwrap()));
    (child, There { guard, child: command })
}

#[tokio::test]
async fn a_killed_client_takes_its_command_along() {
    let server = Sshd::start();
    for stdin in [false, true] {
        let (mut holder, there) = holder(&server, stdin);
        assert!(there.guard.is_there() && there.child.is_there());
        holder.kill().unwrap();
        holder.wait().unwrap();
        // The transport's process, which has the lease, is the dead client's child.
        there.gone().await;
    }
}

/// The sshd process of a session: the parent of the guard.
fn session_of(group: i32) -> rustix::process::Pid {
    let stat = std::fs::read_to_string(format!("/proc/{group}/stat")).unwrap();
    let parent = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap();
    rustix::process::Pid::from_raw(parent.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn a_killed_sshd_session_takes_its_command_along() {
    let server = Sshd::start();
    for command in [MEEK, STUBBORN] {
        let (mut running, there) = started(&server, request(command)).await;
        let session = session_of(running.process().unwrap().group);
        rustix::process::kill_process(session, rustix::process::Signal::KILL).unwrap();
        let done = finish(&mut running).await;
        assert_eq!(done.ended.end, End::Unknown, "{:?}", done.ended);
        assert_eq!(done.ended.kill, Some(Kill::Killed), "{:?}", done.ended);
        assert!(done.ended.failure.is_some());
        there.gone().await;
    }
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_unknown() {
    let server = Sshd::start();
    let (client, route) = client(&server);
    // A shared connection would still be there for the look.
    let route = Route { multiplex: false, ..route };
    let mut running = client.start(&route, request(MEEK)).await.unwrap();
    let there = There::of(&mut running).await;
    // Nobody can log in any more.
    std::fs::remove_file(server.file("authorized_keys")).unwrap();
    running.kill();
    let done = finish(&mut running).await;
    assert_eq!(done.ended.kill, Some(Kill::Unknown), "{:?}", done.ended);
    there.gone().await;
}

#[tokio::test]
async fn survivors_are_found_by_their_mark_and_ended() {
    let server = Sshd::start();
    let (client, route) = client(&server);
    let (second, connect) = (Duration::from_secs(1), Duration::from_secs(10));
    for grace in [Duration::ZERO, second] {
        let (mut running, there) = started(&server, request(STUBBORN)).await;
        let process = running.process().unwrap().clone();
        let other = RemoteProcess { mark: "0".repeat(32), ..process.clone() };
        let remains = client.end(&route, &other, grace, connect).await;
        assert_eq!(remains, Remains::Nothing, "a group with another mark is not ours");
        assert!(there.child.is_there());
        assert_eq!(client.end(&route, &process, grace, connect).await, Remains::Ended);
        there.gone().await;
        assert_eq!(client.end(&route, &process, grace, connect).await, Remains::Nothing);
        let done = finish(&mut running).await;
        assert_eq!(done.ended.end, End::Unknown, "it was not us who ended it: {:?}", done.ended);
    }
    let nobody = Route::ssh("nobody.invalid");
    let process = RemoteProcess { group: 4_000_000, mark: "0".repeat(32) };
    let remains = client.end(&nobody, &process, second, connect).await;
    assert!(matches!(remains, Remains::Unknown(_)), "{remains:?}");
    let odd = RemoteProcess { group: 1, mark: "x; reboot".to_owned() };
    let remains = client.end(&route, &odd, second, connect).await;
    assert!(matches!(remains, Remains::Unknown(_)), "{remains:?}");
}
