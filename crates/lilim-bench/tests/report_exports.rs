//! History, dialects and trace of recordings whose figures are known.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod made;

use lilim_bench::plan::{Arrivals, Delivery, Limits, Work};
use lilim_bench::record::{Channel, Outcome, Transport};
use lilim_bench::report::dialects::{Dialect, dialect};
use lilim_bench::report::history::{Entry, page};
use lilim_bench::report::trace::{check, trace};
use lilim_bench::result_file::ResultFile;
use made::{MS, case, event, file, request, sample, shape};
use serde_json::Value;

/// One request of 4 prompt tokens that waits 5 ms to be sent; an empty role comes after 10 ms, two
/// tokens after 20, one each after 30 and 50, the end after 51.
fn one_request() -> ResultFile {
    let shape = shape(4, 4);
    let at_ns = 100 * MS;
    let mut record = request(at_ns, shape, 20 * MS, 10 * MS);
    record.intended_ns = at_ns - 5 * MS;
    record.events = vec![
        event(at_ns + 10 * MS, 0, Channel::Role),
        event(at_ns + 20 * MS, 2, Channel::Content),
        event(at_ns + 30 * MS, 1, Channel::Content),
        event(at_ns + 50 * MS, 1, Channel::Content),
        event(at_ns + 51 * MS, 0, Channel::Usage),
    ];
    let made = sample("one", 0, at_ns, Outcome::Request(record));
    file(
        vec![case("one", Work::TtftWarm(shape), 1)],
        Vec::new(),
        vec![made],
    )
}

fn figure(dialect_of: Dialect, pointer: &str) -> f64 {
    let value: Value = serde_json::from_str(&dialect(&one_request(), dialect_of)).unwrap();
    let found = value["cases"][0]["figures"].pointer(pointer);
    let found = found.unwrap_or_else(|| panic!("no {pointer} in {value:#}"));
    found
        .as_f64()
        .unwrap_or_else(|| panic!("{pointer} is {found}"))
}

#[test]
fn each_dialect_has_its_own_definitions() {
    let otel = "/gen_ai.server.time_per_output_token/sum";
    for (dialect, pointer, expected) in [
        // A role chunk ends vLLM's TTFT, and nobody else's; it hides the 5 ms of waiting.
        (Dialect::Vllm, "/mean_ttft_ms", 10.0),
        (Dialect::Vllm, "/mean_e2el_ms", 50.0),
        (Dialect::Vllm, "/mean_tpot_ms", 40.0 / 3.0),
        (Dialect::Vllm, "/mean_itl_ms", 40.0 / 3.0),
        (Dialect::Vllm, "/output_throughput", 4.0 / 0.05),
        (Dialect::Aiperf, "/time_to_first_token/avg", 20.0),
        (Dialect::Aiperf, "/inter_token_latency/avg", 10.0),
        (Dialect::Aiperf, "/inter_chunk_latency/avg", 15.0),
        (Dialect::Aiperf, "/time_to_second_token/avg", 10.0),
        (
            Dialect::Aiperf,
            "/output_token_throughput_per_user/avg",
            100.0,
        ),
        (Dialect::Aiperf, "/prefill_throughput_per_user/avg", 200.0),
        // GuideLLM's TPOT contains the first token's time, and its latency the last word.
        (Dialect::Guidellm, "/time_per_output_token_ms/mean", 12.5),
        (Dialect::Guidellm, "/inter_token_latency_ms/mean", 10.0),
        (Dialect::Guidellm, "/request_latency/mean", 0.051),
        // The engine says 19 ms for 4 prompt tokens and 30 ms for 3 more.
        (Dialect::LlamaBench, "/0/avg_ts", 4.0 / 0.019),
        (Dialect::LlamaBench, "/1/avg_ts", 100.0),
        (Dialect::Ollama, "/0/eval_rate", 4.0 / 0.03),
        (Dialect::Ollama, "/0/total_duration", 51e6),
        (Dialect::Otel, otel, 0.01),
        (
            Dialect::Otel,
            "/gen_ai.client.operation.time_to_first_chunk/sum",
            0.02,
        ),
        (
            Dialect::Otel,
            "/gen_ai.client.operation.time_to_first_chunk/bucket_counts/3",
            1.0,
        ),
    ] {
        let found = figure(dialect, pointer);
        assert!(
            (found - expected).abs() <= 1e-9 * expected.abs(),
            "{pointer} of {}: {found}, not {expected}",
            dialect.name()
        );
    }
}

