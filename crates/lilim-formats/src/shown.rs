//! How names from files appear in error messages: a hostile name must neither flood nor steer a
//! terminal.

/// How many characters of a name from a file go into a message.
const SHOWN_CHARS: usize = 100;

/// Makes a name from a file fit for a message: control characters escaped, long names cut.
pub(crate) fn shown(name: &str) -> String {
    let mut text: String = name
        .chars()
        .take(SHOWN_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn names_are_escaped_and_cut() {
        for (name, expected) in [
            ("blk.0.attn_q.weight", "blk.0.attn_q.weight".to_owned()),
            ("é\u{1b}[2J\n", "é\\u{1b}[2J\\n".to_owned()),
            (&"x".repeat(100), "x".repeat(100)),
            (&"x".repeat(101), format!("{}…", "x".repeat(100))),
        ] {
            assert_eq!(shown(name), expected);
        }
    }
}
