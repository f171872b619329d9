//! The printable stand-ins of GPT-2's byte-level vocabularies: each byte is written as one
//! character, printable Latin-1 as itself and the other 68 bytes as U+0100 and up.
//!
//! *Source*: `bytes_to_unicode` of GPT-2's `encoder.py`.

use std::sync::LazyLock;

/// The character of each byte.
pub(crate) static CHAR_OF_BYTE: LazyLock<[char; 256]> = LazyLock::new(|| {
    let mut next = 0x100_u32;
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        if matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF) {
            return char::from(byte);
        }
        let stand_in = char::from_u32(next).expect("U+0100 to U+0143 are characters");
        next += 1;
        stand_in
    })
});

/// The byte of each character below [`N_CHARS`].
static BYTE_OF_CHAR: LazyLock<[Option<u8>; N_CHARS]> = LazyLock::new(|| {
    let mut table = [None; N_CHARS];
    for (byte, &stand_in) in CHAR_OF_BYTE.iter().enumerate() {
        table[stand_in as usize] = Some(byte as u8);
    }
    table
});

const N_CHARS: usize = 0x100 + 68;

/// Turns a token's text into the bytes it stands for; a text with any other character stands for
/// itself, as added tokens do.
pub(crate) fn bytes_of_text(text: &str) -> Vec<u8> {
    let byte_of = |c: char| BYTE_OF_CHAR.get(c as usize).copied().flatten();
    text.chars()
        .map(byte_of)
        .collect::<Option<Vec<u8>>>()
        .unwrap_or_else(|| text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_from_its_character() {
        for byte in 0..=u8::MAX {
            let text = CHAR_OF_BYTE[usize::from(byte)].to_string();
            assert_eq!(bytes_of_text(&text), [byte]);
        }
    }

    #[test]
    fn known_stand_ins() {
        assert_eq!(CHAR_OF_BYTE[usize::from(b' ')], 'Ġ');
        assert_eq!(CHAR_OF_BYTE[usize::from(b'\n')], 'Ċ');
        assert_eq!(CHAR_OF_BYTE[0xAD], 'Ń');
        assert_eq!(bytes_of_text("a b"), b"a b");
        assert_eq!(bytes_of_text("日"), "日".as_bytes());
    }
}
