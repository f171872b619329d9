//! How reading a vocabulary, encoding text or rendering a template fails, with the key, index and
//! text a person needs to find the place.

use lilim_formats::gguf::GgufError;

/// A fault of a vocabulary, of a text that a vocabulary cannot express, or of a chat template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum TextError {
    /// A metadata value has the wrong type or range.
    #[error(transparent)]
    Metadata(#[from] GgufError),
    /// A metadata key that the tokenizer needs is absent.
    #[error("metadata key {key} is missing")]
    MissingKey { key: String },
    /// The model has no vocabulary at all.
    #[error("the model has no vocabulary (tokenizer.ggml.model is {model})")]
    NoVocabulary { model: String },
    /// The kind of tokenizer is not one of ours.
    #[error("tokenizer.ggml.model is '{model}', which is not supported (known: {known})")]
    UnknownModel { model: String, known: String },
    /// The way the model splits text before merging is not one of ours.
    #[error("tokenizer.ggml.pre is '{pre}', which is not supported{}", nearest_hint(.nearest))]
    UnknownPreTokenizer { pre: String, nearest: Vec<String> },
    /// The vocabulary has no token, or more than this crate handles.
    #[error("{key} has {count} tokens (1 to {limit} are supported)")]
    TokenCount {
        key: String,
        count: usize,
        limit: usize,
    },
    /// A single token is too long.
    #[error("{key}[{index}] has {len} bytes, above the limit of {limit}")]
    TokenTooLong {
        key: String,
        index: usize,
        len: usize,
        limit: usize,
    },
    /// Two tokens have the same text.
    #[error("{key}[{index}] repeats the token {token:?} of index {first}")]
    DuplicateToken {
        key: String,
        index: usize,
        first: usize,
        token: String,
    },
    /// An array that goes with the tokens has another length.
    #[error("{key} has {len} elements, but there are {expected} tokens")]
    WrongLength {
        key: String,
        len: usize,
        expected: usize,
    },
    /// A score is not a number.
    #[error("{key}[{index}] is {score}, not a finite number")]
    BadScore {
        key: String,
        index: usize,
        score: f32,
    },
    /// A token type that the format does not define.
    #[error("{key}[{index}] is {value}, not a token type (0 to 6)")]
    BadTokenType {
        key: String,
        index: usize,
        value: i32,
    },
    /// A byte token that does not say which byte.
    #[error("{key}[{index}] is a byte token but reads {token:?}, not like <0x0A>")]
    BadByteToken {
        key: String,
        index: usize,
        token: String,
    },
    /// A merge that cannot be used.
    #[error("{key}[{index}] {fault}: {merge:?}")]
    BadMerge {
        key: String,
        index: usize,
        merge: String,
        fault: MergeFault,
    },
    /// A line of an RWKV vocabulary file cannot be read.
    #[error("line {line} of the rwkv vocabulary {reason}")]
    RwkvLine { line: usize, reason: String },
    /// A `tokenizer.json` or `tokenizer_config.json` cannot be read.
    #[error("{file} is invalid: {reason}")]
    Json { file: &'static str, reason: String },
    /// A `tokenizer.json` asks for something this crate does not do.
    #[error("tokenizer.json has {what}, which is not supported")]
    Unsupported { what: String },
    /// A text has a byte for which the vocabulary has no token, nor an unknown-token.
    #[error("the vocabulary has no token for byte 0x{byte:02x} at byte {offset} of the text")]
    NoToken { byte: u8, offset: usize },
    /// A text is longer than this crate handles.
    #[error("the text has {len} bytes, above the limit of {limit}")]
    TextTooLong { len: usize, limit: usize },
    /// Splitting a text gave up.
    #[error("cannot split the text before tokenization: {reason}")]
    Split { reason: String },
    /// The model has no chat template.
    #[error("the model has no chat template")]
    NoTemplate,
    /// A chat template is not valid.
    #[error("the chat template is invalid{}: {reason}", at_line(.line))]
    BadTemplate { line: Option<usize>, reason: String },
    /// A chat template refused the conversation by `raise_exception`.
    #[error("the chat template refuses the conversation: {message}")]
    TemplateRefused { message: String },
    /// Rendering a chat template failed.
    #[error("the chat template failed{}: {reason}", at_line(.line))]
    TemplateFailed { line: Option<usize>, reason: String },
    /// A chat template took more steps, depth or text than it may.
    #[error("the chat template exceeds the limit of {limit} {what}")]
    TemplateLimit { what: &'static str, limit: u64 },
}

/// What is wrong with a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeFault {
    /// There is no space between two parts.
    #[error("is not two tokens separated by a space")]
    NotAPair,
    /// A part, or the two parts together, is not in the vocabulary.
    #[error("names a token that is not in the vocabulary")]
    UnknownToken,
}

fn nearest_hint(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => format!(" (nearest known: {})", names.join(", ")),
    }
}

fn at_line(line: &Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" at line {line}"))
}
