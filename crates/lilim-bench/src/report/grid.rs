//! Probes of the same work at several levels, side by side: a table for each op, a column for each
//! level, in each cell the rate and its share of what the machine can do.

use super::figures::{clean, with_unit};
use super::outline::Group;
use crate::derive::CaseFindings;

/// Probes whose ids are `GROUP/OP/WHAT/LEVEL`, and those that are no op of a level.
pub(super) struct Grid {
    /// Columns, in the order in which they first come.
    pub(super) levels: Vec<String>,
    /// Tables, in the order in which they first come.
    pub(super) ops: Vec<Op>,
    /// What has no level, such as reading memory: its name and rate.
    pub(super) others: Vec<(String, String)>,
}

/// What is done, and to what.
pub(super) struct Op {
    /// The part of the ids.
    name: String,
    /// A row for each thing that it is done to.
    pub(super) rows: Vec<Row>,
}

/// One thing at every level.
pub(super) struct Row {
    /// What it is.
    pub(super) label: String,
    /// One for each of the grid's levels.
    pub(super) cells: Vec<Option<Cell>>,
}

/// One thing at one level.
#[derive(Clone)]
pub(super) struct Cell {
    /// The rate with its unit.
    pub(super) rate: String,
    /// The rate / the limit's; a limit has none.
    pub(super) share: Option<f64>,
}

impl Cell {
    /// Rate and share, such as `48.2 GB/s 93%`.
    pub(super) fn text(&self) -> String {
        match self.percent() {
            Some(percent) => format!("{} {percent:>4}", self.rate),
            None => self.rate.clone(),
        }
    }

    /// The share for people.
    pub(super) fn percent(&self) -> Option<String> {
        Some(format!("{:.0}%", 100.0 * self.share?))
    }
}

impl Grid {
    /// `None` for a group of which nothing is a share of a limit.
    pub(super) fn of(group: &Group<'_>) -> Option<Self> {
        let has_share = |case: &&CaseFindings| median(case, SHARE).is_some();
        if !group.cases.iter().any(has_share) {
            return None;
        }
        let mut grid = Self {
            levels: Vec::new(),
            ops: Vec::new(),
            others: Vec::new(),
        };
        for case in &group.cases {
            let id = case.case.strip_prefix(group.name).unwrap_or(&case.case);
            let parts: Vec<_> = id.split('/').filter(|part| !part.is_empty()).collect();
            let Some(rate) = rate(case) else { continue };
            match parts.as_slice() {
                [op, what @ .., level] if !what.is_empty() => {
                    let share = median(case, SHARE);
                    grid.put((op, &what.join("/"), level), Cell { rate, share });
                }
                _ => grid.others.push((clean(&parts.join(" ")), rate)),
            }
        }
        let n_levels = grid.levels.len();
        for row in grid.ops.iter_mut().flat_map(|op| &mut op.rows) {
            row.cells.resize(n_levels, None);
        }
        Some(grid)
    }

    fn put(&mut self, (op, what, level): (&str, &str, &str), cell: Cell) {
        let (op, what, level) = (clean(op), clean(what), clean(level));
        let column = place(&mut self.levels, |known| *known == level, || level.clone());
        let op_place = place(
            &mut self.ops,
            |known| known.name == op,
            || Op {
                name: op.clone(),
                rows: Vec::new(),
            },
        );
        let rows = &mut self.ops[op_place].rows;
        let row = place(
            rows,
            |known| known.label == what,
            || Row {
                label: what.clone(),
                cells: Vec::new(),
            },
        );
        let cells = &mut rows[row].cells;
        cells.resize(cells.len().max(column + 1), None);
        cells[column] = Some(cell);
    }
}

/// Where a thing is, after it was put at the end where it was not there.
fn place<T>(all: &mut Vec<T>, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    all.iter().position(is_it).unwrap_or_else(|| {
        all.push(make());
        all.len() - 1
    })
}

impl Op {
    /// What it is called in a heading.
    pub(super) fn title(&self) -> String {
        const TITLES: &[(&str, &str)] = &[
            ("limit", "limits: multiplying in registers"),
            ("decode", "matrix × 1 row, weights from memory"),
            ("prefill", "matrix × 64 rows, weights in cache"),
            ("attention-decode", "attention of 1 token, from memory"),
            ("attention-prefill", "attention of a prompt, in cache"),
            ("rows", "rows in the first cache, one thread"),
        ];
        let titled = TITLES.iter().find(|(name, _)| *name == self.name);
        titled.map_or_else(|| self.name.clone(), |(_, title)| (*title).to_owned())
    }
}

const SHARE: &str = "share_of_limit";

fn median(case: &CaseFindings, metric: &str) -> Option<f64> {
    Some(case.metrics.get(metric)?.summary?.median)
}

fn rate(case: &CaseFindings) -> Option<String> {
    ["gb_per_s", "gop_per_s"].into_iter().find_map(|metric| {
        let found = case.metrics.get(metric)?;
        Some(with_unit(found.summary?.median, &found.unit))
    })
}

/// What the numbers of a grid are.
pub(super) const HOW_TO_READ: &str = "Medians. A percentage is the share of what this machine did \
     at most just before: of reading memory, of copying within the first cache, or of the bare \
     multiplications of the level. More than 100% says that it was busier while the limit was timed.";
