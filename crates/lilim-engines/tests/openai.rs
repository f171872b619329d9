//! Servers as engines, against one of canned bytes: odd chunks, delays, faults.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod fake_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fake_server::{Act, LLAMA, PLAIN, STREAM, json, send, start};
use lilim_api::{
    CancelToken, Channel, ChunkEvent, Engine, EngineError, Event, FinishReason, GenerateRequest,
    LoadOptions, LoadedModel, ModelFiles, Prompt, SamplingOptions, StopOptions, Usage,
};
use lilim_engines::{Api, NullServer, OpenAiEngine, ServerAddress};

fn load(address: ServerAddress) -> Arc<dyn LoadedModel> {
    let engine = OpenAiEngine::connect(address).unwrap();
    let files = ModelFiles::Gguf("not looked at".into());
    let options = LoadOptions::default();
    engine.load(&files, &options, &mut |_| {}).unwrap()
}

fn address(url: &str) -> ServerAddress {
    let limit = Duration::from_millis(300);
    ServerAddress::new(url).unwrap().with_silence_limit(limit)
}

fn request(prompt: Prompt) -> GenerateRequest {
    GenerateRequest {
        prompt,
        sampling: SamplingOptions::greedy(),
        stop: StopOptions {
            max_tokens: Some(4),
            ignore_eos: true,
            ..StopOptions::default()
        },
        whole: false,
    }
}

fn text(prompt: &str) -> GenerateRequest {
    request(Prompt::Raw(prompt.to_owned()))
}

/// All events of one request.
fn events(model: &Arc<dyn LoadedModel>, request: GenerateRequest) -> Vec<Event> {
    let mut session = Arc::clone(model).session().unwrap();
    let receiver = session.generate(request, CancelToken::new()).unwrap();
    std::iter::from_fn(|| receiver.recv().map(|timed| timed.event)).collect()
}

/// Chunks, and how it ended.
fn answer(acts: Vec<Act>) -> (Vec<ChunkEvent>, Result<(FinishReason, Usage), String>) {
    let server = start(PLAIN, vec![acts]);
    let (mut chunks, mut end) = (Vec::new(), None);
    for event in events(&load(address(&server.url)), text("Once")) {
        assert!(end.is_none(), "{event:?} after the end");
        match event {
            Event::Chunk(chunk) => chunks.push(chunk),
            Event::Done { reason, usage, .. } => end = Some(Ok((reason, usage))),
            Event::Failed(error) => end = Some(Err(error.to_string())),
            other => panic!("{other:?}"),
        }
    }
    (chunks, end.expect("an end"))
}

const TWO: &str = concat!(
    "data: {\"choices\":[{\"text\":\"\",\"finish_reason\":null}]}\n\n",
    ": keep-alive\n\n",
    "data: {\"choices\":[{\"text\":\" é\",\"finish_reason\":null}]}\r\n\r\n",
    "data: {\"choices\":[{\"text\":\" on a\",\"finish_reason\":\"length\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":4}}\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn an_answer_is_the_same_however_its_bytes_come() {
    for at_once in [1, 5, 1000] {
        let mut acts = vec![send(STREAM), Act::Wait(Duration::from_millis(20))];
        for piece in TWO.as_bytes().chunks(at_once) {
            acts.push(Act::Send(piece.to_vec()));
        }
        let (chunks, end) = answer(acts);
        let texts: Vec<_> = chunks
            .iter()
            .map(|one| (&*one.text, one.n_tokens))
            .collect();
        assert_eq!(texts, [(" é", None), (" on a", None)], "{at_once}");
        let (reason, usage) = end.unwrap();
        assert_eq!(reason, FinishReason::Length);
        assert_eq!((usage.n_prompt, usage.n_out), (5, 4));
        assert!(usage.untold.n_cached && usage.untold.durations);
    }
}

#[test]
fn whatever_goes_wrong_is_an_error_that_says_what() {
    let event = "data: {\"choices\":[{\"text\":\" a\"}]}\n\n";
    let slow = Duration::from_millis(2000);
    for (acts, words) in [
        (
            vec![send(&json(
                "400 Bad Request",
                r#"{"error":{"message":"too long"}}"#,
            ))],
            "400 Bad Request: too long",
        ),
        (
            vec![send(&json("503 Service Unavailable", "loading"))],
            "503 Service Unavailable: loading",
        ),
        (
            vec![send(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            )],
            "302 Found",
        ),
        (
            vec![
                send(STREAM),
                send(event),
                send("data: {\"error\":{\"message\":\"out of memory\"}}\n\n"),
            ],
            "out of memory",
        ),
        (vec![send(STREAM), send(event)], "ended without saying why"),
        (vec![send(STREAM), send("data: {\"choi\n\n")], "no answer"),
        (
            vec![
                send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n",
                ),
                send(event),
            ],
            "broke off",
        ),
        (vec![Act::Hang], "silent for 0.3 s"),
        (vec![Act::Wait(slow), send(STREAM)], "silent for 0.3 s"),
        (
            vec![send(STREAM), send(event), Act::Hang],
            "silent for 0.3 s",
        ),
        (vec![], "server http://127.0.0.1"),
        (vec![send("nonsense\r\n\r\n")], "server http://127.0.0.1"),
    ] {
        let (_, end) = answer(acts);
        let error = end.expect_err(words);
        assert!(error.contains(words), "{error} (wanted: {words})");
    }
}

