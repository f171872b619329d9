//! The flags of `lilim bench throughput`.

use clap::Args;
use lilim_bench::plan::Limits;

use super::ScenarioFlags;

/// What `lilim bench throughput` takes. --samples are the requests of each load, and --budget ends a
/// load: it counts from its first request.
#[derive(Args, Debug)]
pub(crate) struct ThroughputFlags {
    /// Clients of the closed loops, each sending its next request when its last is answered. With
    /// --quick medium and long prompts are sent by 2 of them, or by the first number given.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2,4,8",
          value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) concurrency: Vec<u32>,
    /// Requests a second where they come at random times (Poisson), whatever is still running.
    #[arg(long, value_name = "R", default_value = "2", value_parser = parse_rate)]
    pub(crate) rate: f64,
    /// The most milliseconds that a request may take to count as good: to the first token (ttft), for
    /// each further one on average (itl), in all (e2e). What is not named keeps its default.
    #[arg(long, value_name = "NAME:MS,…", default_value = "ttft:1000,itl:100,e2e:60000",
          value_parser = parse_goodput)]
    pub(crate) goodput: Limits,
    #[command(flatten)]
    pub(crate) scenario: ScenarioFlags,
}

/// The most requests a second: a client cannot send more one by one and keep their times.
const MOST_PER_S: f64 = 10_000.0;

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok();
    rate.filter(|&rate| rate > 0.0 && rate <= MOST_PER_S)
        .ok_or_else(|| {
            format!("not a number of requests a second, more than 0 and at most {MOST_PER_S}")
        })
}

fn parse_goodput(text: &str) -> Result<Limits, String> {
    let mut limits = Limits::default();
    let mut named = Vec::new();
    for clause in text.split(',').map(str::trim) {
        let (name, ms) = clause
            .split_once(':')
            .ok_or_else(|| format!("`{clause}` is not NAME:MILLISECONDS"))?;
        let limit = match name {
            "ttft" => &mut limits.ttft_ms,
            "itl" => &mut limits.itl_ms,
            "e2e" => &mut limits.e2e_ms,
            _ => {
                let known = "known are ttft, itl and e2e";
                return Err(format!("`{clause}` names no limit: {known}"));
            }
        };
        if named.contains(&name) {
            return Err(format!("`{clause}` names {name} a second time"));
        }
        named.push(name);
        let is_limit = |ms: &f64| ms.is_finite() && *ms > 0.0;
        *limit = ms
            .parse()
            .ok()
            .filter(is_limit)
            .ok_or_else(|| format!("`{clause}` is not a number of milliseconds above 0"))?;
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_named_in_any_order_and_the_others_keep_their_default() {
        let limits = |ttft_ms, itl_ms, e2e_ms| Limits {
            ttft_ms,
            itl_ms,
            e2e_ms,
        };
        for (text, expected) in [
            ("ttft:1000,itl:100,e2e:60000", Limits::default()),
            ("e2e:5,ttft:0.5", limits(0.5, 100.0, 5.0)),
            ("itl:50, e2e:9", limits(1_000.0, 50.0, 9.0)),
        ] {
            assert_eq!(parse_goodput(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_error_names_the_clause() {
        for (text, expected) in [
            ("", "`` is not NAME:MILLISECONDS"),
            ("itl:9,ttft=5", "`ttft=5` is not NAME:MILLISECONDS"),
            (
                "tpot:5",
                "`tpot:5` names no limit: known are ttft, itl and e2e",
            ),
            ("itl:9,itl:8", "`itl:8` names itl a second time"),
            (
                "itl:fast",
                "`itl:fast` is not a number of milliseconds above 0",
            ),
            ("e2e:-1", "`e2e:-1` is not a number of milliseconds above 0"),
            (
                "e2e:inf",
                "`e2e:inf` is not a number of milliseconds above 0",
            ),
        ] {
            assert_eq!(parse_goodput(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_rate_is_above_nothing() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "nan", "inf", "many", "1e9"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }
}
