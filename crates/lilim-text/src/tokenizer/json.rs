//! Tokenizers from `tokenizer.json`, run by the `tokenizers` library.
//!
//! Two things are done here instead of there. Splitting by regular expression: the library ends
//! a text silently when an expression gives up, here that is an error, and common expressions
//! have scanners. And decoding: the library decodes lists of ids, here each token has bytes, so
//! that text can be streamed.

use serde::Deserialize;
use serde_json::Value;
use tokenizers::pattern::{Invert, Pattern};
use tokenizers::tokenizer::{Model as _, OffsetType, PreTokenizedString, PreTokenizer as _};
use tokenizers::{AddedVocabulary, Offsets, PreTokenizerWrapper, SplitDelimiterBehavior};

use super::byte_chars::bytes_of_text;
use super::special_tokens::SpecialTokens;
use super::vocab::{TokenKind, Vocab, parse_byte_token};
use super::{Inner, Model};
use crate::TextError;
use crate::pre_tokenizer::Splitter;

const TOKENIZER_FILE: &str = "tokenizer.json";
const CONFIG_FILE: &str = "tokenizer_config.json";

/// The most tokens, and so the highest id, of a vocabulary.
const MAX_TOKENS: usize = 1 << 22;

/// The parts that turn text into ids.
#[derive(Debug)]
pub(crate) struct JsonPipeline {
    tokenizer: tokenizers::Tokenizer,
    /// The added tokens, but with special ones read as text.
    plain_text_tokens: AddedVocabulary,
    steps: Vec<Step>,
    strips_first_space: bool,
}

/// One step of splitting.
#[derive(Debug)]
enum Step {
    Split {
        splitter: Splitter,
        behavior: SplitDelimiterBehavior,
        invert: bool,
    },
    PrependSpace,
    Library(Box<PreTokenizerWrapper>),
}

/// How tokens become bytes.
#[derive(Clone, Debug, Default)]
struct Decoding {
    byte_level: bool,
    /// A piece of token text that stands for another, such as `▁` for a space.
    replace: Option<(String, String)>,
    byte_fallback: bool,
    strips_first_space: bool,
}

/// The fields of `tokenizer.json` that are read here.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    decoder: Value,
}

pub(super) fn read(json: &[u8], config: Option<&[u8]>) -> Result<Inner, TextError> {
    let bad = |reason: String| TextError::Json {
        file: TOKENIZER_FILE,
        reason,
    };
    let fields: Fields = serde_json::from_slice(json).map_err(|e| bad(e.to_string()))?;
    let tokenizer = tokenizers::Tokenizer::from_bytes(json).map_err(|e| bad(e.to_string()))?;
    let mut steps = Vec::new();
    read_steps(&fields.pre_tokenizer, &mut steps)?;
    let mut decoding = Decoding::default();
    read_decoder(&fields.decoder, &mut decoding)?;
    let mut vocab = read_vocab(&tokenizer, &decoding)?;
    let config = match config {
        Some(config) => serde_json::from_slice(config).map_err(|e| TextError::Json {
            file: CONFIG_FILE,
            reason: e.to_string(),
        })?,
        None => Value::Null,
    };
    let special = read_special(&tokenizer, &mut vocab, &config)?;
    let mut plain_text_tokens = tokenizer.get_added_vocabulary().clone();
    plain_text_tokens.set_encode_special_tokens(true);
    let strips_first_space = decoding.strips_first_space;
    let pipeline = JsonPipeline {
        tokenizer,
        plain_text_tokens,
        steps,
        strips_first_space,
    };
    Ok(Inner {
        vocab,
        special,
        model: Model::Json(Box::new(pipeline)),
        warnings: Vec::new(),
    })
}

impl JsonPipeline {
    pub(super) fn encode(&self, text: &str, parse_special: bool) -> Result<Vec<u32>, TextError> {
        self.try_encode(text, parse_special)
            .map_err(|error| match error.downcast::<TextError>() {
                Ok(own) => *own,
                Err(other) => TextError::Split {
                    reason: other.to_string(),
                },
            })
    }

    pub(super) fn strips_first_space(&self) -> bool {
        self.strips_first_space
    }

    fn try_encode(&self, text: &str, parse_special: bool) -> tokenizers::Result<Vec<u32>> {
        let added = if parse_special {
            self.tokenizer.get_added_vocabulary()
        } else {
            &self.plain_text_tokens
        };
        let mut pieces = added.extract_and_normalize(self.tokenizer.get_normalizer(), text);
        for step in &self.steps {
            step.apply(&mut pieces)?;
        }
        let model = self.tokenizer.get_model();
        pieces.tokenize(|piece| model.tokenize(piece.get()))?;
        Ok(pieces
            .into_encoding(None, 0, OffsetType::None)?
            .get_ids()
            .to_vec())
    }
}

