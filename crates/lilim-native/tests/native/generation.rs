//! Generation on the engine's thread: events, prefix reuse, cancellation, sessions that share.

use std::sync::Arc;

use lilim_api::{
    CancelToken, Event, FinishReason, GenerateRequest, LoadOptions, LoadedModel, Prompt,
    SamplingOptions, Session, StopOptions, Usage,
};

use crate::support::{Expected, exact, fixtures, load, name_of, shared};

/// Greedy, `n` tokens, no end.
fn request(prompt: Prompt, n: usize) -> GenerateRequest {
    GenerateRequest {
        prompt,
        sampling: SamplingOptions::greedy(),
        stop: StopOptions {
            max_tokens: Some(n),
            ignore_eos: true,
            ..StopOptions::default()
        },
        whole: false,
    }
}

struct Answer {
    ids: Vec<u32>,
    text: String,
    reason: FinishReason,
    usage: Usage,
}

fn answer(session: &mut dyn Session, request: GenerateRequest) -> Answer {
    let events = session.generate(request, CancelToken::new()).unwrap();
    let (mut ids, mut text) = (Vec::new(), String::new());
    while let Some(timed) = events.recv() {
        match timed.event {
            Event::PrefillProgress { .. } => {}
            Event::Token(token) => {
                ids.push(token.id);
                text += &token.text;
            }
            Event::Chunk(chunk) => {
                ids.extend(chunk.ids);
                text += &chunk.text;
            }
            Event::Done {
                reason,
                tail,
                usage,
            } => {
                return Answer {
                    ids,
                    text: text + &tail,
                    reason,
                    usage,
                };
            }
            Event::Failed(error) => panic!("{error}"),
        }
    }
    panic!("no last event");
}

fn llama() -> Option<(Arc<dyn LoadedModel>, Vec<u32>)> {
    let path = fixtures("models")
        .into_iter()
        .find(|path| name_of(path) == "llama")?;
    Some((load(&path, &exact()), Expected::of(&path).tokens))
}

#[test]
fn stories260k_begins_its_story_from_an_empty_prompt() {
    let Some(path) = shared("models/stories260K.gguf") else {
        return;
    };
    let model = load(&path, &LoadOptions::default());
    let mut session = model.session().unwrap();
    let answer = answer(&mut *session, request(Prompt::Raw(String::new()), 24));
    println!("{}", answer.text);
    assert!(
        answer
            .text
            .starts_with("Once upon a time, there was a little girl named Lily.")
    );
    assert_eq!(answer.reason, FinishReason::Length);
    assert_eq!(answer.usage.n_prompt, 1);
}

#[test]
fn a_prompt_that_begins_like_the_last_keeps_what_is_there() {
    let Some((model, tokens)) = llama() else {
        return;
    };
    let mut session = Arc::clone(&model).session().unwrap();
    let ask = |n: usize| request(Prompt::Tokens(tokens[..n].to_vec()), 8);
    let first = answer(&mut *session, ask(40));
    assert_eq!(first.usage.n_cached, 0);
    let longer = answer(&mut *session, ask(60));
    assert_eq!(longer.usage.n_cached, 40);
    let again = answer(&mut *session, ask(40));
    assert_eq!(again.usage.n_cached, 39);
    assert_eq!(again.ids, first.ids);
    let mut fresh = Arc::clone(&model).session().unwrap();
    assert_eq!(answer(&mut *fresh, ask(60)).ids, longer.ids);
}

#[test]
fn without_prefix_cache_everything_is_computed_again() {
    let paths = fixtures("models");
    let Some(path) = paths.iter().find(|path| name_of(path) == "llama") else {
        return;
    };
    let tokens = Expected::of(path).tokens;
    let options = LoadOptions {
        prefix_cache: false,
        ..exact()
    };
    let mut session = load(path, &options).session().unwrap();
    for _ in 0..2 {
        let ask = request(Prompt::Tokens(tokens[..30].to_vec()), 2);
        assert_eq!(answer(&mut *session, ask).usage.n_cached, 0);
    }
}

#[test]
fn sessions_that_share_a_model_do_not_disturb_each_other() {
    let Some((model, tokens)) = llama() else {
        return;
    };
    let ask = |i: usize| request(Prompt::Tokens(tokens[i..i + 20].to_vec()), 30);
    let alone: Vec<_> = (0..4)
        .map(|i| answer(&mut *Arc::clone(&model).session().unwrap(), ask(i)).ids)
        .collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let model = Arc::clone(&model);
                scope.spawn(move || answer(&mut *model.session().unwrap(), ask(i)).ids)
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn a_full_context_ends_an_answer() {
    let Some((model, tokens)) = llama() else {
        return;
    };
    let mut session = model.session().unwrap();
    let ask = request(Prompt::Tokens(tokens[..90].to_vec()), 1000);
    let answer = answer(&mut *session, ask);
    assert_eq!(answer.reason, FinishReason::ContextFull);
    assert_eq!(answer.usage.n_prompt + answer.usage.n_out, 128);
}

#[test]
fn a_dropped_receiver_ends_the_generation_and_frees_the_session() {
    let Some((model, tokens)) = llama() else {
        return;
    };
    let mut session = model.session().unwrap();
    let ask = |n| request(Prompt::Tokens(tokens[..4].to_vec()), n);
    drop(session.generate(ask(1000), CancelToken::new()).unwrap());
    assert_eq!(answer(&mut *session, ask(3)).ids.len(), 3);
}
