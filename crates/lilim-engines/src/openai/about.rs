//! What a server is: asked once, at the paths by which servers are told apart.

use std::collections::BTreeMap;

use lilim_api::EngineError;
use serde_json::{Value, json};

use super::ServerAddress;
use super::http::Http;

/// The servers whose ways are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// llama.cpp's.
    LlamaServer,
    /// vLLM's.
    Vllm,
    /// Any other: asked for nothing but what OpenAI's API has, and to go on after an end token.
    Other,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LlamaServer => "llama-server",
            Self::Vllm => "vllm",
            Self::Other => "openai",
        }
    }
}

/// How a server's tokenizer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tokenizer {
    LlamaServer,
    Vllm,
}

impl Tokenizer {
    pub(super) fn question(self, model: &str, text: &str, add_bos: bool, special: bool) -> Value {
        match self {
            Self::LlamaServer => {
                json!({ "content": text, "add_special": add_bos, "parse_special": special })
            }
            Self::Vllm => {
                json!({ "model": model, "prompt": text, "add_special_tokens": add_bos })
            }
        }
    }
}

/// What was found out.
#[derive(Debug)]
pub(super) struct About {
    pub(super) kind: Kind,
    pub(super) model: String,
    /// `None` where prompts have to travel as text.
    pub(super) tokenizer: Option<Tokenizer>,
    pub(super) context: Option<usize>,
    pub(super) told: BTreeMap<String, String>,
}

impl About {
    pub(super) fn ask(http: &Http, address: &ServerAddress) -> Result<Self, EngineError> {
        let listed = http.get("/v1/models")?;
        let entries = listed.as_ref().and_then(|body| body["data"].as_array());
        let entries = entries.map_or(&[][..], Vec::as_slice);
        let (model, entry) = choose(http, address, entries)?;
        let mut about = Self {
            kind: Kind::Other,
            model,
            tokenizer: None,
            context: None,
            told: BTreeMap::new(),
        };
        about.context = entry.and_then(|entry| count(&entry["max_model_len"]));
        // what is not told, or not to everybody, is told to nobody: no reason to give up
        if let Ok(Some(props)) = http.get("/props") {
            about.take_props(&props);
        } else if let Ok(Some(version)) = http.get("/version") {
            about.take_version(&version);
        }
        if let Some(context) = about.context {
            about.told.insert("context".to_owned(), context.to_string());
        }
        if address.api == super::Api::Completions {
            about.find_tokenizer(http);
        }
        Ok(about)
    }

    fn take_props(&mut self, props: &Value) {
        let Some(settings) = props.get("default_generation_settings") else {
            return;
        };
        self.kind = Kind::LlamaServer;
        self.context = count(&settings["n_ctx"]);
        for (name, value) in [
            ("build", &props["build_info"]),
            ("slots", &props["total_slots"]),
            ("quantization", &props["model_ftype"]),
            ("model_path", &props["model_path"]),
        ] {
            let text = value.as_str().map(str::to_owned);
            if let Some(text) = text.or_else(|| value.as_u64().map(|n| n.to_string())) {
                self.told
                    .insert(name.to_owned(), file_name(&text).to_owned());
            }
        }
    }

    fn take_version(&mut self, version: &Value) {
        if let Some(version) = version["version"].as_str() {
            self.told.insert("build".to_owned(), version.to_owned());
            // Ollama has a version too, but no length of context in its list of models
            if self.context.is_some() {
                self.kind = Kind::Vllm;
            }
        }
    }

    fn find_tokenizer(&mut self, http: &Http) {
        let tokenizer = match self.kind {
            Kind::LlamaServer => Tokenizer::LlamaServer,
            Kind::Vllm => Tokenizer::Vllm,
            Kind::Other => return,
        };
        let question = tokenizer.question(&self.model, "Once", true, false);
        let answered = http.ask("/tokenize", &question);
        let has_one = answered.is_ok_and(|answer| answer.is_some_and(|one| ids(&one).is_some()));
        self.tokenizer = has_one.then_some(tokenizer);
    }
}

/// A path on somebody else's disk says nothing but its name.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Token ids of a tokenizer's answer.
pub(super) fn ids(answer: &Value) -> Option<Vec<u32>> {
    let all = answer["tokens"].as_array()?.iter();
    all.map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

fn count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// The model that the user named, or the only one, with its entry.
fn choose<'a>(
    http: &Http,
    address: &ServerAddress,
    entries: &'a [Value],
) -> Result<(String, Option<&'a Value>), EngineError> {
    let id_of = |entry: &'a Value| entry["id"].as_str();
    let known: Vec<&str> = entries.iter().filter_map(id_of).collect();
    match (&address.model, known.as_slice()) {
        (Some(name), known) if known.is_empty() || known.contains(&name.as_str()) => {
            let entry = entries.iter().find(|entry| id_of(entry) == Some(name));
            Ok((name.clone(), entry))
        }
        (Some(name), known) => Err(http.error(format!(
            "it has no model '{name}' (it has: {})",
            known.join(", ")
        ))),
        (None, [only]) => Ok(((*only).to_owned(), entries.first())),
        (None, []) => Err(http.error("it lists no model; name one (model=NAME)")),
        (None, several) => Err(http.error(format!(
            "it has several models; name one (model=NAME): {}",
            several.join(", ")
        ))),
    }
}
