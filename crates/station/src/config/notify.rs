//! Reads the `[[notify]]` tables: each a channel over which alarms are told.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use station_core::model::Severity;
use toml::Spanned;

use super::Fault;
use crate::notify::{
    Channel, Channels, CommandChannel, Email, EmailSettings, SmtpSecurity, Webhook,
};

/// The longest name of a channel.
const LONGEST_NAME: usize = 64;

/// One table: the keys of every type, since the type decides only later which of them it takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    name: Spanned<String>,
    #[serde(rename = "type")]
    kind: Kind,
    min_severity: Option<Severity>,
    url: Option<Spanned<String>>,
    secret: Option<Spanned<String>>,
    ca_file: Option<Spanned<PathBuf>>,
    host: Option<Spanned<String>>,
    port: Option<Spanned<u16>>,
    security: Option<Spanned<Security>>,
    username: Option<Spanned<String>>,
    password: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    to: Option<Spanned<Vec<String>>>,
    argv: Option<Spanned<Vec<String>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Webhook,
    Email,
    Command,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Security {
    Starttls,
    Tls,
    None,
}

impl Table {
    /// Whether others must not read it.
    pub(super) fn is_secret(&self) -> bool {
        let query = self.url.as_ref().is_some_and(|url| url.get_ref().contains('?'));
        self.secret.is_some() || self.password.is_some() || query
    }
}

/// Adds the channel of a table.
pub(super) fn add(table: Spanned<Table>, channels: &mut Channels) -> Result<(), Fault> {
    let at = table.span().start;
    let table = table.into_inner();
    let name = name(&table.name)?;
    let named_at = table.name.span().start;
    let least = table.min_severity.unwrap_or(Severity::Info);
    let channel: Arc<dyn Channel> = match table.kind {
        Kind::Webhook => Arc::new(webhook(table, at)?),
        Kind::Email => Arc::new(email(table, at)?),
        Kind::Command => Arc::new(command(table, at)?),
    };
    if channels.add(name.clone(), least, channel) {
        Ok(())
    } else {
        Err(Fault { at: named_at, why: format!("name: there is a channel '{name}' already") })
    }
}

fn name(name: &Spanned<String>) -> Result<String, Fault> {
    let text = name.get_ref();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(plain) {
        let why = format!("name: must be 1 to {LONGEST_NAME} letters, digits, '-', '_' or '.'");
        return Err(Fault { at: name.span().start, why });
    }
    Ok(text.clone())
}

fn webhook(table: Table, at: usize) -> Result<Webhook, Fault> {
    let Table {
        url,
        secret,
        ca_file,
        host,
        port,
        security,
        username,
        password,
        from,
        to,
        argv,
        ..
    } = table;
    let others = [
        place("host", &host),
        place("port", &port),
        place("security", &security),
        place("username", &username),
        place("password", &password),
        place("from", &from),
        place("to", &to),
        place("argv", &argv),
    ];
    only("webhook", "url, secret, ca_file", others)?;
    let url = required("webhook", "url", url, at)?;
    let secret = secret.map(|secret| nonempty("secret", secret)).transpose()?;
    let ca_file = ca_file.map(file).transpose()?;
    Webhook::new(url.get_ref(), secret.as_deref(), ca_file)
        .map_err(|why| Fault { at: url.span().start, why: format!("url: {why}") })
}

