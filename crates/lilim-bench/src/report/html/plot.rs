//! Plots as inline SVG. Places are percents of the width, so letters keep their size on a phone.

use super::axis::{Axis, Start};
use super::escape;
use crate::report::figures::{Scale, with_unit};
use crate::stats::{Summary, percentile};

/// The most dots of a row: more would hide each other and swell the page.
const MOST_DOTS: usize = 400;

/// What stands above and below a plot.
pub(super) struct Words {
    /// What is drawn.
    pub(super) title: String,
    /// What it means.
    pub(super) caption: String,
    /// Whether how dots are read is told too: once for all plots of a group.
    pub(super) explains_dots: bool,
}

/// A plot in its frame, with its words; `described` says in words what the picture shows.
pub(super) fn framed(
    words: &Words,
    described: &str,
    (height, inside): (f64, String),
    legend: &str,
) -> String {
    let title = escape(&words.title);
    let caption = escape(words.caption.trim());
    let described = escape(described);
    format!(
        "<figure>\n<h3>{title}</h3>\n{legend}<svg role=\"img\" height=\"{height}\">\
         <title>{title}</title><desc>{described}</desc>\n{inside}</svg>\n\
         <figcaption>{caption}</figcaption>\n</figure>\n"
    )
}

/// Marks of a horizontal axis at a height, with lines up through the rows.
pub(super) fn ticks(axis: &Axis, scale: &Scale, bottom: f64) -> String {
    let mut text = String::new();
    let last = axis.ticks.len().saturating_sub(1);
    for (index, tick) in axis.ticks.iter().enumerate() {
        let x = axis.place(*tick);
        let anchor = match index {
            0 if x < 5.0 => "start",
            _ if index == last && x > 95.0 => "end",
            _ => "middle",
        };
        let (shown, y) = (scale.mark(*tick), bottom + 16.0);
        text += &format!(
            "<line class=\"grid\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"4\" y2=\"{bottom}\"/>\
             <text class=\"quiet\" x=\"{x:.2}%\" y=\"{y}\" text-anchor=\"{anchor}\">{shown}</text>\n"
        );
    }
    text
}

/// Space for what is written below an axis.
pub(super) const BELOW: f64 = 22.0;

/// A row of dots.
pub(super) struct DotRow<'a> {
    pub(super) label: String,
    pub(super) values: &'a [f64],
    pub(super) summary: Summary,
    /// A target's bar.
    pub(super) bar: Option<f64>,
}

