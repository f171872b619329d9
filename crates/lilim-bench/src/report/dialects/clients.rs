//! Tools that measure a server from outside: vLLM, AIPerf, GuideLLM.

use serde_json::{Map, Value, json};

use super::{Load, Names, Stream, distribution, per_later_token, rate};
use crate::record::{Channel, RawEvent};

pub(super) const VLLM_SOURCE: &str = "vllm-project/vllm: vllm/benchmarks/serve.py \
    (calculate_metrics), vllm/benchmarks/lib/endpoint_request_func.py";

pub(super) const VLLM_DIFFERENCES: &[&str] = &[
    "every time counts from when a request was sent, not from when it was to be sent: waiting in \
     the client is hidden",
    "ttft ends at the first chunk with a choice, also one that holds a role and no token",
    "tpot is our itl_ms, but divided by all tokens less one, whatever the first chunk brought",
    "itl is our icl_ms: the gaps between chunks, a chunk counted as a token",
    "e2el ends at the last chunk, as our e2e_ms does, but begins at sending",
    "std divides by n, not by n − 1; percentiles are given for any number of samples",
];

pub(super) const AIPERF_SOURCE: &str = "ai-dynamo/aiperf: docs/metrics-reference.md";

pub(super) const AIPERF_DIFFERENCES: &[&str] = &[
    "every time counts from when a request was sent, not from when it was to be sent",
    "time_to_first_token ends at the first chunk that is not empty, as our ttft_from_send_ms does",
    "inter_token_latency divides by all tokens less one, whatever the first chunk brought",
    "inter_chunk_latency is our icl_ms",
    "prefill_throughput_per_user is prompt tokens over ttft, as our client_prefill_tps is",
    "AIPerf counts tokens with its own tokenizer; here the engine's count is taken",
    "percentiles are given for any number of samples",
];

pub(super) const GUIDELLM_SOURCE: &str =
    "vllm-project/guidellm: src/guidellm/schemas/request_stats.py";

pub(super) const GUIDELLM_DIFFERENCES: &[&str] = &[
    "every time counts from when a request was sent, not from when it was to be sent",
    "time_per_output_token_ms contains the time to the first token: (last token − sent) / tokens",
    "inter_token_latency_ms is our itl_ms, but divided by all tokens less one",
    "output_tokens_per_second of a request divides by its whole latency, the prompt's time \
     included: it is lower than our decode_tps",
    "request_latency is in seconds and ends with the response, its last chunk without text too",
    "percentiles are given for any number of samples",
];

/// When a request's answer ended: the engine's last word, also one without text.
fn end_ns(stream: &Stream<'_>) -> u64 {
    let last = stream.request.events.last();
    last.map_or(stream.last_ns(), |event| event.t_ns)
}

pub(super) fn vllm(load: &Load<'_>) -> Value {
    // A role is a chunk with a choice; usage comes in a chunk of its own without one.
    let chunks = |stream: &Stream<'_>| -> Vec<u64> {
        let is_choice = |event: &&RawEvent| event.channel != Channel::Usage;
        let events = stream.request.events.iter().filter(is_choice);
        events.map(|event| event.t_ns).collect()
    };
    let ends = |stream: &Stream<'_>| {
        let chunks = chunks(stream);
        let first = stream.ms_to(*chunks.first()?);
        Some((first, stream.ms_to(*chunks.last()?)))
    };
    let ttft = load.each(|stream| ends(stream).map(|(first, _)| first));
    let e2el = load.each(|stream| ends(stream).map(|(_, last)| last));
    let tpot = load.each(|stream| {
        let (first, last) = ends(stream)?;
        per_later_token(last - first, stream.n_out())
    });
    let gaps = |stream: &Stream<'_>| {
        let chunks = chunks(stream);
        let gap = |pair: &[u64]| pair[1].saturating_sub(pair[0]) as f64 / 1e6;
        chunks.windows(2).map(gap).collect::<Vec<_>>()
    };
    let itl: Vec<f64> = load.streams.iter().flat_map(gaps).collect();
    let mut all = Map::new();
    let seconds = load.wall_s();
    let (n_prompt, n_out) = (load.n_prompt() as f64, load.n_out() as f64);
    all.insert("duration".to_owned(), json!(seconds));
    all.insert("completed".to_owned(), json!(load.streams.len()));
    all.insert("failed".to_owned(), json!(load.n_failed));
    all.insert("total_input_tokens".to_owned(), json!(load.n_prompt()));
    all.insert("total_output_tokens".to_owned(), json!(load.n_out()));
    for (name, n) in [
        ("request_throughput", load.streams.len() as f64),
        ("output_throughput", n_out),
        ("total_token_throughput", n_prompt + n_out),
    ] {
        all.insert(name.to_owned(), json!(rate(n, seconds)));
    }
    for (name, values) in [("ttft", ttft), ("tpot", tpot), ("itl", itl), ("e2el", e2el)] {
        let names = Names {
            mean: "mean",
            std_dev: "std",
            percentiles: &[(50.0, "median"), (99.0, "p99")],
            is_population: true,
        };
        let figures = distribution(&values, &names).into_iter();
        all.extend(figures.map(|(figure, value)| (format!("{figure}_{name}_ms"), value)));
    }
    Value::Object(all)
}

