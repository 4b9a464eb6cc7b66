//! The program called as at, atq, atrm and batch: at(1)'s options and habits against a real daemon.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use crate::support::{Site, wait_for};

/// A site with links, a daemon, and a sendmail that keeps each letter in a file.
struct Office {
    site: Site,
}

impl Office {
    fn open() -> Self {
        let mut site = Site::new();
        let links = site.scratch().join("bin");
        std::fs::create_dir(&links).unwrap();
        site.ok(["install-links", links.to_str().unwrap()]);
        let sendmail = site.scratch().join("sendmail");
        let letters = site.scratch().join("letters");
        std::fs::create_dir(&letters).unwrap();
        let script = format!(
            "#!/bin/sh\nf=$(mktemp {0}/new.XXXXXX)\n{{ echo \"$@\"; cat; }} > $f\nmv $f {0}/${{f##*.}}\n",
            letters.display()
        );
        std::fs::write(&sendmail, script).unwrap();
        std::fs::set_permissions(&sendmail, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut daemon = site.station();
        daemon.env("STATION_SENDMAIL", &sendmail);
        site.start_as(daemon, &[]);
        Self { site }
    }

    /// Runs at, atq, atrm or batch with this on standard input.
    fn call(&self, name: &str, args: &[&str], stdin: &str) -> Output {
        let program = self.site.scratch().join("bin").join(name);
        let mut command = self.site.program(&program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may end without reading.
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap_or_default();
        child.wait_with_output().unwrap()
    }

    /// What it says on standard error; it must end with that status.
    fn said(&self, status: i32, name: &str, args: &[&str], stdin: &str) -> String {
        let output = self.call(name, args, stdin);
        assert_eq!(output.status.code(), Some(status), "{name} {args:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn printed(&self, name: &str, args: &[&str]) -> String {
        let output = self.call(name, args, "");
        assert!(output.status.success(), "{name} {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn letters(&self) -> Vec<String> {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
        std::fs::read_dir(self.site.scratch().join("letters"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.display().to_string().contains("/new."))
            .map(read)
            .collect()
    }

    fn one_letter(&self) -> String {
        wait_for("the letter", || self.letters().pop())
    }
}

const WARNING: &str = "warning: commands will be executed using /bin/sh\n";

#[test]
fn a_job_is_taken_listed_printed_and_removed_as_by_at() {
    let office = Office::open();
    let said = office.said(0, "at", &["10:30", "Dec", "25", "2099"], "echo hi\n");
    assert_eq!(said, format!("{WARNING}job 1 at Fri Dec 25 10:30:00 2099\n"));
    std::fs::write(office.site.scratch().join("job"), "echo from a file\n").unwrap();
    let said = office.said(0, "at", &["-q", "c", "-f", "job", "noon", "1/31/2099"], "");
    assert_eq!(said, format!("{WARNING}job 2 at Sat Jan 31 12:00:00 2099\n"));
    let said = office.said(0, "at", &["-v", "-t", "209901021030"], "true");
    let date = "Fri Jan  2 10:30:00 2099";
    assert_eq!(said, format!("{date}\n{WARNING}job 3 at {date}\n"));
    let user = office.site.json(["show", "1", "--json"])["created_by"].clone();
    let user = user.as_str().unwrap();
    let want = [
        format!("3\t{date} a {user}\n"),
        format!("2\tSat Jan 31 12:00:00 2099 c {user}\n"),
        format!("1\tFri Dec 25 10:30:00 2099 a {user}\n"),
    ];
    assert_eq!(office.printed("atq", &[]), want.concat());
    assert_eq!(office.printed("at", &["-l"]), want.concat());
    assert_eq!(office.printed("atq", &["-q", "c"]), want[1]);
    assert_eq!(office.printed("at", &["-l", "1"]), want[2]);
    assert_eq!(
        office.printed("atq", &["-o", "%Y %s", "3"]),
        format!("3\t2099 4071033000 a {user}\n")
    );
    assert_eq!(office.said(1, "atrm", &["77"], ""), "Cannot find jobid 77\n");
    assert_eq!(office.said(1, "at", &["-c", "77"], ""), "at: Cannot find jobid 77\n");
    assert_eq!(office.said(0, "at", &["-r", "2"], ""), "");
    assert_eq!(office.said(0, "at", &["-d", "3"], ""), "");
    assert_eq!(office.said(1, "atrm", &["1", "2"], ""), "Cannot find jobid 2\n");
    assert_eq!(office.printed("atq", &[]), "");
    assert_eq!(office.site.json(["show", "1", "--json"])["status"], "cancelled");
}

#[test]
fn mistakes_end_with_1_and_take_no_job() {
    let office = Office::open();
    let table: &[(&str, &[&str], &str)] = &[
        ("at", &[], "Usage: at"),
        ("at", &["frobnicate"], "time"),
        ("at", &["10:00", "2020-01-01"], "past"),
        ("at", &["-t", "196901010000"], "1970"),
        ("at", &["-x", "now"], "Usage: at"),
        ("at", &["-q", "9", "now"], "queue"),
        ("at", &["-q"], "needs a value"),
        ("at", &["-f", "nowhere", "now"], "nowhere"),
        ("at", &["-u", "-oops", "now"], "user"),
        ("at", &["-c", "foo"], "foo"),
        ("at", &["-t", "209901021030", "tomorrow"], "together"),
        ("atrm", &[], "Usage"),
        ("atrm", &["foo"], "foo"),
        ("atq", &["-o", "%!"], "-o"),
        ("batch", &["-l"], "Usage"),
    ];
    office.said(0, "at", &["now", "+", "1", "hour"], "true");
    for (name, args, wanted) in table {
        let said = office.said(1, name, args, "true\n");
        assert!(said.contains(wanted), "{name} {args:?}: {said}");
    }
    assert_eq!(office.site.json(["list", "--json"])["count"], 1);
    for name in ["at", "atq", "atrm", "batch"] {
        let version = office.said(0, name, &["-V"], "");
        assert!(version.starts_with(&format!("{name} (Stationmaster) version ")), "{version}");
    }
}

#[test]
fn mail_is_sent_when_asked_for_and_never_with_capital_m() {
    let mut office = Office::open();
    office.said(0, "at", &["now"], "echo to you; echo too >&2; exit 3\n");
    office.site.wait_status("1", &["failed"]);
    let letter = office.one_letter();
    let user = office.site.json(["show", "1", "--json"])["created_by"].clone();
    assert!(letter.starts_with(&format!("-i -- {}\n", user.as_str().unwrap())), "{letter}");
    assert!(letter.contains("\nSubject: Output from your job 1"), "{letter}");
    assert!(letter.contains("to you\n") && letter.contains("too\n"), "{letter}");
    let execution = &office.site.json(["show", "1", "--json"])["executions"][0].clone();
    assert_eq!(execution["attempt"], 1, "at repeats nothing");
    // No output, no mail; -M never; -m always, and -u says to whom.
    office.said(0, "at", &["now"], "true\n");
    office.said(0, "at", &["-M", "now"], "echo never\n");
    office.said(0, "at", &["-m", "-u", "boss", "now"], "true\n");
    for id in ["2", "3", "4"] {
        office.site.wait_status(id, &["completed"]);
    }
    wait_for("the second letter", || (office.letters().len() == 2).then_some(()));
    let letters = office.letters().concat();
    assert!(letters.contains("-i -- boss\n") && letters.contains("To: boss\n"), "{letters}");
    assert!(!letters.contains("never"), "{letters}");
    // A graceful end waits for nothing more, and the next start has nothing left to send.
    office.site.signal(rustix::process::Signal::TERM);
    assert!(office.site.ended().success());
    assert_eq!(office.letters().len(), 2);
}

#[test]
fn surroundings_are_kept_and_the_printed_job_does_the_same() {
    let office = Office::open();
    let odd = office.site.scratch().join("it's \"odd\" $HOME");
    std::fs::create_dir(&odd).unwrap();
    let out = office.site.scratch().join("out");
    let program = office.site.scratch().join("bin/at");
    let script = format!(
        "{{ pwd; umask; nice; printf '%s\\n' \"$ODD\" \"${{TERM-no TERM}}\"; }} >> '{}'\n",
        out.display()
    );
    let mut shell = office.site.program("/bin/sh".as_ref());
    shell.args(["-c", "umask 027; cd \"$1\"; exec \"$0\" now", program.to_str().unwrap()]);
    shell.arg(&odd).env("ODD", "two\nlines 'quoted' $HOME `id`").env("TERM", "xterm");
    let mut child = shell.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    office.site.wait_status("1", &["completed"]);
    let want = |nice| {
        let odd = odd.display();
        format!("{odd}\n0027\n{nice}\ntwo\nlines 'quoted' $HOME `id`\nno TERM\n")
    };
    assert_eq!(std::fs::read_to_string(&out).unwrap(), want(2), "queue a has niceness 2");
    let printed = office.printed("at", &["-c", "1"]);
    std::fs::remove_file(&out).unwrap();
    let mut sh = office.site.program("/bin/sh".as_ref()).stdin(Stdio::piped()).spawn().unwrap();
    sh.stdin.take().unwrap().write_all(printed.as_bytes()).unwrap();
    assert!(sh.wait().unwrap().success());
    assert_eq!(std::fs::read_to_string(&out).unwrap(), want(0));
}

#[test]
fn batch_waits_for_the_load() {
    let office = Office::open();
    office.said(0, "batch", &[], "echo batch\n");
    office.said(0, "at", &["-b", "now"], "echo at -b\n");
    office.said(0, "at", &["-q", "Z", "now"], "nice\n");
    for (id, queue) in [("1", "b"), ("2", "b"), ("3", "Z")] {
        let job = office.site.json(["show", id, "--json"]);
        assert_eq!(job["condition"]["load_below"], 1.5, "{job}");
        assert_eq!(job["queue"], queue);
    }
    let low = || {
        let text = std::fs::read_to_string("/proc/loadavg").unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap() < 1.4
    };
    let status = office.site.json(["show", "1", "--json"])["status"].clone();
    if low() {
        office.site.wait_status("1", &["completed"]);
        assert_eq!(office.site.wait_status("3", &["completed"])["execution_count"], 1);
    } else if status == "pending" {
        let waiting = office.site.json(["show", "1", "--json"])["waiting"].clone();
        assert!(waiting.is_null() || waiting.as_str().unwrap().contains("load"), "{waiting}");
    }
}

#[test]
fn at_keeps_a_job_over_downtime_without_limit_of_time() {
    let mut office = Office::open();
    office.said(0, "at", &["now", "+", "1", "hour"], "echo late\n");
    let job = office.site.json(["show", "1", "--json"]);
    assert_eq!(job["misfire_grace_time"], "forever");
    assert!(job["timeout_seconds"].is_null());
    assert_eq!(job["retries"], 0);
    office.site.kill();
    let said = office.said(0, "at", &["now"], "echo now\n");
    assert!(said.contains("nothing will run until a daemon does"), "{said}");
    office.site.start();
    office.site.wait_status("2", &["completed"]);
}
