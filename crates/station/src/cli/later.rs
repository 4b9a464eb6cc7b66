//! Commands that later versions have: told so, instead of being taken for a mistake.

use super::error::CliError;

/// Their names, and what they come with.
const LATER: [(&str, &str); 1] = [("outstation", "IEC 60870-5-104 outstations")];

/// What is said of a command, if it is one of these.
pub(crate) fn refused(name: &str) -> Option<CliError> {
    let (name, with) = LATER.iter().find(|(later, _)| *later == name)?;
    let text = format!("`station {name}` is not in this version: it comes with {with}");
    Some(CliError::usage(text).hint("`station help` lists what there is"))
}