pub(super) fn aiperf(load: &Load<'_>) -> Value {
    let itl_ms = |stream: &Stream<'_>| {
        per_later_token(stream.latency_ms() - stream.ttft_ms(), stream.n_out())
    };
    let first_of_answer = |stream: &Stream<'_>| {
        let mut output = stream.output.iter();
        let first = output.find(|event| event.channel != Channel::Reasoning)?;
        Some(stream.ms_to(first.t_ns))
    };
    let gaps: Vec<f64> = load.streams.iter().flat_map(Stream::gaps_ms).collect();
    let each = |name, unit, values: Vec<f64>| (name, unit, values);
    let records = [
        each(
            "time_to_first_token",
            "ms",
            load.each(|one| Some(one.ttft_ms())),
        ),
        each(
            "time_to_second_token",
            "ms",
            load.each(|one| one.gaps_ms().next()),
        ),
        each(
            "time_to_first_output_token",
            "ms",
            load.each(first_of_answer),
        ),
        each(
            "request_latency",
            "ms",
            load.each(|one| Some(one.latency_ms())),
        ),
        each("inter_token_latency", "ms", load.each(itl_ms)),
        each("inter_chunk_latency", "ms", gaps),
        each(
            "output_token_throughput_per_user",
            "tokens/sec/user",
            load.each(|one| rate(1.0, itl_ms(one)? / 1e3)),
        ),
        each(
            "prefill_throughput_per_user",
            "tokens/sec/user",
            load.each(|one| rate(f64::from(one.request.n_prompt), one.ttft_ms() / 1e3)),
        ),
        each(
            "input_sequence_length",
            "tokens",
            load.each(|one| Some(f64::from(one.request.n_prompt))),
        ),
        each(
            "output_sequence_length",
            "tokens",
            load.each(|one| Some(f64::from(one.n_out()))),
        ),
    ];
    let names = Names {
        mean: "avg",
        std_dev: "std",
        percentiles: &[
            (0.0, "min"),
            (50.0, "p50"),
            (90.0, "p90"),
            (95.0, "p95"),
            (99.0, "p99"),
            (100.0, "max"),
        ],
        is_population: true,
    };
    let mut all = Map::new();
    for (name, unit, values) in records {
        let mut figures = distribution(&values, &names);
        figures.insert("unit".to_owned(), json!(unit));
        all.insert(name.to_owned(), Value::Object(figures));
    }
    let seconds = load.wall_s();
    let n_requests = load.streams.len() as f64;
    for (name, unit, value) in [
        ("request_count", "requests", Some(n_requests)),
        (
            "error_request_count",
            "requests",
            Some(load.n_failed as f64),
        ),
        (
            "request_throughput",
            "requests/sec",
            rate(n_requests, seconds),
        ),
        (
            "output_token_throughput",
            "tokens/sec",
            rate(load.n_out() as f64, seconds),
        ),
        ("benchmark_duration", "sec", Some(seconds)),
    ] {
        all.insert(name.to_owned(), json!({ "unit": unit, "avg": value }));
    }
    Value::Object(all)
}

pub(super) fn guidellm(load: &Load<'_>) -> Value {
    let latency_s = |stream: &Stream<'_>| stream.ms_to(end_ns(stream)) / 1e3;
    let n_out = |stream: &Stream<'_>| f64::from(stream.n_out());
    let n_all = |stream: &Stream<'_>| n_out(stream) + f64::from(stream.request.n_prompt);
    let records = [
        ("request_latency", load.each(|one| Some(latency_s(one)))),
        (
            "time_to_first_token_ms",
            load.each(|one| Some(one.ttft_ms())),
        ),
        (
            "time_per_output_token_ms",
            load.each(|one| (one.n_out() > 0).then(|| one.latency_ms() / n_out(one))),
        ),
        (
            "inter_token_latency_ms",
            load.each(|one| per_later_token(one.latency_ms() - one.ttft_ms(), one.n_out())),
        ),
        (
            "output_tokens_per_second",
            load.each(|one| rate(n_out(one), latency_s(one))),
        ),
        (
            "tokens_per_second",
            load.each(|one| rate(n_all(one), latency_s(one))),
        ),
        (
            "prompt_token_count",
            load.each(|one| Some(f64::from(one.request.n_prompt))),
        ),
        ("output_token_count", load.each(|one| Some(n_out(one)))),
    ];
    let names = Names {
        mean: "mean",
        std_dev: "std_dev",
        percentiles: &[
            (0.0, "min"),
            (50.0, "median"),
            (90.0, "p90"),
            (95.0, "p95"),
            (99.0, "p99"),
            (100.0, "max"),
        ],
        is_population: true,
    };
    let mut all = Map::new();
    for (name, values) in records {
        let mut figures = distribution(&values, &names);
        figures.insert("count".to_owned(), json!(values.len()));
        all.insert(name.to_owned(), Value::Object(figures));
    }
    let per_second = rate(load.streams.len() as f64, load.wall_s());
    all.insert("requests_per_second".to_owned(), json!(per_second));
    all.insert("successful_requests".to_owned(), json!(load.streams.len()));
    all.insert("errored_requests".to_owned(), json!(load.n_failed));
    Value::Object(all)
}
