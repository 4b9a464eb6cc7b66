//! Verifies a driver as a whole: that its verbs, settings and safe state fit each other.

use std::collections::{BTreeMap, BTreeSet};

use super::super::act::{Act, Amount, Passed, What};
use super::super::parameter::{Parameter, ParameterKind};
use super::super::verb::{Outcome, Verb};
use super::super::{Driver, Sampling, argument, is_non_volatile_text, near, plan, text};
use super::table::Faults;
use super::verb::RAW;

/// Where things of the file stand, by their keys; what is inherited stands where `extends` does.
pub(super) type Lines = BTreeMap<String, usize>;

/// Where a key stands.
pub(super) fn line(lines: &Lines, key: &str) -> usize {
    lines.get(key).or_else(|| lines.get("extends")).copied().unwrap_or(0)
}

/// Verifies each verb.
pub(super) fn verbs(driver: &Driver, lines: &Lines, faults: &mut Faults<'_>) {
    let (bottomless, promising) = (bottomless(driver), promising(driver));
    for verb in &driver.verbs {
        let key = format!("verb.{}", verb.name);
        let mut note = |message: String| faults.note(line(lines, &key), &key, message);
        names(verb, &mut note);
        acts(verb, verb.acts(), None, &mut note);
        Act::walk(verb.acts(), &mut |act| {
            if let What::Call { verb: called, with } = &act.what {
                call(verb, driver, called, with, act.when.as_deref(), &mut note);
            }
            if let What::Repeat { acts, .. } | What::Finally(acts) = &act.what {
                Act::walk(acts, &mut |inner| {
                    if let What::Call { verb: called, .. } = &inner.what
                        && promising.contains(called.as_str())
                    {
                        note(format!("{called} has a finally: it may not be called from here"));
                    }
                });
            }
            if matches!(act.what, What::Waveform { .. })
                && !matches!(driver.sampling, Sampling::Memory(_))
            {
                note("a waveform needs [sampling.memory]".to_owned());
            }
        });
        if bottomless.contains(verb.name()) {
            note(format!("it calls itself, or calls go deeper than {}", plan::DEEPEST));
        }
    }
}

/// No two parameters can be meant by one name.
fn names(verb: &Verb, note: &mut impl FnMut(String)) {
    let mut seen = BTreeSet::new();
    for parameter in &verb.parameters {
        for name in std::iter::once(&parameter.name).chain(&parameter.aliases) {
            if !seen.insert(name) {
                note(format!("the name '{name}' stands for two of its parameters"));
            }
        }
    }
}

fn acts(verb: &Verb, acts: &[Act], outer: Option<&str>, note: &mut impl FnMut(String)) {
    for act in acts {
        let when = act.when.as_deref();
        if let Some(when) = when
            && !verb.parameters.iter().any(|each| each.name == when)
        {
            note(unknown(verb, when));
        }
        let sure = |parameter: &Parameter| {
            parameter.is_required()
                || parameter.default.is_some()
                || when == Some(&parameter.name)
                || outer == Some(&parameter.name)
        };
        for name in act.needs() {
            match verb.parameters.iter().find(|each| each.name == name) {
                None => note(unknown(verb, name)),
                Some(each) if !sure(each) => note(format!(
                    "the parameter {name} may be missing: put its place in '[ ]', or say when = \"{name}\""
                )),
                Some(_) => {}
            }
        }
        this(verb, act, note);
        match &act.what {
            What::Repeat { acts: inner, .. } | What::Finally(inner) => {
                if inner.iter().any(|act| matches!(act.what, What::Finally(_))) {
                    note("finally may not stand within repeat or finally".to_owned());
                }
                self::acts(verb, inner, when.or(outer), note);
            }
            What::Send(_)
            | What::Ask { .. }
            | What::Waveform { .. }
            | What::Wait(_)
            | What::Call { .. } => {}
        }
    }
}

/// Verifies what is particular to one act.
fn this(verb: &Verb, act: &Act, note: &mut impl FnMut(String)) {
    match &act.what {
        What::Send(message) | What::Ask { message, .. } => {
            for place in message.places() {
                if !verb.parameters.iter().any(|each| each.name == place.name) {
                    note(unknown(verb, place.name));
                }
            }
            let outline = message.outline();
            if is_non_volatile_text(&outline) && !verb.non_volatile {
                note(format!(
                    "'{outline}' writes to non-volatile memory: the verb needs non_volatile = true"
                ));
            }
            query(act, &outline, note);
        }
        What::Waveform { channel, .. } => number(verb, channel, note),
        What::Wait(time) => number(verb, time, note),
        What::Repeat { for_, every, .. } => {
            number(verb, for_, note);
            number(verb, every, note);
            if matches!(every, Amount::Fixed(every) if *every < plan::SHORTEST.as_secs_f64()) {
                note(format!("every is at least {} s", plan::SHORTEST.as_secs_f64()));
            }
        }
        What::Finally(_) | What::Call { .. } => {}
    }
}

/// What is asked is a query, and what is sent is none.
fn query(act: &Act, outline: &str, note: &mut impl FnMut(String)) {
    let asks = text::has_question(outline);
    if let What::Ask { parse, .. } = &act.what {
        if !asks && parse.kind() != "ignored" {
            note(format!(
                "'{outline}' is no query: send it, with expect_reply = true if it answers"
            ));
        }
        if parse.is_unfinished() {
            note("a choice needs its words: reply = { words = { … } }".to_owned());
        }
    } else if asks {
        note(format!("'{outline}' is a query: it belongs under ask, where its reply is read"));
    }
}

