//! Chat templates against renderings by `transformers`: fixtures/templates/cases.json.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skipped"
)]

use std::fs;
use std::path::PathBuf;

use lilim_api::{Message, Role, TemplateOptions, ToolCall};
use lilim_text::{ChatTemplate, LocalTime, RenderRequest, TextError};
use serde_json::{Map, Value, json};

const NOW: LocalTime = LocalTime {
    year: 2026,
    month: 11,
    day: 21,
    hour: 9,
    minute: 5,
    second: 7,
};

/// Corners of Jinja2 that are not reached; no chat template that we know uses them.
const KNOWN: [(&str, &str); 9] = [
    ("probe/strings_9", "text % values"),
    ("probe/filters_11", "the filters striptags and center"),
    (
        "probe/printing_2",
        "invisible characters escaped inside printed lists",
    ),
    ("probe/printing_3", "the sign + before a number"),
    ("probe/tojson_5", "1 and true are one key of a dict"),
    ("probe/tests_1", "the test callable"),
    (
        "probe/loops_9",
        "loop.last when the loop goes over the characters of a text",
    ),
    ("probe/macros", "varargs and kwargs in macros"),
    (
        "error/compare_text_and_number",
        "order between text and number is an error",
    ),
];

fn cases() -> Option<Value> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/templates/cases.json");
    match fs::read(path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            eprintln!("skipped: fixtures/templates/cases.json is not there");
            None
        }
    }
}

fn render(cases: &Value, case: &Value) -> Result<String, TextError> {
    let text = |key: &str| case[key].as_str().unwrap();
    let source = cases["templates"][text("template")]["text"]
        .as_str()
        .unwrap();
    let template = ChatTemplate::new(source, text("bos_token"), text("eos_token"))?;
    let mut context: Map<String, Value> = case["extra"].as_object().unwrap().clone();
    for key in ["messages", "tools", "add_generation_prompt"] {
        context.insert(key.to_owned(), case[key].clone());
    }
    context.insert(
        "documents".to_owned(),
        case["extra"].get("documents").cloned().into(),
    );
    assert_eq!(text("now"), "2026-11-21T09:05:07");
    template.render_json(context, NOW)
}

#[test]
fn templates_render_as_transformers_does() {
    let Some(cases) = cases() else { return };
    let all = cases["cases"].as_array().unwrap();
    assert!(all.len() > 500, "{} cases", all.len());
    let mut wrong = Vec::new();
    for case in all {
        let name = case["name"].as_str().unwrap();
        let found = render(&cases, case);
        let fault = match (&found, case["expected"].as_str(), &case["expected_error"]) {
            (Ok(found), Some(expected), _) if found == expected => continue,
            (Err(TextError::TemplateRefused { message }), None, error)
                if error["kind"] == "raised" && error["message"] == message.as_str() =>
            {
                continue;
            }
            (Err(error), None, expected) if expected["kind"] != "raised" => {
                assert!(
                    !matches!(error, TextError::TemplateRefused { .. }),
                    "{name}"
                );
                continue;
            }
            (found, Some(expected), _) => {
                let source = &cases["templates"][case["template"].as_str().unwrap()]["text"];
                let source = if name.starts_with("probe") {
                    source.to_string()
                } else {
                    String::new()
                };
                format!("  found    {found:?}\n  expected {expected:?}\n {source}")
            }
            (found, None, error) => format!("  found    {found:?}\n  expected error {error}"),
        };
        wrong.push(format!("{name}\n{fault}"));
    }
    for (name, what) in KNOWN {
        let place = wrong
            .iter()
            .position(|fault| fault.lines().next() == Some(name));
        wrong.remove(place.unwrap_or_else(|| panic!("{name} is right now: {what}")));
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        all.len(),
        wrong.join("\n")
    );
}

fn template(source: &str) -> Result<ChatTemplate, TextError> {
    ChatTemplate::new(source, "<s>", "</s>")
}

