//! Determinism: chunks, threads, levels, going back and shared prefixes leave no trace in a bit.

use lilim_api::LoadOptions;

use crate::support::{
    Expected, bits, exact, fixtures, levels, load, name_of, prefill, score_all, with_stepper,
};

#[test]
fn any_chunk_number_of_threads_and_level_gives_the_same_bits() {
    for folder in ["models", "quantized"] {
        for path in fixtures(folder) {
            let tokens = Expected::of(&path).tokens;
            let name = name_of(&path);
            let whole = bits(&score_all(&load(&path, &exact()), &tokens));
            let check = |what: String, options: LoadOptions| {
                let logits = bits(&score_all(&load(&path, &options), &tokens));
                assert!(logits == whole, "{name}: {what} changes the logits");
            };
            for chunk in [1, 3, 7, 16, 64] {
                check(format!("chunk {chunk}"), LoadOptions { chunk, ..exact() });
            }
            for n in [2, 3, 4] {
                let threads = Some(n);
                check(format!("{n} threads"), LoadOptions { threads, ..exact() });
            }
            // Of quantized weights the reference rounds nothing (docs/design/arithmetic.md).
            for level in levels() {
                if folder == "quantized" && level == lilim_api::Level::Reference {
                    continue;
                }
                let options = LoadOptions {
                    level: Some(level),
                    ..exact()
                };
                check(format!("level {level}"), options);
            }
        }
    }
}

#[test]
fn steps_give_the_bits_of_a_prompt() {
    for path in fixtures("models") {
        let tokens = Expected::of(&path).tokens;
        let model = load(&path, &exact());
        let as_prompt = with_stepper(&model, |stepper| {
            prefill(stepper, &tokens).unwrap();
            bits(stepper.logits())
        });
        let as_steps = with_stepper(&model, |stepper| {
            prefill(stepper, &tokens[..80]).unwrap();
            for &id in &tokens[80..] {
                stepper.step(id).unwrap();
            }
            bits(stepper.logits())
        });
        assert!(as_prompt == as_steps, "{}", name_of(&path));
    }
}

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

#[test]
fn verified_guesses_have_the_bits_of_single_steps_and_leave_no_trace() {
    for folder in ["models", "quantized"] {
        for path in fixtures(folder) {
            let tokens = Expected::of(&path).tokens;
            let name = name_of(&path);
            let model = load(&path, &exact());
            let whole = score_all(&model, &tokens);
            let vocab_size = model.info().vocab_size;
            let expected = |pos: usize| bits(&whole[pos * vocab_size..(pos + 1) * vocab_size]);
            with_stepper(&model, |stepper| {
                if stepper.max_verify() == 1 {
                    assert_eq!(model.info().arch, "rwkv7", "{name} does not guess");
                    return;
                }
                let mut pos = 20;
                prefill(stepper, &tokens[..pos]).unwrap();
                for (n, n_right) in [(2, 2), (16, 5), (3, 1), (8, 8), (1, 1), (5, 2)] {
                    let mut ids = tokens[pos..pos + n].to_vec();
                    for wrong in &mut ids[n_right..] {
                        *wrong = (*wrong + 1) % vocab_size as u32;
                    }
                    stepper.verify(&ids).unwrap();
                    assert_eq!(stepper.rewind(pos + n_right), pos + n_right);
                    for index in 0..n_right {
                        let got = bits(stepper.verified(index));
                        assert!(got == expected(pos + index), "{name}: {n} rows, {index}");
                    }
                    pos += n_right;
                }
                stepper.step(tokens[pos]).unwrap();
                assert!(bits(stepper.logits()) == expected(pos), "{name}: the end");
            });
        }
    }
}
