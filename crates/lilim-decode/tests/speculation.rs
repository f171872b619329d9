//! Speculation changes no event, whatever is guessed and however tokens are chosen; and it pays where
//! text repeats and costs next to nothing where it does not.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::borrow::Cow;
use std::time::Duration;

use lilim_api::{
    CancelToken, EngineError, Event, GenerateRequest, Prompt, SamplingOptions, SpeculationUsage,
    TokenId, TokenStepper, event_channel,
};
use lilim_decode::speculation::{DraftModel, NgramLookup, Promise, Speculator};
use lilim_decode::{Lookahead, Speculation, TextStream, TokenBytes, TokenText, generate};
use lilim_testkit::{END, FakeStepper, Script, StepperOptions, VirtualClock, encode_bytes};

/// A token a byte, every token its own text.
struct Bytes;

impl TokenBytes for Bytes {
    fn token_bytes(&self, id: TokenId) -> Cow<'_, [u8]> {
        Cow::Owned(u8::try_from(id).into_iter().collect())
    }
}

impl TokenText for Bytes {
    fn is_end(&self, id: TokenId) -> bool {
        id == END
    }

    fn stream(&self) -> Box<dyn TextStream + '_> {
        Box::new(ByteStream)
    }
}

struct ByteStream;

impl TextStream for ByteStream {
    fn push(&mut self, id: TokenId) -> String {
        String::from_utf8_lossy(&Bytes.token_bytes(id)).into_owned()
    }

    fn finish(&mut self) -> String {
        String::new()
    }
}

/// Knows the answer and tells it, each token with a chance of `sure` in 8 to be right.
struct Oracle {
    answer: Vec<TokenId>,
    n_prompt: usize,
    sure: usize,
}

impl Speculator for Oracle {
    fn begin(&mut self, _tokens: &[TokenId], _cancel: &CancelToken) {}

    fn look(&mut self, tokens: &[TokenId]) -> Option<Promise> {
        (!tokens.len().is_multiple_of(5)).then(|| Promise::new(tokens.len() % Promise::COUNT))
    }

    fn guess(&mut self, tokens: &[TokenId], n: usize, guesses: &mut Vec<TokenId>) {
        let from = tokens.len() - self.n_prompt;
        for (place, &id) in self.answer.iter().enumerate().skip(from).take(n) {
            let is_right = (place * 7 + place / 8 * 3) % 8 < self.sure;
            // a wrong guess may even be no token at all
            guesses.push(if is_right { id } else { id + 1 });
        }
    }
}

/// Everything an answer told, times aside, and the tokens that the sequence holds afterwards.
#[derive(Debug, PartialEq)]
struct Told {
    events: Vec<Event>,
    held: Vec<TokenId>,
}

fn tell(
    stepper: &mut FakeStepper,
    speculation: Option<&mut Speculation>,
    prompt: &[TokenId],
    request: &GenerateRequest,
) -> (Told, Option<SpeculationUsage>) {
    let (sender, receiver) = event_channel(CancelToken::new());
    let mut events = Vec::new();
    std::thread::scope(|scope| {
        let held = scope.spawn(|| {
            let sender = sender;
            match speculation {
                None => generate(stepper, &Bytes, prompt, request, &sender),
                Some(speculation) => {
                    let mut ahead = Lookahead::new(stepper, speculation, request.stop.max_tokens);
                    generate(&mut ahead, &Bytes, prompt, request, &sender);
                    ahead.finish();
                }
            }
            stepper.tokens().to_vec()
        });
        let mut figures = None;
        while let Some(timed) = receiver.recv() {
            let mut event = timed.event;
            if let Event::Done { usage, .. } = &mut event {
                figures = usage.speculation.take();
                (usage.prefill, usage.decode) = (Duration::ZERO, Duration::ZERO);
            }
            events.push(event);
        }
        let held = held.join().unwrap();
        (Told { events, held }, figures)
    })
}

fn greedy() -> GenerateRequest {
    let mut request = GenerateRequest::new(Prompt::Raw(String::new()));
    request.sampling = SamplingOptions::greedy();
    request
}

