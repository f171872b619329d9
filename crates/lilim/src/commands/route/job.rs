//! Everything that a run of prompts is about, resolved: what makes two runs the same job.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use lilim_api::LoadOptions;
use lilim_router::{
    Cascade, Category, Measured, ModelMapping, Policy, PromptEntry, PromptSet, Target,
    built_in_categories, parse_categories, utf8_text,
};
use serde::{Deserialize, Serialize};

use crate::arguments::{ClassifyArguments, PolicyArguments, RouteRunArguments};
use crate::exit::UsageError;
use crate::terminal;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Job {
    /// The program's name and version: another one may answer otherwise.
    pub(crate) tool: String,
    /// The prompts, after `--only` and `--limit`.
    pub(crate) prompts: Vec<PromptEntry>,
    /// What they are sorted into.
    pub(crate) categories: Vec<Category>,
    /// Who sorts, as the user named it.
    pub(crate) classifier: String,
    /// Name and bytes of the model that sorts, where one does.
    pub(crate) classifier_model: Option<(String, u64)>,
    /// Below it nobody decides.
    pub(crate) threshold: f64,
    /// The rule.
    pub(crate) policy: Policy,
    /// The default route.
    pub(crate) fallback: Option<String>,
    /// How models are loaded.
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) options: LoadOptions,
    /// Names and bytes of the models that may answer.
    pub(crate) models: Vec<(String, u64)>,
    /// What tells each model from others of its name and size, and the figures of this machine that the
    /// rule goes by, as they were when the job began. The model that sorts is among them.
    pub(crate) identities: BTreeMap<String, Identity>,
    /// Memory for models in MiB, where the user says it: what is free at the moment makes no other job.
    pub(crate) memory_budget_mib: Option<u64>,
    /// Whether prompts may leave the machine.
    pub(crate) allow_remote: bool,
    /// The most tokens of an answer.
    pub(crate) max_tokens: usize,
}

/// Which model a name means, and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Identity {
    /// The whole path of its file, the address of its server, or `embedded`.
    pub(crate) place: String,
    /// When the file (of a split set the one that was named) was written last, RFC 3339.
    pub(crate) modified: Option<String>,
    /// What benchmarks measured of it here.
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) measured: Option<Measured>,
    /// How long it took to load in a benchmark.
    pub(crate) load_ms: Option<f64>,
}

/// What [`Job::tool`] is.
pub(crate) fn tool() -> String {
    format!("lilim {}", env!("CARGO_PKG_VERSION"))
}

impl Job {
    /// Names of the models that may answer.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.models.iter().map(|(name, _)| name.clone())
    }

    /// A label, where it is one of the categories: results are judged by no other.
    pub(crate) fn known<'a>(&self, label: &'a String) -> Option<&'a str> {
        let mut all = self.categories.iter();
        all.any(|category| category.name == *label)
            .then_some(label.as_str())
    }

    /// The name that the job's rows lie under. The version is not in it: rows of another one have to be
    /// found, to be told.
    pub(crate) fn hash(&self) -> anyhow::Result<String> {
        let job = Self {
            tool: String::new(),
            ..self.clone()
        };
        let job = serde_json::to_vec(&job).context("writing the job as JSON")?;
        Ok(blake3::hash(&job).to_hex()[..16].to_owned())
    }
}

/// Reads the prompts of a file and tells what is odd about them.
pub(crate) fn read_prompts(path: &Path) -> anyhow::Result<PromptSet> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy());
    let set = lilim_router::read_prompts(&bytes, &name.unwrap_or_default())
        .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    if !set.duplicate_ids.is_empty() {
        let ids = set.duplicate_ids.join(", ");
        terminal::tell(&format!(
            "warning: {}: ids that occur more than once: {ids}; rows are told apart by their number",
            path.display()
        ));
    }
    Ok(set)
}

