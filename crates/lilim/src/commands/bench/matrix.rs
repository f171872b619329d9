//! `lilim bench matrix`: every engine with every model on every set of prompts.

use std::path::Path;

use anyhow::Context;
use lilim_api::Engine;
use lilim_bench::journal::Journal;
use lilim_bench::plan::{Case, ChatPrompt, LeftOut, Plan, Questions, Work};
use lilim_bench::record::{SideInfo, Transport};
use lilim_bench::side::Launcher;
use lilim_engines::ServerAddress;

use super::launch::{Native, Wanted, this_program};
use super::server::{Server, Side};
use super::{cases, header, loads, output};
use crate::arguments::{MatrixFlags, RunFlags};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::end_on_ctrl_c;
use crate::machine;
use crate::models;
use crate::terminal::human_bytes;

/// Requests of a cell where nobody says otherwise.
const N_SAMPLES: u32 = 10;

/// Requests before them.
const N_WARMUPS: u32 = 2;

/// Loadings of each pair.
const N_LOADS: u32 = 3;

/// Tokens of an answer to somebody's prompts.
const N_OUT: u32 = 64;

/// Tokens that a chat template adds at most, with room.
const OF_TEMPLATE: usize = 256;

/// An engine of the matrix.
struct Column<'a> {
    /// Its name in ids: without `/`.
    name: &'static str,
    /// Takes a model, for requests of so many tokens.
    make: MakePair<'a>,
    /// Whether its models are servers' addresses; a server brings its model.
    is_server: bool,
}

type MakePair<'a> = Box<dyn Fn(&Row, u32) -> anyhow::Result<Pair> + 'a>;

/// A model of the matrix.
struct Row {
    /// Its name in ids, which no other has.
    name: String,
    /// What the user called it, or where it is.
    reference: String,
    is_server: bool,
}

/// An engine that takes a model.
struct Pair {
    info: SideInfo,
    /// Tokens that its context holds.
    context: u32,
    launcher: Box<dyn Launcher>,
}

/// Prompts that belong together.
struct Set {
    name: &'static str,
    questions: Questions,
    n_samples: u32,
}

/// Runs the command.
pub(crate) fn run(flags: &MatrixFlags, config: &Config) -> anyhow::Result<Exit> {
    let sets = match &flags.prompts {
        Some(path) => vec![asked(path, flags.tokens.unwrap_or(N_OUT))?],
        None => own_texts(),
    };
    let columns = columns(&flags.engine, config, &flags.run)?;
    let rows = rows(&flags.models, config)?;
    let mut made = Made::default();
    for row in &rows {
        for column in columns.iter().filter(|one| one.is_server == row.is_server) {
            made.pair(column, row, &sets, &flags.run);
        }
    }
    let (mut plan, mut launchers) = made.plan(flags.run.seed)?;
    super::server::measure_client(&mut plan, &mut launchers)?;
    let place = output::Place::of(&flags.run, "matrix", config)?;
    let mut journal = match &flags.run.resume {
        Some(path) => Journal::resume(path, &plan)?,
        None => Journal::create(
            &place.journal,
            header::header()?,
            plan.clone(),
            cases::expected_bytes(&plan),
        )?,
    };
    let cancel = end_on_ctrl_c();
    let outcome = super::go((&plan, &cancel), launchers, Vec::new(), &mut journal);
    super::finish(outcome, journal, &plan, &place, &flags.run)
}

/// The engines that are here; of these the named ones.
fn columns<'a>(
    named: &[String],
    config: &'a Config,
    run: &'a RunFlags,
) -> anyhow::Result<Vec<Column<'a>>> {
    let mut all = vec![
        Column {
            name: "native",
            make: Box::new(move |row, needed| native(row, needed, false, (config, run))),
            is_server: false,
        },
        Column {
            name: "in-process",
            make: Box::new(move |row, needed| native(row, needed, true, (config, run))),
            is_server: false,
        },
        Column {
            name: "server",
            make: Box::new(|row, _| server(row)),
            is_server: true,
        },
    ];
    let known: Vec<&str> = all.iter().map(|column| column.name).collect();
    if let Some(unknown) = named.iter().find(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        return Err(UsageError(format!("no engine '{unknown}' (one of: {known})")).into());
    }
    all.retain(|column| named.is_empty() || named.iter().any(|name| name == column.name));
    Ok(all)
}

