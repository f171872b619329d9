//! `lilim route eval --regret` as a user meets it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod place;

use place::{Place, prompts};
use serde_json::Value;

const MODELS: [&str; 4] = ["-m", "small", "-m", "other"];

fn way<'a>(hindsight: &'a Value, name: &str) -> &'a Value {
    let ways = hindsight["ways"].as_array().unwrap();
    let found = ways.iter().find(|way| way["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {hindsight}"))
}

#[test]
fn every_way_to_choose_stands_beside_the_policy() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(12));
    let map = place.write("map.json", r#"{"Creative":"other","Role-based":"other"}"#);
    let mut arguments = vec![
        "eval",
        &file,
        "--regret",
        "--mapping",
        &map,
        "--limit",
        "8",
        "-n",
        "4",
    ];
    arguments.extend(MODELS);
    let found = place.json(&arguments);
    assert_eq!(found["prompts"].as_array().unwrap().len(), 8);
    for hindsight in [&found["time"], &found["quality"]] {
        assert_eq!(hindsight["n"], 8, "{hindsight}");
        for name in [
            "the policy",
            "the policy, told the true category",
            "always small",
            "always other",
            "at random",
        ] {
            assert!(way(hindsight, name)["mean_regret"].as_f64().unwrap() >= 0.0);
        }
        assert_eq!(way(hindsight, "the best in hindsight")["mean_regret"], 0.0);
    }
    // Both files are the same model: no choice can be wrong by what it says.
    assert_eq!(way(&found["quality"], "the policy")["mean_regret"], 0.0);
    let (out, _) = place.fine(&arguments);
    assert!(
        out.contains("a decision adds") && out.contains("A proxy"),
        "{out}"
    );
}

#[test]
fn a_cascade_that_is_never_content_pays_for_every_step() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(6));
    let mut arguments = vec!["eval", &file, "--regret", "--cascade", "small,other"];
    arguments.extend(["--min-confidence", "1", "-n", "4", "--reference", "small"]);
    arguments.extend(MODELS);
    let found = place.json(&arguments);
    for prompt in found["prompts"].as_array().unwrap() {
        assert_eq!(
            prompt["predicted"]["asked"],
            serde_json::json!(["small", "other"])
        );
    }
    let both: f64 = ["always small", "always other"]
        .map(|name| way(&found["time"], name)["mean"].as_f64().unwrap())
        .iter()
        .sum();
    let policy = way(&found["time"], "the policy")["mean"].as_f64().unwrap();
    assert!((policy / both - 1.0).abs() < 1e-9, "{policy} {both}");
}

#[test]
fn what_regret_cannot_be_told_of_is_refused_with_what_is_missing() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(2));
    let cases: [(&[&str], &str); 4] = [
        (
            &["--regret", "-m", "small", "--direct", "small"],
            "two models",
        ),
        (&["--regret", "-m", "small", "-m", "other"], "a policy"),
        (
            &["--cascade", "small,other"],
            "--cascade says nothing without --regret",
        ),
        (&["--limit", "3"], "--regret"),
    ];
    for (flags, reason) in cases {
        let arguments = [&["eval", &file], flags].concat();
        let (code, err) = place.failure(&arguments);
        assert!(code == 2 && err.contains(reason), "{flags:?}: {code} {err}");
    }
}

#[test]
fn a_model_scores_its_own_token_as_likely_as_when_it_wrote_it() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(4));
    let mut arguments = vec![
        "eval",
        &file,
        "--regret",
        "--cascade",
        "small,other",
        "-n",
        "1",
    ];
    arguments.extend(MODELS);
    let found = place.json(&arguments);
    for prompt in found["prompts"].as_array().unwrap() {
        let answer = &prompt["answers"]["small"];
        let wrote = answer["confidence"].as_f64().unwrap().ln();
        let scored = answer["quality"].as_f64().unwrap();
        assert!((wrote - scored).abs() < 1e-4, "{answer}");
    }
}
