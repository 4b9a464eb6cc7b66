//! Stop: how work is asked, from outside, to end early.

use tokio::sync::watch;

/// Asks work to stop.
#[derive(Clone, Debug)]
pub struct Stopper {
    asked: watch::Sender<bool>,
}

/// Told when work is to stop. Clones are told alike.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Receiver<bool>,
}

impl Stopper {
    /// Asks; again is the same as once.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }
}

impl Stop {
    /// A pair: who asks, and who is asked.
    #[must_use]
    pub fn new() -> (Stopper, Self) {
        let (send, asked) = watch::channel(false);
        (Stopper { asked: send }, Self { asked })
    }

    /// Resolves once it is asked; never, when the stopper is gone and has not asked.
    pub async fn asked(&self) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::Stop;

    #[tokio::test]
    async fn all_clones_are_told_and_a_lost_stopper_asks_nothing() {
        let (stopper, stop) = Stop::new();
        let other = stop.clone();
        assert!(!other.is_asked());
        stopper.ask();
        stopper.ask();
        drop(stopper);
        stop.asked().await;
        other.asked().await;
        assert!(other.is_asked());

        let (stopper, stop) = Stop::new();
        drop(stopper);
        tokio::select! {
            biased;
            () = stop.asked() => panic!("nobody asked"),
            () = std::future::ready(()) => assert!(!stop.is_asked()),
        }
    }
}
