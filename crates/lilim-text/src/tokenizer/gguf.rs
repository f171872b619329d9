//! Reads a vocabulary from GGUF metadata (and RWKV's own text file, which has the same shape).
//!
//! Counts are checked before anything is built on them, and every fault names its key and index.
//! *Source*: keys and defaults follow ggml's `gguf.md` and, where that is silent, llama.cpp.

use lilim_formats::gguf::{Array, Metadata, Value};

use super::added_tokens::AddedTokens;
use super::bpe::{Bpe, BpeRules, BpeUnit, WholeWords};
use super::byte_chars::bytes_of_text;
use super::rwkv::{self, Rwkv};
use super::special_tokens::SpecialTokens;
use super::spm::{SPACE_MARK, Spm};
use super::vocab::{TokenKind, Vocab, parse_byte_token};
use super::{Inner, Merging, Model, OwnModel, Spaces};
use crate::TextError;
use crate::pre_tokenizer::PreTokenizer;

const MODEL: &str = "tokenizer.ggml.model";
const PRE: &str = "tokenizer.ggml.pre";
const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const SCORES: &str = "tokenizer.ggml.scores";
const MERGES: &str = "tokenizer.ggml.merges";

/// The most tokens of a vocabulary; the largest real ones have 262 144.
const MAX_TOKENS: usize = 1 << 22;
/// The longest token in bytes; real ones stay below 1024.
const MAX_TOKEN_BYTES: usize = 1 << 16;

/// The kinds of tokenizer this crate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Spm,
    Bpe,
    Gemma4,
    Rwkv,
}

impl Kind {
    const KNOWN: &'static str = "llama, gpt2, gemma4, rwkv";

    fn read(metadata: &Metadata) -> Result<Self, TextError> {
        match metadata.str(MODEL)?.ok_or_else(|| missing(MODEL))? {
            "llama" => Ok(Self::Spm),
            "gpt2" => Ok(Self::Bpe),
            "gemma4" => Ok(Self::Gemma4),
            "rwkv" => Ok(Self::Rwkv),
            model @ ("none" | "no_vocab") => Err(TextError::NoVocabulary {
                model: model.to_owned(),
            }),
            model => Err(TextError::UnknownModel {
                model: model.to_owned(),
                known: Self::KNOWN.to_owned(),
            }),
        }
    }

    /// The ids of BOS, EOS and the unknown-token in files that do not name them.
    fn default_ids(self) -> [Option<u32>; 3] {
        match self {
            Self::Spm => [Some(1), Some(2), Some(0)],
            Self::Bpe => [Some(11), Some(11), None],
            Self::Gemma4 | Self::Rwkv => [None; 3],
        }
    }

    /// The bytes a token stands for.
    fn bytes(self, piece: &str, kind: TokenKind) -> Option<Vec<u8>> {
        if kind == TokenKind::Unused {
            return Some(Vec::new());
        }
        if self == Self::Rwkv {
            return rwkv::unescape(piece);
        }
        match kind {
            TokenKind::Byte => parse_byte_token(piece).map(|byte| vec![byte]),
            TokenKind::Normal if self == Self::Bpe => Some(bytes_of_text(piece)),
            TokenKind::Normal => Some(piece.replace(SPACE_MARK, " ").into_bytes()),
            _ => Some(piece.as_bytes().to_vec()),
        }
    }
}

