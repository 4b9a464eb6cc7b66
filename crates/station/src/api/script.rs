//! The parameters of a script job: a command and the surroundings it runs in.

use std::borrow::Cow;

use serde_json::Value;
use station_core::model::{Action, CommandLine, JobSpec, NodeSet, ShellContext, Target};

use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::job_fields::limit;
use super::json::Json;
use super::types::Limit;

/// Every parameter of a script job.
pub(super) const SCRIPT_FIELDS: [&str; 11] = [
    "command",
    "argv",
    "target",
    "cwd",
    "umask",
    "env",
    "env_clear",
    "stdin",
    "sudo",
    "nice",
    "timeout",
];

/// The longest command, and the longest single argument or variable (Linux: 32 pages less one).
const LONGEST_WORD: usize = 131_071;

/// The longest path Linux takes.
const LONGEST_PATH: usize = 4095;

/// Names and values of variables.
pub(super) type Variables = Vec<(Vec<u8>, Vec<u8>)>;

/// The parameters, well-typed.
#[derive(Debug, Default)]
pub(super) struct Script<'a> {
    pub(super) command: Option<CommandLine>,
    pub(super) both: bool,
    pub(super) target: Option<Cow<'a, str>>,
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) sudo: bool,
    pub(super) timeout: Limit,
    cwd: Option<Vec<u8>>,
    umask: Option<u32>,
    nice: u8,
    env: Option<Variables>,
    env_clear: bool,
    /// Where the stored job runs, when the request does not say.
    kept_target: Option<Target>,
    /// How many faults there were before.
    faults_before: usize,
    /// Every known field that was named, those that are null too.
    named: Vec<&'static str>,
    /// Names of unknown fields.
    pub(super) unknown: Vec<Cow<'a, str>>,
}

impl<'a> Script<'a> {
    /// Reads the parameters.
    pub(super) fn read(map: Vec<(Cow<'a, str>, Json<'a>)>, faults: &mut Faults) -> Self {
        let mut script = Self::default();
        let outer = Place::BODY.field("parameters");
        script.faults_before = faults.count();
        let (mut command, mut argv) = (false, false);
        for (key, json) in map {
            let Some(field) = SCRIPT_FIELDS.iter().copied().find(|field| *field == key) else {
                script.unknown.push(key);
                continue;
            };
            script.named.push(field);
            match (field, &json) {
                ("timeout", Json::Null) => script.timeout = Limit::None,
                (_, Json::Null) => {}
                _ => {
                    command |= field == "command";
                    argv |= field == "argv";
                    script.take(field, json, outer.field(field), faults);
                }
            }
        }
        script.both = command && argv;
        script
    }

    /// Tells that there is no command.
    pub(super) fn check_required(&self, faults: &mut Faults) {
        if self.command.is_none() && faults.count() == self.faults_before {
            faults.missing(Place::BODY.field("parameters").field("command"));
        }
    }

    /// Fills in what a stored job says and the request does not name.
    pub(super) fn inherit(&mut self, stored: &JobSpec, context: Option<&ShellContext>) {
        let Action::Command { command, stdin, sudo, .. } = &stored.action else { return };
        let named = std::mem::take(&mut self.named);
        let absent = |field: &str| !named.contains(&field);
        if absent("target") {
            self.kept_target = Some(stored.target.clone());
        }
        if absent("command") && absent("argv") {
            self.command = Some(command.clone());
        }
        if absent("stdin") {
            self.stdin.clone_from(stdin);
        }
        if absent("sudo") {
            self.sudo = *sudo;
        }
        // What surrounds a command here means nothing elsewhere, and the other way round.
        let stays = self.is_on_nodes() == matches!(stored.target, Target::Nodes(_));
        if let Some(context) = context.filter(|_| stays) {
            self.inherit_surroundings(context, &absent);
        }
        self.named = named;
    }

    fn inherit_surroundings(&mut self, context: &ShellContext, absent: &dyn Fn(&str) -> bool) {
        let here = !self.is_on_nodes();
        if here && absent("cwd") {
            self.cwd.clone_from(&context.cwd);
        }
        if here && absent("umask") {
            self.umask = context.umask;
        }
        if here && absent("nice") {
            self.nice = context.nice;
        }
        // A stored environment is whole.
        if absent("env") && absent("env_clear") && context.env.is_some() {
            self.env.clone_from(&context.env);
            self.env_clear = here;
        }
    }

