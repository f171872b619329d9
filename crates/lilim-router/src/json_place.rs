//! The line of a value in JSON text that was parsed already, for messages about its content.

/// A step into a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// The value of a key; where it occurs twice, the last, which is the one that parsers keep.
    Key(&'a str),
    /// The item of an array, from 0.
    Index(usize),
}

/// The line (from 1) on which a value stands, or its key does; of the innermost value that there is,
/// when the path leads nowhere. The text must be JSON: other text gives some line, never a panic.
pub(crate) fn line_of(json: &str, path: &[Step<'_>]) -> usize {
    let mut scan = Scan {
        bytes: json.as_bytes(),
        at: 0,
    };
    scan.skip_space();
    let mut found = scan.at;
    for step in path {
        let place = match *step {
            Step::Key(key) => scan.enter_key(json, key),
            Step::Index(index) => scan.enter_index(index),
        };
        match place {
            Some(place) => found = place,
            None => break,
        }
    }
    let before = json.as_bytes().get(..found).unwrap_or_default();
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// A place in the text, always at the start of a value between calls.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    /// Moves to the value of a key and gives the key's offset.
    fn enter_key(&mut self, json: &str, wanted: &str) -> Option<usize> {
        if self.peek()? != b'{' {
            return None;
        }
        self.at += 1;
        let mut last = None;
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                break;
            }
            let key_at = self.at;
            self.skip_string();
            let key: Option<String> = json
                .get(key_at..self.at)
                .and_then(|text| serde_json::from_str(text).ok());
            self.skip_space();
            self.at += 1; // the colon
            self.skip_space();
            if key.as_deref() == Some(wanted) {
                last = Some((key_at, self.at));
            }
            self.skip_value();
            self.skip_space();
            if self.peek() == Some(b',') {
                self.at += 1;
            }
        }
        let (key_at, value_at) = last?;
        self.at = value_at;
        Some(key_at)
    }

    /// Moves to an item and gives its offset.
    fn enter_index(&mut self, index: usize) -> Option<usize> {
        if self.peek()? != b'[' {
            return None;
        }
        self.at += 1;
        for _ in 0..index {
            self.skip_space();
            self.skip_value();
            self.skip_space();
            if self.peek()? != b',' {
                return None;
            }
            self.at += 1;
        }
        self.skip_space();
        (self.peek()? != b']').then_some(self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }

    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_keys_and_items_or_of_what_is_around_them() {
        let json = "\n{ \"a\": [1, {\"x\\\"}\": \"]\"},\n  [2,\n {\"b\": null\n}]],\n\"c\":{},\n\"c\":\n 3}";
        let (key, index) = (Step::Key, Step::Index);
        let cases: [(&[Step<'_>], usize); 9] = [
            (&[], 2),
            (&[key("a")], 2),
            (&[key("a"), index(2)], 3),
            (&[key("a"), index(2), index(1)], 4),
            (&[key("a"), index(2), index(1), key("b")], 4),
            (&[key("a"), index(2), index(1), key("gone")], 4),
            (&[key("a"), index(3)], 2),
            (&[key("c")], 7),
            (&[key("gone"), key("a")], 2),
        ];
        for (path, expected) in cases {
            assert_eq!(line_of(json, path), expected, "{path:?}");
        }
    }

    #[test]
    fn text_that_is_no_json_is_no_panic() {
        let steps = [Step::Key("a"), Step::Index(1), Step::Key("b")];
        for text in [
            "",
            "{",
            "{\"",
            "{\"a",
            "{\"a\":",
            "{\"a\":[",
            "{\"a\":[1,",
            "{\"a\\",
            "]",
            "{é",
        ] {
            assert_eq!(line_of(text, &steps), 1, "{text}");
        }
    }
}
