//! What is true of every engine, checked on the fake one in this process and through the wire alike.

use std::sync::Arc;
use std::time::Duration;

use lilim_api::{
    CancelToken, Engine, EngineError, Event, EventReceiver, FinishReason, GenerateRequest,
    LoadOptions, LoadPhase, LoadedModel, Message, ModelFiles, Prompt, Session, StopOptions,
    TemplateOptions, TokenId,
};
use lilim_testkit::{Delays, FakeEngine, Faults, Script, StepperOptions};

/// Makes an engine of the fake model with these options.
pub(crate) type Make<'a> = &'a dyn Fn(&str) -> Box<dyn Engine>;

/// A check of one fact.
pub(crate) type Check = (&'static str, fn(Make<'_>));

/// All of them.
pub(crate) const CHECKS: &[Check] = &[
    ("questions about models get the fake's answers", questions),
    ("generation gives the fake's events", events),
    ("failures are the fake's", failures),
    ("cancelling ends within a token", cancelling),
    ("a slow reader parks his own generation only", slow_reader),
    ("sessions generate at once", interleaving),
    ("a dropped receiver frees its session", dropped_receiver),
    ("the token level is the fake's", token_level),
    (
        "the token level's failures are the fake's",
        token_level_failures,
    ),
];

/// The fake models by name: a worker that is another process is told the name.
pub(crate) fn options(name: &str) -> StepperOptions {
    let mut options = StepperOptions::new(Script::Hash { seed: 7 });
    match name {
        "hash" => options.max_verify = 4,
        "recurrent" => options.recurrent = true,
        "text" => options.script = Script::text("Hé, a tale."),
        "endless" => {
            options.script = Script::Cycle(vec![65, 66, 67]);
            options.context = 1 << 20;
        }
        "slow" => {
            options.script = Script::Cycle(vec![65, 66, 67]);
            options.delays = Delays {
                step: Duration::from_millis(10),
                ..Delays::default()
            };
        }
        "nan" => options.faults.nan_at = Some(3),
        "no-load" => {
            options.faults.fail_load = Some(EngineError::OutOfMemory {
                what: "weights".to_owned(),
                needed_bytes: 2,
                available_bytes: 1,
            });
        }
        "bad-step" => {
            options.faults = Faults {
                fail_at_step: Some((2, EngineError::Text("no".to_owned()))),
                ..Faults::default()
            };
        }
        "bad-prefill" => {
            options.faults = Faults {
                fail_at_prefill: Some((10, EngineError::Text("no".to_owned()))),
                ..Faults::default()
            };
        }
        other => panic!("no fake model {other}"),
    }
    options
}

pub(crate) fn fake(name: &str) -> FakeEngine {
    FakeEngine::new(options(name))
}

/// In this process, what the others are compared with.
pub(crate) fn here(name: &str) -> Box<dyn Engine> {
    Box::new(fake(name))
}

pub(crate) fn files() -> ModelFiles {
    ModelFiles::Gguf("some/tale.gguf".into())
}

pub(crate) fn load(engine: &dyn Engine) -> Arc<dyn LoadedModel> {
    let loaded = engine.load(&files(), &LoadOptions::default(), &mut |_| {});
    loaded.expect("the fake loads")
}

pub(crate) fn session(engine: &dyn Engine) -> Box<dyn Session> {
    load(engine).session().expect("the fake opens sessions")
}

pub(crate) fn request(n: usize) -> GenerateRequest {
    let mut request = GenerateRequest::new(Prompt::Raw("Once".to_owned()));
    request.stop = StopOptions {
        max_tokens: Some(n),
        ignore_eos: true,
        ..StopOptions::default()
    };
    request
}

/// All events, with the engine's own durations left out: they differ from run to run.
pub(crate) fn rest(receiver: &EventReceiver) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(timed) = receiver.recv() {
        let mut event = timed.event;
        if let Event::Done { usage, .. } = &mut event {
            usage.prefill = Duration::ZERO;
            usage.decode = Duration::ZERO;
        }
        events.push(event);
    }
    events
}