/// Reads the tokenizer of a GGUF file.
pub(super) fn read(metadata: &Metadata) -> Result<Inner, TextError> {
    let kind = Kind::read(metadata)?;
    let mut warnings = Vec::new();
    let mut vocab = read_vocab(metadata, kind)?;
    let pre_tokenizer = match kind {
        Kind::Bpe => Some(read_pre_tokenizer(metadata, &mut warnings)?),
        Kind::Gemma4 => Some(PreTokenizer::gemma4()?),
        Kind::Spm | Kind::Rwkv => None,
    };
    let special = read_special(
        metadata,
        kind,
        pre_tokenizer.as_ref(),
        (&mut vocab, &mut warnings),
    )?;
    let spaces = Spaces {
        marked: matches!(kind, Kind::Spm | Kind::Gemma4),
        prefixed: kind == Kind::Spm
            && metadata
                .bool("tokenizer.ggml.add_space_prefix")?
                .unwrap_or(true),
    };
    let merging = match (kind, pre_tokenizer) {
        (Kind::Bpe | Kind::Gemma4, Some(pre_tokenizer)) => {
            let merges = metadata.strings(MERGES)?.ok_or_else(|| missing(MERGES))?;
            let rules = bpe_rules(kind, &pre_tokenizer);
            Merging::Bpe(Bpe::new(
                &vocab,
                (MERGES, merges),
                rules,
                pre_tokenizer,
                special.unknown,
            )?)
        }
        (Kind::Rwkv, _) => Merging::Rwkv(Rwkv::new(&vocab, special.unknown)),
        _ => Merging::Spm(Spm::new(
            &vocab,
            &read_scores(metadata, vocab.len())?,
            special.unknown,
        )),
    };
    let added_tokens = AddedTokens::new(&vocab, space_swallowers(metadata, &vocab)?)?;
    let model = Model::Own(Box::new(OwnModel {
        added_tokens,
        spaces,
        merging,
    }));
    Ok(Inner {
        vocab,
        special,
        model,
        warnings,
    })
}

/// Checks what needs no look at each token: the kind, the way of splitting, and that everything is
/// there and of one length.
pub(super) fn check(metadata: &Metadata) -> Result<(), TextError> {
    let kind = Kind::read(metadata)?;
    let n_tokens = read_tokens(metadata)?.len();
    let len = |key| match metadata.get(key) {
        Some(Value::Array(array)) => Some(array.len()),
        _ => None,
    };
    if let Some(n_types) = len(TYPES) {
        check_len(TYPES, n_types, n_tokens)?;
    }
    match kind {
        Kind::Bpe | Kind::Gemma4 => {
            metadata.strings(MERGES)?.ok_or_else(|| missing(MERGES))?;
        }
        Kind::Spm => {
            let n_scores = len(SCORES).ok_or_else(|| missing(SCORES))?;
            check_len(SCORES, n_scores, n_tokens)?;
        }
        Kind::Rwkv => {}
    }
    match metadata.str(PRE)? {
        Some(pre) if kind == Kind::Bpe && !pre.is_empty() => PreTokenizer::check_name(pre),
        _ => Ok(()),
    }
}

/// Tells whether all that is said of the tokenizer is the same in two files.
pub(super) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    let all = |of: &Metadata, are_in: &Metadata| {
        of.iter()
            .filter(|(key, _)| key.starts_with("tokenizer.ggml."))
            .all(|(key, value)| are_in.get(key) == Some(value))
    };
    all(a, b) && all(b, a)
}

/// Reads RWKV's text file: ids from 1 on, in order.
pub(super) fn read_rwkv_file(text: &[u8]) -> Result<Inner, TextError> {
    const FILE: &str = "rwkv vocabulary";
    const END_OF_TEXT: &str = "<|endoftext|>";
    let text = std::str::from_utf8(text).map_err(|error| TextError::RwkvLine {
        line: text[..error.valid_up_to()]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1,
        reason: "is not UTF-8".to_owned(),
    })?;
    let mut vocab = Vocab::with_capacity(1 << 16);
    vocab
        .push(END_OF_TEXT, TokenKind::Control, &[])
        .expect("the first token repeats none");
    for (index, line) in text.lines().enumerate() {
        let bad = |reason| TextError::RwkvLine {
            line: index + 1,
            reason,
        };
        let (id, bytes) = rwkv::parse_line(line).map_err(bad)?;
        let expected = vocab.len();
        if id as usize != expected || expected >= MAX_TOKENS {
            return Err(bad(format!("has id {id} where {expected} is due")));
        }
        let duplicate = |first| duplicate_token(FILE, id as usize, first, line);
        vocab
            .push(&bytes.escape_ascii().to_string(), TokenKind::Normal, &bytes)
            .map_err(duplicate)?;
    }
    let special = SpecialTokens {
        eos: Some(0),
        ends: [0].into(),
        ..SpecialTokens::default()
    };
    let added_tokens = AddedTokens::new(&vocab, Vec::new())?;
    let merging = Merging::Rwkv(Rwkv::new(&vocab, None));
    let model = Model::Own(Box::new(OwnModel {
        added_tokens,
        spaces: Spaces::default(),
        merging,
    }));
    Ok(Inner {
        vocab,
        special,
        model,
        warnings: Vec::new(),
    })
}

