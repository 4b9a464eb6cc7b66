//! The protocol double and a way to run command lines against it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use station::cli::{CliError, Externals, Screen, Verified, VerifyRequest, World, run_in};
use station::client::{
    Answer, ClientError, Embedded, Event, Flow, InProcess, Interrupter, Transport, UnixTransport,
};

/// What the double answers.
pub(crate) enum Reply {
    /// A status and a document.
    Json(u16, Value),
    /// An event stream.
    Events(Vec<(&'static str, Value)>),
    /// A stream that says nothing until the other side goes away.
    Silence,
}

/// A request as the double saw it: `METHOD path`, and the body.
pub(crate) type Request = (String, Value);

/// A station that gives prepared answers.
pub(crate) struct Fake {
    dir: tempfile::TempDir,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// A station that answers as `replies` says, in `station.sock` of its directory.
    pub(crate) fn new(replies: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::named("station.sock", replies)
    }

    /// A directory with a double at another name: a station in the process, to the command line.
    pub(crate) fn inside(replies: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::named("inside.sock", replies)
    }

    fn named(name: &str, replies: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join(name)).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let replies = Arc::new(replies);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, replies) = (Arc::clone(&seen), Arc::clone(&replies));
                std::thread::spawn(move || serve(stream.unwrap(), &*replies, &seen));
            }
        });
        Self { dir, requests }
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The only body sent.
    pub(crate) fn body(&self) -> Value {
        let bodies: Vec<_> = self.requests().into_iter().filter(|r| !r.1.is_null()).collect();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        bodies[0].1.clone()
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a command line against it.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Line::new(args).run(self.path())
    }
}

fn serve(stream: UnixStream, replies: &dyn Fn(&str, &Value) -> Reply, seen: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |l| l.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let what = head.split(" HTTP/").next().unwrap().to_owned();
        seen.lock().unwrap().push((what.clone(), body));
        let body = seen.lock().unwrap().last().unwrap().1.clone();
        let mut out = String::from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        match replies(&what, &body) {
            Reply::Json(status, document) => {
                let text = document.to_string();
                out =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            }
            Reply::Events(events) => {
                for (name, data) in events {
                    let text = format!("event: {name}\ndata: {data}\n\n");
                    out.push_str(&format!("{:x}\r\n{text}\r\n", text.len()));
                }
                out.push_str("0\r\n\r\n");
            }
            Reply::Silence => {
                reader.get_mut().write_all(out.as_bytes()).unwrap();
                reader.read_to_end(&mut Vec::new()).unwrap();
                return;
            }
        }
        if reader.get_mut().write_all(out.as_bytes()).is_err() {
            return;
        }
    }
}

/// What a command line did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) status: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The whole screen, for snapshots.
    pub(crate) fn screen(&self) -> String {
        format!("status {}\n--- stdout\n{}--- stderr\n{}", self.status, self.out, self.err)
    }

    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }
}

/// A command line and its surroundings.
pub(crate) struct Line {
    args: Vec<OsString>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) terminal: bool,
    pub(crate) colour: bool,
    pub(crate) err_terminal: bool,
    pub(crate) uid: u32,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) etc: PathBuf,
    pub(crate) interrupt: bool,
    pub(crate) patient: bool,
}

impl Line {
    pub(crate) fn new(args: &[&str]) -> Self {
        Self {
            args: args.iter().map(OsString::from).collect(),
            stdin: Vec::new(),
            terminal: false,
            colour: false,
            err_terminal: false,
            uid: 0,
            env: vec![("HOME".into(), "/home/joe".into()), ("TERM".into(), "xterm".into())],
            etc: PathBuf::from("/nonexistent"),
            interrupt: false,
            patient: false,
        }
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Runs it against the station in a directory.
    pub(crate) fn run(mut self, dir: &Path) -> Ran {
        self.env.push(("STATION_DATA_DIR".into(), dir.into()));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let world = World {
            screen: Screen {
                out: Box::new(&mut out),
                err: Box::new(&mut err),
                colour: self.colour,
                out_is_terminal: self.colour,
                err_is_terminal: self.err_terminal,
                err_colour: false,
            },
            stdin: Box::new(&self.stdin[..]),
            stdin_is_terminal: self.terminal,
            env: self.env.into_iter().filter(|(name, _)| name != "STATION_URL").collect(),
            cwd: Some(PathBuf::from("/srv/place")),
            umask: Some(0o027),
            zone: Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(1))),
            uid: self.uid,
            gid: 0,
            etc: self.etc,
        };
        let externals = Externals {
            embedded: Box::new(Inside),
            serve: |request| Err(CliError::usage(format!("{request:?}"))),
            doctor: |_, json, out| {
                writeln!(out, "doctor {json}").unwrap();
                Ok(!json)
            },
            backup: |_, _| Ok(1536),
            verify: |request| Ok(verified(request)),
            on_interrupt: match (self.interrupt, self.patient) {
                (false, _) => |_| Ok(()),
                (true, false) => interrupted,
                (true, true) => interrupted_once,
            },
        };
        let status = run_in(self.args, world, &externals);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { status, out: text(out), err: text(err) }
    }
}

