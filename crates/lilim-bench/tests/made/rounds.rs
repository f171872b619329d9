//! A comparison in rounds: the tested side writes 9% faster and reads 4% slower.

use lilim_bench::plan::{Arm, Comparison, Gate, RatioTarget, RoundShape};
use lilim_bench::scenario::{
    DIVERGENCE_AT, DIVERGENCE_MARGIN, KLD, LOGIT_DIFFERENCE, REPLAY_CASE, REPLAYED_SLOT, SAME_TOP1,
};
use lilim_bench::stats::{ErrorRate, Limit, LookPlan};

use super::*;

const ROUND: RoundShape = RoundShape {
    prefill: RequestShape {
        n_prompt: 256,
        n_out: 1,
    },
    decode: RequestShape {
        n_prompt: 32,
        n_out: 16,
    },
    n_requests: 1,
    n_warmups: 0,
};

const N_ROUNDS: u32 = 20;

/// Two levels of one engine against each other.
pub fn compared() -> ResultFile {
    let mut cases = Vec::new();
    let mut samples = Vec::new();
    for (index, arm) in Arm::ALL.into_iter().enumerate() {
        let mut case = case(arm.case_id(), Work::Arm(arm), 0);
        case.side = usize::from(!matches!(arm, Arm::Tested | Arm::InProcess));
        cases.push(case);
        for round in 0..N_ROUNDS {
            let drawn = u64::from(round) * 7 + index as u64 * 1_000;
            samples.extend(made_round(arm, round, drawn));
        }
    }
    cases.push(case(REPLAY_CASE, Work::Replay, 1));
    samples.push(sample(REPLAY_CASE, 0, 90_000 * MS, replayed()));
    let mut file = file(cases, Vec::new(), samples);
    let plan = &mut file.recording.plan;
    plan.sides = vec![side("native avx512"), side("native avx2")];
    plan.sides[0].options.level = serde_json::from_str("\"avx512\"").unwrap();
    for side in &mut plan.sides {
        side.options.prefix_cache = false;
    }
    let gate = |metric: &str, limit| Gate {
        metric: metric.to_owned(),
        limit,
    };
    plan.comparison = Some(Comparison {
        tested: 0,
        baseline: 1,
        declared_equivalent: false,
        round: ROUND,
        looks: LookPlan::new(N_ROUNDS as usize, ErrorRate::default()).unwrap(),
        gates: vec![
            gate("decode_tps", Limit::AtLeast(0.95)),
            gate("ttft_ms", Limit::AtMost(1.02)),
        ],
        targets: vec![RatioTarget {
            name: "writes at least 90% as fast".to_owned(),
            metric: "decode_tps".to_owned(),
            limit: Limit::AtLeast(0.9),
        }],
        pilot: BTreeMap::new(),
    });
    ResultFile::of(file.recording)
}

/// An answer of four tokens; the third would have been another.
fn replayed() -> Outcome {
    let mut readings = vec![Reading::of(REPLAYED_SLOT, 2.0)];
    for (kld, same) in [(1e-5, 1.0), (3e-5, 1.0), (2e-3, 0.0), (1e-5, 1.0)] {
        readings.push(Reading::of(KLD, kld));
        readings.push(Reading::of(SAME_TOP1, same));
        readings.push(Reading::of(LOGIT_DIFFERENCE, 100.0 * kld));
    }
    readings.push(Reading::of(DIVERGENCE_AT, 2.0));
    readings.push(Reading::of(DIVERGENCE_MARGIN, 0.015));
    Outcome::Readings(readings)
}

/// Nanoseconds with two percent of noise.
fn about(ns: u64, drawn: u64) -> u64 {
    ns - ns / 100 + noise(drawn, ns / 50)
}

fn made_round(arm: Arm, round: u32, drawn: u64) -> Vec<Sample> {
    let at_ns = u64::from(round) * 4_000 * MS;
    let (reads, writes) = match arm {
        Arm::Tested => (104, 91),
        Arm::InProcess => (104, 90),
        _ => (100, 100),
    };
    let outcomes = match arm {
        Arm::Control => vec![Outcome::Readings(vec![Reading::of(
            "call_ns",
            about(MS, drawn) as f64,
        )])],
        _ => vec![
            Outcome::Load(load(at_ns, [12, 30 + noise(drawn, 4), 400, 50])),
            Outcome::Request(request(
                at_ns + 600 * MS,
                ROUND.prefill,
                about(reads * 8 * MS / 10, drawn + 1),
                MS,
            )),
            Outcome::Request(request(
                at_ns + 900 * MS,
                ROUND.decode,
                about(11 * MS, drawn + 2),
                about(writes * 28 * MS / 100, drawn + 3),
            )),
            Outcome::Readings(vec![
                Reading::of("peak_rss_bytes", 1.3e9 + drawn as f64),
                Reading::of("cpu_user_s", about(2_000, drawn + 4) as f64 / 1e3),
                Reading::of("cpu_system_s", 0.1),
            ]),
        ],
    };
    let n_outcomes = outcomes.len() as u32;
    let made = outcomes.into_iter().enumerate();
    made.map(|(index, outcome)| Sample {
        round: Some(round),
        ..sample(
            arm.case_id(),
            round * n_outcomes + index as u32,
            at_ns,
            outcome,
        )
    })
    .collect()
}
