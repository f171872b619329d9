//! From a result file to text: tables for people, rows for programs, one page to look at.
//!
//! Everything here is a pure function: nothing is printed, no file is written, and what a terminal
//! can show is told in a [`Style`]. Reports show what was found and compute no figure of their own;
//! what they need of single samples they get from `derive` too.

mod comparison;
mod console;
mod csv;
pub mod dialects;
mod extra;
mod facts;
mod figures;
mod gates;
mod grid;
pub mod history;
mod html;
mod markdown;
mod matrix;
mod outline;
mod schema;
pub mod trace;

pub use console::console;
pub use csv::csv;
pub use html::{html, page};
pub use markdown::markdown;
pub use schema::schema;

/// What a terminal can show, and how much of it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours may be used.
    pub colour: bool,
    /// Characters of a line.
    pub width: usize,
    /// How many of the metrics are shown.
    pub detail: Detail,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 100,
            detail: Detail::Key,
        }
    }
}

/// How many of the metrics a report shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Those that answer what the scenario asks, and those that targets name.
    Key,
    /// All.
    All,
}
