//! Guessing ahead changes nothing that an answer tells, on every architecture.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lilim_api::{
    CancelToken, Engine, Event, EventReceiver, GenerateRequest, LoadOptions, LoadedModel,
    ModelFiles, Prompt, SamplingOptions, SpeculationOptions, SpeculationUsage, TokenId,
    TokenStepper, event_channel,
};
use lilim_decode::speculation::{NgramLookup, Promise, Speculator};
use lilim_decode::{Lookahead, Speculation, TextStream, TokenBytes, TokenText, generate};

use crate::support::{Expected, engine, exact, fixtures, load, name_of, with_stepper};

/// A text for any vocabulary: a letter a token.
struct Letters;

impl TokenBytes for Letters {
    fn token_bytes(&self, id: TokenId) -> Cow<'_, [u8]> {
        Cow::Owned(vec![b'a' + (id % 26) as u8])
    }
}

impl TokenText for Letters {
    fn is_end(&self, _id: TokenId) -> bool {
        false
    }

    fn stream(&self) -> Box<dyn TextStream + '_> {
        Box::new(LetterStream)
    }
}

struct LetterStream;

impl TextStream for LetterStream {
    fn push(&mut self, id: TokenId) -> String {
        String::from_utf8(Letters.token_bytes(id).into_owned()).unwrap()
    }

    fn finish(&mut self) -> String {
        String::new()
    }
}

/// Knows the answer and errs at every fifth place.
struct Oracle {
    answer: Vec<TokenId>,
    n_prompt: usize,
}

impl Speculator for Oracle {
    fn begin(&mut self, _tokens: &[TokenId], _cancel: &CancelToken) {}

    fn look(&mut self, _tokens: &[TokenId]) -> Option<Promise> {
        Some(Promise::new(3))
    }

    fn guess(&mut self, tokens: &[TokenId], n: usize, guesses: &mut Vec<TokenId>) {
        let from = tokens.len() - self.n_prompt;
        let places = self.answer.iter().enumerate().skip(from).take(n);
        guesses.extend(places.map(|(place, &id)| if place % 5 == 4 { id ^ 1 } else { id }));
    }
}

/// A speculation to which passes of any number of rows seem to take the same time, so that it
/// guesses as much as it may.
fn eager(speculator: Box<dyn Speculator>) -> Speculation {
    let ticks = Cell::new(0);
    // read before guessing, before the pass and after it
    let clock = move || {
        ticks.set(ticks.get() + 1);
        Duration::from_millis(ticks.get() / 3)
    };
    Speculation::with_clock(speculator, Box::new(clock))
}

/// Requests of every kind for prompts of a vocabulary.
fn requests() -> Vec<GenerateRequest> {
    let mut plain = GenerateRequest::new(Prompt::Raw(String::new()));
    plain.sampling = SamplingOptions::greedy();
    plain.stop.max_tokens = Some(40);
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut GenerateRequest)| {
        let mut request = plain.clone();
        change(&mut request);
        all.push(request);
    };
    add(&|request| request.stop.max_tokens = None);
    add(&|request| request.sampling.logprobs = Some(3));
    add(&|request| request.sampling.repeat_penalty = 1.2);
    add(&|request| request.sampling.dry_multiplier = 1.0);
    add(&|request| request.stop.max_tokens = Some(7));
    for letters in ["q", "e", "ab", "zz"] {
        add(&|request| request.stop.strings = vec![letters.to_owned()]);
    }
    for (seed, temperature) in [(1, 0.1), (2, 0.8), (3, 2.0)] {
        add(&|request| {
            request.sampling = SamplingOptions::default();
            request.sampling.temperature = temperature;
            request.sampling.seed = Some(seed);
            request.sampling.presence_penalty = 0.3;
        });
    }
    all
}

/// Everything that an answer told, times aside.
fn told(receiver: &EventReceiver) -> (Vec<Event>, Option<SpeculationUsage>) {
    let mut figures = None;
    let events = std::iter::from_fn(|| receiver.recv()).map(|timed| {
        let mut event = timed.event;
        if let Event::Done { usage, .. } = &mut event {
            figures = usage.speculation.take();
            (usage.prefill, usage.decode) = (Duration::ZERO, Duration::ZERO);
        }
        event
    });
    (events.collect(), figures)
}

fn answer(
    stepper: &mut dyn TokenStepper,
    prompt: &[TokenId],
    request: &GenerateRequest,
) -> (Vec<Event>, Option<SpeculationUsage>) {
    let (sender, receiver) = event_channel(CancelToken::new());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| told(&receiver));
        generate(stepper, &Letters, prompt, request, &sender);
        drop(sender);
        reader.join().unwrap()
    })
}

fn ids(events: &[Event]) -> Vec<TokenId> {
    let tokens = events.iter().filter_map(|event| match event {
        Event::Token(token) => Some(token.id),
        _ => None,
    });
    tokens.collect()
}