/// Requests of every kind: how tokens are chosen, and what ends the answer.
fn requests() -> Vec<GenerateRequest> {
    let mut all = Vec::new();
    for seed in [None, Some(1), Some(2)] {
        let mut plain = greedy();
        if seed.is_some() {
            plain.sampling = SamplingOptions::default();
            plain.sampling.seed = seed;
        }
        let mut add = |change: &dyn Fn(&mut GenerateRequest)| {
            let mut request = plain.clone();
            change(&mut request);
            all.push(request);
        };
        add(&|_| ());
        add(&|request| request.sampling.temperature *= 2.5);
        add(&|request| request.sampling.logprobs = Some(2));
        add(&|request| {
            request.sampling.repeat_penalty = 1.3;
            request.sampling.presence_penalty = 0.4;
            request.sampling.frequency_penalty = 0.2;
            request.sampling.penalty_last_n = 7;
        });
        add(&|request| {
            request.sampling.dry_multiplier = 1.5;
            request.sampling.dry_sequence_breakers = vec!["\u{2}".to_owned()];
        });
        add(&|request| request.sampling.logit_bias = vec![(1, 1.5), (2, f32::NEG_INFINITY)]);
        for max_tokens in [0, 1, 2, 3, 10, 37, 64] {
            add(&|request| request.stop.max_tokens = Some(max_tokens));
        }
        for stop in ["\u{1}", "\u{1}\u{3}", "\u{3}\u{1}\u{1}", "bcab", "cab"] {
            add(&|request| request.stop.strings = vec![stop.to_owned()]);
        }
        add(&|request| request.stop.tokens = vec![3]);
        add(&|request| request.stop.ignore_eos = true);
    }
    all
}

/// Fake models: hashes over few tokens, which repeat a lot, and texts.
fn models() -> Vec<StepperOptions> {
    let scripts = [
        (Script::Hash { seed: 1 }, 4),
        (Script::Hash { seed: 9 }, 12),
        (Script::Cycle(encode_bytes("abc")), 258),
        (
            Script::text("abcabcXYabcabcabXYZ. abcabcXYabcabcabXYZ!"),
            258,
        ),
    ];
    scripts
        .map(|(script, vocab_size)| StepperOptions {
            vocab_size,
            context: 120,
            max_verify: 9,
            ..StepperOptions::new(script)
        })
        .to_vec()
}

/// A speculation whose passes take a step and a little for each row more.
fn timed(
    speculator: Box<dyn Speculator>,
    options: &mut StepperOptions,
    more_permille: u32,
) -> (Speculation, VirtualClock) {
    let clock = VirtualClock::default();
    let step = Duration::from_micros(1000);
    options.delays.clock = Some(clock.clone());
    options.delays.step = step;
    options.delays.verify_more = step * more_permille / 1000;
    let read = clock.clone();
    let speculation = Speculation::with_clock(speculator, Box::new(move || read.now()));
    (speculation, clock)
}

#[test]
fn no_guess_changes_an_event_or_what_the_sequence_holds() {
    let prompt = [1, 2, 3, 1, 2];
    let (mut n_guessed, mut n_accepted) = (0, 0);
    for mut options in models() {
        for request in requests() {
            let mut request = request;
            request
                .sampling
                .logit_bias
                .retain(|&(id, _)| (id as usize) < options.vocab_size);
            let mut stepper = FakeStepper::new(options.clone());
            let (plain, none) = tell(&mut stepper, None, &prompt, &request);
            assert_eq!(none, None);
            let answer: Vec<_> = plain.events.iter().filter_map(token_of).collect();
            let n_prompt = prompt.len();
            let oracle = |sure| {
                let answer = answer.clone();
                Box::new(Oracle {
                    answer,
                    n_prompt,
                    sure,
                })
            };
            let draft = FakeStepper::new(options.clone());
            let speculators: [Box<dyn Speculator>; 6] = [
                Box::<NgramLookup>::default(),
                Box::new(DraftModel::new(draft)),
                oracle(8),
                oracle(7),
                oracle(5),
                oracle(0),
            ];
            for (index, speculator) in speculators.into_iter().enumerate() {
                let (mut speculation, _) = timed(speculator, &mut options, 10);
                let mut stepper = FakeStepper::new(options.clone());
                // twice: the second answer begins with what the first has learned
                for _ in 0..2 {
                    stepper.rewind(0);
                    let (told, figures) =
                        tell(&mut stepper, Some(&mut speculation), &prompt, &request);
                    assert_eq!(told, plain, "speculator {index}, {request:?}");
                    let figures = figures.unwrap();
                    assert!(figures.n_accepted <= figures.n_guessed);
                    assert_eq!(
                        figures.n_passes + figures.n_accepted,
                        answer.len().saturating_sub(1)
                    );
                    n_guessed += figures.n_guessed;
                    n_accepted += figures.n_accepted;
                }
            }
        }
    }
    assert!(
        n_accepted > 10_000 && n_guessed - n_accepted > 10_000,
        "{n_accepted} of {n_guessed}"
    );
}

fn token_of(event: &Event) -> Option<TokenId> {
    match event {
        Event::Token(token) => Some(token.id),
        _ => None,
    }
}

