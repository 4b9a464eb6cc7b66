//! The questions, one by one.

use station_core::model::{ControlSwitch, Principal, Tag};
use station_core::near::shown;
use station_wire::iec104::codec::{TypeId, Value};

use super::{Ask, Reason, Refusal};
use crate::interlock::NotHeld;
use crate::points::{Entry, Rule};
use crate::value::{BadValue, command};

/// `SS1/breaker-7`.
pub(super) fn place(ask: &Ask<'_>) -> String {
    format!("{}/{}", ask.table.outstation, shown(&ask.write.point))
}

pub(super) fn point<'a>(ask: &Ask<'a>) -> Result<(&'a Entry, &'a Rule), Refusal> {
    let (table, name) = (ask.table, ask.write.point.as_str());
    let outstation = &table.outstation;
    let Some(entry) = table.get(name) else {
        let near = table.nearest(name);
        let near = near.map(|near| format!(" (did you mean '{near}'?)")).unwrap_or_default();
        let sentence = format!(
            "{outstation} has no point '{}'{near}; only points that its file names can be commanded",
            shown(name)
        );
        return Err(Refusal::new(Reason::UnknownPoint, sentence));
    };
    entry.rule.as_deref().map(|rule| (entry, rule)).ok_or_else(|| {
        let sentence = format!(
            "{} is only watched ({}); it is commanded by a point with the type of a command, such as \
             C_SC_NA_1, that has it as its feedback",
            place(ask),
            entry.type_id.name()
        );
        Refusal::new(Reason::NotCommandable, sentence)
    })
}

