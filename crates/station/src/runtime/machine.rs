//! What the machine tells of itself: the version of its time-zone database, and its boot.

use std::path::{Path, PathBuf};

/// The version of the time-zone database, as it itself tells; `None` where it does not.
pub(super) fn zones_version() -> Option<String> {
    let told = std::env::var_os("TZDIR").map(PathBuf::from);
    version_in(told.as_deref().unwrap_or(Path::new("/usr/share/zoneinfo")))
}

/// The kernel's name of this boot of the machine; `None` where it does not tell.
///
/// `STATION_BOOT_ID` stands in for it where a machine cannot be started anew, as in tests.
pub(super) fn boot() -> Option<String> {
    let told = std::env::var("STATION_BOOT_ID").ok();
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    told.or_else(kernel).map(|text| text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// `tzdata.zi` begins with `# version 2026a`; some systems have a file `+VERSION`.
fn version_in(dir: &Path) -> Option<String> {
    let first_line = |name: &str| {
        let text = std::fs::read_to_string(dir.join(name)).ok()?;
        text.lines().next().map(|line| line.trim().to_owned())
    };
    let told = first_line("tzdata.zi")
        .and_then(|line| line.strip_prefix("# version ").map(|version| version.trim().to_owned()));
    told.or_else(|| first_line("+VERSION")).filter(|version| !version.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_file_tells_the_version() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(version_in(dir.path()), None);
        std::fs::write(dir.path().join("+VERSION"), "2026b\n").unwrap();
        assert_eq!(version_in(dir.path()).as_deref(), Some("2026b"));
        std::fs::write(dir.path().join("tzdata.zi"), "# version 2026c\n# more\n").unwrap();
        assert_eq!(version_in(dir.path()).as_deref(), Some("2026c"));
    }
}
