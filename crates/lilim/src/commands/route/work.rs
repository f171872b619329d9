//! From one prompt to its row: classify, decide, load, answer, and ask a larger model where a cascade
//! is not content.

use std::collections::BTreeSet;
use std::time::Instant;

use lilim_api::{
    EngineError, FinishReason, GenerateRequest, LoadedModel, Message, Prompt, SamplingOptions,
    StopOptions, TemplateOptions,
};
use lilim_bench::energy::{COUNTER_J, Meter};
use lilim_host::{HostError, Residency, Residents};
use lilim_router::{
    Decision, DecisionInput, Policy, PromptEntry, RequestSize, decide, escalate, pass_over,
};

use super::classifier::{Sorted, Sorter};
use super::fleet::{Fleet, Loaded, candidates};
use super::job::Job;
use super::row::{Left, Load, Row, Unsure};
use crate::generate::stream_answer;
use crate::metrics::Answer;
use crate::terminal;

/// Letters of a token of English, rather few than many: a prompt's tokens are estimated before a model
/// is chosen, whose tokenizer would know.
const CHARS_OF_TOKEN: u64 = 3;

/// Who sorts, which models are in memory, and the machine's energy counters: what stays from prompt to
/// prompt.
pub(crate) struct Worker {
    pub(crate) energy: Meter,
    pub(crate) sorter: Sorter,
    pub(crate) residency: Residency<Fleet>,
    /// Models of which it was told that they have no chat template.
    told: BTreeSet<String>,
}

/// What a prompt's row was, and whether the user ended it.
pub(crate) struct Done {
    pub(crate) row: Row,
    pub(crate) is_cancelled: bool,
}

impl Worker {
    pub(crate) fn new(energy: Meter, sorter: Sorter, residency: Residency<Fleet>) -> Self {
        Self {
            energy,
            sorter,
            residency,
            told: BTreeSet::new(),
        }
    }

    /// Knows what was said of prompts that are done, as the run that did them would.
    pub(crate) fn recall(&mut self, job: &Job, rows: &[Row]) {
        for row in rows {
            let said = row.classifier.as_ref().zip(row.classification.as_ref());
            if let (Some(entry), Some((who, said))) = (job.prompts.get(row.index), said) {
                self.sorter.recall(&entry.prompt, who, said);
            }
        }
    }

    /// Classifies and decides; loads and answers nothing.
    pub(crate) fn decide(&mut self, job: &Job, entry: &PromptEntry) -> (Sorted, Decision) {
        let is_named = entry.model.is_some() || matches!(job.policy, Policy::Direct(_));
        let sorted = match is_named {
            // Whoever is named answers, whatever it is about.
            true => Sorted::by_nobody(),
            false => self.sorter.sort(&entry.prompt, &mut self.residency),
        };
        let candidates = candidates(&self.residency);
        let decision = decide(&DecisionInput {
            classification: sorted.classification.as_ref(),
            size: size(job, entry),
            requested: entry.model.as_deref(),
            fallback: job.fallback.as_deref(),
            allow_remote: job.allow_remote,
            ..DecisionInput::new(&job.policy, &candidates)
        });
        (sorted, decision)
    }

