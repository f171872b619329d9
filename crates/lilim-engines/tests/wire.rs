//! Messages in both encodings: everything that is written is read back bit for bit, and bytes that
//! are no message are refused.

use lilim_api::{
    EngineError, Event, FinishReason, GenerateRequest, Message, Prompt, SamplingOptions,
    TemplateOptions, TokenEvent, Usage,
};
use lilim_engines::wire::{
    Answer, Call, Encoding, Logits, Reply, Request, decode, encode, frame, read_frame,
};
use proptest::prelude::*;

fn reply(reply: Answer) -> Reply {
    Reply { id: 3, reply }
}

fn request_of(prompt: Prompt) -> Request {
    let mut request = GenerateRequest::new(prompt);
    request.sampling = SamplingOptions {
        logit_bias: vec![(7, f32::NEG_INFINITY), (8, -1.5)],
        seed: Some(u64::MAX),
        ..SamplingOptions::default()
    };
    let (session, request, credits) = (2, Box::new(request), 63);
    Request {
        id: 3,
        call: Call::Generate {
            session,
            request,
            credits,
        },
    }
}

#[test]
fn requests_come_back_as_they_were() {
    let tools = vec![serde_json::json!({"name": "f", "big": u64::MAX, "x": [1.5, null, -3]})];
    let variables = serde_json::json!({"enable_thinking": false});
    let template = TemplateOptions {
        tools,
        variables: variables.as_object().unwrap().clone(),
    };
    let messages = vec![Message::user("hé\u{0}")];
    for prompt in [
        Prompt::Raw(String::new()),
        Prompt::Tokens(vec![0, 127, 128, u32::MAX]),
        Prompt::Chat { messages, template },
    ] {
        for encoding in Encoding::ALL {
            let request = request_of(prompt.clone());
            let bytes = encode(&request, encoding).unwrap();
            assert_eq!(Encoding::of(&bytes), encoding);
            assert_eq!(decode::<Request>(&bytes, encoding).unwrap(), request);
        }
    }
}

#[test]
fn events_and_errors_come_back_as_they_were() {
    let usage = Usage {
        n_prompt: 3,
        decode: std::time::Duration::from_nanos(1_234_567_891),
        ..Usage::default()
    };
    let events = [
        Event::PrefillProgress { done: 1, total: 2 },
        Event::Token(TokenEvent {
            id: 5,
            text: "é".to_owned(),
            logprob: Some(-0.1),
            top_logprobs: vec![(5, -0.1), (6, -2.5)],
        }),
        Event::Done {
            reason: FinishReason::ContextFull,
            tail: "x".to_owned(),
            usage,
        },
        Event::Failed(EngineError::Cancelled),
        Event::Failed(EngineError::NotANumber {
            value: f32::INFINITY,
            id: 1,
            pos: 2,
        }),
        Event::Failed(EngineError::InvalidOption {
            option: "level".into(),
            value: "x".to_owned(),
            reason: "y".to_owned(),
        }),
    ];
    for event in events {
        for encoding in Encoding::ALL {
            let at_ns = u64::MAX;
            let event = event.clone();
            let message = reply(Answer::Event { at_ns, event });
            let bytes = encode(&message, encoding).unwrap();
            assert_eq!(decode::<Reply>(&bytes, encoding).unwrap(), message);
        }
    }
}

#[test]
fn logits_of_a_large_vocabulary_travel_bit_for_bit() {
    let mut logits: Vec<f32> = (0..152_000_u32)
        .map(|id| f32::from_bits(id.wrapping_mul(0x9e37_79b9)))
        .map(|logit| if logit.is_nan() { 0.0 } else { logit })
        .collect();
    logits[..3].copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
    let bits = |row: &[f32]| row.iter().map(|logit| logit.to_bits()).collect::<Vec<_>>();
    for encoding in Encoding::ALL {
        let row = Logits(logits.clone());
        let message = reply(Answer::Logits { logits: row });
        let mut payload = Vec::new();
        let framed = frame(&message, encoding).unwrap();
        assert!(read_frame(&mut &framed[..], &mut payload).unwrap());
        let back: Reply = decode(&payload, encoding).unwrap();
        let Answer::Logits { logits: back } = back.reply else {
            panic!("{back:?}");
        };
        assert_eq!(bits(&back.0), bits(&logits));
        if encoding == Encoding::Msgpack {
            assert!(payload.len() < 4 * logits.len() + 64, "{}", payload.len());
        }
    }
}

