//! Reports as text, compared with what they were (`INSTA_UPDATE=always` writes them anew).

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod made;

use insta::assert_snapshot;
use lilim_bench::plan::{Bound, Figure};
use lilim_bench::record::Outcome;
use lilim_bench::report::{Detail, Style, console, csv, html, markdown};
use lilim_bench::result_file::ResultFile;

fn style(width: usize) -> Style {
    Style {
        width,
        ..Style::default()
    }
}

/// Without the hash, which follows from everything and changes with every metric that is added.
fn without_hash(text: &str, file: &ResultFile) -> String {
    text.replace(&file.hash[..12], "<hash>")
}

#[test]
fn a_terminal_shows_tables() {
    let file = made::everything();
    assert_snapshot!("console", without_hash(&console(&file, style(100)), &file));
}

#[test]
fn a_narrow_terminal_loses_columns_and_says_so() {
    let text = console(&made::everything(), style(60));
    for line in text.lines().filter(|line| line.contains("warm/")) {
        assert!(line.chars().count() <= 60 || line.contains(':'), "{line}");
    }
    assert!(
        text.contains("this line is too narrow for: std dev, p99, min–max"),
        "{text}"
    );
}

#[test]
fn colours_are_used_only_where_they_may_be() {
    let file = made::everything();
    assert!(!console(&file, style(100)).contains('\x1b'));
    let coloured = Style {
        colour: true,
        ..style(100)
    };
    let text = console(&file, coloured);
    assert!(text.contains("\x1b[31m✗ FAIL\x1b[0m"), "{text}");
    // The engine's own message may not.
    assert!(!text.contains("\x1b[31mgone"));
}

#[test]
fn all_metrics_are_shown_where_asked() {
    let all = Style {
        detail: Detail::All,
        ..style(100)
    };
    let file = made::everything();
    assert!(
        !console(&file, style(100)).contains("CPU") && !console(&file, all).contains("not shown")
    );
    assert!(console(&file, all).contains("gaps between events"));
}

