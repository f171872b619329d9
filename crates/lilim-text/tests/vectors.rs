//! Vocabularies with known tokenizations: llama.cpp's vectors and the originals' own.

use std::fs;
use std::path::PathBuf;

use lilim_formats::gguf::Gguf;
use lilim_text::{AddSpecial, EncodeOptions, Tokenizer};

const PLAIN: EncodeOptions =
    EncodeOptions { add_special: AddSpecial::Never, parse_special: false };

fn shared(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/tokenizers")
        .join(name);
    let bytes = fs::read(path).ok();
    if bytes.is_none() {
        eprintln!("skipped: {name} is not there");
    }
    bytes
}

fn from_gguf(name: &str) -> Option<Tokenizer> {
    let bytes = shared(name)?;
    Some(Tokenizer::from_gguf(Gguf::parse(name, &bytes).unwrap().metadata()).unwrap())
}

fn check_llama_cpp_vectors(name: &str) {
    let Some(tokenizer) = from_gguf(&format!("{name}.gguf")) else { return };
    let inputs = String::from_utf8(shared(&format!("{name}.gguf.inp")).unwrap()).unwrap();
    let outputs = String::from_utf8(shared(&format!("{name}.gguf.out")).unwrap()).unwrap();
    let separator = "\n__ggml_vocab_test__\n";
    let texts: Vec<&str> = inputs.trim_end_matches(separator).split(separator).collect();
    let lines: Vec<&str> = outputs.lines().collect();
    assert_eq!(texts.len(), lines.len());
    assert!(texts.len() >= 40, "{name} has {} cases", texts.len());
    let mut wrong = Vec::new();
    for (text, line) in texts.iter().zip(lines) {
        let expected: Vec<u32> = line.split_whitespace().map(|id| id.parse().unwrap()).collect();
        let found = tokenizer.encode(text, PLAIN).unwrap();
        if found != expected {
            wrong.push(format!("{text:?}\n  found    {found:?}\n  expected {expected:?}"));
        }
        assert_eq!(tokenizer.decode(&found, true), *text, "{name} {text:?}");
    }
    assert!(wrong.is_empty(), "{name}: {} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! llama_cpp_vectors {
    ($($test:ident: $name:literal,)*) => {$(
        #[test]
        fn $test() {
            check_llama_cpp_vectors($name);
        }
    )*};
}

llama_cpp_vectors! {
    vectors_of_deepseek_coder: "ggml-vocab-deepseek-coder",
    vectors_of_falcon: "ggml-vocab-falcon",
    vectors_of_gemma_4: "ggml-vocab-gemma-4",
    vectors_of_gpt_2: "ggml-vocab-gpt-2",
    vectors_of_llama_bpe: "ggml-vocab-llama-bpe",
    vectors_of_llama_spm: "ggml-vocab-llama-spm",
    vectors_of_phi_3: "ggml-vocab-phi-3",
    vectors_of_qwen2: "ggml-vocab-qwen2",
    vectors_of_refact: "ggml-vocab-refact",
}
