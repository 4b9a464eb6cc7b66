//! A command without a guard, as a text for the login shell.

use crate::guard::word;
use crate::request::Request;

/// The command, with what its request says of its surroundings before it.
pub(super) fn text(request: &Request) -> String {
    let mut text = String::new();
    if let Some(directory) = &request.directory {
        text.push_str(&format!("cd -- {} || exit 1; ", word(directory)));
    }
    for (name, value) in &request.env {
        text.push_str(&format!("{name}={}; export {name}; ", word(value)));
    }
    text.push_str(&request.command);
    if request.sudo { format!("exec sudo -n -- /bin/sh -c {}", word(&text)) } else { text }
}
