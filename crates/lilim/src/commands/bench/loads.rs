//! The loads of requests that `throughput` is made of: which prompts, how many clients, taken how.

use lilim_bench::plan::{Arrivals, Delivery, Limits, RequestShape, Work};

use crate::arguments::ThroughputFlags;

/// What the user may choose of them.
#[derive(Clone, Debug)]
pub(crate) struct Loads {
    concurrency: Vec<u32>,
    per_s: f64,
    limits: Limits,
}

impl Default for Loads {
    fn default() -> Self {
        Self {
            concurrency: vec![1, 2, 4, 8],
            per_s: 2.0,
            limits: Limits::default(),
        }
    }
}

impl Loads {
    /// As the flags say.
    pub(crate) fn of(flags: &ThroughputFlags) -> Self {
        let mut concurrency: Vec<u32> = Vec::new();
        for &clients in &flags.concurrency {
            if !concurrency.contains(&clients) {
                concurrency.push(clients);
            }
        }
        Self {
            concurrency,
            per_s: flags.rate,
            limits: flags.goodput,
        }
    }

    /// Id, work and number of requests of each load. Answers taken token by token and whole come one
    /// after the other: they are a pair.
    pub(super) fn cases(&self, is_quick: bool) -> Vec<(String, Work, u32)> {
        let mut all = Vec::new();
        for shape in SHAPES {
            for &clients in &self.concurrency {
                if is_quick && shape.name != SHAPES[0].name && clients != self.quick_clients() {
                    continue;
                }
                let n_requests = (clients * shape.n_per_client).max(LEAST_REQUESTS);
                let arrivals = Arrivals::Closed {
                    concurrency: clients,
                };
                for (end, delivery) in [("", Delivery::Streamed), ("/whole", Delivery::Whole)] {
                    let id = format!("throughput/{}/closed-{clients}{end}", shape.name);
                    all.push((id, self.work(&shape, arrivals, delivery), n_requests));
                }
            }
        }
        let arrivals = Arrivals::Poisson {
            per_s: self.per_s,
            n_sessions: SESSIONS,
        };
        let work = self.work(&SHAPES[0], arrivals, Delivery::Streamed);
        let id = format!("throughput/{}/poisson-{}", SHAPES[0].name, self.per_s);
        all.push((id, work, RANDOM_REQUESTS));
        all
    }

    fn work(&self, shape: &Shape, arrivals: Arrivals, delivery: Delivery) -> Work {
        Work::Throughput {
            shape: shape.shape,
            arrivals,
            delivery,
            limits: self.limits,
        }
    }

    /// The one number of clients that sends longer prompts where there is little time.
    fn quick_clients(&self) -> u32 {
        let first = self.concurrency.first().copied().unwrap_or(1);
        match self.concurrency.contains(&QUICK_CLIENTS) {
            true => QUICK_CLIENTS,
            false => first,
        }
    }
}

/// Tokens of context that the longest request needs.
pub(super) fn context() -> u32 {
    let needs = SHAPES.map(|shape| shape.shape.n_context());
    needs.into_iter().max().unwrap_or(0)
}

/// The built-in kinds of request, with their names.
pub(super) fn shapes() -> [(&'static str, RequestShape); 3] {
    SHAPES.map(|shape| (shape.name, shape.shape))
}

#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    shape: RequestShape,
    /// Requests for each client: enough for a time in which all are busy.
    n_per_client: u32,
}

const SHAPES: [Shape; 3] = [
    shape("short", (32, 32), 8),
    shape("medium", (256, 64), 4),
    shape("long", (1024, 128), 4),
];

const fn shape(name: &'static str, (n_prompt, n_out): (u32, u32), n_per_client: u32) -> Shape {
    Shape {
        name,
        shape: RequestShape { n_prompt, n_out },
        n_per_client,
    }
}

const LEAST_REQUESTS: u32 = 8;
const RANDOM_REQUESTS: u32 = 24;
const SESSIONS: u32 = 4;
const QUICK_CLIENTS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_prompt_at_every_number_of_clients_is_streamed_and_whole() {
        let cases = Loads::default().cases(false);
        assert_eq!(cases.len(), 3 * 4 * 2 + 1);
        let ids: BTreeSet<_> = cases.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(ids.len(), cases.len());
        for (id, ..) in &cases[..24] {
            let streamed = id.strip_suffix("/whole").unwrap_or(id);
            assert!(ids.contains(format!("{streamed}/whole").as_str()), "{id}");
        }
    }

    #[test]
    fn quick_has_one_pair_of_each_longer_prompt() {
        let of = |concurrency: &[u32]| {
            let loads = Loads {
                concurrency: concurrency.to_vec(),
                ..Loads::default()
            };
            let ids = loads.cases(true).into_iter().map(|(id, ..)| id);
            ids.filter(|id| id.contains("long")).collect::<Vec<_>>()
        };
        let pair = |n| {
            [
                format!("throughput/long/closed-{n}"),
                format!("throughput/long/closed-{n}/whole"),
            ]
        };
        assert_eq!(of(&[1, 2, 4]), pair(2));
        assert_eq!(of(&[3, 5]), pair(3));
    }
}