/// The tokens as they are written, some but not too many.
fn read_tokens(metadata: &Metadata) -> Result<&[String], TextError> {
    let tokens = metadata.strings(TOKENS)?.ok_or_else(|| missing(TOKENS))?;
    if tokens.is_empty() || tokens.len() > MAX_TOKENS {
        let (key, count) = (TOKENS.to_owned(), tokens.len());
        return Err(TextError::TokenCount {
            key,
            count,
            limit: MAX_TOKENS,
        });
    }
    Ok(tokens)
}

fn read_vocab(metadata: &Metadata, kind: Kind) -> Result<Vocab, TextError> {
    let tokens = read_tokens(metadata)?;
    let types = metadata.i32s(TYPES)?;
    if let Some(types) = &types {
        check_len(TYPES, types.len(), tokens.len())?;
    }
    let mut vocab = Vocab::with_capacity(tokens.len());
    for (index, piece) in tokens.iter().enumerate() {
        if piece.len() > MAX_TOKEN_BYTES {
            let (key, len) = (TOKENS.to_owned(), piece.len());
            return Err(TextError::TokenTooLong {
                key,
                index,
                len,
                limit: MAX_TOKEN_BYTES,
            });
        }
        let token_kind = match &types {
            Some(types) => token_kind(index, types[index])?,
            None => TokenKind::Normal,
        };
        let bytes = kind
            .bytes(piece, token_kind)
            .ok_or_else(|| TextError::BadByteToken {
                key: TOKENS.to_owned(),
                index,
                token: piece.clone(),
            })?;
        vocab
            .push(piece, token_kind, &bytes)
            .map_err(|first| duplicate_token(TOKENS, index, first, piece))?;
    }
    Ok(vocab)
}

fn token_kind(index: usize, value: i32) -> Result<TokenKind, TextError> {
    match value {
        0 | 5 => Ok(TokenKind::Unused),
        1 => Ok(TokenKind::Normal),
        2 => Ok(TokenKind::Unknown),
        3 => Ok(TokenKind::Control),
        4 => Ok(TokenKind::UserDefined),
        6 => Ok(TokenKind::Byte),
        _ => Err(TextError::BadTokenType {
            key: TYPES.to_owned(),
            index,
            value,
        }),
    }
}

fn read_scores(metadata: &Metadata, n_tokens: usize) -> Result<Vec<f32>, TextError> {
    let scores = match metadata.get(SCORES) {
        None => return Err(missing(SCORES)),
        Some(Value::Array(Array::I32(scores))) => {
            scores.iter().map(|&score| score as f32).collect()
        }
        Some(_) => metadata.f32s(SCORES)?.unwrap_or_default(),
    };
    check_len(SCORES, scores.len(), n_tokens)?;
    match scores.iter().position(|score| !score.is_finite()) {
        Some(index) => Err(TextError::BadScore {
            key: SCORES.to_owned(),
            index,
            score: scores[index],
        }),
        None => Ok(scores),
    }
}

fn read_pre_tokenizer(
    metadata: &Metadata,
    warnings: &mut Vec<String>,
) -> Result<PreTokenizer, TextError> {
    match metadata.str(PRE)? {
        Some(pre) if !pre.is_empty() => PreTokenizer::by_name(pre),
        _ => {
            warnings.push(format!(
                "{PRE} is missing: text is split in an old default way that may not be the model's"
            ));
            PreTokenizer::unnamed()
        }
    }
}

