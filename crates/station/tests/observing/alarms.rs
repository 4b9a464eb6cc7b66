//! Alarms from the failure to the receivers: a webhook, a mail server and a command, all real.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use ring::hmac;
use serde_json::{Value, json};
use station::notify::{Channel, Email, EmailSettings, SmtpSecurity, Webhook};
use station::runtime::Happening;
use station_core::engine::Request;
use station_core::model::{
    Action, Alarm, AlarmId, AlarmState, Bounds, DateTrigger, ExecutionId, Grace, InstrumentAction,
    JobId, JobSpec, Micros, Policies, Principal, Severity, Target, Trigger, Work,
};

use super::site::{PATIENCE, Site};

/// One request as a server reads it.
struct Posted {
    head: String,
    body: Vec<u8>,
}

impl Posted {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// A web server that answers each request with the next of these statuses.
fn receiver(statuses: &'static [&'static str]) -> (u16, mpsc::Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, posts) = mpsc::channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (stream, _) = listener.accept().unwrap();
            sender.send(answer(stream, status)).unwrap();
        }
    });
    (port, posts)
}

fn answer(mut stream: TcpStream, status: &str) -> Posted {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0);
    }
    let mut posted = Posted { head, body: Vec::new() };
    let length: usize = posted.header("content-length").unwrap().parse().unwrap();
    posted.body.resize(length, 0);
    reader.read_exact(&mut posted.body).unwrap();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).unwrap();
    posted
}

/// A mail server that takes one mail; what it was told, line by line.
fn mail_server() -> (u16, mpsc::Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, mails) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        let mut said = Vec::new();
        let mut in_data = false;
        stream.write_all(b"220 test ESMTP\r\n").unwrap();
        for line in reader.lines() {
            let line = line.unwrap();
            let reply = match line.split([' ', ':']).next().unwrap() {
                "." if in_data => {
                    in_data = false;
                    "250 taken\r\n"
                }
                _ if in_data => "",
                "EHLO" => "250-test\r\n250 8BITMIME\r\n",
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n"
                }
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            stream.write_all(reply.as_bytes()).unwrap();
            said.push(line);
        }
        sender.send(said).unwrap();
    });
    (port, mails)
}