#[test]
fn messages_have_the_shape_that_templates_expect() {
    let source = "{{ bos_token }}{% for m in messages %}[{{ m.role }}:{{ m['content'] }}\
        {% for c in m.tool_calls %}|{{ c.type }} {{ c.id }} {{ c.function.name }} {{ c.function.arguments | tojson }}{% endfor %}\
        {{ m.reasoning_content }}{{ m.tool_call_id }}]{% endfor %}\
        {{ tools | tojson }} {{ enable_thinking }} {{ strftime_now('%d %b %Y') }}{% if add_generation_prompt %}>{% endif %}";
    let call = ToolCall {
        id: Some("c1".to_owned()),
        name: "add".to_owned(),
        arguments: json!({"b": 1, "a": [1.0, "<é>"]}),
    };
    let messages = [
        Message::user("hi"),
        Message {
            tool_calls: vec![call],
            reasoning_content: Some("hm".to_owned()),
            ..Message::assistant("")
        },
        Message {
            tool_call_id: Some("c1".to_owned()),
            ..Message::text(Role::Tool, "2")
        },
    ];
    let mut options = TemplateOptions {
        tools: vec![json!({"type": "function"})],
        ..TemplateOptions::default()
    };
    options
        .variables
        .insert("enable_thinking".to_owned(), json!(false));
    options
        .variables
        .insert("messages".to_owned(), json!("ignored"));
    let request = RenderRequest {
        messages: &messages,
        options: &options,
        add_generation_prompt: true,
        now: NOW,
    };
    assert_eq!(
        template(source).unwrap().render(&request).unwrap(),
        "<s>[user:hi][assistant:|function c1 add {\"b\": 1, \"a\": [1.0, \"<é>\"]}hm][tool:2c1]\
         [{\"type\": \"function\"}] False 21 Nov 2026>"
    );
    options.tools.clear();
    let request = RenderRequest {
        messages: &[],
        options: &options,
        add_generation_prompt: false,
        now: NOW,
    };
    assert_eq!(
        template("{{ tools is none }}")
            .unwrap()
            .render(&request)
            .unwrap(),
        "True"
    );
}

/// Qwen3-Coder's and Nemotron's templates ask so whether there are tools.
#[test]
fn none_and_numbers_are_not_iterable() {
    let source = "{% for x in [none, 1, true, '', [], {}] %}{{ x is iterable }} {% endfor %}\
                  {{ missing is iterable }}";
    let options = TemplateOptions::default();
    let request = RenderRequest {
        messages: &[],
        options: &options,
        add_generation_prompt: false,
        now: NOW,
    };
    let text = template(source).unwrap().render(&request).unwrap();
    assert_eq!(text, "False False False True True True True");
}

#[test]
fn hostile_templates_end_with_an_error() {
    let nested = format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let nested = ["{{", &nested, "}}"].concat();
    let cases = [
        (
            "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
            "instructions",
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", ""),
        (
            "{% for i in range(9999) %}{{ 'x' * 1000000 }}{% endfor %}",
            "bytes of output",
        ),
        ("{{ '%s' | format }}", ""),
        (
            "{{ raise_exception('no') }}",
            "refuses the conversation: no",
        ),
        ("{% if %}", "invalid at line 1"),
        ("\n\n{{ 1 +", "invalid at line 3"),
        ("{% include 'etc/passwd' %}", ""),
        ("{{ strftime_now('%Q') }}", "strftime_now"),
        ("{{ [1] | tojson(indent=-1) }}", ""),
        (&nested, ""),
    ];
    for (source, expected) in cases {
        let outcome = template(source).and_then(|t| t.render_json(Map::new(), NOW));
        let error = outcome.unwrap_err().to_string();
        assert!(
            error.contains(expected),
            "{error:?} should contain {expected:?}"
        );
    }
}

#[test]
fn a_named_template_is_known() {
    let request = RenderRequest {
        messages: &[
            Message::system("S"),
            Message::user(" a "),
            Message::assistant("b"),
            Message::user("c"),
        ],
        options: &TemplateOptions::default(),
        add_generation_prompt: true,
        now: NOW,
    };
    assert_eq!(
        template("rwkv-world").unwrap().render(&request).unwrap(),
        "S\n\nUser: a\n\nAssistant: b\n\nUser: c\n\nAssistant:"
    );
}
