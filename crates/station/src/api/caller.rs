//! Who asks, and whether they may: looking needs a viewer, changing an operator, and the commands of
//! script jobs somebody with a name.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use station_core::audit::Actor;
use station_core::model::{Action, JobId, Principal, Role};

use super::error::ApiError;
use super::respond;
use crate::access::{Caller, Rejection};
use crate::runtime::Handle;

/// After how long a token is looked at again: the clock may have been set meanwhile.
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// Who asks, as the server found out from the connection.
#[derive(Clone, Debug)]
pub(super) struct Asker(Caller);

impl Asker {
    /// Who it is.
    pub(super) fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// Who it is, as the audit trail knows them.
    pub(super) fn actor(&self) -> Actor {
        self.0.actor()
    }

    /// Refuses who lacks a role.
    pub(super) fn require(&self, needed: Role) -> Result<(), ApiError> {
        self.0.require(needed).map_err(denied)
    }

    /// Refuses callers without a name what is asked for, as in "a token".
    pub(super) fn require_named(&self, what: &str) -> Result<(), ApiError> {
        self.0.require_named(what).map_err(denied)
    }

    /// Refuses callers without a name whatever could run a command or shows what one is given.
    pub(super) fn require_for(&self, action: &Action) -> Result<(), ApiError> {
        match action {
            Action::Command { .. } => self.require_named("a script job"),
            Action::Instrument(_) => self.require_named("whatever has to do with equipment"),
            Action::Outstation(_) => self.require_named("whatever has to do with outstations"),
        }
    }

    /// Carries on a stream, but no longer than the token that was shown for it is good.
    pub(super) async fn while_good(&self, handle: &Handle, stream: impl Future<Output = ()>) {
        tokio::select! {
            () = stream => {}
            () = self.expelled(handle) => {}
        }
    }

    /// Resolves once the token that was shown is revoked or has expired; never for who came
    /// without one.
    async fn expelled(&self, handle: &Handle) {
        let Principal::Token { id, .. } = self.principal() else {
            return std::future::pending().await;
        };
        let mut changes = handle.token_changes();
        loop {
            changes.mark_unchanged();
            let id = id.clone();
            let found = respond::blocking(handle, move |handle| Ok(handle.reader().token(&id)?));
            // Where it cannot be told whether the token is good, it is not.
            let now = handle.now();
            let token = found.await.ok().flatten().filter(|token| token.is_valid(now));
            let Some(token) = token else { return };
            let left = token.expires_at.map_or(LONGEST_LOOK, |end| end.since(now));
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(left.min(LONGEST_LOOK)) => {}
            }
        }
    }

    /// Refuses who may not change or run a stored job. A job that is not there is left for the
    /// engine to tell.
    pub(super) async fn require_to_change(
        &self,
        handle: &Handle,
        job: JobId,
    ) -> Result<(), ApiError> {
        self.require(Role::Operator)?;
        if !self.0.anonymous {
            return Ok(());
        }
        let stored = respond::blocking(handle, move |handle| Ok(handle.reader().job(job)?)).await?;
        stored.map_or(Ok(()), |job| self.require_for(&job.spec.action))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or(ApiError::Forbidden)
    }
}

fn denied(rejection: Rejection) -> ApiError {
    ApiError::Denied(rejection.detail)
}

#[cfg(test)]
mod tests {
    use station_core::model::CommandLine;

    use super::*;

    #[test]
    fn roles_are_looked_at_and_commands_need_a_name() {
        let asker =
            |principal, role, anonymous| Asker(Caller { principal, role, anonymous, source: None });
        let token = || Principal::Token { id: "1".to_owned(), name: "lab".to_owned() };
        let command = CommandLine::Shell("true".to_owned());
        let action = Action::Command { command, context: None, stdin: None, sudo: false };
        for (asker, operates, runs) in [
            (Asker(Caller::local(Principal::Unix { uid: 0, name: None })), true, true),
            (asker(token(), Role::Operator, false), true, true),
            (asker(token(), Role::Viewer, false), false, true),
            (asker(Principal::Anonymous, Role::Operator, true), true, false),
            (asker(Principal::Anonymous, Role::Viewer, true), false, false),
        ] {
            assert_eq!(asker.require(Role::Viewer), Ok(()));
            assert_eq!(asker.require(Role::Operator).is_ok(), operates, "{asker:?}");
            let error = asker.require_for(&action).err();
            assert_eq!(error.is_none(), runs, "{asker:?}");
            if let Some(error) = error {
                assert_eq!(error.status().as_u16(), 403);
                let detail = error.body()["detail"].to_string();
                assert!(detail.contains("a script job needs a token"), "{detail}");
            }
        }
    }
}
