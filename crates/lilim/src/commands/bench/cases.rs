//! From scenarios and flags to the cases of a plan.

use lilim_bench::plan::{Case, LeftOut, Plan, RequestShape, Work};
use lilim_bench::record::{Reading, Transport};
use lilim_bench::scenario::Probe;
use lilim_bench::sensors::Sensors;
use lilim_bench::side::DROPPED;

use super::launch::this_program;
use super::loads::Loads;
use super::server::Side;
use super::{ipc, kernels, loads, targets};
use crate::arguments::RunFlags;

/// Which scenarios a command runs.
#[derive(Clone, Debug)]
pub(crate) struct Scenarios {
    /// What result files are called.
    pub(crate) name: &'static str,
    pub(super) parts: &'static [Part],
    /// For how long a sustained run goes on, where somebody said so.
    pub(crate) seconds: Option<u32>,
    /// Loads of requests.
    pub(crate) loads: Loads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Ttft,
    Throughput,
    Load,
    Sustained,
    Memory,
    Size,
    Ipc,
    Kernels,
}

/// A command's name, and what it runs.
pub(crate) type Named = (&'static str, &'static [Part]);

pub(crate) const TTFT: Named = ("ttft", &[Part::Ttft]);
pub(crate) const THROUGHPUT: Named = ("throughput", &[Part::Throughput]);
pub(crate) const LOAD: Named = ("load", &[Part::Load]);
pub(crate) const SUSTAINED: Named = ("sustained", &[Part::Sustained]);
pub(crate) const MEMORY: Named = ("memory", &[Part::Memory]);
pub(crate) const SIZE: Named = ("size", &[Part::Size]);
pub(crate) const IPC: Named = ("ipc", &[Part::Ipc]);
pub(crate) const KERNELS: Named = ("kernels", &[Part::Kernels]);
pub(crate) const ALL: Named = (
    "all",
    &[
        Part::Load,
        Part::Ttft,
        Part::Throughput,
        Part::Memory,
        Part::Size,
        Part::Ipc,
        Part::Kernels,
        Part::Sustained,
    ],
);

impl From<Named> for Scenarios {
    fn from((name, parts): Named) -> Self {
        Self {
            name,
            parts,
            seconds: None,
            loads: Loads::default(),
        }
    }
}

/// The lengths that the project's documents name.
const PROMPTS: [u32; 3] = [128, 1024, 8192];

/// Tokens of an answer where the first one alone matters.
const FEW: u32 = 1;

/// The shortest context that memory is looked at with; each next one is twice as long.
const FIRST_CONTEXT: u32 = 128;

/// Samples that bound a 95th percentile.
const FOR_P95: u32 = 93;

impl Scenarios {
    /// The longest context that any of its cases needs.
    pub(crate) fn context(&self) -> u32 {
        let needs = |part: &Part| match part {
            Part::Ttft => PROMPTS[PROMPTS.len() - 1] + FEW,
            Part::Memory => PROMPTS[PROMPTS.len() - 1],
            Part::Throughput => loads::context(),
            Part::Sustained => SUSTAINED_SHAPE.n_context(),
            Part::Load | Part::Size | Part::Ipc | Part::Kernels => 0,
        };
        self.parts.iter().map(needs).max().unwrap_or(0)
    }
}

