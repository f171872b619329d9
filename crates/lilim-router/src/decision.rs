//! From a prompt's category, the candidates and a policy to the model that answers, with every step's
//! reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{TargetChoice, choose_by_target, context_fault};
use crate::{
    Candidate, Cascade, Classification, Escalation, EscalationStep, Estimate, ModelMapping, Policy,
    RequestSize, suggest,
};

const REMOTE_BARRED: &str = "is remote, and remote engines are not allowed";

/// What a decision is made from.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DecisionInput<'a> {
    /// What the prompt was classified as; `None` when nobody classified it.
    pub classification: Option<&'a Classification>,
    /// The rule.
    pub policy: &'a Policy,
    /// The models that there are, remote ones too.
    pub candidates: &'a [Candidate],
    /// How much is asked for.
    pub size: RequestSize,
    /// A model that the request or the prompt's entry names: it wins over everything.
    pub requested: Option<&'a str>,
    /// The model that the conversation is with: it wins over the policy, unless the policy is `Direct`.
    pub pinned: Option<&'a str>,
    /// The default route: the model when the classifier abstains or the policy finds none. Without
    /// one, the first local candidate.
    pub fallback: Option<&'a str>,
    /// True when prompts may leave the machine.
    pub allow_remote: bool,
}

impl<'a> DecisionInput<'a> {
    /// Makes an input of a policy and candidates, with nothing else said.
    pub fn new(policy: &'a Policy, candidates: &'a [Candidate]) -> Self {
        Self {
            classification: None,
            policy,
            candidates,
            size: RequestSize::default(),
            requested: None,
            pinned: None,
            fallback: None,
            allow_remote: false,
        }
    }
}

/// What a model was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// The request or the prompt's entry names it.
    Request,
    /// The conversation is with it.
    Conversation,
    /// The policy.
    Policy,
    /// A cascade's answer was not sure enough.
    Escalation,
    /// It is the default route.
    Fallback,
    /// It is the first candidate, for want of anything else.
    First,
    /// There is no model.
    Nothing,
}

/// A candidate that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exclusion {
    /// The candidate.
    pub model: String,
    /// What speaks against it, with its number.
    pub reason: String,
}

/// Which model answers, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The category; `None` when the classifier abstained or there was none.
    pub category: Option<String>,
    /// The likeliest category's probability; `None` when nobody classified.
    pub confidence: Option<f64>,
    /// The model; `None` when there is none that may answer.
    pub model: Option<String>,
    /// What chose it.
    pub chosen_by: ChosenBy,
    /// What answering is expected to cost.
    #[serde(default)]
    pub estimate: Option<Estimate>,
    /// The candidates that cannot answer, and those that a target passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
    /// Where the answer goes when it is not sure enough (see [`escalate`](crate::escalate)).
    #[serde(default)]
    pub escalation: Option<Escalation>,
    /// The steps, in order, as sentences for people.
    pub reasons: Vec<String>,
}

/// Decides which model answers: the requested one, the conversation's, the policy's, the default
/// route, the first local candidate, in this order. Never fails: whatever is missing is a reason. A
/// model named by a request or by `Direct` is not replaced when it is missing.
pub fn decide(input: &DecisionInput<'_>) -> Decision {
    let classification = input.classification;
    let mut steps = Steps {
        input,
        reasons: classification.map(category_reason).into_iter().collect(),
        excluded: unfit(input.candidates).collect(),
        escalation: None,
    };
    let (chosen_by, chosen) = steps.choose();
    let estimate = chosen.map(|candidate| Estimate::of(candidate, input.size));
    if let (Some(candidate), Some(estimate)) = (chosen, &estimate) {
        // A target's reason has the estimate already.
        if !(chosen_by == ChosenBy::Policy && matches!(input.policy, Policy::Target(_))) {
            let switch = estimate.switch_reason(&candidate.name);
            steps.reasons.extend(switch);
        }
        if let Some(fault) = context_fault(candidate, input.size) {
            steps.reasons.push(format!("{}: {fault}", candidate.name));
        }
    }
    Decision {
        category: classification.and_then(|found| found.category.clone()),
        confidence: classification.map(|found| found.confidence),
        model: chosen.map(|candidate| candidate.name.clone()),
        chosen_by: chosen.map_or(ChosenBy::Nothing, |_| chosen_by),
        estimate,
        excluded: steps.excluded,
        escalation: steps.escalation,
        reasons: steps.reasons,
    }
}

