//! The token loop over a fake sequence: what ends an answer, what is told, what is computed.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::borrow::Cow;

use lilim_api::{
    CancelToken, EngineError, Event, EventReceiver, FinishReason, GenerateRequest, Prompt,
    SamplingOptions, TokenId, TokenStepper, Usage, event_channel,
};
use lilim_decode::{TextStream, TokenBytes, TokenText, generate};
use lilim_testkit::{END, FakeStepper, Script, StepperOptions, encode_bytes};

/// The fake vocabulary: bytes, and text once its bytes are whole characters.
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
        Box::new(ByteStream(Vec::new()))
    }
}

struct ByteStream(Vec<u8>);

impl TextStream for ByteStream {
    fn push(&mut self, id: TokenId) -> String {
        self.0.extend(Bytes.token_bytes(id).iter());
        match std::str::from_utf8(&self.0) {
            Ok(_) => self.finish(),
            Err(_) => String::new(),
        }
    }

    fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.0)).into_owned()
    }
}

fn greedy() -> GenerateRequest {
    let mut request = GenerateRequest::new(Prompt::Raw(String::new()));
    request.sampling = SamplingOptions::greedy();
    request
}

/// What an answer was.
#[derive(Debug)]
struct Outcome {
    ids: Vec<TokenId>,
    text: String,
    tail: String,
    reason: FinishReason,
    usage: Usage,
    progress: Vec<(usize, usize)>,
}

fn drain(receiver: &EventReceiver) -> Vec<Event> {
    std::iter::from_fn(|| receiver.recv())
        .map(|timed| timed.event)
        .collect()
}

fn outcome(events: Vec<Event>) -> Result<Outcome, EngineError> {
    let (mut ids, mut text, mut progress) = (Vec::new(), String::new(), Vec::new());
    let n_events = events.len();
    for (index, event) in events.into_iter().enumerate() {
        let is_last = index + 1 == n_events;
        match event {
            Event::PrefillProgress { done, total } => progress.push((done, total)),
            Event::Token(token) => {
                ids.push(token.id);
                text.push_str(&token.text);
            }
            Event::Chunk(chunk) => panic!("nobody asked for {chunk:?}"),
            Event::Done {
                reason,
                tail,
                usage,
            } => {
                assert!(is_last, "events after Done");
                assert_eq!(usage.n_out, ids.len());
                return Ok(Outcome {
                    ids,
                    text,
                    tail,
                    reason,
                    usage,
                    progress,
                });
            }
            Event::Failed(error) => {
                assert!(is_last, "events after Failed");
                return Err(error);
            }
        }
    }
    panic!("neither Done nor Failed");
}

/// Runs the loop on a thread of its own while this one reads.
fn run_on(
    stepper: &mut FakeStepper,
    prompt: &[TokenId],
    request: &GenerateRequest,
    cancel: CancelToken,
) -> Result<Outcome, EngineError> {
    let (sender, receiver) = event_channel(cancel);
    std::thread::scope(|scope| {
        scope.spawn(move || generate(stepper, &Bytes, prompt, request, &sender));
        outcome(drain(&receiver))
    })
}

fn run(options: StepperOptions, request: &GenerateRequest) -> Result<Outcome, EngineError> {
    run_on(
        &mut FakeStepper::new(options),
        &[1, 2, 3],
        request,
        CancelToken::new(),
    )
}

fn says(text: &str) -> StepperOptions {
    StepperOptions::new(Script::text(text))
}

#[test]
fn an_answer_ends_with_the_end_token_which_is_counted_but_has_no_text() {
    let outcome = run(says("héllo"), &greedy()).unwrap();
    assert_eq!(outcome.text, "héllo");
    assert_eq!(outcome.reason, FinishReason::Stop);
    assert_eq!(outcome.ids.last(), Some(&END));
    assert_eq!(
        (
            outcome.usage.n_prompt,
            outcome.usage.n_cached,
            outcome.usage.n_out
        ),
        (3, 0, 7)
    );
}

#[test]
fn an_end_token_first_makes_an_empty_answer() {
    let outcome = run(says(""), &greedy()).unwrap();
    assert_eq!(
        (outcome.text.as_str(), outcome.ids.as_slice()),
        ("", &[END] as &[_])
    );
    assert_eq!(outcome.reason, FinishReason::Stop);
    assert_eq!(outcome.usage.decode, std::time::Duration::ZERO);
}

