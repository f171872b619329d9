//! Which patterns split a text before merging, by the name that `tokenizer.ggml.pre` gives.
//!
//! The patterns are those of the models' own `tokenizer.json`; which name stands for which of
//! them, and which names switch on BOS or whole words, follows llama.cpp's loader.

use super::scan::{Llama3Rules, Scanner};

/// One step: its matches and the gaps between them become words of their own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pattern {
    /// A pattern with a scanner.
    Scan(Scanner),
    /// Any other.
    Regex(&'static str),
}

use Pattern::{Regex, Scan};

/// A way of splitting and the names it goes by.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) names: &'static [&'static str],
    pub(super) patterns: &'static [Pattern],
    pub(super) traits: Traits,
}

/// What else a name says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// BOS goes first unless the metadata says otherwise.
    pub(crate) add_bos: bool,
    /// A word that is a token is taken whole, without merging.
    pub(crate) whole_words: bool,
}

const PLAIN: Traits = Traits {
    add_bos: false,
    whole_words: false,
};
const WHOLE_WORDS: Traits = Traits {
    add_bos: false,
    whole_words: true,
};
const BOS_AND_WHOLE_WORDS: Traits = Traits {
    add_bos: true,
    whole_words: true,
};

const GPT2: Pattern = Scan(Scanner::Gpt2);
const LLAMA3: Pattern = Scan(Scanner::Llama3(Llama3Rules {
    max_digits: 3,
    marks_are_letters: false,
}));
const QWEN2: Pattern = Scan(Scanner::Llama3(Llama3Rules {
    max_digits: 1,
    marks_are_letters: false,
}));
const QWEN35: Pattern = Scan(Scanner::Llama3(Llama3Rules {
    max_digits: 1,
    marks_are_letters: true,
}));
const UNLIMITED_DIGITS: Pattern = Scan(Scanner::Llama3(Llama3Rules {
    max_digits: usize::MAX,
    marks_are_letters: false,
}));
const DIGIT: Pattern = Regex(r"\p{N}");
const THREE_DIGITS: Pattern = Regex(r"\p{N}{1,3}");

const DEEPSEEK_CJK: Pattern = Regex("[\u{4E00}-\u{9FA5}\u{800}-\u{4E00}\u{AC00}-\u{D7FF}]+");
const DEEPSEEK3_CJK: Pattern = Regex("[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+");
const DEEPSEEK3: Pattern = Regex(concat!(
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##,
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
));
const DEEPSEEK_PUNCTUATION: Pattern =
    Regex("\\s?[!-/:-~\u{FF01}-\u{FF0F}\u{FF1A}-\u{FF5E}\u{2018}-\u{201F}\u{3000}-\u{3002}]+");
const DEEPSEEK_LETTERS: Pattern = Regex(
    "\\s?[\
    A-Za-z\u{B5}\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{1BA}\u{1BC}-\u{1BF}\
    \u{1C4}-\u{293}\u{295}-\u{2AF}\u{370}-\u{373}\u{376}\u{377}\u{37B}-\u{37D}\
    \u{37F}\u{386}\u{388}-\u{38A}\u{38C}\u{38E}-\u{3A1}\u{3A3}-\u{3F5}\
    \u{3F7}-\u{481}\u{48A}-\u{52F}\u{531}-\u{556}\u{10A0}-\u{10C5}\u{13A0}-\u{13F5}\
    \u{13F8}-\u{13FD}\u{1C90}-\u{1CBA}\u{1CBD}-\u{1CBF}\u{1D00}-\u{1D2B}\
    \u{1D6B}-\u{1D77}\u{1D79}-\u{1D9A}\u{1E00}-\u{1F15}\u{1F18}-\u{1F1D}\
    \u{1F20}-\u{1F45}\u{1F48}-\u{1F4D}\u{1F50}-\u{1F57}\u{1F59}\u{1F5B}\u{1F5D}\
    \u{1F5F}-\u{1F7D}\u{1F80}-\u{1FB4}\u{1FB6}-\u{1FBC}\u{1FBE}\u{1FC2}-\u{1FC4}\
    \u{1FC6}-\u{1FCC}\u{1FD0}-\u{1FD3}\u{1FD6}-\u{1FDB}\u{1FE0}-\u{1FEC}\
    \u{1FF2}-\u{1FF4}\u{1FF6}-\u{1FFC}\u{2102}\u{2107}\u{210A}-\u{2113}\u{2115}\
    \u{2119}-\u{211D}\u{2124}\u{2126}\u{2128}\u{212A}-\u{212D}\u{212F}-\u{2134}\
    \u{2139}\u{213C}-\u{213F}\u{2145}-\u{2149}\u{214E}\u{2183}\u{2184}\
    \u{2C00}-\u{2C7B}\u{2C7E}-\u{2CE4}\u{2CEB}-\u{2CEE}\u{2CF2}\u{2CF3}\
    \u{A640}-\u{A66D}\u{A680}-\u{A69B}\u{A722}-\u{A76F}\u{A771}-\u{A787}\
    \u{A78B}-\u{A78E}\u{AB70}-\u{ABBF}\u{FB00}-\u{FB06}\u{FB13}-\u{FB17}\
    \u{FF21}-\u{FF3A}\u{FF41}-\u{FF5A}\u{10400}-\u{1044F}\u{104B0}-\u{104D3}\
    \u{104D8}-\u{104FB}\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}\u{118A0}-\u{118DF}\
    \u{1E900}-\u{1E943}]+",
);
const TEKKEN: Pattern = Regex(concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
));
const GPT4O: Pattern = Regex(concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
));
const BLOOM: Pattern =
    Regex(" ?[^(\\s|.,!?\u{2026}\u{3002}\u{FF0C}\u{3001}\u{964}\u{6D4}\u{60C})]+");
