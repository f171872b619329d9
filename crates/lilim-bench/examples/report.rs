//! Writes every report of a result file beside it, for looking at: `cargo run -p lilim-bench
//! --example report -- result.json`.

#![allow(clippy::print_stdout, reason = "it tells where it wrote")]

use std::path::PathBuf;

use lilim_bench::report::dialects::{Dialect, dialect};
use lilim_bench::report::history::{Entry, page};
use lilim_bench::report::{self, Style, trace};
use lilim_bench::result_file::ResultFile;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.ok_or("name a result file")?;
    let file = ResultFile::parse(&path, &std::fs::read_to_string(&path)?)?;
    let entry = Entry::of(&file, "an example", "nothing");
    let mut written = vec![
        ("txt".to_owned(), report::console(&file, Style::default())),
        ("csv".to_owned(), report::csv(&file)),
        ("md".to_owned(), report::markdown(&file)),
        ("html".to_owned(), report::html(&file)),
        ("trace.json".to_owned(), trace::trace(&file.recording)),
        ("history.jsonl".to_owned(), entry.line()),
        ("history.md".to_owned(), page(&[entry])),
    ];
    for one in Dialect::ALL {
        written.push((format!("{}.json", one.name()), dialect(&file, one)));
    }
    for (end, text) in written {
        let path = path.with_extension(end);
        std::fs::write(&path, text)?;
        println!("{}", path.display());
    }
    for gap in trace::check(&file.recording) {
        println!("spans leave time out: {gap:?}");
    }
    Ok(())
}
