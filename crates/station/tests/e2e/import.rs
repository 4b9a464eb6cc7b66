//! import and simulate with the real program, the real store and, where it is about runs, the daemon.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::support::{Site, wait_for};

const CRONTAB: &str = "\
# A user's crontab.
MAILTO=
GREETING = \"Good day\"
CRON_TZ=Europe/Berlin
30 2 * * * echo backup
*/10 9-17 * * mon-fri cat%$GREETING%100\\%
@yearly true
";

/// Gives a crontab on standard input.
fn import(site: &Site, args: &[&str], crontab: &str) -> Output {
    let mut command = site.station();
    command.args(["import", "crontab", "-"]).args(args).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(crontab.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn imported(site: &Site, args: &[&str], crontab: &str) -> Value {
    let output = import(site, &[&["--json"], args].concat(), crontab);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn jobs(site: &Site) -> Vec<Value> {
    site.json(["list", "--all", "--json"])["jobs"].as_array().unwrap().clone()
}

#[test]
fn a_crontab_is_imported_once() {
    let site = Site::new();
    let dry = imported(&site, &["--dry-run"], CRONTAB);
    assert_eq!(dry["created"].as_array().unwrap().len(), 3);
    assert!(dry["created"][2]["next_run"].as_str().unwrap().contains("-01-01T00:00:00"), "{dry}");
    assert_eq!(jobs(&site).len(), 0);

    let first = imported(&site, &[], CRONTAB);
    assert_eq!(first["created"].as_array().unwrap().len(), 3);
    assert_eq!(first["created"][2]["next_run"], dry["created"][2]["next_run"]);
    let more = format!("{CRONTAB}@hourly true\n");
    let again = imported(&site, &[], &more);
    assert_eq!(again["present"].as_array().unwrap().len(), 3);
    assert_eq!(again["created"].as_array().unwrap().len(), 1);
    assert_eq!(jobs(&site).len(), 4);

    let job = &site.json(["show", "2", "--json"]);
    assert_eq!(job["cron_expression"], "*/10 9-17 * * mon-fri");
    assert_eq!(job["timezone"], "Europe/Berlin");
    assert_eq!((&job["conflict_policy"], &job["max_instances"]), (&"replace".into(), &1000.into()));
    assert_eq!((&job["retries"], &job["timeout_seconds"]), (&0.into(), &Value::Null));
    assert_eq!(job["mail"], Value::Null);
}

#[test]
fn an_import_with_a_bad_line_leaves_nothing_behind() {
    let site = Site::new();
    let bad = format!("{CRONTAB}@fortnightly true\n0 0 31 2 * true\n");
    let output = import(&site, &[], &bad);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("line 8: @fortnightly true: "), "{said}");
    assert!(said.contains("line 9: 0 0 31 2 * true: "), "{said}");
    assert_eq!(jobs(&site).len(), 0);
    assert_eq!(imported(&site, &["--skip-refused"], &bad)["created"].as_array().unwrap().len(), 3);
    assert_eq!(jobs(&site).len(), 3);
}

/// Starts the daemon as on a machine that has been started so often.
fn start_in_boot(site: &mut Site, boot: u32) {
    let mut command = site.station();
    command.env("STATION_BOOT_ID", format!("boot-{boot}"));
    site.start_as(command, &[]);
}

#[test]
fn what_is_to_run_at_reboot_runs_once_after_each_start_of_the_machine() {
    let mut site = Site::new();
    start_in_boot(&mut site, 1);
    let ledger = site.scratch().join("boots");
    let line = format!("@reboot echo up >> {}\n", ledger.display());
    assert_eq!(imported(&site, &[], &line)["created"].as_array().unwrap().len(), 1);
    let job = &jobs(&site)[0];
    assert_eq!((&job["trigger_type"], &job["next_run"]), (&"boot".into(), &Value::Null));
    assert_eq!(job["status"], "pending");
    let id = job["job_id"].as_str().unwrap().to_owned();
    let runs = |site: &Site| {
        let history = site.get(&format!("/api/scheduler/jobs/{id}/history"));
        history["history"]["successful"].as_u64().unwrap()
    };
    // Another daemon in the same boot, then the machine is started twice.
    for (boot, ran) in [(1, 0), (2, 1), (2, 1), (3, 2)] {
        site.kill();
        start_in_boot(&mut site, boot);
        wait_for("the runs of the boots so far", || (runs(&site) == ran).then_some(()));
    }
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), "up\nup\n");
    let shown = &jobs(&site)[0];
    assert_eq!((&shown["status"], &shown["next_run"]), (&"pending".into(), &Value::Null));
    let doctor = site.run(["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
    let why = site.ok(["why", &id]);
    assert!(why.contains("when the machine is started the next time"), "{why}");
    let next = site.run(["next", &id]);
    let told = String::from_utf8(next.stderr).unwrap();
    assert!(told.contains("runs when the machine is started the next time"), "{told}");
}

#[test]
fn imported_commands_run_as_cron_runs_them() {
    let mut site = Site::new();
    site.start();
    let home = site.scratch();
    let crontab = format!(
        "MAILTO=\nHOME={}\nA='b  c'\n@yearly pwd; umask; echo \"$A|$SHELL|$PATH|$HOME\"; \
         test -z \"$STATION_DATA_DIR\" && cat%in%put\n",
        home.display()
    );
    imported(&site, &["--tz", "UTC"], &crontab);
    site.ok(["run-now", "1"]);
    let shown = wait_for("the run to end", || {
        let list = site.get("/api/scheduler/executions?job_id=1");
        let status = list["executions"][0]["status"].as_str()?.to_owned();
        (status != "running" && status != "pending").then_some(status)
    });
    assert_eq!(shown, "completed");
    let home = home.display();
    let expected = format!("{home}\n0022\nb  c|/bin/sh|/usr/bin:/bin|{home}\nin\nput\n");
    assert_eq!(site.ok(["logs", "1"]), expected);
}

#[test]
fn an_at_stations_store_is_imported_once() {
    let site = Site::new();
    let file = site.scratch().join("jobs.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store
        .execute_batch(
            "CREATE TABLE jobs (job_id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL,
                 execute_at TEXT NOT NULL, created_at TEXT NOT NULL, status TEXT NOT NULL,
                 retry_count INTEGER DEFAULT 0, output TEXT, error TEXT);
             INSERT INTO jobs (command, execute_at, created_at, status) VALUES
                 ('echo later', '2199-01-01T10:00:00', '2026-01-01T10:00:00', 'pending'),
                 ('echo late', '2020-01-01T10:00:00', '2019-01-01T10:00:00', 'pending'),
                 ('echo done', '2020-01-01T10:00:00', '2019-01-01T10:00:00', 'completed')",
        )
        .unwrap();
    drop(store);
    let file = file.to_str().unwrap();
    let refused = site.run(["import", "at-station", file]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert_eq!(jobs(&site).len(), 0);
    let done = site.json(["import", "at-station", file, "--skip-refused", "--json"]);
    assert_eq!(done["left"]["completed"], 1);
    assert_eq!(done["created"][0]["next_run"], "2199-01-01T10:00:00.000000+00:00");
    let again = site.json(["import", "at-station", file, "--overdue", "--json"]);
    assert_eq!(again["present"][0]["job_id"], "1");
    assert_eq!(again["created"].as_array().unwrap().len(), 1);
    assert_eq!(site.json(["show", "1", "--json"])["retries"], 3);
}

#[test]
fn lablinks_jobs_are_imported_with_its_days_of_the_week() {
    let site = Site::new();
    let file = site.scratch().join("scheduler.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store
        .execute_batch(
            "CREATE TABLE scheduled_jobs (job_id TEXT PRIMARY KEY, name TEXT NOT NULL,
                 schedule_type TEXT NOT NULL, equipment_id TEXT, trigger_type TEXT NOT NULL,
                 cron_expression TEXT, time_of_day TEXT, day_of_week INTEGER, parameters TEXT,
                 enabled INTEGER DEFAULT 1, created_at TEXT NOT NULL);
             INSERT INTO scheduled_jobs VALUES
                 ('a', 'Report', 'script', NULL, 'cron', '0 8 * * 0-4', NULL, NULL,
                  '{\"command\": \"true\"}', 1, ''),
                 ('b', 'Weekly', 'script', NULL, 'weekly', NULL, '09:00', 0,
                  '{\"command\": \"true\"}', 0, ''),
                 ('c', 'Volts', 'measurement', 'psu_1', 'cron', '0 * * * *', NULL, NULL,
                  '{\"command\": \"get_voltage\"}', 1, '')",
        )
        .unwrap();
    drop(store);
    let file = file.to_str().unwrap();
    let output = site.run(["import", "lablink", file, "--skip-refused"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("'0 8 * * 0-4' becomes '0 8 * * 1-5'"), "{said}");
    assert!(
        said.contains("job c: Volts: it works on the equipment 'psu_1', which is not"),
        "{said}"
    );
    assert_eq!(site.json(["show", "1", "--json"])["cron_expression"], "0 8 * * 1-5");
    let weekly = site.json(["show", "2", "--json"]);
    assert_eq!((&weekly["day_of_week"], &weekly["enabled"]), (&0.into(), &false.into()));
}

#[test]
fn a_year_is_simulated_with_its_clock_changes() {
    let site = Site::new();
    imported(&site, &[], CRONTAB);
    let span = ["--from", "2027-01-01T00:00:00Z", "--to", "2028-01-01T00:00:00Z"];
    let [from, begin, to, end] = span;
    let told = site.json(["simulate", "schedule", from, begin, to, end, "--json"]);
    assert_eq!(told["complete"], true);
    // 365 nights, 54 ten-minute marks on each of 261 weekdays, and New Year in Berlin, which is
    // still the old year's last hour in UTC.
    let firings: Vec<_> =
        told["jobs"].as_array().unwrap().iter().map(|job| job["firings"].as_u64()).collect();
    assert_eq!(firings, [Some(365), Some(261 * 54), Some(1)]);
    let changes = told["clock_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "{told}");
    assert_eq!((&changes[0]["moved"], &changes[0]["skipped"]), (&1.into(), &0.into()));
    assert_eq!((&changes[1]["moved"], &changes[1]["doubled"]), (&0.into(), &0.into()));
    let report = site.ok(["simulate", "schedule", from, begin, to, end]);
    assert!(report.contains("job 1 (echo backup): 1 moved"), "{report}");
    let refused = site.run(["simulate", "schedule", from, end, to, begin]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
