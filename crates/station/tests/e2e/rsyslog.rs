//! Debian's rsyslog as a receiver of the audit trail, a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::wait_for;

/// How messages come to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Udp,
    Tcp,
    /// From those alone who show a certificate of the authority.
    Tls,
}

/// A receiver over a directory: what it took stays when it ends.
pub(crate) struct Receiver {
    directory: PathBuf,
    input: Input,
    pub(crate) port: u16,
    running: Option<Child>,
}

/// A message as rsyslog understands it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) priority: u16,
    pub(crate) at: String,
    pub(crate) app: String,
    pub(crate) id: String,
    /// The values of the structured data.
    pub(crate) data: Value,
    pub(crate) text: String,
}

impl Message {
    pub(crate) fn value(&self, name: &str) -> &str {
        self.data[name].as_str().unwrap_or_default()
    }

    pub(crate) fn seq(&self) -> u64 {
        self.value("seq").parse().unwrap()
    }
}

impl Receiver {
    /// A receiver that is not started yet. For TLS the directory has ca.pem, server.pem and server.key.
    pub(crate) fn new(directory: &Path, input: Input) -> Self {
        std::fs::create_dir_all(directory).unwrap();
        let port = match input {
            Input::Udp => {
                std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
            }
            Input::Tcp | Input::Tls => {
                std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
            }
        };
        Self { directory: directory.to_owned(), input, port, running: None }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    pub(crate) fn start(&mut self) {
        let peer = peer();
        let libraries = std::fs::read_to_string(peer.join("libraries")).unwrap();
        let libraries = libraries.trim();
        let (config, pid) = (self.directory.join("rsyslog.conf"), self.directory.join("pid"));
        std::fs::write(&config, self.config()).unwrap();
        drop(std::fs::remove_file(&pid));
        let child = Command::new(peer.join("usr/sbin/rsyslogd"))
            .env("LD_LIBRARY_PATH", libraries)
            .arg("-n")
            .args(["-M".as_ref(), Path::new(libraries).join("rsyslog").as_os_str()])
            .args(["-f".as_ref(), config.as_os_str(), "-i".as_ref(), pid.as_os_str()])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.directory.join("errors")).unwrap())
            .spawn()
            .unwrap();
        self.running = Some(child);
        wait_for("rsyslog to listen", || self.listens().then_some(()));
    }

    /// Ends it, by a signal.
    pub(crate) fn stop(&mut self, signal: rustix::process::Signal) {
        let mut child = self.running.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
        child.wait().unwrap();
    }

    /// What it took so far, in its order.
    pub(crate) fn messages(&self) -> Vec<Message> {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let message = |line: &str| {
            let parts: Vec<&str> = line.splitn(6, '|').collect();
            let [priority, at, app, id, data, text] = parts[..] else { panic!("{line}") };
            let data: Value = serde_json::from_str(data).unwrap();
            Message {
                priority: priority.parse().unwrap(),
                at: at.to_owned(),
                app: app.to_owned(),
                id: id.to_owned(),
                data: data["rfc5424-sd"]["audit@32473"].clone(),
                text: text.trim_start().to_owned(),
            }
        };
        whole.lines().map(message).collect()
    }

    fn listens(&self) -> bool {
        let table = if self.input == Input::Udp { "udp" } else { "tcp" };
        let sockets = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap();
        let here = format!(":{:04X} 00000000:0000", self.port);
        sockets.contains(&here)
    }

    fn config(&self) -> String {
        let (here, port) = (self.directory.display(), self.port);
        let input = match self.input {
            Input::Udp => {
                format!(
                    "module(load=\"imudp\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\")\n"
                )
            }
            Input::Tcp => {
                format!(
                    "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n"
                )
            }
            Input::Tls => format!(
                "global(defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"{here}/ca.pem\"\n\
                 defaultNetstreamDriverCertFile=\"{here}/server.pem\"\n\
                 defaultNetstreamDriverKeyFile=\"{here}/server.key\")\n\
                 module(load=\"imtcp\" streamDriver.name=\"ossl\" streamDriver.mode=\"1\"\n\
                 streamDriver.authMode=\"x509/certvalid\")\n\
                 input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n"
            ),
        };
        format!(
            "global(workDirectory=\"{here}\")\nmodule(load=\"mmpstrucdata\")\n{input}\
             action(type=\"mmpstrucdata\")\n\
             template(name=\"parts\" type=\"string\" string=\"%pri%|%timestamp:::date-rfc3339%|\
             %app-name%|%msgid%|%$!all-json%|%msg%\\n\")\n\
             if $app-name == 'station' then \
             action(type=\"omfile\" file=\"{here}/log\" template=\"parts\")\n"
        )
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Where `tools/syslog-peer.sh` put it.
fn peer() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(here, PathBuf::from);
    let peer = target.join("syslog-peer");
    assert!(
        peer.join("installed").exists(),
        "there is no rsyslog in {}: run tools/syslog-peer.sh",
        peer.display()
    );
    peer
}
