//! What a chat template sees: messages, tools and variables in the shape that `transformers`
//! gives them, and the time.

use lilim_api::Message;
use minijinja::value::Serde;
use minijinja::{Error, ErrorKind, Value, context};
use serde_json::{Map, Value as Json, json};

use super::RenderRequest;

/// A moment on the user's clock and calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The year, such as 2026.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
    /// 0 to 59.
    pub second: i8,
}

/// Builds the variables of a request. Variables of the caller do not replace the conversation.
pub(super) fn context_of(request: &RenderRequest<'_>, bos: &str, eos: &str) -> Value {
    let options = request.options;
    let mut variables: Map<String, Json> = options.variables.clone();
    let messages: Vec<Json> = request.messages.iter().map(message_json).collect();
    variables.insert("messages".to_owned(), messages.into());
    let tools = if options.tools.is_empty() {
        Json::Null
    } else {
        options.tools.clone().into()
    };
    variables.insert("tools".to_owned(), tools);
    variables.entry("documents").or_insert(Json::Null);
    variables.insert(
        "add_generation_prompt".to_owned(),
        request.add_generation_prompt.into(),
    );
    variables.insert("bos_token".to_owned(), bos.into());
    variables.insert("eos_token".to_owned(), eos.into());
    Value::from(Serde(variables))
}

fn message_json(message: &Message) -> Json {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Json| fields.insert(key.to_owned(), value);
    put("role", message.role.as_str().into());
    put("content", message.content.as_str().into());
    if let Some(reasoning) = &message.reasoning_content {
        // Templates know the thinking by different names.
        put("thinking", reasoning.as_str().into());
        put("reasoning_content", reasoning.as_str().into());
    }
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            let mut value = json!({
                "type": "function",
                "function": { "name": call.name, "arguments": call.arguments },
            });
            if let Some(id) = &call.id {
                value["id"] = id.as_str().into();
            }
            value
        });
        put("tool_calls", calls.collect());
    }
    if let Some(id) = &message.tool_call_id {
        put("tool_call_id", id.as_str().into());
    }
    if let Some(name) = &message.name {
        put("name", name.as_str().into());
    }
    Json::Object(fields)
}

/// Adds `strftime_now`, which tells `now` in the format given.
pub(super) fn with_time(variables: Value, now: LocalTime) -> Value {
    let strftime_now = move |format: &str| -> Result<String, Error> {
        let failed = |error: jiff::Error| {
            Error::new(
                ErrorKind::InvalidOperation,
                format!("strftime_now({format:?}): {error}"),
            )
        };
        let LocalTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = now;
        let time = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0)
            .map_err(failed)?;
        jiff::fmt::strtime::format(format, time).map_err(failed)
    };
    context! { strftime_now => Value::from_function(strftime_now), ..variables }
}
