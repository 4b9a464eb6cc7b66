//! The daemon on TCP: its sockets, and the tokens that let callers in.

use std::sync::Arc;

use station_core::engine::{Reply, Request};

use super::{Options, StartError};
use crate::access::{self, Tokens};
use crate::api;
use crate::runtime::{DataDir, Handle, Mode};
use crate::server::{Limits, Names, TcpServer};

/// Listens on TCP, if that is asked for. It is done before the station is opened, so that nothing
/// has begun when it fails.
pub(super) fn listen(options: &Options) -> Result<Option<TcpServer>, StartError> {
    let listen = &options.listen;
    if listen.addresses.is_empty() {
        return Ok(None);
    }
    let max_body = u64::try_from(api::MAX_BODY).unwrap_or(u64::MAX);
    let server = TcpServer::bind(listen, Limits { max_body, ..Limits::default() });
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            // Another daemon of this directory is the better reason, if there is one.
            DataDir::lock(&options.data_dir, Mode::Daemon)?;
            return Err(StartError::System(error));
        }
    };
    let scheme = if listen.tls.is_some() { "https" } else { "http" };
    for address in server.addresses() {
        tracing::info!("listening on {scheme}://{address}");
    }
    if let Some(role) = listen.anonymous {
        tracing::warn!(
            role = role.name(),
            "EVERYBODY ON THIS MACHINE may use the station without a token (--allow-anonymous)"
        );
    }
    if listen.insecure_plain_text && listen.tls.is_none() {
        tracing::warn!("tokens cross the network in plain text (--insecure-plain-text)");
    }
    Ok(Some(server))
}

/// The tokens that let callers in over TCP; the first time, one for the administrator is made.
pub(super) async fn tokens(options: &Options, handle: &Handle) -> Result<Tokens, StartError> {
    let by = Names::default().principal(rustix::process::geteuid().as_raw());
    let reader = handle.reader();
    let find = |hash: &str| reader.token_by_hash(hash);
    let first = access::first_token(&options.data_dir, by, handle.now(), find);
    let first = first.map_err(StartError::System)?;
    if let Some(token) = first.to_keep {
        let reply = handle.request(Request::KeepToken(Box::new(token))).await?;
        if reply != Reply::TokenKept {
            let text = format!("the first token could not be kept: {reply:?}");
            return Err(StartError::System(text));
        }
        tracing::info!(path = %first.path.display(), "an admin's token is in this file");
    }
    let changes = handle.clone();
    Ok(Tokens::new(
        Arc::new(move |hash| reader.token_by_hash(hash)),
        Arc::new(move || changes.token_generation()),
    ))
}
