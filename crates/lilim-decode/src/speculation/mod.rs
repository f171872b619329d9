//! Speculation: guess the next tokens, compute them all in one pass, keep those that the sampler
//! would have chosen.
//!
//! It changes no token: each position is sampled from the same logits, with the same sampler state
//! and random numbers as without guesses, and a guess counts only as long as the sample equals it.
//! [`Lookahead`] does this behind the token-level trait, so that the token loop knows nothing of
//! it. Guesses come from a [`Speculator`]; `pace` decides by acceptance and time how many pay.
//!
//! *Source*: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (2023);
//! Saxena, "Prompt Lookup Decoding" (2023).

mod draft;
mod lookahead;
mod ngram;
mod pace;
mod pass_times;

use std::fmt;
use std::time::{Duration, Instant};

use lilim_api::{CancelToken, TokenId};

pub use draft::DraftModel;
pub use lookahead::Lookahead;
pub use ngram::NgramLookup;
use pace::Pace;

/// How promising a guess is, by what it stands on: acceptance is counted for each apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Promise(u8);

impl Promise {
    /// How many there are.
    pub const COUNT: usize = 6;

    /// The n-th, from the least promising (0) to the most.
    ///
    /// # Panics
    /// From [`Self::COUNT`] on.
    pub fn new(rank: usize) -> Self {
        assert!(rank < Self::COUNT, "promise {rank} of {}", Self::COUNT);
        Self(rank as u8)
    }

    fn index(self) -> usize {
        self.0.into()
    }
}

/// Guesses what follows.
pub trait Speculator: Send {
    /// Begins an answer to the first of these tokens, which are the prompt and the answer's first.
    fn begin(&mut self, tokens: &[TokenId], cancel: &CancelToken);

    /// Looks whether it has a guess after these tokens (those of the last look and more).
    fn look(&mut self, tokens: &[TokenId]) -> Option<Promise>;

    /// Tokens it has to read before it can guess after these.
    fn n_behind(&self, _tokens: &[TokenId]) -> usize {
        0
    }

    /// Appends at most `n` guesses to `guesses`, which is empty; called after a look that found
    /// something, with the same tokens.
    fn guess(&mut self, tokens: &[TokenId], n: usize, guesses: &mut Vec<TokenId>);
}

/// Tells the time since some moment. Times decide how much is guessed, never what is chosen.
pub type Clock = Box<dyn Fn() -> Duration + Send>;

/// A speculator and what was learned about when it pays; outlives single answers.
pub struct Speculation {
    speculator: Box<dyn Speculator>,
    pace: Pace,
    clock: Clock,
}

impl Speculation {
    /// Takes up a speculator, of which nothing is known yet.
    pub fn new(speculator: Box<dyn Speculator>) -> Self {
        let start = Instant::now();
        Self::with_clock(speculator, Box::new(move || start.elapsed()))
    }

    /// The same with a clock of one's own.
    pub fn with_clock(speculator: Box<dyn Speculator>, clock: Clock) -> Self {
        Self {
            speculator,
            pace: Pace::default(),
            clock,
        }
    }

    /// Guesses from the text so far.
    pub fn lookup() -> Self {
        Self::new(Box::<NgramLookup>::default())
    }
}

impl fmt::Debug for Speculation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speculation")
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
