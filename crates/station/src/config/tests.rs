//! What a configuration may say, and how it is told what it must not.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn written(text: &str, mode: u32) -> (tempfile::TempDir, Result<Settings, ConfigError>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let loaded = load(dir.path(), None);
    (dir, loaded)
}

#[test]
fn without_a_file_the_defaults_hold() {
    let dir = tempfile::tempdir().unwrap();
    let settings = load(dir.path(), None).unwrap();
    assert_eq!(settings.retention, Some(Duration::from_secs(30 * 86_400)));
    assert!(settings.channels.names().is_empty());
    let named = dir.path().join("other.toml");
    let error = load(dir.path(), Some(&named)).unwrap_err().to_string();
    assert!(error.contains("other.toml"), "{error}");
}

#[test]
fn everything_can_be_said() {
    let text = r#"
        [retention]
        days = 7
        [limits]
        running = 3
        output_bytes = 1000
        shutdown_seconds = 5
        clock_wait_seconds = 0
        [[notify]]
        name = "ops"
        type = "webhook"
        url = "https://ops.example/hook?key=1"
        secret = "s"
        min_severity = "error"
        [[notify]]
        name = "mail"
        type = "email"
        host = "mail.example"
        username = "u"
        password = "p"
        from = "Station <station@lab.example>"
        to = ["ann@lab.example", "Bob <bob@lab.example>"]
        [[notify]]
        name = "bell"
        type = "command"
        argv = ["/usr/bin/ring", "-l"]
    "#;
    let (_dir, settings) = written(text, 0o600);
    let settings = settings.unwrap();
    assert_eq!(settings.retention, Some(Duration::from_secs(7 * 86_400)));
    assert_eq!(settings.running, Some(3));
    assert_eq!(settings.output_bytes, Some(1000));
    assert_eq!(settings.shutdown, Some(Duration::from_secs(5)));
    assert_eq!(settings.clock_wait, Some(Duration::ZERO));
    assert_eq!(settings.channels.names(), ["bell", "mail", "ops"]);
    let (_dir, settings) = written("[retention]\ndays = \"forever\"\n", 0o644);
    assert_eq!(settings.unwrap().retention, None);
}

#[test]
fn a_file_with_secrets_is_its_owners_alone() {
    let secret = "[[notify]]\nname='a'\ntype='webhook'\nurl='http://h/'\nsecret='s'\n";
    for mode in [0o640, 0o604, 0o660] {
        let (dir, error) = written(secret, mode);
        let error = error.unwrap_err().to_string();
        let way_out = format!("run: chmod 600 {}", dir.path().join(FILE).display());
        assert!(error.ends_with(&way_out), "{error}");
        assert!(error.contains(&format!("{mode:03o}")), "{error}");
    }
    assert!(written(secret, 0o400).1.is_ok());
    assert!(written("[[notify]]\nname='a'\ntype='webhook'\nurl='http://h/'\n", 0o644).1.is_ok());
}

