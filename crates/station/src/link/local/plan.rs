//! Turns a request into the programs to try, with their arguments, environment and head.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use station_core::model::{CommandLine, ShellContext};

use super::LocalConfig;
use super::plain;
use super::resolve::{Missing, resolve};
use crate::link::command;
use crate::link::marks::marks;
use crate::port::RunRequest;

/// The kernel's limit for one argument, its ending NUL included (MAX_ARG_STRLEN).
const ARGUMENT_LIMIT: usize = 128 << 10;

/// What is true of this process, learned once.
#[derive(Debug)]
pub(super) struct Settings {
    /// As given.
    pub(super) config: LocalConfig,
    /// The daemon's own umask.
    pub(super) umask: Option<u32>,
    /// Whether the daemon's own environment changes what a shell makes of plain words.
    pub(super) odd_env: bool,
    /// Where nice(1) is.
    pub(super) nice: PathBuf,
}

/// One way to start the command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The program, an absolute path.
    pub(super) program: PathBuf,
    /// Its name as typed: argument 0.
    pub(super) name: OsString,
    /// Its arguments.
    pub(super) args: Vec<OsString>,
}

/// All that is needed to start a run.
#[derive(Debug)]
pub(super) struct Plan {
    /// To be tried in order: when the first cannot be started, the next tells why better.
    pub(super) calls: Vec<Call>,
    /// The whole environment; `None`: inherited.
    pub(super) env: Option<Vec<(OsString, OsString)>>,
    /// Added to the environment.
    pub(super) marks: [(&'static str, String); 4],
    /// The working directory; `None`: inherited.
    pub(super) cwd: Option<PathBuf>,
}

/// Plans a run; the error is a sentence for people.
pub(super) fn plan(settings: &Settings, request: &RunRequest) -> Result<Plan, String> {
    let context = &request.context;
    refuse_nul(request)?;
    let cwd = context.cwd.as_deref().map(|bytes| PathBuf::from(os(bytes)));
    let path = search_path(settings, context);
    let calls = match &request.command {
        CommandLine::Shell(text) => shell_calls(settings, context, text, &path, cwd.as_deref())?,
        CommandLine::Argv(words) => vec![argv_call(words, &path, cwd.as_deref())?],
    };
    let calls = calls.into_iter().map(|call| with_head(settings, context, call)).collect();
    let env = context
        .env
        .as_ref()
        .map(|pairs| pairs.iter().map(|(name, value)| (os(name), os(value))).collect::<Vec<_>>());
    let marks = marks(&settings.config.instance, request);
    Ok(Plan { calls, env, marks, cwd })
}

fn shell_calls(
    settings: &Settings,
    context: &ShellContext,
    text: &str,
    path: &OsStr,
    cwd: Option<&Path>,
) -> Result<Vec<Call>, String> {
    refuse_long("The command text", text.len())?;
    let shell = &settings.config.shell;
    let mut args = vec![OsString::from("-c")];
    if text.starts_with(['-', '+']) {
        args.push("--".into());
    }
    args.push(text.into());
    let by_shell = Call { program: shell.clone(), name: shell.clone().into_os_string(), args };
    let odd_env = context
        .env
        .as_ref()
        .map_or(settings.odd_env, |pairs| pairs.iter().any(|(name, _)| plain::changes_shell(name)));
    if odd_env || !plain::is_known_shell(shell) {
        return Ok(vec![by_shell]);
    }
    let direct = plain::words(text).and_then(|words| {
        let (name, args) = words.split_first()?;
        let program = resolve(OsStr::new(name), path, cwd).ok()?;
        let args = args.iter().map(OsString::from).collect();
        Some(Call { program, name: name.into(), args })
    });
    Ok(direct.into_iter().chain([by_shell]).collect())
}

fn argv_call(words: &[String], path: &OsStr, cwd: Option<&Path>) -> Result<Call, String> {
    let Some((name, args)) = words.split_first() else {
        return Err(command::EMPTY.into());
    };
    for word in words {
        refuse_long("An argument of the command", word.len())?;
    }
    let program = resolve(OsStr::new(name), path, cwd)
        .map_err(|missing| missing_sentence(name, &missing, path, cwd))?;
    Ok(Call { program, name: name.into(), args: args.iter().map(OsString::from).collect() })
}

/// The captured PATH, or the station's own when the environment is inherited.
fn search_path(settings: &Settings, context: &ShellContext) -> OsString {
    let captured = match &context.env {
        Some(pairs) => {
            pairs.iter().rev().find(|(name, _)| name == b"PATH").map(|(_, value)| os(value))
        }
        None => std::env::var_os("PATH"),
    };
    captured.unwrap_or_else(|| settings.config.path_fallback.clone())
}

/// Puts umask and nice before the call where they differ from the daemon's.
///
/// posix_spawn can set neither. The head is a process of its own that replaces itself by the
/// command, so the command's text, line numbers and here-documents stay as they are.
fn with_head(settings: &Settings, context: &ShellContext, call: Call) -> Call {
    let mut call = call;
    if context.nice > 0 {
        let mut args = vec!["-n".into(), context.nice.min(19).to_string().into(), "--".into()];
        append_call(&mut args, call, context);
        let nice = settings.nice.clone();
        call = Call { name: nice.clone().into_os_string(), program: nice, args };
    }
    let Some(umask) =
        context.umask.map(|mask| mask & 0o777).filter(|mask| Some(*mask) != settings.umask)
    else {
        return call;
    };
    // dash sets PWD itself and drops names that are no identifiers; bash keeps those.
    let pwd = match &context.env {
        Some(pairs) => pairs.iter().find(|(name, _)| name == b"PWD").map(|(_, value)| os(value)),
        None => std::env::var_os("PWD"),
    };
    let (restore, first) = match pwd {
        Some(pwd) => ("PWD=$1 && shift", pwd),
        None => ("unset PWD && shift", OsString::new()),
    };
    let script = format!("umask {umask:04o} && {restore} && exec \"$@\"");
    let mut args = vec!["-c".into(), script.into(), "sh".into(), first];
    append_call(&mut args, call, context);
    let strange_names = context.env.as_ref().is_some_and(|pairs| {
        pairs.iter().any(|(name, _)| !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'))
    });
    let program =
        if strange_names && Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
    Call { program: program.into(), name: "sh".into(), args }
}

/// Adds the call as words for a program that looks it up again: by its name as typed, so that
/// its messages name it so, unless the look-up could differ from ours.
fn append_call(args: &mut Vec<OsString>, call: Call, context: &ShellContext) {
    let has_path = match &context.env {
        Some(pairs) => pairs.iter().any(|(name, _)| name == b"PATH"),
        None => std::env::var_os("PATH").is_some(),
    };
    let as_typed = has_path && !call.name.as_bytes().starts_with(b"-");
    args.push(if as_typed { call.name } else { call.program.into_os_string() });
    args.extend(call.args);
}

fn missing_sentence(name: &str, missing: &Missing, path: &OsStr, cwd: Option<&Path>) -> String {
    let text = match missing {
        Missing::Nowhere if name.is_empty() => {
            return "The program's name, the first argument of the command, is empty.".into();
        }
        Missing::Nowhere if name.contains('/') => format!("The program '{name}' does not exist"),
        Missing::Nowhere => {
            return format!(
                "The program '{name}' was not found in PATH ({}). Give its full path, or set PATH.",
                path.to_string_lossy()
            );
        }
        Missing::Directory(found) => {
            format!("The program '{name}' cannot be run: '{}' is a directory", found.display())
        }
        Missing::NotExecutable(found) => format!(
            "The program '{name}' cannot be run: '{}' is not executable (permission denied)",
            found.display()
        ),
    };
    match cwd.filter(|_| !name.starts_with('/')) {
        Some(cwd) => format!("{text}, seen from '{}'.", cwd.display()),
        None => format!("{text}."),
    }
}

fn refuse_long(what: &str, length: usize) -> Result<(), String> {
    if length < ARGUMENT_LIMIT {
        return Ok(());
    }
    Err(format!(
        "{what} is {length} bytes long; the system takes at most {} in one argument. Put it in a \
         file or on standard input.",
        ARGUMENT_LIMIT - 1
    ))
}

fn refuse_nul(request: &RunRequest) -> Result<(), String> {
    let has = |bytes: &[u8]| bytes.contains(&0);
    let context = &request.context;
    let mut pairs = context.env.iter().flatten();
    let place = if command::holds_nul(&request.command) {
        "command"
    } else if context.cwd.as_deref().is_some_and(has) {
        "working directory"
    } else if pairs.any(|(name, value)| has(name) || has(value)) {
        "environment"
    } else {
        return Ok(());
    };
    Err(command::refuse_nul(place))
}

fn os(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}
