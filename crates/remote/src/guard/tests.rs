//! The guard's scripts alone, in the shells that hosts have.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use tempfile::TempDir;

use super::*;

/// Nothing here takes longer, unless it hangs.
const LIMIT: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// The shells, each as a login shell of that name.
struct Shells(TempDir);

impl Shells {
    fn new() -> Self {
        let dir = TempDir::with_prefix("shells-").unwrap();
        for (name, program) in
            [("bash", "/bin/bash"), ("dash", "/bin/dash"), ("ash", "/bin/busybox")]
        {
            std::os::unix::fs::symlink(program, dir.path().join(name)).unwrap();
        }
        Self(dir)
    }

    fn each(&self) -> impl Iterator<Item = PathBuf> {
        ["bash", "dash", "ash"].map(|name| self.0.path().join(name)).into_iter()
    }
}

/// A guard that runs.
struct Guarded {
    child: Child,
    stdin: Option<ChildStdin>,
    nonce: Nonce,
}

/// What it has put out.
#[derive(Debug, PartialEq)]
struct Seen {
    stdout: String,
    stderr: String,
    words: Vec<String>,
    status: ExitStatus,
}

fn run<'a>(nonce: &'a Nonce, command: &'a str) -> Run<'a> {
    Run {
        nonce,
        mark: "themark",
        grace: 1,
        command,
        env: &[],
        directory: None,
        stdin: false,
        reader: Reader::Login,
    }
}

fn start(shell: &PathBuf, text: &str, nonce: &Nonce) -> Guarded {
    let mut child = Command::new(shell)
        .args(["-c", text])
        .env("SHELL", shell)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Guarded { stdin: child.stdin.take(), child, nonce: nonce.clone() }
}

/// All that command puts out under the guard.
fn seen(shell: &PathBuf, command: &str) -> Seen {
    let nonce = Nonce::new().unwrap();
    start(shell, &run(&nonce, command).text(), &nonce).seen()
}