impl Step {
    fn apply(&self, pieces: &mut PreTokenizedString) -> tokenizers::Result<()> {
        match self {
            Self::Library(step) => step.pre_tokenize(pieces),
            Self::PrependSpace => pieces.normalize(|piece| {
                if !piece.get().starts_with(' ') {
                    piece.prepend(" ");
                }
                Ok(())
            }),
            Self::Split {
                splitter,
                behavior,
                invert,
            } => pieces.split(|_, piece| {
                let pattern = SplitterPattern(splitter);
                if *invert {
                    piece.split(Invert(pattern), *behavior)
                } else {
                    piece.split(pattern, *behavior)
                }
            }),
        }
    }
}

/// Makes a splitter usable by the library.
struct SplitterPattern<'a>(&'a Splitter);

impl Pattern for SplitterPattern<'_> {
    fn find_matches(&self, inside: &str) -> tokenizers::Result<Vec<(Offsets, bool)>> {
        if inside.is_empty() {
            return Ok(vec![((0, 0), false)]);
        }
        let mut found = Vec::new();
        let mut done = 0;
        self.0.matches(inside, &mut |range| {
            if done < range.start {
                found.push(((done, range.start), false));
            }
            found.push(((range.start, range.end), true));
            done = range.end;
            Ok(())
        })?;
        if done < inside.len() {
            found.push(((done, inside.len()), false));
        }
        Ok(found)
    }
}

fn read_steps(node: &Value, steps: &mut Vec<Step>) -> Result<(), TextError> {
    let bad = |reason: String| TextError::Json {
        file: TOKENIZER_FILE,
        reason,
    };
    match node["type"].as_str() {
        None if node.is_null() => {}
        None => return Err(bad("the pre_tokenizer has no type".to_owned())),
        Some("Sequence") => {
            let list = node["pretokenizers"]
                .as_array()
                .ok_or_else(|| bad("a sequence of pre_tokenizers has no list".to_owned()))?;
            for step in list {
                read_steps(step, steps)?;
            }
        }
        Some("Split") if node["pattern"]["Regex"].is_string() => {
            let pattern = node["pattern"]["Regex"].as_str().unwrap_or_default();
            let behavior = SplitDelimiterBehavior::deserialize(&node["behavior"])
                .map_err(|e| bad(e.to_string()))?;
            let splitter = Splitter::from_regex(pattern)?;
            let invert = node["invert"].as_bool().unwrap_or(false);
            steps.push(Step::Split {
                splitter,
                behavior,
                invert,
            });
        }
        Some("ByteLevel") if node["use_regex"].as_bool().unwrap_or(true) => {
            if node["add_prefix_space"].as_bool().unwrap_or(true) {
                steps.push(Step::PrependSpace);
            }
            let behavior = SplitDelimiterBehavior::Isolated;
            steps.push(Step::Split {
                splitter: Splitter::gpt2(),
                behavior,
                invert: false,
            });
            let mut bytes_only = node.clone();
            bytes_only["use_regex"] = Value::Bool(false);
            bytes_only["add_prefix_space"] = Value::Bool(false);
            steps.push(library_step(&bytes_only)?);
        }
        Some(_) => steps.push(library_step(node)?),
    }
    Ok(())
}

fn library_step(node: &Value) -> Result<Step, TextError> {
    PreTokenizerWrapper::deserialize(node)
        .map(|step| Step::Library(Box::new(step)))
        .map_err(|e| TextError::Json {
            file: TOKENIZER_FILE,
            reason: e.to_string(),
        })
}

fn read_decoder(node: &Value, decoding: &mut Decoding) -> Result<(), TextError> {
    let unsupported = |what: String| Err(TextError::Unsupported { what });
    match node["type"].as_str() {
        Some("Sequence") => {
            for part in node["decoders"].as_array().into_iter().flatten() {
                read_decoder(part, decoding)?;
            }
        }
        Some("ByteLevel") => decoding.byte_level = true,
        Some("ByteFallback") => decoding.byte_fallback = true,
        Some("Fuse") => {}
        Some("Strip") => match (&node["content"], &node["start"], &node["stop"]) {
            (Value::String(c), start, stop) if c == " " && start == 1 && stop == 0 => {
                decoding.strips_first_space = true;
            }
            _ => return unsupported(format!("the decoder {node}")),
        },
        Some("Replace") => match (&node["pattern"]["String"], &node["content"]) {
            (Value::String(from), Value::String(to)) if decoding.replace.is_none() => {
                decoding.replace = Some((from.clone(), to.clone()));
            }
            _ => return unsupported(format!("the decoder {node}")),
        },
        Some("Metaspace") => {
            let mark = node["replacement"].as_str().unwrap_or("▁");
            decoding.replace = Some((mark.to_owned(), " ".to_owned()));
            decoding.strips_first_space = match node["prepend_scheme"].as_str() {
                Some(scheme) => scheme != "never",
                None => node["add_prefix_space"].as_bool().unwrap_or(true),
            };
        }
        Some(other) => return unsupported(format!("a decoder of type {other}")),
        None => return unsupported("no decoder".to_owned()),
    }
    Ok(())
}

