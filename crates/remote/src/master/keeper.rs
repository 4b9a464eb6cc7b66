//! The keeper: a small shell that ends our `ssh` processes when we cannot.
//!
//! It reads from a pipe of ours. At its end, which a killed process brings about too, it ends its own
//! process group, to which all masters belong, and the groups it was told of; then it removes the
//! directory. It holds no memory of process ids that could have been reused: its group lives as long
//! as it does, and a group of a command is forgotten before it is reaped.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::process::{Child, Command};

/// Its groups lie between spaces in `$g`.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
g=' '
while read -r what id; do
  case $what in
    +) g="$g$id " ;;
    -) case $g in *" $id "*) g="${g%%" $id "*} ${g#*" $id "}" ;; esac ;;
  esac
done
for id in $g; do kill -s TERM -- "-$id"; done
kill -s TERM 0
for id in $g; do kill -s KILL -- "-$id"; done
rm -rf -- "$1"
kill -s KILL 0
"#;

/// The shell.
#[derive(Debug)]
pub(crate) struct Keeper {
    child: Mutex<Child>,
    group: i32,
    pipe: Mutex<std::fs::File>,
}

impl Keeper {
    /// Starts it for a directory.
    pub(super) fn start(directory: &Path) -> io::Result<Self> {
        let (theirs, ours): (OwnedFd, OwnedFd) = pipe_with(PipeFlags::CLOEXEC)?;
        fcntl_setfl(&ours, OFlags::NONBLOCK)?;
        let child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "station-ssh-keeper"])
            .arg(directory)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok());
        let group = group.ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { child: Mutex::new(child), group, pipe: Mutex::new(ours.into()) })
    }

    /// The process group it ends.
    pub(super) fn group(&self) -> i32 {
        self.group
    }

    /// Whether it is there.
    pub(super) fn is_alive(&self) -> bool {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(child.try_wait(), Ok(None))
    }

    /// Ends this group too.
    pub(crate) fn keep(&self, group: i32) {
        self.tell(&format!("+ {group}\n"));
    }

    /// This group is about to go.
    pub(crate) fn forget(&self, group: i32) {
        self.tell(&format!("- {group}\n"));
    }

    /// A line fits into the pipe at once: the shell does nothing but read.
    fn tell(&self, line: &str) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = pipe.write_all(line.as_bytes()) {
            tracing::debug!(%error, "the keeper of ssh does not hear");
        }
    }
}
