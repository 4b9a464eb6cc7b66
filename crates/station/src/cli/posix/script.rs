//! `at -c`: prints a job as a script that does the same: mask, environment, directory, commands.

use serde_json::Value;

use super::super::Cx;
use super::super::api::{self, Subject};
use super::super::error::{CliError, ExitKind};
use super::options::Options;
use super::queue::number;

/// Prints each job.
pub(super) fn print(options: &Options, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    for word in &options.words {
        let id = number(word)?;
        let path = format!("{}?environment=true", Subject::Job(id).path());
        let answer = match api::get(&mut station, &path) {
            Err(e) if e.kind == ExitKind::NotFound => {
                return Err(CliError::new(e.kind, format!("Cannot find jobid {id}")));
            }
            other => other?,
        };
        let script = script(api::part(&answer, "job"), cx.world.uid, cx.world.gid);
        cx.world.screen.bytes(&script)?;
    }
    Ok(())
}

fn script(job: &Value, uid: u32, gid: u32) -> Vec<u8> {
    let parameters = api::part(job, "parameters");
    let mut out = format!("#!/bin/sh\n# atrun uid={uid} gid={gid}\n").into_bytes();
    let mail = api::part(job, "mail");
    let to = super::super::plain(api::text(mail, "to"));
    let always = u8::from(api::text(mail, "when") == "always");
    out.extend_from_slice(format!("# mail {to} {always}\n").as_bytes());
    let umask = api::text(parameters, "umask");
    if !umask.is_empty() && umask.bytes().all(|b| b.is_ascii_digit()) {
        out.extend_from_slice(format!("umask {umask}\n").as_bytes());
    }
    for (name, value) in api::part(parameters, "env").as_object().into_iter().flatten() {
        if is_name(name) {
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            quote(&raw(value), &mut out);
            out.extend_from_slice(format!("; export {name}\n").as_bytes());
        }
    }
    let cwd = raw(api::part(parameters, "cwd"));
    if !cwd.is_empty() {
        out.extend_from_slice(b"cd ");
        quote(&cwd, &mut out);
        out.extend_from_slice(
            b" || {\n\t echo 'Execution directory inaccessible' >&2\n\t exit 1\n}\n",
        );
    }
    commands(parameters, &mut out);
    out
}

fn commands(parameters: &Value, out: &mut Vec<u8>) {
    let argv = api::list(parameters, "argv");
    let stdin = raw(api::part(parameters, "stdin"));
    let is_script = matches!(argv, [only] if only == "/bin/sh") && !stdin.is_empty();
    if is_script {
        out.extend_from_slice(&stdin);
    } else if argv.is_empty() {
        out.extend_from_slice(api::text(parameters, "command").as_bytes());
    } else {
        for (place, word) in argv.iter().filter_map(Value::as_str).enumerate() {
            if place > 0 {
                out.push(b' ');
            }
            quote(word.as_bytes(), out);
        }
    }
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}

/// Bytes from the wire: a text, or hex.
fn raw(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => super::super::piece::unhex(api::text(value, "hex")),
    }
}

/// A name the shell can assign to.
fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in bytes {
        if *byte == b'\'' {
            out.extend_from_slice(b"'\\''");
        } else {
            out.push(*byte);
        }
    }
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_prints_as_a_script() {
        let job = json!({
            "mail": {"to": "joe", "when": "output"},
            "parameters": {
                "argv": ["/bin/sh"],
                "stdin": "echo hi",
                "cwd": "/tmp/it's",
                "umask": "022",
                "env": {"A": "x y", "BASH_FUNC_f%%": "() { :; }", "H": {"hex": "ff"}},
            },
        });
        let expected = b"#!/bin/sh\n# atrun uid=7 gid=8\n# mail joe 0\numask 022\n\
            A='x y'; export A\nH='\xff'; export H\ncd '/tmp/it'\\''s' || {\n\
            \t echo 'Execution directory inaccessible' >&2\n\t exit 1\n}\necho hi\n";
        assert_eq!(script(&job, 7, 8), expected);
    }

    #[test]
    fn argument_lists_are_quoted() {
        let mut out = Vec::new();
        commands(&json!({"argv": ["echo", "a b"]}), &mut out);
        assert_eq!(out, b"'echo' 'a b'\n");
    }
}
