//! A real sshd on loopback, with keys and a configuration of its own.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// An sshd that ends with this value.
pub(crate) struct Sshd {
    dir: TempDir,
    port: u16,
    child: Child,
}

impl Sshd {
    /// One that lets our key in.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// One with further lines of sshd_config(5).
    pub(crate) fn with(lines: &[&str]) -> Self {
        let dir = TempDir::with_prefix("sshd-").unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        for name in ["host", "user"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
                .arg(dir.path().join(name))
                .status();
            assert!(made.unwrap().success(), "ssh-keygen");
        }
        if rustix::process::geteuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        fs::copy(dir.path().join("user.pub"), dir.path().join("authorized_keys")).unwrap();
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if let Some(child) = launch(dir.path(), port, lines) {
                let server = Self { dir, port, child };
                server.write_client_files();
                return server;
            }
        }
        panic!("sshd does not start: {}", fs::read_to_string(dir.path().join("sshd.log")).unwrap());
    }

    /// A file of its own directory, which goes with it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The port it listens at, on all loopback addresses.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An ssh_config(5) by which `node`, `node1`, `node2`, … and each 127.* address are this server.
    pub(crate) fn config(&self) -> PathBuf {
        self.file("ssh_config")
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.file("sshd.log")).unwrap_or_default()
    }

    /// The client's side: host names, key, known hosts.
    fn write_client_files(&self) {
        let dir = self.dir.path().display();
        let user =
            String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let common = format!(
            "  User {}\n  Port {}\n  HostKeyAlias station-test\n  IdentityFile {dir}/user\n  \
             IdentitiesOnly yes\n  UserKnownHostsFile {dir}/known_hosts\n  \
             GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  \
             KexAlgorithms curve25519-sha256\n",
            user.trim(),
            self.port
        );
        let text = format!("Host node*\n  HostName 127.0.0.1\n{common}Host 127.*\n{common}");
        fs::write(self.config(), text).unwrap();
        let key = fs::read_to_string(self.file("host.pub")).unwrap();
        fs::write(self.file("known_hosts"), format!("station-test {key}")).unwrap();
    }
}

/// Starts it on that port; `None` when the port was taken meanwhile.
fn launch(dir: &Path, port: u16, lines: &[&str]) -> Option<Child> {
    let path = dir.display();
    // A home of its own: somebody's .bashrc may take its time. Only the first SetEnv counts.
    let home = format!(" HOME={path}/home");
    let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    match lines.iter_mut().find(|line| line.starts_with("SetEnv ")) {
        Some(line) if line.contains("HOME=") => {}
        Some(line) => line.push_str(&home),
        None => lines.push(format!("SetEnv{home}")),
    }
    let config = format!(
        "ListenAddress 0.0.0.0:{port}\nHostKey {path}/host\nAuthorizedKeysFile {path}/authorized_keys\n\
         PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nMaxStartups 500:30:1000\nLogLevel VERBOSE\n\
         Subsystem sftp internal-sftp\n{}\n",
        lines.join("\n")
    );
    fs::write(dir.join("sshd_config"), config).unwrap();
    let mut child = Command::new("/usr/sbin/sshd")
        .arg("-D")
        .arg("-f")
        .arg(dir.join("sshd_config"))
        .arg("-E")
        .arg(dir.join("sshd.log"))
        .stdin(Stdio::null())
        .spawn()
        .expect("sshd: install openssh-server");
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until && child.try_wait().unwrap().is_none() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(child);
        }
        std::thread::yield_now();
    }
    drop((child.kill(), child.wait()));
    None
}

impl Drop for Sshd {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}
