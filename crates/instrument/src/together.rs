//! Several futures of one task at once, when they borrow and so cannot be tasks of their own.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// A future that borrows.
pub(crate) type Part<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs all at once; what they return, in their order.
pub(crate) async fn together<T>(parts: Vec<Part<'_, T>>) -> Vec<T> {
    let mut parts: Vec<(Option<Part<'_, T>>, Option<T>)> =
        parts.into_iter().map(|part| (Some(part), None)).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (part, done) in &mut parts {
            let Some(future) = part else { continue };
            match future.as_mut().poll(context) {
                Poll::Ready(value) => {
                    *done = Some(value);
                    *part = None;
                }
                Poll::Pending => waits = true,
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    parts.into_iter().filter_map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_run_at_once_and_keep_their_order() {
        let begun = tokio::time::Instant::now();
        let words = ["c".to_owned(), "a".to_owned(), "b".to_owned()];
        let parts = words.iter().zip([30, 10, 20]).map(|(word, wait)| -> Part<'_, &String> {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(wait)).await;
                word
            })
        });
        assert_eq!(together(parts.collect()).await, ["c", "a", "b"]);
        assert_eq!(begun.elapsed(), Duration::from_millis(30));
    }
}
