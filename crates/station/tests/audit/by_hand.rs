//! The commands of `docs/audit.md` find what the program finds.

use std::process::Command;

use super::*;

/// What the document says to save and run.
fn script() -> &'static str {
    let document = include_str!("../../../../docs/audit.md");
    let (_, rest) = document.split_once("```bash\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn by_hand(trail: &Trail, lines: &str, key: &str) -> (bool, String) {
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join("trail.jsonl"), lines).unwrap();
    std::fs::write(work.path().join("by-hand"), script()).unwrap();
    let mut bash = Command::new("bash");
    let ran = bash.args(["by-hand", "trail.jsonl", key]).current_dir(work.path()).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let errors = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(errors, "", "{said}");
    let hash = station_core::audit::to_hex(&trail.head().hash);
    assert!(
        !ran.status.success() || said.ends_with(&format!("the last hash is {hash}\n")),
        "{said}"
    );
    (ran.status.success(), said)
}

#[test]
fn a_trail_is_verified_with_a_shell() {
    let trail = Trail::filled(9);
    let lines = String::from_utf8(trail.export(AuditFilter::default(), Format::Jsonl)).unwrap();
    let key = station_core::audit::to_hex(&trail.key.public());
    let (right, said) = by_hand(&trail, &lines, &key);
    assert!(right, "{said}");
    assert_eq!(said.matches("Signature Verified Successfully").count(), 2);

    assert!(!by_hand(&trail, &lines, &"00".repeat(32)).0, "another key");
    let (right, said) = by_hand(&trail, &lines.replacen("job 5", "job 6", 1), &key);
    assert!(!right && said.contains("altered") && said.contains("\"seq\":5,"), "{said}");
    let cut: String = lines
        .lines()
        .filter(|line| !line.contains("\"seq\":7,"))
        .map(|l| format!("{l}\n"))
        .collect();
    assert!(!by_hand(&trail, &cut, &key).0, "a record is missing");
    let forged = lines.replacen("\"checkpoint\":\"4 ", "\"checkpoint\":\"3 ", 1);
    let (right, said) = by_hand(&trail, &forged, &key);
    assert!(!right && said.contains("the signature of checkpoint 3 is wrong"), "{said}");
}
