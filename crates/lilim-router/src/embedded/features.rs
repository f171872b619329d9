//! From a prompt to feature numbers: hashed word and character n-grams, places and shape.
//!
//! The twin of `training/classifier/features.py`, byte for byte: all work is on bytes, so that no
//! library's idea of a letter matters. There are five groups of features, each a set.

/// Feature numbers are below this.
pub(super) const BUCKETS: usize = 1 << 16;
/// A longer prompt is its first [`HEAD_BYTES`] and its last `MAX_BYTES - HEAD_BYTES` bytes: what is
/// asked stands at the beginning or at the end, and the time stays bounded.
pub(super) const MAX_BYTES: usize = 2_048;
const HEAD_BYTES: usize = 1_536;
/// Words, characters, places, shape, opening.
pub(super) const GROUPS: usize = 5;
/// Longer words are cut to this for their character n-grams.
const MAX_WORD_BYTES: usize = 32;
/// The first word is paired with so many that follow.
const PAIRED_WORDS: usize = 12;
/// So many words open a prompt.
const OPENING_WORDS: usize = 20;

/// The feature numbers of each group, ascending, none twice.
pub(super) fn features(prompt: &str) -> [Vec<u32>; GROUPS] {
    let data = cut(prompt.as_bytes());
    let plain = plain_lowercase(&data);
    let words = tokens(&plain);
    let mut groups = [
        word_features(&words),
        char_features(&words),
        place_features(&words),
        shape_features(&data, &words),
        opening_features(&words),
    ];
    for group in &mut groups {
        group.sort_unstable();
        group.dedup();
    }
    groups
}

fn cut(data: &[u8]) -> Vec<u8> {
    if data.len() <= MAX_BYTES {
        return data.to_vec();
    }
    let tail = &data[data.len() - (MAX_BYTES - HEAD_BYTES)..];
    [&data[..HEAD_BYTES], tail].concat()
}

/// ASCII lower case, with curly quotes and long dashes as their plain forms.
fn plain_lowercase(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut at = 0;
    while at < data.len() {
        let plain = match data[at..] {
            [0xE2, 0x80, 0x98 | 0x99, ..] => Some(b'\''),
            [0xE2, 0x80, 0x9C | 0x9D, ..] => Some(b'"'),
            [0xE2, 0x80, 0x93 | 0x94, ..] => Some(b'-'),
            _ => None,
        };
        out.push(plain.unwrap_or(data[at].to_ascii_lowercase()));
        at += if plain.is_some() { 3 } else { 1 };
    }
    out
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte >= 0x80
}

/// Words (letters, digits, bytes from 0x80, apostrophes within), numbers as one `#` a digit (three
/// at most), single marks, line ends; spaces and other control characters are left out.
fn tokens(data: &[u8]) -> Vec<&[u8]> {
    let mut out: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let byte = data[at];
        if is_letter(byte) || byte.is_ascii_digit() {
            let end = word_end(data, at);
            let word = &data[at..end];
            let is_number = word.iter().all(u8::is_ascii_digit);
            out.push(if is_number {
                &b"###"[..word.len().min(3)]
            } else {
                word
            });
            at = end;
            continue;
        }
        let is_first_line_end = byte == b'\n' && out.last().is_some_and(|last| *last != b"\n");
        if is_first_line_end || (byte > b' ' && byte != 0x7F) {
            out.push(&data[at..=at]);
        }
        at += 1;
    }
    out
}

fn word_end(data: &[u8], start: usize) -> usize {
    let belongs = |at: usize| {
        let byte = data[at];
        let is_inner_apostrophe =
            byte == b'\'' && data.get(at + 1).is_some_and(|&next| is_letter(next));
        is_letter(byte) || byte.is_ascii_digit() || is_inner_apostrophe
    };
    (start + 1..data.len())
        .find(|&at| !belongs(at))
        .unwrap_or(data.len())
}

/// FNV-1a (32 bits) over the kind's letter and the parts with a zero byte before each, its halves
/// folded.
fn bucket(kind: u8, parts: &[&[u8]]) -> u32 {
    const START: u32 = 0x811C_9DC5;
    const PRIME: u32 = 0x0100_0193;
    let step = |value: u32, byte: u8| (value ^ u32::from(byte)).wrapping_mul(PRIME);
    let mut value = step(START, kind);
    for part in parts {
        value = step(value, 0);
        value = part.iter().fold(value, |value, &byte| step(value, byte));
    }
    (value ^ (value >> 16)) & (BUCKETS as u32 - 1)
}

/// 0, 1, 2, 3, then doubling: 4 to 7 is 4, 8 to 15 is 5 and so on.
fn level(count: usize) -> u8 {
    if count < 4 {
        return count as u8;
    }
    (usize::BITS - count.leading_zeros() + 1) as u8
}

/// Single words, pairs, triples, and pairs with one word between.
fn word_features(words: &[&[u8]]) -> Vec<u32> {
    let mut group = Vec::with_capacity(4 * words.len());
    group.extend(words.iter().map(|word| bucket(b'1', &[word])));
    group.extend(words.windows(2).map(|pair| bucket(b'2', pair)));
    for triple in words.windows(3) {
        group.push(bucket(b'3', triple));
        group.push(bucket(b's', &[triple[0], triple[2]]));
    }
    group
}