#[test]
fn programs_get_rows() {
    let text = csv(&made::everything());
    let first: Vec<&str> = text.lines().take(8).collect();
    assert_snapshot!("csv", first.join("\n"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let n_columns = reader.headers().unwrap().len();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert!(rows.iter().all(|row| row.len() == n_columns));
    let n_metrics: usize = made::everything()
        .findings
        .cases
        .iter()
        .map(|one| one.metrics.len())
        .sum();
    assert_eq!(rows.len(), n_metrics);
    assert!(text.contains("\r\n") && text.contains("this machine has no energy counter"));
}

#[test]
fn a_comparison_shows_ratios_with_intervals_and_why_they_may_be_believed() {
    let file = made::compared();
    let text = console(&file, style(110));
    assert_snapshot!("compared_console", without_hash(&text, &file));
    assert!(markdown(&file).contains("| time to first token |"));
    let page = html(&file);
    assert!(page.contains("<h3>Ratios with their intervals</h3>"));
    assert!(page.contains("class=\"text verdict FAIL\">✗ FAIL</td>"));
}

#[test]
fn a_comparison_of_unequal_work_shows_no_ratio() {
    let mut file = made::compared();
    file.recording.plan.sides[0].options.prefix_cache = true;
    let file = ResultFile::of(file.recording);
    let refusal = "no ratio, the work was not the same: a prefix cache is on";
    for text in [console(&file, style(110)), markdown(&file), html(&file)] {
        assert!(text.contains(refusal), "{text}");
        assert!(!text.contains("noise floor"), "{text}");
    }
}

#[test]
fn a_document_gets_tables() {
    let file = made::everything();
    assert_snapshot!("markdown", without_hash(&markdown(&file), &file));
}

/// The page's elements without numbers and drawing.
fn structure(page: &str) -> String {
    let wanted = [
        "<h1",
        "<h2",
        "<h3",
        "<figure",
        "<caption",
        "<svg",
        "<details",
        "<section",
        "<ul",
        "<th scope=\"col\"",
    ];
    let body = &page[page.find("<main>").unwrap()..];
    let elements = body.split('<').map(|element| format!("<{element}"));
    let kept = elements.filter(|element| wanted.iter().any(|name| element.starts_with(name)));
    kept.map(|element| element.trim().to_owned() + "\n")
        .collect()
}

#[test]
fn a_page_has_sections_with_plots_and_tables() {
    assert_snapshot!("html", structure(&html(&made::everything())));
}

#[test]
fn a_page_needs_nothing_from_outside_and_no_script() {
    let page = html(&made::everything());
    for foreign in [
        "<script", "http:", "https:", "url(", "@import", "src=", "href=",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    // What is drawn is said in words too.
    let n_plots = page.matches("<svg role=\"img\"").count();
    assert!(n_plots >= 10);
    assert_eq!(page.matches("<svg").count(), n_plots);
    assert_eq!(page.matches("<desc>").count(), n_plots);
    assert_eq!(
        page.matches("<th ").count(),
        page.matches("<th scope=").count()
    );
    // Every element that is opened is closed.
    for name in [
        "svg", "g", "figure", "table", "details", "section", "tr", "th", "td", "ul", "li",
    ] {
        let n_opened =
            page.matches(&format!("<{name} ")).count() + page.matches(&format!("<{name}>")).count();
        assert_eq!(
            n_opened,
            page.matches(&format!("</{name}>")).count(),
            "{name}"
        );
    }
}

/// A text that breaks out of whatever is not escaped.
const HOSTILE: &str = "a|b`<script>alert(\"1\")</script>&amp;'\x1b[31m\r\n# c,\"d\"";

fn hostile() -> ResultFile {
    let (mut case, mut samples) = made::warm("ttft/warm/16", 16, 3);
    case.id = format!("ttft/{HOSTILE}");
    for sample in &mut samples {
        sample.case.clone_from(&case.id);
    }
    let Outcome::Request(request) = &mut samples[0].outcome else {
        panic!("made above")
    };
    request.failure = Some(HOSTILE.to_owned());
    let bar = ("ttft_ms", Figure::Median, Bound::AtMost(1.0));
    let targets = vec![made::target(HOSTILE, &case.id, bar)];
    let mut file = made::file(vec![case], targets, samples);
    file.recording.plan.sides[0].name = HOSTILE.to_owned();
    file.recording.plan.sides[0].model.name = HOSTILE.to_owned();
    let facts = &mut file.recording.header.machine.facts;
    facts.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    file.recording.header.command = vec![HOSTILE.to_owned()];
    ResultFile::of(file.recording)
}

#[test]
fn nothing_that_an_engine_says_breaks_out_of_a_report() {
    let file = hostile();
    let page = html(&file);
    assert!(
        !page.contains("<script") && page.contains("&lt;script&gt;"),
        "{page}"
    );
    assert!(!page.contains("&amp;'"), "quotes end attributes");
    let text = markdown(&file);
    assert!(
        !text.contains("<script") && !text.contains("\n# c"),
        "{text}"
    );
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let n_cells = line.replace("\\|", "").matches('|').count();
        assert!([6, 9].contains(&n_cells), "{line}");
    }
    assert!(!console(&file, style(100)).contains('\x1b'));
    let text = csv(&file);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = reader.records().next().unwrap().unwrap();
    assert_eq!(&row[1], &format!("ttft/{HOSTILE}"));
}

#[test]
fn an_empty_recording_makes_every_report() {
    let file = made::empty();
    let text = console(&file, style(80));
    assert_snapshot!("empty_console", without_hash(&text, &file));
    assert!(html(&file).contains("Nothing was measured."));
    assert!(markdown(&file).starts_with("# nothing"));
    assert_eq!(csv(&file).lines().count(), 1);
}

#[test]
fn a_case_without_a_figure_says_why() {
    let (case, mut samples) = made::warm("ttft/warm/16", 16, 2);
    for sample in &mut samples {
        sample.outcome = Outcome::Failed {
            reason: "no room".to_owned(),
        };
    }
    let bar = ("ttft_ms", Figure::Median, Bound::AtMost(1.0));
    let file = made::file(
        vec![case],
        vec![made::target("quick", "ttft/*", bar)],
        samples,
    );
    let text = console(&file, style(80));
    assert_snapshot!("all_null_console", without_hash(&text, &file));
    let page = html(&file);
    assert!(
        page.contains("2 of 2 failed: 2 × no room") && page.contains("– NULL"),
        "{page}"
    );
}

#[test]
fn ten_thousand_samples_make_a_small_page_that_says_what_it_leaves_out() {
    let (case, samples) = made::warm("ttft/warm/16", 16, 10_000);
    let page = html(&made::file(vec![case], Vec::new(), samples));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("more than 400 samples 400 dots are drawn, evenly by rank"));
    assert!(page.matches("<circle").count() <= 3 * 400);
}
