//! Figures of the evaluation agree with scikit-learn and SciPy (`fixtures/routing`), and ends are well.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;

use lilim_router::{
    Better, Category, ChoiceOutcome, Classification, ClassifyOptions, Evaluation, Judged, evaluate,
    regret, wilson_interval,
};
use serde::Deserialize;

/// Sums of at most a hundred terms near 1, in another order than NumPy's.
const BOUND: f64 = 1e-12;
/// SciPy computes the normal distribution's point itself.
const INTERVAL_BOUND: f64 = 1e-9;

#[derive(Deserialize)]
struct Reference {
    classifications: Vec<Case>,
    intervals: Vec<(usize, usize, [f64; 2])>,
    regret: RegretCase,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<String>,
    expected: Vec<String>,
    probabilities: Vec<Vec<f64>>,
    accuracy: f64,
    accuracy_interval: [f64; 2],
    majority_accuracy: f64,
    macro_f1: f64,
    precision: Vec<f64>,
    recall: Vec<f64>,
    f1: Vec<f64>,
    n_expected: Vec<usize>,
    confusion: Vec<Vec<usize>>,
    ece: f64,
    brier: f64,
    abstain_curve: Vec<(f64, usize, Option<f64>)>,
}

#[derive(Deserialize)]
struct RegretCase {
    models: Vec<String>,
    values: Vec<Vec<f64>>,
    chosen: Vec<usize>,
    mean_regret: f64,
    best_share: f64,
    mean_chosen: f64,
    mean_best: f64,
    always_mean: Vec<f64>,
    always_regret: Vec<f64>,
}

fn reference() -> Reference {
    let json = include_str!("../../../fixtures/routing/reference.json");
    serde_json::from_str(json).unwrap()
}

fn close(got: f64, expected: f64, what: &str) {
    assert!(
        (got - expected).abs() <= BOUND,
        "{what}: {got}, expected {expected}"
    );
}

fn run(case: &Case) -> Evaluation {
    let named = |name: &String| Category {
        name: name.clone(),
        description: String::new(),
    };
    let categories: Vec<Category> = case.labels.iter().map(named).collect();
    let classifications: Vec<Classification> = case
        .probabilities
        .iter()
        .map(|row| {
            let log_probs: Vec<f64> = row.iter().map(|p| p.ln()).collect();
            let options = ClassifyOptions {
                priors: None,
                threshold: 0.5,
            };
            Classification::from_log_probs(&categories, &log_probs, &options).unwrap()
        })
        .collect();
    let pairs = case.expected.iter().zip(&classifications);
    let judged: Vec<_> = pairs
        .map(|(expected, classification)| Judged {
            expected,
            classification,
        })
        .collect();
    evaluate(&judged).unwrap()
}

#[test]
fn figures_agree_with_scikit_learn() {
    for case in reference().classifications {
        let got = run(&case);
        let name = &case.name;
        close(got.accuracy, case.accuracy, name);
        close(got.majority.accuracy, case.majority_accuracy, name);
        close(got.macro_f1, case.macro_f1, name);
        close(got.calibration.ece, case.ece, name);
        close(got.brier.unwrap(), case.brier, name);
        let bounds = [got.accuracy_interval.low, got.accuracy_interval.high];
        for (got, expected) in bounds.iter().zip(case.accuracy_interval) {
            assert!((got - expected).abs() <= INTERVAL_BOUND, "{name}");
        }
        assert_eq!(got.confusion.labels, case.labels, "{name}");
        assert_eq!(got.confusion.counts, case.confusion, "{name}");
        for (index, class) in got.classes.iter().enumerate() {
            // scikit-learn says 0 where there is nothing to divide by.
            close(class.precision.unwrap_or(0.0), case.precision[index], name);
            close(class.recall.unwrap_or(0.0), case.recall[index], name);
            close(class.f1, case.f1[index], name);
            assert_eq!(class.n_expected, case.n_expected[index], "{name}");
            assert_eq!(class.recall.is_none(), got.left_out.contains(&class.label));
        }
        assert_eq!(got.abstain_curve.len(), case.abstain_curve.len(), "{name}");
        for (got, expected) in got.abstain_curve.iter().zip(&case.abstain_curve) {
            assert_eq!((got.threshold, got.n_answered), (expected.0, expected.1));
            assert_eq!(got.accuracy.is_some(), expected.2.is_some(), "{name}");
            close(got.accuracy.unwrap_or(0.0), expected.2.unwrap_or(0.0), name);
        }
        let abstained = case.probabilities.iter();
        let abstained = abstained.filter(|row| row.iter().all(|&p| p < 0.5)).count();
        assert_eq!(got.n_abstained, abstained, "{name}");
        let json = serde_json::to_string(&got).unwrap();
        serde_json::from_str::<Evaluation>(&json).unwrap();
    }
}

