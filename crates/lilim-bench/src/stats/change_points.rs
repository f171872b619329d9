//! Where the level of a history of results changed.

use serde::{Deserialize, Serialize};

use super::error::{StatsError, check_finite, check_parameter};
use super::random::{Purpose, Random};
use super::summary::median;

/// A level is at least this many entries.
const MIN_SEGMENT: usize = 3;

/// How sure a change must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangePointOptions {
    /// The probability to find a change in a series that has none.
    pub significance: f64,
    /// How many times the series is shuffled to learn what chance does.
    pub permutations: usize,
    /// The same seed gives the same changes.
    pub seed: u64,
}

impl Default for ChangePointOptions {
    fn default() -> Self {
        Self {
            significance: 0.01,
            permutations: 1_999,
            seed: 0,
        }
    }
}

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangePoint {
    /// The first entry of the new level.
    pub index: usize,
    /// The share of shuffled series that show as large a change.
    pub p_value: f64,
    /// The median from the previous change to this one.
    pub median_before: f64,
    /// The median from this change to the next one.
    pub median_after: f64,
}

/// Finds changes of level in a series in order of time, by ranks: neither the shape of the noise
/// nor a single outlier matters. The most significant split is tested by permutation, then both
/// parts are searched in the same way. About five entries after a change show it at 1%.
///
/// The entries are taken to be independent beside their level: a slow drift looks like steps.
///
/// *Source:* the largest standardized Mann-Whitney statistic, Hawkins and Deng, "A nonparametric
/// change-point control chart", Journal of Quality Technology 42 (2010); binary segmentation, Scott
/// and Knott, Biometrics 30 (1974).
///
/// *Cost:* permutations × n for each level found.
///
/// # Errors
/// [`StatsError::NotFinite`], and [`StatsError::Parameter`] for a significance outside 0 to 1 or
/// one that so few permutations cannot reach.
pub fn change_points(
    series: &[f64],
    options: ChangePointOptions,
) -> Result<Vec<ChangePoint>, StatsError> {
    check_finite(series)?;
    let significance = options.significance;
    let holds = significance > 0.0 && significance < 1.0;
    check_parameter("significance", significance, "between 0 and 1", holds)?;
    let fewest = 1.0 / significance - 1.0;
    let permutations = options.permutations as f64;
    let expected = "at least 1 / significance - 1";
    check_parameter(
        "permutations",
        permutations,
        expected,
        permutations >= fewest,
    )?;
    let mut splits = Vec::new();
    let mut random = Random::new(options.seed, Purpose::ChangePoints);
    let mut open = vec![(0, series.len())];
    while let Some((start, end)) = open.pop() {
        if let Some((index, p_value)) = split(&series[start..end], options, &mut random) {
            splits.push((start + index, p_value));
            open.extend([(start, start + index), (start + index, end)]);
        }
    }
    splits.sort_unstable_by_key(|split| split.0);
    with_medians(series, &splits)
}

/// Puts the medians of the levels beside the splits.
fn with_medians(series: &[f64], splits: &[(usize, f64)]) -> Result<Vec<ChangePoint>, StatsError> {
    let inner = splits.iter().map(|split| split.0);
    let borders: Vec<usize> = [0].into_iter().chain(inner).chain([series.len()]).collect();
    let mut medians = Vec::with_capacity(borders.len());
    for level in borders.windows(2) {
        medians.extend(median(&series[level[0]..level[1]])?);
    }
    let changes = splits.iter().zip(medians.windows(2));
    Ok(changes
        .map(|(&(index, p_value), medians)| ChangePoint {
            index,
            p_value,
            median_before: medians[0],
            median_after: medians[1],
        })
        .collect())
}

