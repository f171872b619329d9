//! The engine traits: everything above them knows only these.
//!
//! Two levels: [`Session::generate`] (text or tokens in, events out) is what every engine offers;
//! [`TokenStepper`] is what token-level engines offer besides, and what routing, scoring and
//! perplexity stand on.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    CancelToken, EngineError, EventReceiver, GenerateRequest, LoadOptions, Message,
    SpeculationUsage, TemplateOptions, TokenId,
};

/// The files of one model.
#[derive(Clone, Debug)]
pub enum ModelFiles {
    /// A GGUF file; of a split set, its first part or any other.
    Gguf(PathBuf),
    /// A GGUF file that is part of the program.
    Embedded {
        /// The name under which it is listed.
        name: &'static str,
        /// The file's bytes.
        bytes: &'static [u8],
    },
}

/// Whether an engine can run here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It can; the text says by what means (for example the CPU level).
    Ready(String),
    /// It cannot, and why.
    Unavailable(String),
}

/// What is known of a model before or after it is loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The model's name, from its metadata or file name.
    pub name: String,
    /// The model family as the file names it, for example `llama`.
    pub arch: String,
    /// The commonest weight type, for example `Q4_K_M`.
    pub quantization: String,
    /// Number of weights.
    pub n_params: u64,
    /// Bytes of all weights.
    pub n_weight_bytes: u64,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// The longest context the model was trained for.
    pub train_context: usize,
    /// Whether the model brings a chat template.
    pub has_chat_template: bool,
}

/// Bytes that running a model takes, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryEstimate {
    /// Weights: in pages of the file, which other processes may share, or laid out in memory.
    pub weight_bytes: u64,
    /// Keys and values, or recurrent state, for the whole context.
    pub kv_bytes: u64,
    /// Activations and other buffers.
    pub buffer_bytes: u64,
}

impl MemoryEstimate {
    /// Part by part the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            weight_bytes: self.weight_bytes.saturating_add(other.weight_bytes),
            kv_bytes: self.kv_bytes.saturating_add(other.kv_bytes),
            buffer_bytes: self.buffer_bytes.saturating_add(other.buffer_bytes),
        }
    }

    /// All parts together.
    pub fn total_bytes(&self) -> u64 {
        self.weight_bytes
            .saturating_add(self.kv_bytes)
            .saturating_add(self.buffer_bytes)
    }
}

/// A part of loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadPhase {
    /// Opening files and reading their headers.
    Open,
    /// Bringing weights into memory.
    Weights,
    /// Allocating caches and buffers.
    Prepare,
}

/// How far loading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadProgress {
    /// The part at work.
    pub phase: LoadPhase,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Something that runs models.
pub trait Engine: Send + Sync {
    /// A short name, such as `native`.
    fn name(&self) -> &str;

    /// Whether it can run on this machine.
    fn availability(&self) -> Availability;

    /// Reads enough of a model to tell what it is and whether this engine can run it.
    ///
    /// # Errors
    /// Why it cannot be run.
    fn check(&self, model: &ModelFiles) -> Result<ModelInfo, EngineError>;

    /// The memory that a model would take with these options.
    ///
    /// # Errors
    /// As [`Self::check`], or an option that cannot be used.
    fn estimate(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
    ) -> Result<MemoryEstimate, EngineError>;

    /// Loads a model.
    ///
    /// # Errors
    /// As [`Self::check`], or not enough memory.
    fn load(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
        progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Arc<dyn LoadedModel>, EngineError>;
}

/// Weights in memory, shared by sessions. Dropping the last handle gives the memory back.
pub trait LoadedModel: Send + Sync {
    /// What the model is.
    fn info(&self) -> &ModelInfo;

    /// The context in tokens that sessions have.
    fn context(&self) -> usize;

    /// The level, or other device description, that computes.
    fn device(&self) -> String;

    /// Turns text into token ids.
    ///
    /// # Errors
    /// When the text cannot be encoded with this vocabulary.
    fn tokenize(
        &self,
        text: &str,
        add_bos: bool,
        parse_special: bool,
    ) -> Result<Vec<TokenId>, EngineError>;

    /// Turns token ids into text, control tokens left out.
    ///
    /// # Errors
    /// When an id is outside the vocabulary.
    fn detokenize(&self, ids: &[TokenId]) -> Result<String, EngineError>;

