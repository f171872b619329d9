//! `determinism`: the fixed prompts under one setting, generated and stepped through token by token.

use lilim_api::{CancelToken, EngineError, Session, TokenId, TokenStepper};

use super::{Context, Keep};
use crate::error::BenchError;
use crate::plan::{Delivery, Setting};
use crate::prompts::{self, Words};
use crate::record::{Outcome, TraceRecord};
use crate::request::{self, Ask};
use crate::side::Ready;

/// Every prompt in a fresh process: slots are prompts, generated first, then stepped through.
pub(super) fn run(
    context: &Context<'_>,
    setting: &Setting,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let at_ns = context.clock.now_ns();
    let traced = context
        .load()
        .and_then(|ready| all_prompts(context, &ready, setting, keep.case.n_samples));
    keep.check()?;
    // Made together or not at all: a setting is one thing.
    let traces = match traced {
        Ok(traces) => traces,
        Err(error) => {
            return slots
                .iter()
                .try_for_each(|&slot| keep.failed(slot, at_ns, &error));
        }
    };
    let mut traces: Vec<_> = traces.into_iter().map(Some).collect();
    for &slot in slots {
        match traces.get_mut(slot as usize).and_then(Option::take) {
            Some(Ok(trace)) => keep.sample(slot, at_ns, Outcome::Traced(trace))?,
            Some(Err(error)) => keep.failed(slot, at_ns, &error)?,
            None => {}
        }
    }
    Ok(())
}

type Traces = Vec<Result<TraceRecord, EngineError>>;

/// Sessions take prompts in turn; the sessions run at the same time.
fn all_prompts(
    context: &Context<'_>,
    ready: &Ready,
    setting: &Setting,
    n_samples: u32,
) -> Result<Traces, EngineError> {
    // Of every prompt there are two samples.
    let numbers: Vec<u32> = (0..n_samples / 2).collect();
    let prompt = |number: u32| {
        let n_tokens = setting.shape.n_prompt as usize;
        prompts::prompt(&*ready.model, n_tokens, context.seed, number.into())
    };
    let prompts: Result<Vec<_>, _> = numbers.iter().map(|&number| prompt(number)).collect();
    let prompts = prompts?;
    let n_sessions = setting.n_sessions.max(1) as usize;
    let mut sessions = Vec::new();
    for _ in 0..n_sessions {
        sessions.push(std::sync::Arc::clone(&ready.model).session()?);
    }
    let all: Vec<(u32, Traces)> = std::thread::scope(|scope| {
        let running: Vec<_> = sessions
            .into_iter()
            .enumerate()
            .map(|(index, mut session)| {
                let ours = numbers.iter().zip(&prompts).skip(index).step_by(n_sessions);
                let ours: Vec<(u32, &Vec<TokenId>)> = ours.map(|(n, ids)| (*n, ids)).collect();
                scope.spawn(move || of_session(context, setting, &ours, &mut *session))
            })
            .collect();
        let ended = running
            .into_iter()
            .map(|one| one.join().expect("an engine's client does not panic"));
        ended.flatten().collect()
    });
    let mut all = all;
    all.sort_by_key(|(number, _)| *number);
    Ok(all.into_iter().flat_map(|(_, traces)| traces).collect())
}

fn of_session(
    context: &Context<'_>,
    setting: &Setting,
    prompts: &[(u32, &Vec<TokenId>)],
    session: &mut dyn Session,
) -> Vec<(u32, Traces)> {
    let mut all = Vec::new();
    for lap in 0..setting.n_laps.max(1) {
        let is_last = lap + 1 == setting.n_laps.max(1);
        for &(number, ids) in prompts {
            let mut traces = vec![
                generated(context, setting, ids, session),
                stepped(setting, ids, session),
            ];
            for trace in traces.iter_mut().flatten() {
                trace.prompt = number;
            }
            if is_last {
                all.push((number, traces));
            }
        }
    }
    all
}

fn generated(
    context: &Context<'_>,
    setting: &Setting,
    ids: &[TokenId],
    session: &mut dyn Session,
) -> Result<TraceRecord, EngineError> {
    let mut send = |ids: &[TokenId], n_out| {
        let words = Words::Ids(ids.to_vec());
        let ask = Ask {
            words: &words,
            n_out,
            intended_ns: None,
            delivery: Delivery::Streamed,
            may_be_cached: setting.is_cached,
            silence: context.silence,
        };
        request::send(session, ask, context.clock, context.cancel)
    };
    if setting.is_cached {
        // A prompt that begins alike comes first, so that there is something to be reused.
        send(&ids[..ids.len().div_ceil(2)], 1);
    }
    let record = send(ids, setting.shape.n_out);
    // Tokens from a cache are a failure of a measurement, and here what is wanted.
    if record.token_ids.len() != setting.shape.n_out as usize {
        let reason = record
            .failure
            .unwrap_or_else(|| "too few tokens".to_owned());
        return Err(EngineError::Text(reason));
    }
    Ok(TraceRecord {
        prompt: 0,
        prompt_hash: record.prompt_hash,
        token_ids: record.token_ids,
        n_cached: record.engine.map_or(0, |engine| engine.n_cached),
        logit_hashes: Vec::new(),
        margins: Vec::new(),
    })
}

fn stepped(
    setting: &Setting,
    ids: &[TokenId],
    session: &mut dyn Session,
) -> Result<TraceRecord, EngineError> {
    let mut trace = TraceRecord {
        prompt_hash: prompts::hash(ids),
        ..TraceRecord::default()
    };
    session.with_stepper(&mut |stepper| {
        let cancel = CancelToken::new();
        stepper.rewind(0);
        let mut kept = 0;
        if setting.is_cached {
            let n_first = ids.len().div_ceil(2);
            stepper.prefill(&ids[..n_first], &cancel, &mut |_| {})?;
            kept = stepper.rewind(n_first.saturating_sub(3));
        }
        stepper.prefill(&ids[kept..], &cancel, &mut |_| {})?;
        for index in 0..setting.shape.n_out {
            let id = look(stepper, &mut trace);
            trace.token_ids.push(id);
            if index + 1 < setting.shape.n_out {
                stepper.step(id)?;
            }
        }
        Ok(())
    })?;
    Ok(trace)
}

/// Notes the logits' bits and how far the likeliest lies above the second; returns the likeliest.
fn look(stepper: &dyn TokenStepper, trace: &mut TraceRecord) -> TokenId {
    let logits = stepper.logits();
    let mut hasher = blake3::Hasher::new();
    for logit in logits {
        hasher.update(&logit.to_le_bytes());
    }
    trace
        .logit_hashes
        .push(hasher.finalize().to_hex()[..16].to_owned());
    let (mut best, mut top, mut second) = (0, f32::NEG_INFINITY, f32::NEG_INFINITY);
    for (id, &logit) in (0..).zip(logits) {
        if logit > top {
            (best, second, top) = (id, top, logit);
        } else if logit > second {
            second = logit;
        }
    }
    // Of one token, or of logits that are no numbers, there is no margin: 0 is none.
    let margin = f64::from(top) - f64::from(second);
    trace
        .margins
        .push(if margin.is_finite() { margin } else { 0.0 });
    best
}