/// Every sample as a dot, in front of a box from the first quartile to the third.
pub(super) fn dots(words: &Words, unit: &str, rows: &[DotRow<'_>]) -> String {
    const ROW: f64 = 62.0;
    let all = rows.iter().flat_map(|row| {
        let ends = [row.summary.min, row.summary.max];
        ends.into_iter()
            .chain(row.bar.filter(|bar| is_near(*bar, &row.summary)))
    });
    let largest = rows
        .iter()
        .map(|row| row.summary.median)
        .fold(0.0, f64::max);
    let scale = Scale::of(unit, largest);
    let axis = Axis::of(all, scale.one);
    let bottom = ROW * rows.len() as f64;
    let mut inside = ticks(&axis, &scale, bottom);
    let mut described = Vec::new();
    let mut is_thinned = false;
    for (index, row) in rows.iter().enumerate() {
        let top = ROW * index as f64;
        inside += &dot_row(row, &axis, unit, top);
        described.push(format!("{}: {}", row.label, in_words(row, &scale)));
        is_thinned |= row.values.len() > MOST_DOTS;
    }
    let mut caption = format!("{}{}", words.caption, axis.warning());
    if words.explains_dots {
        caption += " Each dot is a sample, the box holds their middle half, the thick line is their \
                    median, the dotted line p95 where there are samples enough, the dashed line a \
                    target.";
    }
    let is_drawn = |row: &&DotRow<'_>| row.bar.is_some_and(|bar| is_near(bar, &row.summary));
    for row in rows.iter().filter(|row| !is_drawn(row)) {
        if let Some(bar) = row.bar {
            let (label, bar) = (&row.label, scale.with_unit(bar));
            caption += &format!(" The target of {label}, {bar}, lies too far off to be drawn.");
        }
    }
    if is_thinned {
        caption += &format!(
            " Of rows with more than {MOST_DOTS} samples {MOST_DOTS} dots are drawn, evenly by rank."
        );
    }
    let words = Words {
        title: words.title.clone(),
        caption,
        explains_dots: words.explains_dots,
    };
    framed(&words, &described.join("; "), (bottom + BELOW, inside), "")
}

/// Whether a target can be drawn without pressing the samples together.
fn is_near(bar: f64, summary: &Summary) -> bool {
    bar <= 4.0 * summary.max && bar >= summary.min / 4.0
}

fn in_words(row: &DotRow<'_>, scale: &Scale) -> String {
    let Summary {
        n,
        median,
        min,
        max,
        ..
    } = row.summary;
    let shown = |value| scale.with_unit(value);
    let p95 = row.summary.p95.map(|p95| format!(", p95 {}", shown(p95)));
    let p95 = p95.unwrap_or_default();
    let (median, min, max) = (shown(median), shown(min), shown(max));
    format!("median {median}{p95}, from {min} to {max}, n {n}")
}

fn dot_row(row: &DotRow<'_>, axis: &Axis, unit: &str, top: f64) -> String {
    let label = escape(&row.label);
    let median = format!("median {}", with_unit(row.summary.median, unit));
    let (y, centre) = (top + 16.0, top + 38.0);
    let mut text = format!(
        "<text x=\"0\" y=\"{y}\">{label}</text>\
         <text x=\"98%\" y=\"{y}\" text-anchor=\"end\">{median}</text>\n"
    );
    let quartile = |percent| percentile(row.values, percent).ok().flatten();
    if let Some((low, high)) = quartile(25.0).zip(quartile(75.0)) {
        let (x, end) = (axis.place(low), axis.place(high));
        let (y, width) = (centre - 9.0, (end - x).max(0.1));
        text += &format!(
            "<rect class=\"box\" x=\"{x:.2}%\" y=\"{y}\" width=\"{width:.2}%\" height=\"18\" rx=\"3\"/>"
        );
    }
    let (min, max) = (axis.place(row.summary.min), axis.place(row.summary.max));
    text += &format!(
        "<line class=\"whisker\" x1=\"{min:.2}%\" x2=\"{max:.2}%\" y1=\"{centre}\" y2=\"{centre}\"/>"
    );
    text += "<g class=\"dots\">";
    for (index, value) in thinned(row.values).into_iter().enumerate() {
        // Dots at the same place are told apart by their height; the golden ratio spreads them.
        let height = (index as f64 * 0.618_034).fract() * 14.0 - 7.0;
        let (x, y) = (axis.place(value), centre + height);
        text += &format!("<circle cx=\"{x:.2}%\" cy=\"{y:.1}\" r=\"2.5\"/>");
    }
    text += "</g>";
    let mut line = |class: &str, value: f64, reach: f64| {
        let (x, y1, y2) = (axis.place(value), centre - reach, centre + reach);
        text += &format!(
            "<line class=\"{class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{y1}\" y2=\"{y2}\"/>"
        );
    };
    line("median", row.summary.median, 12.0);
    row.summary
        .p95
        .into_iter()
        .for_each(|p95| line("p95", p95, 12.0));
    let bar = row.bar.filter(|bar| is_near(*bar, &row.summary));
    bar.into_iter().for_each(|bar| line("target", bar, 16.0));
    text.push('\n');
    text
}

/// At most [`MOST_DOTS`] values, evenly by rank, the smallest and the largest among them.
fn thinned(values: &[f64]) -> Vec<f64> {
    if values.len() <= MOST_DOTS {
        return values.to_vec();
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len() - 1;
    let rank = |dot: usize| dot * last / (MOST_DOTS - 1);
    (0..MOST_DOTS).map(|dot| sorted[rank(dot)]).collect()
}

/// A row of parts that add up.
pub(super) struct BarRow {
    pub(super) label: String,
    /// Lengths, in the order of the legend.
    pub(super) parts: Vec<f64>,
}

/// Bars from 0; with several names each bar is made of numbered parts.
pub(super) fn bars(words: &Words, unit: &str, names: &[String], rows: &[BarRow]) -> String {
    const ROW: f64 = 48.0;
    let totals = rows.iter().map(|row| row.parts.iter().sum::<f64>());
    let scale = Scale::of(unit, totals.clone().fold(0.0, f64::max));
    // A share is seen against the whole.
    let whole = (unit == "ratio").then_some(1.0);
    let axis = Axis::from_zero(totals.clone().chain(whole), scale.one);
    let bottom = ROW * rows.len() as f64;
    let mut inside = ticks(&axis, &scale, bottom);
    let mut described = Vec::new();
    for (index, (row, total)) in rows.iter().zip(totals).enumerate() {
        let top = ROW * index as f64;
        let (label, shown, y) = (escape(&row.label), scale.with_unit(total), top + 16.0);
        inside += &format!(
            "<text x=\"0\" y=\"{y}\">{label}</text>\
             <text x=\"98%\" y=\"{y}\" text-anchor=\"end\">{shown}</text>\n"
        );
        inside += &parts(row, names, &axis, (&scale, top + 22.0));
        described.push(format!("{}: {shown}", row.label));
    }
    let legend = match names.len() {
        0 | 1 => String::new(),
        _ => legend(names),
    };
    framed(
        words,
        &described.join("; "),
        (bottom + BELOW, inside),
        &legend,
    )
}

fn parts(row: &BarRow, names: &[String], axis: &Axis, (scale, y): (&Scale, f64)) -> String {
    const HEIGHT: f64 = 18.0;
    let mut text = String::new();
    let mut before = 0.0;
    for (part, (&length, name)) in row.parts.iter().zip(names).enumerate() {
        let (x, end) = (axis.place(before), axis.place(before + length));
        before += length;
        let (width, colour) = (end - x, part % 6 + 1);
        let said = escape(&format!("{name}: {}", scale.with_unit(length)));
        text += &format!(
            "<rect x=\"{x:.2}%\" y=\"{y}\" width=\"{width:.2}%\" height=\"{HEIGHT}\" \
             style=\"fill:var(--part-{colour})\"><title>{said}</title></rect>"
        );
        if names.len() > 1 && width > 4.0 {
            let (centre, y, number) = (x + width / 2.0, y + 13.0, part + 1);
            text += &format!(
                "<text class=\"on-part\" x=\"{centre:.2}%\" y=\"{y}\" text-anchor=\"middle\">{number}</text>"
            );
        }
    }
    text.push('\n');
    text
}

/// Names with their numbers, which stand in the picture too: colours alone would not do.
fn legend(names: &[String]) -> String {
    let mut text = "<ul class=\"legend\">".to_owned();
    for (index, name) in names.iter().enumerate() {
        let (number, colour, name) = (index + 1, index % 6 + 1, escape(name));
        text +=
            &format!("<li><i style=\"background:var(--part-{colour})\">{number}</i>{name}</li>");
    }
    text + "</ul>\n"
}

/// A line through points.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// Lines over a horizontal axis, for what goes on in time or with load.
pub(super) fn lines(words: &Words, (unit_x, unit_y): (&str, &str), lines: &[Line]) -> String {
    const HEIGHT: f64 = 220.0;
    let points = || lines.iter().flat_map(|line| &line.points);
    let largest = points().map(|point| point.1).fold(0.0, f64::max);
    let (scale_x, scale_y) = (Scale::of("", 1.0), Scale::of(unit_y, largest));
    let along = Axis::from_zero(points().map(|point| point.0), scale_x.one);
    let up = Axis::from_zero(points().map(|point| point.1), scale_y.one);
    // Upwards from the bottom, below the line on which the unit stands.
    let height = |value: f64| HEIGHT - (HEIGHT - 24.0) * up.place(value) / 100.0;
    // Letters of the upright axis stand left of the lines.
    let place = |value: f64| 9.0 + 0.9 * along.place(value);
    let mut inside = format!(
        "<text class=\"quiet\" x=\"0\" y=\"12\">{}</text>\n",
        escape(match scale_y.unit {
            "" => unit_y,
            unit => unit,
        })
    );
    for &tick in &up.ticks {
        let (y, shown) = (height(tick), number_of(&scale_y, tick));
        let below = y + 4.0;
        inside += &format!(
            "<line class=\"grid\" x1=\"9%\" x2=\"98%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"quiet\" x=\"8%\" y=\"{below:.1}\" text-anchor=\"end\">{shown}</text>\n"
        );
    }
    for &tick in &along.ticks {
        let (x, y, shown) = (place(tick), HEIGHT + 14.0, number_of(&scale_x, tick));
        inside += &format!(
            "<text class=\"quiet\" x=\"{x:.2}%\" y=\"{y}\" text-anchor=\"middle\">{shown}</text>\n"
        );
    }
    let unit = escape(unit_x);
    let y = HEIGHT + 30.0;
    inside +=
        &format!("<text class=\"quiet\" x=\"98%\" y=\"{y}\" text-anchor=\"end\">{unit}</text>\n");
    let mut described = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let drawn: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|&(x, y)| (place(x), height(y)))
            .collect();
        inside += &one_line(&drawn, index, lines.len());
        let values: Vec<String> = line
            .points
            .iter()
            .map(|point| scale_y.show(point.1))
            .collect();
        described.push(format!("{}: {}", line.name, values.join(", ")));
    }
    let names: Vec<String> = lines.iter().map(|line| line.name.clone()).collect();
    let legend = match names.len() {
        0 | 1 => String::new(),
        _ => legend(&names),
    };
    debug_assert!(up.start == Start::Zero && along.start == Start::Zero);
    framed(
        words,
        &described.join("; "),
        (HEIGHT + 36.0, inside),
        &legend,
    )
}

