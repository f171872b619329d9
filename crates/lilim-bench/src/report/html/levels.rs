//! Levels side by side: a table for each op, in each cell a bar as long as its share of the limit.

use super::{escape, table};
use crate::report::grid::{Cell, Grid, HOW_TO_READ};

/// All tables of a grid.
pub(super) fn levels(grid: &Grid) -> String {
    let mut text =
        "<figure class=\"shares\">\n<h3>Share of what this machine can do</h3>\n".to_owned();
    text += &format!("<figcaption>{}</figcaption>\n", escape(HOW_TO_READ));
    for (name, rate) in &grid.others {
        text += &format!("<p>{}: <b>{}</b></p>\n", escape(name), escape(rate));
    }
    for op in &grid.ops {
        let title = op.title();
        let levels = grid.levels.iter().map(|level| escape(level));
        let levels: Vec<String> = levels.collect();
        let shown = escape(&title);
        let mut head = vec![(shown.as_str(), "text")];
        head.extend(levels.iter().map(|level| (level.as_str(), "")));
        let mut rows = String::new();
        for row in &op.rows {
            rows += &format!("<tr><th scope=\"row\">{}</th>", escape(&row.label));
            rows.extend(row.cells.iter().map(|one| cell(one.as_ref())));
            rows += "</tr>\n";
        }
        text += &table(&title, "", &head, &rows);
    }
    text + "</figure>\n"
}

fn cell(cell: Option<&Cell>) -> String {
    let Some(cell) = cell else {
        return "<td>–</td>".to_owned();
    };
    let rate = escape(&cell.rate);
    let (Some(percent), Some(share)) = (cell.percent(), cell.share) else {
        return format!("<td>{rate}</td>");
    };
    let width = 100.0 * share.clamp(0.0, 1.0);
    format!(
        "<td><span>{rate}</span> <b>{percent}</b><span class=\"bar\" aria-hidden=\"true\">\
         <i style=\"width:{width:.1}%\"></i></span></td>"
    )
}