/// Resolves everything: the cases that fit, those that do not with the reason, and the targets.
pub(crate) fn plan(
    flags: &RunFlags,
    scenarios: &Scenarios,
    (side, probes): (&Side, &[Probe<'_>]),
) -> Plan {
    let mut maker = Maker {
        flags,
        context: side.context(),
        transport: side.info().transport,
        cases: Vec::new(),
        left_out: Vec::new(),
    };
    let has_requests = |part: &Part| matches!(part, Part::Ttft | Part::Memory | Part::Sustained);
    if scenarios.parts.iter().any(has_requests) {
        maker.idle(&Sensors::system());
    }
    for part in scenarios.parts {
        match part {
            Part::Ttft => maker.ttft(),
            Part::Throughput => maker.throughput(&scenarios.loads),
            Part::Load => maker.load(side),
            Part::Sustained => maker.sustained(scenarios.seconds),
            Part::Memory => maker.memory(),
            Part::Size => maker.probes(probes, SIZE_PROBE, (0, 1)),
            // Each call is timed alone: a percentile is of messages, not of their means.
            Part::Ipc => maker.probes(probes, "ipc/", (0, IPC_SAMPLES)),
            Part::Kernels => maker.kernels(probes),
        }
    }
    Plan {
        seed: flags.seed,
        sides: vec![side.info()],
        cases: maker.cases,
        targets: targets::of_scenarios(flags.load.memory_limit),
        left_out: maker.left_out,
        comparison: None,
        check: None,
    }
}

struct Maker<'a> {
    flags: &'a RunFlags,
    context: u32,
    transport: Transport,
    cases: Vec<Case>,
    left_out: Vec<LeftOut>,
}

impl Maker<'_> {
    /// Adds a case with so many samples where nobody says otherwise, or leaves it out.
    fn add(&mut self, id: &str, work: Work, n_samples: u32) {
        if let Some(shape) = work.shape()
            && shape.n_context() > self.context
        {
            self.left_out.push(LeftOut {
                case: id.to_owned(),
                reason: format!(
                    "{} tokens do not fit into the model's context of {}",
                    shape.n_context(),
                    self.context
                ),
            });
            return;
        }
        let is_fresh = matches!(
            work,
            Work::Load | Work::LoadCold | Work::Idle { .. } | Work::TtftCold(_) | Work::Memory(_)
        );
        if let Some(reason) = self.why_not_fresh(&work).filter(|_| is_fresh) {
            self.left_out.push(LeftOut {
                case: id.to_owned(),
                reason: reason.to_owned(),
            });
            return;
        }
        let default_warmups = if is_fresh || matches!(work, Work::Sustained { .. }) {
            0
        } else {
            2
        };
        // A load of requests is one thing and has no end in the middle: it is made of fewer.
        let is_load = matches!(work, Work::Throughput { .. });
        let default_samples = match self.flags.quick && is_load {
            true => n_samples.min(QUICK_REQUESTS),
            false => n_samples,
        };
        self.cases.push(Case {
            id: id.to_owned(),
            side: 0,
            n_warmups: match &work {
                Work::Sustained { .. } => 0,
                _ => self.flags.warmup.unwrap_or(default_warmups),
            },
            n_samples: self.flags.samples.unwrap_or(default_samples),
            budget_s: self
                .flags
                .budget
                .or(self.flags.quick.then_some(QUICK_BUDGET_S)),
            work,
        });
    }

    /// What the machine takes when nothing is asked of it, where it has counters: before all else,
    /// since it takes longer to become quiet than to begin.
    fn idle(&mut self, sensors: &Sensors) {
        self.cases.extend(idle_case(sensors, self.flags.quick));
    }

    /// Cold first: what it reads from the disk is what is warm after it.
    fn load(&mut self, side: &Side) {
        let found = side.drop_page_cache();
        if found == DROPPED || self.transport == Transport::Server {
            self.add("load/cold", Work::LoadCold, 10);
        } else {
            self.left_out.push(LeftOut {
                case: "load/cold".to_owned(),
                reason: format!("the page cache cannot be emptied of the model: it is {found}"),
            });
        }
        self.add("load/warm", Work::Load, 20);
    }

    /// Why work that begins with a fresh process cannot be done, where it cannot.
    fn why_not_fresh(&self, work: &Work) -> Option<&'static str> {
        match self.transport {
            Transport::Server => Some("a server is not started here: it was running already"),
            Transport::InProcess if matches!(work, Work::TtftCold(_)) => {
                Some("in this process nothing is fresh after the first time")
            }
            Transport::InProcess | Transport::Worker => None,
        }
    }

    fn ttft(&mut self) {
        for n_prompt in PROMPTS {
            let shape = RequestShape {
                n_prompt,
                n_out: FEW,
            };
            let n_warm = if n_prompt == PROMPTS[0] {
                FOR_P95 + 7
            } else {
                20
            };
            self.add(
                &format!("ttft/warm/{n_prompt}"),
                Work::TtftWarm(shape),
                n_warm,
            );
        }
        for n_prompt in PROMPTS {
            let shape = RequestShape {
                n_prompt,
                n_out: FEW,
            };
            let id = format!("ttft/cold/{n_prompt}");
            self.add(&id, Work::TtftCold(shape), 10);
        }
    }

    fn throughput(&mut self, loads: &Loads) {
        for (id, work, n_requests) in loads.cases(self.flags.quick) {
            self.add(&id, work, n_requests);
        }
    }

    fn sustained(&mut self, seconds: Option<u32>) {
        let default = if self.flags.quick { 20 } else { 300 };
        let seconds = seconds.unwrap_or(default);
        let shape = SUSTAINED_SHAPE;
        self.add("sustained", Work::Sustained { shape, seconds }, 0);
    }

    fn memory(&mut self) {
        let asked = self.flags.load.context.unwrap_or(0);
        let longest = PROMPTS[PROMPTS.len() - 1].max(u32::try_from(asked).unwrap_or(u32::MAX));
        let doubling = std::iter::successors(Some(FIRST_CONTEXT), |n| n.checked_mul(2));
        for n_context in doubling.take_while(|&n| n <= longest) {
            let shape = RequestShape {
                n_prompt: n_context - FEW,
                n_out: FEW,
            };
            self.add(&format!("memory/{n_context}"), Work::Memory(shape), 3);
        }
    }

    /// A case for each probe whose name begins so, timed for so many nanoseconds, so many times.
    fn probes(&mut self, probes: &[Probe<'_>], beginning: &str, (min_ns, n_samples): (u64, u32)) {
        for probe in probes
            .iter()
            .filter(|probe| probe.name.starts_with(beginning))
        {
            let work = Work::Probe {
                probe: probe.name.clone(),
                min_ns,
                limit: kernels::limit_of(&probe.name),
            };
            self.add(&probe.name, work, n_samples);
        }
    }

    fn kernels(&mut self, probes: &[Probe<'_>]) {
        let effort = match self.flags.quick {
            true => (3_000_000, 5),
            false => (20_000_000, 20),
        };
        self.probes(probes, kernels::BEGINNING, effort);
        self.left_out.extend(kernels::left_out());
    }
}

/// The idle machine, where it has counters.
pub(super) fn idle_case(sensors: &Sensors, is_quick: bool) -> Option<Case> {
    sensors.energy.source().is_ok().then(|| Case {
        id: "idle".to_owned(),
        side: 0,
        work: Work::Idle {
            seconds: if is_quick { 3 } else { 10 },
        },
        n_warmups: 0,
        n_samples: 1,
        budget_s: None,
    })
}

/// Messages are short, and every percentile is wanted.
const IPC_SAMPLES: u32 = 500;

/// Seconds of a case with `--quick`.
pub(super) const QUICK_BUDGET_S: f64 = 2.0;

/// Requests of a load with `--quick`.
const QUICK_REQUESTS: u32 = 8;

const SUSTAINED_SHAPE: RequestShape = RequestShape {
    n_prompt: 64,
    n_out: 128,
};

const SIZE_PROBE: &str = "size";

impl Scenarios {
    /// What the plan's probes call.
    ///
    /// # Errors
    /// When one of them cannot be made ready.
    pub(crate) fn probes(
        &self,
        side: &Side,
        flags: &RunFlags,
    ) -> anyhow::Result<Vec<Probe<'static>>> {
        let mut probes = Vec::new();
        if self.parts.contains(&Part::Size) {
            probes.push(size());
        }
        if self.parts.contains(&Part::Ipc) {
            probes.extend(ipc::probes()?);
        }
        if self.parts.contains(&Part::Kernels) {
            probes.extend(kernels::probes(side.threads(), flags.quick)?);
        }
        Ok(probes)
    }
}

