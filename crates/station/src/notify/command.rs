//! Hands alarms to a command on its standard input.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{MemfdFlags, SeekFrom, memfd_create, seek};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::time::Timespec;
use station_core::model::Alarm;

use super::{Channel, body};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How much of what it says on standard error is told at most.
const WORDS: usize = 500;

/// Runs a command for each alarm, with the alarm's JSON on standard input and hardly any
/// environment. Exit status 0 means that it was delivered.
#[derive(Debug)]
pub struct CommandChannel {
    program: String,
    arguments: Vec<String>,
    limit: Duration,
}

impl CommandChannel {
    /// For a program and its arguments; no shell reads them.
    #[must_use]
    pub fn new(program: String, arguments: Vec<String>) -> Self {
        Self { program, arguments, limit: LIMIT }
    }

    fn start(&self, input: OwnedFd) -> std::io::Result<Child> {
        let inherited = |name: &str| std::env::var_os(name).unwrap_or_default();
        let path = Some(inherited("PATH")).filter(|path| !path.is_empty());
        Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", path.as_deref().unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin")))
            .env("HOME", inherited("HOME"))
            .env("LANG", "C.UTF-8")
            .current_dir("/")
            .process_group(0)
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
    }
}

impl Channel for CommandChannel {
    fn deliver(&self, alarm: &Alarm) -> Result<(), String> {
        let body = body(alarm)?;
        let wrong = |error: std::io::Error| format!("{}: {error}", self.program);
        // A file rather than a pipe: a command that does not read cannot hold anybody up.
        let input = memfd_create("alarm", MemfdFlags::CLOEXEC).map_err(|e| wrong(e.into()))?;
        let mut file = std::fs::File::from(input);
        file.write_all(&body).map_err(wrong)?;
        seek(&file, SeekFrom::Start(0)).map_err(|e| wrong(e.into()))?;
        let mut child = self.start(file.into()).map_err(wrong)?;
        let mut said = Vec::new();
        let in_time = wait(&mut child, self.limit, &mut said).map_err(wrong)?;
        if !in_time {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            // It may have ended at this moment.
            group.map(|group| kill_process_group(group, Signal::KILL).ok());
        }
        let status = child.wait().map_err(wrong)?;
        if in_time && status.success() {
            return Ok(());
        }
        let how = if in_time { ending(status) } else { format!("took over {:?}", self.limit) };
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        Err(match last {
            Some(last) => format!("{} {how}: {}", self.program, last.trim()),
            None => format!("{} {how}", self.program),
        })
    }
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Waits for the end, and reads what comes on standard error meanwhile, so that the command never
/// waits for a reader; false when the limit has passed first.
fn wait(child: &mut Child, limit: Duration, said: &mut Vec<u8>) -> std::io::Result<bool> {
    let until = Instant::now() + limit;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| std::io::Error::other("it has no process id"))?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let mut stderr = child.stderr.take();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        let mut fds = vec![PollFd::new(&process, PollFlags::IN)];
        fds.extend(
            stderr.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)),
        );
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = |at: usize| fds.get(at).is_some_and(|fd| !fd.revents().is_empty());
        let (ended, speaks) = (ready(0), ready(1));
        drop(fds);
        if speaks && !listen(&mut stderr, said) {
            stderr = None;
        } else if ended {
            return Ok(true);
        }
        if left.is_zero() {
            return Ok(false);
        }
    }
}

/// Reads what is there, keeping the end of it; false when nothing more will come.
fn listen(stderr: &mut Option<ChildStderr>, said: &mut Vec<u8>) -> bool {
    let mut buffer = [0_u8; 4096];
    let Some(pipe) = stderr else { return false };
    match pipe.read(&mut buffer) {
        Ok(0) | Err(_) => false,
        Ok(n) => {
            said.extend(buffer.iter().take(n));
            let over = said.len().saturating_sub(WORDS);
            said.drain(..over);
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::alarm;
    use super::*;

    fn shell(script: &str) -> CommandChannel {
        CommandChannel::new("/bin/sh".into(), vec!["-c".into(), script.into()])
    }

    #[test]
    fn the_command_reads_the_alarm_and_little_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let script = format!("cat > {path}/alarm; env | sort > {path}/env");
        shell(&script).deliver(&alarm()).unwrap();
        let alarm: serde_json::Value =
            serde_json::from_slice(&std::fs::read(dir.path().join("alarm")).unwrap()).unwrap();
        assert_eq!(alarm["event_id"], "7");
        let env = std::fs::read_to_string(dir.path().join("env")).unwrap();
        let names: Vec<&str> = env.lines().filter_map(|line| line.split('=').next()).collect();
        let known = ["HOME", "LANG", "PATH", "PWD", "SHLVL", "OLDPWD", "_"];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    }

    #[test]
    fn what_goes_wrong_is_told() {
        let table = [
            ("echo first >&2; echo no route >&2; exit 3", "ended with exit status 3: no route"),
            ("kill -9 $$", "was ended by signal 9"),
            ("yes | head -c 200000 >&2; exit 1", "ended with exit status 1: y"),
        ];
        for (script, said) in table {
            assert_eq!(shell(script).deliver(&alarm()).unwrap_err(), format!("/bin/sh {said}"));
        }
        let none = CommandChannel::new("/nonexistent".into(), Vec::new());
        assert!(none.deliver(&alarm()).unwrap_err().starts_with("/nonexistent: "));
    }

    #[test]
    fn one_that_takes_too_long_is_ended_with_its_children() {
        let mut channel = shell("echo waiting >&2; sleep 600 & wait");
        channel.limit = Duration::from_millis(200);
        let began = Instant::now();
        let error = channel.deliver(&alarm()).unwrap_err();
        assert_eq!(error, "/bin/sh took over 200ms: waiting");
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_grandchild_that_stays_does_not_hold_the_delivery_up() {
        let began = Instant::now();
        shell("sleep 60 & exit 0").deliver(&alarm()).unwrap();
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
