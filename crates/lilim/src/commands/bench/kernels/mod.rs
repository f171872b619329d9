//! `lilim bench kernels`: each hot op at model shapes, at every level of this machine, as a share of
//! what was measured in the same run that the machine can do at most.

mod attention;
mod crew;
mod limits;
mod products;
mod rows;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context;
use lilim_bench::plan::LeftOut;
use lilim_bench::record::Reading;
use lilim_bench::scenario::{BYTES, Beside, OPS, Probe};
use lilim_kernels::{Kernels, Level};

use self::crew::{Crew, Job};
use self::products::Shelf;

/// How the names of these probes begin.
pub(super) const BEGINNING: &str = "kernels/";

/// Bytes over which a probe that reads memory walks: beyond every cache.
const ROOM_BYTES: usize = 128 << 20;

/// Every op on so many threads.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn probes(n_threads: usize, is_quick: bool) -> anyhow::Result<Vec<Probe<'static>>> {
    let crew = Crew::new(n_threads.max(1)).context("starting threads")?;
    let mut stage = Stage {
        is_quick,
        crew: Rc::new(crew),
        shelf: Rc::default(),
        job: Rc::default(),
        limits: BTreeMap::new(),
        probes: Vec::new(),
    };
    limits::add(&mut stage);
    products::add(&mut stage);
    attention::add(&mut stage);
    rows::add(&mut stage);
    Ok(stage.probes)
}

/// The limit that a probe is told as a share of, by name.
pub(super) fn limit_of(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix(BEGINNING)?.split('/');
    let (op, what, level) = (parts.next()?, parts.next()?, parts.next_back());
    let limit = match (op, level) {
        ("limit", _) => return None,
        ("decode" | "attention-decode", _) => "read".to_owned(),
        ("attention-prefill", Some(level)) => format!("f32/{level}"),
        ("prefill", Some(level)) => {
            let is_exact = what.starts_with("F16") || level == Level::Reference.name();
            format!("{}/{level}", if is_exact { "f32" } else { "bytes" })
        }
        _ => "copy".to_owned(),
    };
    Some(format!("{BEGINNING}limit/{limit}"))
}

/// Levels that this machine cannot run, with the reason.
pub(super) fn left_out() -> Vec<LeftOut> {
    let absent = Level::ALL.into_iter().filter(|level| !level.is_available());
    let reason = |level: Level| match level.fails_self_check() {
        true => "this machine has its instructions, but they do not compute what they should",
        false => "this machine does not have its instructions",
    };
    absent
        .map(|level| LeftOut {
            case: format!("{BEGINNING}*/{level}"),
            reason: reason(level).to_owned(),
        })
        .collect()
}

/// The kernels of every level of this machine, the slowest first.
fn available() -> impl Iterator<Item = &'static Kernels> {
    Level::available().filter_map(Kernels::for_level)
}

/// Refuses to time what does not compute the reference's bits.
fn same<T: PartialEq>(ours: &T, plain: &T) -> Result<(), String> {
    match ours == plain {
        true => Ok(()),
        false => Err("it does not compute the reference's bits".to_owned()),
    }
}

/// On how many threads a probe runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Threads {
    /// What the engine does on one.
    One,
    /// All that were asked for.
    All,
}

/// What probes share: threads, and room for one of them at a time.
struct Stage {
    is_quick: bool,
    crew: Rc<Crew>,
    shelf: Rc<RefCell<Shelf>>,
    /// The work of the probe that was last made ready. One for all: its room is given back when the
    /// next is made ready.
    job: Rc<RefCell<Option<Job>>>,
    /// What limits are known, by name.
    limits: BTreeMap<String, Rc<Limit>>,
    probes: Vec<Probe<'static>>,
}

/// What the machine can do at most, timed by itself and beside every probe that it limits.
struct Limit {
    constant: Reading,
    threads: Threads,
    /// Made when it is first needed, and kept: probes of all kinds take turns with it.
    job: OnceCell<Job>,
    make: Box<dyn Fn() -> Job>,
}

