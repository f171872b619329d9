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
    // Both files are the same model.
    assert_eq!(found["n_same"], found["n_answers"]);
}