fn bpe_rules(kind: Kind, pre_tokenizer: &PreTokenizer) -> BpeRules {
    match kind {
        Kind::Gemma4 => BpeRules {
            unit: BpeUnit::Char,
            whole_words: WholeWords::Newlines,
        },
        _ if pre_tokenizer.traits().whole_words => BpeRules {
            unit: BpeUnit::Byte,
            whole_words: WholeWords::Always,
        },
        _ => BpeRules {
            unit: BpeUnit::Byte,
            whole_words: WholeWords::Never,
        },
    }
}

fn read_special(
    metadata: &Metadata,
    kind: Kind,
    pre_tokenizer: Option<&PreTokenizer>,
    (vocab, warnings): (&mut Vocab, &mut Vec<String>),
) -> Result<SpecialTokens, TextError> {
    let n_tokens = vocab.len();
    let mut read_id = |name: &str, default: Option<u32>| -> Result<Option<u32>, TextError> {
        let default = default.filter(|&id| (id as usize) < n_tokens);
        let key = format!("tokenizer.ggml.{name}_token_id");
        // Converters write -1, or 2^32 - 1, for a token that is not there.
        match metadata.get(&key).and_then(Value::as_integer) {
            None if metadata.get(&key).is_some() => Ok(metadata.u32(&key)?),
            None => Ok(default),
            Some(id) if (0..n_tokens as i128).contains(&id) => Ok(Some(id as u32)),
            Some(id) => {
                warnings.push(format!(
                    "{key} is {id}, outside the vocabulary of {n_tokens}"
                ));
                Ok(default)
            }
        }
    };
    let [bos, eos, unknown] = kind.default_ids();
    let bos = read_id("bos", bos)?;
    let eos = read_id("eos", eos)?;
    let unknown = read_id("unknown", unknown)?;
    let mut marked = Vec::new();
    for name in ["eot", "eom", "fim_pad", "fim_rep", "fim_sep"] {
        marked.push(read_id(name, None)?);
    }
    let add_bos = match kind {
        Kind::Gemma4 => true,
        Kind::Spm => metadata
            .bool("tokenizer.ggml.add_bos_token")?
            .unwrap_or(true),
        _ => metadata
            .bool("tokenizer.ggml.add_bos_token")?
            .unwrap_or_else(|| pre_tokenizer.is_some_and(|pre| pre.traits().add_bos)),
    };
    let add_eos = metadata
        .bool("tokenizer.ggml.add_eos_token")?
        .unwrap_or(false);
    let mut special = SpecialTokens {
        bos,
        eos,
        unknown,
        add_bos,
        add_eos,
        ..SpecialTokens::default()
    };
    special.gather_ends(vocab, &marked);
    Ok(special)
}

/// Phi-3's special tokens take the spaces after them along, which its files do not say.
fn space_swallowers(metadata: &Metadata, vocab: &Vocab) -> Result<Vec<u32>, TextError> {
    const KEEP_SPACES: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];
    let name = metadata
        .str("general.name")?
        .unwrap_or_default()
        .to_lowercase();
    if !name.contains("phi-3") && !name.contains("phi3") {
        return Ok(Vec::new());
    }
    let is_special = |kind| {
        matches!(
            kind,
            TokenKind::Control | TokenKind::UserDefined | TokenKind::Unknown
        )
    };
    Ok(vocab
        .iter()
        .filter(|&(_, piece, kind)| is_special(kind) && !KEEP_SPACES.contains(&piece))
        .map(|(id, _, _)| id)
        .collect())
}

fn missing(key: &str) -> TextError {
    TextError::MissingKey {
        key: key.to_owned(),
    }
}

fn check_len(key: &str, len: usize, expected: usize) -> Result<(), TextError> {
    if len == expected {
        return Ok(());
    }
    Err(TextError::WrongLength {
        key: key.to_owned(),
        len,
        expected,
    })
}

fn duplicate_token(key: &str, index: usize, first: u32, token: &str) -> TextError {
    let (key, token) = (key.to_owned(), token.to_owned());
    TextError::DuplicateToken {
        key,
        index,
        first: first as usize,
        token,
    }
}