fn generate(engine: &dyn Engine, request: GenerateRequest) -> Result<Vec<Event>, EngineError> {
    let receiver = session(engine).generate(request, CancelToken::new())?;
    Ok(rest(&receiver))
}

fn questions(make: Make<'_>) {
    let (engine, fake) = (make("hash"), here("hash"));
    assert_eq!(engine.name(), fake.name());
    assert_eq!(engine.availability(), fake.availability());
    assert_eq!(engine.check(&files()), fake.check(&files()));
    let options = LoadOptions {
        context: Some(99),
        ..LoadOptions::default()
    };
    assert_eq!(
        engine.estimate(&files(), &options),
        fake.estimate(&files(), &options)
    );
    let mut phases = Vec::new();
    let model = engine
        .load(&files(), &options, &mut |progress| {
            phases.push(progress.phase)
        })
        .unwrap();
    assert_eq!(
        phases,
        [LoadPhase::Open, LoadPhase::Weights, LoadPhase::Prepare]
    );
    assert_eq!(model.context(), 99);
    let there = load(fake.as_ref());
    assert_eq!(model.info(), there.info());
    assert_eq!(model.device(), there.device());
    for text in ["", "Hé\n"] {
        assert_eq!(
            model.tokenize(text, true, false),
            there.tokenize(text, true, false)
        );
    }
    for ids in [vec![], vec![72, 105], vec![72, 999]] {
        assert_eq!(model.detokenize(&ids), there.detokenize(&ids));
    }
    let messages = [Message::system("Be brief."), Message::user("Hi")];
    let template = TemplateOptions::default();
    assert_eq!(
        model.render_chat(&messages, &template),
        there.render_chat(&messages, &template)
    );
}

fn events(make: Make<'_>) {
    for name in ["hash", "text"] {
        let (engine, fake) = (make(name), here(name));
        for prompt in [
            Prompt::Raw("Once".to_owned()),
            Prompt::Tokens((0..40).collect()),
            Prompt::Chat {
                messages: vec![Message::user("Hi")],
                template: TemplateOptions::default(),
            },
        ] {
            let mut request = request(150);
            request.prompt = prompt;
            let events = generate(engine.as_ref(), request.clone()).unwrap();
            assert_eq!(Ok(events), generate(fake.as_ref(), request.clone()));
            request.whole = true;
            let events = generate(engine.as_ref(), request.clone()).unwrap();
            assert!(matches!(&events[..], [Event::Chunk(_), Event::Done { .. }]));
            assert_eq!(Ok(events), generate(fake.as_ref(), request));
        }
    }
}

fn failures(make: Make<'_>) {
    let refused = |engine: &dyn Engine| {
        let done = engine.load(&files(), &LoadOptions::default(), &mut |_| {});
        done.err().expect("it does not load")
    };
    let name = "no-load";
    assert_eq!(refused(make(name).as_ref()), refused(&fake(name)));
    for name in ["nan", "bad-step", "bad-prefill", "hash"] {
        // too long a prompt is told before any event
        let n_prompt = if name == "hash" { 1000 } else { 20 };
        let mut request = request(50);
        request.prompt = Prompt::Tokens(vec![1; n_prompt]);
        let found = generate(make(name).as_ref(), request.clone());
        let expected = generate(&fake(name), request);
        // by their text: no NaN equals another
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{name}");
    }
}