#[test]
fn a_failure_reaches_everybody_who_is_to_be_told() {
    let (hook, posts) = receiver(&["500 Internal Server Error", "204 No Content"]);
    let (smtp, mails) = mail_server();
    let heard = tempfile::tempdir().unwrap();
    let bell = heard.path().join("bell");
    let site = Site::with(&format!(
        r#"
        [[notify]]
        name = "hook"
        type = "webhook"
        url = "http://127.0.0.1:{hook}/alarms?key=1"
        secret = "s3cr3t"
        [[notify]]
        name = "mail"
        type = "email"
        host = "127.0.0.1"
        port = {smtp}
        security = "none"
        from = "Station <station@lab.example>"
        to = ["ann@lab.example"]
        [[notify]]
        name = "bell"
        type = "command"
        argv = ["/bin/sh", "-c", "cat > {bell}.new && mv {bell}.new {bell}"]
        [[notify]]
        name = "disaster"
        type = "command"
        argv = ["/bin/false"]
        min_severity = "critical"
        "#,
        bell = bell.display()
    ));
    let job = site.job("exit 3", json!({ "on_failure_alarm": true, "retries": 0 }));

    // It is tried again until it is taken; what is told is signed each time.
    for attempt in 1..=2 {
        let posted = posts.recv_timeout(PATIENCE).unwrap();
        assert!(posted.head.starts_with("POST /alarms?key=1 HTTP/1.1\r\n"), "{}", posted.head);
        assert_eq!(posted.header("content-type"), Some("application/json"));
        let timestamp = posted.header("x-station-timestamp").unwrap();
        let signature = posted.header("x-station-signature").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cr3t");
        let signed = [timestamp.as_bytes(), b".", &posted.body].concat();
        let signature = unhex(signature.strip_prefix("sha256=").unwrap());
        hmac::verify(&key, &signed, &signature).unwrap();
        let alarm: Value = serde_json::from_slice(&posted.body).unwrap();
        assert_eq!(alarm["alarm_id"], format!("scheduler.{job}"), "attempt {attempt}");
        assert_eq!(alarm["message"], "Scheduled job 'sample' failed");
    }
    let mail = mails.recv_timeout(PATIENCE).unwrap().join("\n");
    for part in [
        "MAIL FROM:<station@lab.example>",
        "RCPT TO:<ann@lab.example>",
        "Subject: [error] Scheduled job 'sample' failed",
        "Auto-Submitted: auto-generated",
        &format!("Execution:     {job}.1"),
    ] {
        assert!(mail.contains(part), "{part}\nis not in\n{mail}");
    }
    let alarm: Value = serde_json::from_slice(&std::fs::read(&bell).unwrap()).unwrap();
    assert_eq!(alarm["severity"], "error");
    // All have been told, the one for disasters by silence.
    let owed = || site.get("/api/alarms/statistics")["statistics"]["notices_owed"].clone();
    let mut events = site.station.handle.listen().unwrap();
    while owed() != 0 {
        // Delivered notices are no events: each further job makes a round to look after.
        site.job("true", json!({}));
        site.ended(&mut events);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

#[test]
fn alarms_are_listed_acknowledged_and_cleared() {
    let site = Site::new();
    let mut events = site.station.handle.listen().unwrap();
    let job = site.job("exit 3", json!({ "on_failure_alarm": true, "retries": 0 }));
    let raised = loop {
        let event = site.block(events.recv()).unwrap();
        if let Happening::AlarmRaised(alarm) = &event.what {
            break alarm.clone();
        }
    };
    assert_eq!(raised.state, AlarmState::Active);
    let id = raised.id.to_string();
    let list = site.get("/api/alarms/events");
    let event = list["events"][0].clone();
    assert_eq!(event["event_id"], id);
    assert_eq!(event["severity"], "error");
    let mut details: Vec<_> = event["additional_data"].as_object().unwrap().keys().collect();
    details.sort();
    let all = [
        "equipment_id",
        "error",
        "execution_id",
        "job_id",
        "job_name",
        "occurrences",
        "schedule_type",
        "scheduled_time",
    ];
    assert_eq!(details, all);
    assert_eq!(event["additional_data"]["execution_id"], format!("{job}.1"));
    for (filter, count) in [
        ("?state=active", 1),
        ("?state=cleared", 0),
        ("?state=suppressed", 0),
        ("?severity=error", 1),
        ("?severity=critical", 0),
        ("?equipment_id=sensor_1", 0),
        ("?state=active&severity=error&limit=1", 1),
        ("/active", 1),
    ] {
        let found = site.get(&format!("/api/alarms/events{filter}"));
        assert_eq!(found["events"].as_array().unwrap().len(), count, "{filter}");
    }
    assert_eq!(site.ask("GET", "/api/alarms/events?state=angry", None).0, 422);
    assert_eq!(site.get(&format!("/api/alarms/events/{id}"))["event"], event);
    for missing in ["99", "x", "-1"] {
        assert_eq!(site.ask("GET", &format!("/api/alarms/events/{missing}"), None).0, 404);
    }
    let known = site.post(
        "/api/alarms/events/acknowledge",
        json!({ "event_id": id, "acknowledged_by": "operator1", "note": "looking" }),
    );
    assert_eq!(known["event"]["state"], "acknowledged");
    assert_eq!(known["event"]["acknowledged_by"], "operator1 (ann)");
    assert_eq!(known["event"]["acknowledgment_note"], "looking");
    let none = json!({ "event_id": "99" });
    assert_eq!(site.ask("POST", "/api/alarms/events/acknowledge", Some(none)).0, 404);
    let over = site.post(&format!("/api/alarms/scheduler.{job}/clear"), json!({}));
    assert_eq!(over["event"]["state"], "cleared");
    let (status, _) = site.ask("POST", &format!("/api/alarms/{id}/clear"), None);
    assert_eq!(status, 409);
    assert_eq!(site.ask("POST", "/api/alarms/scheduler.99/clear", None).0, 404);
    let statistics = &site.get("/api/alarms/statistics")["statistics"];
    assert_eq!(statistics["total_events"], 1);
    assert_eq!(statistics["cleared"], 1);
    assert_eq!(statistics["active"], 0);
    assert_eq!(statistics["by_severity"]["error"], 1);
}

fn alarm() -> Alarm {
    Alarm {
        id: AlarmId(1),
        job: Some(JobId(1)),
        topic: None,
        job_name: "sample".into(),
        schedule_type: "script".into(),
        equipment_id: None,
        state: AlarmState::Active,
        severity: Severity::Error,
        message: "Scheduled job 'sample' failed\r\nBcc: eve@evil.example".into(),
        execution: Some(ExecutionId { job: JobId(1), n: 1 }),
        error: None,
        scheduled: Micros(0),
        triggered_at: Micros(0),
        last_at: Micros(0),
        occurrences: 1,
        acknowledged_at: None,
        acknowledged_by: None,
        note: None,
        cleared_at: None,
    }
}

fn mail_over(port: u16, security: SmtpSecurity) -> Email {
    let host = "127.0.0.1".to_owned();
    let settings = EmailSettings { host, port, security, login: None, ca_file: None };
    Email::new(settings, "station@lab.example", &["ann@lab.example".to_owned()]).unwrap()
}

#[test]
fn what_is_not_taken_is_told_without_the_secret_parts() {
    let (port, posts) = receiver(&["302 Found\r\nLocation: /elsewhere", "404 Not Found"]);
    let hook = Webhook::new(&format!("http://127.0.0.1:{port}/s3cr3t"), None, None).unwrap();
    assert_eq!(hook.deliver(&alarm()).unwrap_err(), "127.0.0.1 answered with 302 Found");
    assert_eq!(posts.recv_timeout(PATIENCE).unwrap().header("x-station-signature"), None);
    assert_eq!(hook.deliver(&alarm()).unwrap_err(), "127.0.0.1 answered with 404 Not Found");
    // Nobody listens there any more, and nobody speaks TLS here.
    let gone = hook.deliver(&alarm()).unwrap_err();
    assert!(gone.starts_with("cannot post to 127.0.0.1: ") && !gone.contains("s3cr3t"), "{gone}");
    let (plain, _mails) = mail_server();
    let hook = Webhook::new(&format!("https://127.0.0.1:{plain}/"), None, None).unwrap();
    assert!(hook.deliver(&alarm()).unwrap_err().starts_with("cannot post to 127.0.0.1: "));
}

#[test]
fn mail_is_kept_private_or_not_sent() {
    let (port, mails) = mail_server();
    let error = mail_over(port, SmtpSecurity::StartTls).deliver(&alarm()).unwrap_err();
    assert!(error.starts_with(&format!("127.0.0.1:{port} did not take the mail: ")), "{error}");
    let said = mails.recv_timeout(PATIENCE).unwrap().join("\n");
    assert!(!said.contains("MAIL FROM"), "{said}");
}

#[test]
fn a_mail_has_no_more_headers_than_it_should() {
    let (port, mails) = mail_server();
    mail_over(port, SmtpSecurity::None).deliver(&alarm()).unwrap();
    let said = mails.recv_timeout(PATIENCE).unwrap();
    assert!(said.iter().all(|line| !line.starts_with("Bcc")), "{said:?}");
}

/// A state capture of equipment that nobody has registered, due at once.
fn capture(equipment: &[&str]) -> Request {
    let work = Work::StateCapture;
    let action = InstrumentAction { work, profile: None, on_release: Vec::new() };
    let spec = JobSpec {
        name: "nightly settings".into(),
        description: None,
        action: Action::Instrument(Box::new(action)),
        target: Target::Equipment(equipment.iter().map(|&id| id.to_owned()).collect()),
        trigger: Trigger::Date(DateTrigger { at: Micros(5), zone: "UTC".into(), intent: None }),
        bounds: Bounds::default(),
        policies: Policies { alarm: true, grace: Grace::Forever, ..Policies::default() },
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(5),
        created_by: Principal::Unix { uid: 1000, name: Some("ann".into()) },
    };
    Request::Create { spec: Box::new(spec), context: None, immediate: true, paused: false }
}

#[test]
fn alarms_name_the_equipment_and_are_found_by_it() {
    let site = Site::new();
    let mut events = site.station.handle.listen().unwrap();
    for equipment in [&["psu_1"] as &[&str], &["dmm_1", "psu_1"], &["psu_10"]] {
        site.block(site.station.handle.request(capture(equipment))).unwrap();
        site.ended(&mut events);
    }
    let found = |filter: &str| {
        let found = site.get(&format!("/api/alarms/events?{filter}"));
        let events = found["events"].as_array().unwrap();
        events.iter().map(|event| event["equipment_id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("equipment_id=psu_1"), ["dmm_1,psu_1", "psu_1"]);
    assert_eq!(found("equipment_id=dmm_1&severity=error&state=active"), ["dmm_1,psu_1"]);
    assert_eq!(found("equipment_id=dmm_1&severity=critical"), [""; 0]);
    assert_eq!(found("equipment_id=psu_1&limit=1"), ["dmm_1,psu_1"]);
    assert_eq!(found("equipment_id=sensor_1"), [""; 0]);
    let event = site.get("/api/alarms/events?equipment_id=psu_1")["events"][1].clone();
    assert_eq!(event["message"], "Scheduled job 'nightly settings' failed");
    let details = &event["additional_data"];
    assert_eq!(details["job_id"], "1");
    assert_eq!(details["job_name"], "nightly settings");
    assert_eq!(details["execution_id"], "1.1");
    assert_eq!(details["error"], "equipment 'psu_1' is not registered");
    assert_eq!(details["equipment_id"], "psu_1");
    assert_eq!(details["schedule_type"], "state_capture");
    assert!(details["scheduled_time"].as_str().unwrap().starts_with("1970-01-01T"), "{details}");
}
