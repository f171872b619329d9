//! OpenTelemetry's metrics of generative AI, as histograms with the bounds that it recommends.

use serde_json::{Map, Value, json};

use super::{Load, Stream};

pub(super) const SOURCE: &str =
    "open-telemetry/semantic-conventions: docs/gen-ai/gen-ai-metrics.md (status: development)";

pub(super) const DIFFERENCES: &[&str] = &[
    "all times are seconds in histograms; a percentile can be read off the bounds only",
    "client times count from when a request was sent, not from when it was to be sent",
    "gen_ai.client.operation.time_per_output_chunk is our icl_ms, recorded for each chunk",
    "gen_ai.server.time_per_output_token and .time_to_first_token are by the engine's own clock; \
     what the engine tells has no waiting in a queue, which the convention includes",
    "gen_ai.server.request.duration is not given: the engine tells no such duration",
];

const DURATION_BOUNDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const TOKEN_BOUNDS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// For both client metrics of chunks.
const CHUNK_BOUNDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.25, 0.3, 0.35,
    0.4, 0.45, 0.5, 0.75, 1.0, 2.0, 5.0,
];
const FIRST_TOKEN_BOUNDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
const NEXT_TOKEN_BOUNDS: &[f64] = &[
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5,
];

pub(super) fn metrics(load: &Load<'_>) -> Value {
    let seconds = |ms: f64| Some(ms / 1e3);
    let gaps: Vec<f64> = load
        .streams
        .iter()
        .flat_map(Stream::gaps_ms)
        .map(|ms| ms / 1e3)
        .collect();
    let input = load.each(|one| Some(f64::from(one.request.n_prompt)));
    let output = load.each(|one| Some(f64::from(one.n_out())));
    let server_first = load.each(|one| {
        let engine = one.request.engine?;
        Some(engine.prefill_ns as f64 / 1e9)
    });
    let server_next = load.each(|one| {
        let engine = one.request.engine?;
        let n_later = engine.n_out.checked_sub(1).filter(|&n| n > 0)?;
        Some(engine.decode_ns as f64 / 1e9 / f64::from(n_later))
    });
    let mut all = Map::new();
    for (name, unit, bounds, values) in [
        (
            "gen_ai.client.operation.duration",
            "s",
            DURATION_BOUNDS,
            load.each(|one| seconds(one.latency_ms())),
        ),
        (
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            CHUNK_BOUNDS,
            load.each(|one| seconds(one.ttft_ms())),
        ),
        (
            "gen_ai.client.operation.time_per_output_chunk",
            "s",
            CHUNK_BOUNDS,
            gaps,
        ),
        (
            "gen_ai.client.token.usage{gen_ai.token.type=input}",
            "{token}",
            TOKEN_BOUNDS,
            input,
        ),
        (
            "gen_ai.client.token.usage{gen_ai.token.type=output}",
            "{token}",
            TOKEN_BOUNDS,
            output,
        ),
        (
            "gen_ai.server.time_to_first_token",
            "s",
            FIRST_TOKEN_BOUNDS,
            server_first,
        ),
        (
            "gen_ai.server.time_per_output_token",
            "s",
            NEXT_TOKEN_BOUNDS,
            server_next,
        ),
    ] {
        let attributes = json!({
            "gen_ai.operation.name": "text_completion",
            "gen_ai.provider.name": "lilim",
            "gen_ai.request.model": load.model,
        });
        let histogram = histogram(unit, bounds, &values, attributes);
        all.insert(name.to_owned(), histogram);
    }
    Value::Object(all)
}

/// A histogram: the last bucket has no upper bound, and a value on a bound belongs below it.
fn histogram(unit: &str, bounds: &[f64], values: &[f64], attributes: Value) -> Value {
    let mut counts = vec![0_u64; bounds.len() + 1];
    for value in values {
        counts[bounds.partition_point(|bound| bound < value)] += 1;
    }
    json!({
        "unit": unit,
        "attributes": attributes,
        "count": values.len(),
        "sum": values.iter().sum::<f64>(),
        "explicit_bounds": bounds,
        "bucket_counts": counts,
    })
}