fn cancelling(make: Make<'_>) {
    /// A busy machine may hear of it late; an engine that never does is late every time.
    const ATTEMPTS: usize = 10;
    let engine = make("slow");
    let mut session = session(engine.as_ref());
    let mut tokens_after_cancel = || {
        let receiver = session.generate(request(100), CancelToken::new()).unwrap();
        for _ in 0..4 {
            receiver.recv().unwrap();
        }
        receiver.cancel_token().cancel();
        let rest = rest(&receiver);
        let (last, tokens) = rest.split_last().unwrap();
        assert!(is_cancelled(last), "{last:?}");
        tokens.len()
    };
    assert!((0..ATTEMPTS).any(|_| tokens_after_cancel() <= 1));
    // a flag that is raised before anything begins
    let cancel = CancelToken::new();
    cancel.cancel();
    let receiver = session.generate(request(100), cancel).unwrap();
    let rest = self::rest(&receiver);
    assert!(is_cancelled(rest.last().unwrap()), "{rest:?}");
    assert!(rest.len() < 5, "{rest:?}");
}

fn is_cancelled(event: &Event) -> bool {
    let cancelled = FinishReason::Cancelled;
    matches!(event, Event::Done { reason, .. } if *reason == cancelled)
}

fn slow_reader(make: Make<'_>) {
    let engine = make("endless");
    let model = load(engine.as_ref());
    let mut slow = Arc::clone(&model).session().unwrap();
    let unread = slow.generate(request(1 << 19), CancelToken::new()).unwrap();
    let mut quick = model.session().unwrap();
    let read = quick.generate(request(3000), CancelToken::new()).unwrap();
    let events = rest(&read);
    assert!(matches!(events.last(), Some(Event::Done { usage, .. }) if usage.n_out == 3000));
    unread.cancel_token().cancel();
    let events = rest(&unread);
    let Some(Event::Done { usage, .. }) = events.last() else {
        panic!("{:?}", events.last());
    };
    // what the channels of both processes hold, and what is in hand between them
    assert!(usage.n_out <= 63 + 64 + 3, "{}", usage.n_out);
    // none was lost on the way
    let tokens = events
        .iter()
        .filter(|event| matches!(event, Event::Token(_)));
    assert!(usage.n_out - tokens.count() <= 1);
}

fn interleaving(make: Make<'_>) {
    let engine = make("hash");
    let model = load(engine.as_ref());
    let mut sessions: Vec<_> = (0..4)
        .map(|_| Arc::clone(&model).session().unwrap())
        .collect();
    let receivers: Vec<_> = sessions
        .iter_mut()
        .map(|session| session.generate(request(200), CancelToken::new()).unwrap())
        .collect();
    let mut all: Vec<Vec<TokenId>> = vec![Vec::new(); 4];
    let mut open = 4;
    while open > 0 {
        open = 0;
        for (receiver, ids) in receivers.iter().zip(&mut all) {
            match receiver.recv().map(|timed| timed.event) {
                None => {}
                Some(Event::Token(token)) => {
                    open += 1;
                    ids.push(token.id);
                }
                Some(_) => open += 1,
            }
        }
    }
    assert_eq!(all[0].len(), 200);
    assert!(all.iter().all(|ids| *ids == all[0]));
}

fn dropped_receiver(make: Make<'_>) {
    let engine = make("endless");
    let mut session = session(engine.as_ref());
    for n_read in [0, 3, 100] {
        let receiver = session
            .generate(request(1 << 19), CancelToken::new())
            .unwrap();
        for _ in 0..n_read {
            receiver.recv().unwrap();
        }
        drop(receiver);
    }
    let receiver = session.generate(request(70), CancelToken::new()).unwrap();
    let tokens = rest(&receiver)
        .into_iter()
        .filter(|event| matches!(event, Event::Token(_)));
    assert_eq!(tokens.count(), 70);
}