fn native(
    row: &Row,
    needed: u32,
    in_process: bool,
    (config, run): (&Config, &RunFlags),
) -> anyhow::Result<Pair> {
    let worker = match in_process {
        true => None,
        false => Some(this_program()?),
    };
    let engine = match in_process {
        true => "in-process",
        false => "native",
    };
    let wanted = Wanted {
        name: Some(format!("{} · {engine}", row.name)),
        model: &row.reference,
        options: models::options(config, &run.load)?,
        context: needed,
        worker,
    };
    let side = Native::new(config, wanted)?;
    let info = side.info();
    let files = models::resolve(config, &row.reference)?;
    let bytes = models::native_engine()
        .estimate(&files, &info.options)?
        .total_bytes();
    // All of the machine's memory and not what is free: that differs from moment to moment.
    if let Some(total) = machine::total_memory_bytes().filter(|total| bytes > *total) {
        let (bytes, total) = (human_bytes(bytes), human_bytes(total));
        anyhow::bail!("it needs {bytes} of memory, this machine has {total}");
    }
    Ok(Pair {
        info,
        context: side.context(),
        launcher: Box::new(side),
    })
}

fn server(row: &Row) -> anyhow::Result<Pair> {
    let side = Side::Server(Box::new(Server::new(&row.reference)?));
    Ok(Pair {
        info: side.info(),
        context: side.context(),
        launcher: side.launcher(),
    })
}

/// The named models, or all that are here. What is named and not there ends the run; what is there
/// and cannot be run is shown.
fn rows(named: &[String], config: &Config) -> anyhow::Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    let mut references: Vec<String> = named.to_vec();
    if named.is_empty() {
        references.push(models::EMBEDDED_NAME.to_owned());
        for entry in models::catalog(config)?.entries() {
            references.push(entry.path.to_string_lossy().into_owned());
        }
    }
    for reference in references {
        let is_server = ServerAddress::is_meant(&reference);
        let plain = match is_server {
            true => host(&reference).to_owned(),
            false => models::name_of(&models::resolve(config, &reference)?),
        };
        if rows.iter().any(|row| row.reference == reference) {
            continue;
        }
        let plain = plain.replace('/', "-");
        let is_taken = |name: &str| rows.iter().any(|row| row.name == name);
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let mut names = std::iter::once(plain.clone()).chain(numbered);
        let name = names.find(|name| !is_taken(name));
        rows.push(Row {
            name: name.expect("numbers do not end"),
            reference,
            is_server,
        });
    }
    Ok(rows)
}

/// The part of a server's address that tells it from others: no options, which may be long.
fn host(address: &str) -> &str {
    let url = address.split(',').next().unwrap_or(address);
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    host.trim_end_matches('/')
}

fn own_texts() -> Vec<Set> {
    let set = |(name, shape)| Set {
        name,
        questions: Questions::Text(shape),
        n_samples: N_SAMPLES,
    };
    loads::shapes().map(set).into()
}

/// The prompts of a file, each asked once.
fn asked(path: &Path, n_out: u32) -> anyhow::Result<Set> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy());
    let set = lilim_router::read_prompts(&bytes, &name.unwrap_or_default())
        .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    let chats: Vec<ChatPrompt> = set
        .prompts
        .into_iter()
        .map(|entry| ChatPrompt {
            system: entry.system,
            prompt: entry.prompt,
        })
        .collect();
    if chats.is_empty() {
        return Err(UsageError(format!("{} has no prompts", path.display())).into());
    }
    Ok(Set {
        name: "prompts",
        n_samples: u32::try_from(chats.len()).unwrap_or(u32::MAX),
        questions: Questions::Chats { n_out, chats },
    })
}