#[test]
fn dialects_name_their_source_and_their_differences() {
    for one in Dialect::ALL {
        assert_eq!(Dialect::by_name(one.name()), Some(one));
        let value: Value = serde_json::from_str(&dialect(&made::everything(), one)).unwrap();
        assert!(
            value["definitions_from"].as_str().unwrap().contains('/'),
            "{one:?}"
        );
        assert!(
            value["differences"].as_array().unwrap().len() >= 3,
            "{one:?}"
        );
        let left = value["cases_without_requests"].as_array().unwrap();
        assert!(left.contains(&Value::from("load")), "{one:?}");
        assert!(dialect(&made::empty(), one).contains("\"cases\": []"));
    }
    assert_eq!(Dialect::by_name("klingon"), None);
}

#[test]
fn spans_add_up_to_the_whole() {
    assert_eq!(check(&made::everything().recording), []);
    assert_eq!(check(&one_request().recording), []);
}

#[test]
fn time_that_no_span_covers_is_found() {
    let mut file = made::everything();
    // Another process would need the time to answer.
    file.recording.plan.sides[0].transport = Transport::InProcess;
    let load = file
        .recording
        .samples
        .iter_mut()
        .find_map(|sample| match &mut sample.outcome {
            Outcome::Load(load) => Some(load),
            _ => None,
        });
    let load = load.unwrap();
    // Between the process and the first part nothing is recorded for a tenth of the time.
    load.process_ready_ns = Some(load.start_ns);
    load.phases[0].1 += 50 * MS;
    let request = file
        .recording
        .samples
        .iter_mut()
        .find_map(|sample| match &mut sample.outcome {
            Outcome::Request(request) => Some(request),
            _ => None,
        });
    // An engine cannot have worked longer than the client waited.
    request.unwrap().engine.as_mut().unwrap().decode_ns *= 2;
    let found: Vec<_> = check(&file.recording)
        .into_iter()
        .map(|gap| gap.what)
        .collect();
    assert_eq!(found, ["engine", "load"]);
}

