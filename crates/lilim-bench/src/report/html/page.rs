//! What other reports of the program are drawn with: the same page, the same tables, the same dots.

use super::plot::{DotRow, Words, dots};
use super::style;
use crate::stats::Summary;

/// A self-contained page; `title` is text, `body` is HTML.
pub fn page(title: &str, body: &str) -> String {
    let (title, css) = (escape(title), style::CSS);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{css}</style>\n</head>\n<body>\n<main>\n{body}\
         </main>\n</body>\n</html>\n"
    )
}

/// Text as it is, whatever it holds, in elements and in attributes.
pub fn escape(text: &str) -> String {
    super::escape(text)
}

/// A table of texts; the first column names the row, the columns marked `true` are words and wrap.
pub fn table(caption: &str, head: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in rows {
        text += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            let is_words = head.get(column).is_some_and(|(_, is_words)| *is_words);
            text += &match (column, is_words) {
                (0, _) => format!("<th scope=\"row\">{cell}</th>"),
                (_, true) => format!("<td class=\"wrap text\">{cell}</td>"),
                (_, false) => format!("<td>{cell}</td>"),
            };
        }
        text += "</tr>\n";
    }
    let head: Vec<(&str, &str)> = head
        .iter()
        .enumerate()
        .map(
            |(column, (name, is_words))| match column == 0 || *is_words {
                true => (*name, "text"),
                false => (*name, ""),
            },
        )
        .collect();
    super::table(caption, "", &head, &text)
}

/// Every value as a dot, a row for each name; empty where there is no value.
pub fn dot_plot(title: &str, caption: &str, unit: &str, rows: &[(String, Vec<f64>)]) -> String {
    let rows: Vec<DotRow<'_>> = rows
        .iter()
        .filter_map(|(label, values)| {
            Some(DotRow {
                label: label.clone(),
                values,
                summary: Summary::of(values).ok().flatten()?,
                bar: None,
            })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let words = Words {
        title: title.to_owned(),
        caption: caption.to_owned(),
        explains_dots: true,
    };
    dots(&words, unit, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_cell_holds_stays_text() {
        let rows = vec![vec!["<b>".to_owned(), "a & b".to_owned()]];
        let text = page(
            "x < y",
            &table("t", &[("name", true), ("said", true)], &rows),
        );
        assert!(
            text.contains("x &lt; y") && text.contains("&lt;b&gt;") && text.contains("a &amp; b")
        );
    }

    #[test]
    fn no_values_make_no_plot() {
        assert_eq!(dot_plot("t", "c", "ms", &[("a".to_owned(), vec![])]), "");
        let drawn = dot_plot("t", "c", "ms", &[("a".to_owned(), vec![1.0, 2.0])]);
        assert!(drawn.contains("<svg role=\"img\""));
    }
}
