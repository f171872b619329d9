//! The gate tested by itself: how often it says what, where the truth is known.
//!
//! Twice: on simulated rounds, where thousands of comparisons cost nothing and only the statistics
//! are tested; and on an engine with injected delays, where everything from the request to the verdict
//! is. A rate that is p% lower is called p% slower.

mod timed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use lilim_api::{CancelToken, LoadOptions};
use serde::Serialize;

use self::timed::TimedLauncher;
use crate::clock::Clock;
use crate::derive;
use crate::error::BenchError;
use crate::plan::{Arm, Case, Comparison, Gate, Plan, RequestShape, RoundShape, Work};
use crate::record::{ModelIdentity, Sample, SideInfo, Transport};
use crate::request::SILENCE_LIMIT;
use crate::scenario::{Bench, Sink};
use crate::sensors::Sensors;
use crate::side::Launcher;
use crate::stats::{
    ErrorRate, Limit, LookPlan, PowerQuestion, Rates, Scenario, Verdict, rounds_needed, simulate,
};

/// What the self-test is to do.
#[derive(Clone, Copy, Debug)]
pub struct SelfTestOptions {
    /// What noise is drawn from.
    pub seed: u64,
    /// Simulated comparisons of each row.
    pub n_simulated: usize,
    /// Comparisons with injected delays of each row.
    pub n_injected: usize,
    /// No further comparison is begun after this.
    pub time: Duration,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct SelfTest {
    /// The gate.
    pub limit: String,
    /// Rounds of every comparison: what the power calculation gives for the noise below.
    pub rounds: usize,
    /// The standard deviation of ln(tested / baseline) in simulated rounds.
    pub sigma: f64,
    /// The same of the delays that were injected; the machine adds its own.
    pub injected_sigma: f64,
    /// One for each slow-down and kind of comparison.
    pub rows: Vec<SelfTestRow>,
}

/// How often a slow-down got which verdict.
#[derive(Clone, Debug, Serialize)]
pub struct SelfTestRow {
    /// `simulated` or `injected`.
    pub kind: &'static str,
    /// By how many percent the tested side was slower.
    pub slower_percent: f64,
    /// How many comparisons there were.
    pub comparisons: usize,
    /// The share of them that passed, and so on.
    pub pass: f64,
    /// FAIL.
    pub fail: f64,
    /// INCONCLUSIVE.
    pub inconclusive: f64,
    /// UNFIT.
    pub unfit: f64,
    /// What the share of FAIL must keep, in words.
    pub bound: String,
    /// Whether it does; `None` where the machine was too noisy for any comparison to count.
    pub is_met: Option<bool>,
}

impl SelfTest {
    /// Whether the gate breaks a promise.
    pub fn is_missed(&self) -> bool {
        self.rows.iter().any(|row| row.is_met == Some(false))
    }
}

/// Slow-downs in percent: none, three that are injected, of which one lies at the limit.
const SLOWER: [f64; 4] = [0.0, 2.0, 5.0, 10.0];
/// The gate of MEASURES: rates of at least 95% of the baseline's.
const LIMIT: Limit = Limit::AtLeast(0.95);
/// What is to be found, how surely, and with which noise.
const FOUND: f64 = 10.0;
const POWER: f64 = 0.9;
const SIGMA: f64 = 0.05;
/// The most false alarms at the limit.
const FALSE_ALARMS: f64 = 0.025;
/// Less than [`SIGMA`], which the rounds are planned for: a real machine adds its own.
const INJECTED_SIGMA: f64 = 0.03;
/// Resamples of a simulated bootstrap; more where a look's level needs them.
const RESAMPLES: usize = 1_000;
/// A generated token's time: an answer's is far beyond what a thread wakes late by.
const STEP: Duration = Duration::from_millis(12);

/// Runs both kinds; `progress` hears what is done.
///
/// # Errors
/// [`BenchError::Interrupted`].
pub fn self_test(
    options: SelfTestOptions,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(&str),
) -> Result<SelfTest, BenchError> {
    let error = ErrorRate::default();
    let question = PowerQuestion {
        sigma: SIGMA,
        limit: LIMIT,
        true_ratio: 1.0 - FOUND / 100.0,
        power: POWER,
        error,
    };
    let needed = rounds_needed(&question, options.seed).expect("the question is of constants");
    let rounds = needed.expect("twenty rounds suffice for it").rounds;
    let looks = LookPlan::new(rounds, error).expect("rounds that power gives can be planned");
    let mut rows = Vec::new();
    for slower in SLOWER {
        interrupted(cancel)?;
        progress(&format!(
            "simulating {} comparisons, {slower}% slower",
            options.n_simulated
        ));
        rows.push(simulated(slower, &looks, options));
    }
    rows.extend(all_injected(&looks, options, cancel, progress)?);
    Ok(SelfTest {
        limit: format!("decode {LIMIT}"),
        rounds,
        sigma: SIGMA,
        injected_sigma: INJECTED_SIGMA,
        rows,
    })
}

fn interrupted(cancel: &CancelToken) -> Result<(), BenchError> {
    match cancel.is_cancelled() {
        true => Err(BenchError::Interrupted),
        false => Ok(()),
    }
}

/// Comparisons that run at once: their engines only wait, so they hardly take anything from each
/// other, and each has time for delays that dwarf a thread's late waking.
const AT_ONCE: usize = 32;

fn all_injected(
    looks: &LookPlan,
    options: SelfTestOptions,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<SelfTestRow>, BenchError> {
    let begun = Instant::now();
    let numbers = 0..options.n_injected as u64;
    let jobs: Vec<(usize, u64)> = numbers
        .flat_map(|number| (0..SLOWER.len()).map(move |row| (row, number)))
        .collect();
    let mut verdicts = SLOWER.map(|_| Vec::new());
    let mut n_done = 0;
    for jobs_now in jobs.chunks(AT_ONCE) {
        if begun.elapsed() >= options.time {
            break;
        }
        interrupted(cancel)?;
        progress(&format!(
            "injecting delays: {n_done} of {} comparisons",
            jobs.len()
        ));
        let found = std::thread::scope(|scope| {
            let running: Vec<_> = jobs_now
                .iter()
                .map(|&(row, number)| {
                    let seed = options.seed.wrapping_mul(1_000).wrapping_add(number);
                    scope.spawn(move || injected(SLOWER[row], looks, seed, cancel))
                })
                .collect();
            let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
            ended.collect::<Vec<_>>()
        });
        for (&(row, _), found) in jobs_now.iter().zip(found) {
            verdicts[row].push(found.expect("a comparison does not panic")?);
        }
        n_done += jobs_now.len();
    }
    let rows = SLOWER.into_iter().zip(verdicts);
    Ok(rows
        .map(|(slower, verdicts)| tallied(slower, &verdicts))
        .collect())
}

fn simulated(slower: f64, looks: &LookPlan, options: SelfTestOptions) -> SelfTestRow {
    let scenario = Scenario {
        sigma: SIGMA,
        true_ratio: 1.0 - slower / 100.0,
        limit: LIMIT,
        plan: looks.clone(),
        resamples: RESAMPLES,
    };
    let rates: Rates = simulate(&scenario, options.n_simulated.max(1), options.seed)
        .expect("the scenario is of constants");
    let (bound, is_met) = match slower >= FOUND {
        true => (format!("FAIL ≥ {:.0}%", 100.0 * POWER), rates.fail >= POWER),
        false => (
            format!("FAIL ≤ {:.1}%", 100.0 * FALSE_ALARMS),
            rates.fail <= FALSE_ALARMS,
        ),
    };
    SelfTestRow {
        kind: "simulated",
        slower_percent: slower,
        comparisons: rates.comparisons,
        pass: rates.pass,
        fail: rates.fail,
        inconclusive: rates.inconclusive,
        unfit: rates.unfit,
        bound,
        is_met: Some(is_met),
    }
}

/// A few comparisons cannot show a share of 2.5%: what they must keep is what a right gate misses
/// less than once in a hundred self-tests.
fn tallied(slower: f64, verdicts: &[Verdict]) -> SelfTestRow {
    let count = |verdict| verdicts.iter().filter(|&&one| one == verdict).count();
    let n = verdicts.len();
    let share = |verdict| count(verdict) as f64 / n.max(1) as f64;
    let n_fit = n - count(Verdict::Unfit);
    let n_fail = count(Verdict::Fail);
    let most = n.div_ceil(4);
    let (bound, is_kept) = if slower >= FOUND {
        let bound = "FAIL in 3 of 4 that the machine was fit for".to_owned();
        (bound, 4 * n_fail >= 3 * n_fit)
    } else if LIMIT.ratio() < 1.0 - slower / 100.0 - 1e-9 {
        ("no FAIL".to_owned(), n_fail == 0)
    } else {
        (
            format!("at most {most} FAIL: it lies at the limit"),
            n_fail <= most,
        )
    };
    SelfTestRow {
        kind: "injected",
        slower_percent: slower,
        comparisons: n,
        pass: share(Verdict::Pass),
        fail: share(Verdict::Fail),
        inconclusive: share(Verdict::Inconclusive),
        unfit: share(Verdict::Unfit),
        bound,
        is_met: (n_fit > 0).then_some(is_kept),
    }
}

/// One whole comparison of two engines that wait.
fn injected(
    slower: f64,
    looks: &LookPlan,
    seed: u64,
    cancel: &CancelToken,
) -> Result<Verdict, BenchError> {
    let launcher = |slower: f64, seed| TimedLauncher {
        step: STEP.div_f64(1.0 - slower / 100.0),
        // Two sides' noise adds up in their ratio.
        sigma: INJECTED_SIGMA / std::f64::consts::SQRT_2,
        seed,
        n_launched: AtomicU64::new(0),
    };
    let (tested, baseline) = (launcher(slower, 2 * seed), launcher(0.0, 2 * seed + 1));
    let launchers: Vec<Box<dyn Launcher>> = vec![Box::new(tested), Box::new(baseline)];
    let plan = plan(looks, seed);
    let mut kept = Kept(Vec::new());
    Bench {
        plan: &plan,
        launchers: &launchers,
        probes: Vec::new(),
        clock: Clock::starting_at(0),
        sensors: Sensors::system(),
        cancel: cancel.clone(),
        silence: SILENCE_LIMIT,
        done: BTreeSet::new(),
    }
    .run(&mut kept)?;
    let found = derive::comparison(&plan, &kept.0);
    let decode = found.and_then(|found| {
        let mut metrics = found.metrics.into_iter();
        metrics.find(|one| one.metric == "decode_tps")?.decision
    });
    Ok(decode.map_or(Verdict::Inconclusive, |decision| decision.verdict))
}

struct Kept(Vec<Sample>);

impl Sink for Kept {
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError> {
        self.0.push(sample);
        Ok(())
    }

    fn samples(&self) -> &[Sample] {
        &self.0
    }
}

fn plan(looks: &LookPlan, seed: u64) -> Plan {
    let side = |name: &str| SideInfo {
        name: name.to_owned(),
        engine: "timed".to_owned(),
        transport: Transport::InProcess,
        program: None,
        server: None,
        model: ModelIdentity {
            name: "timed".to_owned(),
            sha256: Some("timed".to_owned()),
            quantization: "none".to_owned(),
            file_bytes: 0,
        },
        options: LoadOptions {
            prefix_cache: false,
            ..LoadOptions::default()
        },
    };
    let arm = |arm: Arm| Case {
        id: arm.case_id().to_owned(),
        side: usize::from(arm != Arm::Tested),
        work: Work::Arm(arm),
        n_warmups: 0,
        n_samples: 0,
        budget_s: None,
    };
    Plan {
        seed,
        sides: vec![side("slowed"), side("baseline")],
        cases: [Arm::Tested, Arm::Baseline, Arm::BaselineAgain]
            .map(arm)
            .to_vec(),
        targets: Vec::new(),
        left_out: Vec::new(),
        comparison: Some(Comparison {
            tested: 0,
            baseline: 1,
            declared_equivalent: false,
            round: RoundShape {
                prefill: RequestShape {
                    n_prompt: 8,
                    n_out: 1,
                },
                decode: RequestShape {
                    n_prompt: 4,
                    n_out: 9,
                },
                n_requests: 1,
                n_warmups: 0,
            },
            looks: looks.clone(),
            gates: vec![Gate {
                metric: "decode_tps".to_owned(),
                limit: LIMIT,
            }],
            targets: Vec::new(),
            pilot: BTreeMap::new(),
        }),
        check: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_keeps_what_it_promises_on_simulated_rounds() {
        let options = SelfTestOptions {
            seed: 1,
            n_simulated: 2_000,
            n_injected: 0,
            time: Duration::ZERO,
        };
        let mut said = Vec::new();
        let mut hear = |text: &str| said.push(text.to_owned());
        let found = self_test(options, &CancelToken::new(), &mut hear).unwrap();
        assert!(!found.is_missed(), "{found:?}");
        assert_eq!(said.len(), SLOWER.len());
        let row = |index: usize| &found.rows[index];
        assert!(row(2).fail > 0.0 && row(2).fail <= 0.025, "{:?}", row(2));
        assert!(row(3).fail >= 0.9, "{:?}", row(3));
        // None was made with delays: that is no miss.
        assert_eq!(row(7).is_met, None);
    }

    #[test]
    fn injected_delays_come_out_as_what_they_are() {
        let looks = LookPlan::new(6, ErrorRate::default()).unwrap();
        // A third of the speed: however busy the machine is.
        let verdict = injected(67.0, &looks, 3, &CancelToken::new()).unwrap();
        assert!(
            matches!(verdict, Verdict::Fail | Verdict::Unfit),
            "{verdict}"
        );
    }

    #[test]
    fn few_comparisons_are_judged_by_what_few_can_show() {
        use Verdict::{Fail, Inconclusive, Pass, Unfit};
        for (slower, verdicts, expected) in [
            (0.0, vec![Pass; 8], Some(true)),
            (0.0, vec![Pass, Fail], Some(false)),
            (2.0, vec![Inconclusive; 4], Some(true)),
            (
                5.0,
                vec![Inconclusive, Inconclusive, Inconclusive, Fail],
                Some(true),
            ),
            (5.0, vec![Fail; 4], Some(false)),
            (10.0, vec![Fail, Fail, Fail, Inconclusive], Some(true)),
            (10.0, vec![Fail, Inconclusive], Some(false)),
            (10.0, vec![Unfit; 4], None),
        ] {
            let row = tallied(slower, &verdicts);
            assert_eq!(row.is_met, expected, "{slower} {verdicts:?}");
        }
    }
}
