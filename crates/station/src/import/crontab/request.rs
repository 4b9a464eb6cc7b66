//! The create request of a crontab's line: what cron does, said in this station's words.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Line, REBOOT};
use crate::import::{Job, LONGEST_NAME, fingerprint, one_line, source_tag};

/// Runs of one line may overlap, as cron lets them; this only keeps a runaway from filling a table.
const MOST_RUNS: u32 = 1000;

/// cron never makes up for what it missed; a minute is its resolution.
const GRACE_SECONDS: u32 = 60;

/// cron's own search path.
const PATH: &str = "/usr/bin:/bin";

/// Changes the user and keeps all else: part of util-linux, as su is, but without a session.
pub const SETPRIV: &str = "/usr/bin/setpriv";

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the user's own group.
    pub gid: u32,
    /// The home directory.
    pub home: String,
}

/// Where a line comes from and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name of the crontab.
    pub name: &'a str,
    /// The user the line runs as.
    pub user: &'a Account,
    /// The station runs as root, and this user is another.
    pub change_user: bool,
    /// The zone of times for which CRON_TZ names none; `None`: the station's.
    pub zone: Option<&'a str>,
}

/// The job that a line is.
#[must_use]
pub fn request(line: &Line, source: &Source<'_>) -> Job {
    let zone = line.zone.as_deref().or(source.zone);
    let env = environment(line, source.user);
    let mail = recipient(line, source.user);
    let fingerprint = identity(line, source, zone, &env, mail.as_deref());
    let mut request = json!({
        "name": one_line(&line.command, LONGEST_NAME),
        "description": format!(
            "imported from {} of crontab '{}': {} {}",
            line.place(), source.name, line.schedule, line.command
        ).chars().take(1000).collect::<String>().replace('\0', " "),
        "schedule_type": "script",
        "conflict_policy": "replace",
        "max_instances": MOST_RUNS,
        "misfire_grace_time": GRACE_SECONDS,
        "coalesce": true,
        "retries": 0,
        "timeout_seconds": null,
        "tags": ["crontab", source_tag("crontab", source.name), fingerprint],
        "parameters": parameters(line, source, &env),
    });
    let mut put = |key: &str, value: Value| {
        if let Some(request) = request.as_object_mut() {
            request.insert(key.to_owned(), value);
        }
    };
    if line.schedule.eq_ignore_ascii_case(REBOOT) {
        put("trigger_type", json!("boot"));
    } else {
        put("trigger_type", json!("cron"));
        put("cron_expression", json!(line.schedule));
    }
    if let Some(zone) = zone {
        put("timezone", json!(zone));
    }
    if let Some(to) = &mail {
        put("mail", json!({ "to": to, "when": "output" }));
    }
    Job { place: line.place(), request, fingerprint }
}

/// What cron gives: four variables and the settings, which may change all of them but LOGNAME.
fn environment(line: &Line, user: &Account) -> BTreeMap<String, String> {
    let mut env = BTreeMap::from([
        ("HOME".to_owned(), user.home.clone()),
        ("PATH".to_owned(), PATH.to_owned()),
        ("SHELL".to_owned(), "/bin/sh".to_owned()),
    ]);
    env.extend(line.settings.clone());
    env.insert("LOGNAME".to_owned(), user.name.clone());
    env
}

/// MAILTO, which may be empty, or else the user.
fn recipient(line: &Line, user: &Account) -> Option<String> {
    let to = line.settings.get("MAILTO").unwrap_or(&user.name);
    let to: String = to.chars().filter(|c| !c.is_whitespace()).collect();
    (!to.is_empty()).then_some(to)
}

fn parameters(line: &Line, source: &Source<'_>, env: &BTreeMap<String, String>) -> Value {
    let value = |name: &str| env.get(name).map(String::as_str).unwrap_or_default();
    let mut argv: Vec<String> = Vec::new();
    if source.change_user {
        let Account { uid, gid, .. } = source.user;
        argv.push(SETPRIV.to_owned());
        argv.extend([format!("--reuid={uid}"), format!("--regid={gid}")]);
        argv.extend(["--init-groups".to_owned(), "--".to_owned()]);
    }
    argv.extend([value("SHELL").to_owned(), "-c".to_owned(), line.command.clone()]);
    let mut parameters = Map::new();
    let mut put = |key: &str, value: Value| drop(parameters.insert(key.to_owned(), value));
    put("argv", json!(argv));
    put("cwd", json!(value("HOME")));
    put("umask", json!("022"));
    put("env", json!(env));
    put("env_clear", json!(true));
    if let Some(stdin) = &line.stdin {
        put("stdin", json!(stdin));
    }
    Value::Object(parameters)
}

/// All that makes the job what it is, so not the number of its line or the crontab's name.
fn identity(
    line: &Line,
    source: &Source<'_>,
    zone: Option<&str>,
    env: &BTreeMap<String, String>,
    mail: Option<&str>,
) -> String {
    let settings: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let (uid, repeated) = (source.user.uid.to_string(), line.repeated.to_string());
    let stdin = line.stdin.as_ref().map_or_else(|| "-".to_owned(), |text| format!("+{text}"));
    let mut parts = vec![
        line.schedule.as_str(),
        zone.unwrap_or_default(),
        &uid,
        &line.command,
        &stdin,
        mail.unwrap_or_default(),
        &repeated,
    ];
    parts.extend(settings.iter().map(String::as_str));
    fingerprint("crontab", &parts)
}
