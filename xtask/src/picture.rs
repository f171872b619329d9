//! `cargo xtask picture`: a terminal's text as an SVG picture, for the README.
//!
//! `lilim demo | cargo xtask picture docs/demo.svg`

use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::Context;

const CHAR_WIDTH: f64 = 7.8;
const LINE_HEIGHT: f64 = 18.0;
const MARGIN: f64 = 18.0;
const MAX_COLUMNS: usize = 124;

/// Reads stdin and writes the picture.
pub(crate) fn draw(output: &Path) -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("reading stdin")?;
    fs::write(output, svg(&text)).with_context(|| format!("writing {}", output.display()))?;
    Ok(())
}

fn svg(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().flat_map(wrapped).collect();
    let columns = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let width = columns as f64 * CHAR_WIDTH + 2.0 * MARGIN;
    let height = lines.len() as f64 * LINE_HEIGHT + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13\">\n"
    );
    for (row, line) in lines.iter().enumerate() {
        let y = MARGIN + (row as f64 + 0.75) * LINE_HEIGHT;
        let length = line.chars().count() as f64 * CHAR_WIDTH;
        writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{y:.1}\" fill=\"{}\" textLength=\"{length:.1}\" xml:space=\"preserve\">{}</text>",
            colour(line),
            escaped(line)
        )
        .expect("writing to a string cannot fail");
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Prompts, decisions and answers apart, also in brightness.
fn colour(line: &str) -> &'static str {
    match line.trim_start().chars().next() {
        Some('[' | '$') => "#ffffff",
        Some('→') => "#8ab4f8",
        _ if line.starts_with("    ") => "#b5d6a7",
        _ => "#c9ccd3",
    }
}

fn wrapped(line: &str) -> Vec<String> {
    let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
    let mut rows = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let row = rows.last_mut().expect("there is always a row");
        if row.chars().count() + word.trim_end().chars().count() > MAX_COLUMNS {
            rows.push(format!("{indent}{word}"));
        } else {
            row.push_str(word);
        }
    }
    rows
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_wrap_with_their_indent_and_markup_is_escaped() {
        let line = format!("    {}", "word ".repeat(40));
        let rows = wrapped(&line);
        assert_eq!(rows.len(), 2);
        assert!(rows[1].starts_with("    word"));
        assert!(svg("a < b & c").contains("a &lt; b &amp; c"));
    }
}