#[test]
fn wilson_intervals_agree_with_scipy() {
    for (n_right, n, expected) in reference().intervals {
        let got = wilson_interval(n_right, n);
        assert!(
            (got.low - expected[0]).abs() <= INTERVAL_BOUND,
            "{n_right} of {n}"
        );
        assert!(
            (got.high - expected[1]).abs() <= INTERVAL_BOUND,
            "{n_right} of {n}"
        );
    }
    let nothing = wilson_interval(0, 0);
    assert_eq!((nothing.low, nothing.high), (0.0, 1.0));
}

fn outcome(models: &[String], values: &[f64], chosen: usize) -> ChoiceOutcome {
    ChoiceOutcome {
        chosen: models[chosen].clone(),
        values: models.iter().cloned().zip(values.iter().copied()).collect(),
    }
}

#[test]
fn regret_is_the_distance_from_the_best_choice() {
    let case = reference().regret;
    let make = |sign: f64| -> Vec<ChoiceOutcome> {
        let rows = case.values.iter().zip(&case.chosen);
        rows.map(|(values, &chosen)| {
            let values: Vec<f64> = values.iter().map(|value| value * sign).collect();
            outcome(&case.models, &values, chosen)
        })
        .collect()
    };
    let bound = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-9);
    for (better, sign) in [(Better::Lower, 1.0), (Better::Higher, -1.0)] {
        let got = regret(&make(sign), better).unwrap();
        assert_eq!((got.n, got.n_left_out), (case.values.len(), 0));
        bound(got.mean_regret, case.mean_regret);
        bound(got.best_share, case.best_share);
        bound(got.mean_chosen * sign, case.mean_chosen);
        bound(got.mean_best * sign, case.mean_best);
        assert!(got.always.is_sorted_by_key(|always| always.mean_regret));
        for always in &got.always {
            let index = case.models.iter().position(|model| *model == always.model);
            bound(always.mean * sign, case.always_mean[index.unwrap()]);
            bound(always.mean_regret, case.always_regret[index.unwrap()]);
        }
    }
}

#[test]
fn regret_counts_only_prompts_that_every_candidate_has_a_value_for() {
    let models = ["a".to_owned(), "b".to_owned()];
    let mut outcomes = vec![
        outcome(&models, &[1.0, 2.0], 1),
        outcome(&models, &[1.0, f64::NAN], 0),
        outcome(&models[..1], &[5.0], 0),
    ];
    let got = regret(&outcomes, Better::Lower).unwrap();
    assert_eq!((got.n, got.n_left_out, got.mean_regret), (1, 2, 1.0));
    outcomes.remove(0);
    assert_eq!(regret(&outcomes, Better::Lower), None);
    let unknown = ChoiceOutcome {
        chosen: "c".to_owned(),
        values: BTreeMap::from([("a".to_owned(), 1.0)]),
    };
    assert_eq!(regret(&[unknown], Better::Lower), None);
    assert_eq!(regret(&[], Better::Lower), None);
}

#[test]
fn no_prompts_no_probabilities_and_unknown_labels_are_told_apart() {
    assert_eq!(evaluate(&[]), None);
    let silent = Classification {
        category: None,
        confidence: 0.0,
        scores: Vec::new(),
    };
    let said = Classification {
        category: Some("A".to_owned()),
        confidence: 1.0,
        scores: Vec::new(),
    };
    let judge = |expected, classification| Judged {
        expected,
        classification,
    };
    let got = evaluate(&[judge("A", &said), judge("Z", &silent)]).unwrap();
    assert_eq!((got.brier, got.n_abstained, got.accuracy), (None, 1, 0.5));
    assert_eq!(got.confusion.labels, ["A", "Z"]);
    assert_eq!(got.confusion.unanswered, [0, 1]);
    assert_eq!(got.macro_f1, 0.5);
    assert_eq!(got.abstain_curve[20].accuracy, Some(1.0));
}