    /// Renders a conversation by the model's chat template, up to where the answer begins.
    ///
    /// # Errors
    /// When there is no template or it refuses the conversation.
    fn render_chat(
        &self,
        messages: &[Message],
        options: &TemplateOptions,
    ) -> Result<String, EngineError>;

    /// Starts an empty token timeline.
    ///
    /// # Errors
    /// When its cache does not fit into memory.
    fn session(self: Arc<Self>) -> Result<Box<dyn Session>, EngineError>;
}

/// One token timeline over a loaded model.
pub trait Session: Send {
    /// Starts to generate on the engine's own thread and returns at once. The session is busy
    /// until the receiver is closed; a second call waits for the first to end.
    ///
    /// # Errors
    /// What can be told before work begins: a prompt too long, a bad option.
    fn generate(
        &mut self,
        request: GenerateRequest,
        cancel: CancelToken,
    ) -> Result<EventReceiver, EngineError>;

    /// Runs `work` on the token-level face of this session; waits while a generation runs.
    ///
    /// # Errors
    /// `Unsupported` for engines that have none, otherwise what `work` returns.
    fn with_stepper(
        &mut self,
        work: &mut dyn FnMut(&mut dyn TokenStepper) -> Result<(), EngineError>,
    ) -> Result<(), EngineError>;
}

/// Token-level control of a sequence.
pub trait TokenStepper {
    /// Tokens in the vocabulary: the length of every logits row.
    fn vocab_size(&self) -> usize;

    /// Tokens that the context holds.
    fn context(&self) -> usize;

    /// The tokens computed so far, oldest first.
    fn tokens(&self) -> &[TokenId];

    /// Appends prompt tokens, computed as one prompt in chunks; afterwards [`Self::logits`] are
    /// those of the last. `progress` hears how many of them are done after each chunk.
    ///
    /// # Errors
    /// An id outside the vocabulary, a full context, cancellation (what is done stays).
    fn prefill(
        &mut self,
        ids: &[TokenId],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError>;

    /// Appends one generated token; afterwards [`Self::logits`] are its.
    ///
    /// # Errors
    /// As [`Self::prefill`].
    fn step(&mut self, id: TokenId) -> Result<(), EngineError>;

    /// Logits after the newest token: `[vocab_size]`.
    fn logits(&self) -> &[f32];

    /// The most tokens that one [`Self::verify`] should be given now. 1 says that guessing ahead
    /// brings nothing: the sequence cannot be rewound to a token in the middle, computes one by one,
    /// or shares its passes with others.
    fn max_verify(&self) -> usize {
        1
    }

    /// Appends a generated token and guesses of those that follow it, all in one pass; afterwards
    /// [`Self::verified`] are the logits after each, bit for bit those that single steps give.
    /// Whoever guessed wrong rewinds. Logits that are no numbers are no error here: they may belong
    /// to a wrong guess.
    ///
    /// # Errors
    /// As [`Self::prefill`].
    ///
    /// # Panics
    /// When there are none or more than [`Self::max_verify`] ever said.
    fn verify(&mut self, ids: &[TokenId]) -> Result<(), EngineError> {
        assert_eq!(ids.len(), 1, "tokens to verify one by one");
        self.step(ids[0])
    }

    /// Logits after the token of this index of the last [`Self::verify`]: `[vocab_size]`. They stay
    /// until something else is computed; a rewind leaves them.
    fn verified(&self, index: usize) -> &[f32] {
        assert_eq!(index, 0, "one token was verified");
        self.logits()
    }

    /// What guessing ahead brought since the last prompt; `None` where nobody guesses.
    fn speculation(&self) -> Option<SpeculationUsage> {
        None
    }

    /// Makes the sequence as short as `keep` tokens or shorter, and returns how many were kept:
    /// recurrent models can only go back to the start.
    fn rewind(&mut self, keep: usize) -> usize;

    /// Appends tokens and hands `sink` the logits after each from index `from` on, as
    /// `(index, logits)`.
    ///
    /// # Errors
    /// As [`Self::prefill`].
    fn score(
        &mut self,
        ids: &[TokenId],
        from: usize,
        sink: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), EngineError>;
}
