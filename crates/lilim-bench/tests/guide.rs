//! The guide's table of figures says what the program's says. `LILIM_BLESS=1 cargo test -p
//! lilim-bench --test guide` rewrites it.

use std::fmt::Write;
use std::path::Path;

use lilim_bench::metric::METRICS;

const MARK: &str = "--test guide -->\n";

#[test]
fn the_guide_lists_every_metric() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/what-these-numbers-mean.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (text, _) = page.split_once(MARK).unwrap();
    let mut made = format!("{text}{MARK}\n| name | unit | from | meaning |\n|---|---|---|---|\n");
    for metric in METRICS {
        let (name, unit, source) = (metric.name, metric.unit, metric.source.as_str());
        writeln!(
            made,
            "| `{name}` | {unit} | {source} | {} |",
            metric.meaning
        )
        .unwrap();
    }
    made +=
        "\n*from*: whose clock or counter it is. The engine's own is never used in a comparison.\n";
    if std::env::var_os("LILIM_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        page, made,
        "LILIM_BLESS=1 cargo test -p lilim-bench --test guide rewrites it"
    );
}