    fn take(&mut self, field: &str, json: Json<'a>, at: Place<'_>, faults: &mut Faults) {
        match field {
            "command" => self.command = command(json, at, faults).or(self.command.take()),
            "argv" => self.command = argv(json, at, faults).or(self.command.take()),
            "target" => self.target = field::text(json, at, faults),
            "cwd" => self.cwd = cwd(json, at, faults),
            "umask" => self.umask = umask(json, at, faults),
            "env" => self.env = env(json, at, faults),
            "env_clear" => {
                self.env_clear = field::boolean(&json, at, faults).unwrap_or_default();
            }
            "stdin" => self.stdin = field::bytes(json, at, faults),
            "sudo" => self.sudo = field::boolean(&json, at, faults).unwrap_or_default(),
            "nice" => {
                let nice = field::integer(&json, (0, 19), at, faults);
                self.nice = nice.and_then(|n| u8::try_from(n).ok()).unwrap_or_default();
            }
            _ => self.timeout = limit(&json, at, faults),
        }
    }

    /// The surroundings, the station's own environment filled in under the given one;
    /// `None` when nothing was said of them.
    pub(super) fn context(&mut self, own: &[(Vec<u8>, Vec<u8>)]) -> Option<ShellContext> {
        let given = self.env.take();
        let env = match (given, self.env_clear) {
            (given, _) if self.is_on_nodes() => given.map(canonical),
            (given, true) => Some(canonical(given.unwrap_or_default())),
            (Some(given), false) => {
                let mut all = own.to_vec();
                all.extend(given);
                Some(canonical(all))
            }
            (None, false) => None,
        };
        let context =
            ShellContext { cwd: self.cwd.take(), umask: self.umask, env, nice: self.nice };
        (context != ShellContext::default()).then_some(context)
    }

    /// The first parameter that was given beside these.
    pub(super) fn names_beyond(&self, known: &[&str]) -> Option<&'static str> {
        self.named.iter().find(|name| !known.contains(name)).copied()
    }

    /// Refuses what this version cannot carry out.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if self.both {
            let text = "`parameters` has both `command` and `argv`; give one of them";
            return Err(ApiError::Bad(text.to_owned()));
        }
        self.target()?;
        if self.sudo && !self.is_on_nodes() {
            let text =
                "parameters.sudo is for commands on nodes; here begin the command with `sudo `";
            return Err(ApiError::Bad(text.to_owned()));
        }
        if self.is_on_nodes()
            && let Some((field, way)) = self.of_this_machine()
        {
            return Err(ApiError::Bad(format!(
                "parameters.{field} says how a command runs on this machine, not on nodes: {way}"
            )));
        }
        if self.is_on_nodes()
            && let Some((name, _)) = self.env.iter().flatten().find(|(name, _)| !is_name(name))
        {
            return Err(ApiError::Bad(format!(
                "parameters.env: '{}' cannot be set on a node: letters, digits and _ make the name \
                 of a variable, no digit first",
                String::from_utf8_lossy(name).escape_debug()
            )));
        }
        Ok(())
    }

    /// Where it runs.
    pub(super) fn target(&self) -> Result<Target, ApiError> {
        match (self.target.as_deref(), &self.kept_target) {
            (None, Some(kept)) => Ok(kept.clone()),
            (None | Some("" | "local"), _) => Ok(Target::Local),
            (Some(text), _) => NodeSet::parse(text)
                .map(Target::Nodes)
                .map_err(|error| ApiError::Bad(format!("parameters.target: {error}"))),
        }
    }

    fn is_on_nodes(&self) -> bool {
        self.target().is_ok_and(|target| target != Target::Local)
    }

    /// The first thing said that only this machine can do, and what to do instead.
    fn of_this_machine(&self) -> Option<(&'static str, &'static str)> {
        if self.cwd.is_some() {
            Some(("cwd", "begin the command with `cd DIRECTORY && `"))
        } else if self.umask.is_some() {
            Some(("umask", "begin the command with `umask 022; ` or the like"))
        } else if self.nice > 0 {
            Some(("nice", "begin the command with `nice `"))
        } else if self.env_clear {
            Some(("env_clear", "begin the command with `env -i `"))
        } else {
            None
        }
    }
}

/// Whether every shell takes it as the name of a variable.
fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(|first| !first.is_ascii_digit())
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Sorted by name; of several values for one name the last holds.
fn canonical(mut env: Variables) -> Variables {
    env.reverse();
    env.sort_by(|a, b| a.0.cmp(&b.0));
    env.dedup_by(|later, kept| later.0 == kept.0);
    env
}

