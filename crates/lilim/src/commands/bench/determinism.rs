//! `lilim bench determinism`: one setting after another against the first.

use lilim_api::{Engine, Level, LoadOptions, SpeculationOptions};
use lilim_bench::journal::Journal;
use lilim_bench::plan::{Case, LeftOut, Plan, RequestShape, Setting, Work};
use lilim_bench::record::SideInfo;
use lilim_bench::side::Launcher;

use super::launch::{Native, Wanted, this_program};
use super::{header, output};
use crate::arguments::DeterminismFlags;
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::end_on_ctrl_c;
use crate::models;

const SHAPE: RequestShape = RequestShape {
    n_prompt: 48,
    n_out: 24,
};

/// Prompts, and with `--quick`; as many as sessions run at once at least.
const PROMPTS: [u32; 2] = [8, 4];

/// Types of weights that no level rounds further.
const EXACT: [&str; 3] = ["F32", "F16", "BF16"];

/// One row of the matrix.
struct Row {
    name: String,
    options: LoadOptions,
    n_sessions: u32,
    n_laps: u32,
    is_cached: bool,
    in_process: bool,
    may_differ: Option<String>,
}

/// Runs the command.
pub(crate) fn run(flags: &DeterminismFlags, config: &Config) -> anyhow::Result<Exit> {
    if flags.run.budget.is_some() || flags.run.samples.is_some() || flags.run.warmup.is_some() {
        let reason = "the matrix has fixed prompts: no --samples, --warmup or --budget";
        return Err(UsageError(reason.to_owned()).into());
    }
    let files = models::resolve(config, &flags.model)?;
    let known = models::native_engine().check(&files)?;
    let base = models::options(config, &flags.run.load)?;
    let is_exact = EXACT.contains(&known.quantization.as_str());
    let (rows, left_out) = rows(&base, is_exact, flags.run.quick);
    let n_prompts = PROMPTS[usize::from(flags.run.quick)];
    let mut sides: Vec<SideInfo> = Vec::new();
    let mut launchers: Vec<Box<dyn Launcher>> = Vec::new();
    let mut cases = Vec::new();
    for (side, row) in rows.into_iter().enumerate() {
        cases.push(case(side, &row, n_prompts));
        let engine = native(&flags.model, row, config)?;
        sides.push(engine.info());
        launchers.push(Box::new(engine));
    }
    let plan = Plan {
        seed: flags.run.seed,
        sides,
        cases,
        targets: Vec::new(),
        left_out,
        comparison: None,
        check: None,
    };
    let place = output::Place::of(&flags.run, "determinism", config)?;
    let mut journal = match &flags.run.resume {
        Some(path) => Journal::resume(path, &plan)?,
        None => Journal::create(
            &place.journal,
            header::header()?,
            plan.clone(),
            super::cases::expected_bytes(&plan),
        )?,
    };
    let cancel = end_on_ctrl_c();
    let outcome = super::go((&plan, &cancel), launchers, Vec::new(), &mut journal);
    super::finish(outcome, journal, &plan, &place, &flags.run)
}

fn case(side: usize, row: &Row, n_prompts: u32) -> Case {
    Case {
        id: format!("determinism/{}", row.name.replace([' ', '/'], "-")),
        side,
        work: Work::Setting(Setting {
            shape: SHAPE,
            n_sessions: row.n_sessions,
            n_laps: row.n_laps,
            is_cached: row.is_cached,
            may_differ: row.may_differ.clone(),
        }),
        n_warmups: 0,
        n_samples: 2 * n_prompts,
        budget_s: None,
    }
}

fn native(model: &str, row: Row, config: &Config) -> anyhow::Result<Native> {
    let wanted = Wanted {
        name: Some(row.name),
        model,
        options: row.options,
        context: SHAPE.n_context(),
        worker: match row.in_process {
            true => None,
            false => Some(this_program()?),
        },
    };
    let engine = Native::new(config, wanted)?;
    Ok(match row.is_cached {
        true => engine.with_prefix_cache(),
        false => engine,
    })
}

/// The axes of the engine's own test of the same promise (`matrix.rs` of lilim-native), one at a time.
fn rows(base: &LoadOptions, is_exact: bool, is_quick: bool) -> (Vec<Row>, Vec<LeftOut>) {
    let first = LoadOptions {
        threads: Some(1),
        speculation: SpeculationOptions::Off,
        ..base.clone()
    };
    let row = |name: &str, options: LoadOptions| Row {
        name: name.to_owned(),
        options,
        n_sessions: 1,
        n_laps: 1,
        is_cached: false,
        in_process: false,
        may_differ: None,
    };
    let with = |name: &str, change: &dyn Fn(&mut LoadOptions)| {
        let mut options = first.clone();
        change(&mut options);
        row(name, options)
    };
    let mut rows = vec![
        row("one thread", first.clone()),
        row("a fresh process", first.clone()),
        Row {
            n_laps: 2,
            ..row("a second time in one process", first.clone())
        },
        Row {
            in_process: true,
            ..row("in this process", first.clone())
        },
    ];
    for threads in [2, 3, 8] {
        rows.push(with(&format!("{threads} threads"), &|options| {
            options.threads = Some(threads);
        }));
    }
    for chunk in [1, 7, 16] {
        rows.push(with(&format!("chunk {chunk}"), &|options| {
            options.chunk = chunk
        }));
    }
    rows.push(Row {
        n_sessions: 4,
        ..with("4 sessions at once", &|options| options.threads = Some(2))
    });
    rows.push(Row {
        is_cached: true,
        ..row("prefix cache", first.clone())
    });
    rows.push(with("speculation lookup", &|options| {
        options.speculation = SpeculationOptions::Lookup;
    }));
    if base.speculation != SpeculationOptions::Off {
        let name = format!("speculation {}", base.speculation);
        rows.push(with(&name, &|options| {
            options.speculation = base.speculation.clone()
        }));
    }
    let mut left_out = Vec::new();
    for level in levels() {
        let name = format!("level {level}");
        let mut one = with(&name, &|options| options.level = Some(level));
        let is_reference = level == Level::Reference;
        if is_reference && is_quick {
            left_out.push(LeftOut {
                case: format!("determinism/level-{level}"),
                reason: "--quick leaves out the level that takes ten times as long".to_owned(),
            });
            continue;
        }
        if is_reference != (base.level == Some(Level::Reference)) && !is_exact {
            let why = "of quantized weights the reference level rounds nothing, the fast ones do";
            one.may_differ = Some(why.to_owned());
        }
        rows.push(one);
    }
    (rows, left_out)
}

/// What this machine has.
fn levels() -> Vec<Level> {
    let here: Vec<&str> = lilim_kernels::Level::available()
        .map(|level| level.name())
        .collect();
    let all = Level::ALL.into_iter();
    all.filter(|level| here.contains(&level.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_has_every_axis_once_and_only_the_reference_level_may_differ() {
        let (all, left_out) = rows(&LoadOptions::default(), false, false);
        assert!(left_out.is_empty());
        let names: std::collections::BTreeSet<_> = all.iter().map(|row| row.name.clone()).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().any(|row| row.is_cached) && all.iter().any(|row| row.n_sessions == 4));
        for row in &all {
            assert_eq!(
                row.may_differ.is_some(),
                row.name == "level reference",
                "{}",
                row.name
            );
        }
        let (exact, left_out) = rows(&LoadOptions::default(), true, true);
        assert!(exact.iter().all(|row| row.may_differ.is_none()));
        assert_eq!(left_out.len(), 1);
    }
}