    /// Everything about one prompt.
    pub(crate) fn work(&mut self, job: &Job, index: usize) -> Done {
        let entry = &job.prompts[index];
        let begun = Instant::now();
        let cpu_before = cpu_seconds();
        let energy_before = self.energy.mark();
        let (sorted, decision) = self.decide(job, entry);
        let mut row = Row {
            index,
            id: entry.id.clone(),
            expected: entry.category.clone(),
            classifier: sorted.classifier,
            classification: sorted.classification,
            classification_ms: sorted.took_ms,
            cached: sorted.is_cached,
            decision,
            queue_ms: 0.0,
            load_ms: 0.0,
            loads: Vec::new(),
            left: Left::default(),
            evicted: Vec::new(),
            first_token_ms: None,
            figures: None,
            total_ms: 0.0,
            cpu_s: None,
            peak_rss_bytes: None,
            energy_j: None,
            why_no_energy: None,
            unsure: Vec::new(),
            completion: None,
            finish_reason: None,
            failure: None,
        };
        if sorted.is_cancelled {
            let is_cancelled = true;
            return Done { row, is_cancelled };
        }
        let is_cancelled = match self.answer(job, index, begun, &mut row) {
            Ok(is_cancelled) => is_cancelled,
            Err(error) if matches!(error.downcast_ref(), Some(EngineError::Cancelled)) => true,
            Err(error) => {
                row.failure = Some(format!("{error:#}"));
                false
            }
        };
        row.total_ms = begun.elapsed().as_secs_f64() * 1e3;
        row.cpu_s = cpu_before.zip(cpu_seconds()).map(|(a, b)| b - a);
        row.peak_rss_bytes = crate::machine::peak_rss_bytes();
        let counted = self.energy.since(energy_before);
        row.energy_j = counted
            .iter()
            .find(|one| one.name == COUNTER_J)
            .and_then(|one| one.value);
        row.why_no_energy = counted.into_iter().find_map(|one| one.why_null);
        row.left = Left {
            residents: self.residency.snapshot().into(),
            load_ms: self.residency.source().loads(),
        };
        Done { row, is_cancelled }
    }

    /// Makes memory and the known times of loading what they were after a row of an earlier run, so that
    /// the prompts after it are decided as they would have been. In no row's time; a model that had to be
    /// loaded answers a token, as in [`Self::restore`]. Tells whether the user ended it.
    pub(crate) fn go_on_from(&mut self, job: &Job, last: &Row) -> bool {
        let left = &last.left;
        let earlier = Residents::from(left.residents.clone());
        let fleet = self.residency.source();
        let names = left.residents.iter().map(|(name, _)| name);
        // A server is as warm as it was, and may want money.
        let here: BTreeSet<&String> = names.filter(|name| !fleet.is_server(name)).collect();
        let entry = PromptEntry {
            max_tokens: Some(1),
            ..job.prompts[last.index].clone()
        };
        let (mut loaded, mut is_cancelled) = (Vec::new(), false);
        let restored = self.residency.restore(&earlier, |name, model| {
            if here.contains(&name.to_owned()) {
                loaded.push(name.to_owned());
                let answer = ask(model, &entry, 1, false);
                is_cancelled |=
                    answer.is_ok_and(|one| one.finish_reason == Some(FinishReason::Cancelled));
            }
        });
        self.residency.source().restore_loads(left.load_ms.clone());
        if !loaded.is_empty() {
            let names = loaded.join(", ");
            terminal::tell(&format!("loaded as before, in no prompt's time: {names}"));
        }
        if let Err(error) = restored {
            terminal::tell(&format!(
                "warning: memory is not what it was: {error:#}; later prompts may be decided otherwise"
            ));
        }
        is_cancelled
    }

    /// Makes memory what it was at an earlier time. A model that has to be loaded for that answers a token
    /// of a prompt as well: the first answer that is timed must not pay for being the first. Tells how many
    /// were loaded, or `None` where the user ended it.
    pub(crate) fn restore(
        &mut self,
        earlier: &Residents,
        entry: &PromptEntry,
    ) -> anyhow::Result<Option<usize>> {
        let entry = PromptEntry {
            max_tokens: Some(1),
            ..entry.clone()
        };
        let (mut n_loaded, mut is_cancelled) = (0, false);
        self.residency.restore(earlier, |_, loaded| {
            n_loaded += 1;
            // Whoever cannot answer this fails again where it is counted.
            let answer = ask(loaded, &entry, 1, false);
            is_cancelled |=
                answer.is_ok_and(|one| one.finish_reason == Some(FinishReason::Cancelled));
        })?;
        Ok((!is_cancelled).then_some(n_loaded))
    }

