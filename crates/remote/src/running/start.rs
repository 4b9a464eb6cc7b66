//! Starts a command: sends its guard, hears that it runs, and takes hold of its lease.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout_at};

use super::ending::{Ending, Place};
use super::hello::{Opening, hello};
use super::lease::Lease;
use super::pipe::Pipe;
use super::{RemoteProcess, Running, unguarded};
use crate::channel::{Channel, ChannelEnd};
use crate::client::Client;
use crate::failure::{Failure, FailureKind};
use crate::guard::{self, Marks, Nonce, Reader, Run};
use crate::request::{Guard, Request};
use crate::route::Route;
use crate::sweep::{SUDO_MARK, no_nonce};

/// Why a guard did not start.
enum Refusal {
    /// This failure.
    Failure(Failure),
    /// The login shell could not read it; another may be started by it.
    Shell,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Client {
    /// Starts a command; returns when it runs there.
    ///
    /// # Errors
    /// When it has not begun, so that it may be tried again.
    pub async fn start(&self, route: &Route, request: Request) -> Result<Running, Failure> {
        request.check()?;
        let deadline = Instant::now() + request.connect_timeout;
        let Some(guard) = request.guard else { return self.unguarded(route, &request).await };
        let reader = if request.sudo {
            Reader::Sudo
        } else if self.reads_guards(route) {
            Reader::Known
        } else {
            Reader::Login
        };
        let start = Start { client: self, route, request: &request, guard, deadline };
        match start.run(reader).await {
            Ok(running) => Ok(running),
            Err(Refusal::Failure(failure)) => Err(failure),
            Err(Refusal::Shell) => match start.run(Reader::Sh).await {
                Ok(running) => Ok(running),
                Err(Refusal::Failure(failure)) => Err(failure),
                Err(Refusal::Shell) => Err(start.not_started("the login shell cannot read it")),
            },
        }
    }

    async fn unguarded(&self, route: &Route, request: &Request) -> Result<Running, Failure> {
        let text = unguarded::text(request);
        let channel = self.open(route, &text, request.connect_timeout).await?;
        let place = place(self, route, request);
        Ok(Running {
            stdin: Some(channel.stdin).filter(|_| request.stdin),
            stdout: Pipe::new(channel.stdout),
            stderr: Pipe::new(channel.stderr),
            early_stdout: Vec::new(),
            early_stderr: Vec::new(),
            marks: None,
            lease: Lease::None,
            process: None,
            noise: 0,
            stderr_first: false,
            ending: Ending::new(place, None, (None, request.leak_timeout), channel.ended),
        })
    }
}

fn place(client: &Client, route: &Route, request: &Request) -> Place {
    Place {
        client: client.clone(),
        route: route.clone(),
        connect: request.connect_timeout,
        sudo: request.sudo,
    }
}

/// What a start needs.
struct Start<'a> {
    client: &'a Client,
    route: &'a Route,
    request: &'a Request,
    guard: Guard,
    deadline: Instant,
}