impl Limit {
    fn job(&self) -> &Job {
        self.job.get_or_init(|| (self.make)())
    }

    fn beside(limit: &Rc<Self>, crew: &Rc<Crew>) -> Beside<'static> {
        let value = |name: &str| limit.constant.value.filter(|_| limit.constant.name == name);
        let (crew, limit) = (Rc::clone(crew), Rc::clone(limit));
        Beside {
            bytes: value(BYTES),
            ops: value(OPS),
            call: Box::new(move || limit.threads.run(&crew, limit.job())),
        }
    }
}

impl Threads {
    fn run(self, crew: &Crew, job: &Job) -> Result<(), String> {
        match self {
            Self::All => crew.run(job),
            Self::One => {
                job(0);
                Ok(())
            }
        }
    }
}

impl Stage {
    /// Adds a limit, which is a probe too.
    fn add_limit(
        &mut self,
        name: &str,
        (constant, threads): (Reading, Threads),
        make: impl Fn() -> Job + 'static,
    ) {
        let limit = Rc::new(Limit {
            constant: constant.clone(),
            threads,
            job: OnceCell::new(),
            make: Box::new(make),
        });
        let full = format!("{BEGINNING}{name}");
        self.limits.insert(full, Rc::clone(&limit));
        self.add(name, constant, threads, move |_| {
            Ok(Arc::clone(limit.job()))
        });
    }

    fn n_threads(&self) -> usize {
        self.crew.n_threads()
    }

    /// Adds a probe whose work is made when its turn comes.
    fn add(
        &mut self,
        name: &str,
        constant: Reading,
        threads: Threads,
        make: impl Fn(&mut Shelf) -> Result<Job, String> + 'static,
    ) {
        let (crew, shelf) = (Rc::clone(&self.crew), Rc::clone(&self.shelf));
        let (job, ready) = (Rc::clone(&self.job), Rc::clone(&self.job));
        let name = format!("{BEGINNING}{name}");
        let limit = limit_of(&name).and_then(|limit| self.limits.get(&limit));
        let limit_ready = limit.map(Rc::clone);
        self.probes.push(Probe {
            limit: limit.map(|limit| Limit::beside(limit, &crew)),
            name,
            constants: vec![constant],
            prepare: Some(Box::new(move || {
                *ready.borrow_mut() = None;
                // Made now, or the first sample would make it.
                limit_ready.as_ref().map(|limit| limit.job());
                let made = make(&mut shelf.borrow_mut())?;
                *ready.borrow_mut() = Some(made);
                Ok(())
            })),
            call: Box::new(move || match &*job.borrow() {
                Some(job) => threads.run(&crew, job),
                None => Err("nothing was made ready".to_owned()),
            }),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_probe_but_limits_has_a_limit_that_is_a_probe() {
        let probes = probes(2, false).unwrap();
        let names: BTreeSet<_> = probes.iter().map(|probe| probe.name.clone()).collect();
        assert_eq!(names.len(), probes.len(), "names are unique");
        for name in &names {
            match limit_of(name) {
                Some(limit) => assert!(names.contains(&limit), "{name}: {limit}"),
                None => assert!(name.starts_with("kernels/limit/"), "{name}"),
            }
        }
    }

    #[test]
    fn rows_compute_the_references_bits_and_run() {
        let mut probes = probes(1, true).unwrap();
        let rows = |probe: &&mut Probe<'_>| probe.name.starts_with("kernels/rows/");
        for probe in probes.iter_mut().filter(rows) {
            let prepare = probe.prepare.as_mut().unwrap();
            prepare().unwrap_or_else(|error| panic!("{}: {error}", probe.name));
            (probe.call)().unwrap();
        }
    }

    #[test]
    fn levels_that_are_not_here_are_named_with_the_reason() {
        let n_here = Level::available().count();
        let left_out = left_out();
        assert_eq!(left_out.len() + n_here, Level::ALL.len());
        assert!(left_out.iter().all(|one| !one.reason.is_empty()));
    }
}
