//! How routing's inputs can be wrong.

/// A fault of a categories, mapping or prompts file, or of scores.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RouterError {
    /// The text is no JSON.
    #[error("{what} is not JSON: line {line}, column {column}: {reason}")]
    Syntax {
        /// What was read: `prompts`, `categories` or `model mapping`.
        what: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// The bytes are no text.
    #[error("{what} is not UTF-8: byte 0x{byte:02x} at offset {offset}, line {line}{hint}")]
    Utf8 {
        /// What was read.
        what: &'static str,
        /// The first byte that is wrong.
        byte: u8,
        /// Its offset, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
        /// What it may be instead; empty when nothing is known.
        hint: &'static str,
    },
    /// A value is missing or of the wrong kind.
    #[error("{what}: {}{place} {reason}", line.map_or_else(String::new, |line| format!("line {line}: ")))]
    Shape {
        /// What was read.
        what: &'static str,
        /// The line, from 1, where there is one.
        line: Option<usize>,
        /// Where: a key or an index and a key, such as `prompts[3].id`.
        place: String,
        /// What is wrong there, such as `must be a string, not a number`.
        reason: String,
    },
    /// Scores that do not belong to the categories, or are no numbers.
    #[error("scores for {category}: {reason}")]
    Scores {
        /// The category, or how many there are.
        category: String,
        /// What is wrong.
        reason: String,
    },
    /// A classifier that knows certain categories is asked for another.
    #[error("the embedded classifier does not know the category {category}: it knows {known}")]
    UnknownCategory {
        /// The category asked for.
        category: String,
        /// Those it knows.
        known: String,
    },
    /// The file of a classifier's weights is broken or of another version.
    #[error("weights of the classifier: {reason}")]
    Weights {
        /// What is wrong, with the numbers.
        reason: String,
    },
}

impl RouterError {
    pub(crate) fn syntax(what: &'static str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // serde_json repeats the place at the end of its message; it stands at the front here.
        let reason = text
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned();
        Self::Syntax {
            what,
            line: error.line(),
            column: error.column(),
            reason,
        }
    }

    pub(crate) fn shape(
        what: &'static str,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Shape {
            what,
            line: None,
            place: place.into(),
            reason: reason.into(),
        }
    }

    /// The same fault, placed on a line.
    pub(crate) fn at_line(mut self, at: usize) -> Self {
        match &mut self {
            Self::Shape { line, .. } => *line = Some(at),
            Self::Syntax { line, .. } => *line = at,
            _ => {}
        }
        self
    }
}

/// A JSON value's kind, with its article, for messages.
pub(crate) fn kind_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a string",
        serde_json::Value::Array(_) => "an array",
        serde_json::Value::Object(_) => "an object",
    }
}