impl Set {
    /// Tokens that its requests need; of somebody's prompts, which are not counted yet, at most.
    fn n_context(&self) -> u32 {
        match &self.questions {
            Questions::Text(shape) => shape.n_context(),
            Questions::Chats { n_out, chats } => {
                // No tokenizer here makes more tokens of a text than it has bytes.
                let bytes = |chat: &ChatPrompt| {
                    chat.prompt.len() + chat.system.as_ref().map_or(0, String::len)
                };
                let longest = chats.iter().map(bytes).max().unwrap_or(0) + OF_TEMPLATE;
                u32::try_from(longest)
                    .unwrap_or(u32::MAX)
                    .saturating_add(*n_out)
            }
        }
    }
}

/// What a plan is made of, as it grows.
#[derive(Default)]
struct Made {
    sides: Vec<SideInfo>,
    launchers: Vec<Box<dyn Launcher>>,
    loads: Vec<Case>,
    /// The cells with the place of their set.
    cells: Vec<(usize, Case)>,
    left_out: Vec<LeftOut>,
}

impl Made {
    fn pair(&mut self, column: &Column<'_>, row: &Row, sets: &[Set], run: &RunFlags) {
        let id = |set: &str| format!("matrix/{set}/{}/{}", column.name, row.name);
        let needed = sets.iter().map(Set::n_context).max().unwrap_or(0);
        let pair = match (column.make)(row, needed) {
            Ok(pair) => pair,
            Err(error) => {
                let reason = format!("{error:#}");
                self.left_out.extend(sets.iter().map(|set| LeftOut {
                    case: id(set.name),
                    reason: reason.clone(),
                }));
                return;
            }
        };
        let side = self.sides.len();
        let n_before = self.cells.len();
        let budget_s = run.budget.or(run.quick.then_some(cases::QUICK_BUDGET_S));
        for (place, set) in sets.iter().enumerate() {
            if let Questions::Text(shape) = set.questions
                && shape.n_context() > pair.context
            {
                self.left_out.push(LeftOut {
                    case: id(set.name),
                    reason: format!(
                        "{} tokens do not fit into its context of {}",
                        shape.n_context(),
                        pair.context
                    ),
                });
                continue;
            }
            let case = Case {
                id: id(set.name),
                side,
                work: Work::Matrix(set.questions.clone()),
                n_warmups: run.warmup.unwrap_or(N_WARMUPS),
                n_samples: run.samples.unwrap_or(set.n_samples),
                budget_s,
            };
            self.cells.push((place, case));
        }
        if self.cells.len() == n_before {
            return;
        }
        // A server was running already.
        if pair.info.transport != Transport::Server {
            self.loads.push(Case {
                id: id("load"),
                side,
                work: Work::Load,
                n_warmups: 0,
                n_samples: N_LOADS,
                budget_s,
            });
        }
        self.sides.push(pair.info);
        self.launchers.push(pair.launcher);
    }

    /// Set by set, so that what is ranked against each other is measured at about the same time.
    fn plan(mut self, seed: u64) -> anyhow::Result<(Plan, Vec<Box<dyn Launcher>>)> {
        if self.cells.is_empty() {
            let reasons = self.left_out.iter();
            let reasons: Vec<_> = reasons
                .map(|left| format!("{}: {}", left.case, left.reason))
                .collect();
            anyhow::bail!("no engine runs any of the models\n{}", reasons.join("\n"));
        }
        self.cells.sort_by_key(|(place, _)| *place);
        let cells = self.cells.into_iter().map(|(_, case)| case);
        let plan = Plan {
            seed,
            sides: self.sides,
            cases: self.loads.into_iter().chain(cells).collect(),
            targets: Vec::new(),
            left_out: self.left_out,
            comparison: None,
            check: None,
        };
        Ok((plan, self.launchers))
    }
}
