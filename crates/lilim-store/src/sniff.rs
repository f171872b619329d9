//! What a file that is no GGUF file looks like: the likely mistakes, named from the first bytes.

/// Names the format that the first bytes look like; `None` when they look like nothing known.
pub(crate) fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    const MAGICS: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a zip archive or a PyTorch checkpoint"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
        (
            b"version https://git-lfs",
            "a Git LFS pointer (the file itself was not downloaded)",
        ),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x89HDF", "an HDF5 file"),
        (b"tjgg", "a GGJT file, the format before GGUF"),
        (b"fmgg", "a GGMF file, the format before GGUF"),
        (b"lmgg", "a GGML file, the format before GGUF"),
        (b"FUGG", "a big-endian GGUF file"),
        (b"%PDF", "a PDF document"),
    ];
    if let Some((_, name)) = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(name);
    }
    if is_pickle(bytes) {
        return Some("a Python pickle");
    }
    // safetensors: the header's length in 8 bytes, then the header, a JSON object.
    if bytes.len() > 9 && bytes[8] == b'{' && matches!(bytes[9], b'"' | b'}' | b' ' | b'\n') {
        return Some("a safetensors file");
    }
    let text: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(u8::is_ascii_whitespace)
        .take(16)
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    if [b"<!doctype" as &[u8], b"<html", b"<?xml"]
        .iter()
        .any(|tag| text.starts_with(tag))
    {
        return Some("a web page (the download gave a page instead of the file)");
    }
    if text.starts_with(b"{") || text.starts_with(b"[") {
        return Some("a JSON file");
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return Some("zeros only (a download that did not finish)");
    }
    None
}

/// The protocol opcode and a version from 2 to 5.
fn is_pickle(bytes: &[u8]) -> bool {
    bytes.len() > 1 && bytes[0] == 0x80 && (2..=5).contains(&bytes[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likely_mistakes_are_named() {
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"PK\x03\x04\x14\0", Some("zip")),
            (b"\x80\x02}q\0", Some("pickle")),
            (b"\x40\0\0\0\0\0\0\0{\"a\":{}", Some("safetensors")),
            (b"\n <!DOCTYPE html><html>", Some("web page")),
            (b"<html lang=en>", Some("web page")),
            (b"{\"error\":\"x\"}", Some("JSON")),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                Some("Git LFS"),
            ),
            (b"tjgg\x03\0\0\0", Some("GGJT")),
            (&[0; 64], Some("zeros")),
            (b"hello there", None),
        ];
        for (bytes, expected) in cases {
            let found = looks_like(bytes);
            match expected {
                Some(part) => assert!(found.unwrap().contains(part), "{found:?}, not {part}"),
                None => assert_eq!(found, None),
            }
        }
    }
}
