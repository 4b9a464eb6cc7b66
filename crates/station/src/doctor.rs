//! `station doctor`: checks what a station needs, one line for each finding, and says what to do.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde::Serialize;

use crate::cli::{CliError, ExitKind};
use crate::client::{Transport, UnixTransport};
use crate::runtime;
use crate::store;

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    level: Level,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    Note,
    Problem,
}

impl Finding {
    fn ok(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, level: Level::Ok, says: says.into(), advice: None }
    }

    fn note(what: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, level: Level::Note, says: says.into(), advice: Some(advice.into()) }
    }

    fn problem(what: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, level: Level::Problem, says: says.into(), advice: Some(advice.into()) }
    }
}

/// Checks a data directory and what a station in it needs; false when something is wrong.
///
/// # Errors
/// When the findings cannot be written.
pub fn run(data_dir: &Path, json: bool, out: &mut dyn Write) -> Result<bool, CliError> {
    let mut findings = vec![directory(data_dir)];
    findings.extend(database(data_dir));
    findings.extend(daemon(data_dir));
    findings.extend([space(data_dir), clock(), zone(), shell(), mail()]);
    let healthy = findings.iter().all(|finding| finding.level != Level::Problem);
    let written = if json {
        let document = serde_json::json!({ "healthy": healthy, "findings": findings });
        writeln!(out, "{document}")
    } else {
        findings.iter().try_for_each(|finding| line(finding, out))
    };
    written.map_err(|error| CliError::new(ExitKind::Station, format!("cannot write: {error}")))?;
    Ok(healthy)
}

fn line(finding: &Finding, out: &mut dyn Write) -> std::io::Result<()> {
    let mark = match finding.level {
        Level::Ok => "ok     ",
        Level::Note => "note   ",
        Level::Problem => "PROBLEM",
    };
    writeln!(out, "{mark} {:<9} {}", finding.what, crate::cli::plain(&finding.says))?;
    match &finding.advice {
        Some(advice) => writeln!(out, "{:17} → {}", "", crate::cli::plain(advice)),
        None => Ok(()),
    }
}

fn directory(path: &Path) -> Finding {
    const WHAT: &str = "directory";
    let name = path.display();
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let advice = "it is made by the first `station at` or `station serve`";
            return Finding::note(WHAT, format!("{name} does not exist yet"), advice);
        }
        Err(error) => {
            let advice = "make it readable, or name another with --data-dir";
            return Finding::problem(WHAT, format!("{name}: {error}"), advice);
        }
    };
    let uid = rustix::process::geteuid().as_raw();
    let mode = meta.permissions().mode() & 0o777;
    if !meta.is_dir() {
        Finding::problem(WHAT, format!("{name} is no directory"), "name another with --data-dir")
    } else if meta.uid() != uid {
        let says = format!("{name} belongs to uid {}, you are uid {uid}", meta.uid());
        Finding::problem(WHAT, says, "run this as its owner, or name another with --data-dir")
    } else if mode & 0o077 != 0 {
        let says = format!("{name} is open to others (mode {mode:04o})");
        Finding::problem(WHAT, says, format!("chmod 700 {name}"))
    } else if rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err() {
        let advice = "make it writable; is the file system mounted read-only?";
        Finding::problem(WHAT, format!("{name} cannot be written"), advice)
    } else {
        Finding::ok(WHAT, format!("{name}, yours alone"))
    }
}