#[test]
fn a_path_that_is_no_text_is_an_error_that_says_so() {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let path = std::ffi::OsStr::from_bytes(b"m\xff.gguf").into();
        let model = lilim_engines::wire::ModelRef::Gguf(path);
        let call = Call::Check { model };
        for encoding in Encoding::ALL {
            let error = encode(
                &Request {
                    id: 1,
                    call: call.clone(),
                },
                encoding,
            )
            .unwrap_err();
            assert!(error.to_string().contains("UTF-8"), "{error}");
        }
    }
}

proptest! {
    #[test]
    fn every_number_of_a_tool_survives_json(number: f64) {
        prop_assume!(number.is_finite());
        let value = serde_json::json!(number);
        let bytes = encode(&value, Encoding::Json).unwrap();
        prop_assert_eq!(decode::<serde_json::Value>(&bytes, Encoding::Json).unwrap(), value);
    }

    #[test]
    fn every_float_survives_json(bits: u32) {
        let value = f32::from_bits(bits);
        let logits = Logits(vec![value]);
        let bytes = encode(&logits, Encoding::Json).unwrap();
        let back: Logits = decode(&bytes, Encoding::Json).unwrap();
        if value.is_nan() {
            prop_assert!(back.0[0].is_nan());
        } else {
            prop_assert_eq!(back.0[0].to_bits(), bits);
        }
    }

    #[test]
    fn bytes_of_no_message_are_refused(bytes: Vec<u8>) {
        for encoding in Encoding::ALL {
            let _never_panics = decode::<Request>(&bytes, encoding);
            let _never_panics = decode::<Reply>(&bytes, encoding);
        }
        let mut reader = &bytes[..];
        let mut payload = Vec::new();
        while let Ok(true) = read_frame(&mut reader, &mut payload) {}
    }

    #[test]
    fn flipped_bits_are_refused_or_another_message(at: prop::sample::Index, bit in 0..8_u8) {
        let request = request_of(Prompt::Tokens((0..50).collect()));
        for encoding in Encoding::ALL {
            let mut bytes = encode(&request, encoding).unwrap();
            let index = at.index(bytes.len());
            bytes[index] ^= 1 << bit;
            let _never_panics = decode::<Request>(&bytes, encoding);
        }
    }
}

#[test]
fn what_follows_a_message_is_refused() {
    let request = Request {
        id: 1,
        call: Call::Quit {},
    };
    for encoding in Encoding::ALL {
        let mut bytes = encode(&request, encoding).unwrap();
        bytes.push(b'{');
        assert!(decode::<Request>(&bytes, encoding).is_err());
    }
}

#[test]
fn deep_nesting_is_refused_without_a_stack_overflow() {
    let json = "[".repeat(1 << 20);
    assert!(decode::<Request>(json.as_bytes(), Encoding::Json).is_err());
    let mut msgpack = vec![0x82, 0xa2, b'i', b'd', 1, 0xa4, b'c', b'a', b'l', b'l'];
    msgpack.resize(1 << 20, 0x91);
    assert!(decode::<Request>(&msgpack, Encoding::Msgpack).is_err());
    // inside a value that may nest: the tools of a template
    let options =
        [&b"\x81\xabrender_chat\x83\xa5model\x01\xa8messages\x90\xa7options\x82\xa5tools"[..]];
    msgpack.truncate(10);
    msgpack.extend(options.concat());
    msgpack.resize(1 << 20, 0x91);
    assert!(decode::<Request>(&msgpack, Encoding::Msgpack).is_err());
}
