//! `station profile`: what is asked of the station, and what is shown.

use std::fs;

use serde_json::{Value, json};

use crate::equipment::screens;
use crate::support::{Fake, Reply, refusal};

fn profile(name: &str, settings: Value) -> Value {
    json!({
        "name": name, "description": "four cells", "equipment_type": "power_supply",
        "model": "DP832", "settings": settings, "tags": ["a", "b"],
        "commit": { "verb": "save_state", "parameters": { "slot": 1 } },
        "created_at": "2027-01-31T09:17:42.25+00:00",
        "modified_at": "2027-01-31T09:22:42+00:00",
    })
}

fn furnished() -> Fake {
    let named = profile("charge", json!({ "current": 2, "output": true, "voltage": 12.6 }));
    let calls = json!([
        { "verb": "set_voltage", "parameters": { "voltage": 5, "channel": 2 } },
        { "verb": "reset" },
    ]);
    let verbs = profile("verbs", calls);
    Fake::new(move |what, _| match what {
        "GET /api/profiles/list" => Reply::Json(200, json!({ "profiles": [named, verbs] })),
        "GET /api/profiles/list?equipment_type=multimeter" => {
            Reply::Json(200, json!({ "profiles": [] }))
        }
        "GET /api/profiles/charge" => Reply::Json(200, named.clone()),
        "GET /api/profiles/verbs" => Reply::Json(200, verbs.clone()),
        "POST /api/profiles/create" => Reply::Json(201, json!({ "profile": named })),
        "POST /api/profiles/charge/apply/psu" => Reply::Json(200, json!({ "success": true })),
        "POST /api/profiles/charge/apply/dmm" => {
            refusal(400, "profile 'charge' is for equipment of type power_supply, not multimeter")
        }
        "DELETE /api/profiles/charge" => Reply::Json(200, json!({ "success": true })),
        _ => refusal(404, "profile 'nosuch' not found"),
    })
}

#[test]
fn profiles_are_listed_shown_applied_and_removed() {
    let lines = [
        "list",
        "ls --type multimeter",
        "show charge",
        "show verbs",
        "show nosuch",
        "create charge --type power_supply voltage=5",
        "apply charge psu",
        "apply charge dmm",
        "rm charge nosuch",
    ];
    insta::assert_snapshot!(screens(&furnished(), "profile", &lines));
}

#[test]
fn a_profile_is_made_from_settings_or_from_a_file() {
    let fake = furnished();
    let line = "create charge --type power_supply --model DP832 --description cells --tag a --tag b \
                voltage=12.6 output=on mode=CV --commit";
    let words: Vec<&str> = ["station", "profile"]
        .into_iter()
        .chain(line.split_whitespace())
        .chain(["save_state slot=1"])
        .collect();
    fake.run(&words).ok();
    let expected = json!({
        "name": "charge", "equipment_type": "power_supply", "model": "DP832",
        "description": "cells", "tags": ["a", "b"],
        "settings": { "voltage": 12.6, "output": true, "mode": "CV" },
        "commit": { "verb": "save_state", "parameters": { "slot": 1 } },
    });
    assert_eq!(fake.body(), expected);
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let toml = file(
        "a.toml",
        "equipment_type = \"power_supply\"\ntags = [\"x\"]\n[[settings]]\nverb = \"reset\"\n",
    );
    let json = file("a.json", &profile("other", json!({ "voltage": 5 })).to_string());
    for (path, settings, tags) in
        [(toml, json!([{ "verb": "reset" }]), "x"), (json, json!({ "voltage": 5 }), "y")]
    {
        let fake = furnished();
        let mut words = vec!["station", "profile", "create", "charge", "-f", &path];
        if tags == "y" {
            words.extend(["--tag", "y"]);
        }
        fake.run(&words).ok();
        let body = fake.body();
        assert_eq!((&body["name"], &body["settings"]), (&json!("charge"), &settings));
        assert_eq!((&body["tags"], body.get("created_at")), (&json!([tags]), None));
    }
    let here = dir.path().to_str().unwrap().to_owned();
    let bad = [
        file("bad.toml", "settings = \n"),
        file("bad.json", "{"),
        file("list.json", "[]"),
        file("empty.toml", ""),
        file("bad.yaml", ""),
        format!("{here}/none.toml"),
    ];
    let mut screens = String::new();
    for path in &bad {
        let ran = furnished().run(&["station", "profile", "create", "charge", "-f", path]);
        screens.push_str(&ran.screen().replace(&here, "DIR"));
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn what_makes_no_profile_is_refused_before_anything_is_asked() {
    let fake = furnished();
    let lines = [
        "create charge",
        "create charge voltage=5",
        "create charge --type power_supply",
        "create charge --type power_supply voltage",
        "create charge -f a.toml voltage=5",
        "create charge --type power_supply voltage=5 --commit",
    ];
    insta::assert_snapshot!(screens(&fake, "profile", &lines));
    assert_eq!(fake.requests(), []);
}
