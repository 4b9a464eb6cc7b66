//! Looks on a host for what is left of a command, and ends it.

use std::io;
use std::time::Duration;

use station_core::model::Remains;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::channel::{Channel, ChannelEnd};
use super::client::Client;
use super::failure::Failure;
use super::guard::{self, Age, Marks, Nonce};
use super::request::Guard;
use super::route::Route;
use super::running::RemoteProcess;

/// How long the script may take, the grace aside: it waits two seconds for what was killed.
const SCRIPT: Duration = Duration::from_secs(8);
/// A mark that begins so belongs to a command under sudo, which sudo alone can end.
pub(crate) const SUDO_MARK: char = 's';

/// What is looked for, and how.
pub(crate) struct Look {
    pub(crate) process: RemoteProcess,
    /// The seconds between SIGTERM and SIGKILL; 0: no SIGTERM.
    pub(crate) grace: u64,
    pub(crate) age: Age,
    pub(crate) sudo: bool,
    pub(crate) connect: Duration,
}

impl Client {
    /// Finds and ends what is left of a command whose [`Running`](crate::Running) is no more:
    /// SIGTERM, the grace (whole seconds, rounded up; 0: no SIGTERM), SIGKILL; then it is looked
    /// again. A group whose processes do not carry the command's mark is somebody else's by now,
    /// and left alone.
    pub async fn end(
        &self,
        route: &Route,
        process: &RemoteProcess,
        grace: Duration,
        connect: Duration,
    ) -> Remains {
        let what = Look {
            process: process.clone(),
            grace: Guard { grace }.seconds(),
            age: Age::Old,
            sudo: process.mark.starts_with(SUDO_MARK),
            connect,
        };
        look(self, route, &what).await
    }
}

/// Looks, ends what is there, looks again.
pub(crate) async fn look(client: &Client, route: &Route, what: &Look) -> Remains {
    let process = &what.process;
    let odd = process.mark.bytes().any(|byte| !byte.is_ascii_alphanumeric());
    if odd || process.mark.is_empty() || process.group <= 1 {
        return Remains::Unknown(format!("{process:?} is nothing that a guard has told"));
    }
    let limit = what.connect + SCRIPT + Duration::from_secs(what.grace);
    match timeout(limit, ask(client, route, what)).await {
        Ok(Ok(answer)) => heard(route, &answer),
        Ok(Err(failure)) => Remains::Unknown(failure.message),
        Err(_) => Remains::Unknown(format!("{}: no answer within {limit:?}", route.address)),
    }
}

/// What the script told.
enum Answer {
    Word(String),
    Nothing(ChannelEnd, Vec<u8>),
}

async fn ask(client: &Client, route: &Route, what: &Look) -> Result<Answer, Failure> {
    let nonce = Nonce::new().map_err(|error| no_nonce(&error))?;
    let process = (what.process.group, what.process.mark.as_str());
    let text = guard::end(&nonce, process, what.grace, what.age, what.sudo);
    let channel = client.open_spare(route, &text, what.connect).await?;
    let Channel { stdin, mut stdout, mut stderr, mut ended } = channel;
    let (mut marks, mut buffer) = (Marks::new(&nonce), Vec::with_capacity(512));
    let mut word = None;
    while word.is_none() {
        buffer.clear();
        marks.give_back(&mut buffer);
        // An error is an end, too: what it was, the channel tells.
        let read = stdout.read_buf(&mut buffer).await.unwrap_or_default();
        marks.take(&mut buffer, 0, |_, found| word = Some(found.to_owned()));
        if read == 0 {
            break;
        }
    }
    // What was found is told; the channel is closed as it should be.
    let mut said = Vec::new();
    if word.is_none() && stderr.read_to_end(&mut said).await.is_err() {
        said.clear();
    }
    let end = ended.as_mut().await;
    drop((stdin, stderr));
    Ok(word.map_or(Answer::Nothing(end, said), Answer::Word))
}

fn heard(route: &Route, answer: &Answer) -> Remains {
    let address = &route.address;
    match answer {
        Answer::Word(word) => match word.as_str() {
            "nothing" => Remains::Nothing,
            "ended" => Remains::Ended,
            "left" => Remains::Left,
            "hidden" => Remains::Unknown(format!(
                "{address}: a group with its number is there; whose it is cannot be seen"
            )),
            other => Remains::Unknown(format!("{address}: the answer was {other:?}")),
        },
        Answer::Nothing(ChannelEnd::Lost(failure), _) => Remains::Unknown(failure.message.clone()),
        Answer::Nothing(ChannelEnd::Exit(status), said) => {
            let said = String::from_utf8_lossy(said);
            let line = said.lines().map(str::trim).find(|line| !line.is_empty());
            let said = line.map_or_else(|| format!("status {status}"), str::to_owned);
            Remains::Unknown(format!("{address}: the look for it did not start: {said}"))
        }
    }
}

/// The kernel gives no random bytes.
pub(crate) fn no_nonce(error: &io::Error) -> Failure {
    let message = format!("no random number for the guard's marks: {error}");
    Failure::new(super::failure::FailureKind::Local, message)
}
