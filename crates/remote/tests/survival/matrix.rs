//! Each way in which a command loses its client, in each shell that reads the guard.
//!
//! The command ignores SIGTERM, and so do its child and its grandchild; all of them must be gone.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use station_remote::{
    Cancel, Client, ClientConfig, End, Input, Kill, LineSink, Node, Request, RexecOptions, Route,
    Stopped, Timeouts, channel,
};
use tempfile::TempDir;
use tokio::time::timeout;

use super::runner::{LIMIT, Watched, await_output, finish};
use super::sshd::Sshd;
use super::{holder, request, session_of};

/// Its child and grandchild stay as it does; the grandchild tells their process ids.
const STUBBORN: &str = "trap '' TERM; \
     sh -c 'sh -c \"read id rest </proc/self/stat; echo \\$PPID \\$id up; \
     while :; do sleep 60; done\" & while :; do sleep 60; done' & \
     while :; do sleep 60; done";

/// The ways in which a command is run: with a standard input or without, by a shell of its own, since
/// it uses its process id, or by the guard's. The first one finds a login shell that is not known.
fn ways() -> [(bool, String); 3] {
    [(false, format!(": $$; {STUBBORN}")), (true, STUBBORN.into()), (false, STUBBORN.into())]
}

/// A host whose login shell is that one, with a client of its own.
struct Host {
    server: Sshd,
    client: Client,
    route: Route,
    /// The client's own directory.
    dir: TempDir,
    _shells: TempDir,
}

impl Host {
    /// The shell is `dash`, `bash` or `ash`, which is busybox.
    fn new(shell: &str) -> Self {
        let shells = TempDir::with_prefix("shells-").unwrap();
        let path = shells.path().join(shell);
        let program = if shell == "ash" { "busybox" } else { shell };
        symlink(Path::new("/bin").join(program), &path).unwrap();
        let path = path.display();
        let server = Sshd::with(&[
            &format!("ForceCommand exec {path} -c \"$SSH_ORIGINAL_COMMAND\""),
            &format!("SetEnv SHELL={path}"),
        ]);
        let mode = std::fs::Permissions::from_mode(0o700);
        let dir = tempfile::Builder::new().prefix("st-").permissions(mode).tempdir().unwrap();
        let client = Client::new(ClientConfig {
            config_file: Some(server.config()),
            directory: Some(dir.path().to_owned()),
            ..ClientConfig::from_env()
        });
        Self { server, client, route: Route::ssh("node"), dir, _shells: shells }
    }

    /// Without a connection that commands share.
    fn plain(shell: &str) -> Self {
        let host = Self::new(shell);
        Self { route: Route { multiplex: false, ..host.route.clone() }, ..host }
    }

    fn node(&self) -> Arc<Node> {
        let node = Node::builder("node", "node").user_from_config().silent(true);
        node.client(&self.client).build().unwrap()
    }

    /// The processes of ssh with that argument: their command lines name the client's directory.
    fn processes(&self, argument: &str) -> Vec<Pid> {
        let dir = self.dir.path().to_str().unwrap();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            if line.contains(dir) && line.split('\0').any(|word| word == argument) {
                found.push(pid);
            }
        }
        found
    }
}

/// All processes of a command.
struct Family(Vec<Watched>);

impl Family {
    /// From the line that its grandchild has told.
    fn told(line: &str) -> Self {
        let ids = line.trim().strip_suffix(" up").unwrap_or_else(|| panic!("{line:?}"));
        let family = Self(ids.split(' ').map(Watched::new).collect());
        assert!(family.0.len() == 2 && family.0.iter().all(Watched::is_there), "{line:?}");
        family
    }

    fn and(mut self, pid: i32) -> Self {
        self.0.push(Watched::new(&pid.to_string()));
        self
    }

    async fn gone(&self) {
        for one in &self.0 {
            one.gone().await;
        }
    }
}

/// Starts the command on that host in each way; what it runs on is killed.
async fn killed(host: &Host, kill: impl Fn(&Host, i32)) {
    for (stdin, command) in ways() {
        let request = Request { stdin, ..request(&command) };
        let mut running = host.client.start(&host.route, request).await.unwrap();
        let told = await_output(&mut running, " up\n").await;
        let group = running.process().unwrap().group;
        let family = Family::told(&told).and(group);
        kill(host, group);
        let done = finish(&mut running).await;
        assert_eq!(done.ended.end, End::Unknown, "{:?}", done.ended);
        assert_eq!(done.ended.kill, Some(Kill::Killed), "{:?}", done.ended);
        assert!(done.ended.failure.is_some(), "{:?}", done.ended);
        family.gone().await;
    }
}

/// What ends a session's command.
#[derive(Clone, Copy, Debug)]
enum By {
    Wall,
    Idle,
    Cancel,
    Close,
    Drop,
}

