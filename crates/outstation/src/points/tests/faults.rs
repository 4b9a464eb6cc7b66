//! What is wrong is named with its line, its point and its key, and with what would be right.

use super::*;

/// Watched points to refer to, on lines 1 to 12.
const WATCHED: &str = "[[point]]\nname = 'pos'\nioa = 1\ntype = 'M_DP_NA_1'\n\
                       [[point]]\nname = 'volt'\nioa = 2\ntype = 'M_ME_NC_1'\n\
                       [[point]]\nname = 'tap'\nioa = 3\ntype = 'M_ST_NA_1'\n";

fn faults(text: &str) -> String {
    match read(text, Format::Toml) {
        Ok(points) => panic!("should be refused: {points:?}"),
        Err(error) => error.to_string(),
    }
}

/// The faults of a command whose rules begin on line 17.
fn command(kind: &str, rules: &str) -> String {
    let head = format!("[[point]]\nname = 'c'\nioa = 9\ntype = '{kind}'\n");
    faults(&format!("{WATCHED}{head}[point.command]\n{rules}\n"))
}

#[test]
fn of_points() {
    let one = |text: &str| faults(&format!("[[point]]\n{text}"));
    let table = [
        (
            "name = 'a'\nioa = 1\n",
            "line 1: point 'a': 'type' is missing, for example type = 'M_SP_NA_1'",
        ),
        (
            "name = 7\nioa = 1\ntype = 'M_SP_NA_1'\n",
            "line 2: point 1: 'name' is a text, for example 'breaker-7', not 7",
        ),
        (
            "name = 'a b'\nioa = 1\ntype = 'M_SP_NA_1'\n",
            "line 2: point 'a b': 'name' is made of letters, digits, '.', '_' and '-', begins with a letter or a digit, and has at most 128 of them; 'local' is taken",
        ),
        (
            "name = 'Not'\nioa = 1\ntype = 'M_SP_NA_1'\n",
            "line 2: point 'Not': 'Not' has a meaning in interlocks; choose another name",
        ),
        (
            "name = 'a'\nioa = 16777216\ntype = 'M_SP_NA_1'\n",
            "line 3: point 'a': 'ioa' is a whole number from 1 to 16777215, not 16777216",
        ),
        (
            "name = 'a'\nioa = -1\ntype = 'M_SP_NA_1'\n",
            "line 3: point 'a': 'ioa' is a whole number from 1 to 16777215, not -1",
        ),
        (
            "name = 'a'\nioa = 1.5\ntype = 'M_SP_NA_1'\n",
            "line 3: point 'a': 'ioa' is a whole number from 1 to 16777215, not 1.5",
        ),
        (
            "name = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\nca = 65535\n",
            "line 5: point 'a': 'ca' is a whole number from 1 to 65534, not 65535",
        ),
        (
            "name = 'a'\nioa = 1\ntype = 'M_SP_TB_1'\n",
            "line 4: point 'a': 'type' is written without the time tag: 'M_SP_NA_1', not 'M_SP_TB_1'; whether commands carry one is a setting of the outstation",
        ),
        (
            "name = 'a'\nioa = 1\ntype = 'C_SE_TC_1'\n",
            "line 4: point 'a': 'type' is written without the time tag: 'C_SE_NC_1', not 'C_SE_TC_1'; whether commands carry one is a setting of the outstation",
        ),
        (
            "name = 'a'\nioa = 1\ntype = 'C_SC_NA_1'\n",
            "line 1: point 'a': C_SC_NA_1 is a command, whose rules are missing: a table [point.command], with 'may' for those who may command it",
        ),
        (
            "name = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\ncommand = {}\n",
            "line 5: point 'a': M_SP_NA_1 is only told and cannot be commanded; the table 'command' belongs to the point with the type of the command, such as C_SC_NA_1",
        ),
        (
            "name = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\ncommand = true\n",
            "line 5: point 'a': 'command' is a table [point.command], not true",
        ),
        (
            "name = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\nuint = 'kV'\n",
            "line 5: point 'a': 'uint' is not known here (did you mean 'unit'?); there are name, ioa, type, ca, description, unit and command",
        ),
    ];
    for (text, wanted) in table {
        assert_eq!(one(text), wanted);
    }
    let unknown = one("name = 'a'\nioa = 1\ntype = 'M_SP_NA_2'\n");
    let wanted = "line 4: point 'a': 'M_SP_NA_2' is no type of points (did you mean 'M_SP_NA_1'?); there are M_SP_NA_1, M_DP_NA_1,";
    assert!(unknown.starts_with(wanted), "{unknown}");
}

