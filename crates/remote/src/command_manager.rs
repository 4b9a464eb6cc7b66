//! The command manager: commands that come and go while a program runs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use station_core::model::Micros;

use super::command::{Command, CommandError, Finished};

/// Names a command of a manager; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(u64);

impl std::fmt::Display for CommandId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A command that is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveCommand {
    /// Its id.
    pub id: CommandId,
    /// Its node's name.
    pub node: String,
    /// Its text.
    pub command: String,
    /// How often it has been run so far.
    pub runs: u64,
}

/// A command that ended abnormally: a run was out of time or not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbnormalEnd {
    /// Its id.
    pub id: CommandId,
    /// Its node's name.
    pub node: String,
    /// Its text.
    pub command: String,
    /// How often it had been run.
    pub runs: u64,
    /// When it ended.
    pub at: Micros,
    /// How it ended.
    pub finished: Finished,
    /// Why, in words.
    pub reason: String,
}

/// Starts commands, and forgets them when they have ended; abnormal ends are kept. Dropped, it ends all of
/// them without waiting.
///
/// ```no_run
/// use std::time::Duration;
/// use station_remote::{Command, CommandManager, Node};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::builder("pi", "192.168.1.39").build()?;
/// let commands = CommandManager::new();
/// let uptime = Command::new(&node, "uptime").interval(Duration::from_secs(1));
/// let id = commands.add_command(uptime)?;
/// assert_eq!(commands.list_active()[0].id, id);
/// commands.stop_command(id).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct CommandManager {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    ids: u64,
    active: BTreeMap<CommandId, Arc<Command>>,
    abnormal: VecDeque<AbnormalEnd>,
}

impl CommandManager {
    /// How many abnormal ends are kept; beyond that, the oldest go.
    pub const HISTORY: usize = 1000;

    /// One without commands.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a command, in a task of the current runtime.
    ///
    /// # Errors
    /// When it cannot be started ([`Command::start`]).
    ///
    /// # Panics
    /// Outside of a tokio runtime, as [`tokio::spawn`].
    pub fn add_command(&self, command: Command) -> Result<CommandId, CommandError> {
        command.start()?;
        let finished = command.when_finished();
        let id = {
            let mut state = lock(&self.state);
            state.ids += 1;
            let id = CommandId(state.ids);
            state.active.insert(id, Arc::new(command));
            id
        };
        // The task ends with the command; and a command ends with its manager.
        let state = Arc::downgrade(&self.state);
        tokio::spawn(async move {
            let end = finished.await;
            if let Some(state) = state.upgrade() {
                lock(&state).retire(id, end);
            }
        });
        Ok(id)
    }

    /// Ends a command, and returns when it has ended on its node; `None` when none of that id is
    /// active.
    pub async fn stop_command(&self, id: CommandId) -> Option<Finished> {
        let command = lock(&self.state).active.get(&id).cloned()?;
        let end = command.stop().await;
        lock(&self.state).retire(id, end.clone());
        Some(end)
    }

    /// Ends all commands at once, and returns when they have ended on their nodes.
    pub async fn stop_all(&self) {
        let commands: Vec<_> =
            lock(&self.state).active.iter().map(|(id, it)| (*id, Arc::clone(it))).collect();
        let stops = commands.into_iter().map(|(id, command)| {
            let state = Arc::clone(&self.state);
            async move {
                let end = command.stop().await;
                lock(&state).retire(id, end);
            }
        });
        super::together::join_all(stops).await;
    }

    /// The commands that have not ended.
    #[must_use]
    pub fn list_active(&self) -> Vec<ActiveCommand> {
        let state = lock(&self.state);
        let active = state.active.iter().map(|(id, command)| ActiveCommand {
            id: *id,
            node: command.node().name().to_owned(),
            command: command.text().to_owned(),
            runs: command.run_count(),
        });
        active.collect()
    }

    /// The commands that ended abnormally, oldest first.
    #[must_use]
    pub fn list_abnormal_history(&self) -> Vec<AbnormalEnd> {
        lock(&self.state).abnormal.iter().cloned().collect()
    }
}

impl State {
    /// Forgets a command that has ended; again, it does nothing.
    fn retire(&mut self, id: CommandId, finished: Finished) {
        let Some(command) = self.active.remove(&id) else { return };
        let reason = match &finished {
            Finished::Done | Finished::Stopped => return,
            Finished::Abnormal(outcome) => outcome.to_string(),
            Finished::Failed(why) => why.clone(),
        };
        if self.abnormal.len() >= CommandManager::HISTORY {
            self.abnormal.pop_front();
        }
        self.abnormal.push_back(AbnormalEnd {
            id,
            node: command.node().name().to_owned(),
            command: command.text().to_owned(),
            runs: command.run_count(),
            at: Micros::from(jiff::Timestamp::now()),
            finished,
            reason,
        });
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