const BAILING: Pattern = Regex(concat!(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*",
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
));
const SEED_CODER: Pattern = Regex(concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}",
    r"| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"
));
const EXAONE_MOE: Pattern = Regex(concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"
));

/// What files without a name get: what llama.cpp did before there were names.
pub(super) const DEFAULT: &str = "default";
/// The name that stands for tokenizers of the `gemma4` kind.
pub(super) const GEMMA4: &str = "gemma4";

pub(super) static FAMILIES: &[Family] = &[
    Family {
        names: &[DEFAULT],
        patterns: &[
            Regex(r"[\p{P}\$\+<=>\^~\|]+"),
            GPT2,
            Regex(r"\p{N}+"),
            Regex("[0-9][0-9][0-9]"),
        ],
        traits: PLAIN,
    },
    Family {
        names: &[
            "gpt-2",
            "phi-2",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
            "exaone4",
            "gigachat",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "jina-es",
            "jina-de",
            "jina-v2-es",
            "jina-v2-de",
        ],
        patterns: &[GPT2],
        traits: PLAIN,
    },
    Family {
        names: &[
            "starcoder",
            "refact",
            "command-r",
            "smollm",
            "codeshell",
            "exaone",
            "minerva-7b",
            "mellum2",
        ],
        patterns: &[DIGIT, GPT2],
        traits: PLAIN,
    },
    Family {
        names: &[
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        patterns: &[LLAMA3],
        traits: BOS_AND_WHOLE_WORDS,
    },
    Family {
        names: &["dbrx", "smaug-bpe", "chatglm-bpe"],
        patterns: &[LLAMA3],
        traits: PLAIN,
    },
    Family {
        names: &["glm4", "glm5"],
        patterns: &[LLAMA3],
        traits: WHOLE_WORDS,
    },
    Family {
        names: &["minicpm5"],
        patterns: &[THREE_DIGITS, UNLIMITED_DIGITS],
        traits: WHOLE_WORDS,
    },
    Family {
        names: &[
            "qwen2",
            "deepseek-r1-qwen",
            "kormo",
            "f2llmv2",
            "megrez",
            "stablelm2",
            "hunyuan",
            "solar-open",
            "grok-2",
        ],
        patterns: &[QWEN2],
        traits: PLAIN,
    },
    Family {
        names: &["qwen35"],
        patterns: &[QWEN35],
        traits: PLAIN,
    },
    Family {
        names: &["deepseek-llm"],
        patterns: &[
            Regex(r"[\r\n]"),
            DEEPSEEK_LETTERS,
            DEEPSEEK_PUNCTUATION,
            Regex(r"\s+$"),
            DEEPSEEK_CJK,
            Regex(r"\p{N}+"),
        ],
        traits: PLAIN,
    },
    Family {
        names: &["deepseek-coder"],
        patterns: &[
            Regex(r"[\r\n]"),
            Regex(r"\s?\p{L}+"),
            Regex(r"\s?\p{P}+"),
            DEEPSEEK_CJK,
            DIGIT,
        ],
        traits: PLAIN,
    },
    Family {
        names: &["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
        patterns: &[THREE_DIGITS, DEEPSEEK3_CJK, DEEPSEEK3],
        traits: PLAIN,
    },
    Family {
        names: &["falcon"],
        patterns: &[
            Regex(r"[\p{P}\$\+<=>\^~\|`]+"),
            GPT2,
            Regex("[0-9][0-9][0-9]"),
        ],
        traits: PLAIN,
    },
    Family {
        names: &["tekken"],
        patterns: &[TEKKEN],
        traits: BOS_AND_WHOLE_WORDS,
    },
    Family {
        names: &["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
        patterns: &[GPT4O],
        traits: PLAIN,
    },
    Family {
        names: &["tiny_aya", "cohere2moe"],
        patterns: &[Regex(r"\d{1,3}(?=(?:\d{3})*\b)"), GPT4O],
        traits: PLAIN,
    },
    Family {
        names: &["poro-chat", "bloom", "gpt3-finnish"],
        patterns: &[BLOOM],
        traits: PLAIN,
    },
    Family {
        names: &["viking"],
        patterns: &[BLOOM, DIGIT],
        traits: PLAIN,
    },
    Family {
        names: &["bailingmoe", "bailingmoe2", "llada-moe"],
        patterns: &[BAILING],
        traits: PLAIN,
    },
    Family {
        names: &["seed-coder"],
        patterns: &[SEED_CODER],
        traits: PLAIN,
    },
    Family {
        names: &["exaone-moe"],
        patterns: &[EXAONE_MOE],
        traits: PLAIN,
    },
    Family {
        names: &["laguna"],
        patterns: &[NEWLINES, QWEN2],
        traits: PLAIN,
    },
    Family {
        names: &[GEMMA4],
        patterns: &[NEWLINES],
        traits: PLAIN,
    },
];

const NEWLINES: Pattern = Regex(r"[^\n]+|[\n]+");
