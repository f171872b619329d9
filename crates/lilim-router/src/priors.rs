//! How much a model likes each label before it has read anything, so that this can be taken out.
//!
//! *Source*: "Calibrate Before Use" (Zhao et al., 2021): a label's probability for inputs without content
//! is the model's bias; dividing by it leaves what the prompt says.

use crate::RouterError;

/// No label is taken to be less likely than this without content: a rarer one would be lifted by noise.
const MIN_SHARE: f64 = 1e-3;

/// Prompts that say nothing. Score the labels for each as for any prompt and hand the scores to
/// [`calibrated_priors`].
pub fn content_free_prompts() -> &'static [&'static str] {
    &["", "N/A", "[MASK]", "...", "Lorem ipsum"]
}

/// Makes priors for [`ClassifyOptions`](crate::ClassifyOptions) of the labels' log-probabilities for
/// prompts without content: for each label the reciprocal of its mean probability, scaled to a mean of 1.
///
/// *Shapes*: one inner slice a prompt, one number a label. *Units*: natural logarithms.
///
/// # Errors
/// `Scores` when there is no prompt or no label, lengths differ, a score is NaN or plus infinity, or all
/// of a prompt's scores are minus infinity.
pub fn calibrated_priors(scores: &[Vec<f64>]) -> Result<Vec<f64>, RouterError> {
    let n_labels = scores.first().map_or(0, Vec::len);
    if n_labels == 0 {
        return Err(fault(0, "there is nothing to calibrate with".to_owned()));
    }
    let mut shares = vec![0.0; n_labels];
    for (index, log_probs) in scores.iter().enumerate() {
        if log_probs.len() != n_labels {
            let reason = format!("{} labels, the first has {n_labels}", log_probs.len());
            return Err(fault(index, reason));
        }
        if let Some(bad) = log_probs
            .iter()
            .find(|x| x.is_nan() || **x == f64::INFINITY)
        {
            return Err(fault(index, format!("a log-probability is {bad}")));
        }
        let max = log_probs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            return Err(fault(index, "every log-probability is -inf".to_owned()));
        }
        let sum: f64 = log_probs.iter().map(|x| (x - max).exp()).sum();
        for (share, x) in shares.iter_mut().zip(log_probs) {
            *share += (x - max).exp() / sum / scores.len() as f64;
        }
    }
    let weights: Vec<f64> = shares.iter().map(|p| 1.0 / p.max(MIN_SHARE)).collect();
    let mean = weights.iter().sum::<f64>() / n_labels as f64;
    Ok(weights.iter().map(|weight| weight / mean).collect())
}

fn fault(index: usize, reason: String) -> RouterError {
    RouterError::Scores {
        category: format!("content-free prompt {index}"),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Classification, ClassifyOptions, built_in_categories};

    #[test]
    fn what_the_model_says_without_content_comes_out_even() {
        let biased: Vec<f64> = [0.7_f64, 0.2, 0.1].iter().map(|p| p.ln() - 40.0).collect();
        let priors = calibrated_priors(&[biased.clone(), biased.clone()]).unwrap();
        assert!((priors.iter().sum::<f64>() - 3.0).abs() < 1e-12);
        let options = ClassifyOptions {
            priors: Some(&priors),
            threshold: 0.0,
        };
        let categories = &built_in_categories()[..3];
        let even = Classification::from_log_probs(categories, &biased, &options).unwrap();
        for score in even.scores {
            assert!((score.probability - 1.0 / 3.0).abs() < 1e-12);
        }
    }

    #[test]
    fn probabilities_are_averaged_and_the_impossible_is_bounded() {
        let scores = [
            vec![0.8_f64.ln(), 0.2_f64.ln()],
            vec![0.4_f64.ln(), 0.6_f64.ln()],
        ];
        let priors = calibrated_priors(&scores).unwrap();
        assert!((priors[1] / priors[0] - 0.6 / 0.4).abs() < 1e-12);
        let priors = calibrated_priors(&[vec![0.0, f64::NEG_INFINITY]]).unwrap();
        assert!((priors[1] / priors[0] - 1e3).abs() < 1e-9);
    }

    #[test]
    fn faults_name_the_prompt() {
        let cases: [(&[Vec<f64>], &str); 5] = [
            (&[], "0: there is nothing to calibrate with"),
            (&[vec![]], "0: there is nothing to calibrate with"),
            (&[vec![0.0], vec![0.0; 2]], "1: 2 labels, the first has 1"),
            (&[vec![f64::NAN]], "0: a log-probability is NaN"),
            (
                &[vec![f64::NEG_INFINITY]],
                "0: every log-probability is -inf",
            ),
        ];
        for (scores, expected) in cases {
            let error = calibrated_priors(scores).unwrap_err().to_string();
            assert_eq!(error, format!("scores for content-free prompt {expected}"));
        }
        assert!(content_free_prompts().len() > 2);
    }
}
