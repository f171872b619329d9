//! RWKV's World vocabulary: at each place of the text, the longest token that fits.
//!
//! The trie keeps each node's children sorted in one array, so 65 536 tokens take about 2 MB.

use super::vocab::{TokenKind, Vocab};
use crate::TextError;

/// Tokens by their bytes.
#[derive(Debug)]
pub(crate) struct Rwkv {
    /// Text tokens sorted by their bytes.
    sorted: Vec<u32>,
    /// For each first byte, where its tokens begin in `sorted`; `starts[256]` is the end.
    starts: [usize; 257],
    unknown: Option<u32>,
}

impl Rwkv {
    pub(crate) fn new(vocab: &Vocab, unknown: Option<u32>) -> Self {
        let mut sorted: Vec<u32> = vocab
            .iter()
            .filter(|&(id, _, kind)| {
                matches!(
                    kind,
                    TokenKind::Normal | TokenKind::Byte | TokenKind::UserDefined
                ) && !vocab.bytes(id).is_empty()
            })
            .map(|(id, _, _)| id)
            .collect();
        sorted.sort_by(|&a, &b| vocab.bytes(a).cmp(vocab.bytes(b)));
        let starts = std::array::from_fn(|byte| {
            sorted.partition_point(|&id| usize::from(vocab.bytes(id)[0]) < byte)
        });
        Self {
            sorted,
            starts,
            unknown,
        }
    }

    /// Appends the tokens of `text`.
    pub(crate) fn encode(
        &self,
        vocab: &Vocab,
        text: &[u8],
        out: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        let mut offset = 0;
        while offset < text.len() {
            if let Some(id) = self.longest(vocab, &text[offset..]) {
                out.push(id);
                offset += vocab.bytes(id).len();
            } else {
                let byte = text[offset];
                out.push(self.unknown.ok_or(TextError::NoToken { byte, offset })?);
                offset += 1;
            }
        }
        Ok(())
    }

    /// Narrows the sorted tokens byte by byte; of those left at each depth the first, if it ends
    /// there, is a match.
    fn longest(&self, vocab: &Vocab, text: &[u8]) -> Option<u32> {
        let first = usize::from(text[0]);
        let mut range = self.starts[first]..self.starts[first + 1];
        let mut longest = None;
        for depth in 1..=text.len() {
            let candidates = &self.sorted[range.clone()];
            let &head = candidates.first()?;
            if vocab.bytes(head).len() == depth {
                longest = Some(head);
            }
            let Some(&byte) = text.get(depth) else { break };
            let below = candidates
                .partition_point(|&id| vocab.bytes(id).get(depth).is_none_or(|&b| b < byte));
            let same = candidates[below..].partition_point(|&id| vocab.bytes(id)[depth] == byte);
            if same == 0 {
                break;
            }
            range = range.start + below..range.start + below + same;
        }
        longest
    }
}

/// Undoes the escapes with which GGUF files write RWKV tokens: `\t \n \r \xNN`, and a backslash
/// before any other character means that character.
pub(crate) fn unescape(piece: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&escape, tail) = rest.split_first()?;
        rest = tail;
        bytes.push(match escape {
            b't' => b'\t',
            b'n' => b'\n',
            b'r' => b'\r',
            b'x' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    Some(bytes)
}

/// One line of the World vocabulary's text file: an id, the token as a Python string or bytes
/// literal, and its length in bytes.
pub(crate) fn parse_line(line: &str) -> Result<(u32, Vec<u8>), String> {
    let (id, rest) = line.split_once(' ').ok_or("has no space after the id")?;
    let (literal, len) = rest.rsplit_once(' ').ok_or("has no length")?;
    let id: u32 = id
        .parse()
        .map_err(|_| format!("begins with {id:?}, not an id"))?;
    let len: usize = len
        .trim_end()
        .parse()
        .map_err(|_| format!("ends with {len:?}, not a length"))?;
    let bytes = parse_literal(literal).ok_or_else(|| format!("has the bad literal {literal}"))?;
    if bytes.len() != len {
        return Err(format!(
            "says {len} bytes, but the literal has {}",
            bytes.len()
        ));
    }
    Ok((id, bytes))
}

/// Reads a Python literal `'…'`, `"…"` or `b'…'`: in strings `\xNN` is a character, in bytes a
/// byte.
fn parse_literal(literal: &str) -> Option<Vec<u8>> {
    let (is_bytes, quoted) = match literal.strip_prefix('b') {
        Some(quoted) => (true, quoted),
        None => (false, literal),
    };
    let quote = quoted.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut chars = quoted[1..].strip_suffix(quote)?.chars();
    let mut bytes = Vec::new();
    let mut push = |c: char| {
        if is_bytes {
            bytes.push(u8::try_from(u32::from(c)).ok()?);
        } else {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Some(())
    };
    while let Some(c) = chars.next() {
        if c != '\\' {
            push(c)?;
            continue;
        }
        let digits = match chars.next()? {
            't' => {
                push('\t')?;
                continue;
            }
            'n' => {
                push('\n')?;
                continue;
            }
            'r' => {
                push('\r')?;
                continue;
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            plain @ ('\\' | '\'' | '"') => {
                push(plain)?;
                continue;
            }
            _ => return None,
        };
        let mut code = 0_u32;
        for _ in 0..digits {
            code = code.checked_mul(16)? + chars.next()?.to_digit(16)?;
        }
        push(char::from_u32(code)?)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_gguf_files() {
        let cases: [(&str, Option<&[u8]>); 8] = [
            ("abc", Some(b"abc")),
            (r"\t\n\r\\\'", Some(b"\t\n\r\\'")),
            (r"\x00\xff!", Some(b"\x00\xff!")),
            ("日", Some("日".as_bytes())),
            (r"\xe6\x97", Some(b"\xe6\x97")),
            (r"\x0", None),
            (r"\xgg", None),
            ("\\", None),
        ];
        for (piece, expected) in cases {
            assert_eq!(unescape(piece).as_deref(), expected, "{piece:?}");
        }
    }

    #[test]
    fn lines_of_the_vocabulary_file() {
        assert_eq!(parse_line(r"2 '\x01' 1"), Ok((2, vec![1])));
        assert_eq!(parse_line(r#"40 "'" 1"#), Ok((40, b"'".to_vec())));
        assert_eq!(parse_line(r"129 b'\x80' 1"), Ok((129, vec![0x80])));
        assert_eq!(parse_line("9 ' ' 1"), Ok((9, b" ".to_vec())));
        assert_eq!(parse_line(r"9 '\xe9' 2"), Ok((9, "é".as_bytes().to_vec())));
        for bad in [
            "",
            "x 'a' 1",
            "1 'a' 2",
            "1 'a 1",
            "1 'a' x",
            r"1 '\q' 1",
            "1 '",
        ] {
            assert!(parse_line(bad).is_err(), "{bad:?}");
        }
    }
}
