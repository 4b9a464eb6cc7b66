//! `station outstation tag`, `untag` and `tags`: points that nobody may operate.

use clap::Args;
use serde_json::json;

use super::{Place, place};
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api, plain, shown};
use crate::client::encode;

/// Options of `station outstation tag`.
#[derive(Args, Clone, Debug)]
pub struct TagArgs {
    /// The point
    #[arg(value_name = "NAME/POINT", value_parser = place)]
    pub place: Place,
    /// Why it may not be operated
    #[arg(value_name = "REASON", required = true)]
    pub reason: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation untag`.
#[derive(Args, Clone, Debug)]
pub struct UntagArgs {
    /// The point
    #[arg(value_name = "NAME/POINT", value_parser = place)]
    pub place: Place,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation tags`.
#[derive(Args, Clone, Debug)]
pub struct TagsArgs {
    /// Only those of this outstation
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Tags a point.
pub(super) fn tag(args: &TagArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let body = json!({ "reason": args.reason.join(" ") });
    let answer = api::put(&mut station, &format!("{}/tag", args.place.path()), &body)?;
    if args.json {
        return cx.world.screen.json(api::part(&answer, "tag"));
    }
    let Place { outstation, point } = &args.place;
    let text =
        format!("{outstation}/{point} is tagged: nobody may command it until it is untagged");
    cx.world.screen.line(&plain(&text))
}

/// Takes the tag off.
pub(super) fn untag(args: &UntagArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::delete(&mut station, &format!("{}/tag", args.place.path()))?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let Place { outstation, point } = &args.place;
    cx.world.screen.line(&plain(&format!("{outstation}/{point} is not tagged any more")))
}

/// Lists tags.
pub(super) fn list(args: &TagsArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let query = match &args.name {
        Some(name) => format!("?outstation={}", encode(name)),
        None => String::new(),
    };
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &format!("/api/tags{query}"))?;
    let tags = api::list(&answer, "tags");
    if args.json {
        return cx.world.screen.json(&json!({ "count": tags.len(), "tags": tags }));
    }
    if tags.is_empty() {
        return cx.world.screen.line("No tags found.");
    }
    let zone = cx.world.local_zone();
    let mut sheet = Sheet::new(&["Point", "Reason", "By", "Since"], cx.world.screen.colour);
    for tag in tags {
        let text = |key| api::text(tag, key);
        sheet.row(vec![
            format!("{}/{}", text("outstation"), text("point")),
            text("reason").to_owned(),
            text("by").to_owned(),
            shown::cell(text("at"), &zone),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}
