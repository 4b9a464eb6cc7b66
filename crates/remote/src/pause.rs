//! Small asynchronous steps for programs that drive nodes.

use std::time::Duration;

use super::cancel::Cancel;

/// Waits that long, without keeping a thread.
pub async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Waits that long, or until the switch is thrown; says whether it waited to the end.
pub async fn pause_unless(span: Duration, cancel: &Cancel) -> bool {
    tokio::select! {
        biased;
        () = cancel.cancelled() => false,
        () = tokio::time::sleep(span) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_when_it_is_over_or_called_off() {
        let begun = tokio::time::Instant::now();
        pause(Duration::from_secs(60)).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(60));
        let cancel = Cancel::new();
        assert!(pause_unless(Duration::from_secs(1), &cancel).await);
        let child = cancel.child();
        cancel.cancel();
        assert!(!pause_unless(Duration::from_secs(1), &child).await);
    }
}
