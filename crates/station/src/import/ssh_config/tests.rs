//! Tests of what is found in an ssh_config(5), nasty ones among them.

use std::fs;

use super::*;

/// A home with these files below `.ssh`; what is found from `config` on.
fn found(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Hosts, ImportError>) {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(".ssh").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let hosts = read(&home.path().join(".ssh/config"), Some(home.path()));
    (home, hosts)
}

fn aliases(config: &str) -> Vec<String> {
    found(&[("config", config)]).1.unwrap().aliases
}

#[test]
fn names_are_taken_however_they_are_written() {
    for (config, expected) in [
        ("Host a\n  HostName 10.0.0.1\nHost b c\n", &["a", "b", "c"][..]),
        ("HOST=a\nhost = b\n\thOsT\tc\t\r\n", &["a", "b", "c"]),
        ("Host \"a\" 'b' # c\n# Host d\n#Host e\n", &["a", "b"]),
        ("Host \"a b\"c\n", &[]),
        ("\"Host\" a\n", &["a"]),
        ("Host a a\nHost a\n", &["a"]),
        ("Host * !bad web? rack* gate\n", &["gate"]),
        ("HostName a\nHostKeyAlias b\nHosts c\nUser Host\n", &[]),
        ("Host a\n  ProxyCommand ssh -W %h:%p Host b\n", &["a"]),
        ("Match host a exec \"Host b\"\n  User x\nHost c\n", &["c"]),
        ("", &[]),
        ("Host\nHost a", &["a"]),
    ] {
        assert_eq!(aliases(config), expected, "{config}");
    }
}

#[test]
fn what_no_node_can_be_called_is_refused_with_its_place() {
    let config = "Host ok\n\nHost ::1 git@forge -x local grüße a,b [::1]:22 a\u{7}b\n";
    let (home, hosts) = found(&[("config", config)]);
    let hosts = hosts.unwrap();
    assert_eq!(hosts.aliases, ["ok"]);
    let texts: Vec<&str> = hosts.refused.iter().map(|one| one.text.as_str()).collect();
    let expected = ["::1", "git@forge", "-x", "local", "grüße", "a,b", "[::1]:22", "a b"];
    assert_eq!(texts, expected);
    let place = format!("{}:3", home.path().join(".ssh/config").display());
    assert!(hosts.refused.iter().all(|one| one.place == place), "{hosts:?}");
    assert_eq!(aliases("Host caf\u{e9}\nHost x\n"), ["x"]);
}

#[test]
fn included_files_are_followed_in_order() {
    let (_home, hosts) = found(&[
        ("config", "Include conf.d/*.conf \"with space\"\nInclude ~/.ssh/more\nHost last\n"),
        ("conf.d/20.conf", "Host second\n"),
        ("conf.d/10.conf", "Host first\nInclude deeper\n"),
        ("conf.d/30.txt", "Host never\n"),
        ("conf.d/.hidden.conf", "Host never\n"),
        // Within the block of `first`, so for it alone.
        ("deeper", "Host never\n"),
        ("with space", "Host *\nInclude inner\n"),
        ("inner", "Host third\n"),
        ("more", "Match all\nInclude rest\n"),
        ("rest", "Host fourth\n"),
    ]);
    let hosts = hosts.unwrap();
    assert_eq!(hosts.aliases, ["first", "second", "third", "fourth", "last"]);
    let remarks: Vec<&str> = hosts.remarks.iter().map(|remark| remark.text.as_str()).collect();
    assert_eq!(remarks, ["it is included for some hosts only, so it was not looked into"]);
}

#[test]
fn what_cannot_be_followed_is_told() {
    let (_home, hosts) = found(&[(
        "config",
        "Include none/*\nInclude ~joe/config\nMatch user root\n  Include x\nHost a\n",
    )]);
    let hosts = hosts.unwrap();
    assert_eq!(hosts.aliases, ["a"]);
    let told: Vec<&str> = hosts.remarks.iter().map(|remark| remark.text.as_str()).collect();
    let expected = [
        "there is no file none/*",
        "the directory of another user was not followed",
        "what Match matches only ssh can tell: no node is taken from it",
        "it is included for some hosts only, so it was not looked into",
    ];
    assert_eq!(told, expected);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let (home, hosts) = found(&[("config", "Include config\nHost a\n")]);
    let told = hosts.unwrap_err().0;
    assert!(told.ends_with("do files include each other?"), "{told}");
    let missing = read(&home.path().join("none"), Some(home.path())).unwrap_err().0;
    assert!(missing.contains("none cannot be read: No such file"), "{missing}");
    let directory = read(home.path(), Some(home.path())).unwrap_err().0;
    assert!(directory.ends_with("cannot be read: it is not a file"), "{directory}");
}

#[test]
fn bytes_that_are_no_text_do_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    fs::write(&file, b"Host a\xff\nHost \0\nHost b\n\"\nHost \"\nHost \\\n=\nHost c").unwrap();
    let hosts = read(&file, Some(home.path())).unwrap();
    assert_eq!(hosts.aliases, ["b", "c"]);
    assert_eq!(hosts.refused.len(), 3, "{:?}", hosts.refused);
}