#[test]
fn a_trace_has_a_lane_for_each_session() {
    let file = made::everything();
    let text = trace(&file.recording);
    let value: Value = serde_json::from_str(&text).unwrap();
    let events = value["traceEvents"].as_array().unwrap();
    let place = |id: &str| {
        let mut cases = file.recording.plan.cases.iter();
        cases.position(|case| case.id == id).unwrap() + 1
    };
    let lanes = |id: &str| {
        let process = place(id);
        let ours = events
            .iter()
            .filter(|event| event["pid"] == process && event["ph"] == "X");
        let lanes: std::collections::BTreeSet<u64> =
            ours.map(|event| event["tid"].as_u64().unwrap()).collect();
        lanes.len()
    };
    assert_eq!(lanes("throughput/closed/4"), 4);
    assert_eq!(lanes("ttft/warm/128"), 1);
    // In a lane nothing overlaps.
    let mut ends = std::collections::BTreeMap::new();
    let mut spans: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
    spans.sort_by(|a, b| {
        a["ts"]
            .as_f64()
            .unwrap()
            .total_cmp(&b["ts"].as_f64().unwrap())
    });
    for span in spans {
        let lane = (span["pid"].as_u64().unwrap(), span["tid"].as_u64().unwrap());
        let (start, length) = (span["ts"].as_f64().unwrap(), span["dur"].as_f64().unwrap());
        let end = ends.insert(lane, start + length).unwrap_or(0.0);
        assert!(start >= end - 1e-3, "{span} begins before {end}");
    }
    for name in [
        "process", "open", "weights", "prepare", "prefill", "decode", "queue", "failed",
    ] {
        assert!(events.iter().any(|event| event["name"] == name), "{name}");
    }
    let prefill = events
        .iter()
        .find(|event| event["name"] == "prefill")
        .unwrap();
    assert!(prefill["args"]["engine_prefill_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn waiting_to_be_sent_is_a_span_of_its_own() {
    let text = trace(&one_request().recording);
    assert!(
        text.contains(r#""ph":"b""#) && text.contains(r#""name":"queue""#),
        "{text}"
    );
}

fn history() -> Vec<Entry> {
    let slower = |run: u64| match run {
        0..=7 => 0,
        _ => 8 * MS,
    };
    let runs = (0..16).map(|run| {
        let shape = shape(16, 4);
        let samples = (0..3).map(|slot| {
            let at_ns = u64::from(slot) * 200 * MS;
            let record = request(at_ns, shape, 20 * MS + slower(run) + run * 1000, 5 * MS);
            sample("ttft/warm/16", slot, at_ns, Outcome::Request(record))
        });
        let work = Work::TtftWarm(shape);
        let mut file = file(
            vec![case("ttft/warm/16", work, 3)],
            Vec::new(),
            samples.collect(),
        );
        file.recording.header.started_at = format!("2026-01-{:02}T00:00:00Z", run + 1);
        file.recording.header.build = format!("commit{run}");
        let title = format!("run {run}");
        let mut entry = Entry::of(&ResultFile::of(file.recording), &title, "a change");
        // It follows from everything, so it would change with every metric that is added.
        entry.result_hash = "0".repeat(64);
        entry
    });
    runs.collect()
}

#[test]
fn a_history_comes_back_as_it_was_written() {
    let entries = history();
    let text: String = entries.iter().map(Entry::line).collect();
    assert_eq!(text.lines().count(), 16);
    assert_eq!(Entry::parse(&text).unwrap(), entries);
    let broken = text + "{\"schema\":1}\n";
    assert_eq!(Entry::parse(&broken).unwrap_err().0, 17);
    let entry = Entry::of(&made::everything(), "t", "c");
    assert_eq!(entry.targets["FAIL"], 2);
    assert_eq!(entry.figures["load"]["load_ms"].round(), 501.0);
    assert!(entry.quality.contains_key("ttft/warm/128"));
}

#[test]
fn a_page_of_history_shows_trends_and_where_levels_change() {
    let mut entries = history();
    entries[0].fingerprint = "another".to_owned();
    let text = page(&entries);
    assert_eq!(
        text.matches("20.0 ms to 28.0 ms with commit8").count(),
        1,
        "{text}"
    );
    insta::assert_snapshot!("history", text);
    assert!(page(&[]).starts_with("# History"));
}

#[test]
fn a_request_that_was_taken_whole_has_no_time_between_tokens() {
    let shape = shape(4, 4);
    let mut record = request(0, shape, 20 * MS, 10 * MS);
    record.events = vec![event(50 * MS, 4, Channel::Content)];
    let work = Work::Throughput {
        shape,
        arrivals: Arrivals::Closed { concurrency: 1 },
        delivery: Delivery::Whole,
        limits: Limits::default(),
    };
    let made = sample("whole", 0, 0, Outcome::Request(record));
    let file = file(vec![case("whole", work, 1)], Vec::new(), vec![made]);
    for one in Dialect::ALL {
        assert!(dialect(&file, one).contains("\"whole\""), "{one:?}");
    }
    assert_eq!(check(&file.recording), []);
}
