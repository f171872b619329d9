//! A scripted sequence behind the token-level trait.

use lilim_api::{CancelToken, EngineError, TokenId, TokenStepper};

use crate::{BYTE_VOCAB, Delays, Faults, Script};

/// What a fake sequence is like.
#[derive(Clone, Debug)]
pub struct StepperOptions {
    /// What it says.
    pub script: Script,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Tokens that the context holds.
    pub context: usize,
    /// Prompt tokens computed at once.
    pub chunk: usize,
    /// Whether it can only be rewound to the start, as recurrent models can.
    pub recurrent: bool,
    /// The most tokens verified at once; 1 for an engine that does not.
    pub max_verify: usize,
    /// How long work takes.
    pub delays: Delays,
    /// Where it fails.
    pub faults: Faults,
}

impl StepperOptions {
    /// A byte vocabulary, a context of 256, chunks of 8, no delays and no faults.
    pub fn new(script: Script) -> Self {
        Self {
            script,
            vocab_size: BYTE_VOCAB,
            context: 256,
            chunk: 8,
            recurrent: false,
            max_verify: 1,
            delays: Delays::default(),
            faults: Faults::default(),
        }
    }
}

/// A fake sequence.
#[derive(Clone, Debug)]
pub struct FakeStepper {
    options: StepperOptions,
    tokens: Vec<TokenId>,
    /// A hash of the tokens up to and with each.
    hashes: Vec<u64>,
    n_generated: usize,
    logits: Vec<f32>,
    /// Rows of the last verification.
    verified: Vec<Vec<f32>>,
    /// Passes: steps and verifications.
    n_passes: usize,
    n_computed: usize,
}

impl FakeStepper {
    /// Makes an empty sequence.
    pub fn new(options: StepperOptions) -> Self {
        Self {
            logits: vec![0.0; options.vocab_size],
            options,
            tokens: Vec::new(),
            hashes: Vec::new(),
            n_generated: 0,
            verified: Vec::new(),
            n_passes: 0,
            n_computed: 0,
        }
    }

    /// Tokens computed since the sequence was made; those that a rewind threw away count too.
    pub fn n_computed(&self) -> usize {
        self.n_computed
    }

    /// Steps and verifications since the sequence was made.
    pub fn n_passes(&self) -> usize {
        self.n_passes
    }

    /// One generated token, alone or among several of a pass.
    fn append_generated(&mut self, id: TokenId) -> Result<(), EngineError> {
        let number = self.n_generated;
        if let Some((at, cancel)) = &self.options.faults.cancel_at_step
            && *at == number
        {
            cancel.cancel();
        }
        if let Some((at, error)) = &self.options.faults.fail_at_step
            && *at == number
        {
            return Err(error.clone());
        }
        self.append(id)?;
        self.n_generated += 1;
        self.compute_logits();
        Ok(())
    }

    fn append(&mut self, id: TokenId) -> Result<(), EngineError> {
        let vocab_size = self.options.vocab_size;
        if id as usize >= vocab_size {
            return Err(EngineError::InvalidToken { id, vocab_size });
        }
        if self.tokens.len() == self.options.context {
            return Err(EngineError::ContextExceeded {
                n_prompt: self.tokens.len() + 1,
                context: self.options.context,
            });
        }
        let before = self.hashes.last().copied().unwrap_or(0);
        self.hashes.push(mix(before ^ (u64::from(id) + 1)));
        self.tokens.push(id);
        self.n_computed += 1;
        Ok(())
    }

    fn compute_logits(&mut self) {
        let favourite = match &self.options.script {
            Script::Once { ids, end } => ids.get(self.n_generated).copied().unwrap_or(*end),
            Script::Cycle(ids) => ids[self.n_generated % ids.len()],
            Script::Hash { seed } => {
                let hash = self.hashes.last().copied().unwrap_or(0) ^ seed;
                for (id, logit) in (0_u64..).zip(&mut self.logits) {
                    // 16 random bits spread over -4 .. 4.
                    *logit = (mix(hash ^ (id << 32)) >> 48) as f32 / 8192.0 - 4.0;
                }
                return self.spoil();
            }
        };
        self.logits.fill(0.0);
        self.logits[favourite as usize] = 20.0;
        self.spoil();
    }

    fn spoil(&mut self) {
        if self.options.faults.nan_at == Some(self.n_generated) {
            self.logits[self.options.vocab_size / 2] = f32::NAN;
        }
    }

    fn prefill_chunk(&mut self, ids: &[TokenId], n_done: usize) -> Result<(), EngineError> {
        for (number, &id) in (n_done..).zip(ids) {
            if let Some((at, error)) = &self.options.faults.fail_at_prefill
                && *at == number
            {
                return Err(error.clone());
            }
            self.append(id)?;
            self.options.delays.spend(self.options.delays.prefill_token);
        }
        if let Some((at, cancel)) = &self.options.faults.cancel_at_prefill
            && n_done + ids.len() >= *at
        {
            cancel.cancel();
        }
        Ok(())
    }
}

impl TokenStepper for FakeStepper {
    fn vocab_size(&self) -> usize {
        self.options.vocab_size
    }

    fn context(&self) -> usize {
        self.options.context
    }

    fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    fn prefill(
        &mut self,
        ids: &[TokenId],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        let n_prompt = self.tokens.len() + ids.len();
        let context = self.options.context;
        if n_prompt > context {
            return Err(EngineError::ContextExceeded { n_prompt, context });
        }
        self.n_generated = 0;
        let mut n_done = 0;
        for chunk in ids.chunks(self.options.chunk) {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            self.prefill_chunk(chunk, n_done)?;
            n_done += chunk.len();
            progress(n_done);
        }
        self.compute_logits();
        Ok(())
    }

    fn step(&mut self, id: TokenId) -> Result<(), EngineError> {
        self.n_passes += 1;
        self.options.delays.spend(self.options.delays.step);
        self.append_generated(id)
    }

    fn max_verify(&self) -> usize {
        self.options.max_verify
    }

    fn verify(&mut self, ids: &[TokenId]) -> Result<(), EngineError> {
        let max = self.options.max_verify;
        assert!((1..=max).contains(&ids.len()), "{} to verify", ids.len());
        self.n_passes += 1;
        let delays = &self.options.delays;
        delays.spend(delays.step + delays.verify_more * (ids.len() as u32 - 1));
        self.verified.clear();
        for &id in ids {
            self.append_generated(id)?;
            self.verified.push(self.logits.clone());
        }
        Ok(())
    }

    fn verified(&self, index: usize) -> &[f32] {
        &self.verified[index]
    }

    fn logits(&self) -> &[f32] {
        &self.logits
    }

    fn rewind(&mut self, keep: usize) -> usize {
        let keep = match self.options.recurrent && keep < self.tokens.len() {
            true => 0,
            false => keep.min(self.tokens.len()),
        };
        self.n_generated = self.n_generated.saturating_sub(self.tokens.len() - keep);
        self.tokens.truncate(keep);
        self.hashes.truncate(keep);
        keep
    }

    fn score(
        &mut self,
        ids: &[TokenId],
        from: usize,
        sink: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), EngineError> {
        self.n_generated = 0;
        for (index, &id) in ids.iter().enumerate() {
            self.append(id)?;
            self.compute_logits();
            if index >= from {
                sink(index, &self.logits);
            }
        }
        Ok(())
    }
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
