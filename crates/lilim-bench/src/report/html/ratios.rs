//! The section on a comparison: the proof of equal work, ratios with their intervals, verdicts.

use super::axis::Axis;
use super::plot::{BELOW, Words, framed, ticks};
use super::{escape, table};
use crate::derive::ComparisonFindings;
use crate::report::comparison::{self, COLUMNS, RatioLine};
use crate::report::figures::Scale;
use crate::result_file::ResultFile;

/// The section; empty where nothing was compared.
pub(super) fn section(file: &ResultFile) -> String {
    let Some(found) = &file.findings.comparison else {
        return String::new();
    };
    let mut text = format!(
        "<section>\n<h2>{}</h2>\n<ul class=\"plain\">\n",
        escape(&comparison::headline(found))
    );
    for (mark, fact) in comparison::facts(found) {
        let class = match mark {
            "✗" => "FAIL",
            "!" => "NULL",
            _ => "",
        };
        let fact = escape(&fact);
        text += &format!("<li class=\"{class}\">{mark} {fact}</li>\n");
    }
    text += "</ul>\n";
    let lines = comparison::lines(found);
    if !lines.is_empty() {
        text += &plot(file, &lines);
        text += &figures(found, &lines);
    }
    text + "</section>\n"
}

fn figures(found: &ComparisonFindings, lines: &[RatioLine<'_>]) -> String {
    let mut rows = String::new();
    for line in lines {
        let class = line.verdict.map_or("", |(_, word)| word);
        let (title, said) = (escape(&line.title), escape(&line.said));
        rows += &format!(
            "<tr><th scope=\"row\" class=\"wrap\">{title}<br><small class=\"muted\">{said}</small></th>"
        );
        for (cell, column) in line.cells().iter().zip(COLUMNS) {
            let class = match column {
                "verdict" => format!(" class=\"text verdict {class}\""),
                _ => String::new(),
            };
            rows += &format!("<td{class}>{}</td>", escape(cell));
        }
        rows += "</tr>\n";
    }
    let mut head = vec![("metric", "text")];
    head.extend(COLUMNS.map(|name| match name {
        "verdict" => (name, "text"),
        _ => (name, ""),
    }));
    table(&comparison::headline(found), "", &head, &rows)
}

fn plot(file: &ResultFile, lines: &[RatioLine<'_>]) -> String {
    const ROW: f64 = 54.0;
    let drawn = lines.iter().flat_map(|line| {
        let found = line.found;
        let bounds = [found.ratio, found.noise_floor].map(|one| [one.lower, one.upper]);
        let limit = found.limit.map(|limit| limit.ratio());
        let rest = [Some(found.ratio.value), Some(1.0), limit];
        bounds.into_iter().flatten().chain(rest).flatten()
    });
    let axis = Axis::of(drawn, 1.0);
    let scale = Scale::of("ratio", 1.0);
    let bottom = ROW * lines.len() as f64;
    let mut inside = ticks(&axis, &scale, bottom);
    let mut described = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        inside += &row(line, &axis, ROW * index as f64);
        let [ratio, interval, _] = &line.ratio;
        let said = &line.said;
        described.push(format!("{}: {ratio}, {interval}; {said}", line.title));
    }
    let words = Words {
        title: "Ratios with their intervals".to_owned(),
        caption: format!(
            "{}{} The box is the noise floor, the thin line is 1, the dashed line the limit.",
            comparison::how_to_read(file),
            axis.warning()
        ),
        explains_dots: false,
    };
    framed(&words, &described.join(". "), (bottom + BELOW, inside), "")
}

fn row(line: &RatioLine<'_>, axis: &Axis, top: f64) -> String {
    let found = line.found;
    let (y, centre) = (top + 16.0, top + 36.0);
    let title = escape(&comparison::row_title(found));
    let verdict = line.verdict.map(|(mark, word)| format!("{mark} {word} "));
    let shown = escape(&format!("{}{}", verdict.unwrap_or_default(), line.ratio[0]));
    let mut text = format!(
        "<text x=\"0\" y=\"{y}\">{title}</text>\
         <text x=\"98%\" y=\"{y}\" text-anchor=\"end\">{shown}</text>\n"
    );
    // A bound that is not there reaches to the edge.
    let reach = |lower: Option<f64>, upper: Option<f64>| {
        let x = lower.map_or(0.5, |lower| axis.place(lower));
        (x, upper.map_or(98.0, |upper| axis.place(upper)))
    };
    let (x, end) = reach(found.noise_floor.lower, found.noise_floor.upper);
    let (y, width) = (centre - 9.0, (end - x).max(0.1));
    text += &format!(
        "<rect class=\"box\" x=\"{x:.2}%\" y=\"{y}\" width=\"{width:.2}%\" height=\"18\" rx=\"3\"/>"
    );
    let mut line = |class: &str, value: f64, reach: f64| {
        let (x, y1, y2) = (axis.place(value), centre - reach, centre + reach);
        text += &format!(
            "<line class=\"{class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{y1}\" y2=\"{y2}\"/>"
        );
    };
    line("whisker", 1.0, 14.0);
    found
        .limit
        .iter()
        .for_each(|limit| line("target", limit.ratio(), 14.0));
    let (x1, x2) = reach(found.ratio.lower, found.ratio.upper);
    let x = axis.place(found.ratio.value);
    text += &format!(
        "<line class=\"median\" x1=\"{x1:.2}%\" x2=\"{x2:.2}%\" y1=\"{centre}\" y2=\"{centre}\"/>\
         <circle class=\"estimate\" cx=\"{x:.2}%\" cy=\"{centre}\" r=\"5\"/>\n"
    );
    text
}
