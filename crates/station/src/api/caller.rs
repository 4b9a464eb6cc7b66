//! Who asks, and whether they may: looking needs a viewer, changing an operator, and the commands of
//! script jobs somebody with a name.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use station_core::model::{Action, JobId, Principal, Role};

use super::error::ApiError;
use super::respond;
use crate::runtime::Handle;

/// Who asks, as the server found out from the connection.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// Who it is.
    pub(super) principal: Principal,
    /// What they may do.
    role: Role,
    /// Nothing was shown that says who they are.
    anonymous: bool,
}

impl Asker {
    /// What the server put into the request's extensions.
    fn found(parts: &Parts) -> Option<Self> {
        let principal = parts.extensions.get::<Principal>()?.clone();
        Some(Self {
            role: match principal {
                Principal::Unix { .. } => Role::Admin,
                Principal::Token { .. } | Principal::Anonymous => Role::Viewer,
            },
            anonymous: principal == Principal::Anonymous,
            principal,
        })
    }

    /// Refuses who lacks a role.
    pub(super) fn require(&self, needed: Role) -> Result<(), ApiError> {
        if self.role >= needed {
            return Ok(());
        }
        Err(ApiError::Denied(format!(
            "this needs the role {}, and {} has the role {}",
            needed.name(),
            self.principal.label(),
            self.role.name()
        )))
    }

    /// Refuses callers without a name. `what` is asked for, as in "a token".
    pub(super) fn require_named(&self, what: &str) -> Result<(), ApiError> {
        if !self.anonymous {
            return Ok(());
        }
        Err(ApiError::Denied(format!("{what} is not for anonymous callers: give a token")))
    }

    /// Refuses callers without a name whatever could run a command or shows what one is given.
    pub(super) fn require_for(&self, action: &Action) -> Result<(), ApiError> {
        let Action::Command { .. } = action;
        if !self.anonymous {
            return Ok(());
        }
        Err(ApiError::Denied(
            "script jobs run commands on this machine, so they are not for anonymous callers: \
             give a token"
                .to_owned(),
        ))
    }

    /// Refuses who may not change or run a stored job. A job that is not there is left for the
    /// engine to tell.
    pub(super) async fn require_to_change(
        &self,
        handle: &Handle,
        job: JobId,
    ) -> Result<(), ApiError> {
        self.require(Role::Operator)?;
        if !self.anonymous {
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

#[cfg(test)]
mod tests {
    use station_core::model::CommandLine;

    use super::*;

    fn asker(principal: Principal) -> Asker {
        let mut request = axum::http::Request::new(());
        request.extensions_mut().insert(principal);
        Asker::found(&request.into_parts().0).unwrap()
    }

    #[test]
    fn roles_are_looked_at() {
        let local = asker(Principal::Unix { uid: 0, name: None });
        assert_eq!(local.require(Role::Admin), Ok(()));
        let nobody = Asker { role: Role::Viewer, ..asker(Principal::Anonymous) };
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
        let nobody = Asker { role: Role::Operator, ..asker(Principal::Anonymous) };
        let error = nobody.require_for(&action).unwrap_err();
        assert_eq!(error.status().as_u16(), 403);
        assert!(error.body()["detail"].as_str().unwrap().contains("not for anonymous"));
        let token = Principal::Token { id: "1".to_owned(), name: "lab".to_owned() };
        assert_eq!(asker(token).require_for(&action), Ok(()));
    }
}