fn size() -> Probe<'static> {
    let size = this_program().and_then(|path| Ok(std::fs::metadata(path)?.len()));
    let size = match size {
        Ok(bytes) => Reading::of("binary_bytes", bytes as f64),
        Err(error) => Reading::null("binary_bytes", format!("{error:#}")),
    };
    Probe {
        name: SIZE_PROBE.to_owned(),
        constants: vec![size],
        prepare: None,
        limit: None,
        call: Box::new(|| Ok(())),
    }
}

/// About how large the journal will be: every token is an event of some 30 bytes, and half as much
/// again its id.
pub(crate) fn expected_bytes(plan: &Plan) -> u64 {
    const BYTES_OF_TOKEN: u64 = 45;
    const BYTES_OF_SAMPLE: u64 = 1_000;
    /// Of a fast small model; a sustained run's tokens are not known beforehand.
    const TOKENS_PER_S: u64 = 2_000;
    let of_case = |case: &Case| {
        let n_out = case.work.shape().map_or(0, |shape| u64::from(shape.n_out));
        let n_tokens = match case.work {
            Work::Sustained { seconds, .. } => u64::from(seconds) * TOKENS_PER_S,
            _ => u64::from(case.n_slots()) * n_out,
        };
        u64::from(case.n_slots()) * BYTES_OF_SAMPLE + n_tokens * BYTES_OF_TOKEN
    };
    plan.cases.iter().map(of_case).sum()
}
