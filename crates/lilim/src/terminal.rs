//! What the terminal shows besides results: progress, closing lines, tables, colours.
//!
//! Results go to stdout, everything here to stderr, and nothing moves off a terminal.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lilim_api::{LoadPhase, LoadProgress};

use crate::metrics::Figures;

/// Whether stderr is a terminal that people look at.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether stderr takes colours: a terminal, and nobody said NO_COLOR.
pub(crate) fn has_colours() -> bool {
    is_watched() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether stdout takes colours: a terminal, and nobody said NO_COLOR.
pub(crate) fn stdout_has_colours() -> bool {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !is_plain
}

/// Characters of a line of stdout; a customary width off a terminal.
pub(crate) fn stdout_width() -> usize {
    const CUSTOMARY: usize = 100;
    let size = terminal_size::terminal_size_of(std::io::stdout());
    size.map_or(CUSTOMARY, |(width, _)| usize::from(width.0))
}

/// A bar for the bytes of a model that is being loaded.
pub(crate) struct LoadBar {
    bar: ProgressBar,
}

impl LoadBar {
    /// Makes a bar for a model; invisible off a terminal.
    pub(crate) fn new(model: &str) -> Self {
        let bar = if is_watched() {
            ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template(
            "loading {prefix} {msg:>7} [{bar:28}] {bytes}/{total_bytes}",
        )
        .expect("the template is well formed")
        .progress_chars("━╸ ");
        bar.set_style(style);
        bar.set_prefix(model.to_owned());
        Self { bar }
    }

    /// Shows how far loading has come.
    pub(crate) fn show(&self, progress: LoadProgress) {
        let phase = match progress.phase {
            LoadPhase::Open => "open",
            LoadPhase::Weights => "weights",
            LoadPhase::Prepare => "prepare",
        };
        self.bar.set_message(phase);
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// A line that is rewritten in place on a terminal, and not shown elsewhere.
pub(crate) struct StatusLine {
    shown: bool,
}

impl StatusLine {
    /// Makes an empty line.
    pub(crate) fn new() -> Self {
        Self { shown: false }
    }

    /// Shows a text in place of the last one.
    pub(crate) fn show(&mut self, text: &str) {
        if is_watched() {
            eprint_flush(&format!("\r\x1b[2K{text}"));
            self.shown = true;
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.shown {
            eprint_flush("\r\x1b[2K");
            self.shown = false;
        }
    }
}

/// Tells whoever watches; results go to stdout instead.
pub(crate) fn tell(text: &str) {
    eprint_flush(&format!("{text}\n"));
}

/// Writes to stderr at once; a closed stderr is nobody's loss.
fn eprint_flush(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// The closing line of an answer: TTFT, both rates, peak memory.
pub(crate) fn closing_line(figures: &Figures, peak_rss_bytes: Option<u64>) -> String {
    let guesses = figures.speculation.map_or_else(String::new, |speculation| {
        let (accepted, guessed) = (speculation.n_accepted, speculation.n_guessed);
        format!(" · {accepted} of {guessed} guesses right")
    });
    format!(
        "{} prompt + {} new tokens · first token {} · prefill {} · decode {}{guesses} · peak memory {}",
        figures.n_prompt,
        figures.n_out,
        figures
            .ttft_ms
            .map_or_else(unknown, |ms| format!("{ms:.0} ms")),
        figures
            .prefill_tps
            .map_or_else(unknown, |tps| format!("{tps:.0} tokens/s")),
        figures
            .decode_tps
            .map_or_else(unknown, |tps| format!("{tps:.1} tokens/s")),
        peak_rss_bytes.map_or_else(unknown, human_bytes),
    )
}

/// How a figure that could not be measured is shown.
pub(crate) fn unknown() -> String {
    "–".to_owned()
}

/// Bytes for people, in binary units.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A count for people: `1.1 B`, `260 K`.
pub(crate) fn human_count(count: u64) -> String {
    let value = count as f64;
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.0} K", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", value / 1e6),
        _ => format!("{:.2} B", value / 1e9),
    }
}

/// A time for people.
pub(crate) fn human_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

/// How a column of a table stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A plain table with a rule under its head; widths follow the content.
pub(crate) fn table(head: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, (name, _))| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([name.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .enumerate()
            .map(|(column, cell)| pad(cell, widths[column], head[column].1))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().map(|(name, _)| *name))];
    lines.push(
        widths
            .iter()
            .map(|&width| "─".repeat(width))
            .collect::<Vec<_>>()
            .join("  "),
    );
    lines.extend(
        rows.iter()
            .map(|row| line(&mut row.iter().map(String::as_str))),
    );
    lines.join("\n")
}

fn pad(text: &str, width: usize, align: Align) -> String {
    let gap = " ".repeat(width.saturating_sub(text.chars().count()));
    match align {
        Align::Left => format!("{text}{gap}"),
        Align::Right => format!("{gap}{text}"),
    }
}

/// A text cut to so many characters, with an ellipsis where something is missing.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= width {
        return flat;
    }
    let head: String = flat.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (3 << 30, "3.0 GiB"),
        ] {
            assert_eq!(human_bytes(bytes), expected);
        }
        assert_eq!(human_count(1_100_048_384), "1.10 B");
        assert_eq!(human_count(260_032), "260 K");
        assert_eq!(human_duration(Duration::from_millis(1500)), "1.50 s");
    }

    #[test]
    fn tables_align_text_left_and_numbers_right() {
        let head = [("model", Align::Left), ("size", Align::Right)];
        let rows = [
            vec!["a".to_owned(), "10".to_owned()],
            vec!["long name".to_owned(), "5".to_owned()],
        ];
        assert_eq!(
            table(&head, &rows),
            "model      size\n─────────  ────\na            10\nlong name     5"
        );
    }

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        assert_eq!(shortened("one  two\nthree", 20), "one two three");
        assert_eq!(shortened("one two three", 8), "one two…");
    }
}
