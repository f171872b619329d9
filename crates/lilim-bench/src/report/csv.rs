//! One row for each metric of each case, for programs: numbers as they are in the file.

use super::outline::summary_columns;
use crate::result_file::ResultFile;

/// A result as comma-separated values (RFC 4180), with a head.
pub fn csv(file: &ResultFile) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let written = write(&mut writer, file);
    written.expect("memory takes every row, and all have the same columns");
    let bytes = writer.into_inner().expect("memory takes what is left");
    String::from_utf8(bytes).expect("rows are made of text")
}

fn write(writer: &mut csv::Writer<Vec<u8>>, file: &ResultFile) -> csv::Result<()> {
    let figures = summary_columns(None).map(|(name, _)| name);
    let about = ["scenario", "case", "side", "metric", "unit", "source"];
    let counts = ["n_failed", "n"];
    let mut head: Vec<&str> = about.into_iter().chain(counts).chain(figures).collect();
    head.push("why_null");
    writer.write_record(head)?;
    for case in &file.findings.cases {
        let n_failed = case.n_failed.to_string();
        for (metric, found) in &case.metrics {
            let n = found.summary.map_or(0, |summary| summary.n).to_string();
            let mut row = vec![
                case.scenario.clone(),
                case.case.clone(),
                case.side.clone(),
                metric.clone(),
                found.unit.clone(),
                found.source.clone(),
                n_failed.clone(),
                n,
            ];
            let figures = summary_columns(found.summary.as_ref());
            let texts = figures.map(|(_, value)| value.map_or(String::new(), |x| x.to_string()));
            row.extend(texts);
            row.push(found.why_null.clone().unwrap_or_default());
            writer.write_record(row)?;
        }
    }
    writer.flush()?;
    Ok(())
}