fn command(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<CommandLine> {
    let text = field::text(json, at, faults)?;
    if text.trim().is_empty() {
        faults.value(at, "must not be empty", Value::Null);
        return None;
    }
    check_word(text.as_bytes(), at, faults).then(|| CommandLine::Shell(text.into_owned()))
}

fn argv(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<CommandLine> {
    let Json::List(list) = json else {
        faults.add("list_type", at, "Input should be a valid list", json.echo());
        return None;
    };
    let wanted = list.len();
    let mut words = Vec::with_capacity(wanted);
    for (index, json) in list.into_iter().enumerate() {
        let at = at.index(index);
        if let Some(word) = field::text(json, at, faults)
            && check_word(word.as_bytes(), at, faults)
        {
            words.push(word.into_owned());
        }
    }
    if words.len() < wanted {
        return None;
    }
    if words.first().is_none_or(|program| program.trim().is_empty()) {
        faults.value(at, "must start with the name of a program", Value::Null);
        return None;
    }
    Some(CommandLine::Argv(words))
}

/// Whether the kernel would take it as an argument or variable.
fn check_word(word: &[u8], at: Place<'_>, faults: &mut Faults) -> bool {
    let why = if word.contains(&0) {
        "must not contain NUL".to_owned()
    } else if word.len() > LONGEST_WORD {
        format!("must be at most {LONGEST_WORD} bytes long")
    } else {
        return true;
    };
    faults.value(at, &why, Value::Null);
    false
}

fn cwd(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Vec<u8>> {
    let path = field::bytes(json, at, faults)?;
    let why = if path.contains(&0) {
        "must not contain NUL"
    } else if !path.starts_with(b"/") {
        "must be an absolute path"
    } else if path.len() > LONGEST_PATH {
        "must be at most 4095 bytes long"
    } else {
        return Some(path);
    };
    faults.value(at, why, Value::Null);
    None
}

fn umask(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<u32> {
    let text = field::text(json, at, faults)?;
    let octal = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    let mask = u32::from_str_radix(&text, 8).ok().filter(|mask| octal && *mask <= 0o777);
    if mask.is_none() {
        faults.value(at, "must be an octal number from 000 to 777", Json::Text(text).echo());
    }
    mask
}

/// Values are never echoed: they can be secrets.
fn env(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Variables> {
    let Json::Map(map) = json else {
        faults.add("dict_type", at, "Input should be a valid dictionary", Value::Null);
        return None;
    };
    let mut env = Vec::with_capacity(map.len());
    for (name, json) in map {
        let at = at.field(&name);
        if name.is_empty() || name.contains(['=', '\0']) {
            let why = "the name of a variable must not be empty and has neither `=` nor NUL";
            faults.value(at, why, Value::Null);
            continue;
        }
        let mut hidden = Faults::default();
        match field::bytes(json, at, &mut hidden) {
            None => faults.take_without_input(hidden),
            Some(value) if value.contains(&0) => {
                faults.value(at, "must not contain NUL", Value::Null);
            }
            Some(value) if name.len() + value.len() + 1 > LONGEST_WORD => {
                let why = "name and value must be at most 131070 bytes long together";
                faults.value(at, why, Value::Null);
            }
            Some(value) => env.push((name.into_owned().into_bytes(), value)),
        }
    }
    Some(env)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(list: &[(&str, &str)]) -> Variables {
        list.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn the_last_value_of_a_variable_holds() {
        let given = variables(&[("B", "1"), ("A", "2"), ("B", "3"), ("A", "4"), ("C", "5")]);
        assert_eq!(canonical(given), variables(&[("A", "4"), ("B", "3"), ("C", "5")]));
    }

    #[test]
    fn the_stations_environment_fills_in_unless_cleared() {
        let own = variables(&[("PATH", "/bin"), ("LANG", "C")]);
        let mut added =
            Script { env: Some(variables(&[("LANG", "de"), ("X", "1")])), ..Script::default() };
        let context = added.context(&own).unwrap();
        let expected = variables(&[("LANG", "de"), ("PATH", "/bin"), ("X", "1")]);
        assert_eq!(context.env, Some(expected));

        let mut cleared = Script { env_clear: true, ..Script::default() };
        assert_eq!(cleared.context(&own).unwrap().env, Some(vec![]));
        assert_eq!(Script::default().context(&own), None);
        let mut nice = Script { nice: 3, ..Script::default() };
        assert_eq!(nice.context(&own).unwrap().env, None);
    }
}
