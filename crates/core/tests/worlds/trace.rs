//! The trace of one world, for people.

use station_core::engine::{Input, Outcome};

use crate::told;
use crate::world::World;

impl World {
    /// Tells what happens, if a trace was asked for.
    pub(crate) fn say(&self, what: impl Fn(&Self) -> String) {
        if self.trace {
            #[expect(clippy::print_stderr, reason = "a trace was asked for")]
            {
                eprintln!("{} +{:>12}  {}", self.now.wall, self.now.mono.0, what(self));
            }
        }
    }
}

pub(crate) fn short(input: &Input) -> String {
    let text = format!("{input:?}");
    text.chars().take(300).collect()
}

pub(crate) fn brief(outcome: &Outcome) -> String {
    let mut text = String::new();
    for change in &outcome.changes {
        text += &line(change);
    }
    for effect in &outcome.effects {
        text += "\n      => ";
        text += line(effect).trim_start();
    }
    if let Some(reply) = &outcome.reply {
        text += "\n      reply ";
        text += &told::reply(reply);
    }
    text
}

fn line(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    format!("\n      {}", text.chars().take(260).collect::<String>())
}
