//! The targets that the project's documents name.

use lilim_bench::plan::{Arm, Bound, Figure, RatioTarget, RoundShape, Target};
use lilim_bench::stats::Limit;

/// Those that scenarios of one side can show, and the memory limit in MiB where the user has one.
pub(crate) fn of_scenarios(memory_limit_mib: Option<u64>) -> Vec<Target> {
    let mut all = named();
    if let Some(mib) = memory_limit_mib {
        let bytes = mib as f64 * f64::from(1 << 20);
        let mut limit = target(
            &format!("within {mib} MiB of memory"),
            "memory/*",
            "peak_rss_bytes",
            Figure::Max,
            Bound::AtMost(bytes),
        );
        limit.source = "--memory-limit".to_owned();
        all.push(limit);
    }
    all
}

fn named() -> Vec<Target> {
    vec![
        target(
            "warm TTFT at 128 tokens under 200 ms",
            "ttft/warm/128",
            "ttft_ms",
            Figure::P95,
            Bound::AtMost(200.0),
        ),
        target(
            "writes at least 20 tokens/s",
            "sustained",
            "decode_tps",
            Figure::Median,
            Bound::AtLeast(20.0),
        ),
        target(
            "loads in under 5 s",
            "load/*",
            "load_ms",
            Figure::Max,
            Bound::AtMost(5_000.0),
        ),
        target(
            "first token in under 3 s of a fresh start",
            "ttft/cold/128",
            "start_to_first_token_ms",
            Figure::Max,
            Bound::AtMost(3_000.0),
        ),
        target(
            "a message in MessagePack there and back in under 1 ms",
            "ipc/*/msgpack/pipe",
            "call_ns",
            Figure::P95,
            Bound::AtMost(1e6),
        ),
        target(
            "program of at most 200 MB",
            "size",
            "binary_bytes",
            Figure::Max,
            Bound::AtMost(200e6),
        ),
    ]
}

/// Those that both sides of a comparison can be held against, each for itself.
pub(crate) fn of_sides(shape: RoundShape) -> Vec<Target> {
    let mut all = Vec::new();
    for arm in [Arm::Tested, Arm::Baseline] {
        let case = arm.case_id();
        all.push(target(
            "loads in under 5 s",
            case,
            "load_ms",
            Figure::Max,
            Bound::AtMost(5_000.0),
        ));
        if shape.prefill.n_prompt == 128 {
            all.push(target(
                "warm TTFT at 128 tokens under 200 ms",
                case,
                "ttft_ms",
                Figure::P95,
                Bound::AtMost(200.0),
            ));
        }
        all.push(target(
            "writes at least 20 tokens/s",
            case,
            "decode_tps",
            Figure::Median,
            Bound::AtLeast(20.0),
        ));
    }
    all
}

/// Those of one side against a reference engine.
pub(crate) fn of_ratios() -> Vec<RatioTarget> {
    [
        (
            "TTFT at most 1.2x of the reference",
            "ttft_ms",
            Limit::AtMost(1.2),
        ),
        (
            "throughput at least 90% of the reference",
            "decode_tps",
            Limit::AtLeast(0.9),
        ),
    ]
    .map(|(name, metric, limit)| RatioTarget {
        name: name.to_owned(),
        metric: metric.to_owned(),
        limit,
    })
    .to_vec()
}

fn target(name: &str, case: &str, metric: &str, figure: Figure, bound: Bound) -> Target {
    Target {
        name: name.to_owned(),
        case: case.to_owned(),
        metric: metric.to_owned(),
        figure,
        bound,
        source: "project documents".to_owned(),
    }
}