pub(super) fn switch(ask: &Ask<'_>) -> Result<(), Refusal> {
    match ask.switch {
        Some(ControlSwitch { stopped: true, reason, by, at }) => {
            let why = reason.as_deref().map(|why| format!(" ({})", shown(why))).unwrap_or_default();
            let sentence = format!(
                "{} is not commanded: {} stopped all commands at {at}{why}; they are permitted again \
                 with 'station outstation control start'",
                place(ask),
                shown(&by.label())
            );
            Err(Refusal::new(Reason::ControlStopped, sentence))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn tag(ask: &Ask<'_>) -> Result<(), Refusal> {
    let is_its =
        |tag: &&Tag| tag.outstation == ask.table.outstation && tag.point == ask.write.point;
    match ask.tags.iter().find(is_its) {
        None => Ok(()),
        Some(tag) => {
            let sentence = format!(
                "{} is tagged by {} since {}: {}; nobody may command it until the tag is taken off \
                 with 'station outstation untag'",
                place(ask),
                shown(&tag.by.label()),
                tag.at,
                shown(&tag.reason)
            );
            Err(Refusal::new(Reason::Tagged, sentence))
        }
    }
}

pub(super) fn who(ask: &Ask<'_>, rule: &Rule) -> Result<(), Refusal> {
    let me = match ask.principal {
        Principal::Unix { name: Some(name), .. } => Some(("user", name)),
        Principal::Token { name, .. } => Some(("token", name)),
        // Somebody without a name cannot be held to account for it.
        Principal::Unix { name: None, .. } | Principal::Anonymous => None,
    };
    let is_me = |may: &String| match (may.split_once(':'), me) {
        (_, None) => false,
        (None, Some(_)) => may == "*",
        (Some((kind, name)), Some((my_kind, my_name))) => kind == my_kind && name == my_name,
    };
    if rule.written.may.iter().any(is_me) {
        return Ok(());
    }
    let way = match me {
        Some((kind, name)) => {
            format!("whoever keeps the points can add '{kind}:{}' to its 'may'", shown(name))
        }
        None => "it takes a user or a token with a name".to_owned(),
    };
    let sentence =
        format!("{} may not command {}: {way}", shown(&ask.principal.label()), place(ask));
    Err(Refusal::new(Reason::NotPermitted, sentence))
}

pub(super) fn hours(ask: &Ask<'_>, rule: &Rule) -> Result<(), Refusal> {
    let (hours, now) = (&rule.hours, ask.now.wall);
    if hours.is_empty() || hours.iter().any(|hours| hours.contain(now, ask.zone)) {
        return Ok(());
    }
    let local = ask.zone.to_datetime(now.timestamp());
    let sentence = format!(
        "{} may be commanded {}; here it is {}",
        place(ask),
        rule.written.hours.join(" and "),
        local.strftime("%a %H:%M")
    );
    Err(Refusal::new(Reason::OutsideHours, sentence))
}

pub(super) fn value(ask: &Ask<'_>, entry: &Entry, rule: &Rule) -> Result<Value, Refusal> {
    let value = command(entry.type_id, &ask.write.value, rule.written.qualifier, rule.limits);
    value.map_err(|error| {
        let reason = match error {
            BadValue::Form(_) => Reason::BadValue,
            BadValue::Range(_) => Reason::OutOfRange,
        };
        Refusal::new(reason, format!("{} {error}", place(ask)))
    })
}

pub(super) fn select(ask: &Ask<'_>, entry: &Entry, rule: &Rule) -> Result<bool, Refusal> {
    let select = ask.write.select || rule.written.select;
    if select && !entry.type_id.is_selectable() {
        let sentence = format!(
            "{} cannot be selected before it is operated: {} has no select bit; leave the selection out",
            place(ask),
            entry.type_id.name()
        );
        return Err(Refusal::new(Reason::SelectNotPossible, sentence));
    }
    Ok(select)
}

pub(super) fn rate(ask: &Ask<'_>, rule: &Rule) -> Result<(), Refusal> {
    let Some(limit) = rule.written.per_hour else { return Ok(()) };
    let wait = ask.rates.wait(&ask.write.point, limit, ask.now.mono);
    if wait.is_some_and(|wait| wait.is_zero()) {
        return Ok(());
    }
    let again = match wait {
        Some(wait) => {
            format!("there is room for another in {} s", wait.as_secs().saturating_add(1))
        }
        None => "its 'per_hour' permits none".to_owned(),
    };
    let sentence = format!(
        "{} was commanded {limit} times within an hour, and may not be more often: {again}",
        place(ask)
    );
    Err(Refusal::new(Reason::RateExceeded, sentence))
}

pub(super) fn interlock(ask: &Ask<'_>, rule: &Rule) -> Result<(), Refusal> {
    let Some(interlock) = &rule.interlock else { return Ok(()) };
    let look = |name: &str| {
        let entry = ask.table.get(name).ok_or("there is no such point")?;
        let reading = ask.cache.get(entry.ca, entry.ioa).ok_or("the outstation never told it")?;
        reading.trusted()
    };
    let held = interlock.check(|name| look(name).map_err(str::to_owned));
    let why = match held {
        Ok(()) => return Ok(()),
        Err(NotHeld::False(why)) => why,
        Err(NotHeld::Unknown(why)) => {
            format!("{why}; interrogate {} to know it", ask.table.outstation)
        }
    };
    let written = rule.written.interlock.as_deref().unwrap_or_default();
    let sentence =
        format!("the interlock of {} does not hold ({}): {why}", place(ask), shown_whole(written));
    Err(Refusal::new(Reason::Interlock, sentence))
}

/// Interlocks are written by those who keep the points, and worth reading whole.
fn shown_whole(text: &str) -> String {
    text.chars().flat_map(char::escape_debug).collect()
}

/// The type of what is sent.
pub(super) fn clock(ask: &Ask<'_>, entry: &Entry) -> Result<TypeId, Refusal> {
    let tagged = ask.table.settings.time_tagged;
    if tagged && !ask.synchronised {
        let sentence = format!(
            "{} is not commanded: commands to {} carry a time tag, and the clock of this machine is \
             not synchronised; see to its time service (timedatectl), or set time_tagged = false",
            place(ask),
            ask.table.outstation
        );
        return Err(Refusal::new(Reason::ClockUnsynchronised, sentence));
    }
    Ok(entry.type_id.tagged(tagged).unwrap_or(entry.type_id))
}

pub(super) fn in_doubt(ask: &Ask<'_>) -> Result<(), Refusal> {
    let Some(left) = ask.in_doubt else { return Ok(()) };
    let sentence = format!(
        "what became of the last command to {place} is not known, and its answer could not be told from \
         the next one's: look there first; {place} is held for {} s more, until its feedback shows \
         what was commanded, or until there is another connection",
        left.as_secs().saturating_add(1),
        place = place(ask),
    );
    Err(Refusal::new(Reason::InDoubt, sentence))
}

pub(super) fn in_flight(ask: &Ask<'_>) -> Result<(), Refusal> {
    if !ask.in_flight {
        return Ok(());
    }
    let sentence = format!(
        "another command to {} is under way; a point takes one at a time: wait for its outcome",
        place(ask)
    );
    Err(Refusal::new(Reason::InFlight, sentence))
}

pub(super) fn link(ask: &Ask<'_>) -> Result<(), Refusal> {
    if ask.link {
        return Ok(());
    }
    let outstation = &ask.table.outstation;
    let sentence = format!(
        "{} is not commanded: there is no link to {outstation}; 'station outstation status \
         {outstation}' says why",
        place(ask)
    );
    Err(Refusal::new(Reason::LinkDown, sentence))
}

pub(super) fn expiry(ask: &Ask<'_>) -> Result<(), Refusal> {
    if ask.now.mono < ask.expires {
        return Ok(());
    }
    let late = ask.now.mono.since(ask.expires);
    let sentence = format!(
        "the command to {} expired {:.1} s ago and was not sent; what is late is not caught up on: \
         command it anew if it is still wanted",
        place(ask),
        late.as_secs_f64()
    );
    Err(Refusal::new(Reason::Expired, sentence))
}
