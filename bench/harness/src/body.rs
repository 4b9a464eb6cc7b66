//! The requests: creating a job as the command line does, with the surroundings of a login.

use serde_json::{Map, Value, json};

/// A login's environment: thirty variables, about 1.1 kB, as `env` shows on a desktop's terminal.
const ENVIRONMENT: [(&str, &str); 30] = [
    ("HOME", "/home/operator"),
    ("USER", "operator"),
    ("LOGNAME", "operator"),
    ("SHELL", "/bin/bash"),
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LANG", "en_GB.UTF-8"),
    ("LC_TIME", "de_DE.UTF-8"),
    ("TERM", "xterm-256color"),
    ("COLORTERM", "truecolor"),
    ("EDITOR", "vim"),
    ("PAGER", "less"),
    ("LESS", "-R"),
    ("LESSOPEN", "| /usr/bin/lesspipe %s"),
    ("LESSCLOSE", "/usr/bin/lesspipe %s %s"),
    ("PWD", "/srv/line-3"),
    ("OLDPWD", "/home/operator"),
    ("SHLVL", "1"),
    ("XDG_SESSION_ID", "42"),
    ("XDG_SESSION_TYPE", "tty"),
    ("XDG_SESSION_CLASS", "user"),
    ("XDG_RUNTIME_DIR", "/run/user/1000"),
    ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"),
    ("SSH_CLIENT", "192.0.2.17 51514 22"),
    ("SSH_CONNECTION", "192.0.2.17 51514 192.0.2.4 22"),
    ("SSH_TTY", "/dev/pts/0"),
    ("MAIL", "/var/mail/operator"),
    ("DEBIAN_FRONTEND", "readline"),
    (
        "LS_COLORS",
        "rs=0:di=01;34:ln=01;36:mh=00:pi=40;33:so=01;35:do=01;35:bd=40;33;01:cd=40;33;01:or=40;31;01:mi=00:su=37;41:sg=30;43:ca=00:tw=30;42:ow=34;42:st=37;44:ex=01;32:*.tar=01;31:*.tgz=01;31:*.zip=01;31",
    ),
    ("CARGO_HOME", "/home/operator/.cargo"),
    ("_", "/usr/bin/env"),
];

/// What a job does.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// A command line, for the shell unless it needs none.
    Line(String),
    /// A program and its arguments.
    Program(Vec<String>),
}

impl Work {
    /// A program and its arguments.
    pub(crate) fn program(words: &[&str]) -> Self {
        Self::Program(words.iter().map(|word| (*word).to_owned()).collect())
    }
}

/// The body that creates a job due at `run_date`.
pub(crate) fn create(work: &Work, run_date: &str) -> Vec<u8> {
    let env: Map<String, Value> =
        ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut parameters = json!({"cwd": "/", "umask": "022", "env": env, "env_clear": true});
    match work {
        Work::Line(line) => parameters["command"] = json!(line),
        Work::Program(words) => parameters["argv"] = json!(words),
    }
    json!({
        "schedule_type": "script",
        "trigger_type": "date",
        "run_date": run_date,
        "parameters": parameters,
        "misfire_grace_time": 300,
    })
    .to_string()
    .into_bytes()
}

/// The whole request that creates a job.
pub(crate) fn create_request(work: &Work, run_date: &str) -> Vec<u8> {
    let body = create(work, run_date);
    let mut request = format!(
        "POST /api/scheduler/jobs/create HTTP/1.1\r\nhost: localhost\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    request
}