impl Decoding {
    fn bytes(&self, piece: &str, is_added: bool) -> Vec<u8> {
        if self.byte_level {
            return if is_added {
                piece.as_bytes().to_vec()
            } else {
                bytes_of_text(piece)
            };
        }
        if self.byte_fallback
            && let Some(byte) = parse_byte_token(piece)
        {
            return vec![byte];
        }
        match &self.replace {
            Some((from, to)) => piece.replace(from, to).into_bytes(),
            None => piece.as_bytes().to_vec(),
        }
    }
}

fn read_vocab(tokenizer: &tokenizers::Tokenizer, decoding: &Decoding) -> Result<Vocab, TextError> {
    let mut tokens: Vec<(u32, String)> = tokenizer
        .get_vocab(true)
        .into_iter()
        .map(|(piece, id)| (id, piece))
        .collect();
    tokens.sort_unstable();
    let count = tokens.last().map_or(0, |last| last.0 as usize + 1);
    if count == 0 || count > MAX_TOKENS {
        let key = format!("{TOKENIZER_FILE} model.vocab");
        return Err(TextError::TokenCount {
            key,
            count,
            limit: MAX_TOKENS,
        });
    }
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder();
    let mut vocab = Vocab::with_capacity(count);
    for (id, piece) in tokens {
        if (id as usize) < vocab.len() {
            let reason = format!("two tokens have id {id}, one of them {piece:?}");
            return Err(TextError::Json {
                file: TOKENIZER_FILE,
                reason,
            });
        }
        while vocab.len() < id as usize {
            vocab
                .push("", TokenKind::Unused, &[])
                .expect("a gap repeats no token");
        }
        let kind = match added.get(&id) {
            Some(token) if token.special => TokenKind::Control,
            Some(_) => TokenKind::UserDefined,
            None if decoding.byte_fallback && parse_byte_token(&piece).is_some() => TokenKind::Byte,
            None => TokenKind::Normal,
        };
        let bytes = decoding.bytes(&piece, added.contains_key(&id));
        vocab
            .push(&piece, kind, &bytes)
            .map_err(|first| TextError::DuplicateToken {
                key: format!("{TOKENIZER_FILE} model.vocab"),
                index: id as usize,
                first: first as usize,
                token: piece.clone(),
            })?;
    }
    Ok(vocab)
}

/// What the post-processor puts around a text tells BOS and EOS; the configuration, if there is
/// one, names them.
fn read_special(
    tokenizer: &tokenizers::Tokenizer,
    vocab: &mut Vocab,
    config: &Value,
) -> Result<SpecialTokens, TextError> {
    let ids = |add_special| -> Result<Vec<u32>, TextError> {
        tokenizer
            .encode_fast("a", add_special)
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|e| TextError::Json {
                file: TOKENIZER_FILE,
                reason: e.to_string(),
            })
    };
    let (plain, framed) = (ids(false)?, ids(true)?);
    let n_before = framed
        .windows(plain.len().max(1))
        .position(|window| window == plain)
        .unwrap_or(0);
    let (before, after) = (
        framed[..n_before].last(),
        framed.get(n_before + plain.len()),
    );
    let named = |key: &str| {
        let token = &config[key];
        let name = token.as_str().or_else(|| token["content"].as_str())?;
        vocab.id(name)
    };
    let flag = |key: &str| config[key].as_bool();
    let mut special = SpecialTokens {
        bos: named("bos_token").or(before.copied()),
        eos: named("eos_token").or(after.copied()),
        unknown: named("unk_token"),
        add_bos: flag("add_bos_token").unwrap_or(before.is_some()),
        add_eos: flag("add_eos_token").unwrap_or(after.is_some()),
        ..SpecialTokens::default()
    };
    special.gather_ends(vocab, &[]);
    Ok(special)
}
