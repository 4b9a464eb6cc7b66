//! Who asks, and whether they may: looking needs a viewer, changing an operator, and the commands of
//! script jobs somebody with a name.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use station_core::model::{Action, JobId, Principal, Role};

use super::error::ApiError;
use super::respond;
use crate::access::{Caller, Rejection};
use crate::runtime::Handle;

/// Who asks, as the server found out from the connection.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// Who it is.
    pub(super) principal: Principal,
    caller: Caller,
}

impl Asker {
    /// What the server put into the request's extensions.
    fn found(parts: &Parts) -> Option<Self> {
        let caller = parts.extensions.get::<Caller>()?.clone();
        Some(Self { principal: caller.principal.clone(), caller })
    }

    /// Whether nothing was shown that says who they are.
    pub(super) fn is_anonymous(&self) -> bool {
        self.caller.anonymous
    }

    /// Refuses who lacks a role.
    pub(super) fn require(&self, needed: Role) -> Result<(), ApiError> {
        self.caller.require(needed).map_err(denied)
    }

    /// Refuses callers without a name what is asked for, as in "a script job".
    pub(super) fn require_named(&self, what: &str) -> Result<(), ApiError> {
        self.caller.require_named(what).map_err(denied)
    }

    /// Refuses callers without a name whatever could run a command or shows what one is given.
    pub(super) fn require_for(&self, action: &Action) -> Result<(), ApiError> {
        let Action::Command { .. } = action;
        self.require_named("a script job, which runs commands on this machine,")
    }

    /// Refuses who may not change or run a stored job. A job that is not there is left for the
    /// engine to tell.
    pub(super) async fn require_to_change(
        &self,
        handle: &Handle,
        job: JobId,
    ) -> Result<(), ApiError> {
        self.require(Role::Operator)?;
        if !self.caller.anonymous {
            return Ok(());
        }
        let stored = respond::blocking(handle, move |handle| Ok(handle.reader().job(job)?)).await?;
        stored.map_or(Ok(()), |job| self.require_for(&job.spec.action))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::found(parts).ok_or(ApiError::Forbidden)
    }
}

fn denied(rejection: Rejection) -> ApiError {
    ApiError::Denied(rejection.detail)
}

#[cfg(test)]
mod tests {
    use station_core::model::CommandLine;

    use super::*;

    fn asker(role: Role, anonymous: bool) -> Asker {
        let mut request = axum::http::Request::new(());
        let principal = Principal::Anonymous;
        request.extensions_mut().insert(Caller { principal, role, anonymous });
        Asker::found(&request.into_parts().0).unwrap()
    }

    #[test]
    fn roles_are_looked_at() {
        assert_eq!(asker(Role::Admin, false).require(Role::Admin), Ok(()));
        let nobody = asker(Role::Viewer, true);
        assert_eq!(nobody.require(Role::Viewer), Ok(()));
        let error = nobody.require(Role::Operator).unwrap_err();
        assert_eq!(error.status().as_u16(), 403);
        assert_eq!(
            error.body()["detail"],
            "this needs the role operator, and anonymous has the role viewer"
        );
    }

    #[test]
    fn commands_are_not_for_anonymous_callers() {
        let command = CommandLine::Shell("true".to_owned());
        let action = Action::Command { command, context: None, stdin: None };
        let error = asker(Role::Operator, true).require_for(&action).unwrap_err();
        assert_eq!(error.status().as_u16(), 403);
        assert!(error.body()["detail"].as_str().unwrap().contains("needs a token"));
        assert_eq!(asker(Role::Operator, false).require_for(&action), Ok(()));
    }
}
