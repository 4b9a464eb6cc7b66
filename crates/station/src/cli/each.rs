//! Does one thing to each of several jobs, and goes on with the others when one is refused.

use super::Cx;
use super::error::{CliError, ExitKind};
use crate::client::Station;

/// Does it, says for each what was done; the exit status is that of the first refusal.
pub(crate) fn each<T: Copy>(
    ids: &[T],
    cx: &mut Cx<'_>,
    act: &mut dyn FnMut(T, &mut Station) -> Result<String, CliError>,
) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let mut first = None;
    for id in ids {
        match act(*id, &mut station) {
            Ok(done) => cx.world.screen.line(&done)?,
            Err(error) if matches!(error.kind, ExitKind::NotFound | ExitKind::Refused) => {
                cx.world.screen.flush()?;
                cx.world.screen.err_bytes(error.render("station").as_bytes());
                first.get_or_insert(error.kind);
            }
            Err(error) => return Err(error),
        }
    }
    first.map_or(Ok(()), |kind| Err(CliError::silent(kind)))
}
