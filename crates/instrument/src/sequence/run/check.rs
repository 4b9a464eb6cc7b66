//! Checks a whole timeline before anything of it is sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::place_of;
use crate::hands::Hands;
use crate::sequence::TimedStep;
use crate::{Error, ErrorKind};

/// Which of the hands each step is for, `None` for commands; every verb with its parameters was found
/// to be possible. Rounds of loops share what they do, so that each is checked once.
pub(super) fn places<H: Hands>(
    steps: &[TimedStep],
    hands: &[H],
) -> Result<Vec<Option<usize>>, Error> {
    let mut seen = BTreeSet::new();
    let mut places = Vec::with_capacity(steps.len());
    for step in steps {
        let refuse =
            |why: String| Error::new(ErrorKind::Invalid, format!("step {}: {why}", step.path));
        let place = place_of(&step.what, hands).map_err(refuse)?;
        let new = seen.insert(Arc::as_ptr(&step.what).addr());
        if let (true, Some(call), Some(hands)) =
            (new, step.what.call(), place.and_then(|place| hands.get(place)))
        {
            hands.ready(call).map_err(|error| refuse(error.message))?;
        }
        places.push(place);
    }
    Ok(places)
}
