//! Commands under their guard, over a real sshd: output, status, input, surroundings, refusals.
#![cfg(test)]

#[path = "support/runner.rs"]
mod runner;
#[path = "support/sshd.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod sshd;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use runner::{Done, client, finish, run};
use sshd::Sshd;
use station_remote::{End, Failure, FailureKind, Guard, Kill, Read, Request};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A server whose users have that program as their shell, as far as a guard can tell.
fn with_shell(shell: &str) -> Sshd {
    let command = format!("ForceCommand exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"");
    Sshd::with(&[&command, &format!("SetEnv SHELL={shell}")])
}

async fn refused(server: &Sshd, request: Request) -> Failure {
    let (client, route) = client(server);
    client.start(&route, request).await.err().expect("it was refused")
}

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    let server = Sshd::start();
    for (command, end) in [
        ("true", End::Exit(0)),
        ("exit 7", End::Exit(7)),
        ("exit 255", End::Exit(255)),
        ("kill -KILL $$", End::Signal(9)),
        ("kill -TERM $$", End::Signal(15)),
        ("no-such-command-here 2>/dev/null", End::Exit(127)),
        ("exec sh -c 'exit 3'", End::Exit(3)),
    ] {
        let done = run(&server, Request::new(command)).await;
        assert_eq!((done.ended.end, done.ended.kill), (end, None), "{command:?}");
        assert_eq!((text(&done.stdout), text(&done.stderr)), ("", ""), "{command:?}");
        assert!(!done.ended.leaked && done.ended.failure.is_none(), "{command:?}: {done:?}");
    }
}

#[tokio::test]
async fn output_is_exact_byte_for_byte() {
    let server = Sshd::start();
    let fake = r"\036STN 00000000000000000000000000000000 rc=3\n";
    let command = format!("printf 'a\\0b\\036S\\r\\n\\377 no end'; printf '{fake}\\036STN ' >&2");
    let done = run(&server, Request::new(command)).await;
    assert_eq!(done.stdout, b"a\0b\x1eS\r\n\xff no end");
    assert_eq!(text(&done.stderr), "\u{1e}STN 00000000000000000000000000000000 rc=3\n\u{1e}STN ");
    assert_eq!(done.ended.end, End::Exit(0));
}

#[tokio::test]
async fn a_command_that_writes_its_own_mark_is_not_hurt() {
    let server = Sshd::start();
    let command = "printf '\\036STN %s rc=9\\n' \"$STATION_MARK\" >&2; exit 4";
    let done = run(&server, Request::new(command)).await;
    let stderr = text(&done.stderr);
    assert!(stderr.starts_with("\u{1e}STN ") && stderr.ends_with(" rc=9\n"), "{stderr:?}");
    assert_eq!(done.ended.end, End::Exit(4));
}

#[tokio::test]
async fn env_and_directory_are_set_there() {
    let server = Sshd::start();
    let mut request = Request::new("printf '%s,%s,%s' \"$A\" \"$B\" \"$PWD\"");
    request.env = vec![("A".into(), "it's\n$HOME".into()), ("B".into(), "two words".into())];
    request.directory = Some("/usr/bin".into());
    for guard in [request.guard, None] {
        let done = run(&server, Request { guard, ..request.clone() }).await;
        assert_eq!(text(&done.stdout), "it's\n$HOME,two words,/usr/bin", "{guard:?}");
    }

    request.directory = Some("/no/such".into());
    let failure = refused(&server, request.clone()).await;
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert_eq!(failure.message, "node: the directory \"/no/such\" cannot be entered");

    request.env = vec![("A B".into(), String::new())];
    let failure = refused(&server, request.clone()).await;
    assert!(failure.message.starts_with("\"A B\" is no name of a variable"), "{failure}");

    let failure = refused(&server, Request::new("a\0b")).await;
    assert!(failure.message.contains("NUL"), "{failure}");
}

#[tokio::test]
async fn a_long_command_runs() {
    let server = Sshd::start();
    let command = format!("# {}\nprintf '%s' \"$((1 + 1))\"", "it\"s $x `y`\\ ".repeat(8_000));
    assert!(command.len() > 100_000);
    let done = run(&server, Request::new(command)).await;
    assert_eq!((text(&done.stdout), text(&done.stderr)), ("2", ""));

    let failure = refused(&server, Request::new("'".repeat(40_000))).await;
    assert!(failure.message.contains("put it into a file"), "{failure}");
}

#[tokio::test]
async fn standard_input_reaches_the_command() {
    let server = Sshd::start();
    let (client, route) = client(&server);
    let binary: Vec<u8> =
        (0..1_u32 << 20).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    for input in [&b""[..], b"T\nK\n", b"\0\n no end", &binary] {
        let request = Request { stdin: true, ..Request::new("cat; exit 6") };
        let mut running = client.start(&route, request).await.unwrap();
        let mut stdin = running.take_stdin().unwrap();
        assert!(running.take_stdin().is_none());
        let write = async move { stdin.write_all(input).await.unwrap() };
        let ((), done) = tokio::join!(write, finish(&mut running));
        assert!(done.stdout == input, "{} of {} bytes", done.stdout.len(), input.len());
        assert_eq!((done.ended.end, done.ended.leaked), (End::Exit(6), false));
    }
}