/// A mark of an axis whose unit stands at its end.
fn number_of(scale: &Scale, tick: f64) -> String {
    Scale { unit: "", ..*scale }.mark(tick)
}

fn one_line(points: &[(f64, f64)], index: usize, n_lines: usize) -> String {
    let (colour, number) = (index % 6 + 1, index + 1);
    let mut text = format!(
        "<g style=\"stroke:var(--part-{colour});fill:var(--part-{colour});stroke-width:2\">"
    );
    for pair in points.windows(2) {
        let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
        text += &format!("<line x1=\"{x1:.2}%\" y1=\"{y1:.1}\" x2=\"{x2:.2}%\" y2=\"{y2:.1}\"/>");
    }
    // Single dots would hide the line of a long run.
    for (x, y) in points.iter().filter(|_| points.len() <= 60) {
        text += &format!("<circle cx=\"{x:.2}%\" cy=\"{y:.1}\" r=\"3\"/>");
    }
    text += "</g>";
    if let (Some((x, y)), true) = (points.last(), n_lines > 1) {
        // Lines that end at the same place have their numbers around it.
        let beside = y + [-8.0, 18.0][index % 2];
        let shift = index / 2 * 12;
        text += &format!(
            "<text x=\"{x:.2}%\" dx=\"{shift}\" y=\"{beside:.1}\" text-anchor=\"middle\">{number}</text>"
        );
    }
    text.push('\n');
    text
}
