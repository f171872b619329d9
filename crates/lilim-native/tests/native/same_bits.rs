//! Determinism beside the table of `matrix.rs`: going back, and compressed caches.

use lilim_api::LoadOptions;

use crate::support::{
    Expected, bits, exact, fixtures, load, name_of, prefill, score_all, with_stepper,
};

#[test]
fn going_back_and_on_again_leaves_no_trace() {
    for path in fixtures("models") {
        let tokens = Expected::of(&path).tokens;
        let model = load(&path, &exact());
        let straight = with_stepper(&model, |stepper| {
            prefill(stepper, &tokens).unwrap();
            bits(stepper.logits())
        });
        with_stepper(&model, |stepper| {
            prefill(stepper, &tokens[..60]).unwrap();
            // something else, then back to a prefix that both share
            prefill(stepper, &tokens[10..30]).unwrap();
            let kept = stepper.rewind(50);
            let recurrent = model.info().arch == "rwkv7";
            assert_eq!(kept, if recurrent { 0 } else { 50 });
            assert!(stepper.logits().is_empty(), "stale logits");
            assert_eq!(stepper.tokens(), &tokens[..kept]);
            prefill(stepper, &tokens[kept..]).unwrap();
            assert!(bits(stepper.logits()) == straight, "{}", name_of(&path));
            assert_eq!(stepper.rewind(1000), tokens.len());
            assert!(bits(stepper.logits()) == straight, "nothing was taken back");
        });
    }
}

#[test]
fn compressed_caches_are_the_same_in_any_chunk() {
    for kv_type in lilim_api::KvType::ALL {
        for path in fixtures("models") {
            let tokens = Expected::of(&path).tokens;
            let logits = |chunk| {
                let options = LoadOptions {
                    chunk,
                    kv_type,
                    ..exact()
                };
                bits(&score_all(&load(&path, &options), &tokens))
            };
            assert!(logits(5) == logits(96), "{} {kv_type}", name_of(&path));
        }
    }
}
