//! `lilim route --compare` as a user meets it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod place;

use place::{Place, prompts};

#[test]
fn what_routing_saved_is_told_with_the_noise_of_the_machine() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(12));
    let found = place.json(&[
        &file,
        "--compare",
        "small",
        "--rounds",
        "6",
        "-n",
        "4",
        "--classifier",
        "keywords",
        "--mapping",
        &place.write("map.json", r#"{"Creative":"other"}"#),
    ]);
    assert_eq!(found["samples"].as_array().unwrap().len(), 18);
    let time = &found["ratios"][0];
    assert!(time["ratio"][0].as_f64().unwrap() > 0.0, "{time}");
    assert!(time["noise_floor"][1].as_f64().is_some(), "{time}");
    let whole = &found["whole_time"];
    let ms = |side: &str| whole[side].as_f64().unwrap();
    let ratio = |place: usize| whole["ratio"][place].as_f64().unwrap();
    assert_eq!(ratio(0), ms("routed_ms") / ms("direct_ms"), "{whole}");
    assert!(ratio(1) <= ratio(0) && ratio(0) <= ratio(2), "{whole}");
    // Both files are the same model.
    assert_eq!(found["n_same"], found["n_answers"]);
}

#[test]
fn answers_are_scored_under_the_direct_model_beside_its_own_and_those_to_other_prompts() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(8));
    let arguments = [
        &file as &str,
        "--compare",
        "small",
        "--rounds",
        "6",
        "-n",
        "8",
    ];
    let routed_elsewhere = [&arguments[..], &["--default", "other"]].concat();
    let found = place.json(&routed_elsewhere);
    let quality = &found["quality"];
    assert_eq!(quality["n"], 8, "{quality}");
    // The other file is the same model: the same answers, the same scores.
    assert_eq!(quality["routed"], quality["direct"]);
    assert_eq!(quality["difference"][0], 0.0);
    assert_eq!(quality["n_different"], 0);
    let above = quality["over_shuffled"][0].as_f64().unwrap();
    assert!(
        above > 0.0,
        "an answer suits its own prompt best: {quality}"
    );
    let (out, _) = place.fine(&routed_elsewhere);
    assert!(out.contains("advantage by construction"), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn each_side_has_a_peak_of_its_own_process() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(6));
    let map = place.write("map.json", r#"{"Creative":"other","Role-based":"other"}"#);
    let found = place.json(&[
        &file,
        "--mapping",
        &map,
        "--compare",
        "small",
        "--rounds",
        "6",
        "-n",
        "4",
        "-m",
        "small",
        "-m",
        "other",
    ]);
    let memory = &found["memory"];
    assert!(memory["why_null"].is_null(), "{memory}");
    let bytes = |side: &str| memory[format!("{side}_peak_rss_bytes")].as_f64().unwrap();
    // Routing had two models in memory.
    assert!(bytes("routed") > bytes("direct"), "{memory}");
    assert_eq!(memory["ratio"], bytes("routed") / bytes("direct"));
    // Also where nothing but a file may follow.
    let plain = [
        "--json",
        "--compare",
        "small",
        "--rounds",
        "6",
        "-n",
        "1",
        "--",
        &file,
    ];
    let found: serde_json::Value = serde_json::from_str(&place.fine(&plain).0).unwrap();
    assert!(found["memory"]["why_null"].is_null(), "{}", found["memory"]);
}

#[test]
fn what_routing_evicts_is_not_charged_to_the_direct_arm() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(12));
    let mapping = place.write("map.json", r#"{"Creative":"other","Role-based":"other"}"#);
    let need = place.need_mib();
    let budget = (need + need / 2).to_string();
    let found = place.json(&[
        &file,
        "--compare",
        "small",
        "--rounds",
        "6",
        "-n",
        "2",
        "--memory-budget",
        &budget,
        "--mapping",
        &mapping,
        "--default",
        "small",
    ]);
    let samples = found["samples"].as_array().unwrap();
    let load_ms = |arm: &str| {
        let ours = samples.iter().filter(|one| one["arm"] == arm);
        let rows = ours.flat_map(|one| one["rows"].as_array().unwrap());
        rows.map(|row| row["load_ms"].as_f64().unwrap())
            .sum::<f64>()
    };
    assert!(load_ms("routed") > 0.0, "every round has both models");
    assert_eq!(load_ms("direct") + load_ms("direct_again"), 0.0);
    assert!(found["n_restored"].as_u64().unwrap() > 0);
}
