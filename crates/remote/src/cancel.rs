//! Cancelling: one switch that many may watch, and that is thrown once.

use std::sync::Arc;

use tokio::sync::watch;

/// A switch. Clones are the same switch; a [child](Cancel::child) is thrown with its parent.
///
/// ```
/// use station_remote::Cancel;
///
/// let all = Cancel::new();
/// let one = all.child();
/// one.cancel();
/// assert!(one.is_cancelled() && !all.is_cancelled());
/// all.cancel();
/// assert!(all.child().is_cancelled());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    thrown: Arc<watch::Sender<bool>>,
    parent: Option<Arc<Cancel>>,
}

impl Cancel {
    /// A switch that has not been thrown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A switch of its own, which counts as thrown when this one is.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { thrown: Arc::default(), parent: Some(Arc::new(self.clone())) }
    }

    /// Throws it. Again, it does nothing.
    pub fn cancel(&self) {
        self.thrown.send_replace(true);
    }

    /// Whether it has been thrown, or its parent.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.thrown.borrow() || self.parent.as_ref().is_some_and(|parent| parent.is_cancelled())
    }

    /// Waits until it is thrown, or its parent.
    pub async fn cancelled(&self) {
        let mut own = self.thrown.subscribe();
        // The sender lives in `self`, so that waiting cannot fail.
        let own = async move { drop(own.wait_for(|thrown| *thrown).await) };
        match &self.parent {
            None => own.await,
            Some(parent) => tokio::select! {
                () = own => {}
                () = Box::pin(parent.cancelled()) => {}
            },
        }
    }
}