#[test]
fn ignore_eos_goes_on_through_end_tokens_but_not_stop_tokens() {
    let mut request = greedy();
    request.stop.ignore_eos = true;
    request.stop.max_tokens = Some(5);
    let outcome = run(says("ab"), &request).unwrap();
    assert_eq!(outcome.ids, [97, 98, END, END, END]);
    assert_eq!(outcome.reason, FinishReason::Length);
    request.stop.tokens = vec![END];
    assert_eq!(
        run(says("ab"), &request).unwrap().reason,
        FinishReason::Stop
    );
}

#[test]
fn stop_tokens_end_the_answer_and_are_no_part_of_it() {
    let mut request = greedy();
    request.stop.tokens = vec![TokenId::from(b'l')];
    let outcome = run(says("hello"), &request).unwrap();
    assert_eq!((outcome.text.as_str(), outcome.usage.n_out), ("he", 3));
    assert_eq!(
        (outcome.tail.as_str(), outcome.reason),
        ("", FinishReason::Stop)
    );
}

#[test]
fn stop_strings_are_found_across_tokens() {
    let cases = [
        ("one\n\ntwo", vec!["\n\n"], "one", "", FinishReason::Stop),
        ("one\ntwo", vec!["\n\n"], "one\ntwo", "", FinishReason::Stop),
        // The beginning of a stop string that never came is given out at the end.
        ("wait STO", vec!["STOP"], "wait ", "STO", FinishReason::Stop),
        ("aaab", vec!["aab"], "a", "", FinishReason::Stop),
        ("x<é>y", vec!["<é>"], "x", "", FinishReason::Stop),
        ("stop at once", vec!["stop"], "", "", FinishReason::Stop),
    ];
    for (said, strings, text, tail, reason) in cases {
        let mut request = greedy();
        request.stop.strings = strings.into_iter().map(str::to_owned).collect();
        let outcome = run(says(said), &request).unwrap();
        assert_eq!(
            (outcome.text.as_str(), outcome.tail.as_str()),
            (text, tail),
            "{said}"
        );
        assert_eq!(outcome.reason, reason, "{said}");
    }
}

#[test]
fn nothing_is_computed_after_a_stop_string() {
    let mut request = greedy();
    request.stop.strings = vec!["lo".to_owned()];
    let mut stepper = FakeStepper::new(says("hello world"));
    let outcome = run_on(&mut stepper, &[1], &request, CancelToken::new()).unwrap();
    assert_eq!((outcome.text.as_str(), outcome.usage.n_out), ("hel", 5));
    assert_eq!(stepper.tokens().len(), 1 + 4);
}

#[test]
fn an_unfinished_character_comes_with_the_end() {
    let bytes = "né".bytes().take(2).map(TokenId::from).collect();
    let script = Script::Once {
        ids: bytes,
        end: END,
    };
    let outcome = run(StepperOptions::new(script.clone()), &greedy()).unwrap();
    assert_eq!(
        (outcome.text.as_str(), outcome.tail.as_str()),
        ("n", "\u{fffd}")
    );
    let mut request = greedy();
    request.stop.strings = vec!["\u{fffd}".to_owned()];
    let outcome = run(StepperOptions::new(script), &request).unwrap();
    assert_eq!((outcome.text.as_str(), outcome.tail.as_str()), ("n", ""));
}

#[test]
fn max_tokens_is_exact_and_zero_only_prefills() {
    for max in [0, 1, 3] {
        let mut request = greedy();
        request.stop.max_tokens = Some(max);
        let mut stepper = FakeStepper::new(says("hello"));
        let outcome = run_on(&mut stepper, &[1, 2, 3], &request, CancelToken::new()).unwrap();
        assert_eq!(
            (outcome.text.as_str(), outcome.reason),
            (&"hello"[..max], FinishReason::Length)
        );
        assert_eq!(outcome.progress, [(3, 3)]);
        assert_eq!(
            stepper.tokens().len(),
            3 + max.saturating_sub(1),
            "the last is not computed"
        );
    }
    // The end token as the last token allowed is still the model's own end.
    let mut request = greedy();
    request.stop.max_tokens = Some(6);
    assert_eq!(
        run(says("hello"), &request).unwrap().reason,
        FinishReason::Stop
    );
}

