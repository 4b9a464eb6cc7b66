//! Starts a planned run with posix_spawn and says in a sentence why it could not.

use std::fmt;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::{
    Access, FileType, MemfdFlags, SealFlags, access, fcntl_add_seals, memfd_create, stat,
};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::plan::{Call, Plan, Settings, plan};
use crate::port::RunRequest;

/// A process just started, with our ends of its pipes.
#[derive(Debug)]
pub(super) struct Launched {
    /// The process, not yet reaped.
    pub(super) child: Child,
    /// Its id, also its group's.
    pub(super) pid: Pid,
    /// Becomes readable at its end.
    pub(super) pidfd: io::Result<OwnedFd>,
    /// Its standard output, not blocking.
    pub(super) stdout: OwnedFd,
    /// Its standard error, not blocking.
    pub(super) stderr: OwnedFd,
}

/// Starts the run; blocks while paths are looked up and until the program is executed.
///
/// `std` uses posix_spawn (a vfork inside) only as long as there is no `pre_exec`, no uid, gid,
/// groups or chroot, and the program is a path. `strace -f -e clone3,fork` shows
/// `CLONE_VM|CLONE_VFORK` then; a fork of a large daemon would cost a hundred times as much.
pub(super) fn launch(settings: &Settings, request: &RunRequest) -> Result<Launched, String> {
    let plan = plan(settings, request).map_err(|sentence| better(request, sentence))?;
    let stdin = request.stdin.as_deref().filter(|bytes| !bytes.is_empty());
    let mut last = Failure { stage: Stage::Program, error: Errno::NOENT.into() };
    let mut tried = None;
    for call in &plan.calls {
        match try_call(&plan, call, stdin) {
            Ok(launched) => return Ok(launched),
            Err(failure) => {
                let hopeless = !failure.is_about_program() || bad_directory(&plan).is_some();
                (last, tried) = (failure, Some(call));
                if hopeless {
                    break;
                }
            }
        }
    }
    Err(bad_directory(&plan).unwrap_or_else(|| last.sentence(tried)))
}

fn try_call(plan: &Plan, call: &Call, stdin: Option<&[u8]>) -> Result<Launched, Failure> {
    let stdin = match stdin {
        Some(bytes) => Stdio::from(content(bytes).map_err(|e| Failure::new(Stage::Stdin, e))?),
        None => Stdio::null(),
    };
    let (stdout, their_stdout) = pipe().map_err(|e| Failure::new(Stage::Pipe, e))?;
    let (stderr, their_stderr) = pipe().map_err(|e| Failure::new(Stage::Pipe, e))?;
    let mut command = Command::new(&call.program);
    command.arg0(&call.name).args(&call.args).process_group(0);
    command.stdin(stdin).stdout(their_stdout).stderr(their_stderr);
    if let Some(cwd) = &plan.cwd {
        command.current_dir(cwd);
    }
    if let Some(env) = &plan.env {
        command.env_clear();
        command.envs(env.iter().map(|(name, value)| (name, value)));
    }
    command.envs(plan.marks.iter().map(|(name, value)| (name, value)));
    let child = command.spawn().map_err(|e| Failure::new(Stage::Program, e))?;
    // Closes our copies of the pipes' other ends, or their end would never be seen.
    drop(command);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else {
        return Err(Failure::new(Stage::Program, io::Error::other("the pid is out of range")));
    };
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from);
    Ok(Launched { child, pid, pidfd, stdout, stderr })
}

/// A pipe whose reading end does not block; neither end survives an exec by itself.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    ioctl_fionbio(&reader, true)?;
    Ok((reader, writer))
}

/// A sealed file in memory at its start: the command can read and seek in it, not change it.
fn content(bytes: &[u8]) -> io::Result<OwnedFd> {
    let fd = memfd_create("stdin", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = std::fs::File::from(fd);
    file.write_all(bytes)?;
    io::Seek::rewind(&mut file)?;
    fcntl_add_seals(
        &file,
        SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
    )?;
    Ok(file.into())
}

/// A missing working directory explains a relative program that was not found.
fn better(request: &RunRequest, sentence: String) -> String {
    let cwd = request.context.cwd.as_deref().filter(|bytes| !bytes.contains(&0));
    let cwd = cwd.map(|bytes| {
        Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
    });
    cwd.and_then(directory_fault).unwrap_or(sentence)
}

fn bad_directory(plan: &Plan) -> Option<String> {
    directory_fault(plan.cwd.as_deref()?)
}

fn directory_fault(cwd: &Path) -> Option<String> {
    let shown = cwd.display();
    match stat(cwd) {
        Err(Errno::NOENT) => Some(format!("The working directory '{shown}' does not exist.")),
        Err(error) => {
            Some(format!("The working directory '{shown}' cannot be entered: {}.", plainly(error)))
        }
        Ok(found) if FileType::from_raw_mode(found.st_mode) != FileType::Directory => {
            Some(format!("The working directory '{shown}' is not a directory."))
        }
        Ok(_) => access(cwd, Access::EXEC_OK).err().map(|error| {
            format!("The working directory '{shown}' cannot be entered: {}.", plainly(error))
        }),
    }
}

/// What was being done when a start failed.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Stdin,
    Pipe,
    Program,
}

#[derive(Debug)]
struct Failure {
    stage: Stage,
    error: io::Error,
}

impl Failure {
    fn new(stage: Stage, error: io::Error) -> Self {
        Self { stage, error }
    }

    /// Whether another way to call the command may do better.
    fn is_about_program(&self) -> bool {
        let errno = self.errno();
        matches!(self.stage, Stage::Program)
            && !matches!(
                errno,
                Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::TOOBIG)
            )
    }

    fn errno(&self) -> Option<Errno> {
        Errno::from_io_error(&self.error)
    }

    fn sentence(&self, call: Option<&Call>) -> String {
        let what = call.map_or_else(|| "the command".into(), |c| c.program.display().to_string());
        match self.errno() {
            Some(Errno::MFILE) => "The command was not started: the station has as many files open \
                 as it may. Raise its limit (ulimit -n, LimitNOFILE=) or run fewer commands at once."
                .into(),
            Some(Errno::NFILE) => {
                "The command was not started: the system has no more room for open files.".into()
            }
            Some(Errno::AGAIN) => "The command was not started: no more processes may be created \
                 (ulimit -u, TasksMax= or pids.max)."
                .into(),
            Some(Errno::NOMEM) => "The command was not started: out of memory.".into(),
            Some(Errno::TOOBIG) => "The command was not started: its arguments and environment \
                 together are longer than the system takes. Pass data on standard input or in a file."
                .into(),
            Some(Errno::NOEXEC) => {
                format!("The program '{what}' is not in a format the system can execute.")
            }
            Some(Errno::NOENT) => {
                format!("The program '{what}' does not exist, or its interpreter does not.")
            }
            Some(errno) => format!("'{what}' was not started {}: {}.", self.stage, plainly(errno)),
            None => format!("'{what}' was not started {}: {}.", self.stage, self.error),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdin => "(preparing its standard input)",
            Self::Pipe => "(creating its pipes)",
            Self::Program => "(executing it)",
        })
    }
}

/// The system's words for an error, without its number.
fn plainly(errno: Errno) -> String {
    let text = io::Error::from(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
