//! Many at once: all outcomes, the first failure, a limit, or batch after batch.
//!
//! All of these run their futures as tasks of their own and return when each of them has ended.
//! Dropped, they abort what still runs. If a task panics, so do they, as soon as they see it.

use tokio::task::{JoinError, JoinSet};

use super::cancel::Cancel;

/// Runs all at once, and returns what they return, in their order.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let squares = station_remote::join_all((1..=3).map(|n| async move { n * n })).await;
/// assert_eq!(squares, [1, 4, 9]);
/// # });
/// ```
pub async fn join_all<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    fan_out(usize::MAX, futures).await
}

/// Runs at most so many at once, in their order, and returns what they return, in their order.
pub async fn fan_out<F>(limit: usize, futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (mut running, mut done) = (JoinSet::new(), Vec::new());
    let mut waiting = futures.into_iter().enumerate();
    loop {
        while running.len() < limit.max(1)
            && let Some((place, future)) = waiting.next()
        {
            running.spawn(async move { (place, future.await) });
        }
        let Some(ended) = running.join_next().await else { break };
        if let Some(ended) = value(ended) {
            done.push(ended);
        }
    }
    in_order(done)
}

/// What became of tasks of which one has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedFast<T, E> {
    /// Which one failed first, counted from 0.
    pub place: usize,
    /// How.
    pub error: E,
    /// What became of all others, in their order, without the first failure.
    pub others: Vec<(usize, Result<T, E>)>,
}

/// Runs all at once; when one fails, throws the others' switch. Each is given that switch, and should
/// end when it is thrown, as commands do with [`RexecOptions::cancel`](crate::RexecOptions::cancel): so
/// the others have ended on their nodes as well when this returns.
///
/// # Errors
/// When one fails: the first failure, and what became of the others.
///
/// ```
/// use station_remote::{Cancel, fail_fast};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let task = |n: usize| move |cancel: Cancel| async move {
///     if n == 1 {
///         return Err("no disk");
///     }
///     cancel.cancelled().await;
///     Ok(n)
/// };
/// let failed = fail_fast((0..3).map(task)).await;
/// let failed = failed.unwrap_err();
/// assert_eq!((failed.place, failed.error), (1, "no disk"));
/// assert_eq!(failed.others, [(0, Ok(0)), (2, Ok(2))]);
/// # });
/// ```
pub async fn fail_fast<T, E, F, S>(
    tasks: impl IntoIterator<Item = S>,
) -> Result<Vec<T>, FailedFast<T, E>>
where
    S: FnOnce(Cancel) -> F,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let cancel = Cancel::new();
    let (mut running, mut done, mut first) = (JoinSet::new(), Vec::new(), None);
    for (place, task) in tasks.into_iter().enumerate() {
        let task = task(cancel.clone());
        running.spawn(async move { (place, task.await) });
    }
    while let Some(ended) = running.join_next().await {
        match value(ended) {
            Some((place, Err(error))) if first.is_none() => {
                cancel.cancel();
                first = Some((place, error));
            }
            Some(ended) => done.push(ended),
            None => {}
        }
    }
    done.sort_unstable_by_key(|(place, _)| *place);
    match first {
        Some((place, error)) => Err(FailedFast { place, error, others: done }),
        // Without a failure, each has a value.
        None => Ok(done.into_iter().filter_map(|(_, result)| result.ok()).collect()),
    }
}

/// How tasks are run in batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// How many are run at once; the next batch begins when all of this one have ended.
    pub size: usize,
    /// How many may fail, over all batches; with more, no further batch begins.
    pub max_failures: usize,
}

/// What became of one of many tasks that were run in batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rolled<T, E> {
    /// It has succeeded.
    Done(T),
    /// It has failed.
    Failed(E),
    /// It was not started, since too many had failed before.
    NotStarted,
}

/// Runs batch after batch, for as long as not too many fail; returns what became of each, in order.
///
/// ```
/// use station_remote::{Batches, Rolled, rolling};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let batches = Batches { size: 2, max_failures: 0 };
/// let rolled = rolling(batches, (0..5).map(|n| async move { if n == 1 { Err("down") } else { Ok(n) } }));
/// use Rolled::{Done, Failed, NotStarted};
/// assert_eq!(rolled.await, [Done(0), Failed("down"), NotStarted, NotStarted, NotStarted]);
/// # });
/// ```
pub async fn rolling<T, E, F>(
    batches: Batches,
    futures: impl IntoIterator<Item = F>,
) -> Vec<Rolled<T, E>>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let (mut rolled, mut failures) = (Vec::new(), 0);
    let mut waiting = futures.into_iter();
    while failures <= batches.max_failures {
        let batch: Vec<F> = waiting.by_ref().take(batches.size.max(1)).collect();
        if batch.is_empty() {
            break;
        }
        for result in join_all(batch).await {
            rolled.push(match result {
                Ok(value) => Rolled::Done(value),
                Err(error) => {
                    failures += 1;
                    Rolled::Failed(error)
                }
            });
        }
    }
    rolled.extend(waiting.map(|_| Rolled::NotStarted));
    rolled
}

/// What a task returned; its panic goes on here. `None` for one that was aborted from outside.
fn value<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended {
        Ok(value) => Some(value),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

fn in_order<T>(mut done: Vec<(usize, T)>) -> Vec<T> {
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn s16_5_no_more_run_at_once_than_allowed() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let futures = (0..20_u64).map(|n| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100 - n)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                n
            }
        });
        assert_eq!(fan_out(4, futures).await, (0..20).collect::<Vec<_>>(), "in order");
        assert_eq!(most.load(Ordering::SeqCst), 4);
    }

    #[tokio::test]
    async fn dropped_they_abort_what_runs() {
        let held = Arc::new(());
        let (a, b) = (Arc::clone(&held), Arc::clone(&held));
        let both = join_all([a, b].map(|held| async move {
            pending::<()>().await;
            drop(held);
        }));
        tokio::select! {
            biased;
            _ = both => unreachable!("they never end"),
            () = tokio::task::yield_now() => {}
        }
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn batches_roll_until_too_many_have_failed() {
        let task = |n: usize| async move { if n % 2 == 1 { Err(n) } else { Ok(n) } };
        let rolled = rolling(Batches { size: 2, max_failures: 1 }, (0..7).map(task)).await;
        use Rolled::{Done, Failed, NotStarted};
        let expected = [Done(0), Failed(1), Done(2), Failed(3), NotStarted, NotStarted, NotStarted];
        assert_eq!(rolled, expected);
        let all = rolling(Batches { size: 3, max_failures: 7 }, (0..7).map(task)).await;
        assert!(!all.contains(&NotStarted) && all.len() == 7);
    }
}