fn email(table: Table, at: usize) -> Result<Email, Fault> {
    let Table {
        url,
        secret,
        ca_file,
        host,
        port,
        security,
        username,
        password,
        from,
        to,
        argv,
        ..
    } = table;
    let others = [place("url", &url), place("secret", &secret), place("argv", &argv)];
    only("email", "host, port, security, username, password, from, to, ca_file", others)?;
    let host = nonempty("host", required("email", "host", host, at)?)?;
    let from = required("email", "from", from, at)?;
    let to = required("email", "to", to, at)?;
    if to.get_ref().is_empty() {
        return Err(Fault { at: to.span().start, why: "to: names nobody".to_owned() });
    }
    let security = match security.map(Spanned::into_inner) {
        Some(Security::Starttls) | None => SmtpSecurity::StartTls,
        Some(Security::Tls) => SmtpSecurity::Tls,
        Some(Security::None) => SmtpSecurity::None,
    };
    let login = login(username, password)?;
    if let (Some((_, _, at)), SmtpSecurity::None) = (&login, security)
        && !matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1")
    {
        let why = "password: would go to the server in plain text; use security = \"starttls\" \
                   or \"tls\"";
        return Err(Fault { at: *at, why: why.to_owned() });
    }
    let settings = EmailSettings {
        host,
        port: port.map_or(security.port(), Spanned::into_inner),
        security,
        login: login.map(|(user, password, _)| (user, password)),
        ca_file: ca_file.map(file).transpose()?,
    };
    Email::new(settings, from.get_ref(), to.get_ref()).map_err(|address| {
        let (key, at) = if address == *from.get_ref() {
            ("from", from.span().start)
        } else {
            ("to", to.span().start)
        };
        Fault { at, why: format!("{key}: '{address}' is not a mail address") }
    })
}

/// User, password, and where the password stands.
type Login = (String, String, usize);

fn login(
    username: Option<Spanned<String>>,
    password: Option<Spanned<String>>,
) -> Result<Option<Login>, Fault> {
    match (username, password) {
        (Some(user), Some(password)) => {
            let at = password.span().start;
            Ok(Some((user.into_inner(), password.into_inner(), at)))
        }
        (Some(user), None) => Err(Fault {
            at: user.span().start,
            why: "username: needs a password beside it".to_owned(),
        }),
        (None, Some(password)) => Err(Fault {
            at: password.span().start,
            why: "password: needs a username beside it".to_owned(),
        }),
        (None, None) => Ok(None),
    }
}

fn command(table: Table, at: usize) -> Result<CommandChannel, Fault> {
    let Table {
        url,
        secret,
        ca_file,
        host,
        port,
        security,
        username,
        password,
        from,
        to,
        argv,
        ..
    } = table;
    let others = [
        place("url", &url),
        place("secret", &secret),
        place("ca_file", &ca_file),
        place("host", &host),
        place("port", &port),
        place("security", &security),
        place("username", &username),
        place("password", &password),
        place("from", &from),
        place("to", &to),
    ];
    only("command", "argv", others)?;
    let argv = required("command", "argv", argv, at)?;
    let at = argv.span().start;
    let mut words = argv.into_inner().into_iter();
    match words.next() {
        Some(program) if program.starts_with('/') => {
            Ok(CommandChannel::new(program, words.collect()))
        }
        Some(program) => {
            let why = format!("argv: '{program}' must be the whole path of a program");
            Err(Fault { at, why })
        }
        None => Err(Fault { at, why: "argv: names no program".to_owned() }),
    }
}

/// A key, and where it stands if it was given.
type Given = (&'static str, Option<usize>);

fn place<T>(key: &'static str, value: &Option<Spanned<T>>) -> Given {
    (key, value.as_ref().map(|value| value.span().start))
}

/// Refuses the keys of other types.
fn only<const N: usize>(kind: &str, takes: &str, others: [Given; N]) -> Result<(), Fault> {
    for (key, given) in others {
        if let Some(at) = given {
            let why = format!("'{key}' is not a key of a {kind} channel; it takes {takes}");
            return Err(Fault { at, why });
        }
    }
    Ok(())
}

fn required<T>(kind: &str, key: &str, value: Option<T>, at: usize) -> Result<T, Fault> {
    value.ok_or_else(|| Fault { at, why: format!("a {kind} channel needs '{key}'") })
}

fn nonempty(key: &str, value: Spanned<String>) -> Result<String, Fault> {
    let at = value.span().start;
    let text = value.into_inner();
    if text.is_empty() { Err(Fault { at, why: format!("{key}: is empty") }) } else { Ok(text) }
}

fn file(path: Spanned<PathBuf>) -> Result<PathBuf, Fault> {
    let at = path.span().start;
    let path = path.into_inner();
    if path.is_file() {
        Ok(path)
    } else {
        Err(Fault { at, why: format!("ca_file: there is no file {}", path.display()) })
    }
}