#[test]
fn guesses_change_no_event_on_any_architecture() {
    let mut accepted = [0; 2];
    for folder in ["models", "quantized"] {
        for path in fixtures(folder) {
            let model = load(&path, &exact());
            let prompt = &Expected::of(&path).tokens[..24];
            let requests = requests();
            with_stepper(&model, |stepper| {
                if stepper.max_verify() == 1 {
                    return;
                }
                let n = if folder == "models" {
                    requests.len()
                } else {
                    2
                };
                for request in &requests[..n] {
                    let (plain, _) = answer(stepper, prompt, request);
                    let oracle = Oracle {
                        answer: ids(&plain),
                        n_prompt: prompt.len(),
                    };
                    let speculators: [Box<dyn Speculator>; 2] =
                        [Box::<NgramLookup>::default(), Box::new(oracle)];
                    for (speculator, accepted) in speculators.into_iter().zip(&mut accepted) {
                        stepper.rewind(0);
                        let mut speculation = eager(speculator);
                        let max_tokens = request.stop.max_tokens;
                        let mut ahead = Lookahead::new(stepper, &mut speculation, max_tokens);
                        let (events, figures) = answer(&mut ahead, prompt, request);
                        ahead.finish();
                        let name = name_of(&path);
                        assert_eq!(events, plain, "{name}: {request:?}");
                        let n_held = prompt.len() + ids(&plain).len() - 1;
                        assert_eq!(stepper.tokens().len(), n_held, "{name}");
                        *accepted += figures.unwrap().n_accepted;
                    }
                    stepper.rewind(0);
                }
            });
        }
    }
    println!("accepted: {accepted:?}");
    assert!(accepted.iter().all(|&n| n > 200), "{accepted:?}");
}

fn session_tells(
    model: &Arc<dyn LoadedModel>,
    prompt: &[TokenId],
    request: &GenerateRequest,
) -> Vec<(Vec<Event>, Option<SpeculationUsage>)> {
    let mut session = Arc::clone(model).session().unwrap();
    let mut ask = |prompt: &[TokenId]| {
        let mut request = request.clone();
        request.prompt = Prompt::Tokens(prompt.to_vec());
        told(&session.generate(request, CancelToken::new()).unwrap())
    };
    // the second prompt shares a beginning with the first
    vec![ask(prompt), ask(&prompt[..prompt.len() / 2])]
}

#[test]
fn a_session_with_lookup_or_a_draft_tells_what_one_without_tells() {
    for path in fixtures("models") {
        let prompt = &Expected::of(&path).tokens[..24];
        let with = |speculation| {
            let options = LoadOptions {
                speculation,
                ..exact()
            };
            engine().load(&ModelFiles::Gguf(path.clone()), &options, &mut |_| ())
        };
        let plain = with(SpeculationOptions::Off).unwrap();
        let lookup = with(SpeculationOptions::Lookup).unwrap();
        let draft = with(SpeculationOptions::Draft(path.clone()));
        let recurrent = plain.info().arch == "rwkv7";
        assert_eq!(draft.is_err(), recurrent);
        for request in requests().iter().step_by(3) {
            let expected = session_tells(&plain, prompt, request);
            for model in [Some(&lookup), draft.as_ref().ok()].into_iter().flatten() {
                for (got, expected) in session_tells(model, prompt, request).iter().zip(&expected) {
                    assert_eq!(got.0, expected.0, "{}: {request:?}", name_of(&path));
                    assert_eq!(got.1.is_some(), !recurrent, "figures");
                }
            }
        }
    }
}

#[test]
fn a_draft_that_cannot_be_used_says_why() {
    let path = |name: &str| {
        let mut paths = fixtures("models").into_iter();
        paths.find(|path| name_of(path) == name)
    };
    let (Some(llama), Some(rwkv)) = (path("llama"), path("rwkv7")) else {
        return;
    };
    let refusal = |model: &Path, draft: &Path| {
        let options = LoadOptions {
            speculation: SpeculationOptions::Draft(draft.to_owned()),
            ..exact()
        };
        let files = ModelFiles::Gguf(model.to_owned());
        let error = engine().load(&files, &options, &mut |_| ()).err();
        error.unwrap().to_string()
    };
    let error = refusal(&llama, &rwkv);
    assert!(
        error.ends_with("a state of rwkv7 cannot be taken back after a guess"),
        "{error}"
    );
    assert!(error.starts_with("speculation cannot be draft:"), "{error}");
    assert!(refusal(&rwkv, &llama).contains("a state of rwkv7"));
    let error = refusal(&llama, Path::new("nowhere.gguf"));
    assert!(error.starts_with("cannot read nowhere.gguf"), "{error}");
    let Some(stories) = crate::support::shared("models/stories260K.gguf") else {
        return;
    };
    let error = refusal(&llama, &stories);
    assert!(
        error.contains("its vocabulary is another: token "),
        "{error}"
    );
}

#[test]
fn sessions_that_guess_beside_each_other_tell_what_each_tells_alone() {
    let path = fixtures("models").into_iter();
    let Some(path) = path.into_iter().find(|path| name_of(path) == "llama") else {
        return;
    };
    let tokens = Expected::of(&path).tokens;
    let with = |speculation| {
        let options = LoadOptions {
            speculation,
            threads: Some(2),
            ..exact()
        };
        load(&path, &options)
    };
    let requests: Vec<_> = requests().into_iter().step_by(2).collect();
    let prompt = |index: usize| &tokens[index..index + 16];
    let plain = with(SpeculationOptions::Off);
    let alone: Vec<_> = (requests.iter().enumerate())
        .map(|(index, request)| session_tells(&plain, prompt(index), request))
        .collect();
    let guessing = with(SpeculationOptions::Lookup);
    std::thread::scope(|scope| {
        for (index, request) in requests.iter().enumerate() {
            let (guessing, expected, prompt) = (&guessing, &alone[index], prompt(index));
            scope.spawn(move || {
                for (got, expected) in session_tells(guessing, prompt, request)
                    .iter()
                    .zip(expected)
                {
                    assert_eq!(got.0, expected.0, "{request:?}");
                }
            });
        }
    });
}
