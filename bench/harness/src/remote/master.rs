//! Plain ControlMaster processes, for the bare client, `ssh -S`, pdsh and clush.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::station::remember;

/// A connection that is shared; closed with this value.
#[derive(Debug)]
pub(crate) struct Master {
    child: Child,
    /// Where it listens.
    pub(crate) socket: PathBuf,
}

impl Master {
    /// Connects to a host; returns when the socket answers.
    pub(crate) fn start(config: &Path, host: &str, socket: PathBuf) -> Result<Self> {
        let child = Command::new("/usr/bin/ssh")
            .arg("-F")
            .arg(config)
            .args(["-M", "-N", "-S"])
            .arg(&socket)
            .arg("-E")
            .arg(socket.with_extension("log"))
            .args(["--", host])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut master = Self { child, socket };
        remember(master.pid())?;
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if UnixStream::connect(&master.socket).is_ok() {
                return Ok(master);
            }
            if let Some(status) = master.child.try_wait()? {
                let log = std::fs::read_to_string(master.socket.with_extension("log"))?;
                return Err(format!("the master of {host} ended: {status}: {log}").into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(format!("the master of {host} was not ready within 20 s").into())
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait(), std::fs::remove_file(&self.socket)));
    }
}
