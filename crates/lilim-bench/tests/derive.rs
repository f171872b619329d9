//! Figures from events that were written by hand: exact, whatever the machine does.

mod fake;

use lilim_bench::derive::CaseFindings;
use lilim_bench::plan::{Arrivals, Delivery, Limits, RequestShape, Work};
use lilim_bench::record::{
    Channel, EngineUsage, LoadRecord, Outcome, RawEvent, Reading, Recording, RequestRecord, Sample,
};
use lilim_bench::result_file::ResultFile;

use fake::case;

const SHAPE: RequestShape = RequestShape {
    n_prompt: 10,
    n_out: 6,
};

const MS: u64 = 1_000_000;

/// An event at a time in milliseconds.
fn event(t_ms: u64, n_tokens: u32, bytes: u32, channel: Channel) -> RawEvent {
    RawEvent {
        t_ns: t_ms * MS,
        n_tokens,
        bytes,
        channel,
    }
}

fn content(t_ms: u64, n_tokens: u32) -> RawEvent {
    event(t_ms, n_tokens, 4 * n_tokens, Channel::Content)
}

/// A request that was to be sent at `intended_ms` and was sent 5 ms later.
fn request(intended_ms: u64, events: Vec<RawEvent>) -> RequestRecord {
    RequestRecord {
        intended_ns: intended_ms * MS,
        sent_ns: (intended_ms + 5) * MS,
        n_prompt: 10,
        n_out_asked: 6,
        events,
        ..RequestRecord::default()
    }
}

fn findings_of(work: Work, outcomes: Vec<Outcome>) -> CaseFindings {
    let plan = fake::plan(vec![case("case", work, 0, 1)]);
    let samples = (0..).zip(outcomes).map(|(slot, outcome)| Sample {
        case: "case".to_owned(),
        slot,
        warmup: false,
        round: None,
        at_ns: 0,
        outcome,
    });
    let recording = Recording {
        header: fake::header(),
        samples: samples.collect(),
        plan,
    };
    ResultFile::of(recording).findings.cases.remove(0)
}

fn check(found: &CaseFindings, expected: &[(&str, f64)]) {
    for &(metric, value) in expected {
        let summary = found.metrics.get(metric).and_then(|metric| metric.summary);
        let median = summary.map(|summary| summary.median);
        assert!(
            median.is_some_and(|median| (median / value - 1.0).abs() < 1e-12),
            "{metric}: {median:?}, expected {value}"
        );
    }
}

fn warm(events: Vec<RawEvent>) -> CaseFindings {
    let outcome = Outcome::Request(request(100, events));
    findings_of(Work::TtftWarm(SHAPE), vec![outcome])
}

#[test]
fn a_role_and_an_empty_chunk_are_no_first_token() {
    let found = warm(vec![
        event(110, 0, 9, Channel::Role),
        event(120, 0, 0, Channel::Content),
        event(150, 1, 3, Channel::Reasoning),
        content(160, 1),
        event(170, 0, 0, Channel::Usage),
    ]);
    let expected = [
        ("ttft_ms", 50.0),
        ("ttft_from_send_ms", 45.0),
        ("itl_ms", 10.0),
        ("e2e_ms", 60.0),
        ("client_prefill_tps", 10.0 / 0.045),
    ];
    check(&found, &expected);
}

#[test]
fn a_chunk_of_several_tokens_is_not_one_token() {
    let found = warm(vec![content(150, 2), content(180, 3), content(190, 1)]);
    // Four tokens after the first event, in 40 ms.
    check(
        &found,
        &[("itl_ms", 10.0), ("decode_tps", 100.0), ("icl_ms", 20.0)],
    );
    assert_eq!(found.metrics["icl_ms"].summary.unwrap().n, 2);
}

#[test]
fn a_stall_shows_in_the_gaps_and_not_in_the_first_token() {
    let found = warm(vec![
        content(150, 1),
        content(160, 1),
        content(960, 1),
        content(970, 1),
    ]);
    check(
        &found,
        &[("ttft_ms", 50.0), ("icl_ms", 10.0), ("e2e_ms", 870.0)],
    );
    assert_eq!(found.metrics["icl_ms"].summary.unwrap().max, 800.0);
}