fn database(data_dir: &Path) -> Vec<Finding> {
    const WHAT: &str = "store";
    let file = data_dir.join("station.db");
    if !file.exists() {
        return vec![Finding::note(
            WHAT,
            "there is no store yet",
            "it is made by the first `station at` or `station serve`",
        )];
    }
    let reader = store::reader(&file);
    let wrong = |error: crate::port::StoreError| {
        let advice = "restore the last backup (`station backup` writes one)";
        vec![Finding::problem(WHAT, error.message, advice)]
    };
    let troubles = match reader.check() {
        Ok(troubles) => troubles,
        Err(error) => return wrong(error),
    };
    if !troubles.is_empty() {
        let advice = "keep a copy of the directory and restore the last backup";
        let found = troubles.into_iter().map(|says| Finding::problem(WHAT, says, advice));
        return found.collect();
    }
    match reader.counts() {
        Err(error) => wrong(error),
        Ok(counts) => {
            let jobs: u64 = counts.jobs.values().sum();
            vec![Finding::ok(
                WHAT,
                format!(
                    "sound; {jobs} jobs, {} executions, {} bytes of output, {} bytes on disk, \
                     schema {}",
                    counts.executions,
                    counts.output_bytes,
                    counts.file_bytes,
                    counts.schema_version
                ),
            )]
        }
    }
}

fn daemon(data_dir: &Path) -> Vec<Finding> {
    const WHAT: &str = "daemon";
    let socket = data_dir.join("station.sock");
    let start = "start one with `station serve`, or install the unit in packaging/";
    let mut transport = match UnixTransport::connect(&socket) {
        Ok(Some(transport)) => transport,
        Ok(None) => return vec![Finding::note(WHAT, "none is running: nothing is fired", start)],
        Err(error) => return vec![Finding::problem(WHAT, error.to_string(), start)],
    };
    let health: serde_json::Value = match transport.call("GET", "/health", None) {
        Ok(answer) => serde_json::from_slice(&answer.body).unwrap_or_default(),
        Err(error) => return vec![Finding::problem(WHAT, error.to_string(), start)],
    };
    let text = |key: &str| health.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let number = |key: &str| health.get(key).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let mut found = vec![Finding::ok(
        WHAT,
        format!(
            "{} {} runs as pid {}, {} runs under way",
            text("mode"),
            text("version"),
            number("pid"),
            number("running")
        ),
    )];
    if text("store") != "ok" {
        let advice = "make room or mend the disk: it is tried again every second";
        found.push(Finding::problem(WHAT, text("store"), advice));
    }
    if text("clock") == "held" {
        let advice = "wait for the time service, or set the clock";
        found.push(Finding::note(WHAT, "firing is held: the clock is not trusted yet", advice));
    }
    found
}

fn space(data_dir: &Path) -> Finding {
    const WHAT: &str = "disk";
    let existing = data_dir.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(existing) {
        Err(error) => {
            Finding::note(WHAT, format!("free space is not known: {error}"), "check it by hand")
        }
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize) >> 20;
            let says = format!("{free} MiB free");
            if free < 64 {
                Finding::problem(WHAT, says, "make room: jobs are refused on a full disk")
            } else {
                Finding::ok(WHAT, says)
            }
        }
    }
}

fn clock() -> Finding {
    let now = runtime::wall_now();
    if runtime::clock_is_synchronised() {
        Finding::ok("clock", format!("{now}, synchronised"))
    } else {
        let advice = "run a time service (systemd-timesyncd, chrony) if seconds matter";
        Finding::note("clock", format!("{now}; the kernel says it is not synchronised"), advice)
    }
}

fn zone() -> Finding {
    match jiff::tz::TimeZone::try_system() {
        Ok(zone) => Finding::ok("zone", zone.iana_name().unwrap_or("the system's, without a name")),
        Err(error) => {
            let advice = "set TZ or /etc/localtime; until then times are taken as UTC";
            Finding::problem("zone", error.to_string(), advice)
        }
    }
}

fn shell() -> Finding {
    let path = crate::link::local::LocalConfig::new("").shell;
    match rustix::fs::access(&path, rustix::fs::Access::EXEC_OK) {
        Ok(()) => Finding::ok("shell", path.display().to_string()),
        Err(error) => {
            let says = format!("{}: {error}", path.display());
            Finding::problem("shell", says, "install a POSIX shell as /bin/sh")
        }
    }
}

fn mail() -> Finding {
    if crate::notify::Sendmail::find().is_there() {
        Finding::ok("mail", "sendmail is there")
    } else {
        let advice =
            "install a mail transport agent if jobs called by `at` should mail their output";
        Finding::note("mail", "there is no sendmail", advice)
    }
}
