//! Mails a job's output through the system's sendmail, as atd does.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use station_core::model::MailWhen;

use crate::port::Letter;

/// The sendmail command, when the machine has one.
#[derive(Clone, Debug)]
pub struct Sendmail {
    program: Option<PathBuf>,
}

impl Sendmail {
    /// Looks for the program in its usual places, or takes the one `STATION_SENDMAIL` names.
    #[must_use]
    pub fn find() -> Self {
        let named = std::env::var_os("STATION_SENDMAIL").map(PathBuf::from);
        let usual = ["/usr/sbin/sendmail", "/usr/lib/sendmail"].map(PathBuf::from);
        Self { program: named.into_iter().chain(usual).find(|path| path.exists()) }
    }
}

impl Sendmail {
    /// Whether there is one.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.program.is_some()
    }
}

impl Sendmail {
    /// Sends a letter, unless there is nothing to say.
    pub(super) fn notify(&self, letter: &Letter) -> Result<(), String> {
        if letter.mail.when == MailWhen::Output && letter.output.is_empty() {
            return Ok(());
        }
        let program = self.program.as_deref().ok_or("there is no sendmail on this machine")?;
        send(program, letter)
    }
}

fn send(program: &Path, letter: &Letter) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", program.display());
    let mut child = Command::new(program)
        .args(["-i", "--", &letter.mail.to])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(wrong)?;
    let written = child.stdin.take().map(|mut stdin| {
        stdin.write_all(headers(letter).as_bytes()).and_then(|()| stdin.write_all(&letter.output))
    });
    let status = child.wait().map_err(wrong)?;
    if !status.success() {
        return Err(format!("{} ended with {status}", program.display()));
    }
    written.transpose().map(|_| ()).map_err(wrong)
}

fn headers(letter: &Letter) -> String {
    let id = letter.execution.id;
    // One line, whatever the name holds.
    let name: String = letter.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let to: String = letter.mail.to.chars().filter(|c| !c.is_control()).collect();
    format!(
        "Subject: Output from your job {id}: {name}\nTo: {to}\nAuto-Submitted: auto-generated\n\
         X-Stationmaster-Status: {}\nMIME-Version: 1.0\nContent-Type: text/plain; \
         charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
        letter.execution.status.name()
    )
}
