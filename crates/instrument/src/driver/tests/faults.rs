//! Bad files: each fault has its line, its key, and a sentence that says what would be right.

use std::collections::BTreeMap;

use super::super::{Driver, check};

const HEAD: &str = "kind = \"multimeter\"\ntitle = \"A test\"\n";

fn faults(text: &str) -> Vec<String> {
    match Driver::parse("test", text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// The faults of a file with a head of two lines.
fn body(text: &str) -> Vec<String> {
    faults(&format!("{HEAD}{text}"))
}

#[test]
fn files_that_are_none_and_heads() {
    assert!(faults("kind = ")[0].starts_with("line 1: this is not TOML"));
    assert_eq!(
        faults("title = \"x\"\n\nkind = \"power_suply\"\nverbs = 1\n"),
        [
            "line 3: kind: 'power_suply' is not a kind of equipment (did you mean 'power_supply'?); it \
             is one of electronic_load, function_generator, multimeter, oscilloscope and power_supply",
            "line 4: verbs: this is not a key of this table (did you mean 'verb'?); its keys are kind, \
             title, extends, fallback, match, without, capabilities, protocol, verb, setting, \
             safe_state and sampling",
        ]
    );
    assert_eq!(
        faults(""),
        [
            "line 1: kind: a driver needs its kind, one of electronic_load, function_generator, \
             multimeter, oscilloscope and power_supply",
            "line 1: title: a driver needs a title that says what it is for",
        ]
    );
    assert_eq!(
        body("extends = \"rigol_dp80\"\n"),
        [
            "line 3: extends: there is no built-in driver 'rigol_dp80' that could be extended (did you \
             mean 'rigol_dp800'?)"
        ]
    );
}

#[test]
fn verbs() {
    for (text, fault) in [
        ("[verb.x]\n", "line 3: verb.x: a verb needs one of send, ask and steps"),
        (
            "[verb.x]\nsnd = \"A\"\n",
            "line 4: verb.x.snd: this is not a key of this table (did you mean 'send'?)",
        ),
        (
            "[verb.x]\nsend = 5\n",
            "line 4: verb.x.send: this has to be a text or a list of texts, not of type integer",
        ),
        (
            "[verb.X]\nsend = \"A\"\n",
            "line 3: verb.X: a name has lower-case letters, digits and '_', and begins with a letter",
        ),
        ("[verb.scpi]\nsend = \"A\"\n", "line 3: verb.scpi: every driver has this verb already"),
        (
            "[verb.x]\nsend = \"A {b}\"\n",
            "line 3: verb.x: the verb x has no parameter 'b'; it has none",
        ),
        ("[verb.x]\nsend = \"A {b\"\n", "line 4: verb.x.send: a '{' has no '}'"),
        (
            "[verb.x]\nsend = \"A?\"\n",
            "line 3: verb.x: 'A?' is a query: it belongs under ask, where its reply is read",
        ),
        (
            "[verb.x]\nask = \"A\"\n",
            "line 3: verb.x: 'A' is no query: send it, with expect_reply = true if it answers",
        ),
        (
            "[verb.x]\nsend = \"*SAV 1\"\n",
            "line 3: verb.x: '*SAV 1' writes to non-volatile memory: the verb needs non_volatile = true",
        ),
        (
            "[verb.x]\nask = \"A?\"\nreply = \"nmber\"\n",
            "line 5: verb.x.reply: 'nmber' is not a type of reply",
        ),
        (
            "[verb.x]\nask = \"A?\"\nreply = \"choice\"\n",
            "line 3: verb.x: a choice needs its words",
        ),
    ] {
        let found = body(text);
        assert!(found.first().is_some_and(|first| first.starts_with(fault)), "{text}: {found:?}");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn parameters() {
    for (text, fault) in [
        (
            "[verb.x]\nparameters.a = { type = \"numbr\" }\nsend = \"A\"\n",
            "line 4: verb.x.parameters.a.type: 'numbr' is not a type",
        ),
        (
            "[verb.x]\nparameters.a = { type = \"number\", min = 5, max = 1 }\nsend = \"A {a}\"\n",
            "line 4: verb.x.parameters.a: min, 5, is more than max, 1",
        ),
        (
            "[verb.x]\nparameters.a = { type = \"number\", max = 1, default = 2 }\nsend = \"A {a}\"\n",
            "line 4: verb.x.parameters.a.default: the default has to be a number of at most 1, not 2",
        ),
        (
            "[verb.x]\nparameters.a = { type = \"number\", max = inf }\nsend = \"A {a}\"\n",
            "line 4: verb.x.parameters.a.max: this has to be a number, not of type float",
        ),
        (
            "[verb.x]\nparameters.a = { type = \"choice\", choices = [\"A;B\"] }\nsend = \"A {a}\"\n",
            "line 4: verb.x.parameters.a.choices: the word 'A;B' cannot be sent: it has ';'",
        ),
        (
            "[verb.x]\nparameters.a = { type = \"number\", optional = true }\nsend = \"A {a}\"\n",
            "line 3: verb.x: the parameter a may be missing: put its place in '[ ]', or say when = \"a\"",
        ),
    ] {
        let found = body(text);
        assert!(found.first().is_some_and(|first| first.starts_with(fault)), "{text}: {found:?}");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn steps() {
    for (steps, fault) in [
        (
            "{ send = \"A\", wait = 1 }",
            "line 4: verb.x.steps[1]: a step is one of send, ask, verb,",
        ),
        ("{ wait = -1 }", "line 4: verb.x.steps[1].wait: this may not be less than 0"),
        (
            "{ wait = \"long\" }",
            "line 4: verb.x.steps[1].wait: this has to be a number, or a parameter",
        ),
        ("{ wait = \"{t}\" }", "line 3: verb.x: the verb x has no parameter 't'; it has none"),
        (
            "{ repeat = 5, steps = [{ send = \"A\" }] }",
            "line 4: verb.x.steps[1]: repeat needs every",
        ),
        (
            "{ repeat = 5, every = 0, steps = [{ send = \"A\" }] }",
            "line 3: verb.x: every is at least 0.001 s",
        ),
        (
            "{ repeat = 5, every = 1, steps = [{ finally = [{ send = \"A\" }] }] }",
            "line 3: verb.x: finally may not stand within repeat or finally",
        ),
        ("{ finally = [] }", "line 4: verb.x.steps[1]: finally has no steps"),
        ("{ verb = \"y\" }", "line 3: verb.x: there is no verb 'y'"),
        ("{ verb = \"x\" }", "line 3: verb.x: it calls itself, or calls go deeper than 8"),
        (
            "{ verb = \"scpi\", with = { text = \"A\" } }",
            "line 3: verb.x: a verb may not call scpi: use send or ask",
        ),
        ("{ waveform = 1 }", "line 3: verb.x: a waveform needs [sampling.memory]"),
    ] {
        let found = body(&format!("[verb.x]\nsteps = [{steps}]\n"));
        assert!(found.first().is_some_and(|first| first.starts_with(fault)), "{steps}: {found:?}");
    }
    let call = "[verb.x]\nsteps = [{ verb = \"y\", with = { a = 9, b = 1 } }]\n\
                [verb.y]\nparameters.a = { type = \"number\", max = 5 }\nparameters.c = { type = \"number\" }\n\
                send = \"A {a},{c}\"\n";
    assert_eq!(
        body(call),
        [
            "line 3: verb.x: the parameter a of the verb y has to be a number of at most 5, not 9",
            "line 3: verb.x: the verb y has no parameter 'b'; it has a and c",
            "line 3: verb.x: the verb y needs its parameter c",
        ]
    );
    let promise = "[verb.x]\nsteps = [{ repeat = 5, every = 1, steps = [{ verb = \"y\" }] }]\n\
                   [verb.y]\nsteps = [{ finally = [{ send = \"A\" }] }]\n";
    assert_eq!(body(promise), ["line 3: verb.x: y has a finally: it may not be called from here"]);
}

#[test]
fn calls_of_everything_by_everything_come_to_an_end() {
    let verbs = |last: &str| {
        let mut text = String::new();
        for level in 0..7 {
            let call = format!("{{ verb = \"v{}\" }}, ", level + 1);
            text += &format!("[verb.v{level}]\nsteps = [{}]\n", call.repeat(20));
        }
        text + &format!("[verb.v7]\nsteps = [{{ {last} }}]\n")
    };
    assert_eq!(body(&verbs("verb = \"v0\"")).len(), 8, "all of them go round in a circle");
    let text = format!("{HEAD}{}", verbs("send = \"A\""));
    let driver = Driver::parse("test", &text).unwrap();
    let plan = |name: &str| driver.verb(name).unwrap().plan(&BTreeMap::new(), &driver);
    assert_eq!(plan("v4").unwrap().len(), 8_000);
    let error = plan("v0").unwrap_err();
    assert!(error.message.starts_with("the verb v7 comes after 10000 others"), "{error}");
}

#[test]
fn settings_safe_state_sampling_and_protocol() {
    let verb = "[verb.x]\nparameters.a = { type = \"number\" }\nsend = \"A {a}\"\n";
    for (text, fault) in [
        (
            "[setting.s]\nset = \"x\"\n",
            "line 6: setting.s: a setting needs ask, the query that reads it",
        ),
        (
            "[setting.s]\nask = \"A\"\nset = \"x\"\n",
            "line 7: setting.s.ask: the last message is not a query",
        ),
        (
            "[setting.s]\nask = [\"*SAV 1\", \"A?\"]\n",
            "line 7: setting.s.ask: '*SAV 1' writes to memory for good",
        ),
        (
            "[setting.s]\nask = \"A?\"\nset = \"xx\"\n",
            "line 8: setting.s.set: there is no verb 'xx'",
        ),
        (
            "[setting.s]\nask = \"A?\"\nreply = \"text\"\nset = \"x\"\n",
            "line 9: setting.s.set: a reply of the type text cannot be set back by the verb x",
        ),
        (
            "[setting.s]\nask = \"A?\"\nchannels = 2\n",
            "line 6: setting.s: a setting of each channel needs channels = N, and {channel}",
        ),
        ("[sampling]\nverb = \"x\"\n", "line 6: sampling: the verb x reads nothing"),
        ("[sampling]\nverb = \"z\"\n", "line 6: sampling: the driver test has no verb 'z'"),
        ("[sampling.memory]\n", "line 6: sampling.memory: a memory needs state, a query"),
        ("[protocol]\nterminator = \"x\"\n", "line 6: protocol.terminator: a terminator is one of"),
        (
            "[protocol]\nio_timeout = 0\n",
            "line 6: protocol.io_timeout: a time limit is more than 0 and at most 3600 seconds",
        ),
        (
            "[protocol]\nerror_query = \"*CLS\"\n",
            "line 7: protocol.error_query: this has to be a query, or false",
        ),
        (
            "[protocol]\non_connect = \"*PSC 0\"\n",
            "line 7: protocol.on_connect: '*PSC 0' writes to non-volatile memory",
        ),
    ] {
        let found = body(&format!("{verb}{text}"));
        assert!(found.first().is_some_and(|first| first.starts_with(fault)), "{text}: {found:?}");
    }
    let safe = |call: &str| body(&format!("safe_state = [{call}]\n{verb}"));
    assert_eq!(
        safe("{ verb = \"x\" }"),
        ["line 3: safe_state: the verb x needs its parameter a, a number"]
    );
    assert_eq!(
        safe("{ verb = \"scpi\", with = { text = \"*RST\" } }"),
        ["line 3: safe_state: the verb scpi may write to non-volatile memory"]
    );
    assert_eq!(
        body("extends = \"generic_multimeter\"\nwithout = [\"get_pressure\"]\n"),
        ["line 4: without: no verb or setting 'get_pressure' is inherited"]
    );
}

#[test]
fn a_check_says_what_a_file_offers() {
    let text = format!(
        "{HEAD}[verb.get_level]\nparameters.tank = {{ type = \"integer\", min = 1, max = 3, default = 1 }}\n\
         ask = \"LEV? {{tank}}\"\nunit = \"M\"\n"
    );
    let summary = check(&text).unwrap();
    assert_eq!(
        summary.verbs,
        [
            "get_level([tank: a whole number from 1 to 3]) -> level in M (may be repeated)",
            "scpi(text: a program message, [expect_reply: true or false])",
        ]
    );
    assert_eq!(summary.remarks.len(), 4, "{:?}", summary.remarks);
    assert!(summary.to_string().starts_with("A test (multimeter)\nverbs:\n  get_level("));
    assert_eq!(check("kind = 1").unwrap_err()[0].key, "kind");
}