#[test]
fn prompt_and_answer_together_fill_the_context_and_no_more() {
    for (n_prompt, text) in [(4, "abab"), (7, "a"), (8, "")] {
        let mut options = StepperOptions::new(Script::Cycle(encode_bytes("ab")));
        options.context = 8;
        let prompt = vec![9; n_prompt];
        let mut stepper = FakeStepper::new(options);
        let outcome = run_on(&mut stepper, &prompt, &greedy(), CancelToken::new()).unwrap();
        assert_eq!(
            (outcome.text.as_str(), outcome.reason),
            (text, FinishReason::ContextFull)
        );
    }
}

#[test]
fn a_prompt_that_cannot_be_is_refused_before_any_work() {
    let mut options = says("x");
    options.context = 2;
    assert_eq!(
        run(options, &greedy()).unwrap_err(),
        EngineError::ContextExceeded {
            n_prompt: 3,
            context: 2
        }
    );
    let mut stepper = FakeStepper::new(says("x"));
    let error = run_on(&mut stepper, &[1, 999], &greedy(), CancelToken::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "token id 999 is outside the vocabulary of 258"
    );
    let error = run_on(&mut stepper, &[], &greedy(), CancelToken::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "prompt cannot be empty: there is no token to start from"
    );
    let mut request = greedy();
    request.sampling.top_p = 7.0;
    assert!(run_on(&mut stepper, &[1], &request, CancelToken::new()).is_err());
    assert_eq!(stepper.n_computed(), 0);
}

#[test]
fn faults_of_the_model_are_the_last_event() {
    let mut options = says("hello");
    options.faults.nan_at = Some(3);
    assert!(matches!(
        run(options, &greedy()),
        Err(EngineError::NotANumber {
            id: 129,
            pos: 5,
            ..
        })
    ));
    let fault = EngineError::Text("broken".to_owned());
    let mut options = says("hello");
    options.faults.fail_at_step = Some((2, fault.clone()));
    assert_eq!(run(options, &greedy()).unwrap_err(), fault);
    let mut options = says("hello");
    options.faults.fail_at_prefill = Some((1, fault.clone()));
    assert_eq!(run(options, &greedy()).unwrap_err(), fault);
}

#[test]
fn progress_is_told_for_each_chunk() {
    let mut options = says("");
    options.chunk = 4;
    let mut stepper = FakeStepper::new(options);
    let outcome = run_on(&mut stepper, &[7; 10], &greedy(), CancelToken::new()).unwrap();
    assert_eq!(outcome.progress, [(4, 10), (8, 10), (10, 10)]);
}

#[test]
fn cancelling_in_prefill_ends_within_a_chunk() {
    let cancel = CancelToken::new();
    let mut options = says("hello");
    options.faults.cancel_at_prefill = Some((8, cancel.clone()));
    let mut stepper = FakeStepper::new(options);
    let outcome = run_on(&mut stepper, &[7; 30], &greedy(), cancel).unwrap();
    assert_eq!(outcome.reason, FinishReason::Cancelled);
    assert_eq!((stepper.tokens().len(), outcome.usage.n_out), (8, 0));
}

#[test]
fn cancelling_in_decode_ends_within_a_token() {
    let cancel = CancelToken::new();
    let mut options = StepperOptions::new(Script::Cycle(encode_bytes("x")));
    options.faults.cancel_at_step = Some((2, cancel.clone()));
    let mut stepper = FakeStepper::new(options);
    let outcome = run_on(&mut stepper, &[1], &greedy(), cancel).unwrap();
    assert_eq!(outcome.reason, FinishReason::Cancelled);
    // The flag was raised inside the step of token 2; the token chosen from it is the last.
    assert_eq!((outcome.text.as_str(), stepper.tokens().len()), ("xxxx", 4));
}

#[test]
fn a_cancelled_request_does_no_work_at_all() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let mut stepper = FakeStepper::new(says("hello"));
    let outcome = run_on(&mut stepper, &[1, 2], &greedy(), cancel).unwrap();
    assert_eq!(outcome.reason, FinishReason::Cancelled);
    assert_eq!(stepper.n_computed(), 0);
}

