//! The section on gates: each with its verdict and the reason.

use super::{escape, table};
use crate::report::gates::{COLUMNS, lines, summary};
use crate::result_file::ResultFile;

/// The section; empty where nothing was checked.
pub(super) fn section(file: &ResultFile) -> String {
    let lines = lines(file);
    if lines.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for line in lines {
        let (word, reason) = (line.word, escape(line.reason));
        let [gate, figures @ .., verdict] = line.cells.map(|cell| escape(&cell));
        rows += &format!(
            "<tr><th scope=\"row\" class=\"wrap\"><code>{gate}</code><br>\
             <small class=\"muted\">{reason}</small></th>"
        );
        for cell in figures {
            rows += &format!("<td>{cell}</td>");
        }
        rows += &format!("<td class=\"text verdict {word}\">{verdict}</td></tr>\n");
    }
    let head = COLUMNS.map(|name| match name {
        "gate" | "verdict" => (name, "text"),
        _ => (name, ""),
    });
    format!(
        "<section>\n<h2>Gates</h2>\n<p>{}</p>\n<p class=\"muted\">Only FAIL ends with exit code 3. \
         INCONCLUSIVE: the measurement cannot tell. UNFIT: the machine was noisier than the \
         difference looked for.</p>\n{}</section>\n",
        escape(&summary(file)),
        table("Gates", "", &head, &rows)
    )
}