#[test]
fn of_files() {
    assert!(faults("[[point]\n").starts_with("line 1: this is not TOML: "));
    assert_eq!(
        faults("\n[points]\n"),
        "line 2: each point is a table [[point]]; 'points' is a table"
    );
    assert_eq!(
        faults("[[pont]]\n"),
        "line 1: 'pont' is not known here (did you mean 'point'?); there are tables [[point]]"
    );
    assert_eq!(faults("point = [7]\n"), "line 1: point 1: a table belongs here, not 7");
    let twice = format!("{WATCHED}[[point]]\nname = 'pos'\nioa = 1\ntype = 'M_SP_NA_1'\n");
    assert_eq!(
        faults(&twice),
        "line 14: point 'pos': the name is given twice; each point has a name of its own\n\
         line 15: point 'pos': 'pos' is told at the address 1 too; each point has an address of its own"
    );
    assert_eq!(read("", Format::Toml), Ok(Vec::new()), "an outstation may have none");
}

#[test]
fn of_commands() {
    let table = [
        (
            "C_SC_NA_1",
            "may = ['anna']",
            "line 18: point 'c': 'may' names people as 'user:NAME' and 'token:NAME', or everybody as '*', not 'anna'",
        ),
        (
            "C_SC_NA_1",
            "may = ['user:']",
            "line 18: point 'c': 'may' names people as 'user:NAME' and 'token:NAME', or everybody as '*', not 'user:'",
        ),
        (
            "C_SC_NA_1",
            "may = '*'",
            "line 18: point 'c': 'may' is a list such as ['user:anna', 'token:night-shift'], not the text \"*\"",
        ),
        ("C_SC_NA_1", "select = 1", "line 18: point 'c': 'select' is true or false, not 1"),
        (
            "C_BO_NA_1",
            "select = true",
            "line 18: point 'c': C_BO_NA_1 cannot be selected before it is operated; 'select' is false",
        ),
        (
            "C_SC_NA_1",
            "qualifier = 32",
            "line 18: point 'c': 'qualifier' of C_SC_NA_1 is 0 to 31 (QU), not 32",
        ),
        (
            "C_SE_NB_1",
            "qualifier = 128\nrange = [0, 1]",
            "line 18: point 'c': 'qualifier' of C_SE_NB_1 is 0 to 127 (QL), not 128",
        ),
        (
            "C_BO_NA_1",
            "qualifier = 1",
            "line 18: point 'c': 'qualifier' of C_BO_NA_1 is 0: it has none, not 1",
        ),
        (
            "C_SE_NC_1",
            "",
            "line 13: point 'c': a set point needs the values it may have, for example range = [0, 100]",
        ),
        (
            "C_SE_NC_1",
            "range = [1]",
            "line 18: point 'c': 'range' is the least and the greatest value, for example [0, 100], not a list",
        ),
        (
            "C_SE_NC_1",
            "range = [1, nan]",
            "line 18: point 'c': 'range' is the least and the greatest value, for example [0, 100], not a list",
        ),
        (
            "C_SE_NC_1",
            "range = [2, 1]",
            "line 18: point 'c': 'range' has the least value first: [1, 2]",
        ),
        (
            "C_SE_NA_1",
            "range = [0, 1.1]",
            "line 18: point 'c': 'range' of C_SE_NA_1 lies within -1 and 1",
        ),
        (
            "C_SE_NB_1",
            "range = [0, 1.5]",
            "line 18: point 'c': 'range' of C_SE_NB_1 is two whole numbers",
        ),
        (
            "C_DC_NA_1",
            "range = [0, 1]",
            "line 18: point 'c': C_DC_NA_1 is no set point, and has no 'range'",
        ),
        (
            "C_SC_NA_1",
            "termination = 'maybe'",
            "line 18: point 'c': 'termination' is 'required', 'optional' or 'none', not the text \"maybe\"",
        ),
        (
            "C_SC_NA_1",
            "per_hour = 0",
            "line 18: point 'c': 'per_hour' is a whole number from 1 on, not 0; what nobody may command has no 'may'",
        ),
        (
            "C_SC_NA_1",
            "approval = 0",
            "line 18: point 'c': 'approval' is a number of seconds from 1 to 604800, not 0",
        ),
        (
            "C_SC_NA_1",
            "hours = ['Mo-Fr 06:00-22:00']",
            "line 18: point 'c': hours are written as 'Mon-Fri 06:00-22:00', 'Sat,Sun' or '22:00-06:00': 'Mo' is no day such as Mon",
        ),
        (
            "C_SC_NA_1",
            "feedback = 'poss'",
            "line 18: point 'c': its feedback names 'poss', and there is no such point (did you mean 'pos'?)",
        ),
        (
            "C_SC_NA_1",
            "feedback = 'volt'",
            "line 18: point 'c': its feedback 'volt' has the type M_ME_NC_1, and cannot show what came of it; M_SP_NA_1 or M_DP_NA_1 can",
        ),
        (
            "C_SC_NA_1",
            "feedback = 'c'",
            "line 18: point 'c': its feedback 'c' has the type C_SC_NA_1, and cannot show what came of it; M_SP_NA_1 or M_DP_NA_1 can",
        ),
        (
            "C_RC_NA_1",
            "feedback = 'pos'",
            "line 18: point 'c': its feedback 'pos' has the type M_DP_NA_1, and cannot show what came of it; M_ST_NA_1 can",
        ),
        (
            "C_SC_NA_1",
            "interlock = 'pos ='",
            "line 18: point 'c': an interlock is written as 'earth-switch-7 == off and bus-voltage < 5': one of ==, !=, <, <=, > and >= is missing after 'pos'",
        ),
        (
            "C_SC_NA_1",
            "interlock = 'poss == on'",
            "line 18: point 'c': its interlock names 'poss', and there is no such point (did you mean 'pos'?)",
        ),
        (
            "C_SC_NA_1",
            "interlock = 'c == on'",
            "line 18: point 'c': interlocks look at points that are told; 'c' is a command",
        ),
        (
            "C_SC_NA_1",
            "interlock = 'volt == 5'",
            "line 18: point 'c': in the interlock 'volt == 5': volt is compared with <, <=, > or >= and a number",
        ),
        (
            "C_SC_NA_1",
            "feedbck = 'pos'",
            "line 18: point 'c': 'feedbck' is not known here (did you mean 'feedback'?); there are feedback, select, qualifier, range, termination, per_hour, may, hours, approval and interlock",
        ),
    ];
    for (kind, rules, wanted) in table {
        assert_eq!(command(kind, rules), wanted, "{kind} {rules}");
    }
    // Everything at once, in the order of the lines.
    let all = command("C_SC_NA_1", "per_hour = 0\nselect = true\nmay = ['x']\nqualifier = 99");
    let lines: Vec<&str> = all.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["line 18", "line 20", "line 21"]);
}