#[test]
fn a_number_that_is_none_counts_only_where_the_answer_comes_to_it() {
    let mut options = StepperOptions::new(Script::Cycle(encode_bytes("ab")));
    options.max_verify = 17;
    options.faults.nan_at = Some(20);
    for max_tokens in [15, 20, 21, 30] {
        let mut request = greedy();
        request.stop.max_tokens = Some(max_tokens);
        let mut stepper = FakeStepper::new(options.clone());
        let (plain, _) = tell(&mut stepper, None, &[1], &request);
        let mut faulty = options.clone();
        let (mut speculation, _) = timed(Box::<NgramLookup>::default(), &mut faulty, 10);
        let mut stepper = FakeStepper::new(faulty);
        let (told, _) = tell(&mut stepper, Some(&mut speculation), &[1], &request);
        assert_eq!(
            format!("{told:?}"),
            format!("{plain:?}"),
            "{max_tokens} tokens"
        );
    }
}

#[test]
fn a_cancel_in_a_pass_ends_within_a_token() {
    let cancel = CancelToken::new();
    let mut options = StepperOptions::new(Script::Cycle(encode_bytes("x")));
    options.max_verify = 9;
    options.faults.cancel_at_step = Some((30, cancel.clone()));
    let (mut speculation, _) = timed(Box::<NgramLookup>::default(), &mut options, 10);
    let mut stepper = FakeStepper::new(options);
    let (sender, receiver) = event_channel(cancel);
    let mut ahead = Lookahead::new(&mut stepper, &mut speculation, None);
    generate(&mut ahead, &Bytes, &[1], &greedy(), &sender);
    ahead.finish();
    drop(sender);
    let events: Vec<_> = std::iter::from_fn(|| receiver.recv()).collect();
    let n_tokens = events
        .iter()
        .filter_map(|timed| token_of(&timed.event))
        .count();
    assert!(n_tokens <= 32, "{n_tokens}");
    assert_eq!(
        stepper.tokens().len(),
        n_tokens,
        "prompt of one, last not computed"
    );
}

#[test]
fn an_error_of_a_pass_ends_the_answer() {
    let mut options = StepperOptions::new(Script::Cycle(encode_bytes("x")));
    options.max_verify = 9;
    options.faults.fail_at_step = Some((30, EngineError::Text("broken".to_owned())));
    let (mut speculation, _) = timed(Box::<NgramLookup>::default(), &mut options, 10);
    let mut stepper = FakeStepper::new(options);
    let (told, _) = tell(&mut stepper, Some(&mut speculation), &[1], &greedy());
    let error = EngineError::Text("broken".to_owned());
    assert_eq!(told.events.last(), Some(&Event::Failed(error)));
    assert!(told.held.len() <= 31);
}

/// The speed of an answer in tokens a plain pass, and its figures.
fn speed(
    script: Script,
    vocab_size: usize,
    more_permille: u32,
    n_tokens: usize,
) -> (f64, SpeculationUsage) {
    let mut options = StepperOptions {
        vocab_size,
        context: n_tokens + 200,
        max_verify: 17,
        ..StepperOptions::new(script)
    };
    let (mut speculation, clock) =
        timed(Box::<NgramLookup>::default(), &mut options, more_permille);
    let mut stepper = FakeStepper::new(options);
    let mut request = greedy();
    request.stop.max_tokens = Some(n_tokens);
    request.stop.ignore_eos = true;
    let prompt: Vec<TokenId> = (0..40).map(|i| i * i % 3).collect();
    let (told, figures) = tell(&mut stepper, Some(&mut speculation), &prompt, &request);
    assert_eq!(told.events.iter().filter_map(token_of).count(), n_tokens);
    let plain = Duration::from_millis(n_tokens as u64 - 1);
    (
        plain.as_secs_f64() / clock.now().as_secs_f64(),
        figures.unwrap(),
    )
}

#[test]
fn repeating_text_is_faster_and_no_text_is_slower_than_the_bound() {
    let code = "for i in 0..n { total += values[i]; }\nfor j in 0..m { total += others[j]; }\n";
    let text = Script::Cycle(encode_bytes(&code.repeat(2)));
    for (permille, least) in [(0, 5.0), (50, 4.0), (150, 2.5), (300, 1.7)] {
        let (speed, figures) = speed(text.clone(), 258, permille, 400);
        assert!(
            speed > least,
            "{permille} permille a row: {speed} {figures:?}"
        );
    }
    // Random text over few tokens: everything stood there before and nothing follows from it. A
    // single first try may cost a whole pass before that is known, so very short answers are out.
    for vocab_size in [6, 16, 64, 256] {
        for permille in [30, 150, 400, 1000] {
            for n_tokens in [64, 200, 1000] {
                let (speed, figures) =
                    speed(Script::Hash { seed: 3 }, vocab_size, permille, n_tokens);
                assert!(
                    speed > 0.975,
                    "{vocab_size} tokens, {permille} permille: {speed} {figures:?}"
                );
            }
        }
    }
}
