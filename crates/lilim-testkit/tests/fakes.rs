//! The fakes keep the promises of the traits they stand in for.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lilim_api::{
    CancelToken, Engine, EngineError, Event, FinishReason, GenerateRequest, LoadOptions,
    LoadedModel, ModelFiles, Prompt, TokenId, TokenStepper,
};
use lilim_testkit::{
    END, FakeEngine, FakeStepper, Script, StepperOptions, VirtualClock, encode_bytes,
};

fn load(options: StepperOptions) -> Arc<dyn LoadedModel> {
    FakeEngine::new(options)
        .load(
            &ModelFiles::Gguf(PathBuf::from("fake.gguf")),
            &LoadOptions::default(),
            &mut |_| {},
        )
        .unwrap()
}

fn events_of(options: StepperOptions, request: GenerateRequest) -> Vec<Event> {
    let mut session = load(options).session().unwrap();
    let receiver = session.generate(request, CancelToken::new()).unwrap();
    std::iter::from_fn(|| receiver.recv())
        .map(|timed| timed.event)
        .collect()
}

fn text_of(events: &[Event]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Token(token) => Some(token.text.as_str()),
            _ => None,
        })
        .collect()
}

fn hash_logits(ids: &[TokenId], chunk: usize, seed: u64) -> Vec<f32> {
    let mut options = StepperOptions::new(Script::Hash { seed });
    options.chunk = chunk;
    let mut stepper = FakeStepper::new(options);
    stepper
        .prefill(ids, &CancelToken::new(), &mut |_| {})
        .unwrap();
    stepper.logits().to_vec()
}

#[test]
fn a_script_is_said_and_ended() {
    let options = StepperOptions::new(Script::text("hello"));
    let events = events_of(options, GenerateRequest::new(Prompt::Raw("hi".to_owned())));
    assert_eq!(text_of(&events), "hello");
    match events.last().unwrap() {
        Event::Done { reason, usage, .. } => {
            assert_eq!(*reason, FinishReason::Stop);
            assert_eq!((usage.n_prompt, usage.n_out), (3, 6));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cycle_ends_with_the_context() {
    let mut options = StepperOptions::new(Script::Cycle(encode_bytes("ab")));
    options.context = 10;
    let events = events_of(options, GenerateRequest::new(Prompt::Tokens(vec![1, 2])));
    assert_eq!(text_of(&events), "abababab");
    assert!(matches!(
        events.last(),
        Some(Event::Done {
            reason: FinishReason::ContextFull,
            ..
        })
    ));
}

#[test]
fn faults_come_where_they_are_set() {
    let request = || GenerateRequest::new(Prompt::Tokens(vec![1, 2, 3]));
    let mut options = StepperOptions::new(Script::text("hello"));
    options.faults.nan_at = Some(2);
    let events = events_of(options, request());
    assert_eq!(text_of(&events), "he");
    assert!(matches!(
        events.last(),
        Some(Event::Failed(EngineError::NotANumber {
            id: 129,
            pos: 4,
            ..
        }))
    ));
    let mut options = StepperOptions::new(Script::text("hello"));
    let fault = EngineError::Text("broken".to_owned());
    options.faults.fail_at_step = Some((0, fault.clone()));
    let events = events_of(options, request());
    assert_eq!(text_of(&events), "h");
    assert_eq!(events.last(), Some(&Event::Failed(fault)));
}

#[test]
fn hash_logits_depend_on_every_token_but_not_on_chunks() {
    let base = hash_logits(&[1, 2, 3, 4, 5], 8, 0);
    assert_eq!(base, hash_logits(&[1, 2, 3, 4, 5], 2, 0));
    for (ids, seed) in [
        ([0, 2, 3, 4, 5], 0),
        ([2, 1, 3, 4, 5], 0),
        ([1, 2, 3, 4, 5], 1),
    ] {
        assert_ne!(base, hash_logits(&ids, 8, seed));
    }
    assert_ne!(base, hash_logits(&[1, 2, 3, 4, 5, 5], 8, 0));
}

#[test]
fn rewinding_and_scoring_agree_with_prefilling() {
    let mut stepper = FakeStepper::new(StepperOptions::new(Script::Hash { seed: 3 }));
    let mut scored = Vec::new();
    stepper
        .score(&[9, 8, 7], 1, &mut |index, logits| {
            scored.push((index, logits.to_vec()));
        })
        .unwrap();
    assert_eq!(scored.len(), 2);
    assert_eq!(scored[0], (1, hash_logits(&[9, 8], 8, 3)));
    assert_eq!(stepper.rewind(1), 1);
    stepper.step(6).unwrap();
    assert_eq!(stepper.logits(), hash_logits(&[9, 6], 8, 3));
    assert_eq!(stepper.tokens(), [9, 6]);
}

#[test]
fn a_recurrent_fake_goes_back_to_the_start_only() {
    let mut options = StepperOptions::new(Script::Cycle(vec![END]));
    options.recurrent = true;
    let mut stepper = FakeStepper::new(options);
    stepper
        .prefill(&[1, 2, 3], &CancelToken::new(), &mut |_| {})
        .unwrap();
    assert_eq!(stepper.rewind(3), 3);
    assert_eq!(stepper.rewind(2), 0);
}

#[test]
fn virtual_delays_move_only_their_clock() {
    let clock = VirtualClock::default();
    let mut options = StepperOptions::new(Script::text("hello"));
    options.delays.prefill_token = Duration::from_secs(10);
    options.delays.step = Duration::from_secs(100);
    options.delays.clock = Some(clock.clone());
    events_of(options, GenerateRequest::new(Prompt::Tokens(vec![1, 2])));
    assert_eq!(clock.now(), Duration::from_secs(20 + 500));
}

#[test]
fn cancelled_work_is_done_as_cancelled() {
    let cancel = CancelToken::new();
    let mut options = StepperOptions::new(Script::Cycle(encode_bytes("x")));
    options.faults.cancel_at_step = Some((3, cancel.clone()));
    let mut session = load(options).session().unwrap();
    let request = GenerateRequest::new(Prompt::Tokens(vec![1]));
    let receiver = session.generate(request, cancel).unwrap();
    let events: Vec<Event> = std::iter::from_fn(|| receiver.recv())
        .map(|timed| timed.event)
        .collect();
    assert_eq!(text_of(&events), "xxxx");
    assert!(matches!(
        events.last(),
        Some(Event::Done {
            reason: FinishReason::Cancelled,
            ..
        })
    ));
}
