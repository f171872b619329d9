//! The names, units and meanings of all figures: one table, from which reports and the guide are made.

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// It is a count or a fact.
    Neither,
}

/// Whose clock or counter a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The measuring program's.
    Client,
    /// The engine's own: never used in a comparison.
    Engine,
    /// The operating system's.
    System,
}

impl Source {
    /// The name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Engine => "engine",
            Self::System => "system",
        }
    }
}

/// A figure's name and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name in files.
    pub name: &'static str,
    /// The unit, for people.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// Where it comes from.
    pub source: Source,
    /// The definition in one sentence.
    pub meaning: &'static str,
}

macro_rules! metrics {
    ($($name:literal $unit:literal $better:ident $source:ident $meaning:literal)*) => {
        /// Every metric there is.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            unit: $unit,
            better: Better::$better,
            source: Source::$source,
            meaning: $meaning,
        }),*];
    };
}

metrics! {
    "ttft_ms" "ms" Lower Client "From the moment a request was to be sent to the first event that brings a token."
    "ttft_from_send_ms" "ms" Lower Client "The same from the moment it was sent: the difference is how long the client itself was late."
    "itl_ms" "ms" Lower Client "Time a token after the first event, one figure a request: (last event − first event) / tokens after the first event."
    "icl_ms" "ms" Lower Client "The gaps between events, all requests together; an event may bring several tokens."
    "ipc_ms" "ms" Lower Client "How much longer an event took from the engine's process to the client than the quickest of its request; one way alone cannot be known from two clocks."
    "e2e_ms" "ms" Lower Client "From the moment a request was to be sent to its last token."
    "decode_tps" "tokens/s" Higher Client "Tokens a second after the first event, of one stream: 1000 / itl_ms."
    "client_prefill_tps" "tokens/s" Higher Client "Prompt tokens / ttft_from_send_ms: what a client can know of reading the prompt; comparisons use this one."
    "prefill_tps" "tokens/s" Higher Engine "Prompt tokens that no cache had / the time the engine says it took for them."
    "n_prompt" "tokens" Neither Engine "Prompt tokens as a server counts them, where it has no tokenizer to be asked and the prompt travelled as text."
    "n_cached" "tokens" Neither Engine "Prompt tokens that a cache had; must be 0."
    "output_throughput_tps" "tokens/s" Higher Client "All tokens generated / time from the first request to the last token."
    "steady_throughput_tps" "tokens/s" Higher Client "The same while all clients were busy: from when as many requests as there are clients had their first token until the last request was sent."
    "requests_per_s" "requests/s" Higher Client "Requests that did what was asked / time from the first request to the last token."
    "goodput_per_s" "requests/s" Higher Client "Requests that also kept every limit (ttft, itl, e2e) / the same time."
    "load_ms" "ms" Lower Client "From starting the process to a model that is ready."
    "process_ms" "ms" Lower Client "Part of load_ms: until the process answers."
    "load_ask_ms" "ms" Lower Client "Part of load_ms: from the process's first answer to the beginning of opening, which is the request to load and the way back."
    "load_open_ms" "ms" Lower Client "Part of load_ms: opening files and reading headers."
    "load_weights_ms" "ms" Lower Client "Part of load_ms: bringing weights into memory."
    "load_prepare_ms" "ms" Lower Client "Part of load_ms: caches and buffers."
    "start_to_first_token_ms" "ms" Lower Client "From starting the process to the first token of its first request, loading included."
    "sustained_tps" "tokens/s" Higher Client "Tokens a second over a whole sustained run, prompts included."
    "retention" "ratio" Higher Client "Tokens a second in the last fifth of a sustained run / in its first fifth."
    "time_to_95_s" "s" Higher Client "Seconds until a sustained run falls below 95% of its first fifth and stays there; none where it never does."
    "peak_rss_bytes" "bytes" Lower System "The largest resident set of the engine's process (VmHWM): of a fresh process since its start, loading included, of a warm request since it was sent, of a sustained run since it began."
    "rss_anon_bytes" "bytes" Lower System "Resident memory of the process that is no file's."
    "rss_file_bytes" "bytes" Lower System "Resident pages of files, which other processes may share and the system may take back."
    "n_processes" "processes" Neither System "Processes of the engine where it is more than one: memory is then their sum, an upper bound, and CPU seconds are those of all."
    "cpu_user_s" "s" Lower System "CPU seconds of the engine's process in the program, in steps of 10 ms."
    "cpu_system_s" "s" Lower System "CPU seconds of the engine's process in the kernel, in steps of 10 ms."
    "cpu_s" "s" Lower System "CPU seconds of the engine's process, in the program and in the kernel."
    "ppl" "ratio" Lower Client "Perplexity of a fixed text: e to the mean of −ln p over its tokens but the first; 1 would be a model that knows every next token."
    "call_ns" "ns" Lower Client "Time of one call of a probe."
    "gb_per_s" "GB/s" Higher Client "Bytes that a call touches / its time; 1 GB is 10⁹ bytes."
    "gop_per_s" "GOP/s" Higher Client "Operations of a call / its time; a multiplication with its addition is two."
    "share_of_limit" "ratio" Higher Client "The rate / that of the limit measured in the same run, just before it where it could be."
    "kld_nats" "nats" Lower Client "KL divergence of the tested side's next-token distribution from the baseline's, at each token of an answer forced through both."
    "same_top1" "ratio" Higher Client "Share of those tokens at which both sides find the same token likeliest."
    "logit_difference" "logits" Lower Client "The largest difference of any token's logit at each of those tokens; 0 says the same numbers."
    "message_bytes" "bytes" Lower Client "Bytes of a message as encoded."
    "zstd_bytes" "bytes" Lower Client "The same after zstd at its default level."
    "compression_ratio" "ratio" Higher Client "Bytes as encoded / bytes after zstd."
    "binary_bytes" "bytes" Lower System "Size of the program's file, its embedded model included."
    "energy_j" "J" Lower System "Joules by a counter, what an idle machine takes subtracted."
    "energy_per_token_j" "J" Lower System "energy_j / tokens of the answer."
    "idle_power_w" "W" Neither System "Watts by the same counter while nothing was asked of the machine."
    "temperature_c" "°C" Lower System "The hottest sensor of the machine, every 5 s of a sustained run."
    "cpu_mhz" "MHz" Higher System "The mean clock rate of the processors, as the system tells it, every 5 s of a sustained run."
}

/// A metric by its name.
pub fn by_name(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_end_in_their_unit() {
        for (index, metric) in METRICS.iter().enumerate() {
            assert!(
                METRICS[..index]
                    .iter()
                    .all(|other| other.name != metric.name)
            );
            assert!(metric.meaning.ends_with('.'), "{}", metric.name);
            let suffix = match metric.unit {
                "ms" => "_ms",
                "s" => "_s",
                "ns" => "_ns",
                "bytes" => "_bytes",
                "tokens/s" => "_tps",
                _ => continue,
            };
            assert!(metric.name.ends_with(suffix), "{}", metric.name);
        }
    }
}