/// Runs the command in each way in a session, which is ended like that.
async fn ended(host: &Host, by: By) {
    for (stdin, command) in ways() {
        let node = host.node();
        let cancel = Cancel::new();
        let (sink, mut lines) = channel(16);
        let sink: Arc<dyn LineSink> = sink;
        let second = Some(Duration::from_secs(1));
        let grace = Duration::from_secs(1);
        let patient = Timeouts { wall: None, idle: None, connect: LIMIT, grace };
        let options = RexecOptions {
            timeouts: match by {
                By::Wall => Timeouts { wall: Some(Duration::from_secs(3)), ..patient },
                By::Idle => Timeouts { idle: second, ..patient },
                By::Cancel | By::Close | By::Drop => patient,
            },
            input: if stdin { Input::bytes(*b"text\n") } else { Input::default() },
            sinks: vec![sink],
            cancel: Some(cancel.clone()),
            ..RexecOptions::default()
        };
        let session = Arc::new(node.session());
        let run = Arc::clone(&session);
        let run = tokio::spawn(async move { run.post_cmd(command, options).await });
        let line = timeout(LIMIT, lines.recv()).await.unwrap().unwrap();
        let family = Family::told(&line.text);
        let stopped = match by {
            By::Wall => Stopped::WallTimeout,
            By::Idle => Stopped::IdleTimeout,
            By::Cancel => {
                cancel.cancel();
                Stopped::Cancelled
            }
            By::Close => {
                timeout(LIMIT, session.close()).await.unwrap();
                Stopped::Closed
            }
            By::Drop => {
                run.abort();
                assert!(run.await.unwrap_err().is_cancelled());
                family.gone().await;
                continue;
            }
        };
        let outcome = timeout(LIMIT, run).await.unwrap().unwrap();
        assert_eq!(outcome.stopped, Some(stopped), "{outcome:?}");
        assert_eq!(outcome.kill, Some(Kill::Killed), "{outcome:?}");
        family.and(outcome.process.unwrap().group).gone().await;
    }
}

/// A killed program, with what it held.
async fn client_killed(host: &Host) {
    for stdin in [false, true] {
        let (mut holder, there) = holder(&host.server, stdin);
        assert!(there.guard.is_there() && there.child.is_there());
        holder.kill().unwrap();
        holder.wait().unwrap();
        there.gone().await;
    }
}

/// Kills what the commands of that client run over: its masters, or each `ssh` of a command.
fn kill_ssh(host: &Host, _: i32) {
    let found = host.processes(if host.route.multiplex { "-M" } else { "-E" });
    assert!(!found.is_empty());
    for process in found {
        kill_process(process, Signal::KILL).unwrap();
    }
}

fn kill_sshd_session(_: &Host, group: i32) {
    kill_process(session_of(group), Signal::KILL).unwrap();
}

macro_rules! matrix {
    ($($shell:ident)*) => {$(
        mod $shell {
            use super::*;

            const SHELL: &str = stringify!($shell);

            #[tokio::test]
            async fn client_sigkill() {
                client_killed(&Host::new(SHELL)).await;
            }

            #[tokio::test]
            async fn master_sigkill() {
                killed(&Host::new(SHELL), kill_ssh).await;
            }

            #[tokio::test]
            async fn plain_ssh_sigkill() {
                killed(&Host::plain(SHELL), kill_ssh).await;
            }

            #[tokio::test]
            async fn sshd_session_sigkill() {
                killed(&Host::new(SHELL), kill_sshd_session).await;
            }

            #[tokio::test]
            async fn sshd_session_sigkill_under_a_plain_ssh() {
                killed(&Host::plain(SHELL), kill_sshd_session).await;
            }

            #[tokio::test]
            async fn wall_timeout() {
                ended(&Host::new(SHELL), By::Wall).await;
            }

            #[tokio::test]
            async fn idle_timeout() {
                ended(&Host::new(SHELL), By::Idle).await;
            }

            #[tokio::test]
            async fn cancel() {
                ended(&Host::new(SHELL), By::Cancel).await;
            }

            #[tokio::test]
            async fn close() {
                ended(&Host::new(SHELL), By::Close).await;
            }

            #[tokio::test]
            async fn drop_of_the_task() {
                ended(&Host::new(SHELL), By::Drop).await;
            }
        }
    )*};
}

matrix!(dash bash ash);

/// timeout(1) and shells with job control put what they run into process groups of their own, within
/// the session.
#[tokio::test]
async fn other_groups_of_the_session_are_ended_too() {
    let groups =
        "timeout 1000 sh -c 'trap \"\" TERM; echo $PPID $$ up; while :; do sleep 60; done'; :";
    for shell in ["dash", "bash", "ash"] {
        let host = Host::new(shell);
        for (stdin, by_lease) in [(false, false), (true, false), (false, true), (true, true)] {
            let request = Request { stdin, ..request(groups) };
            let mut running = host.client.start(&host.route, request).await.unwrap();
            let told = await_output(&mut running, " up\n").await;
            let family = Family::told(&told).and(running.process().unwrap().group);
            if by_lease {
                drop(running);
            } else {
                running.kill();
                let done = finish(&mut running).await;
                assert_eq!(done.ended.kill, Some(Kill::Killed), "{:?}", done.ended);
            }
            family.gone().await;
        }
    }
}
