//! One page to look at: no script, no link, nothing to load. What is drawn stands in tables too.

mod axis;
mod charts;
mod extra;
mod gates;
mod levels;
pub mod page;
mod plot;
mod ratios;
mod samples;
mod style;

use super::Detail;
use super::facts;
use super::figures::{Scale, clean, count, heading, meaning, title};
use super::outline::{COLUMNS, Group, Notes, Table, groups, superscript, why_no_percentile};
use crate::metric::METRICS;
use crate::result_file::ResultFile;

/// A result as one self-contained HTML page.
pub fn html(file: &ResultFile) -> String {
    let headline = facts::headline(file);
    let groups = groups(file);
    let mut body = head(file, &headline);
    body += &tiles(&groups);
    body += &targets(file);
    body += &gates::section(file);
    body += &extra::sections(file);
    body += &ratios::section(file);
    for group in groups.iter().filter(|group| group.is_shown()) {
        body += &section(file, group);
    }
    body += &unmeasured(file);
    body += &all_figures(&groups);
    body += &words(&groups);
    body += &footer(file);
    page::page(&format!("{headline}: measured"), &body)
}

fn head(file: &ResultFile, headline: &str) -> String {
    let n_cases = file.findings.cases.len();
    let n_samples: usize = file.findings.cases.iter().map(|case| case.n_samples).sum();
    let started = escape(&file.recording.header.started_at);
    let mut text = format!(
        "<header>\n<h1>{}</h1>\n<p class=\"muted\">{} in {}, begun {started}</p>\n",
        escape(headline),
        count(n_samples, "sample"),
        count(n_cases, "case"),
    );
    let machine = facts::machine(file);
    if !machine.is_empty() {
        text += "<dl class=\"facts\">";
        for (name, value) in machine {
            let (name, value) = (escape(&name), escape(&value));
            text += &format!("<div><dt>{name}:</dt> <dd>{value}</dd></div>");
        }
        text += "</dl>\n";
    }
    if n_cases == 0 {
        text += "<p>Nothing was measured.</p>\n";
    }
    text + "</header>\n"
}

/// The first figure of each group, large.
fn tiles(groups: &[Group<'_>]) -> String {
    let tile = |group: &Group<'_>| {
        let (metric, case, summary) = group.answer()?;
        let scale = Scale::of(&case.metrics.get(metric)?.unit, summary.median);
        let (name, value) = (
            escape(&heading(metric)),
            escape(&scale.show(summary.median)),
        );
        let unit = match scale.unit {
            "ratio" => "",
            unit => unit,
        };
        let (unit, case) = (escape(unit), escape(&case.case));
        let figure = match summary.n {
            1 => String::new(),
            n => format!("median of {n}, "),
        };
        Some(format!(
            "<li><span>{name}</span><b>{value} <i>{unit}</i></b><small>{figure}{case}</small></li>\n"
        ))
    };
    let tiles: String = groups.iter().filter_map(tile).collect();
    match tiles.is_empty() {
        true => String::new(),
        false => format!("<ul class=\"tiles\">\n{tiles}</ul>\n"),
    }
}

fn targets(file: &ResultFile) -> String {
    let targets = facts::targets(file);
    if targets.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for target in targets {
        let (mark, word) = (target.verdict.mark(), target.verdict.word());
        let [name, case, asked, found, source] = [
            &target.name,
            target.case,
            &target.asked,
            &target.found,
            &target.source,
        ]
        .map(escape);
        rows += &format!(
            "<tr><td class=\"text verdict {word}\">{mark} {word}</td>\
             <th scope=\"row\" class=\"wrap\">{name}</th><td class=\"wrap\">{found}</td>\
             <td class=\"wrap\">{asked}<br><code>{case}</code></td>\
             <td class=\"wrap muted\">{source}</td></tr>\n"
        );
    }
    let head =
        ["verdict", "target", "found", "asked, and of what", "from"].map(|name| (name, "text"));
    format!(
        "<section>\n<h2>Targets</h2>\n<p class=\"muted\">PASS: the bar is met. FAIL: it is missed. \
         NULL: it could not be measured, which is neither.</p>\n{}</section>\n",
        table("Targets", "", &head, &rows)
    )
}

fn section(file: &ResultFile, group: &Group<'_>) -> String {
    let mut text = format!("<section>\n<h2>{}</h2>\n", escape(&group.title()));
    for case in &group.cases {
        if let Some(failures) = facts::failures(case) {
            let (case, failures) = (escape(&case.case), escape(&failures));
            text += &format!(
                "<p><b class=\"FAIL\">✗ failures</b> <code>{case}</code>: {failures}</p>\n"
            );
        }
    }
    text += &charts::charts(file, group);
    text += "<details>\n<summary>Figures</summary>\n";
    text += &tables(group, Detail::Key);
    text + "</details>\n</section>\n"
}

