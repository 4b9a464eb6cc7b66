use super::*;
use serde_json::{Value, json};

fn read(text: &str) -> Crontab {
    parse(text.as_bytes(), false, jiff::tz::db())
}

fn read_system(text: &str) -> Crontab {
    parse(text.as_bytes(), true, jiff::tz::db())
}

fn joe() -> Account {
    Account { name: "joe".to_owned(), uid: 1000, gid: 100, home: "/home/joe".to_owned() }
}

fn requests(crontab: &Crontab) -> Vec<Value> {
    let user = joe();
    let source = Source { name: "joe", user: &user, change_user: false, zone: None };
    crontab.lines.iter().map(|line| request(line, &source).request).collect()
}

const DEBIAN: &str = "\
# Edit this file to introduce tasks to be run by cron.
#
# m h  dom mon dow   command
SHELL=/bin/bash
PATH=/usr/local/bin:/usr/bin:/bin
MAILTO=\"ops@example.org, joe\"

  */5 * * * *\t/usr/bin/flock -n /tmp/l rsync -a /srv/ backup:/srv/
0 3 * * 1-5   mysqldump --all | gzip > /var/backups/db-$(date +\\%F).sql.gz
CRON_TZ=Europe/Berlin
30 8 * * Mon  mail -s Report boss%Good morning,%%all is well.%
@daily\tfind /tmp -mtime +7 -delete
MAILTO=
-@hourly logger tick
";

#[test]
fn a_users_crontab() {
    let crontab = read(DEBIAN);
    assert_eq!(crontab.refused, []);
    assert_eq!(crontab.remarks, []);
    let rows: Vec<_> = crontab
        .lines
        .iter()
        .map(|l| (l.number, l.schedule.as_str(), l.zone.as_deref(), l.command.as_str()))
        .collect();
    let berlin = Some("Europe/Berlin");
    let expected = [
        (8, "*/5 * * * *", None, "/usr/bin/flock -n /tmp/l rsync -a /srv/ backup:/srv/"),
        (9, "0 3 * * 1-5", None, "mysqldump --all | gzip > /var/backups/db-$(date +%F).sql.gz"),
        (11, "30 8 * * Mon", berlin, "mail -s Report boss"),
        (12, "@daily", berlin, "find /tmp -mtime +7 -delete"),
        (14, "@hourly", berlin, "logger tick"),
    ];
    assert_eq!(rows, expected);
    assert_eq!(crontab.lines[2].stdin.as_deref(), Some("Good morning,\n\nall is well.\n"));
    let requests = requests(&crontab);
    let mail: Vec<_> = requests.iter().map(|r| r["mail"]["to"].as_str()).collect();
    let ops = Some("ops@example.org,joe");
    assert_eq!(mail, [ops, ops, ops, ops, None]);
    assert_eq!(requests[0].get("timezone"), None);
    assert_eq!(requests[2]["timezone"], "Europe/Berlin");
}

#[test]
fn a_line_becomes_what_cron_does() {
    let crontab = read("A=1\nLOGNAME=root\n15 4 1 * * echo $A\n");
    let request = &requests(&crontab)[0];
    let fingerprint = request["tags"][2].as_str().unwrap();
    assert!(fingerprint.starts_with("crontab-id:"), "{fingerprint}");
    assert_eq!(
        *request,
        json!({
            "name": "echo $A",
            "description": "imported from line 3 of crontab 'joe': 15 4 1 * * echo $A",
            "schedule_type": "script",
            "trigger_type": "cron",
            "cron_expression": "15 4 1 * *",
            "conflict_policy": "replace",
            "max_instances": 1000,
            "misfire_grace_time": 60,
            "coalesce": true,
            "retries": 0,
            "timeout_seconds": null,
            "mail": {"to": "joe", "when": "output"},
            "tags": ["crontab", "crontab:joe", fingerprint],
            "parameters": {
                "argv": ["/bin/sh", "-c", "echo $A"],
                "cwd": "/home/joe",
                "umask": "022",
                "env": {
                    "A": "1", "HOME": "/home/joe", "LOGNAME": "joe", "PATH": "/usr/bin:/bin",
                    "SHELL": "/bin/sh",
                },
                "env_clear": true,
            },
        })
    );
    assert!(crontab.remarks[0].text.contains("LOGNAME cannot be set"), "{:?}", crontab.remarks);
}

#[test]
fn settings_hold_for_the_lines_after_them_alone() {
    let crontab = read("@daily a\nHOME=/srv\nSHELL=/bin/dash\n@daily b\nHOME=/opt\n@daily c\n");
    let places: Vec<_> = requests(&crontab)
        .iter()
        .map(|r| (r["parameters"]["cwd"].clone(), r["parameters"]["argv"][0].clone()))
        .collect();
    let expected = [("/home/joe", "/bin/sh"), ("/srv", "/bin/dash"), ("/opt", "/bin/dash")];
    assert_eq!(places, expected.map(|(cwd, shell)| (json!(cwd), json!(shell))));
}