/// Whoever cannot answer, whatever the policy.
fn unfit(candidates: &[Candidate]) -> impl Iterator<Item = Exclusion> {
    candidates.iter().filter_map(|candidate| {
        Some(Exclusion {
            model: candidate.name.clone(),
            reason: candidate.unfit.clone()?,
        })
    })
}

fn category_reason(classification: &Classification) -> String {
    let percent = classification.confidence * 100.0;
    match &classification.category {
        Some(category) if classification.scores.is_empty() => {
            format!("{category} was written as its category")
        }
        Some(category) => format!("classified as {category} with {percent:.1} % confidence"),
        None if classification.likeliest().is_none() => {
            "abstained: no category was recognized in what was written".to_owned()
        }
        None => format!("abstained: the likeliest category has only {percent:.1} % confidence"),
    }
}

/// The way to a model, with what was said on it.
struct Steps<'i, 'a> {
    input: &'i DecisionInput<'a>,
    reasons: Vec<String>,
    excluded: Vec<Exclusion>,
    escalation: Option<Escalation>,
}

impl<'a> Steps<'_, 'a> {
    fn choose(&mut self) -> (ChosenBy, Option<&'a Candidate>) {
        let input = self.input;
        if let Some(model) = input.requested {
            return (ChosenBy::Request, self.named(model, "was asked for"));
        }
        if let Policy::Direct(model) = input.policy {
            return (ChosenBy::Policy, self.named(model, "gets every prompt"));
        }
        if let Some(model) = input.pinned
            && let Some(candidate) = self.named(model, "is the model of this conversation")
        {
            return (ChosenBy::Conversation, Some(candidate));
        }
        if let Some(candidate) = self.by_policy() {
            return (ChosenBy::Policy, Some(candidate));
        }
        if let Some(model) = input.fallback
            && let Some(candidate) = self.named(model, "is the default route")
        {
            return (ChosenBy::Fallback, Some(candidate));
        }
        (ChosenBy::First, self.first())
    }

    /// The candidate of a name, if it may answer; either way a reason.
    fn named(&mut self, model: &str, role: &str) -> Option<&'a Candidate> {
        match self.usable(model) {
            Ok(candidate) => {
                self.reasons.push(format!("{} {role}", candidate.name));
                Some(candidate)
            }
            Err(fault) => {
                self.reasons.push(format!("{model} {role} but {fault}"));
                None
            }
        }
    }

    fn usable(&self, model: &str) -> Result<&'a Candidate, &'a str> {
        let mut all = self.input.candidates.iter();
        let candidate = all
            .find(|candidate| candidate.name.to_lowercase() == model.to_lowercase())
            .ok_or("is not installed")?;
        if candidate.is_remote && !self.input.allow_remote {
            return Err(REMOTE_BARRED);
        }
        match &candidate.unfit {
            Some(fault) => Err(fault),
            None => Ok(candidate),
        }
    }

    /// The candidates that may answer; a remote one that may not gets its exclusion.
    fn allowed(&mut self) -> Vec<&'a Candidate> {
        let (allowed, barred): (Vec<_>, Vec<_>) = self
            .input
            .candidates
            .iter()
            .filter(|candidate| candidate.unfit.is_none())
            .partition(|candidate| !candidate.is_remote || self.input.allow_remote);
        self.excluded
            .extend(barred.into_iter().map(|candidate| Exclusion {
                model: candidate.name.clone(),
                reason: REMOTE_BARRED.to_owned(),
            }));
        allowed
    }

    fn by_policy(&mut self) -> Option<&'a Candidate> {
        match self.input.policy {
            Policy::Mapping(mapping) => self.by_mapping(mapping),
            Policy::Cascade(cascade) => self.by_cascade(cascade),
            Policy::Target(target) => {
                let candidates = self.allowed();
                let classification = self.input.classification;
                let category = classification.and_then(|found| found.category.as_deref());
                let choice = choose_by_target(target, &candidates, category, self.input.size);
                let TargetChoice {
                    chosen,
                    excluded,
                    reasons,
                } = choice;
                self.reasons.extend(reasons);
                self.excluded.extend(excluded);
                let all = self.excluded.iter();
                self.reasons
                    .extend(all.map(|out| format!("not {}: {}", out.model, out.reason)));
                chosen
            }
            Policy::Direct(_) => None,
        }
    }

    fn by_mapping(&mut self, mapping: &ModelMapping) -> Option<&'a Candidate> {
        let category = self.input.classification?.category.as_deref()?;
        let Some(model) = mapping.model_for(category) else {
            self.reasons.push(format!("{category} has no route"));
            return None;
        };
        match self.usable(model) {
            Ok(candidate) => {
                let name = &candidate.name;
                self.reasons.push(format!("{category} is routed to {name}"));
                Some(candidate)
            }
            Err(fault) => {
                let mut reason = format!("{category} is routed to {model}, which {fault}");
                let allowed: Vec<_> = self
                    .input
                    .candidates
                    .iter()
                    .filter(|candidate| !candidate.is_remote || self.input.allow_remote)
                    .filter(|candidate| candidate.unfit.is_none())
                    .map(|candidate| candidate.name.as_str())
                    .collect();
                if let Some(near) = suggest(model, allowed) {
                    reason.push_str(&format!(" (suggestion: {}, {})", near.model, near.reason));
                }
                self.reasons.push(reason);
                None
            }
        }
    }

    fn by_cascade(&mut self, cascade: &Cascade) -> Option<&'a Candidate> {
        let mut steps = Vec::new();
        for model in &cascade.steps {
            match self.usable(model) {
                Ok(candidate) => match context_fault(candidate, self.input.size) {
                    Some(fault) => self
                        .reasons
                        .push(format!("{model}, a step of the cascade: {fault}")),
                    None => steps.push(candidate),
                },
                Err(fault) => self
                    .reasons
                    .push(format!("{model}, a step of the cascade, {fault}")),
            }
        }
        let Some((&first, rest)) = steps.split_first() else {
            let reason = "the cascade has no step that may answer";
            self.reasons.push(reason.to_owned());
            return None;
        };
        self.reasons
            .push(format!("{} is the first step of the cascade", first.name));
        self.escalation = (!rest.is_empty()).then(|| Escalation {
            min_confidence: cascade.min_confidence,
            steps: rest
                .iter()
                .map(|candidate| EscalationStep {
                    model: candidate.name.clone(),
                    estimate: Estimate::of(candidate, self.input.size),
                })
                .collect(),
        });
        Some(first)
    }

    fn first(&mut self) -> Option<&'a Candidate> {
        let all = self.input.candidates;
        let mut fit = all.iter().filter(|candidate| candidate.unfit.is_none());
        let local = fit.clone().find(|candidate| !candidate.is_remote);
        if let Some(candidate) = local {
            self.reasons
                .push(format!("{} is the first installed model", candidate.name));
            return Some(candidate);
        }
        let remote = fit.next().filter(|_| self.input.allow_remote);
        let unfit: Vec<String> = unfit(all)
            .map(|out| format!("{} {}", out.model, out.reason))
            .collect();
        self.reasons.push(match remote {
            Some(candidate) => format!("{} is the first remote model", candidate.name),
            None if unfit.is_empty() => "no model is installed".to_owned(),
            None => format!("no model is left: {}", unfit.join("; ")),
        });
        remote
    }
}