#[test]
fn a_server_that_is_not_there_or_has_no_such_model_is_an_error() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let error = OpenAiEngine::connect(address(&free))
        .unwrap_err()
        .to_string();
    assert!(error.contains("nothing listens"), "{error}");
    let server = start(PLAIN, vec![]);
    let named = address(&server.url).with_model("x".to_owned());
    let error = OpenAiEngine::connect(named).unwrap_err().to_string();
    assert!(error.contains("no model 'x' (it has: m)"), "{error}");
}

#[test]
fn llama_server_is_sent_token_ids_without_its_cache_and_the_key_where_there_is_one() {
    let body = json(
        "200 OK",
        r#"{"choices":[{"text":" a b","finish_reason":"length"}],"timings":{"cache_n":0,"prompt_n":3,"prompt_ms":1.0,"predicted_n":4,"predicted_ms":2.0}}"#,
    );
    let server = start(LLAMA, vec![vec![send(&body)]]);
    let model = load(address(&server.url).with_key("sk-1".to_owned()));
    assert_eq!(model.context(), 512);
    assert_eq!(model.tokenize("Once upon", true, false).unwrap(), [1, 2, 3]);
    let mut request = request(Prompt::Tokens(vec![1, 2, 3]));
    request.whole = true;
    let all = events(&model, request);
    let Event::Chunk(chunk) = &all[0] else {
        panic!("{all:?}")
    };
    assert_eq!((&*chunk.text, chunk.n_tokens), (" a b", Some(4)));
    let asked = server
        .requests
        .iter()
        .find(|(path, ..)| path == "/v1/completions");
    let (_, head, body) = asked.unwrap();
    assert!(head.contains("Bearer sk-1"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    for (field, value) in [
        ("prompt", serde_json::json!([1, 2, 3])),
        ("cache_prompt", false.into()),
        ("ignore_eos", true.into()),
        ("temperature", 0.0.into()),
        ("stream", false.into()),
        ("max_tokens", 4.into()),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
}

#[test]
fn a_plain_server_takes_text_and_no_more_than_the_api_has_where_it_is_strict() {
    let server = start(PLAIN, vec![vec![], vec![]]);
    let strict = address(&server.url).with_api(Api::Chat).strict();
    let model = load(strict);
    let unsupported = model.tokenize("x", true, false).unwrap_err();
    assert!(matches!(unsupported, EngineError::Unsupported { .. }));
    events(&model, text("Hi"));
    let asked = server
        .requests
        .iter()
        .find(|(path, ..)| path.contains("completions"));
    let (path, _, body) = asked.unwrap();
    assert_eq!(path, "/v1/chat/completions");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["messages"][0]["content"], "Hi");
    let known = [
        "model",
        "messages",
        "stream",
        "temperature",
        "max_tokens",
        "stream_options",
    ];
    let fields: Vec<_> = body.as_object().unwrap().keys().collect();
    assert!(
        fields.iter().all(|field| known.contains(&field.as_str())),
        "{fields:?}"
    );
}

#[test]
fn a_cancel_ends_a_hanging_request_at_once_and_the_session_goes_on() {
    let server = start(
        PLAIN,
        vec![vec![send(STREAM), Act::Hang], vec![send(STREAM), send(TWO)]],
    );
    let patient = ServerAddress::new(&server.url).unwrap();
    let mut session = load(patient).session().unwrap();
    let start = Instant::now();
    let receiver = session.generate(text("a"), CancelToken::new()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    receiver.cancel_token().cancel();
    let end = receiver.recv().unwrap().event;
    let cancelled = FinishReason::Cancelled;
    assert!(
        matches!(end, Event::Done { reason, .. } if reason == cancelled),
        "{end:?}"
    );
    let receiver = session.generate(text("b"), CancelToken::new()).unwrap();
    let all: Vec<_> = std::iter::from_fn(|| receiver.recv()).collect();
    assert!(
        matches!(all.last().unwrap().event, Event::Done { .. }),
        "{all:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn the_null_server_answers_as_many_tokens_as_are_asked_for() {
    let null = NullServer::start().unwrap();
    let model = load(address(&null.url()));
    let ids = model.tokenize("eight by", true, false).unwrap();
    assert_eq!(ids.len(), 2);
    for whole in [false, true] {
        let mut request = request(Prompt::Tokens(ids.clone()));
        request.whole = whole;
        let all = events(&model, request);
        let n_chunks = all
            .iter()
            .filter(|event| matches!(event, Event::Chunk(_)))
            .count();
        assert_eq!(n_chunks, if whole { 1 } else { 4 });
        let Some(Event::Done { usage, reason, .. }) = all.last() else {
            panic!("{all:?}")
        };
        assert_eq!((usage.n_prompt, usage.n_cached, usage.n_out), (2, 0, 4));
        assert_eq!(*reason, FinishReason::Length);
    }
}

#[test]
fn reasoning_tools_and_roles_have_channels_of_their_own() {
    let stream = concat!(
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"yes\"},\"finish_reason\":\"stop\"}]}\n\n",
    );
    let (chunks, end) = answer(vec![send(STREAM), send(stream)]);
    let channels: Vec<_> = chunks.iter().map(|chunk| chunk.channel).collect();
    assert_eq!(
        channels,
        [Channel::Role, Channel::Reasoning, Channel::Content]
    );
    assert_eq!(end.unwrap().0, FinishReason::Stop);
}