#[test]
fn a_systems_crontab_has_users() {
    let crontab = read_system(
        "SHELL=/bin/sh\n17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly\n\
         @daily www-data php -f /srv/app/cron.php\n@hourly root\n* * * * *\n",
    );
    let users: Vec<_> = crontab.lines.iter().map(|l| (l.user.as_deref(), &*l.command)).collect();
    let expected = [
        (Some("root"), "cd / && run-parts --report /etc/cron.hourly"),
        (Some("www-data"), "php -f /srv/app/cron.php"),
    ];
    assert_eq!(users, expected);
    let refused: Vec<_> = crontab.refused.iter().map(|r| (&*r.place, &*r.reason)).collect();
    let expected = [
        ("line 4", "there is no command after the schedule"),
        ("line 5", "there is no user and no command after the schedule"),
    ];
    assert_eq!(refused, expected);
    let user = joe();
    let source = Source { name: "crontab", user: &user, change_user: true, zone: Some("UTC") };
    let request = request(&crontab.lines[1], &source).request;
    let argv = &request["parameters"]["argv"];
    let head = ["/usr/bin/setpriv", "--reuid=1000", "--regid=100", "--init-groups", "--"];
    assert_eq!(argv.as_array().unwrap()[..5], head.map(|word| json!(word)));
    assert_eq!(argv[7], "php -f /srv/app/cron.php");
    assert_eq!(request["timezone"], "UTC");
}

#[test]
fn what_cannot_be_imported_is_refused_with_number_and_reason() {
    for (line, reason) in [
        ("@reboots /srv/start", "\"@reboots\" is not"),
        ("* * * *", "five fields for its time and then a command, and here are 4 words"),
        ("* * * * *", "no command after the schedule"),
        ("hello", "and here are 1 words"),
        ("* * * * * %only input", "no command before the first '%'"),
        ("CRON_TZ=Mars/Olympus", "Mars/Olympus"),
        ("HOME=relative", "absolute path"),
        ("SHELL=", "SHELL is empty"),
        ("MAILTO=-oQ/tmp", "begins with '-'"),
        ("A='x' y", "quote the whole value"),
        ("* * * * * a\0b", "NUL"),
    ] {
        let crontab = read(&format!("# first\n{line}\n"));
        assert_eq!(crontab.lines, [], "{line}");
        assert_eq!(crontab.refused.len(), 1, "{line}");
        let refused = &crontab.refused[0];
        assert_eq!(refused.place, "line 2");
        assert!(refused.reason.contains(reason), "{line}: {}", refused.reason);
    }
    let crontab = parse(b"@daily echo \xff\n@daily x\n", false, jiff::tz::db());
    assert_eq!((crontab.refused[0].reason.as_str(), crontab.lines.len()), ("it is not UTF-8", 1));
}

#[test]
fn schedules_are_judged_by_the_core() {
    for (schedule, word) in [
        ("60 * * * *", "59"),
        ("* 22-2 * * *", "22-23"),
        ("0 0 30 2 *", ""),
        ("*/0 * * * *", ""),
        ("0~59 * * * *", ""),
        ("@fortnightly", ""),
    ] {
        let crontab = read(&format!("{schedule} x\n"));
        assert_eq!(crontab.lines, [], "{schedule}");
        assert!(crontab.refused[0].reason.contains(word), "{}", crontab.refused[0].reason);
    }
}

#[test]
fn remarks_say_what_differs_from_what_it_looks_like() {
    let remarks = |text: &str| read(text).remarks.into_iter().map(|r| r.text).collect::<Vec<_>>();
    assert_eq!(remarks("@daily x\r\n"), [""; 0]);
    assert!(remarks("@daily x")[0].contains("no line end"));
    assert!(remarks("TZ=UTC\n")[0].contains("CRON_TZ does that"));
    assert!(remarks("17 * * * * root run-parts /etc/cron.hourly\n")[0].contains("--system"));
    assert_eq!(read("@daily x\r\n").lines[0].command, "x");
}

#[test]
fn the_same_line_is_known_again_wherever_it_stands() {
    let print = |text: &str| -> Vec<Value> {
        requests(&read(text)).iter().map(|r| r["tags"][2].clone()).collect()
    };
    let one = print("@daily x\n");
    assert_eq!(print("# moved\n\n@daily   x\n"), one);
    let twice = print("@daily x\n@daily x\n");
    assert_eq!(twice[0], one[0]);
    assert_ne!(twice[1], one[0], "cron runs a line that stands there twice two times");
    for other in
        ["@daily y\n", "@hourly x\n", "A=1\n@daily x\n", "MAILTO=\n@daily x\n", "@daily x%\n"]
    {
        assert_ne!(print(other), one, "{other}");
    }
}
