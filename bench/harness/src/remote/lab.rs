//! A real sshd on loopback, with keys, a home and configurations of its own.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::args::Args;
use crate::station::remember;
use crate::stats::now_micros;

/// How many sessions sshd lets a connection have by itself; it is not raised.
const MAX_SESSIONS: usize = 10;
/// How many commands share a connection of the peers: half as many, for the server counts a session
/// a little longer than its client does, and with these it never refuses the next.
pub(crate) const SESSIONS: usize = MAX_SESSIONS / 2;

/// A server that ends with this value. It is every address of 127.*.
#[derive(Debug)]
pub(crate) struct Lab {
    /// Where all its files are.
    pub(crate) dir: PathBuf,
    /// Where it listens.
    pub(crate) port: u16,
    /// Whom it lets in.
    pub(crate) user: String,
    sshd: Child,
}

impl Lab {
    /// Starts it in a new directory under `--lab`, whose path must leave room for a socket's name.
    pub(crate) fn start(args: &Args) -> Result<Self> {
        let dir = args.path("lab")?.join(format!("{}", now_micros() % 100_000_000));
        DirBuilder::new().mode(0o700).create(&dir)?;
        fs::create_dir(dir.join("home"))?;
        for name in ["host", "user"] {
            let mut made = Command::new("ssh-keygen");
            made.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(dir.join(name));
            told(made)?;
        }
        fs::copy(dir.join("user.pub"), dir.join("authorized_keys"))?;
        let mut whoami = Command::new("id");
        whoami.arg("-un");
        let user = told(whoami)?.trim().to_owned();
        if user == "root" {
            fs::create_dir_all("/run/sshd")?;
        }
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            if let Some(sshd) = listen(&dir, port)? {
                let lab = Self { dir, port, user, sshd };
                lab.write_client_files()?;
                return Ok(lab);
            }
        }
        Err(format!("sshd does not start: {}", fs::read_to_string(dir.join("sshd.log"))?).into())
    }

    /// An ssh_config(5) by which each address of 127.* is this server.
    pub(crate) fn config(&self) -> PathBuf {
        self.dir.join("ssh_config")
    }

    /// The same with ten masters to share, by the address's last digit.
    pub(crate) fn shared_config(&self) -> PathBuf {
        self.dir.join("ssh_config.shared")
    }

    /// The socket of the master for addresses that end in this digit.
    pub(crate) fn shared_socket(&self, digit: usize) -> PathBuf {
        self.dir.join(format!("d{digit}"))
    }

    /// Carries out what must begin at least that many commands, and looks in the server's log
    /// whether it did.
    pub(crate) fn proved<T>(&self, commands: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.begun()?;
        let done = work()?;
        let begun = self.begun()? - before;
        if begun >= commands {
            return Ok(done);
        }
        Err(format!("sshd began {begun} commands and not {commands}").into())
    }

    /// How many commands it began so far.
    fn begun(&self) -> Result<usize> {
        Ok(fs::read_to_string(self.dir.join("sshd.log"))?.matches("Starting session").count())
    }

    /// The client's side: key, known host, configurations.
    fn write_client_files(&self) -> Result<()> {
        let (dir, port, user) = (self.dir.display(), self.port, &self.user);
        let common = format!(
            "Host *\n  User {user}\n  Port {port}\n  HostKeyAlias station-bench\n  \
             IdentityFile {dir}/user\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
             UserKnownHostsFile {dir}/known_hosts\n  GlobalKnownHostsFile /dev/null\n  \
             StrictHostKeyChecking yes\n  KexAlgorithms curve25519-sha256\n  BatchMode yes\n"
        );
        let mut shared = String::new();
        for digit in 0..10 {
            let socket = self.shared_socket(digit);
            writeln!(shared, "Host *{digit}\n  ControlPath {}", socket.display())?;
        }
        fs::write(self.shared_config(), format!("{shared}{common}"))?;
        fs::write(self.config(), common)?;
        let key = fs::read_to_string(self.dir.join("host.pub"))?;
        Ok(fs::write(self.dir.join("known_hosts"), format!("station-bench {key}"))?)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop((self.sshd.kill(), self.sshd.wait(), fs::remove_dir_all(&self.dir)));
    }
}

/// Starts it on that port; `None` when the port was taken meanwhile. The home is an empty one, lest
/// each command pay for the start files of whoever runs this.
fn listen(dir: &Path, port: u16) -> Result<Option<Child>> {
    let path = dir.display();
    let config = format!(
        "ListenAddress 0.0.0.0:{port}\nHostKey {path}/host\n\
         AuthorizedKeysFile {path}/authorized_keys\nPidFile none\nUsePAM no\nStrictModes no\n\
         PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         KexAlgorithms curve25519-sha256\nMaxSessions {MAX_SESSIONS}\nMaxStartups 500:30:1000\n\
         LogLevel VERBOSE\nSetEnv HOME={path}/home\n"
    );
    fs::write(dir.join("sshd_config"), config)?;
    let mut sshd = Command::new("/usr/sbin/sshd")
        .args(["-D", "-f"])
        .arg(dir.join("sshd_config"))
        .arg("-E")
        .arg(dir.join("sshd.log"))
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("/usr/sbin/sshd: {error}"))?;
    remember(sshd.id())?;
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until && sshd.try_wait()?.is_none() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(Some(sshd));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    drop((sshd.kill(), sshd.wait()));
    Ok(None)
}

/// The addresses of that many nodes, as pdsh and clush take them.
pub(crate) fn ranges(nodes: usize) -> String {
    let (full, rest) = (nodes / 250, nodes % 250);
    let mut ranges: Vec<String> = (0..full).map(|net| format!("127.1.{net}.[1-250]")).collect();
    if rest > 0 {
        ranges.push(format!("127.1.{full}.[1-{rest}]"));
    }
    ranges.join(",")
}

/// The address of the n-th node, from 0.
pub(crate) fn address(n: usize) -> String {
    format!("127.1.{}.{}", n / 250, n % 250 + 1)
}

/// What a program prints that must succeed.
pub(crate) fn told(mut command: Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}: {}", output.status, error.trim()).into())
}

#[cfg(test)]
mod tests {
    use super::{address, ranges};

    #[test]
    fn ranges_and_addresses_are_the_same_nodes() {
        assert_eq!(ranges(500), "127.1.0.[1-250],127.1.1.[1-250]");
        assert_eq!(ranges(260), "127.1.0.[1-250],127.1.1.[1-10]");
        assert_eq!(
            [0, 249, 250, 259].map(address).join(" "),
            "127.1.0.1 127.1.0.250 127.1.1.1 127.1.1.10"
        );
    }
}
