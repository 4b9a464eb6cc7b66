//! Decides as whom the lines of a crontab run: never as anybody but the one cron would run them as.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::CrontabArgs;
use crate::cli::error::CliError;
use crate::cli::{Cx, plain};
use crate::client::Place;
use crate::import::crontab::{Account, SETPRIV};

/// Where cron keeps the crontabs of users, each in a file of the user's name.
const SPOOLS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];

/// Whose the lines are, and what the station can do about it.
pub(super) struct Whose {
    owner: Owner,
    accounts: Vec<Account>,
    invoker: Account,
    /// Whom the station runs as; `None`: it is elsewhere.
    station: Option<u32>,
}

enum Owner {
    /// Each line names its own.
    Column,
    /// It was said, or the file's place says it.
    Named(String),
    /// Whoever imports it.
    Invoker,
}

/// Finds out whose a crontab is.
pub(super) fn find(args: &CrontabArgs, cx: &Cx<'_>) -> Result<Whose, CliError> {
    let world = &cx.world;
    let passwd = std::fs::read(world.etc.join("passwd")).unwrap_or_default();
    let accounts: Vec<Account> =
        String::from_utf8_lossy(&passwd).lines().filter_map(account).collect();
    let var = |name: &str| world.var(name).and_then(|value| value.to_str()).map(str::to_owned);
    let invoker = accounts.iter().find(|account| account.uid == world.uid).cloned();
    let invoker = invoker.unwrap_or_else(|| Account {
        name: var("LOGNAME").or_else(|| var("USER")).unwrap_or_else(|| world.uid.to_string()),
        uid: world.uid,
        gid: world.gid,
        home: var("HOME").filter(|home| home.starts_with('/')).unwrap_or_else(|| "/".to_owned()),
    });
    let env = |name: &str| world.var(name).map(ToOwned::to_owned);
    let station = match Place::find(cx.place.data_dir.as_deref(), &env)? {
        Place::Url { .. } => None,
        Place::Directory(dir) => Some(owner_of(&dir, world.uid)?),
    };
    Ok(Whose { owner: owner(args, &world.etc), accounts, invoker, station })
}

/// The user a data directory belongs to; it will be the caller's when it is not there yet.
fn owner_of(dir: &Path, caller: u32) -> Result<u32, CliError> {
    match std::fs::metadata(dir) {
        Ok(metadata) => Ok(metadata.uid()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(caller),
        Err(error) => {
            let dir = plain(&dir.display().to_string());
            Err(CliError::usage(format!("the data directory {dir} cannot be looked at: {error}")))
        }
    }
}

fn owner(args: &CrontabArgs, etc: &Path) -> Owner {
    let file = std::fs::canonicalize(&args.file).unwrap_or_else(|_| args.file.clone());
    let parent = file.parent();
    if args.system || file == etc.join("crontab") || parent == Some(etc.join("cron.d").as_path()) {
        return Owner::Column;
    }
    if let Some(user) = &args.user {
        return Owner::Named(user.clone());
    }
    let in_spool = SPOOLS.iter().any(|spool| parent == Some(Path::new(spool)));
    match file.file_name().filter(|_| in_spool) {
        Some(name) => Owner::Named(name.to_string_lossy().into_owned()),
        None => Owner::Invoker,
    }
}

impl Whose {
    /// Whether each line names its user.
    pub(super) fn is_column(&self) -> bool {
        matches!(self.owner, Owner::Column)
    }

    /// Who imports it.
    pub(super) fn invoker_name(&self) -> &str {
        match &self.owner {
            Owner::Named(name) => name,
            Owner::Column | Owner::Invoker => &self.invoker.name,
        }
    }

    /// As whom a line runs, and whether the station has to become that user first; or why not.
    pub(super) fn of(&self, column: Option<&str>) -> Result<(Account, bool), String> {
        let named = match &self.owner {
            Owner::Named(name) => Some(name.as_str()),
            Owner::Column | Owner::Invoker => column,
        };
        let user = match named {
            Some(name) => self
                .accounts
                .iter()
                .chain([&self.invoker])
                .find(|account| account.name == name)
                .ok_or_else(|| {
                    format!("its user '{}' is not known on this machine", plain(name))
                })?,
            None => &self.invoker,
        };
        match self.station {
            None if named.is_none() => Ok((user.clone(), false)),
            None => Err(format!(
                "it runs as '{}', and as whom the station at STATION_URL runs is not known here",
                plain(&user.name)
            )),
            Some(uid) if uid == user.uid => Ok((user.clone(), false)),
            Some(0) if Path::new(SETPRIV).exists() => Ok((user.clone(), true)),
            Some(0) => Err(format!(
                "it runs as '{}', and to become that user the station needs {SETPRIV}, which is \
                 not there",
                plain(&user.name)
            )),
            Some(uid) => Err(format!(
                "it runs as '{}', but the station runs as {} and starts nothing as another user; \
                 import it into a station of '{}', or into root's",
                plain(&user.name),
                self.name_of(uid),
                plain(&user.name)
            )),
        }
    }

    fn name_of(&self, uid: u32) -> String {
        match self.accounts.iter().find(|account| account.uid == uid) {
            Some(account) => format!("'{}'", plain(&account.name)),
            None => format!("uid {uid}"),
        }
    }
}

/// A line of passwd(5).
fn account(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    let home = fields.nth(1).filter(|home| home.starts_with('/')).unwrap_or("/");
    Some(Account { name: name.to_owned(), uid, gid, home: home.to_owned() })
}
