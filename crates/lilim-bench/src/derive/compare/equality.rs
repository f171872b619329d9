//! The proof that both sides of a comparison did the same work.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arms::Arms;
use super::server;
use crate::plan::Comparison;
use crate::record::{Outcome, Sample, SideInfo};

/// Why a ratio may be printed, or may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Equality {
    /// What was checked and holds.
    pub holds: Vec<String>,
    /// What does not hold; a ratio is refused where there is anything.
    pub refusals: Vec<String>,
}

/// Checks everything that must be alike.
pub(super) fn equality(
    arms: &Arms<'_>,
    comparison: &Comparison,
    (tested, baseline): (&SideInfo, &SideInfo),
) -> Equality {
    let mut holds = Vec::new();
    let mut refusals = Vec::new();
    let mut check = |is_true: bool, fact: &str, otherwise: String| {
        if is_true {
            holds.push(fact.to_owned());
        } else {
            refusals.push(otherwise);
        }
    };
    let (a, b) = (&tested.model, &baseline.model);
    let is_same_file = a.sha256.is_some() && a.sha256 == b.sha256;
    check(
        is_same_file || comparison.declared_equivalent,
        if is_same_file {
            "the same weights (SHA-256)"
        } else {
            "weights declared equivalent"
        },
        format!(
            "the weights differ: {} {} and {} {}",
            a.name, a.quantization, b.name, b.quantization
        ),
    );
    let same_prefix = !tested.options.prefix_cache && !baseline.options.prefix_cache;
    check(
        same_prefix,
        "prefix caches are off",
        "a prefix cache is on".to_owned(),
    );
    let differing = differ_in(tested, baseline);
    let fact = "at most one thing differs between the sides";
    let several = format!(
        "the sides differ in several things: {}",
        differing.join(", ")
    );
    // A server is known by its address alone: what else it has is declared, below.
    let servers = server::sides([tested, baseline]);
    if servers.is_empty() {
        check(differing.len() <= 1, fact, several);
    } else {
        let unproven = server::unproven(&servers, arms);
        check(
            comparison.declared_equivalent,
            &format!("declared, since no server tells it: {unproven}"),
            format!("a server does not tell {unproven}; --equivalent declares them equal"),
        );
    }
    let unequal = unequal_work(arms);
    check(
        unequal.is_none(),
        "the same token ids in, the same number of tokens out, request by request",
        unequal.unwrap_or_default(),
    );
    Equality { holds, refusals }
}

/// What of the work was not the same; a request that failed after it was computed counts too,
/// or only those that went alike would be left to compare.
fn unequal_work(arms: &Arms<'_>) -> Option<String> {
    let (baseline, mut n_pairs) = (work(&arms.baseline), 0);
    for other in [&arms.tested, &arms.again, &arms.in_process].map(|arm| work(arm)) {
        for (slot, a) in &other {
            let Some(b) = baseline.get(slot) else {
                continue;
            };
            n_pairs += 1;
            if a != b {
                return Some(format!("request {slot}: {a}, and {b}"));
            }
            if a.n_cached > 0 {
                return Some(format!("request {slot}: {a}"));
            }
        }
    }
    (n_pairs == 0).then(|| "no request was computed by both sides".to_owned())
}

/// What a request was, as far as two sides must agree.
#[derive(PartialEq, Eq)]
struct RequestWork<'a> {
    prompt_hash: &'a str,
    n_prompt: u32,
    n_cached: u32,
    n_out: u32,
}

impl std::fmt::Display for RequestWork<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hash = self.prompt_hash.get(..8).unwrap_or(self.prompt_hash);
        write!(
            out,
            "{} tokens in (ids {hash}), {} of them from a cache, {} out",
            self.n_prompt, self.n_cached, self.n_out
        )
    }
}

/// Every request that an engine says it computed, by its slot.
fn work<'a>(samples: &[&'a Sample]) -> BTreeMap<u32, RequestWork<'a>> {
    let computed = samples.iter().filter_map(|sample| {
        let Outcome::Request(one) = &sample.outcome else {
            return None;
        };
        let engine = one.engine?;
        let work = RequestWork {
            prompt_hash: &one.prompt_hash,
            n_prompt: engine.n_prompt,
            n_cached: engine.n_cached,
            n_out: one.n_out().unwrap_or(0),
        };
        Some((sample.slot, work))
    });
    computed.collect()
}

/// What two sides differ in: engine, program, model, and each option that matters to the work.
pub(super) fn differ_in(a: &SideInfo, b: &SideInfo) -> Vec<String> {
    let (x, y) = (&a.options, &b.options);
    if !server::sides([a, b]).is_empty() {
        return server::differ_in(a, b);
    }
    let all = [
        ("engine", a.engine != b.engine),
        ("transport", a.transport != b.transport),
        ("program", a.program != b.program),
        ("model", a.model != b.model),
        ("threads", x.threads != y.threads),
        ("level", x.level != y.level),
        ("context", x.context != y.context),
        ("chunk", x.chunk != y.chunk),
        ("kv_type", x.kv_type != y.kv_type),
        ("speculation", x.speculation != y.speculation),
    ];
    let differing = all.iter().filter(|(_, differs)| *differs);
    differing.map(|(name, _)| (*name).to_owned()).collect()
}