/// The prompts that the flags leave.
pub(crate) fn chosen_prompts(
    set: PromptSet,
    arguments: &RouteRunArguments,
) -> anyhow::Result<Vec<PromptEntry>> {
    let is_wanted = |entry: &PromptEntry| {
        let category = entry.category.as_deref().unwrap_or_default();
        arguments.only.is_empty() || arguments.only.iter().any(|only| only == category)
    };
    let all = set.prompts.len();
    let mut there: Vec<String> = set
        .prompts
        .iter()
        .filter_map(|entry| entry.category.clone())
        .collect();
    there.sort_unstable();
    there.dedup();
    let mut prompts: Vec<_> = set.prompts.into_iter().filter(is_wanted).collect();
    if prompts.is_empty() && !arguments.only.is_empty() {
        let only = arguments.only.join(", ");
        let reason = format!(
            "none of the {all} prompts has the category {only} (there are: {})",
            there.join(", ")
        );
        return Err(UsageError(reason).into());
    }
    for missing in arguments.only.iter().filter(|only| !there.contains(*only)) {
        terminal::tell(&format!(
            "warning: --only {missing}: no prompt has that category"
        ));
    }
    prompts.truncate(arguments.limit.unwrap_or(usize::MAX));
    Ok(prompts)
}

/// The categories of a file, or the built-in ones.
pub(crate) fn categories(arguments: &ClassifyArguments) -> anyhow::Result<Vec<Category>> {
    if !(0.0..=1.0).contains(&arguments.threshold) {
        let reason = format!("--threshold {} is not from 0 to 1", arguments.threshold);
        return Err(UsageError(reason).into());
    }
    let Some(path) = &arguments.categories else {
        return Ok(built_in_categories());
    };
    let text = read_text(path)?;
    parse_categories(&text)
        .map_err(|error| UsageError(format!("{}: {error}", path.display())).into())
}

/// The rule that the flags name; without any, every prompt goes to the default route.
pub(crate) fn policy(arguments: &PolicyArguments) -> anyhow::Result<Policy> {
    let usage = |error: &dyn std::fmt::Display| UsageError(error.to_string());
    if let Some(path) = &arguments.mapping {
        let mapping = ModelMapping::parse(&read_text(path)?)
            .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
        return Ok(Policy::Mapping(mapping));
    }
    if let Some(text) = &arguments.target {
        let target = Target::parse(text).map_err(|error| usage(&error))?;
        return Ok(Policy::Target(target));
    }
    if !arguments.cascade.is_empty() {
        let steps = arguments.cascade.clone();
        let cascade =
            Cascade::new(steps, arguments.min_confidence).map_err(|error| usage(&error))?;
        return Ok(Policy::Cascade(cascade));
    }
    Ok(match &arguments.direct {
        Some(model) => Policy::Direct(model.clone()),
        None => Policy::Mapping(ModelMapping::default()),
    })
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let text = utf8_text(&bytes, "the file")
        .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_the_same_whatever_the_version_but_not_whatever_the_memory() {
        let identity = Identity {
            place: "a.gguf".to_owned(),
            modified: None,
            measured: None,
            load_ms: None,
        };
        let job = Job {
            tool: "lilim 1".to_owned(),
            prompts: Vec::new(),
            categories: built_in_categories(),
            classifier: "embedded".to_owned(),
            classifier_model: None,
            threshold: 0.0,
            policy: Policy::Direct("small".to_owned()),
            fallback: None,
            options: LoadOptions::default(),
            models: vec![("small".to_owned(), 1)],
            identities: [("small".to_owned(), identity.clone())].into(),
            memory_budget_mib: None,
            allow_remote: false,
            max_tokens: 8,
        };
        let hash = job.hash().unwrap();
        let other = |change: fn(&mut Job)| {
            let mut job = job.clone();
            change(&mut job);
            job.hash().unwrap()
        };
        let another = |change: fn(&mut Identity)| {
            let mut job = job.clone();
            job.identities.values_mut().for_each(change);
            job.hash().unwrap()
        };
        assert_ne!(another(|one| one.place = "b.gguf".to_owned()), hash);
        assert_ne!(another(|one| one.modified = Some("now".to_owned())), hash);
        assert_ne!(
            another(|one| one.measured = Some(Measured::default())),
            hash
        );
        assert_ne!(another(|one| one.load_ms = Some(1.0)), hash);
        assert_eq!(other(|job| job.tool = "lilim 2".to_owned()), hash);
        assert_ne!(other(|job| job.memory_budget_mib = Some(1)), hash);
        assert_ne!(
            other(|job| job.classifier_model = Some(("a".to_owned(), 2))),
            hash
        );
    }
}
