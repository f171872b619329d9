//! Prompts of an exact number of tokens, each another from its first word on.
//!
//! Text and not random ids: random tokens would send a mixture of experts through experts that no
//! text uses. Sentences are put in an order drawn from the seed and the prompt's number, tokenized
//! as one text, and cut; so the length is exact. Prompts that follow each other begin with different
//! sentences, as many in a row as there are sentences.

use lilim_api::{EngineError, LoadedModel, Message, Prompt, TemplateOptions, TokenId};

use crate::plan::ChatPrompt;

/// The sentences, one a line; our own text.
const SENTENCES: &str = include_str!("../assets/sentences.txt");

/// Tokens at least that a sentence has on average, to guess how many are wanted.
const TOKENS_OF_SENTENCE: usize = 8;

/// The most times that the text is made longer before giving up: a tokenizer that makes nothing of
/// text makes nothing of more.
const MOST_TRIES: usize = 8;

/// The seed of the fixed prompts and texts, whatever a plan's own is.
pub(crate) const FIXED_SEED: u64 = 0;

/// Hash of the sentences that all prompts are made of: with others, answers are not to be compared.
pub fn sentences_hash() -> String {
    blake3::hash(SENTENCES.as_bytes()).to_hex()[..16].to_owned()
}

/// A prompt as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// Token ids: its length is exact.
    Ids(Vec<TokenId>),
    /// Text, for a server that has no tokenizer to be asked: about as long as was wanted.
    Text(String),
}

impl Words {
    /// What hashes alike is alike.
    pub fn hash(&self) -> String {
        match self {
            Self::Ids(ids) => hash(ids),
            Self::Text(text) => blake3::hash(text.as_bytes()).to_hex().to_string(),
        }
    }
}

impl From<&Words> for Prompt {
    fn from(words: &Words) -> Self {
        match words {
            Words::Ids(ids) => Self::Tokens(ids.clone()),
            Words::Text(text) => Self::Raw(text.clone()),
        }
    }
}

/// Makes prompt number `number` of `n_tokens` tokens; of about as many, as text, where the model
/// cannot tokenize.
///
/// # Errors
/// As [`prompt`].
pub fn words(
    model: &dyn LoadedModel,
    n_tokens: usize,
    seed: u64,
    number: u64,
) -> Result<Words, EngineError> {
    match prompt(model, n_tokens, seed, number) {
        Ok(ids) => Ok(Words::Ids(ids)),
        Err(EngineError::Unsupported { .. }) => {
            // Three words of English are about four tokens.
            let n_words = (n_tokens * 3 / 4).max(1);
            let text = text(n_words / 4 + 2, seed, number);
            let all: Vec<&str> = text.split(' ').take(n_words).collect();
            Ok(Words::Text(all.join(" ")))
        }
        Err(error) => Err(error),
    }
}

/// Makes prompt number `number` of `n_tokens` tokens, a begin token included where the model has one.
///
/// # Errors
/// When the model cannot tokenize the text, or makes too few tokens of it.
pub fn prompt(
    model: &dyn LoadedModel,
    n_tokens: usize,
    seed: u64,
    number: u64,
) -> Result<Vec<TokenId>, EngineError> {
    let mut n_sentences = n_tokens / TOKENS_OF_SENTENCE + 2;
    for _ in 0..MOST_TRIES {
        let mut ids = model.tokenize(&text(n_sentences, seed, number), true, false)?;
        if ids.len() >= n_tokens {
            ids.truncate(n_tokens);
            return Ok(ids);
        }
        n_sentences *= 2;
    }
    Err(EngineError::Text(format!(
        "the model's tokenizer makes fewer than {n_tokens} tokens of {} sentences",
        n_sentences / 2
    )))
}

/// Somebody's prompt: through the model's chat template where it has one, else as it is; as text where
/// the model cannot tokenize.
///
/// # Errors
/// When the model's template or its tokenizer refuses it.
pub(crate) fn chat(model: &dyn LoadedModel, chat: &ChatPrompt) -> Result<Words, EngineError> {
    let ids = match model.info().has_chat_template {
        true => rendered(model, chat),
        false => model.tokenize(&joined(chat), true, false),
    };
    match ids {
        Err(EngineError::Unsupported { .. }) => Ok(Words::Text(joined(chat))),
        ids => ids.map(Words::Ids),
    }
}

fn rendered(model: &dyn LoadedModel, chat: &ChatPrompt) -> Result<Vec<TokenId>, EngineError> {
    let system = chat.system.clone().map(Message::system);
    let user = Message::user(chat.prompt.clone());
    let messages: Vec<Message> = system.into_iter().chain([user]).collect();
    let text = model.render_chat(&messages, &TemplateOptions::default())?;
    let mut ids = model.tokenize(&text, true, true)?;
    // Most templates write the begin token themselves: it is there once.
    let bare = model.tokenize(&text, false, true)?;
    if ids.len() > bare.len() && ids.first() == bare.first() {
        ids.remove(0);
    }
    Ok(ids)
}

/// What a model is told that knows no roles.
fn joined(chat: &ChatPrompt) -> String {
    let system = chat.system.iter().map(String::as_str);
    let all: Vec<&str> = system.chain([chat.prompt.as_str()]).collect();
    all.join("\n\n")
}

/// So many sentences, every lap in another order.
fn text(n_sentences: usize, seed: u64, number: u64) -> String {
    let all: Vec<&str> = SENTENCES.lines().filter(|line| !line.is_empty()).collect();
    // Prompts that follow each other begin with different sentences; the rest is shuffled.
    let first = (seed.wrapping_add(number) % all.len() as u64) as usize;
    let mut chosen = vec![all[first]];
    let mut lap = 0;
    while chosen.len() < n_sentences {
        let mut sentences = all.clone();
        sentences.sort_by_cached_key(|sentence| place(sentence, [seed, number, lap]));
        chosen.extend(sentences);
        lap += 1;
    }
    chosen.truncate(n_sentences);
    chosen.join(" ")
}

/// Where a sentence stands in the order that these numbers draw.
fn place(sentence: &str, drawn_from: [u64; 3]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for number in drawn_from {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(sentence.as_bytes());
    *hasher.finalize().as_bytes()
}

/// blake3 of token ids, in hexadecimal: equal prompts or answers have equal hashes.
pub fn hash(ids: &[TokenId]) -> String {
    let mut hasher = blake3::Hasher::new();
    for id in ids {
        hasher.update(&id.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lilim_api::{Engine, LoadOptions, ModelFiles};
    use lilim_testkit::{FakeEngine, Script, StepperOptions};

    fn model() -> std::sync::Arc<dyn LoadedModel> {
        let options = StepperOptions::new(Script::Hash { seed: 1 });
        let files = ModelFiles::Gguf("fake.gguf".into());
        FakeEngine::new(options)
            .load(&files, &LoadOptions::default(), &mut |_| {})
            .unwrap()
    }

    #[test]
    fn prompts_have_exactly_the_length_asked_and_differ_early() {
        let model = model();
        for n_tokens in [1, 2, 128, 1024, 20_000] {
            let first = prompt(&*model, n_tokens, 1, 0).unwrap();
            assert_eq!(first.len(), n_tokens);
            assert_eq!(first, prompt(&*model, n_tokens, 1, 0).unwrap());
        }
        let beginnings: std::collections::BTreeSet<_> = (0..60)
            .map(|number| prompt(&*model, 48, 1, number).unwrap())
            .collect();
        assert_eq!(beginnings.len(), 60);
    }
}