impl Start<'_> {
    async fn run(&self, reader: Reader) -> Result<Running, Refusal> {
        let nonce = Nonce::new().map_err(|error| no_nonce(&error))?;
        let mut mark = Nonce::new().map_err(|error| no_nonce(&error))?.as_str().to_owned();
        if self.request.sudo {
            mark.insert(0, SUDO_MARK);
        }
        let run = Run {
            nonce: &nonce,
            mark: &mark,
            grace: self.guard.seconds(),
            command: &self.request.command,
            env: &self.request.env,
            directory: self.request.directory.as_deref(),
            stdin: self.request.stdin,
            reader,
        };
        let channel = self.client.open(self.route, &run.text(), self.left()).await?;
        let Channel { mut stdin, stdout, stderr, mut ended } = channel;
        let mut stdout = Opening::new(Pipe::new(stdout), &nonce);
        let mut stderr = Opening::new(Pipe::new(stderr), &nonce);
        let settings = run.settings();
        let begun = timeout_at(self.deadline, async {
            let write = async {
                if let Some(settings) = &settings {
                    // A guard that does not read it does not start either, which says more.
                    drop(stdin.write_all(settings.as_bytes()).await);
                }
                std::future::pending().await
            };
            tokio::select! {
                biased;
                end = hello(&mut stdout, &mut stderr, &mut ended) => end,
                never = write => never,
            }
        });
        match begun.await {
            Ok(None) => {}
            // One mark is missing: an rc file has led its stream elsewhere, or the connection was
            // lost. The other one says that the command runs, unless it has yet to be let go.
            Ok(Some(_)) | Err(_) if !self.request.stdin && says_it_runs(&stdout, &stderr) => {}
            Ok(Some(end)) => return Err(self.refusal(reader, &end, &stdout, &stderr)),
            Err(_) => return Err(Refusal::Failure(self.silent(&stderr))),
        }
        if stderr.word.as_deref() == Some("directory") {
            return Err(Refusal::Failure(self.no_directory()));
        }
        let group = stderr.word.as_deref().and_then(|word| word.strip_prefix("group="));
        let group = group.and_then(|group| group.parse().ok()).unwrap_or_default();
        match reader {
            Reader::Login if group > 1 => self.client.note_reader(self.route, true),
            Reader::Known if group <= 1 => self.client.note_reader(self.route, false),
            Reader::Login | Reader::Known | Reader::Sh | Reader::Sudo => {}
        }
        let process = Some(RemoteProcess { group, mark }).filter(|_| group > 1);
        let guard = process.as_ref().map(|_| self.guard);
        let (lease, stdin) = if self.request.stdin {
            let lease = match &process {
                Some(process) => self.lease(process.group).await?,
                None => Lease::None,
            };
            let go = stdin.write_all(b"\n").await;
            go.map_err(|_| self.not_started("the connection was lost"))?;
            (lease, Some(stdin))
        } else {
            (Lease::Input(stdin), None)
        };
        // Standard output has no other marks: all that follows is the command's.
        stdout.marks.give_back(&mut stdout.early);
        let place = place(self.client, self.route, self.request);
        let mut ending =
            Ending::new(place, process.clone(), (guard, self.request.leak_timeout), ended);
        for word in &stderr.more {
            ending.hear(word);
        }
        Ok(Running {
            stdin,
            noise: stdout.noise + stderr.noise,
            stdout: stdout.pipe,
            stderr: stderr.pipe,
            early_stdout: stdout.early,
            early_stderr: stderr.early,
            marks: Some(stderr.marks),
            lease,
            process,
            stderr_first: false,
            ending,
        })
    }

    /// Takes hold of the lease of a command that waits for its go on a channel of its own.
    async fn lease(&self, group: i32) -> Result<Lease, Failure> {
        let nonce = Nonce::new().map_err(|error| no_nonce(&error))?;
        let text = guard::lease(&nonce, group, self.guard.seconds(), self.request.sudo);
        let mut channel = self.client.open_spare(self.route, &text, self.left()).await?;
        let waited = timeout_at(self.deadline, told(&mut channel, &nonce)).await;
        match waited {
            Ok(true) => Ok(Lease::Channel(Box::new(channel))),
            Ok(false) => Err(self.not_started("its lease could not be taken")),
            Err(_) => Err(self.not_started("its lease was not taken in time")),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn refusal(
        &self,
        reader: Reader,
        end: &ChannelEnd,
        stdout: &Opening,
        stderr: &Opening,
    ) -> Refusal {
        let status = match end {
            ChannelEnd::Lost(failure) => return Refusal::Failure(failure.clone()),
            ChannelEnd::Exit(status) => status,
        };
        let said = stderr.first_line().or_else(|| stdout.first_line());
        // csh and fish quote what they do not understand.
        let quoted = |opening: &Opening| memchr::memmem::find(&opening.before, b"STN_").is_some();
        if matches!(reader, Reader::Login | Reader::Known) && (quoted(stderr) || quoted(stdout)) {
            self.client.note_reader(self.route, false);
            return Refusal::Shell;
        }
        Refusal::Failure(match said {
            Some(line) if reader == Reader::Sudo && line.starts_with("sudo:") => Failure::new(
                FailureKind::Other,
                format!("{}: {line}; sudo must not ask there (NOPASSWD)", self.route.address),
            ),
            Some(line) => self.not_started(&format!("{line:?} came instead (status {status})")),
            None => self.not_started(&format!("it ended with status {status} and said nothing")),
        })
    }

    fn silent(&self, stderr: &Opening) -> Failure {
        let said = stderr.first_line().map(|line| format!(", {line:?} came instead"));
        let limit = self.request.connect_timeout;
        Failure::new(
            FailureKind::Timeout,
            format!(
                "{}: the guard did not start within {limit:?}{}; a target that has no POSIX shell \
                 needs --no-guard",
                self.route.address,
                said.unwrap_or_default()
            ),
        )
    }

    fn not_started(&self, why: &str) -> Failure {
        Failure::new(
            FailureKind::Other,
            format!(
                "{}: the guard did not start: {why}; a forced command, a restricted shell or a \
                 target without a POSIX shell needs --no-guard",
                self.route.address
            ),
        )
    }

    fn no_directory(&self) -> Failure {
        let directory = self.request.directory.as_deref().unwrap_or_default();
        Failure::new(
            FailureKind::Invalid,
            format!("{}: the directory {directory:?} cannot be entered", self.route.address),
        )
    }
}

/// Whether a mark came that is written right before a command runs.
fn says_it_runs(stdout: &Opening, stderr: &Opening) -> bool {
    let group = |word: &str| word.starts_with("group=");
    stdout.word.is_some() || stderr.word.as_deref().is_some_and(group)
}

/// Whether the mark came.
async fn told(channel: &mut Channel, nonce: &Nonce) -> bool {
    use tokio::io::AsyncReadExt as _;
    let (mut marks, mut buffer, mut lease) = (Marks::new(nonce), Vec::with_capacity(256), false);
    loop {
        buffer.clear();
        marks.give_back(&mut buffer);
        let read = channel.stdout.read_buf(&mut buffer).await.unwrap_or_default();
        marks.take(&mut buffer, 0, |_, word| lease |= word == "lease");
        if lease || read == 0 {
            return lease;
        }
    }
}