    /// Answers, as often as a cascade asks. Tells whether the user ended it. An answer that is not sure
    /// enough stands in the row until there is a surer one, and stays where none comes.
    fn answer(
        &mut self,
        job: &Job,
        index: usize,
        begun: Instant,
        row: &mut Row,
    ) -> anyhow::Result<bool> {
        let entry = &job.prompts[index];
        let mut kept: Option<Kept> = None;
        loop {
            let Some(model) = row.decision.model.clone() else {
                anyhow::bail!("no model may answer: {}", row.decision.reasons.join("; "));
            };
            let (answer, ms) = match self.ask_model(&model, entry, job.max_tokens, row) {
                Ok(answered) => answered,
                Err(error) => {
                    // What broke is loaded afresh for the next prompt; a request that was refused broke
                    // nothing.
                    if is_breakdown(&error) {
                        self.residency.drop_model(&model);
                    }
                    if matches!(error.downcast_ref(), Some(EngineError::Cancelled)) {
                        return Err(error);
                    }
                    let failure = format!("{error:#}");
                    if let Some(next) = pass_over(&row.decision, &failure) {
                        row.decision = next;
                        continue;
                    }
                    let kept = kept.ok_or(error)?;
                    kept.stay(row, &model, &failure);
                    return Ok(false);
                }
            };
            let is_cancelled = answer.finish_reason == Some(FinishReason::Cancelled);
            let confidence = answer.confidence().unwrap_or(0.0);
            let next = match is_cancelled {
                true => None,
                false => escalate(&row.decision, confidence),
            };
            row.first_token_ms = answer
                .first_token_at()
                .map(|at| at.saturating_duration_since(begun).as_secs_f64() * 1e3);
            let figures = answer.figures();
            row.figures = Some(figures.clone());
            row.finish_reason = answer.finish_reason;
            row.completion = Some(answer.text);
            let Some(next) = next else {
                row.unsure.extend(kept.map(|kept| kept.unsure));
                return Ok(is_cancelled);
            };
            let unsure = Unsure {
                model,
                confidence,
                ms,
                figures,
            };
            let decision = std::mem::replace(&mut row.decision, next);
            let earlier = kept.replace(Kept { unsure, decision });
            row.unsure.extend(earlier.map(|kept| kept.unsure));
        }
    }

    /// A model's answer and the milliseconds from sending to its end; what came before is in the row.
    fn ask_model(
        &mut self,
        model: &str,
        entry: &PromptEntry,
        max_tokens: usize,
        row: &mut Row,
    ) -> anyhow::Result<(Answer, f64)> {
        let decided = Instant::now();
        let is_server = self.residency.source().is_server(model);
        let fetched = self.residency.fetch(model)?;
        let mut load_ms = 0.0;
        if let Some(switch) = fetched.switch {
            // A server has its model: to reach it is waiting.
            if !is_server {
                load_ms = switch.load.as_secs_f64() * 1e3;
                row.load_ms += load_ms;
                row.loads.push(Load {
                    model: model.to_owned(),
                    ms: load_ms,
                });
            }
            row.evicted.extend(switch.evicted);
        }
        let waited_ms = decided.elapsed().as_secs_f64() * 1e3;
        row.queue_ms += (waited_ms - load_ms).max(0.0);
        if let Some(reason) = system_reason(model, fetched.model.model.as_ref(), entry) {
            if self.told.insert(model.to_owned()) {
                terminal::tell(&format!("warning: {reason}"));
            }
            row.decision.reasons.push(reason);
        }
        let is_cascade = row.decision.escalation.is_some();
        let sent = Instant::now();
        let answer = ask(fetched.model, entry, max_tokens, is_cascade)?;
        Ok((answer, sent.elapsed().as_secs_f64() * 1e3))
    }
}

/// The last answer that a cascade was not content with; the row holds its text and its figures.
struct Kept {
    unsure: Unsure,
    decision: Decision,
}