/// A trail of twelve records, the ninth of which a witness knows; an export of it is broken.
fn verified(request: &VerifyRequest) -> Verified {
    let wrong = request.file.as_ref().map(|_| (5, "record 5 was altered".to_owned()));
    Verified {
        records: if wrong.is_some() { 4 } else { 12 },
        head: (12, [0xab; 32]),
        checkpoints: (2, 10),
        witnessed: request.witness.as_ref().map(|_| 9),
        keys: vec!["cd".repeat(32)],
        wrong,
        ..Verified::default()
    }
}

thread_local! {
    /// Whether the user has interrupted already.
    static INTERRUPTED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// As [`interrupted`], and the user is patient then.
fn interrupted_once(interrupter: Interrupter) -> Result<(), CliError> {
    if INTERRUPTED.replace(true) { Ok(()) } else { interrupted(interrupter) }
}

/// The user is quick: the interruption comes as soon as it can.
fn interrupted(interrupter: Interrupter) -> Result<(), CliError> {
    std::thread::spawn(interrupter);
    Ok(())
}

/// Opens the double at `inside.sock` as a station in this process.
struct Inside;

struct InsideTransport(UnixTransport);

impl Embedded for Inside {
    fn open(&self, dir: &Path) -> Result<Box<dyn InProcess>, ClientError> {
        match UnixTransport::connect(&dir.join("inside.sock"))? {
            Some(transport) => Ok(Box::new(InsideTransport(transport))),
            None => Err(ClientError::Store("the store is on fire".to_owned())),
        }
    }
}

impl Transport for InsideTransport {
    fn call(&mut self, m: &str, p: &str, b: Option<&Value>) -> Result<Answer, ClientError> {
        self.0.call(m, p, b)
    }

    fn stream(
        &mut self,
        path: &str,
        on_event: &mut dyn FnMut(Event) -> Flow,
    ) -> Result<(), ClientError> {
        self.0.stream(path, on_event)
    }

    fn download(&mut self, path: &str, to: &mut dyn Write) -> Result<u64, ClientError> {
        self.0.download(path, to)
    }

    fn interrupter(&mut self) -> Result<Interrupter, ClientError> {
        self.0.interrupter()
    }
}

impl InProcess for InsideTransport {
    fn adopt(&mut self, job_id: &str) -> Result<(), ClientError> {
        self.0.call("POST", "/adopted", Some(&json!(job_id))).map(drop)
    }
}

/// The answer to a create.
pub(crate) fn created() -> Reply {
    Reply::Json(
        200,
        json!({"success": true, "job_id": "42", "next_run": "2027-01-31T10:22:42+01:00", "note": null}),
    )
}

/// A job as the station tells it.
pub(crate) fn job(id: &str, status: &str, command: &str) -> Value {
    json!({
        "job_id": id, "name": command, "status": status, "command": command,
        "planned_time": "2027-01-31T09:22:42+00:00", "next_run": "2027-01-31T09:22:42+00:00",
        "retry_count": 1, "retries": 3, "timezone": "Europe/Berlin", "target": "local",
        "expression": "now + 5 minutes", "created_at": "2027-01-31T09:17:42.25+00:00",
        "created_by": "joe", "timeout_seconds": 3600, "idle_timeout_seconds": null,
        "misfire_grace_time": "forever", "tags": ["a", "b"], "queue": null, "waiting": null,
        "parameters": {"cwd": "/home/joe", "umask": "022"},
    })
}

/// An execution as the station tells it.
pub(crate) fn execution(id: &str, status: &str) -> Value {
    json!({
        "execution_id": id, "job_id": "42", "status": status,
        "scheduled_time": "2027-01-31T09:22:42+00:00", "actual_time": "2027-01-31T09:22:42.0012+00:00",
        "completed_at": "2027-01-31T09:22:45+00:00", "duration_seconds": 3.25, "late_seconds": 0.0012,
        "attempt": 2, "exit_code": 3, "signal": null, "result": {"exit_code": 3}, "error": null,
        "cpu_user_seconds": 0.5, "cpu_system_seconds": 0.25, "max_rss_bytes": 3_145_728,
        "output_bytes": 2048, "output_lines": 12, "dropped_bytes": 0, "dropped_lines": 0,
        "output": null, "pid": null, "retry_at": null, "trigger_info": {"cause": "scheduled"},
    })
}

/// An answer that refuses.
pub(crate) fn refusal(status: u16, detail: &str) -> Reply {
    Reply::Json(status, json!({ "detail": detail }))
}
