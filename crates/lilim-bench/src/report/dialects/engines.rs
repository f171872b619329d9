//! Tools that give the engine's own durations: llama-bench, Ollama.

use serde_json::{Value, json};

use super::{Load, Names, Stream, distribution, rate};
use crate::record::EngineUsage;

pub(super) const LLAMA_BENCH_SOURCE: &str =
    "ggml-org/llama.cpp: tools/llama-bench/llama-bench.cpp (test_prompt, test_gen, get_ts)";

pub(super) const LLAMA_BENCH_DIFFERENCES: &[&str] = &[
    "pp and tg are by the engine's own clock; a comparison of ours never uses it",
    "llama-bench times prompt and generation in runs of their own; here both are of one request, so \
     tg has the prompt before it (n_depth) and one token fewer, the first being the prompt's",
    "llama-bench's prompts are random tokens and it samples nothing; here prompts are text and \
     tokens are chosen",
    "avg_ts is the mean of rates, not tokens over the summed time",
];

pub(super) const OLLAMA_SOURCE: &str = "ollama/ollama: docs/api.md, server/routes.go \
    (GenerateHandler), runner/llamarunner/runner.go (startGenerationTime)";

pub(super) const OLLAMA_DIFFERENCES: &[&str] = &[
    "all durations are nanoseconds by the engine's own clock, except total_duration, which is taken \
     here from the client: sending to the last event, loading included where it was part of it",
    "eval_count counts the first token, though its time is within prompt_eval_duration: the eval \
     rate is higher than our decode_tps by n / (n − 1)",
    "prompt_eval_count counts cached tokens too, whose time was not taken: a cache raises the \
     prompt eval rate (here the cache is off)",
];

fn engine(stream: &Stream<'_>) -> Option<EngineUsage> {
    stream.request.engine
}

pub(super) fn llama_bench(load: &Load<'_>) -> Value {
    let usages: Vec<EngineUsage> = load.streams.iter().filter_map(engine).collect();
    let of_first = |count: fn(&EngineUsage) -> u32| usages.first().map_or(0, count);
    let prompts = usages.iter().map(|usage| {
        let n_computed = usage.n_prompt.saturating_sub(usage.n_cached);
        (n_computed, usage.prefill_ns)
    });
    let answers = usages.iter();
    let answers = answers.map(|usage| (usage.n_out.saturating_sub(1), usage.decode_ns));
    let n_prompt = of_first(|usage| usage.n_prompt);
    let n_later = of_first(|usage| usage.n_out.saturating_sub(1));
    let pp =
        json!({ "test": format!("pp{n_prompt}"), "n_prompt": n_prompt, "n_gen": 0, "n_depth": 0 });
    let tg = json!({ "test": format!("tg{n_later}"), "n_prompt": 0, "n_gen": n_later, "n_depth": n_prompt });
    let all = [
        test(pp, &prompts.collect::<Vec<_>>()),
        test(tg, &answers.collect::<Vec<_>>()),
    ];
    json!(all)
}

fn test(mut test: Value, runs: &[(u32, u64)]) -> Value {
    let names = |mean, std_dev| Names {
        mean,
        std_dev,
        percentiles: &[],
        is_population: false,
    };
    let runs: Vec<_> = runs.iter().filter(|(n, ns)| *n > 0 && *ns > 0).collect();
    let ns: Vec<f64> = runs.iter().map(|(_, ns)| *ns as f64).collect();
    let per_s: Vec<f64> = runs
        .iter()
        .map(|(n, ns)| f64::from(*n) * 1e9 / *ns as f64)
        .collect();
    let fields = test.as_object_mut().expect("it is made as an object");
    fields.extend(distribution(&ns, &names("avg_ns", "stddev_ns")));
    fields.extend(distribution(&per_s, &names("avg_ts", "stddev_ts")));
    fields.insert("samples_ns".to_owned(), json!(ns));
    fields.insert("samples_ts".to_owned(), json!(per_s));
    test
}

pub(super) fn ollama(load: &Load<'_>) -> Value {
    let answers = load.streams.iter().filter_map(|stream| {
        let usage = engine(stream)?;
        let request = stream.request;
        let load_ns = request
            .load
            .as_ref()
            .map_or(0, |load| load.ready_ns.saturating_sub(load.start_ns));
        let last_ns = request.events.last().map_or(0, |event| event.t_ns);
        let total_ns = last_ns.saturating_sub(request.sent_ns) + load_ns;
        let seconds = |ns: u64| ns as f64 / 1e9;
        Some(json!({
            "total_duration": total_ns,
            "load_duration": load_ns,
            "prompt_eval_count": usage.n_prompt,
            "prompt_eval_duration": usage.prefill_ns,
            "prompt_eval_rate": rate(f64::from(usage.n_prompt), seconds(usage.prefill_ns)),
            "eval_count": usage.n_out,
            "eval_duration": usage.decode_ns,
            "eval_rate": rate(f64::from(usage.n_out), seconds(usage.decode_ns)),
        }))
    });
    json!(answers.collect::<Vec<_>>())
}
