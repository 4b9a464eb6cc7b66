//! The bare multiplexing client at work: as many masters as sessions want, a thread for each session.

use super::client::{Lines, Stretch, Task, Turns};
use super::lab::{SESSIONS, address};
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
        let masters: Result<Vec<_>> = (0..task.at_once.div_ceil(SESSIONS)).map(one).collect();
        let bare = Self { masters: masters? };
        bare.each(task.at_once, task.at_once, "true")?;
        Ok(bare)
    }

    /// Runs the commands, and prints what it took.
    pub(crate) fn commands(&self, task: &Task) -> Result<()> {
        let stretch = Stretch::begin()?;
        self.each(task.count, task.at_once, &task.command)?;
        stretch.end()
    }

    fn each(&self, count: usize, at_once: usize, command: &str) -> Result<()> {
        let turns = Turns::new(count);
        let work = |socket| -> Result<()> {
            let mut buffer = [0; 4096];
            while turns.take().is_some() {
                mux::run(socket, command, &mut buffer, |_| {})?;
            }
            Ok(())
        };
        if at_once == 1 {
            return self.masters.iter().try_for_each(|master| work(&master.socket));
        }
        std::thread::scope(|scope| {
            let threads = self.masters.iter().cycle().take(at_once);
            let all: Vec<_> =
                threads.map(|master| scope.spawn(move || work(&master.socket))).collect();
            all.into_iter().try_for_each(|one| one.join().map_err(|_| "a thread panicked")?)
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