impl Guarded {
    fn tell(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Reads standard output until it holds that text.
    fn await_output(&mut self, text: &str) -> String {
        let (mut all, mut byte) = (Vec::new(), [0]);
        while !String::from_utf8_lossy(&all).ends_with(text) {
            self.child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
            all.push(byte[0]);
        }
        String::from_utf8(all).unwrap()
    }

    fn seen(mut self) -> Seen {
        let mut stdout = self.child.stdout.take().unwrap();
        let out = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let mut err = Vec::new();
        self.child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        let mut words = Vec::new();
        let mut clean = |mut bytes: Vec<u8>| {
            let mut marks = Marks::new(&self.nonce);
            marks.take(&mut bytes, 0, |_, word| words.push(word.to_owned()));
            marks.give_back(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        let (stdout, stderr) = (clean(out.join().unwrap()), clean(err));
        words.retain(|word| !word.is_empty() && !word.starts_with("group="));
        Seen { stdout, stderr, words, status: self.child.wait().unwrap() }
    }
}

/// Waits until a process is gone.
fn await_gone(pid: &str) {
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let Ok(pidfd): Result<OwnedFd, _> = pidfd_open(pid, PidfdFlags::empty()) else { return };
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    assert_eq!(poll(&mut fds, Some(&LIMIT)).unwrap(), 1, "{pid:?} is still there");
}

#[test]
fn output_and_status_are_the_commands() {
    for shell in Shells::new().each() {
        for (command, out, err, word) in [
            ("true", "", "", "rc=0"),
            ("echo hello; exit 7", "hello\n", "", "rc=7"),
            ("printf a; printf b >&2", "a", "b", "rc=0"),
            ("exit 255", "", "", "rc=255"),
            ("kill -s KILL $$", "", "", "rc=137"),
            ("kill -s TERM $$", "", "", "rc=143"),
            ("exec false", "", "", "rc=1"),
            ("echo 'it'\\''s' \"$((1 + 1))\"; # end", "it's 2\n", "", "rc=0"),
            ("cat; echo done", "done\n", "", "rc=0"),
            ("wait; echo $?", "0\n", "", "rc=0"),
            ("trap 'echo bye' EXIT; exit 3", "bye\n", "", "rc=3"),
            ("a=1\nif [ $a = 1 ]; then\n echo one\nfi", "one\n", "", "rc=0"),
            ("(sleep 0.1; echo late) & wait $!; echo $?", "late\n0\n", "", "rc=0"),
        ] {
            let seen = seen(&shell, command);
            assert_eq!(
                (&*seen.stdout, &*seen.stderr, seen.words),
                (out, err, vec![word.to_owned()]),
                "{command:?} in {shell:?}"
            );
        }
    }
}

/// Nothing is killed should this fail: a command that reads its standard input has its lease elsewhere.
#[test]
fn under_a_sudo_that_has_ended_init_is_not_taken_for_the_group() {
    for shell in Shells::new().each() {
        let nonce = Nonce::new().unwrap();
        let run = Run { stdin: true, reader: Reader::Sudo, ..run(&nonce, "echo ran") };
        let guard = run.text().replace("exec sudo -n -- /bin/sh ", &format!("exec {shell:?} "));
        let orphan = format!(
            "exec 3<&0; (while kill -0 $$ 2>/dev/null; do sleep 0.01; done; {guard}) <&3 & exit 0"
        );
        let mut guarded = start(&shell, &orphan, &nonce);
        guarded.child.wait().unwrap();
        guarded.tell(&run.settings().unwrap());
        guarded.tell("\n");
        let (mut out, mut err) = (String::new(), String::new());
        guarded.child.stdout.as_mut().unwrap().read_to_string(&mut out).unwrap();
        guarded.child.stderr.as_mut().unwrap().read_to_string(&mut err).unwrap();
        assert!(out.ends_with("ran\n"), "{shell:?}: {out}{err}");
        assert!(err.contains(" group=0\n"), "{shell:?}: {err}");
    }
}

/// What this process has its children ignore.
fn ignored() -> String {
    let status = Command::new("grep").args(["SigIgn", "/proc/self/status"]).output();
    String::from_utf8(status.unwrap().stdout).unwrap()
}

#[test]
fn signals_have_their_usual_effect_on_the_command() {
    let ignored = ignored();
    let commands = [
        // An asynchronous command of a shell would ignore SIGINT and SIGQUIT.
        ("sh -c 'kill -s INT $$'; echo $?", "130\n"),
        ("grep SigIgn /proc/self/status", &*ignored),
    ];
    for shell in Shells::new().each() {
        for (command, out) in commands {
            assert_eq!(seen(&shell, command).stdout, out, "{command:?} in {shell:?}");
        }
    }
}

#[test]
fn a_syntax_error_is_told_as_the_shell_tells_it() {
    for shell in Shells::new().each() {
        let seen = seen(&shell, "if");
        assert_eq!(seen.words, ["rc=2"], "{shell:?}");
        assert!(!seen.stderr.is_empty() && !seen.stderr.contains("STN_"), "{shell:?}: {seen:?}");
    }
}

#[test]
fn settings_come_by_standard_input() {
    for shell in Shells::new().each() {
        for reader in [Reader::Login, Reader::Known, Reader::Sh] {
            let nonce = Nonce::new().unwrap();
            let env = [("A".to_owned(), "it's\ntwo \"$HOME\"".to_owned()), ("B".into(), "".into())];
            let command = "printf '%s|%s|%s|%s' \"$A\" \"${B-unset}\" \"$PWD\" \"$STATION_MARK\"\n";
            let run =
                Run { env: &env, directory: Some("/usr/bin"), reader, ..run(&nonce, command) };
            let text = run.text();
            assert!(!text.contains("two"), "values are not for the command line");
            let mut guarded = start(&shell, &text, &nonce);
            guarded.tell(&run.settings().unwrap());
            let seen = guarded.seen();
            let expected = "it's\ntwo \"$HOME\"||/usr/bin|themark";
            assert_eq!((&*seen.stdout, &*seen.stderr), (expected, ""), "{reader:?} in {shell:?}");
        }
    }
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    for shell in Shells::new().each() {
        let nonce = Nonce::new().unwrap();
        let run = Run { directory: Some("/no/such/\ndirectory"), ..run(&nonce, "echo ran") };
        let seen = start(&shell, &run.text(), &nonce).seen();
        assert_eq!((&*seen.stdout, &*seen.stderr), ("", ""), "{shell:?}");
        assert_eq!(seen.words, ["directory"], "{shell:?}");
    }
}

#[test]
fn a_command_reads_standard_input_after_its_go() {
    for shell in Shells::new().each() {
        let nonce = Nonce::new().unwrap();
        let run = Run { stdin: true, ..run(&nonce, "cat; echo end") };
        let mut guarded = start(&shell, &run.text(), &nonce);
        guarded.tell("\none\ntwo");
        drop(guarded.stdin.take());
        assert_eq!(guarded.seen().stdout, "one\ntwoend\n", "{shell:?}");

        let mut guarded = start(&shell, &run.text(), &nonce);
        drop(guarded.stdin.take());
        let seen = guarded.seen();
        assert_eq!(seen.stdout, "", "without a go in {shell:?}");
    }
}

const STUBBORN: &str = "trap '' TERM; echo up; while :; do sleep 60; done";
const STUBBORN_CHILD: &str =
    "sh -c 'trap \"\" TERM; echo $$ up; while :; do sleep 60; done' & wait";

#[test]
fn a_lost_lease_ends_the_group() {
    for shell in Shells::new().each() {
        for command in ["echo up; exec sleep 60", STUBBORN, STUBBORN_CHILD] {
            let nonce = Nonce::new().unwrap();
            let mut guarded = start(&shell, &run(&nonce, command).text(), &nonce);
            let pid = guarded.child.id().to_string();
            let output = guarded.await_output("up\n");
            drop(guarded.stdin.take());
            await_gone(&pid);
            if let Some((child, _)) = output.lines().last().unwrap().split_once(' ') {
                await_gone(child);
            }
        }
    }
}

#[test]
fn lines_of_the_lease_are_signals() {
    for shell in Shells::new().each() {
        for (line, command, word) in [
            ("T\n", "echo up; sleep 60", Some("rc=143")),
            ("T\n", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done", Some("rc=5")),
            ("K\n", STUBBORN, None),
        ] {
            let nonce = Nonce::new().unwrap();
            let mut guarded = start(&shell, &run(&nonce, command).text(), &nonce);
            guarded.await_output("up\n");
            guarded.tell(line);
            let seen = guarded.seen();
            let words: Vec<_> = word.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(seen.words, words, "{command:?} in {shell:?}");
        }
    }
}

#[test]
fn a_command_that_is_stopped_at_once_does_not_run_on() {
    for shell in Shells::new().each() {
        let nonce = Nonce::new().unwrap();
        let mut guarded = start(&shell, &run(&nonce, "sleep 60").text(), &nonce);
        guarded.await_output("\n");
        guarded.tell("T\n");
        assert_eq!(guarded.seen().words, ["rc=143"], "{shell:?}");
    }
}

#[test]
fn what_is_left_after_sigterm_has_the_grace() {
    for shell in Shells::new().each() {
        let nonce = Nonce::new().unwrap();
        let mut guarded = start(&shell, &run(&nonce, STUBBORN_CHILD).text(), &nonce);
        let output = guarded.await_output("up\n");
        guarded.tell("T\n");
        await_gone(output.lines().last().unwrap().split_once(' ').unwrap().0);
        assert_eq!(guarded.seen().words, ["rc=143"], "{shell:?}");
    }
}

#[test]
fn what_a_command_leaves_behind_stays() {
    for shell in Shells::new().each() {
        let seen = seen(&shell, "sleep 60 >/dev/null 2>&1 & echo $!");
        let pid = seen.stdout.trim().to_owned();
        assert!(fs::exists(format!("/proc/{pid}")).unwrap(), "{shell:?}");
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    }
}

#[test]
fn without_a_group_of_its_own_it_makes_one() {
    for shell in Shells::new().each() {
        let nonce = Nonce::new().unwrap();
        let text = run(&nonce, "ps -o pgid= -p $$ | tr -d ' '; echo \"a'b\"").text();
        let mut command = Command::new(&shell);
        // No leader: its group is this test's.
        let mut child = command.args(["-c", &text]).env("SHELL", &shell);
        child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let lease = child.stdin.take();
        let (mut out, mut err, mut words) = (Vec::new(), Vec::new(), Vec::new());
        child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        drop(lease);
        child.wait().unwrap();
        Marks::new(&nonce).take(&mut out, 0, |_, _| {});
        Marks::new(&nonce).take(&mut err, 0, |_, word| words.push(word.to_owned()));
        let out = String::from_utf8(out).unwrap();
        let group = words[0].strip_prefix("group=").unwrap();
        assert_eq!((&*out, group == "0"), (&*format!("{group}\na'b\n"), false), "{shell:?}");
    }
}

/// A number whose connection was lost may be somebody else's: it is left alone, and told of.
#[test]
fn after_a_lost_connection_a_group_without_the_mark_is_left_alone() {
    for shell in Shells::new().each() {
        let mut other = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let group = i32::try_from(other.id()).unwrap();
        for (age, told) in [(Age::Cut, "hidden"), (Age::Old, "nothing"), (Age::Fresh, "ended")] {
            let look = Nonce::new().unwrap();
            let looked =
                start(&shell, &end(&look, (group, "themark"), 0, age, false), &look).seen();
            assert_eq!(looked.words, [told], "{shell:?}, {age:?}");
            assert_eq!(
                other.try_wait().unwrap().is_some(),
                age == Age::Fresh,
                "{shell:?}, {age:?}"
            );
        }
    }
}

/// A group that does not end by itself, and what ends it.
fn ended(shell: &PathBuf, command: &str, mark: &str, grace: u64) -> Vec<String> {
    let nonce = Nonce::new().unwrap();
    let mut guarded = start(shell, &run(&nonce, command).text(), &nonce);
    guarded.await_output("up\n");
    let group = i32::try_from(guarded.child.id()).unwrap();
    let look = Nonce::new().unwrap();
    let looked = start(shell, &end(&look, (group, mark), grace, Age::Old, false), &look).seen();
    let mut words = looked.words;
    if words != ["ended"] {
        drop(guarded.stdin.take());
    }
    guarded.child.wait().unwrap();
    let looked = start(shell, &end(&look, (group, mark), grace, Age::Old, false), &look).seen();
    words.extend(looked.words);
    words
}

#[test]
fn a_look_ends_what_is_there_and_knows_whose_it_is() {
    for shell in Shells::new().each() {
        for grace in [0, 1] {
            for command in ["echo up; exec sleep 60", STUBBORN, STUBBORN_CHILD] {
                let words = ended(&shell, command, "themark", grace);
                assert_eq!(words, ["ended", "nothing"], "{command:?} in {shell:?}");
            }
        }
        let words = ended(&shell, "echo up; exec sleep 60", "another", 0);
        assert_eq!(words, ["nothing", "nothing"], "{shell:?}");
    }
}

#[test]
fn a_lease_of_its_own_does_the_same() {
    for shell in Shells::new().each() {
        for (line, ends) in
            [(Some("K\n"), true), (Some("T\n"), true), (None, true), (Some("Q\n"), false)]
        {
            let nonce = Nonce::new().unwrap();
            let run = Run { stdin: true, ..run(&nonce, "echo up; exec sleep 60") };
            let mut guarded = start(&shell, &run.text(), &nonce);
            let group = i32::try_from(guarded.child.id()).unwrap();
            let word = Nonce::new().unwrap();
            let mut leased = start(&shell, &lease(&word, group, 1, false), &word);
            leased.await_output(" lease\n");
            guarded.tell("\n");
            guarded.await_output("up\n");
            if let Some(line) = line {
                leased.tell(line);
            }
            drop(leased.stdin.take());
            leased.child.wait().unwrap();
            if !ends {
                assert!(guarded.child.try_wait().unwrap().is_none(), "{shell:?}");
                guarded.child.kill().unwrap();
                // Not by kill(1): procps takes the first digit of a group for all of it, and -1 is
                // every process of this machine.
                let group = Pid::from_raw(group).unwrap();
                kill_process_group(group, Signal::KILL).unwrap();
            }
            guarded.child.wait().unwrap();
        }
    }
}