/// An amount that is taken from a parameter is a number.
fn number(verb: &Verb, amount: &Amount, note: &mut impl FnMut(String)) {
    let Some(name) = amount.parameter() else { return };
    let kind = verb.parameters.iter().find(|each| each.name == name).map(|each| &each.kind);
    match kind {
        Some(
            ParameterKind::Number(range)
            | ParameterKind::Integer(range)
            | ParameterKind::Channel(range),
        ) if range.min.is_some_and(|min| min >= 0.0) => {}
        Some(_) => note(format!("the parameter {name} has to be a number with a min of 0 or more")),
        None => note(unknown(verb, name)),
    }
}

/// Verifies a call of another verb.
fn call(
    verb: &Verb,
    driver: &Driver,
    called: &str,
    with: &BTreeMap<String, Passed>,
    when: Option<&str>,
    note: &mut impl FnMut(String),
) {
    if called == RAW {
        note("a verb may not call scpi: use send or ask".to_owned());
        return;
    }
    let Ok(other) = driver.verb(called) else {
        let hint = near::hint(called, driver.verbs.iter().map(Verb::name));
        note(format!("there is no verb '{called}'{hint}"));
        return;
    };
    if other.non_volatile && !verb.non_volatile {
        note(format!(
            "it calls {called}, which writes to non-volatile memory: say non_volatile = true"
        ));
    }
    for (name, passed) in with {
        let Some(parameter) = other.parameters.iter().find(|each| each.name == *name) else {
            note(unknown(other, name));
            continue;
        };
        match passed {
            Passed::Fixed(value) => {
                if let Err(why) = argument::check(parameter, value) {
                    note(format!("the parameter {name} of the verb {called} {why}"));
                }
            }
            Passed::Of(own) => match verb.parameters.iter().find(|each| each.name == *own) {
                None => note(unknown(verb, own)),
                Some(own) => {
                    let may_miss = own.optional && own.default.is_none();
                    if may_miss && parameter.is_required() && when != Some(&own.name) {
                        note(format!("{called} needs {name}, but {} may be missing", own.name));
                    }
                }
            },
        }
    }
    for parameter in other.parameters.iter().filter(|each| each.is_required()) {
        if !with.contains_key(&parameter.name) {
            note(format!("the verb {called} needs its parameter {}", parameter.name));
        }
    }
}

/// The verbs whose calls go too deep; those that call themselves do. In rounds, so that files in which
/// everything calls everything take no longer than others.
fn bottomless(driver: &Driver) -> BTreeSet<&str> {
    let mut deep: BTreeSet<&str> = driver.verbs.iter().map(Verb::name).collect();
    for _ in 0..=plan::DEEPEST {
        let shallow = |verb: &&Verb| !verb.calls().iter().any(|called| deep.contains(called));
        let found: Vec<&str> = driver.verbs.iter().filter(shallow).map(Verb::name).collect();
        deep.retain(|name| !found.contains(name));
    }
    deep
}

/// The verbs that promise something, or call one that does.
fn promising(driver: &Driver) -> BTreeSet<&str> {
    let mut promising = BTreeSet::new();
    for _ in 0..=plan::DEEPEST {
        for verb in &driver.verbs {
            let mut promises = verb.calls().iter().any(|called| promising.contains(called));
            Act::walk(verb.acts(), &mut |act| promises |= matches!(act.what, What::Finally(_)));
            if promises {
                promising.insert(verb.name());
            }
        }
    }
    promising
}

/// Puts what called verbs yield among the outcomes of their callers.
pub(super) fn outcomes(driver: &mut Driver) {
    for _ in 0..plan::DEEPEST {
        let known: BTreeMap<String, Vec<Outcome>> =
            driver.verbs.iter().map(|verb| (verb.name.clone(), verb.outcomes.clone())).collect();
        for verb in &mut driver.verbs {
            let called: Vec<Outcome> = verb
                .calls()
                .into_iter()
                .filter_map(|name| known.get(name))
                .flatten()
                .cloned()
                .collect();
            for outcome in called {
                if !verb.outcomes.iter().any(|own| own.name == outcome.name) {
                    verb.outcomes.push(outcome);
                }
            }
        }
    }
}

/// Verifies the safe state and the sampling.
pub(super) fn rest(driver: &Driver, lines: &Lines, faults: &mut Faults<'_>) {
    let at = line(lines, "safe_state");
    if let Err(error) = driver.plan_safe_state() {
        faults.note(at, "safe_state", error.message);
    }
    let verbs = driver.safe_state.iter().filter_map(|call| driver.verb(&call.verb).ok());
    for verb in verbs.filter(|verb| verb.non_volatile || verb.name == RAW) {
        let message = format!("the verb {} may write to non-volatile memory", verb.name);
        faults.note(at, "safe_state", message);
    }
    let Sampling::Poll(polling) = &driver.sampling else { return };
    let mut note = |message: String| faults.note(line(lines, "sampling"), "sampling", message);
    let verb = match driver.verb(&polling.verb) {
        Ok(verb) => verb,
        Err(error) => return note(error.message),
    };
    if verb.outcomes.is_empty() {
        note(format!("the verb {} reads nothing", verb.name));
    }
    if let Some(name) = &polling.channel
        && !verb.parameters.iter().any(|each| each.name == *name)
    {
        note(unknown(verb, name));
    }
    for each in verb.parameters.iter().filter(|each| each.is_required()) {
        if polling.channel.as_ref() != Some(&each.name) {
            note(format!("the verb {} needs its parameter {}", verb.name, each.name));
        }
    }
}

fn unknown(verb: &Verb, name: &str) -> String {
    let known = || verb.parameters.iter().map(Parameter::name);
    let hint = near::hint(name, known());
    format!(
        "the verb {} has no parameter '{}'{hint}; it has {}",
        verb.name,
        near::shown(name),
        near::list(known())
    )
}
