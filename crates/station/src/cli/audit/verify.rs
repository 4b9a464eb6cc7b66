//! `station audit verify`: what is proven of the trail, and what is not.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use station_core::audit::{from_hex, to_hex};

use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, plain};

/// Options of `station audit verify`.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// Compare with what this witness knows: the file of `station serve --audit-witness`
    #[arg(long, value_name = "FILE")]
    pub witness: Option<PathBuf>,
    /// Verify this export (`station audit export --jsonl`) instead of the store
    #[arg(long, value_name = "EXPORT")]
    pub file: Option<PathBuf>,
    /// A public key that the trail may be signed with, besides the station's and the witness's
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) key: Vec<[u8; 32]>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What is to be verified.
#[derive(Clone, Debug)]
pub struct VerifyRequest {
    /// The station's data directory.
    pub data_dir: PathBuf,
    /// An export, instead of the store.
    pub file: Option<PathBuf>,
    /// The witness's file.
    pub witness: Option<PathBuf>,
    /// Keys that are good besides.
    pub keys: Vec<[u8; 32]>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// How many records were found right.
    pub records: u64,
    /// The last of them, and its hash.
    pub head: (u64, [u8; 32]),
    /// How many checkpoints were found right, and the last record that one signs.
    pub checkpoints: (u64, u64),
    /// The last record that the witness knows; `None` without a witness.
    pub witnessed: Option<u64>,
    /// The keys of the checkpoints.
    pub keys: Vec<String>,
    /// What an export leaves out; empty: nothing.
    pub filter: String,
    /// How many gaps that makes.
    pub gaps: u64,
    /// The first record that is wrong, and what is wrong with it, as a sentence about it.
    pub wrong: Option<(u64, String)>,
}

fn key(text: &str) -> Result<[u8; 32], String> {
    let key = from_hex(&text.to_ascii_lowercase());
    key.ok_or_else(|| "a key has 64 hexadecimal digits; `station audit key` prints it".to_owned())
}

/// Verifies it.
pub(super) fn run(args: &VerifyArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    // An export can be verified where there is no station.
    let data_dir = if args.file.is_some() { PathBuf::new() } else { cx.data_dir()? };
    let request = VerifyRequest {
        data_dir,
        file: args.file.clone(),
        witness: args.witness.clone(),
        keys: args.key.clone(),
    };
    let found = (cx.externals.verify)(&request)?;
    if args.json {
        cx.world.screen.json(&document(&found))?;
    } else {
        for line in sentences(&found, args.file.is_some()) {
            cx.world.screen.line(&plain(&line))?;
        }
    }
    if found.wrong.is_some() { Err(CliError::silent(ExitKind::Failed)) } else { Ok(()) }
}

fn document(found: &Verified) -> serde_json::Value {
    let (seq, hash) = found.head;
    let (checkpoints, signed) = found.checkpoints;
    json!({
        "ok": found.wrong.is_none(),
        "first_wrong": found.wrong.as_ref().map(|(seq, says)| json!({ "seq": seq, "what": says })),
        "records": found.records,
        "head": { "seq": seq, "hash": to_hex(&hash) },
        "checkpoints": checkpoints,
        "signed_to": signed,
        "witnessed_to": found.witnessed,
        "tail_is_proven": found.wrong.is_none() && found.witnessed == Some(seq),
        "keys": found.keys,
        "gaps": found.gaps,
        "filter": found.filter,
    })
}

fn sentences(found: &Verified, file: bool) -> Vec<String> {
    if let Some((_, says)) = &found.wrong {
        return vec![
            format!("BROKEN: {says}"),
            match found.records {
                1 => {
                    "1 record before it is right; of those behind it nothing can be said".to_owned()
                }
                n => format!(
                    "{n} records before it are right; of those behind it nothing can be said"
                ),
            },
        ];
    }
    let (last, hash) = found.head;
    let (checkpoints, signed) = found.checkpoints;
    if last == 0 && found.records == 0 {
        return vec!["there are no records".to_owned()];
    }
    let mut lines = vec![format!(
        "{} right; the last is {last}, its hash {}",
        are(found.records),
        to_hex(&hash)
    )];
    if !found.filter.is_empty() {
        lines.push(format!(
            "the export has some records alone ({}): what it leaves out cannot be verified",
            found.filter
        ));
    }
    lines.push(match checkpoints {
        0 => "no checkpoint signs them".to_owned(),
        1 => "1 checkpoint is right, signed by the key below".to_owned(),
        n => format!("{n} checkpoints are right, signed by the keys below"),
    });
    lines.extend(found.keys.iter().map(|key| format!("  {key}")));
    if file && checkpoints > 0 {
        lines.push("compare that with the key you know to be the station's".to_owned());
    }
    if signed < last && checkpoints > 0 {
        lines.push(format!("records behind {signed} have not been signed yet"));
    }
    lines.push(match found.witnessed {
        None => "the tail is unproven: without a witness, records cut from the end are not missed \
                 (--witness FILE)"
            .to_owned(),
        Some(0) => "the tail is unproven: the witness knows no record".to_owned(),
        Some(known) if known > last => format!(
            "the witness knows records up to {known}: those behind {last} came after the export, or \
             were cut from it"
        ),
        Some(known) if known == last => {
            "the witness knows the last record: nothing was cut".to_owned()
        }
        Some(known) => format!(
            "the witness knows record {known}: up to there nothing was cut; the tail behind it is unproven"
        ),
    });
    lines
}

fn are(records: u64) -> String {
    if records == 1 { "1 record is".to_owned() } else { format!("{records} records are") }
}
