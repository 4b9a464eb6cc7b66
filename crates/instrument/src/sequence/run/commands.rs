//! The lane of commands: each is started at its deadline, and goes on beside the steps after it.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::course::{Course, Due};
use crate::sequence::Doing;
use crate::stage::Stage;
use crate::timer::Timer;
use crate::{Error, ErrorKind};

type Running = JoinSet<(usize, Result<(), Error>)>;

/// Starts all commands and waits for their ends; when the run ends early, drops those under way.
pub(super) async fn run(
    orders: Vec<Due<'_>>,
    course: &Course<'_>,
    stage: &Arc<dyn Stage>,
    mut timer: Timer,
) {
    let mut running = Running::new();
    for due in orders {
        let Some(deadline) = until_next(course, &due, &mut running).await else { return };
        let waited = loop {
            tokio::select! {
                biased;
                () = course.ended() => return,
                waited = timer.until(deadline) => break waited,
                Some(ended) = running.join_next() => note(course, ended),
            }
        };
        if let Err(error) = waited {
            return course.fail(due.step, &error);
        }
        if let Doing::Command { on, command, timeout } = &*due.step.what {
            course.sent(timer.now().saturating_sub(deadline));
            let act = stage.command(on.clone(), command.clone(), *timeout);
            let place = due.place;
            running.spawn(async move {
                let end = match act.await {
                    Ok(end) if end.success => Ok(()),
                    Ok(end) => {
                        let message = format!("the command failed: {}", end.summary);
                        Err(Error::new(ErrorKind::Local, message))
                    }
                    Err(error) => Err(error),
                };
                (place, end)
            });
        }
    }
    loop {
        tokio::select! {
            biased;
            () = course.ended() => return,
            ended = running.join_next() => match ended {
                Some(ended) => note(course, ended),
                None => break,
            },
        }
    }
    course.fail_for_commands();
}

/// When the next command is due; the ends of others are noted meanwhile. `None`: the run ends.
async fn until_next(
    course: &Course<'_>,
    due: &Due<'_>,
    running: &mut Running,
) -> Option<std::time::Duration> {
    loop {
        tokio::select! {
            biased;
            deadline = course.deadline(due) => return deadline,
            Some(ended) = running.join_next() => note(course, ended),
        }
    }
}

fn note(course: &Course<'_>, ended: Result<(usize, Result<(), Error>), tokio::task::JoinError>) {
    match ended {
        Ok((place, end)) => course.command_ended(place, end.err()),
        Err(error) => {
            // Only dropping the set cancels, and then nobody asks.
            if let Ok(panic) = error.try_into_panic() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}
