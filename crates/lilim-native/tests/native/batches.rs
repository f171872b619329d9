//! Sequences of one model computed at the same time: none holds up another or changes its bits, also
//! where one is cancelled. That no bit tells is in `matrix.rs` too, for every model.

use std::sync::Arc;

use lilim_api::{
    CancelToken, EngineError, Event, GenerateRequest, LoadedModel, Prompt, SamplingOptions,
    StopOptions,
};

use lilim_api::event::EVENT_CHANNEL_BOUND;

use crate::support::{Expected, bits, exact, fixtures, load, name_of, prefill, with_stepper};

/// The logits after the prompt and after each step.
fn all_logits(model: &Arc<dyn LoadedModel>, prompt: &[u32], steps: &[u32]) -> Vec<Vec<u32>> {
    with_stepper(model, |stepper| {
        prefill(stepper, prompt).unwrap();
        let mut rows = vec![bits(stepper.logits())];
        for &id in steps {
            stepper.step(id).unwrap();
            rows.push(bits(stepper.logits()));
        }
        rows
    })
}

fn small_model(name: &str) -> Option<(Arc<dyn LoadedModel>, Vec<u32>)> {
    let path = fixtures("models")
        .into_iter()
        .find(|path| name_of(path) == name)?;
    Some((load(&path, &exact()), Expected::of(&path).tokens))
}

fn request(prompt: &[u32], n: usize) -> GenerateRequest {
    GenerateRequest {
        prompt: Prompt::Tokens(prompt.to_vec()),
        sampling: SamplingOptions::greedy(),
        stop: StopOptions {
            max_tokens: Some(n),
            ignore_eos: true,
            ..StopOptions::default()
        },
        whole: false,
    }
}

#[test]
fn a_sequence_whose_reader_sleeps_does_not_hold_up_the_others() {
    for name in ["llama", "rwkv7"] {
        let Some((model, tokens)) = small_model(name) else {
            return;
        };
        let n = EVENT_CHANNEL_BOUND + 20;
        let mut parked = Arc::clone(&model).session().unwrap();
        let unread = parked
            .generate(request(&tokens[..5], n), CancelToken::new())
            .unwrap();
        let mut read = Arc::clone(&model).session().unwrap();
        for _ in 0..2 {
            let events = read
                .generate(request(&tokens[..7], n), CancelToken::new())
                .unwrap();
            let answer = std::iter::from_fn(|| events.recv());
            let n_tokens = answer
                .filter(|timed| matches!(timed.event, Event::Token(_)))
                .count();
            assert_eq!(n_tokens, n, "{name}");
        }
        let late = std::iter::from_fn(|| unread.recv());
        let n_tokens = late
            .filter(|timed| matches!(timed.event, Event::Token(_)))
            .count();
        assert_eq!(n_tokens, n, "{name}: the parked one goes on");
    }
}

#[test]
fn cancelling_one_sequence_leaves_the_others_alone() {
    for name in ["llama", "rwkv7"] {
        let Some((model, tokens)) = small_model(name) else {
            return;
        };
        let expected = all_logits(&model, &tokens[..30], &tokens[30..60]);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20 {
                    let cancel = CancelToken::new();
                    let ended = with_stepper(&model, |stepper| {
                        cancel.cancel();
                        stepper.prefill(&tokens[..80], &cancel, &mut |_| ())
                    });
                    // shared passes are finished; alone it gives up
                    assert!(
                        matches!(ended, Ok(()) | Err(EngineError::Cancelled)),
                        "{ended:?}"
                    );
                }
            });
            for _ in 0..3 {
                let beside = all_logits(&model, &tokens[..30], &tokens[30..60]);
                assert!(beside == expected, "{name}");
            }
        });
    }
}
