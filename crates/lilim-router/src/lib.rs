//! Routing without side effects: from a prompt and what is installed to a decision with its reasons.
//!
//! **Invariant**: pure. No model, file, clock or network is touched: the caller scores the labels
//! with whatever engine it has and hands the numbers in.

mod cache;
mod candidate;
mod category;
mod classification;
mod decision;
mod embedded;
mod error;
mod eval;
mod json_place;
mod keywords;
mod label;
mod mapping;
mod model_name;
mod policy;
mod priors;
mod prompts;
mod schema;
mod text;
mod zero_shot;

pub use cache::{DecisionCache, DecisionKey};
pub use candidate::{Candidate, Measured, Metric};
pub use category::{Category, built_in_categories, parse_categories};
pub use classification::{CategoryScore, Classification, ClassifyOptions, majority};
pub use decision::{ChosenBy, Decision, DecisionInput, Exclusion, decide};
pub use embedded::EmbeddedClassifier;
pub use error::RouterError;
pub use eval::{
    AbstainPoint, AlwaysModel, Better, Calibration, CalibrationBin, ChoiceOutcome, ClassScore,
    Confusion, Evaluation, Judged, MajorityBaseline, RegretReport, ShareInterval, evaluate, regret,
    wilson_interval,
};
pub use keywords::classify_by_keywords;
pub use label::{MatchKind, match_label};
pub use mapping::{ModelMapping, Route, SkippedRoute};
pub use model_name::{Suggestion, suggest};
pub use policy::{
    ASSUMED_ANSWER_TOKENS, Cascade, Comparison, Escalation, EscalationStep, Estimate, Objective,
    Policy, RequestSize, Requirement, Target, escalate, pass_over,
};
pub use priors::{calibrated_priors, content_free_prompts};
pub use prompts::{
    PromptEntry, PromptFormat, PromptId, PromptSet, parse_prompts, parse_prompts_as, read_prompts,
};
pub use schema::schemas;
pub use text::utf8_text;
pub use zero_shot::zero_shot_message;