fn tables(group: &Group<'_>, detail: Detail) -> String {
    let mut text = String::new();
    let mut notes = Notes::default();
    for found in group.tables(detail) {
        text += &figures(&found, group.name, &mut notes);
    }
    for (index, reason) in notes.reasons.iter().enumerate() {
        let (mark, reason) = (superscript(index + 1), escape(reason));
        text += &format!("<p class=\"muted\">{mark} {reason}</p>\n");
    }
    text
}

fn figures(found: &Table<'_>, group: &str, notes: &mut Notes) -> String {
    let mut rows = String::new();
    for row in &found.rows {
        let (name, said, label) = (
            escape(&title(row.metric)),
            escape(meaning(row.metric)),
            escape(&row.label),
        );
        rows += &format!(
            "<tr><th scope=\"row\" title=\"{said}\">{name}</th><td class=\"text\">{label}</td>"
        );
        for cell in row.cells(&found.scale, notes) {
            rows += &format!("<td>{}</td>", escape(&cell));
        }
        rows += "</tr>\n";
    }
    let unit = found.scale.unit;
    let mut head = vec![("metric", "text"), ("case", "text")];
    head.extend(COLUMNS.map(|name| (name, "")));
    let caption = match unit {
        "" => "counts".to_owned(),
        unit => format!("in {unit}"),
    };
    table(&format!("{group}, {caption}"), &caption, &head, &rows)
}

/// A table that scrolls by itself where the page is too narrow, also by keys.
fn table(name: &str, caption: &str, head: &[(&str, &str)], rows: &str) -> String {
    let name = escape(name);
    let caption = match caption {
        "" => String::new(),
        caption => format!("<caption>{}</caption>\n", escape(caption)),
    };
    let head: String = head
        .iter()
        .map(|(name, class)| format!("<th scope=\"col\" class=\"{class}\">{name}</th>"))
        .collect();
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\">\n<table>\n\
         {caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table>\n</div>\n"
    )
}

fn unmeasured(file: &ResultFile) -> String {
    let all = facts::unmeasured(file);
    if all.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for one in all {
        let (what, why) = (escape(&one.what), escape(&one.why));
        let n_cases = match one.n_cases {
            0 => String::new(),
            n => n.to_string(),
        };
        rows += &format!(
            "<tr><th scope=\"row\">{what}</th><td class=\"wrap\">{why}</td><td>{n_cases}</td></tr>\n"
        );
    }
    let head = [("what", "text"), ("why", "text"), ("cases", "")];
    let table = table("Not measured", "", &head, &rows);
    format!("<section>\n<h2>What was not measured</h2>\n{table}</section>\n")
}

fn all_figures(groups: &[Group<'_>]) -> String {
    let mut text = String::new();
    for group in groups {
        text += &format!(
            "<h3>{}</h3>\n{}",
            escape(&group.title()),
            tables(group, Detail::All)
        );
    }
    match groups.is_empty() {
        true => text,
        false => format!(
            "<section>\n<h2>All figures</h2>\n<details>\n<summary>Every metric of every case\
             </summary>\n{text}</details>\n</section>\n"
        ),
    }
}

/// What each metric on the page means.
fn words(groups: &[Group<'_>]) -> String {
    let shown: Vec<&str> = groups
        .iter()
        .flat_map(|group| group.metrics(Detail::All))
        .collect();
    let known = METRICS.iter().filter(|metric| shown.contains(&metric.name));
    let words: String = known
        .map(|metric| {
            let (name, unit) = (escape(&title(metric.name)), escape(metric.unit));
            let (field, said) = (metric.name, escape(metric.meaning));
            format!("<dt>{name} <code>{field}</code> ({unit})</dt><dd>{said}</dd>\n")
        })
        .collect();
    if words.is_empty() {
        return words;
    }
    format!(
        "<section>\n<h2>What the words mean</h2>\n<p>The median is the middle of all samples: half \
         are below, half above. p95 is what 95 of 100 stay below; {}. The standard deviation says \
         how far samples scatter.</p>\n<details>\n<summary>Every metric</summary>\n\
         <dl class=\"words\">\n{words}</dl>\n</details>\n</section>\n",
        escape(&why_no_percentile())
    )
}

fn footer(file: &ResultFile) -> String {
    let command = escape(&file.recording.header.command.join(" "));
    let (origin, hash) = (escape(&facts::origin(file)), escape(&file.hash));
    format!(
        "<footer>\n<p>{origin}</p>\n<p>Command: <code>{command}</code></p>\n\
         <p>Hash of the result: <code>{hash}</code>. <code>lilim bench verify</code> computes every \
         number again from the recorded events.</p>\n</footer>\n"
    )
}

/// Text as it is, whatever it holds, in elements and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}
