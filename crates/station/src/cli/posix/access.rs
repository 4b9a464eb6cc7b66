//! Who may use at: at.allow and at.deny, as at(1) says; and who asks.

use std::io;
use std::path::Path;

use super::super::error::{CliError, ExitKind};
use super::super::world::World;
use super::Program;

/// Refuses a user whom at.allow or at.deny keep out.
///
/// Root may always. If at.allow exists, those in it may; else, if at.deny exists, those not in
/// it; with neither, nobody else. A file that cannot be read keeps everybody out.
pub(super) fn check(world: &World<'_>, program: Program) -> Result<(), CliError> {
    if world.uid == 0 {
        return Ok(());
    }
    let user = user_name(world);
    let may = match listed(&world.etc.join("at.allow"), &user)? {
        Some(listed) => listed,
        None => listed_not(&world.etc.join("at.deny"), &user)?,
    };
    if may {
        return Ok(());
    }
    let name = program.name();
    let message = format!("You do not have permission to use {name}.");
    Err(CliError::new(ExitKind::Refused, message)
        .hint("/etc/at.allow and /etc/at.deny say who may; `station at` asks neither"))
}

/// The user's name, or the number when passwd does not tell.
pub(super) fn user_name(world: &World<'_>) -> String {
    let passwd = std::fs::read(world.etc.join("passwd")).unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd);
    let uid = world.uid.to_string();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    name.unwrap_or(uid)
}

fn listed_not(path: &Path, user: &str) -> Result<bool, CliError> {
    Ok(listed(path, user)?.is_some_and(|listed| !listed))
}

/// Whether a user is in a file; `None` when there is none.
fn listed(path: &Path, user: &str) -> Result<Option<bool>, CliError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            Ok(Some(text.lines().any(|line| line.trim() == user)))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(CliError::new(
            ExitKind::Refused,
            format!("{} cannot be read, so it is not known who may use at: {e}", path.display()),
        )
        .hint("`station at` does not ask it")),
    }
}