#[test]
fn bombs_are_refused() {
    let bad = "[[point]]\nname = 'x'\nioa = 0\ntype = 'M_SP_NA_1'\nfeedbak = 1\n".repeat(500);
    let error = read(&bad, Format::Toml).unwrap_err();
    assert_eq!(error.faults.len(), 100, "{error}");
    let deep = format!("x = 1\n{}a = 1\n", "a.".repeat(500_000));
    assert_eq!(faults(&deep), "line 2: a key has more than 64 parts; points need three");
    let deep = format!("[[point]]\nx = {{ \"\\\"#\" = 1, b{} = 1 }}\n", ".b".repeat(500_000));
    assert_eq!(faults(&deep), "line 2: a key has more than 64 parts; points need three");
    let dots = format!("description = '{0}' # {0}", ".".repeat(200));
    let fine = format!("[[point]]\nname = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\n{dots}\n");
    assert_eq!(read(&fine, Format::Toml).unwrap().len(), 1);
    for nested in [format!("x = {}", "[".repeat(500_000)), format!("x = {}", "{a=".repeat(500_000))]
    {
        assert!(faults(&nested).contains("this is not TOML"));
    }
    let json = read(&"[".repeat(500_000), Format::Json).unwrap_err();
    assert!(json.to_string().contains("this is not JSON"), "{json}");
}

#[test]
fn texts_that_would_play_tricks_on_a_terminal_are_refused() {
    let point =
        |rest: &str| format!("[[point]]\nname = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\n{rest}\n");
    let told = faults(&point("unit = \"\\u001b[2J\""));
    let wanted =
        "line 5: point 'a': 'unit' is one line of at most 40 bytes without control characters";
    assert_eq!(told, wanted);
    assert!(faults(&point("description = \"a\\nb\"")).contains("'description' is one line"));
}

#[test]
fn too_many_points_are_refused_at_once() {
    let text = "[[point]]\nname = 'a'\nioa = 1\ntype = 'M_SP_NA_1'\n";
    let point = read(text, Format::Toml).unwrap().remove(0);
    let error = check(&vec![point; 100_001], 1).unwrap_err();
    assert_eq!(error.to_string(), "there are 100001 points; an outstation has at most 100000");
}
