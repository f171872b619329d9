//! Bytes of a file to text.

use crate::RouterError;

/// Takes a file's bytes as text, without a byte order mark. `what` names the file's kind in messages.
///
/// # Errors
/// `Utf8` with the first byte that is not UTF-8, its offset and line.
pub fn utf8_text<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a str, RouterError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let offset = error.valid_up_to();
            let before = &bytes[..offset];
            Err(RouterError::Utf8 {
                what,
                byte: bytes[offset],
                offset,
                line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
                hint: match bytes {
                    [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                        "; it looks like UTF-16: save it as UTF-8"
                    }
                    _ => "",
                },
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_utf8_are_named_with_their_place() {
        assert_eq!(utf8_text("\u{feff}é".as_bytes(), "prompts"), Ok("é"));
        let cases: [(&[u8], &str); 3] = [
            (
                b"a\nb\xe9c",
                "prompts is not UTF-8: byte 0xe9 at offset 3, line 2",
            ),
            (
                b"\xc3",
                "prompts is not UTF-8: byte 0xc3 at offset 0, line 1",
            ),
            (
                b"\xff\xfea\0",
                "prompts is not UTF-8: byte 0xff at offset 0, line 1; it looks like UTF-16: save it as UTF-8",
            ),
        ];
        for (bytes, expected) in cases {
            let error = utf8_text(bytes, "prompts").unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