#[test]
fn one_token_has_no_rate() {
    let found = warm(vec![content(150, 1)]);
    check(&found, &[("ttft_ms", 50.0), ("e2e_ms", 50.0)]);
    assert!(!found.metrics.contains_key("itl_ms"));
    assert!(!found.metrics.contains_key("decode_tps"));
}

#[test]
fn an_error_in_mid_stream_is_a_failure_and_no_figure() {
    let broken = RequestRecord {
        failure: Some("connection reset".to_owned()),
        ..request(100, vec![content(150, 1)])
    };
    let good = request(200, vec![content(230, 1)]);
    let outcomes = vec![Outcome::Request(broken), Outcome::Request(good)];
    let found = findings_of(Work::TtftWarm(SHAPE), outcomes);
    assert_eq!((found.n_samples, found.n_failed), (1, 1));
    assert_eq!(found.failures["connection reset"], 1);
    check(&found, &[("ttft_ms", 30.0)]);
}

#[test]
fn a_clock_that_stands_still_gives_no_rate_and_no_infinity() {
    let found = warm(vec![content(105, 1), content(105, 1)]);
    check(&found, &[("ttft_ms", 5.0)]);
    assert!(!found.metrics.contains_key("decode_tps"));
    assert!(!found.metrics.contains_key("client_prefill_tps"));
    assert_eq!(found.metrics["itl_ms"].summary.unwrap().median, 0.0);
}

#[test]
fn the_engines_own_rate_leaves_cached_tokens_out() {
    let mut record = request(100, vec![content(150, 1)]);
    record.engine = Some(EngineUsage {
        n_prompt: 10,
        n_cached: 4,
        n_out: 1,
        prefill_ns: 30 * MS,
        ..EngineUsage::default()
    });
    let found = findings_of(Work::TtftWarm(SHAPE), vec![Outcome::Request(record)]);
    check(&found, &[("prefill_tps", 200.0), ("n_cached", 4.0)]);
    assert_eq!(found.metrics["prefill_tps"].source, "engine");
}

#[test]
fn loading_is_split_at_its_phases() {
    let load = LoadRecord {
        start_ns: 10 * MS,
        process_ready_ns: Some(14 * MS),
        phases: [("open", 15), ("weights", 20), ("prepare", 90)]
            .map(|(name, ms)| (name.to_owned(), ms * MS))
            .to_vec(),
        ready_ns: 110 * MS,
        page_cache: "warm".to_owned(),
        ..LoadRecord::default()
    };
    let found = findings_of(Work::Load, vec![Outcome::Load(load)]);
    let expected = [
        ("load_ms", 100.0),
        ("process_ms", 4.0),
        ("load_ask_ms", 1.0),
        ("load_open_ms", 5.0),
        ("load_weights_ms", 70.0),
        ("load_prepare_ms", 20.0),
    ];
    check(&found, &expected);
}

#[test]
fn throughput_counts_what_came_and_goodput_what_kept_the_limits() {
    // Two clients: 3 tokens each, then one more request. From 100 to 300 ms: 9 tokens.
    let outcomes = [(100, 150), (100, 160), (180, 280)].map(|(sent, first)| {
        let events = vec![
            content(first, 1),
            content(first + 10, 1),
            content(first + 20, 1),
        ];
        Outcome::Request(request(sent, events))
    });
    let work = Work::Throughput {
        shape: SHAPE,
        arrivals: Arrivals::Closed { concurrency: 2 },
        delivery: Delivery::Streamed,
        limits: Limits {
            ttft_ms: 70.0,
            ..Limits::default()
        },
    };
    let found = findings_of(work, outcomes.to_vec());
    let expected = [
        ("output_throughput_tps", 9.0 / 0.2),
        ("requests_per_s", 3.0 / 0.2),
        ("goodput_per_s", 2.0 / 0.2),
        // All clients busy from 160 (the second's first token) to 185 (the last request is sent):
        // tokens at 170, 170 and 180.
        ("steady_throughput_tps", 3.0 / 0.025),
    ];
    check(&found, &expected);
}

#[test]
fn a_rate_that_falls_for_good_is_found() {
    // 100 s of one token every 10 ms, then every 20 ms.
    let mut events = Vec::new();
    let mut t_ms = 5;
    while t_ms < 100_000 {
        events.push(content(t_ms, 1));
        t_ms += if t_ms < 60_000 { 10 } else { 20 };
    }
    events.push(content(100_005, 1));
    let work = Work::Sustained {
        shape: SHAPE,
        seconds: 100,
    };
    let found = findings_of(work, vec![Outcome::Request(request(0, events))]);
    check(&found, &[("retention", 0.5), ("time_to_95_s", 60.0)]);
    assert_eq!(found.series[0].values.len(), 20);
    assert_eq!(found.series[0].values[0], 100.0);
}

