//! `station token`: lets others in over the network, lists and revokes that.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use station_core::model::Role;

use super::each::each;
use super::error::{CliError, ExitKind};
use super::table::Sheet;
use super::{Cx, alarm, api, create, plain, shown, when};
use crate::client::encode;

/// Options of `station token`.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What can be done with tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, alone on standard output; it is shown this once
    Create(CreateArgs),
    /// List tokens
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Let the holders of tokens in no more
    Revoke(RevokeArgs),
}

/// Options of `station token create`.
#[derive(Args, Clone, Debug)]
pub struct CreateArgs {
    /// What its holder may do: viewer, operator or admin
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: &'static str,
    /// A name for people [default: the role]
    #[arg(long)]
    pub name: Option<String>,
    /// It lets nobody in after this long, or `never` [default: never]
    #[arg(long, value_name = "DUR", value_parser = expiry)]
    pub expires: Option<Expiry>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How long a token serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// This long.
    After(Duration),
    /// Until it is revoked.
    Never,
}

/// Options of `station token list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station token revoke`.
#[derive(Args, Clone, Debug)]
pub struct RevokeArgs {
    /// Tokens, by the id that `station token list` shows
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}

fn role(text: &str) -> Result<&'static str, String> {
    let names = Role::ALL.map(Role::name);
    alarm::one_of("a role", text, &names)
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    match when::duration(text)? {
        Duration::ZERO => Err("a token that has expired already serves nobody".to_owned()),
        span => Ok(Expiry::After(span)),
    }
}

/// Does it.
pub(crate) fn run(args: &TokenArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        TokenCommand::Create(args) => create(args, cx),
        TokenCommand::List(args) => list(args, cx),
        TokenCommand::Revoke(args) => {
            let ids: Vec<&str> = args.ids.iter().map(String::as_str).collect();
            each(&ids, cx, &mut |id, station| {
                api::delete(station, &format!("/api/tokens/{}", encode(id)))?;
                Ok(format!("token {} revoked", plain(id)))
            })
        }
    }
}

fn create(args: &CreateArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut body = json!({ "name": args.name.as_deref().unwrap_or(args.role), "role": args.role });
    if let (Some(Expiry::After(span)), Some(body)) = (args.expires, body.as_object_mut()) {
        body.insert("expires_in_seconds".to_owned(), create::seconds(span));
    }
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, "/api/tokens", Some(&body))?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let secret = api::text(&answer, "token");
    if secret.is_empty() {
        let text = "the station's answer holds no token";
        return Err(CliError::new(ExitKind::Station, text));
    }
    cx.world.screen.line(&plain(secret))?;
    let id = plain(api::text(&answer, "id"));
    let until = match api::text(&answer, "expires_at") {
        "" => "until it is revoked".to_owned(),
        end => format!("until {}", shown::as_written(end)),
    };
    let text = format!(
        "token {id}, {}, {until}; it is not shown again: `station token revoke {id}` ends it",
        args.role
    );
    cx.world.screen.flush()?;
    cx.world.screen.note(&text);
    Ok(())
}

fn list(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, "/api/tokens")?;
    let tokens = api::list(&answer, "tokens");
    if args.json {
        return cx.world.screen.json(&json!({ "count": tokens.len(), "tokens": tokens }));
    }
    if tokens.is_empty() {
        return cx.world.screen.line("No tokens found.");
    }
    let zone = cx.world.local_zone();
    let columns = ["ID", "Name", "Role", "Created At", "Created by", "Expires", "Revoked"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for token in tokens {
        let time = |key| shown::cell(api::text(token, key), &zone);
        sheet.row(vec![
            api::text(token, "id").to_owned(),
            api::text(token, "name").to_owned(),
            api::text(token, "role").to_owned(),
            time("created_at"),
            api::text(token, "created_by").to_owned(),
            time("expires_at"),
            time("revoked_at"),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}
