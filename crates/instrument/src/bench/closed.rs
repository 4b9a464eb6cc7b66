//! A connection that is none: what stands in for one that was lost or taken away.

use crate::Error;
use crate::session::{Session, Settings};
use crate::transport::{Act, Cleared, Transport};

/// A session whose operations all fail with this error.
pub(super) fn session(error: Error) -> Session {
    Session::over(Box::new(Closed(error)), Settings::default())
}

struct Closed(Error);

impl Closed {
    fn fail<'a, T: Send + 'a>(&self) -> Act<'a, T> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }
}

impl Transport for Closed {
    fn send<'a>(&'a mut self, _: &'a [u8]) -> Act<'a, ()> {
        self.fail()
    }

    fn receive<'a>(&'a mut self, _: &'a mut Vec<u8>) -> Act<'a, bool> {
        self.fail()
    }

    fn clear(&mut self) -> Act<'_, Cleared> {
        self.fail()
    }

    fn status_byte(&mut self) -> Act<'_, Option<u8>> {
        self.fail()
    }

    fn discard(&mut self) -> usize {
        0
    }

    fn has_end(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[tokio::test]
    async fn all_its_operations_fail_with_its_error() {
        let mut session = session(Error::new(ErrorKind::Busy, "taken"));
        for _ in 0..2 {
            let error = session.ask("*IDN?").await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Busy);
            assert!(error.message.contains("taken"), "{error}");
        }
    }
}
