//! Whatever a file, a target or a model's answer says: a result or an error that names its place, never a
//! panic.

use lilim_router::{
    ModelMapping, PromptFormat, Target, built_in_categories, match_label, parse_categories,
    parse_prompts_as, read_prompts,
};
use proptest::prelude::*;

/// Text with the signs that the formats give a meaning to, so that some of it parses.
fn formatted() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"",
        "\"\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
        "\r\n",
        "\\",
        "\\u00e9",
        " ",
        "id",
        "prompt",
        "prompts",
        "\"prompts\":[",
        "\"id\":1",
        "\"prompt\":\"x\"",
        "category",
        "é",
        "\0",
        "<think>",
        "</think>",
        "Factual",
        "ttft_p95",
        "<",
        ">=",
        "3",
        "0.5",
        "ms",
        "and",
        "energy",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in formatted()) {
        for format in [PromptFormat::Json, PromptFormat::Jsonl, PromptFormat::Csv] {
            let _ = parse_prompts_as(&text, format);
        }
        let _ = parse_categories(&text);
        let _ = ModelMapping::parse(&text);
        let _ = Target::parse(&text);
        let _ = match_label(&text, &built_in_categories());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for name in ["a", "a.json", "a.jsonl", "a.csv"] {
            let _ = read_prompts(&bytes, name);
        }
    }

    /// What the table says is what comes back, however it has to be quoted.
    #[test]
    fn prompts_survive_a_table(prompts in prop::collection::vec("[ -~\n\r\"é]{1,12}", 1..6)) {
        let quoted = prompts.iter().map(|prompt| format!("x,\"{}\"\r\n", prompt.replace('"', "\"\"")));
        let table = format!("id,prompt\r\n{}", quoted.collect::<String>());
        let set = parse_prompts_as(&table, PromptFormat::Csv).expect("the table is well formed");
        let got: Vec<_> = set.prompts.into_iter().map(|entry| entry.prompt).collect();
        prop_assert_eq!(got, prompts);
    }
}