/// Everything that can be seen of a sequence after each of many steps.
fn play(session: &mut dyn Session, n_verify: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let done = session.with_stepper(&mut |stepper| {
        let mut see = |what: &str, stepper: &mut dyn lilim_api::TokenStepper| {
            let logits: Vec<u32> = stepper.logits().iter().map(|x| x.to_bits()).collect();
            let (tokens, max) = (stepper.tokens(), stepper.max_verify());
            seen.push(format!("{what}: {tokens:?} {max} {logits:?}"));
        };
        assert_eq!((stepper.vocab_size(), stepper.context()), (258, 256));
        let mut progress = Vec::new();
        let ids: Vec<TokenId> = (0..20).collect();
        stepper.prefill(&ids, &CancelToken::new(), &mut |done| progress.push(done))?;
        assert_eq!(progress, [8, 16, 20]);
        see("prefill", stepper);
        stepper.step(65)?;
        see("step", stepper);
        stepper.verify(&ids[..n_verify])?;
        see("verify", stepper);
        for index in 0..n_verify {
            let row: Vec<u32> = stepper
                .verified(index)
                .iter()
                .map(|x| x.to_bits())
                .collect();
            see(&format!("verified {row:?}"), stepper);
        }
        let kept = stepper.rewind(7);
        see(&format!("rewind to {kept}"), stepper);
        let mut rows = Vec::new();
        stepper.score(
            &[(1..200).collect::<Vec<_>>().as_slice(), &[66]].concat(),
            3,
            &mut |index, row| {
                rows.push((index, row.iter().map(|x| x.to_bits()).collect::<Vec<_>>()));
            },
        )?;
        assert_eq!(rows.len(), 197);
        see(&format!("score {rows:?}"), stepper);
        for error in [
            stepper.step(999),
            stepper.prefill(&[1; 300], &CancelToken::new(), &mut |_| {}),
        ] {
            see(&format!("{error:?}"), stepper);
        }
        Ok(())
    });
    seen.push(format!("{done:?}"));
    seen
}

fn token_level(make: Make<'_>) {
    for (name, n_verify) in [("hash", 4), ("recurrent", 1)] {
        let engine = make(name);
        let (mut there, mut here) = (session(engine.as_ref()), session(&fake(name)));
        for _ in 0..2 {
            let (there, here) = (
                play(there.as_mut(), n_verify),
                play(here.as_mut(), n_verify),
            );
            for (one, other) in there.iter().zip(&here) {
                assert_eq!(one, other, "{name}");
            }
            assert_eq!(there.len(), here.len());
            here.last()
                .filter(|last| *last == "Ok(())")
                .expect("it went to its end");
        }
        // a generation leaves its tokens where the token level sees them
        let tokens_after = |session: &mut dyn Session| {
            let receiver = session.generate(request(5), CancelToken::new()).unwrap();
            rest(&receiver);
            let mut tokens = Vec::new();
            let done = session.with_stepper(&mut |stepper| {
                tokens = stepper.tokens().to_vec();
                Err(EngineError::Text("enough".to_owned()))
            });
            (tokens, done)
        };
        assert_eq!(tokens_after(there.as_mut()), tokens_after(here.as_mut()));
    }
}

fn token_level_failures(make: Make<'_>) {
    let fail = |session: &mut dyn Session| {
        let mut left = Vec::new();
        let done = session.with_stepper(&mut |stepper| {
            let done = stepper.prefill(&[1; 20], &CancelToken::new(), &mut |_| {});
            left = stepper.tokens().to_vec();
            done
        });
        (done, left)
    };
    let name = "bad-prefill";
    let engine = make(name);
    let there = fail(session(engine.as_ref()).as_mut());
    assert!(there.0.is_err());
    assert_eq!(there, fail(session(&fake(name)).as_mut()));
    // a flag that is raised before
    let engine = make("hash");
    let mut session = session(engine.as_ref());
    let cancel = CancelToken::new();
    let done = session.with_stepper(&mut |stepper| {
        stepper.prefill(&[1; 8], &cancel, &mut |_| {})?;
        cancel.cancel();
        // 300 chunks: long enough for a word to overtake it
        let done = stepper.prefill(&[1; 200], &cancel, &mut |_| {});
        assert!(stepper.tokens().len() <= 208);
        done
    });
    assert!(
        matches!(done, Ok(()) | Err(EngineError::Cancelled)),
        "{done:?}"
    );
}