impl Kept {
    /// No better answer comes: `model` was to give it, and failed.
    fn stay(self, row: &mut Row, model: &str, failure: &str) {
        let giver = &self.unsure.model;
        let mut reasons = std::mem::take(&mut row.decision.reasons);
        reasons.push(format!(
            "{model} failed: {failure}; the answer of {giver} is kept"
        ));
        row.decision = Decision {
            reasons,
            escalation: None,
            ..self.decision
        };
    }
}

/// Whether an engine may be of no more use after an error.
fn is_breakdown(error: &anyhow::Error) -> bool {
    if error.is::<HostError>() {
        return false;
    }
    !matches!(
        error.downcast_ref(),
        Some(EngineError::ContextExceeded { .. } | EngineError::InvalidOption { .. })
    )
}

/// What a prompt asks for, as far as it is known before a model is chosen.
pub(super) fn size(job: &Job, entry: &PromptEntry) -> RequestSize {
    let text = entry.system.iter().chain([&entry.prompt]);
    let (mut n_plain, mut n_other) = (0_u64, 0_u64);
    for letter in text.flat_map(|text| text.chars()) {
        match letter.is_ascii() {
            true => n_plain += 1,
            // Scripts without spaces have about a token a letter.
            false => n_other += 1,
        }
    }
    let answer_tokens = entry.max_tokens.map_or(job.max_tokens as u64, u64::from);
    RequestSize {
        prompt_tokens: Some(n_plain / CHARS_OF_TOKEN + n_other + 1),
        answer_tokens: Some(answer_tokens),
    }
}

/// The answer of a loaded model, greedy, so that a run can be repeated; for a cascade with how sure it is.
pub(super) fn ask(
    loaded: &mut Loaded,
    entry: &PromptEntry,
    max_tokens: usize,
    with_logprobs: bool,
) -> anyhow::Result<Answer> {
    let prompt = prompt_of(loaded.model.as_ref(), entry);
    let request = GenerateRequest {
        prompt,
        sampling: SamplingOptions {
            logprobs: with_logprobs.then_some(0),
            ..SamplingOptions::greedy()
        },
        stop: StopOptions {
            max_tokens: Some(entry.max_tokens.map_or(max_tokens, |n| n as usize)),
            ..StopOptions::default()
        },
        whole: false,
    };
    stream_answer(loaded.answers.as_mut(), request, &mut std::io::sink())
}

/// How a model is asked an entry. One without a chat template gets plain text, the system text first.
pub(super) fn prompt_of(model: &dyn LoadedModel, entry: &PromptEntry) -> Prompt {
    let system = entry.system.clone().map(Message::system);
    match model.info().has_chat_template {
        true => Prompt::Chat {
            messages: system
                .into_iter()
                .chain([Message::user(entry.prompt.clone())])
                .collect(),
            template: TemplateOptions::default(),
        },
        false => Prompt::Raw(match &entry.system {
            Some(system) => format!("{system}\n\n{}", entry.prompt),
            None => entry.prompt.clone(),
        }),
    }
}

/// What is to be said where a model has no place of its own for what it is told first.
fn system_reason(name: &str, model: &dyn LoadedModel, entry: &PromptEntry) -> Option<String> {
    let is_raw = !model.info().has_chat_template;
    (is_raw && entry.system.is_some()).then(|| {
        format!(
            "{name} has no chat template: the system text stands before the prompt, with an empty line between"
        )
    })
}

/// CPU seconds of this process so far; `None` where the system does not tell. By a clock, not by the
/// hundredths of a second of `/proc`: a short answer takes fewer.
#[cfg(unix)]
fn cpu_seconds() -> Option<f64> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_finer_than_a_hundredth_of_a_second() {
        let begun = cpu_seconds().unwrap();
        let (mut sum, mut last, mut n_steps) = (0_u64, begun, 0);
        while last < begun + 0.005 {
            sum = std::hint::black_box((0..10_000).fold(sum, |sum, x| sum ^ x));
            let now = cpu_seconds().unwrap();
            n_steps += usize::from(now > last);
            last = now;
        }
        assert!(n_steps > 1, "{n_steps}");
    }
}
