//! The cheapest candidate that meets every requirement, and what speaks against each other one.

use super::{Estimate, Objective, RequestSize, Requirement, Target};
use crate::{Candidate, Exclusion, Metric};

/// What a target chooses.
#[derive(Debug, Default)]
pub(crate) struct TargetChoice<'a> {
    /// The cheapest that meets all; `None` when none does.
    pub(crate) chosen: Option<&'a Candidate>,
    /// All others, in the order given, each with its reason.
    pub(crate) excluded: Vec<Exclusion>,
    /// Requirements that were passed over, and why the chosen one is.
    pub(crate) reasons: Vec<String>,
}

/// Chooses. A requirement that no candidate has a measurement for cannot tell them apart and is passed
/// over, which is said; where some have one, a candidate without it is excluded.
///
/// *Cheapest*: by the objective, what is unknown last, then as [`Objective`] says; among equals the
/// first given.
pub(crate) fn choose_by_target<'a>(
    target: &Target,
    candidates: &[&'a Candidate],
    category: Option<&str>,
    size: RequestSize,
) -> TargetChoice<'a> {
    let mut choice = TargetChoice::default();
    let (checked, unchecked): (Vec<&Requirement>, Vec<_>) =
        target.requirements.iter().partition(|wanted| {
            let mut all = candidates.iter();
            all.any(|candidate| candidate.figure(wanted.metric, category).is_some())
        });
    for wanted in unchecked {
        choice.reasons.push(format!(
            "no candidate is measured for {}: {wanted} is passed over ({}){}",
            wanted.metric,
            wanted.metric.command(),
            why_missing(wanted.metric, candidates)
        ));
    }
    let objective = reachable(target.objective, candidates, &mut choice.reasons);
    let mut met = Vec::new();
    for &candidate in candidates {
        match objections(candidate, &checked, category, size) {
            faults if faults.is_empty() => met.push((candidate, Estimate::of(candidate, size))),
            faults => choice.excluded.push(Exclusion {
                model: candidate.name.clone(),
                reason: faults.join("; "),
            }),
        }
    }
    alike_in_memory(&mut met);
    met.sort_by(|a, b| {
        let (a, b) = (cost(&a.1, objective), cost(&b.1, objective));
        let pairs = a.iter().zip(&b).map(|(a, b)| a.total_cmp(b));
        pairs.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let Some(((chosen, estimate), rest)) = met.split_first() else {
        let reason = "no candidate meets every requirement";
        choice.reasons.push(reason.to_owned());
        return choice;
    };
    choice.chosen = Some(chosen);
    let all = verdict(chosen, &checked, category);
    choice.reasons.push(format!(
        "{} {all} {}: {}",
        chosen.name,
        superlative(objective, estimate, rest),
        estimate.describe()
    ));
    for (candidate, estimate) in rest {
        choice.excluded.push(Exclusion {
            model: candidate.name.clone(),
            reason: format!("would do too, but is {}", estimate.describe()),
        });
    }
    choice
}

/// A measured peak and the size of a file are no two of a kind: where one candidate has its file's alone,
/// all that have files are compared by them.
fn alike_in_memory(met: &mut [(&Candidate, Estimate)]) {
    let has_file_alone =
        |one: &Candidate| one.file_bytes.is_some() && one.figure(Metric::PeakRss, None).is_none();
    if met.iter().any(|(one, _)| has_file_alone(one)) {
        for (candidate, estimate) in met {
            estimate.memory_bytes = candidate.file_bytes.or(estimate.memory_bytes);
        }
    }
}

/// The least energy of candidates that nobody measured it of is no choice: time decides, which is said.
fn reachable(
    objective: Objective,
    candidates: &[&Candidate],
    reasons: &mut Vec<String>,
) -> Objective {
    let is_measured = |one: &&Candidate| one.figure(Metric::Energy, None).is_some();
    if objective != Objective::Energy || candidates.iter().any(is_measured) {
        return objective;
    }
    reasons.push(format!(
        "no candidate is measured for energy: the least time decides ({}){}",
        Metric::Energy.command(),
        why_missing(Metric::Energy, candidates)
    ));
    Objective::Time
}

/// The first reason that one of the candidates has for a figure's absence.
fn why_missing(metric: Metric, candidates: &[&Candidate]) -> String {
    let mut measured = candidates.iter().filter_map(|one| one.measured.as_ref());
    let reason = measured.find_map(|one| one.missing.get(&metric));
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

/// All that a candidate fails, each with its number.
fn objections(
    candidate: &Candidate,
    wanted: &[&Requirement],
    category: Option<&str>,
    size: RequestSize,
) -> Vec<String> {
    let mut faults: Vec<String> = context_fault(candidate, size).into_iter().collect();
    for wanted in wanted {
        let metric = wanted.metric;
        let Some(value) = candidate.figure(metric, category) else {
            let why = why_missing(metric, &[candidate]);
            faults.push(format!("{metric} not measured ({}){why}", metric.command()));
            continue;
        };
        if !wanted.comparison.holds(value, wanted.bound) {
            let shown = metric.show(value);
            faults.push(format!("{metric} is {shown}, wanted {wanted}"));
        }
    }
    faults
}

/// Says when a prompt and one token of an answer do not fit.
pub(crate) fn context_fault(candidate: &Candidate, size: RequestSize) -> Option<String> {
    let (context, tokens) = (candidate.context?, size.prompt_tokens?);
    (tokens >= context)
        .then(|| format!("its context of {context} tokens cannot hold a prompt of {tokens}"))
}

/// Smaller is cheaper; what is unknown comes last.
fn cost(estimate: &Estimate, objective: Objective) -> [f64; 3] {
    let time = estimate.total_ms.unwrap_or(f64::INFINITY);
    let memory = estimate
        .memory_bytes
        .map_or(f64::INFINITY, |bytes| bytes as f64);
    let energy = estimate.energy_j.unwrap_or(f64::INFINITY);
    match objective {
        Objective::Time => [time, memory, 0.0],
        Objective::Memory => [memory, time, 0.0],
        Objective::Energy => [energy, time, memory],
    }
}

fn verdict(candidate: &Candidate, wanted: &[&Requirement], category: Option<&str>) -> String {
    if wanted.is_empty() {
        return "is not held against any measurement and".to_owned();
    }
    let met: Vec<_> = wanted
        .iter()
        .filter_map(|wanted| {
            let value = candidate.figure(wanted.metric, category)?;
            Some(format!("{wanted} (is {})", wanted.metric.show(value)))
        })
        .collect();
    format!("meets {} and", met.join(", "))
}

/// What told the chosen one from the next: the first figure that differs.
fn superlative(objective: Objective, chosen: &Estimate, rest: &[(&Candidate, Estimate)]) -> String {
    let Some((_, next)) = rest.first() else {
        return "is the only one that does".to_owned();
    };
    let names = match objective {
        Objective::Time => ["time", "memory", ""],
        Objective::Memory => ["memory", "time", ""],
        Objective::Energy => ["energy", "time", "memory"],
    };
    let pairs = cost(chosen, objective)
        .into_iter()
        .zip(cost(next, objective));
    let told = pairs.zip(names).find(|((a, b), _)| a.total_cmp(b).is_ne());
    match told {
        Some((_, least)) => format!("takes the least {least} of {}", rest.len() + 1),
        None => format!(
            "is the first of {} that nothing tells apart",
            rest.len() + 1
        ),
    }
}