/// The best split of a part and its p-value, where that is significant.
fn split(part: &[f64], options: ChangePointOptions, random: &mut Random) -> Option<(usize, f64)> {
    if part.len() < 2 * MIN_SEGMENT {
        return None;
    }
    let mut ranks = ranks(part);
    let (index, observed) = largest(&ranks);
    let mut as_large = 0;
    for _ in 0..options.permutations {
        random.shuffle(&mut ranks);
        // a sum of ranks in another order is exact: they are halves of integers
        as_large += usize::from(largest(&ranks).1 >= observed);
    }
    let p_value = (as_large + 1) as f64 / (options.permutations + 1) as f64;
    (p_value <= options.significance).then_some((index, p_value))
}

/// The split with the largest standardized distance of rank sums, and that distance squared.
fn largest(ranks: &[f64]) -> (usize, f64) {
    let n = ranks.len() as f64;
    let mut sum = 0.0;
    let mut best = (0, 0.0);
    for index in 1..=ranks.len() - MIN_SEGMENT {
        sum += ranks[index - 1];
        if index < MIN_SEGMENT {
            continue;
        }
        let before = index as f64;
        let distance = sum - before * (n + 1.0) / 2.0;
        let variance = before * (n - before) * (n + 1.0) / 12.0;
        let squared = distance * distance / variance;
        if squared > best.1 {
            best = (index, squared);
        }
    }
    best
}

/// The ranks of values, 1 for the smallest; equal ones share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + 0.5 * (equal.len() + 1) as f64;
        equal.iter().for_each(|&index| ranks[index] = rank);
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels of some length each, with normal noise of standard deviation 1.
    fn series(levels: &[(usize, f64)], seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed, Purpose::Simulate);
        let mut series = Vec::new();
        for &(n, level) in levels {
            let mut noise = vec![0.0; n];
            random.fill_normal(&mut noise);
            series.extend(noise.iter().map(|x| level + x));
        }
        series
    }

    fn found(series: &[f64]) -> Vec<usize> {
        let changes = change_points(series, ChangePointOptions::default()).unwrap();
        changes.iter().map(|change| change.index).collect()
    }

    #[test]
    fn steps_are_found_where_they_are() {
        for (levels, expected) in [
            (vec![(20, 0.0), (20, 8.0)], vec![20]),
            (vec![(20, 0.0), (20, 8.0), (20, -8.0)], vec![20, 40]),
            (vec![(30, 0.0), (5, 8.0)], vec![30]),
            (vec![(2, 0.0), (2, 8.0)], vec![]),
            (vec![], vec![]),
        ] {
            assert_eq!(found(&series(&levels, 1)), expected, "{levels:?}");
        }
    }

    #[test]
    fn a_steady_series_with_an_outlier_has_no_change() {
        let mut steady = series(&[(40, 100.0)], 3);
        steady[20] = 500.0;
        assert!(found(&steady).is_empty());
        assert!(found(&[7.0; 30]).is_empty());
    }

    #[test]
    fn steady_series_show_a_change_as_often_as_asked() {
        let options = ChangePointOptions {
            significance: 0.05,
            permutations: 199,
            seed: 0,
        };
        let changed = |seed| {
            let changes = change_points(&series(&[(25, 0.0)], seed), options).unwrap();
            usize::from(!changes.is_empty())
        };
        let count: usize = (0..400).map(changed).sum();
        // 20 expected, three standard deviations
        assert!((7..=33).contains(&count), "{count} of 400");
    }

    #[test]
    fn a_change_has_the_medians_of_both_levels() {
        let series = [1.0, 2.0, 3.0, 2.0, 2.0, 2.5, 9.0, 9.5, 9.0, 8.0, 9.0, 9.0];
        let changes = change_points(&series, ChangePointOptions::default()).unwrap();
        assert_eq!(changes.len(), 1, "{changes:?}");
        let change = changes[0];
        assert_eq!(
            (change.index, change.median_before, change.median_after),
            (6, 2.0, 9.0)
        );
    }

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn too_few_permutations_for_the_significance_are_refused() {
        let options = ChangePointOptions {
            permutations: 50,
            ..ChangePointOptions::default()
        };
        assert!(change_points(&[1.0; 10], options).is_err());
        assert!(change_points(&[f64::NAN], ChangePointOptions::default()).is_err());
    }
}