#[test]
fn what_cannot_be_read_is_null_with_its_reason() {
    let readings = vec![
        Reading::null("energy_j", "no counter on a virtual machine"),
        Reading::of("call_ns", 500.0),
        Reading::of("bytes", 2_000.0),
        Reading::of("message_bytes", 100.0),
        Reading::of("zstd_bytes", 40.0),
    ];
    let work = Work::Probe {
        probe: "p".to_owned(),
        min_ns: 0,
        limit: None,
    };
    let found = findings_of(work, vec![Outcome::Readings(readings)]);
    check(&found, &[("gb_per_s", 4.0), ("compression_ratio", 2.5)]);
    let energy = &found.metrics["energy_j"];
    assert_eq!(
        energy.why_null.as_deref(),
        Some("no counter on a virtual machine")
    );
    assert!(energy.summary.is_none());
}

#[test]
fn a_probe_is_a_share_of_the_limit_that_was_timed_beside_it() {
    let work = Work::Probe {
        probe: "p".to_owned(),
        min_ns: 0,
        limit: Some("somewhere else".to_owned()),
    };
    let sample = |call_ns: f64, limit_ns: f64| {
        let all = [
            ("call_ns", call_ns),
            ("ops", 400.0),
            ("limit_ns", limit_ns),
            ("limit_ops", 1000.0),
        ];
        Outcome::Readings(all.map(|(name, value)| Reading::of(name, value)).to_vec())
    };
    // The machine got three times slower in the middle: the share stays.
    let found = findings_of(work, vec![sample(100.0, 125.0), sample(300.0, 375.0)]);
    let share = found.metrics["share_of_limit"].summary.unwrap();
    assert_eq!((share.n, share.min, share.max), (2, 0.5, 0.5));
}

/// Chunks of text, of which the server does not tell how many tokens they bring.
fn untold(n_chunks: u64, n_out: Option<u32>) -> CaseFindings {
    let chunks = (0..n_chunks).map(|chunk| event(100 + 20 * chunk, 0, 4, Channel::Content));
    let mut record = request(0, chunks.collect());
    record.engine = Some(EngineUsage {
        n_out: n_out.unwrap_or(0),
        untold: lilim_api::Untold {
            n_prompt: false,
            n_out: n_out.is_none(),
            ..lilim_api::Untold::ALL
        },
        ..EngineUsage::default()
    });
    findings_of(Work::TtftWarm(SHAPE), vec![Outcome::Request(record)])
}

#[test]
fn tokens_that_a_server_does_not_tell_are_counted_only_where_it_is_certain() {
    let certain = untold(6, Some(6));
    check(&certain, &[("itl_ms", 20.0), ("decode_tps", 50.0)]);
    for (uncertain, e2e_ms) in [(untold(5, Some(6)), 180.0), (untold(6, None), 200.0)] {
        check(&uncertain, &[("ttft_ms", 100.0), ("e2e_ms", e2e_ms)]);
        for (metric, why) in [
            ("itl_ms", "how many tokens a chunk brings"),
            ("decode_tps", "how many tokens a chunk brings"),
            ("prefill_tps", "its times"),
            ("n_cached", "does not tell"),
        ] {
            let found = &uncertain.metrics[metric];
            assert!(found.summary.is_none(), "{metric}");
            assert!(found.why_null.as_ref().unwrap().contains(why), "{metric}");
        }
    }
}

#[test]
fn what_an_event_took_longer_than_the_quickest_is_its_way() {
    let mut record = request(0, vec![content(100, 1), content(120, 1), content(143, 1)]);
    record.engine_times_ns = [7_000, 7_020, 7_040].map(|ms: u64| ms * MS).to_vec();
    let found = findings_of(Work::TtftWarm(SHAPE), vec![Outcome::Request(record)]);
    let ways = found.metrics["ipc_ms"].summary.unwrap();
    assert!((ways.max - 3.0).abs() < 1e-9 && ways.min == 0.0, "{ways:?}");
}
