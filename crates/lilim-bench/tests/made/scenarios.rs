//! One recording of every scenario.

use super::*;

/// Every scenario, with targets of each verdict, a failure, something left out and nulls.
pub fn everything() -> ResultFile {
    let parts = [
        warm("ttft/warm/128", 128, 100),
        warm("ttft/warm/1024", 1024, 12),
        cold(),
        throughput(1),
        throughput(2),
        throughput(4),
        poisson(),
        loads(),
        sustained(),
        memory(1024, 3),
        memory(8192, 11),
        probe("kernels/limit/stream", 1_000_000, None),
        probe(
            "kernels/gemv/q8_0/avx512",
            1_250_000,
            Some("kernels/limit/stream"),
        ),
        probe(
            "kernels/gemv/q8_0/portable",
            6_000_000,
            Some("kernels/limit/stream"),
        ),
        message("ipc/msgpack/token", 900),
        message("ipc/json/prompt-32k", 410_000),
    ];
    let (cases, samples): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let targets = vec![
        target(
            "warm TTFT at 128 tokens",
            "ttft/warm/128",
            ("ttft_ms", Figure::P95, Bound::AtMost(200.0)),
        ),
        target(
            "decode",
            "ttft/warm/*",
            ("decode_tps", Figure::Median, Bound::AtLeast(35.0)),
        ),
        target(
            "load",
            "load",
            ("load_ms", Figure::Max, Bound::AtMost(5_000.0)),
        ),
        target(
            "energy",
            "sustained",
            ("energy_j", Figure::Median, Bound::AtMost(10.0)),
        ),
    ];
    let mut file = file(cases, targets, samples.into_iter().flatten().collect());
    file.recording.plan.left_out = vec![LeftOut {
        case: "ttft/warm/8192".to_owned(),
        reason: "the model's context holds 2048 tokens".to_owned(),
    }];
    ResultFile::of(file.recording)
}

fn cold() -> (Case, Vec<Sample>) {
    let id = "ttft/cold/128";
    let shape = shape(128, 16);
    let samples = (0..5).map(|slot| {
        let at_ns = u64::from(slot) * 3_000 * MS;
        let loading = load(at_ns, [12, 30 + noise(slot.into(), 9), 410, 55]);
        let mut record = request(loading.ready_ns + 2 * MS, shape, 61 * MS, 29 * MS);
        record.load = Some(loading);
        sample(id, slot, at_ns, Outcome::Request(record))
    });
    (case(id, Work::TtftCold(shape), 5), samples.collect())
}

fn offered(id: &str, arrivals: Arrivals, n_sessions: u64) -> (Case, Vec<Sample>) {
    let shape = shape(128, 32);
    let work = Work::Throughput {
        shape,
        arrivals,
        delivery: Delivery::Streamed,
        limits: Limits::default(),
    };
    let n_samples = 8 * n_sessions as u32;
    let samples = (0..n_samples).map(|slot| {
        let (turn, lane) = (u64::from(slot) / n_sessions, u64::from(slot) % n_sessions);
        // Sessions that share a machine are slower each, faster together.
        let step_ns = 28 * MS + 9 * MS * (n_sessions - 1);
        let at_ns = turn * (60 * MS + 31 * step_ns) + lane * MS + turn * 5 * MS;
        let mut record = request(at_ns, shape, 45 * MS + noise(slot.into(), 9 * MS), step_ns);
        if matches!(arrivals, Arrivals::Poisson { .. }) {
            record.intended_ns = at_ns.saturating_sub(noise(slot.into(), 300 * MS));
        }
        sample(id, slot, record.intended_ns, Outcome::Request(record))
    });
    (case(id, work, n_samples), samples.collect())
}

fn throughput(concurrency: u32) -> (Case, Vec<Sample>) {
    let id = format!("throughput/closed/{concurrency}");
    offered(
        &id,
        Arrivals::Closed { concurrency },
        u64::from(concurrency),
    )
}

