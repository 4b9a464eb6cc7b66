//! The bare multiplexing client at work: as many masters as sessions want, a thread for each session.

use super::client::{Lines, Stretch, Task, Turns};
use super::lab::address;
use super::master::Master;
use super::mux;
use crate::Result;

/// Its masters.
#[derive(Debug)]
pub(crate) struct Bare {
    masters: Vec<Master>,
}

impl Bare {
    /// Connects, outside what is timed.
    pub(crate) fn start(task: &Task) -> Result<Self> {
        let one = |n| {
            let socket = task.dir.join(format!("b{}.{n}", std::process::id()));
            Master::start(&task.config, &address(0), socket)
        };
        let masters: Result<Vec<_>> =
            (0..task.at_once.div_ceil(task.sessions.max(1))).map(one).collect();
        let bare = Self { masters: masters? };
        bare.each(task.at_once, task.at_once, "true")?;
        Ok(bare)
    }

    /// Runs the commands, and prints what it took.
    pub(crate) fn commands(&self, task: &Task) -> Result<()> {
        let stretch = Stretch::begin()?;
        let refused = self.each(task.count, task.at_once, &task.command)?;
        stretch.end()?;
        println!("refused {refused}");
        Ok(())
    }

    /// Runs a command so often, and returns how many sessions were refused before they were not.
    fn each(&self, count: usize, at_once: usize, command: &str) -> Result<usize> {
        let turns = Turns::new(count);
        let work = |socket| -> Result<usize> {
            let (mut buffer, mut refused) = ([0; 4096], 0);
            while turns.take().is_some() {
                refused += mux::run(socket, command, &mut buffer, |_| {})?;
            }
            Ok(refused)
        };
        if at_once == 1 {
            return self.masters.iter().map(|master| work(&master.socket)).sum();
        }
        std::thread::scope(|scope| {
            let threads = self.masters.iter().cycle().take(at_once);
            let all: Vec<_> =
                threads.map(|master| scope.spawn(move || work(&master.socket))).collect();
            all.into_iter().map(|one| one.join().map_err(|_| "a thread panicked")?).sum()
        })
    }

    /// Counts the lines of one command, and prints what it took.
    pub(crate) fn lines(&self, task: &Task) -> Result<()> {
        let master = self.masters.first().ok_or("no master")?;
        let (mut buffer, mut lines) = (vec![0; 1 << 20], Lines::default());
        let stretch = Stretch::begin()?;
        mux::run(&master.socket, &task.command, &mut buffer, |piece| lines.add(piece))?;
        stretch.end()?;
        println!("lines {}\nbytes {}", lines.lines, lines.bytes);
        Ok(())
    }
}