#[test]
fn a_reader_that_stops_reading_parks_the_loop_and_one_that_leaves_ends_it() {
    let mut options = StepperOptions::new(Script::Cycle(encode_bytes("x")));
    options.context = 100_000;
    let (sender, receiver) = event_channel(CancelToken::new());
    let worker = std::thread::spawn(move || {
        let mut stepper = FakeStepper::new(options);
        generate(&mut stepper, &Bytes, &[1], &greedy(), &sender);
        stepper.tokens().len()
    });
    // Whatever the threads' speed, at most the channel and the token in hand are ahead of the reader.
    let n_read = 10;
    for _ in 0..n_read {
        receiver.recv().unwrap();
    }
    drop(receiver);
    let n_computed = worker.join().unwrap();
    let bound = lilim_api::event::EVENT_CHANNEL_BOUND;
    assert!(
        n_computed <= n_read + bound + 1,
        "{n_computed} tokens computed"
    );
}

#[test]
fn what_the_sequence_shares_with_the_prompt_is_kept() {
    let options = StepperOptions::new(Script::Hash { seed: 5 });
    let mut request = greedy();
    request.stop.max_tokens = Some(6);
    let fresh = |prompt: &[TokenId]| {
        let mut stepper = FakeStepper::new(options.clone());
        run_on(&mut stepper, prompt, &request, CancelToken::new())
            .unwrap()
            .ids
    };
    let mut stepper = FakeStepper::new(options.clone());
    let mut prompt = vec![1, 2, 3, 4];
    let mut go = |prompt: &[TokenId], n_cached| {
        let outcome = run_on(&mut stepper, prompt, &request, CancelToken::new()).unwrap();
        assert_eq!(outcome.usage.n_cached, n_cached, "{prompt:?}");
        assert_eq!(outcome.ids, fresh(prompt), "{prompt:?}");
        assert_eq!(outcome.progress[0].1, prompt.len());
        outcome.ids
    };
    let answer = go(&prompt, 0);
    // The same prompt again: all but its last token is there.
    go(&prompt, 3);
    // A conversation that goes on: the answer is kept too, except its last token, never computed.
    prompt.extend(&answer);
    prompt.push(8);
    go(&prompt, 9);
    // Another prompt with the same beginning.
    go(&[1, 2, 9], 2);
    go(&[5], 0);
}

#[test]
fn a_recurrent_sequence_starts_over() {
    let mut options = StepperOptions::new(Script::Hash { seed: 5 });
    options.recurrent = true;
    let mut request = greedy();
    request.stop.max_tokens = Some(2);
    let mut stepper = FakeStepper::new(options);
    let first = run_on(&mut stepper, &[1, 2], &request, CancelToken::new()).unwrap();
    let again = run_on(&mut stepper, &[1, 2], &request, CancelToken::new()).unwrap();
    assert_eq!(again.usage.n_cached, 0);
    assert_eq!(first.ids, again.ids);
}

#[test]
fn seeded_answers_repeat_and_logprobs_are_reported() {
    let options = StepperOptions::new(Script::Hash { seed: 1 });
    let mut request = GenerateRequest::new(Prompt::Raw(String::new()));
    request.sampling.seed = Some(7);
    request.stop.max_tokens = Some(20);
    let first = run(options.clone(), &request).unwrap().ids;
    assert_eq!(first, run(options.clone(), &request).unwrap().ids);
    request.sampling.seed = Some(8);
    assert_ne!(first, run(options.clone(), &request).unwrap().ids);
    request.sampling.logprobs = Some(3);
    let (sender, receiver) = event_channel(CancelToken::new());
    generate(
        &mut FakeStepper::new(options),
        &Bytes,
        &[1],
        &request,
        &sender,
    );
    drop(sender);
    for event in drain(&receiver) {
        if let Event::Token(token) = event {
            assert!(token.logprob.unwrap() < 0.0);
            assert_eq!(token.top_logprobs.len(), 3);
        }
    }
}

#[test]
fn dry_hears_breakers_through_the_vocabulary() {
    // The model wants to say "ab" for ever; DRY talks it out of that unless every token breaks.
    let options = StepperOptions::new(Script::Cycle(encode_bytes("ab")));
    let mut request = greedy();
    request.sampling.dry_multiplier = 100.0;
    request.stop.max_tokens = Some(12);
    let text = run(options.clone(), &request).unwrap().text;
    assert_ne!(text, "abababababab");
    request.sampling.dry_sequence_breakers = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(run(options, &request).unwrap().text, "abababababab");
}
