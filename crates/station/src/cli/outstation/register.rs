//! `station outstation add` and `set`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::{path, points, setting};
use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, api, plain};

/// What takes something given away again.
const NONE: &str = "none";

/// Options of `station outstation add`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Nothing can be commanded until the outstation has points that say so; see docs/outstations.md.

Examples:
  station outstation add SS1 10.0.0.7:2404 --ca 47 --points ss1.toml
  station outstation add SS1 10.0.0.7:2404 10.0.1.7:2404 --ca 47 --bind 10.0.0.2
  station outstation add SS2 ss2.example:19998 --ca 48 --tls-ca ca.pem --tls-cert us.pem --tls-key us.key
  station outstation add SS3 10.0.0.9 --ca 49 --set t1=10s --set interrogate-every=1h")]
pub struct AddArgs {
    /// What it is called here; nodes and outstations have no names in common
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Where it is reached; the port is 2404 unless given, 19998 under TLS
    #[arg(value_name = "HOST:PORT")]
    pub endpoint: String,
    /// The second address of a redundant pair
    #[arg(value_name = "HOST:PORT")]
    pub redundant: Option<String>,
    /// Its common address
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65_534))]
    pub ca: u16,
    /// How it is spoken to.
    #[command(flatten)]
    pub session: SessionArgs,
    /// Its points, from a file
    #[arg(long, value_name = "FILE")]
    pub points: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation set`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
What is not given stays; `--set KEY=default`, `--zone none` and `--bind none` take something away again.
The connection is made anew.")]
pub struct SetArgs {
    /// The outstation
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Where it is reached; given twice, a redundant pair
    #[arg(long = "endpoint", value_name = "HOST:PORT")]
    pub endpoints: Vec<String>,
    /// Its common address
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65_534))]
    pub ca: Option<u16>,
    /// How it is spoken to.
    #[command(flatten)]
    pub session: SessionArgs,
    /// Commands carry no time tag
    #[arg(long, conflicts_with = "time_tagged")]
    pub no_time_tagged: bool,
    /// Speak to it in clear
    #[arg(long, conflicts_with_all = ["tls_ca", "tls_cert", "tls_key", "tls_name", "tls_pin", "tls_revoked"])]
    pub no_tls: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How an outstation is spoken to.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SessionArgs {
    /// The originator address of commands [default: 0, which is none]
    #[arg(long, value_name = "N")]
    pub originator: Option<u8>,
    /// The local address that connections come from, so that firewalls can know them
    #[arg(long, value_name = "IP", value_parser = local_address)]
    pub bind: Option<String>,
    /// Speak TLS: the certificates, in PEM, that sign the outstation's
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// Our certificate, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Its key, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// The name in the outstation's certificate [default: the host of its address]
    #[arg(long, value_name = "NAME")]
    pub tls_name: Option<String>,
    /// The SHA-256 of the outstation's own certificate; may be given several times
    #[arg(long, value_name = "SHA256")]
    pub tls_pin: Vec<String>,
    /// The lists of revoked certificates, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_revoked: Option<PathBuf>,
    /// Commands carry a time tag; they are refused while the clock here is not synchronised
    #[arg(long)]
    pub time_tagged: bool,
    /// The zone of its clock [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// A setting; may be given several times. Spans, as in t1=15s: t0 t1 t2 t3 clock-every
    /// interrogate-every select-timeout execute-timeout term-timeout select-window feedback-timeout
    /// expiry fresh. Numbers: k w parallel. Yes or no: first-sequence-one
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting::setting)]
    pub set: Vec<(String, Value)>,
}

fn local_address(text: &str) -> Result<String, String> {
    if text != NONE && text.parse::<IpAddr>().is_err() {
        return Err("an address of this machine is meant, as in 10.0.0.2".to_owned());
    }
    Ok(text.to_owned())
}

impl SessionArgs {
    fn tls(&self, cx: &Cx<'_>) -> Result<Map<String, Value>, CliError> {
        let mut tls = Map::new();
        for (key, given) in [
            ("authority", &self.tls_ca),
            ("certificate", &self.tls_cert),
            ("key", &self.tls_key),
            ("revoked", &self.tls_revoked),
        ] {
            if let Some(file) = given {
                tls.insert(key.to_owned(), json!(absolute(file, cx)?));
            }
        }
        if let Some(name) = &self.tls_name {
            tls.insert("server_name".to_owned(), none_or(name));
        }
        if !self.tls_pin.is_empty() {
            tls.insert("pins".to_owned(), json!(self.tls_pin));
        }
        Ok(tls)
    }

    /// Puts what was given into a request.
    fn insert(&self, body: &mut Map<String, Value>, cx: &Cx<'_>) -> Result<(), CliError> {
        let mut settings: Map<String, Value> = self.set.iter().cloned().collect();
        if self.time_tagged {
            settings.insert("time_tagged".to_owned(), true.into());
        }
        if let Some(zone) = &self.zone {
            settings.insert("zone".to_owned(), none_or(zone));
        }
        let tls = self.tls(cx)?;
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        if let Some(originator) = self.originator {
            put("originator", json!(originator));
        }
        if let Some(bind) = &self.bind {
            put("bind", none_or(bind));
        }
        if !tls.is_empty() {
            put("tls", tls.into());
        }
        if !settings.is_empty() {
            put("settings", settings.into());
        }
        Ok(())
    }
}

fn none_or(text: &str) -> Value {
    if text == NONE { Value::Null } else { text.into() }
}

/// A file's path as the station finds it, whose working directory is another.
fn absolute(file: &Path, cx: &Cx<'_>) -> Result<String, CliError> {
    let whole = match &cx.world.cwd {
        Some(directory) => directory.join(file),
        None => std::path::absolute(file).map_err(|error| {
            let text = format!("the working directory cannot be told: {error}");
            CliError::new(ExitKind::Failed, text)
        })?,
    };
    whole.into_os_string().into_string().map_err(|path| {
        CliError::usage(format!("the path {} is not UTF-8", plain(&path.to_string_lossy())))
    })
}

/// Registers it.
pub(super) fn add(args: &AddArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let session = &args.session;
    let files = [&session.tls_ca, &session.tls_cert, &session.tls_key];
    let others =
        session.tls_name.is_some() || !session.tls_pin.is_empty() || session.tls_revoked.is_some();
    let given = files.iter().filter(|file| file.is_some()).count();
    if given != files.len() && (given > 0 || others) {
        return Err(CliError::usage("TLS takes --tls-ca, --tls-cert and --tls-key together").hint(
            "both sides show certificates: theirs is signed by --tls-ca, ours is --tls-cert",
        ));
    }
    let mut body = Map::new();
    let endpoints: Vec<&String> = [&args.endpoint].into_iter().chain(&args.redundant).collect();
    body.insert("name".to_owned(), json!(args.name));
    body.insert("endpoints".to_owned(), json!(endpoints));
    body.insert("ca".to_owned(), json!(args.ca));
    session.insert(&mut body, cx)?;
    if let Some(file) = &args.points {
        body.insert("points".to_owned(), json!(points::read(file)?));
    }
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, "/api/outstations", Some(&Value::Object(body)))?;
    let outstation = api::part(&answer, "outstation");
    if args.json {
        return cx.world.screen.json(outstation);
    }
    let counted = points::counted(outstation);
    cx.world.screen.line(&plain(&format!("{} is registered: {counted}", args.name)))?;
    if api::number(outstation, "points") == Some(0) {
        cx.world.screen.note(&plain(&format!(
            "note: nothing is permitted there until `station outstation points {} --set FILE` says what",
            args.name
        )));
    }
    Ok(())
}

/// Changes it.
pub(super) fn set(args: &SetArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut body = Map::new();
    if !args.endpoints.is_empty() {
        body.insert("endpoints".to_owned(), json!(args.endpoints));
    }
    if let Some(ca) = args.ca {
        body.insert("ca".to_owned(), json!(ca));
    }
    args.session.insert(&mut body, cx)?;
    if args.no_tls {
        body.insert("tls".to_owned(), Value::Null);
    }
    if args.no_time_tagged {
        let settings = body.entry("settings").or_insert_with(|| json!({}));
        if let Some(settings) = settings.as_object_mut() {
            settings.insert("time_tagged".to_owned(), false.into());
        }
    }
    if body.is_empty() {
        return Err(CliError::usage("there is nothing to change")
            .hint("`station outstation set --help` lists what can be"));
    }
    let mut station = cx.connect()?;
    let answer = api::patch(&mut station, &path(&args.name), &Value::Object(body))?;
    if args.json {
        return cx.world.screen.json(api::part(&answer, "outstation"));
    }
    cx.world.screen.line(&plain(&format!("{} is changed", args.name)))
}