/// Three to five characters of each longer word with its borders marked.
fn char_features(words: &[&[u8]]) -> Vec<u32> {
    let mut group = Vec::new();
    for word in words.iter().filter(|word| word.len() > 2) {
        let padded = [b"<", &word[..word.len().min(MAX_WORD_BYTES)], b">"].concat();
        for size in 3..=5 {
            group.extend(padded.windows(size).map(|part| bucket(b'c', &[part])));
        }
    }
    group
}

/// How the prompt begins and ends, how each sentence begins, and the first word with each of the
/// next ones.
fn place_features(words: &[&[u8]]) -> Vec<u32> {
    let mut group = Vec::new();
    for size in 1..=4.min(words.len()) {
        group.push(bucket(b'f', &words[..size]));
        if size < 3 {
            group.push(bucket(b'l', &words[words.len() - size..]));
        }
    }
    for word in words.iter().skip(1).take(PAIRED_WORDS) {
        group.push(bucket(b'w', &[words[0], word]));
    }
    let mut begins = true;
    for (at, &word) in words.iter().enumerate() {
        let ends = matches!(word, b"\n" | b"." | b"!" | b"?" | b":");
        if begins && !ends && !matches!(word, b"-" | b"*") {
            group.push(bucket(b'b', &[word]));
            if let Some(next) = words.get(at + 1) {
                group.push(bucket(b'B', &[word, next]));
            }
            begins = false;
        }
        begins |= ends;
    }
    group
}

/// Counts in steps: length, sentences, questions, numbers, lines, commas, quotes, code marks, signs
/// of arithmetic, colons; the first word with the length; the share of capitals.
fn shape_features(data: &[u8], words: &[&[u8]]) -> Vec<u32> {
    let of_marks = |marks: &[u8]| {
        let is_wanted = |word: &&&[u8]| word.len() == 1 && marks.contains(&word[0]);
        words.iter().filter(is_wanted).count()
    };
    let n_numbers = words
        .iter()
        .filter(|word| matches!(**word, b"#" | b"##" | b"###"))
        .count();
    let counts = [
        words.len(),
        of_marks(b".!?"),
        of_marks(b"?"),
        n_numbers,
        of_marks(b"\n"),
        of_marks(b","),
        of_marks(b"\""),
        of_marks(b"{}[]<>_=;"),
        of_marks(b"$%+=/^\\"),
        of_marks(b":"),
    ];
    let mut group: Vec<u32> = counts
        .iter()
        .zip(0_u8..)
        .map(|(&count, kind)| bucket(b'n', &[&[kind, level(count)]]))
        .collect();
    if let [first, ..] = words {
        group.push(bucket(b'N', &[first, &[level(words.len())]]));
        group.push(bucket(b'e', &[words[words.len() - 1], &[level(n_numbers)]]));
    }
    let n_upper = data.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let share = n_upper * 16 / data.len().max(1);
    group.push(bucket(b'u', &[&[level(share)]]));
    group
}

/// Single words and pairs of the opening alone: in a long prompt what is asked would be lost among what
/// it is asked about.
fn opening_features(words: &[&[u8]]) -> Vec<u32> {
    let opening = &words[..words.len().min(OPENING_WORDS)];
    let single = opening.iter().map(|word| bucket(b'h', &[word]));
    let pairs = opening.windows(2).map(|pair| bucket(b'H', pair));
    single.chain(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(prompt: &str) -> Vec<String> {
        let plain = plain_lowercase(prompt.as_bytes());
        let text = |word: &&[u8]| String::from_utf8_lossy(word).into_owned();
        tokens(&plain).iter().map(text).collect()
    }

    #[test]
    fn prompts_fall_into_words_numbers_and_marks() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("What's UP?", &["what's", "up", "?"]),
            ("It\u{2019}s \u{201C}5\u{201D}", &["it's", "\"", "#", "\""]),
            ("1,234 x2 99", &["#", ",", "###", "x2", "##"]),
            ("a\n\n b\0c 'd'", &["a", "\n", "b", "c", "'", "d", "'"]),
            ("\n\u{1F600} caf\u{e9}", &["\u{1F600}", "caf\u{e9}"]),
        ];
        for (prompt, expected) in cases {
            assert_eq!(words_of(prompt), expected, "{prompt:?}");
        }
    }

    #[test]
    fn levels_double_from_four() {
        let got = [0, 1, 3, 4, 7, 8, 15, 16, 2_048].map(level);
        assert_eq!(got, [0, 1, 3, 4, 4, 5, 5, 6, 13]);
    }

    #[test]
    fn long_prompts_are_their_beginning_and_their_end() {
        let prompt = format!("{}{}{}", "a".repeat(1_536), "b".repeat(9), "c".repeat(512));
        let kept = cut(prompt.as_bytes());
        assert_eq!(kept.len(), MAX_BYTES);
        assert!(!kept.contains(&b'b'));
    }

    #[test]
    fn a_prompt_without_words_has_its_shape_only() {
        let groups = features(" \t\0");
        let sizes = groups.map(|group| group.len());
        assert_eq!(sizes, [0, 0, 0, 11, 0]);
    }
}
