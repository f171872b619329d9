//! The ids with a role: BOS, EOS, unknown, and the set of tokens that end an answer.
//!
//! *Source*: the names and their exceptions follow llama.cpp's loader, which gathers them because
//! many files mark only one of several end tokens.

use std::collections::BTreeSet;

use super::vocab::{TokenKind, Vocab};

/// Tokens that end an answer wherever they are in a vocabulary.
const END_NAMES: [&str; 21] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];

/// Ends a text in the vocabularies that mark it; elsewhere it is HTML. (llama.cpp takes it for an
/// end everywhere.)
const SLASH_S: &str = "</s>";

/// Tokens of fill-in-the-middle formats that end an answer: pad, repository, file separator.
const FIM_END_NAMES: [[&str; 5]; 3] = [
    ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
    [
        "<|fim_repo|>",
        "<|repo_name|>",
        "<fim-repo>",
        "<REPO>",
        "<reponame>",
    ],
    ["<|file_sep|>", "", "", "", ""],
];

/// Marks that must be shown although files call them control tokens.
const ALWAYS_SHOWN: [&str; 4] = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/// Ids with a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpecialTokens {
    pub(crate) bos: Option<u32>,
    pub(crate) eos: Option<u32>,
    pub(crate) unknown: Option<u32>,
    pub(crate) ends: BTreeSet<u32>,
    pub(crate) add_bos: bool,
    pub(crate) add_eos: bool,
}

impl SpecialTokens {
    /// Gathers the end tokens: EOS, those named by metadata (`marked`), and those known by name,
    /// whose kind is corrected to control.
    pub(crate) fn gather_ends(&mut self, vocab: &mut Vocab, marked: &[Option<u32>]) {
        for name in END_NAMES {
            if let Some(id) = vocab.id(name) {
                vocab.set_kind(id, TokenKind::Control);
                self.ends.insert(id);
            }
        }
        let is_marked = |id: &u32| vocab.kind(*id) != Some(TokenKind::Normal);
        self.ends.extend(vocab.id(SLASH_S).filter(is_marked));
        for names in FIM_END_NAMES {
            if let Some(id) = names.iter().find_map(|name| vocab.id(name)) {
                vocab.set_kind(id, TokenKind::Control);
                self.ends.insert(id);
            }
        }
        for name in ALWAYS_SHOWN {
            if let Some(id) = vocab.id(name) {
                vocab.set_kind(id, TokenKind::UserDefined);
            }
        }
        self.ends.extend(marked.iter().copied().flatten());
        self.ends.extend(self.eos);
        self.drop_false_ends(vocab);
    }

    /// In some formats a name that elsewhere ends an answer is an ordinary mark.
    fn drop_false_ends(&mut self, vocab: &mut Vocab) {
        let ends = |ends: &BTreeSet<u32>, name| vocab.id(name).filter(|id| ends.contains(id));
        let has = |name| ends(&self.ends, name).is_some();
        let has_call = has("<|call|>") || has("<|calls|>");
        let end = ends(&self.ends, "<|end|>")
            .filter(|_| has_call && (has("<|return|>") || has("<|flush|>")));
        let slash_s =
            ends(&self.ends, SLASH_S).filter(|_| has("<|tool_response>") || has("<|plamo:eos|>"));
        if let Some(id) = end {
            self.ends.remove(&id);
            vocab.set_kind(id, TokenKind::UserDefined);
        }
        if let Some(id) = slash_s {
            self.ends.remove(&id);
            vocab.set_kind(id, TokenKind::Normal);
        }
    }
}