#[tokio::test]
async fn the_end_of_input_does_not_end_the_lease() {
    let server = Sshd::start();
    let (client, route) = client(&server);
    let command = "cat >/dev/null; sleep 1.5; echo still here";
    let guard = Some(Guard { grace: Duration::ZERO });
    let request = Request { stdin: true, guard, ..Request::new(command) };
    let mut running = client.start(&route, request).await.unwrap();
    drop(running.take_stdin());
    let done = finish(&mut running).await;
    assert_eq!((text(&done.stdout), done.ended.end), ("still here\n", End::Exit(0)));
}

#[tokio::test]
async fn input_that_is_not_read_does_not_hold_the_end() {
    let server = Sshd::start();
    let (client, route) = client(&server);
    let request = Request { stdin: true, ..Request::new("head -c 3; exec <&-; echo; exit 2") };
    let mut running = client.start(&route, request).await.unwrap();
    let mut stdin = running.take_stdin().unwrap();
    let write = async move { drop(stdin.write_all(&vec![b'x'; 4 << 20]).await) };
    let writing = tokio::spawn(write);
    let done = finish(&mut running).await;
    assert_eq!((text(&done.stdout), done.ended.end), ("xxx\n", End::Exit(2)));
    writing.abort();
}

#[tokio::test]
async fn what_rc_files_put_out_is_dropped() {
    let server = Sshd::with(&[
        "ForceCommand exec bash -c \"$SSH_ORIGINAL_COMMAND\"",
        "SetEnv SHELL=/bin/bash",
    ]);
    let noise = "echo welcome; echo warning >&2; printf part\n";
    fs::write(server.file("home").join(".bashrc"), noise).unwrap();
    let (client, route) = client(&server);
    let mut running = client.start(&route, Request::new("echo out; echo err >&2")).await.unwrap();
    // More, where the account's own shell is bash as well.
    assert!(running.noise() >= 20, "{}", running.noise());
    let done = finish(&mut running).await;
    assert_eq!((text(&done.stdout), text(&done.stderr)), ("out\n", "err\n"));
}

#[tokio::test]
async fn a_big_stream_arrives_whole() {
    let server = Sshd::start();
    let (client, route) = client(&server);
    let command = "head -c 67108864 /dev/zero; head -c 1000003 /dev/zero >&2";
    let mut running = client.start(&route, Request::new(command)).await.unwrap();
    let mut buffer = Vec::with_capacity(1 << 20);
    let (mut stdout, mut stderr) = (0, 0);
    let ended = loop {
        buffer.clear();
        match running.read(&mut buffer).await {
            Read::Stdout(count) => stdout += count,
            Read::Stderr(count) => stderr += count,
            Read::Ended(ended) => break ended,
        }
        assert_eq!(buffer.capacity(), 1 << 20, "it reads into what there is");
    };
    assert_eq!((stdout, stderr, ended.end), (64 << 20, 1_000_003, End::Exit(0)));
}