#[test]
fn mistakes_are_told_with_line_and_key() {
    let table = [
        ("[retention]\ndayz = 3\n", 2, "'dayz' is not a key of this table; did you mean 'days'?"),
        ("[retentoin]\n", 1, "'retentoin' is not a key of this table; did you mean 'retention'?"),
        (
            "\n[elsewhere]\n",
            2,
            "'elsewhere' is not a key of this table; it takes retention, limits, audit, notify",
        ),
        (
            "[retention]\ndays = 0\n",
            2,
            "days: invalid value: integer `0`, expected a number of days",
        ),
        ("[retention]\n\ndays = \"always\"\n", 3, "days: invalid value: string \"always\""),
        ("[retention]\ndays = -1\n", 2, "days: invalid value: integer `-1`"),
        ("[limits]\nrunning = 0\n", 2, "running: running must be at least 1"),
        ("[limits]\noutput_bytes = \"1G\"\n", 2, "output_bytes: invalid type: string \"1G\""),
        ("[limits\n", 1, "unclosed table"),
        ("[[notify]]\ntype='command'\n", 1, "missing field `name`"),
        ("[[notify]]\nname='a'\ntype='pager'\n", 3, "type: unknown variant `pager`"),
        ("[[notify]]\nname='a b'\ntype='command'\n", 2, "name: must be 1 to 64 letters"),
        ("\n[[notify]]\nname='a'\ntype='command'\n", 2, "a command channel needs 'argv'"),
        ("[[notify]]\nname='a'\ntype='command'\nargv=[]\n", 4, "argv: names no program"),
        (
            "[[notify]]\nname='a'\ntype='command'\nargv=['bell']\n",
            4,
            "argv: 'bell' must be the whole path",
        ),
        (
            "[[notify]]\nname='a'\ntype='command'\nargv=['/b']\nurl='http://h/'\n",
            5,
            "'url' is not a key of a command channel; it takes argv",
        ),
        (
            "[[notify]]\nname='a'\ntype='command'\nargv=['/b']\n\
             [[notify]]\nname='a'\ntype='command'\nargv=['/b']\n",
            6,
            "name: there is a channel 'a' already",
        ),
        (
            "[audit]\nsyslog='syslog://h'\n",
            2,
            "syslog: 'syslog://h' is none of udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT",
        ),
        ("[audit]\nsyslog='tls://h'\n", 2, "syslog: over TLS needs 'syslog_ca'"),
        (
            "[audit]\nsyslog='tcp://h'\nsyslog_ca='/etc/passwd'\n",
            3,
            "syslog_ca: is for tls:// alone, and syslog is tcp://h:601",
        ),
        (
            "[audit]\nsyslog='tls://h'\nsyslog_ca='/nonexistent'\n",
            3,
            "syslog_ca: there is no file /nonexistent",
        ),
        (
            "[audit]\nsyslog='tls://h'\nsyslog_ca='/etc/passwd'\nsyslog_cert='/etc/passwd'\n",
            2,
            "syslog: 'syslog_cert' needs 'syslog_key'",
        ),
        (
            "[audit]\nsyslog='udp://h'\nsyslog_facility=24\n",
            3,
            "syslog_facility: 24 is none; they go from 0 to 23",
        ),
        ("[audit]\nsyslog_facility=13\n", 2, "this needs 'syslog'"),
        ("[[notify]]\nname='a'\ntype='webhook'\n", 1, "a webhook channel needs 'url'"),
        (
            "[[notify]]\nname='a'\ntype='webhook'\nurl='ftp://h/'\n",
            4,
            "url: must begin with http:// or https://",
        ),
        (
            "[[notify]]\nname='a'\ntype='webhook'\nurl='http://h/'\nca_file='/nonexistent'\n",
            5,
            "ca_file: there is no file /nonexistent",
        ),
        (
            "[[notify]]\nname='a'\ntype='email'\nhost='h'\nfrom='a@b.example'\nto=[]\n",
            6,
            "to: names nobody",
        ),
        (
            "[[notify]]\nname='a'\ntype='email'\nhost='h'\nfrom='a@b.example'\nto=['x']\n",
            6,
            "to: 'x' is not a mail address",
        ),
        (
            "[[notify]]\nname='a'\ntype='email'\nhost='h'\nsecurity='none'\nusername='u'\n\
             password='p'\nfrom='a@b.example'\nto=['c@d.example']\n",
            7,
            "password: would go to the server in plain text",
        ),
    ];
    for (text, line, said) in table {
        let (dir, error) = written(text, 0o600);
        let error = error.unwrap_err().to_string();
        let path = dir.path().join(FILE);
        let begin = format!("{}, line {line}: {said}", path.display());
        assert!(error.starts_with(&begin), "of {text:?}\nit is said {error}\nrather than {begin}");
    }
}

#[test]
fn no_error_tells_a_secret() {
    for text in [
        "[[notify]]\nname='a'\ntype='webhook'\nurl='http://h/'\nsecret=['s3cr3t']\n",
        "[[notify]]\nname='a'\ntype='command'\nargv=['/b']\nsecret='s3cr3t'\n",
        "[[notify]]\nname='a'\ntype='webhook'\nurl='s3cr3t'\n",
        "[[notify]]\nname='a'\ntype='email'\npassword='s3cr3t'\n",
    ] {
        let error = written(text, 0o600).1.unwrap_err().to_string();
        assert!(!error.contains("s3cr3t"), "{error}");
    }
}
