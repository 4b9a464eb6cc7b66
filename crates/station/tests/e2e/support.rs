//! A real `station` under test: the built binary on a directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use station::client::{Transport, UnixTransport};

/// How long anything may take on a busy machine before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory and the daemon on it, if one runs. Both go with the value.
pub(crate) struct Site {
    dir: tempfile::TempDir,
    daemon: Option<Child>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), daemon: None }
    }

    /// A directory of the test's own beside the data directory.
    pub(crate) fn scratch(&self) -> PathBuf {
        let path = self.dir.path().join("scratch");
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The program, set to this site and nothing else of the tester's environment.
    pub(crate) fn station(&self) -> Command {
        self.program(Path::new(env!("CARGO_BIN_EXE_station")))
    }

    /// A program, set to this site.
    pub(crate) fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.dir.path())
            .env("STATION_DATA_DIR", self.data())
            .env("TZ", "UTC")
            .current_dir(self.scratch())
            .stdin(Stdio::null());
        command
    }

    /// Runs `station` with these arguments to its end.
    pub(crate) fn run<const N: usize>(&self, args: [&str; N]) -> Output {
        self.station().args(args).output().unwrap()
    }

    /// Runs `station`, which must succeed; what it printed.
    pub(crate) fn ok<const N: usize>(&self, args: [&str; N]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `station` with `--json` among the arguments; the document it printed.
    pub(crate) fn json<const N: usize>(&self, args: [&str; N]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// Runs a copy of `station` as nobody, who can enter the site; only root can do that.
    pub(crate) fn as_nobody(&self, args: &[&str]) -> Output {
        let program = self.dir.path().join("station");
        if !program.exists() {
            std::fs::copy(env!("CARGO_BIN_EXE_station"), &program).unwrap();
        }
        wait_for("the copy to be free for execution", || {
            let mut command = self.program(Path::new("setpriv"));
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]);
            let output = command.arg(&program).args(args).output().unwrap();
            // 126: a process another test is just starting still has the copy open for writing.
            (output.status.code() != Some(126)).then_some(output)
        })
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) fn start(&mut self) {
        let command = self.station();
        self.start_as(command, &[]);
    }

    /// Starts the daemon as this command with more arguments.
    pub(crate) fn start_as(&mut self, mut command: Command, args: &[&str]) {
        let child = command
            .arg("serve")
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.daemon = Some(child);
        wait_for("the daemon to answer", || {
            if let Some(status) = self.daemon.as_mut().unwrap().try_wait().unwrap() {
                panic!("the daemon ended at its start: {status}");
            }
            let mut transport = self.connect()?;
            transport.call("GET", "/health", None).ok().filter(|answer| answer.status == 200)
        });
    }

    /// A connection to the daemon, if it listens.
    pub(crate) fn connect(&self) -> Option<UnixTransport> {
        UnixTransport::connect(&self.data().join("station.sock")).ok().flatten()
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.daemon.as_ref().unwrap().id()).unwrap()
    }

    /// Sends the daemon a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Kills the daemon with -9.
    pub(crate) fn kill(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// Waits for the daemon to end by itself.
    pub(crate) fn ended(&mut self) -> std::process::ExitStatus {
        let mut daemon = self.daemon.take().unwrap();
        wait_for("the daemon to end", || daemon.try_wait().unwrap())
    }

    /// Calls the API.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.connect().unwrap().call("GET", path, None).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Waits until a job is in one of these statuses; the job.
    pub(crate) fn wait_status(&self, job: &str, statuses: &[&str]) -> Value {
        wait_for(&format!("job {job} to be {statuses:?}"), || {
            let shown = self.json(["show", job, "--json"]);
            let status = shown["status"].as_str().unwrap().to_owned();
            statuses.contains(&status.as_str()).then_some(shown)
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // So that it ends its runs; -9 if it does not.
            let pid = rustix::process::Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
            let started = Instant::now();
            while started.elapsed() < Duration::from_secs(10) {
                if daemon.try_wait().unwrap().is_some() {
                    return;
                }
                pause();
            }
            drop(daemon.kill());
            drop(daemon.wait());
        }
    }
}

/// Waits until `look` finds what it looks for.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited too long for {what}");
        pause();
    }
}

/// A moment between two looks at another process.
#[expect(clippy::disallowed_methods, reason = "another process gives no event to wait for")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

/// Whether a process exists and is no zombie.
pub(crate) fn is_alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

/// The seed of a test that kills the daemon at random; it is printed, so that it can be given again.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var("STATION_CRASH_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) << 20 | 7);
    eprintln!("STATION_CRASH_SEED={seed}");
    seed
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