#[tokio::test]
async fn a_process_left_behind_does_not_hold_the_end() {
    let server = Sshd::start();
    let mut request = Request::new("sleep 60 & echo $!");
    request.leak_timeout = Duration::from_millis(200);
    let Done { stdout, ended, .. } = run(&server, request).await;
    assert_eq!((ended.end, ended.leaked, ended.kill), (End::Exit(0), true, None));
    let left = runner::Watched::new(text(&stdout));
    assert!(left.is_there(), "it was not ended");
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(text(&stdout).trim().parse().unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
}

#[tokio::test]
async fn login_shells_of_all_kinds_will_do() {
    let dir = tempfile::TempDir::with_prefix("shells-").unwrap();
    let ash = dir.path().join("ash");
    std::os::unix::fs::symlink("/bin/busybox", &ash).unwrap();
    for shell in ["/bin/dash", "/bin/bash", ash.to_str().unwrap()] {
        let server = with_shell(shell);
        let done = run(&server, Request::new("echo \"$SHELL\"; exit 3")).await;
        assert_eq!(text(&done.stdout), format!("{shell}\n"));
        assert_eq!((text(&done.stderr), done.ended.end), ("", End::Exit(3)));
        let done = run(&server, Request::new("kill -KILL $$")).await;
        assert_eq!(done.ended.end, End::Signal(9), "{shell}");
    }
}

#[tokio::test]
async fn a_shell_that_reads_no_posix_starts_one_that_does() {
    // Like csh: it knows neither assignments nor functions, but commands.
    let server = Sshd::start();
    let odd = server.file("oddsh");
    let script = "#!/bin/sh\ncase $2 in\nSTN_*) echo \"${2%%=*}=: Command not found.\" >&2; exit 1;;\n\
                  *) eval \"$2\";;\nesac\n";
    fs::write(&odd, script).unwrap();
    fs::set_permissions(&odd, fs::Permissions::from_mode(0o755)).unwrap();
    let forced = with_shell(odd.to_str().unwrap());
    let mut request = Request::new("echo ran");
    request.env = vec![("SHELL".into(), "/bin/false".into())];
    let done = run(&forced, request).await;
    assert_eq!(done.ended.end, End::Exit(0), "{done:?}");
}

#[tokio::test]
async fn a_forced_command_is_a_clear_error() {
    let server = Sshd::with(&["ForceCommand echo 'only backups here' >&2; exit 9"]);
    let failure = refused(&server, Request::new("true")).await;
    assert_eq!(failure.kind, FailureKind::Other);
    assert!(failure.message.contains("\"only backups here\" came instead (status 9)"), "{failure}");
    assert!(failure.message.contains("--no-guard"), "{failure}");
    let done = run(&server, Request { guard: None, ..Request::new("true") }).await;
    assert_eq!((text(&done.stderr), done.ended.end), ("only backups here\n", End::Exit(9)));
}

#[tokio::test]
async fn a_restricted_shell_is_a_clear_error() {
    let server = with_shell("/bin/rbash");
    let failure = refused(&server, Request::new("echo ran")).await;
    assert!(failure.message.contains("restricted"), "{failure}");
}

#[tokio::test]
async fn a_target_that_never_answers_is_given_up() {
    let server = Sshd::with(&["ForceCommand echo 'router>'; exec cat"]);
    let mut request = Request::new("true");
    request.connect_timeout = Duration::from_secs(2);
    let failure = refused(&server, request).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.message.contains("did not start within 2s"), "{failure}");
}

#[tokio::test]
async fn without_a_guard_it_is_plain_ssh() {
    let server = Sshd::start();
    let (client, route) = client(&server);
    let request = Request { guard: None, ..Request::new("echo up; exec sleep 60") };
    let mut running = client.start(&route, request).await.unwrap();
    assert_eq!(running.process(), None);
    runner::await_output(&mut running, "up\n").await;
    running.terminate();
    let done = finish(&mut running).await;
    assert_eq!((done.ended.end, done.ended.kill), (End::Unknown, Some(Kill::Unsupported)));
}

#[tokio::test]
async fn sudo_runs_the_guard_too() {
    let server = Sshd::start();
    let request = Request { sudo: true, ..Request::new("id -u; echo \"$A\"; exit 5") };
    let request = Request { env: vec![("A".into(), "b'c".into())], ..request };
    let done = run(&server, request).await;
    assert_eq!((text(&done.stdout), text(&done.stderr)), ("0\nb'c\n", ""));
    assert_eq!(done.ended.end, End::Exit(5));

    let (client, route) = client(&server);
    let request =
        Request { sudo: true, ..Request::new("trap '' TERM; echo up; sleep 60; sleep 60") };
    let mut running = client.start(&route, request).await.unwrap();
    let watched = runner::Watched::new(&running.process().unwrap().group.to_string());
    runner::await_output(&mut running, "up\n").await;
    running.kill();
    let done = finish(&mut running).await;
    assert_eq!((done.ended.end, done.ended.kill), (End::Signal(9), Some(Kill::Killed)));
    watched.gone().await;
}

#[tokio::test]
async fn a_sudo_that_asks_is_told_in_its_own_words() {
    let dir = tempfile::TempDir::with_prefix("sudo-").unwrap();
    let sudo = dir.path().join("sudo");
    fs::write(&sudo, "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&sudo, fs::Permissions::from_mode(0o755)).unwrap();
    let server = Sshd::with(&[&format!("SetEnv PATH={}:/usr/bin:/bin", dir.path().display())]);
    let failure = refused(&server, Request { sudo: true, ..Request::new("true") }).await;
    assert!(failure.message.starts_with("node: sudo: a password is required"), "{failure}");
}

/// A command that has run is never said not to have started, whatever an rc file does to its streams.
#[tokio::test]
async fn a_stream_led_elsewhere_by_an_rc_file() {
    for (line, end) in [("exec 2>/dev/null", End::Exit(3)), ("exec >/dev/null", End::Exit(3))] {
        let rc = format!("ForceCommand {line}; eval \"$SSH_ORIGINAL_COMMAND\"");
        let server = Sshd::with(&[&rc]);
        let done = run(&server, Request::new("exit 3")).await;
        assert_eq!(done.ended.end, end, "{line}: {done:?}");
        // With input it waits to be let go, so it has not run.
        let connect_timeout = Duration::from_secs(3);
        let waiting = Request { stdin: true, connect_timeout, ..Request::new("exit 3") };
        assert_eq!(refused(&server, waiting).await.kind, FailureKind::Timeout, "{line}");
    }
}