fn poisson() -> (Case, Vec<Sample>) {
    let arrivals = Arrivals::Poisson {
        per_s: 1.5,
        n_sessions: 2,
    };
    let (case, mut samples) = offered("throughput/poisson", arrivals, 2);
    let Outcome::Request(record) = &mut samples[3].outcome else {
        unreachable!("made above");
    };
    record.failure = Some("the worker went away: <signal 9> & \x1b[31mgone".to_owned());
    (case, samples)
}

fn loads() -> (Case, Vec<Sample>) {
    let samples = (0..10).map(|slot| {
        let at_ns = u64::from(slot) * 2_000 * MS;
        let open = 28 + noise(slot.into(), 6);
        let record = load(at_ns, [12, open, 390 + noise(u64::from(slot) + 7, 40), 52]);
        sample("load", slot, at_ns, Outcome::Load(record))
    });
    (case("load", Work::Load, 10), samples.collect())
}

fn sustained() -> (Case, Vec<Sample>) {
    let shape = shape(64, 64);
    let work = Work::Sustained { shape, seconds: 90 };
    let mut at_ns = 0;
    let mut samples = Vec::new();
    while at_ns < 90_000 * MS {
        // It grows warm after half a minute.
        let warm = at_ns.saturating_sub(30_000 * MS).min(20_000 * MS) / 5_000;
        let slot = samples.len() as u32;
        let record = request(
            at_ns,
            shape,
            30 * MS,
            28 * MS + warm + noise(slot.into(), MS),
        );
        let end_ns = record.events.last().map_or(at_ns, |event| event.t_ns);
        samples.push(sample("sustained", slot, at_ns, Outcome::Request(record)));
        at_ns = end_ns + MS;
    }
    let n_samples = samples.len() as u32;
    (case("sustained", work, n_samples), samples)
}

fn memory(n_prompt: u32, more: u64) -> (Case, Vec<Sample>) {
    let id = format!("memory/{n_prompt}");
    let shape = shape(n_prompt, 4);
    let loading = load(0, [12, 30, 400, 60]);
    let mut record = request(600 * MS, shape, u64::from(n_prompt) * 300_000, 30 * MS);
    record.load = Some(loading);
    record.readings = vec![
        Reading::of("peak_rss_bytes", 1.3e9 + 2e7 * more as f64),
        Reading::of("rss_anon_bytes", 2e8 + 2e7 * more as f64),
        Reading::of("rss_file_bytes", 1.1e9),
    ];
    let made = sample(&id, 0, 0, Outcome::Request(record));
    (case(&id, Work::Memory(shape), 1), vec![made])
}

fn readings(id: &str, limit: Option<&str>, all: &[Vec<Reading>]) -> (Case, Vec<Sample>) {
    let work = Work::Probe {
        probe: id.to_owned(),
        min_ns: MS,
        limit: limit.map(str::to_owned),
    };
    let samples = all.iter().enumerate();
    let samples = samples.map(|(slot, readings)| {
        let outcome = Outcome::Readings(readings.clone());
        sample(id, slot as u32, slot as u64 * 10 * MS, outcome)
    });
    (case(id, work, all.len() as u32), samples.collect())
}

fn probe(id: &str, call_ns: u64, limit: Option<&str>) -> (Case, Vec<Sample>) {
    let all = (0..20).map(|slot| {
        vec![
            Reading::of("call_ns", (call_ns + noise(slot, call_ns / 20)) as f64),
            Reading::of("bytes", 2.4e7),
        ]
    });
    readings(id, limit, &all.collect::<Vec<_>>())
}

fn message(id: &str, call_ns: u64) -> (Case, Vec<Sample>) {
    let all = (0..30).map(|slot| {
        vec![
            Reading::of("call_ns", (call_ns + noise(slot, call_ns / 9)) as f64),
            Reading::of("message_bytes", call_ns as f64 / 10.0),
            Reading::of("zstd_bytes", call_ns as f64 / 35.0),
        ]
    });
    readings(id, None, &all.collect::<Vec<_>>())
}
