//! A job that writes down when it was started; the same program is run by all that are compared.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::Result;
use crate::args::Args;
use crate::stats::now_micros;

/// Appends the instant, eight bytes at once.
pub(crate) fn run(args: &Args) -> Result<()> {
    let now = now_micros();
    let file = args.word(1).ok_or("stamp wants a file")?;
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    Ok(file.write_all(&now.to_le_bytes())?)
}

/// This program's own path.
pub(crate) fn program() -> Result<String> {
    let path = std::env::current_exe()?;
    Ok(path.to_str().ok_or("the program's path is not UTF-8")?.to_owned())
}

/// How late each stamp is, in milliseconds; `due` says when the n-th earliest was due.
pub(crate) fn late(file: &Path, due: impl Fn(usize) -> i64) -> Result<Vec<f64>> {
    let bytes = std::fs::read(file)?;
    let (stamps, _) = bytes.as_chunks::<8>();
    let mut stamps: Vec<i64> = stamps.iter().map(|stamp| i64::from_le_bytes(*stamp)).collect();
    stamps.sort_unstable();
    let late = stamps.iter().enumerate().map(|(n, stamp)| (stamp - due(n)) as f64 / 1000.0);
    Ok(late.collect())
}
