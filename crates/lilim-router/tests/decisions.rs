//! Decisions replay: the same input gives the same model, the same reasons, the same numbers.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;

use lilim_router::{
    Candidate, Cascade, CategoryScore, ChosenBy, Classification, Decision, DecisionInput, Measured,
    Metric, ModelMapping, Policy, RequestSize, Target, built_in_categories, decide, escalate,
    pass_over,
};

fn classified(category: Option<&str>) -> Classification {
    let score = |name: &str, probability| CategoryScore {
        category: name.to_owned(),
        probability,
    };
    Classification {
        category: category.map(str::to_owned),
        confidence: 0.625,
        scores: vec![
            score(category.unwrap_or("Factual"), 0.625),
            score("other", 0.375),
        ],
    }
}

/// Model, what chose it, and the reasons after the first, which is the classification's.
fn check(decision: &Decision, model: Option<&str>, chosen_by: ChosenBy, reasons: &str) {
    let got = (
        decision.model.as_deref(),
        decision.chosen_by,
        decision.reasons[1..].join("; "),
    );
    assert_eq!(got, (model, chosen_by, reasons.to_owned()));
    let json = serde_json::to_string(decision).unwrap();
    assert_eq!(&serde_json::from_str::<Decision>(&json).unwrap(), decision);
}

/// Category, requested, pinned, fallback, and whether remote models are allowed.
type Mapped<'a> = (Option<&'a str>, [Option<&'a str>; 3], bool);

fn by_mapping((category, [requested, pinned, fallback], allow_remote): Mapped<'_>) -> Decision {
    let mapping = ModelMapping::parse(
        r#"{"Factual":"small-Q8_0","Creative":"small-q4f16_1-MLC","Reasoning":"other",
            "Role-based":"far"}"#,
    )
    .unwrap();
    let far = Candidate {
        is_remote: true,
        ..Candidate::named("far")
    };
    let candidates = [
        Candidate::named("tiny"),
        Candidate::named("Small-Q8_0"),
        far,
    ];
    decide(&DecisionInput {
        classification: Some(&classified(category)),
        requested,
        pinned,
        fallback,
        allow_remote,
        ..DecisionInput::new(&Policy::Mapping(mapping), &candidates)
    })
}

#[test]
fn each_way_to_a_mapped_model_has_its_reason() {
    use ChosenBy::{Fallback, First};
    let check = |category, fallback, allow_remote, model, chosen_by, reasons: &str| {
        let decision = by_mapping((category, [None, None, fallback], allow_remote));
        check(&decision, Some(model), chosen_by, reasons);
    };
    let (policy, first) = (ChosenBy::Policy, "tiny is the first installed model");
    check(
        Some("Factual"),
        None,
        false,
        "Small-Q8_0",
        policy,
        "Factual is routed to Small-Q8_0",
    );
    check(
        Some("Creative"),
        None,
        false,
        "tiny",
        First,
        &format!(
            "Creative is routed to small-q4f16_1-MLC, which is not installed (suggestion: Small-Q8_0, the same \
         model as small-q4f16_1-MLC in the nearest quantization); {first}"
        ),
    );
    check(
        Some("Reasoning"),
        Some("SMALL-q8_0"),
        false,
        "Small-Q8_0",
        Fallback,
        "Reasoning is routed to other, which is not installed; Small-Q8_0 is the default route",
    );
    check(
        Some("Else"),
        Some("gone"),
        false,
        "tiny",
        First,
        &format!("Else has no route; gone is the default route but is not installed; {first}"),
    );
    check(
        None,
        Some("tiny"),
        false,
        "tiny",
        Fallback,
        "tiny is the default route",
    );
    check(
        Some("Role-based"),
        None,
        false,
        "tiny",
        First,
        &format!(
            "Role-based is routed to far, which is remote, and remote engines are not allowed; {first}"
        ),
    );
    check(
        Some("Role-based"),
        None,
        true,
        "far",
        policy,
        "Role-based is routed to far",
    );
}

#[test]
fn a_model_asked_for_wins_over_the_conversation_and_that_over_the_route() {
    use ChosenBy::{Conversation, Nothing, Request};
    let check = |requested, pinned, allow_remote, model, chosen_by, reasons: &str| {
        let decision = by_mapping((Some("Factual"), [requested, pinned, None], allow_remote));
        check(&decision, model, chosen_by, reasons);
    };
    let (tiny, small, far) = (Some("tiny"), Some("Small-Q8_0"), Some("far"));
    check(tiny, None, false, tiny, Request, "tiny was asked for");
    check(
        Some("huge"),
        None,
        false,
        None,
        Nothing,
        "huge was asked for but is not installed",
    );
    check(
        far,
        None,
        false,
        None,
        Nothing,
        "far was asked for but is remote, and remote engines are not allowed",
    );
    check(far, None, true, far, Request, "far was asked for");
    check(
        None,
        tiny,
        false,
        tiny,
        Conversation,
        "tiny is the model of this conversation",
    );
    check(
        Some("small-q8_0"),
        tiny,
        false,
        small,
        Request,
        "Small-Q8_0 was asked for",
    );
    check(
        None,
        Some("gone"),
        false,
        small,
        ChosenBy::Policy,
        "gone is the model of this conversation but is not installed; Factual is routed to Small-Q8_0",
    );
}

#[test]
fn nothing_installed_is_a_reason_and_a_remote_model_is_the_last_resort() {
    let policy = Policy::Mapping(ModelMapping::default());
    let classification = classified(None);
    let run = |candidates: &[Candidate], allow_remote| {
        decide(&DecisionInput {
            classification: Some(&classification),
            allow_remote,
            ..DecisionInput::new(&policy, candidates)
        })
    };
    let far = [Candidate {
        is_remote: true,
        ..Candidate::named("far")
    }];
    check(
        &run(&[], true),
        None,
        ChosenBy::Nothing,
        "no model is installed",
    );
    check(
        &run(&far, false),
        None,
        ChosenBy::Nothing,
        "no model is installed",
    );
    let reason = "far is the first remote model";
    check(&run(&far, true), Some("far"), ChosenBy::First, reason);
    let local = [far[0].clone(), Candidate::named("near")];
    let reason = "near is the first installed model";
    check(&run(&local, true), Some("near"), ChosenBy::First, reason);
}

#[test]
fn abstaining_is_said_with_its_number_and_no_classifier_is_no_reason() {
    let policy = Policy::Direct("tiny".to_owned());
    let candidates = [Candidate::named("tiny")];
    let input = DecisionInput::new(&policy, &candidates);
    let decision = decide(&input);
    assert_eq!(decision.reasons, ["tiny gets every prompt"]);
    assert_eq!((decision.category, decision.confidence), (None, None));
    let classification = classified(None);
    let decision = decide(&DecisionInput {
        classification: Some(&classification),
        ..input
    });
    let abstained = "abstained: the likeliest category has only 62.5 % confidence";
    assert_eq!(decision.reasons[0], abstained);
    let reason_of = |label: Option<usize>| {
        let written = Classification::of_label(&built_in_categories(), label).unwrap();
        let decision = decide(&DecisionInput {
            classification: Some(&written),
            ..input
        });
        decision.reasons[0].clone()
    };
    assert_eq!(reason_of(Some(0)), "Factual was written as its category");
    let none = "abstained: no category was recognized in what was written";
    assert_eq!(reason_of(None), none);
    // Direct is said anew for every run: it goes before a conversation's model.
    let decision = decide(&DecisionInput {
        pinned: Some("other"),
        ..input
    });
    assert_eq!(decision.chosen_by, ChosenBy::Policy);
}

/// small: resident, quick, poor; big: has to be loaded, good; odd: never measured; far: remote.
fn measured_candidates() -> Vec<Candidate> {
    let measured = |ttft: f64, decode: f64, memory: f64, quality: f64| Measured {
        ttft_p95_ms: Some(ttft),
        decode_tps: Some(decode),
        peak_rss_bytes: Some(memory),
        quality: Some(quality),
        missing: BTreeMap::from([(Metric::Energy, "no counter".to_owned())]),
        ..Measured::default()
    };
    let candidate = |name: &str, measured| Candidate {
        measured,
        ..Candidate::named(name)
    };
    vec![
        Candidate {
            is_resident: true,
            context: Some(2_048),
            ..candidate("small", Some(measured(50.0, 100.0, 5e8, 0.5)))
        },
        Candidate {
            load_ms: Some(2_000.0),
            evicts: vec!["small".to_owned()],
            ..candidate("big", Some(measured(200.0, 20.0, 3e9, 0.8)))
        },
        candidate("odd", None),
        Candidate {
            is_remote: true,
            is_resident: true,
            ..candidate("far", Some(measured(20.0, 200.0, 0.0, 0.9)))
        },
    ]
}

fn by_target(target: &str, size: RequestSize, allow_remote: bool) -> Decision {
    let policy = Policy::Target(Target::parse(target).unwrap());
    let candidates = measured_candidates();
    decide(&DecisionInput {
        classification: Some(&classified(Some("Factual"))),
        size,
        allow_remote,
        fallback: Some("odd"),
        ..DecisionInput::new(&policy, &candidates)
    })
}

const TEN_TOKENS: RequestSize = RequestSize {
    prompt_tokens: Some(100),
    answer_tokens: Some(10),
};

#[test]
fn a_target_takes_the_cheapest_that_meets_it_and_says_what_is_against_the_others() {
    let barred = "not far: is remote, and remote engines are not allowed";
    let decision = by_target("decode >= 20", TEN_TOKENS, false);
    check(
        &decision,
        Some("small"),
        ChosenBy::Policy,
        &format!(
            "small meets decode >= 20 tok/s (is 100 tok/s) and takes the least time of 2: about 150 ms \
         (first token 50 ms, answer 100 ms, memory 500 MB); {barred}; \
         not odd: decode not measured (lilim bench throughput); \
         not big: would do too, but is about 2.7 s (load 2 s while small leaves memory, first token 200 ms, \
         answer 500 ms, memory 3 GB)"
        ),
    );
    assert_eq!(decision.excluded.len(), 3);
    let decision = by_target("ttft_p95 < 200ms and quality >= 0.6", TEN_TOKENS, false);
    check(
        &decision,
        Some("odd"),
        ChosenBy::Fallback,
        &format!(
            "no candidate meets every requirement; {barred}; not small: quality is 0.5, wanted quality >= 0.6; \
         not big: ttft_p95 is 200 ms, wanted ttft_p95 < 200 ms; \
         not odd: ttft_p95 not measured (lilim bench ttft); quality not measured (no benchmark measures it); \
         odd is the default route"
        ),
    );
    let decision = by_target("quality >= 0.6, peak_rss < 4 GB", TEN_TOKENS, true);
    assert_eq!(decision.model.as_deref(), Some("far"));
}

#[test]
fn a_switch_is_part_of_the_estimate() {
    let decision = by_target("quality > 0.7", TEN_TOKENS, false);
    let estimate = decision.estimate.unwrap();
    assert_eq!(decision.model.as_deref(), Some("big"));
    assert_eq!(
        (
            estimate.load_ms,
            estimate.total_ms,
            estimate.evicts.as_slice()
        ),
        (
            Some(2_000.0),
            Some(2_700.0),
            ["small".to_owned()].as_slice()
        )
    );
}

#[test]
fn a_requirement_that_nobody_is_measured_for_is_passed_over_and_said() {
    let decision = by_target("energy < 1, decode > 1", TEN_TOKENS, false);
    assert_eq!(decision.model.as_deref(), Some("small"));
    assert_eq!(
        decision.reasons[1],
        "no candidate is measured for energy: energy < 1 J/token is passed over (lilim bench sustained): no counter"
    );
    let mut candidates = measured_candidates();
    candidates[1].measured.as_mut().unwrap().energy_j_per_token = Some(0.5);
    let policy = Policy::Target(Target::parse("energy < 1").unwrap());
    let decision = decide(&DecisionInput::new(&policy, &candidates));
    assert_eq!(decision.model.as_deref(), Some("big"));
    assert!(decision.reasons.contains(
        &"not small: energy not measured (lilim bench sustained): no counter".to_owned()
    ));
}

#[test]
fn the_least_energy_of_nobody_measured_is_the_least_time_and_said() {
    let decision = by_target("energy", TEN_TOKENS, false);
    assert_eq!(decision.model.as_deref(), Some("small"));
    let reasons = decision.reasons.join("; ");
    assert!(
        reasons.contains(
            "no candidate is measured for energy: the least time decides (lilim bench sustained): no counter"
        ) && reasons.contains("takes the least time of"),
        "{reasons}"
    );
}

#[test]
fn the_objective_orders_and_a_prompt_that_does_not_fit_excludes() {
    let decision = by_target("memory", TEN_TOKENS, true);
    assert_eq!(decision.model.as_deref(), Some("far"));
    assert!(decision.reasons[1].starts_with(
        "far is not held against any measurement and takes the least memory of 4: about 70 ms"
    ));
    let long = RequestSize {
        prompt_tokens: Some(2_048),
        ..TEN_TOKENS
    };
    let decision = by_target("decode > 1", long, false);
    assert_eq!(decision.model.as_deref(), Some("big"));
    let fault = "its context of 2048 tokens cannot hold a prompt of 2048";
    assert!(decision.reasons.contains(&format!("not small: {fault}")));
    let policy = Policy::Direct("small".to_owned());
    let candidates = measured_candidates();
    let decision = decide(&DecisionInput {
        size: long,
        ..DecisionInput::new(&policy, &candidates)
    });
    assert_eq!(decision.reasons[1], format!("small: {fault}"));
}

#[test]
fn a_cascade_goes_on_while_answers_are_unsure() {
    let steps = ["small", "gone", "big", "far"].map(str::to_owned).to_vec();
    let policy = Policy::Cascade(Cascade::new(steps, 0.6).unwrap());
    let candidates = measured_candidates();
    let first = decide(&DecisionInput {
        classification: Some(&classified(Some("Factual"))),
        ..DecisionInput::new(&policy, &candidates)
    });
    let start = "gone, a step of the cascade, is not installed; far, a step of the cascade, is remote, and \
                 remote engines are not allowed; small is the first step of the cascade";
    check(&first, Some("small"), ChosenBy::Policy, start);
    assert_eq!(escalate(&first, 0.6), None);
    let second = escalate(&first, 0.25).unwrap();
    check(
        &second,
        Some("big"),
        ChosenBy::Escalation,
        &format!(
            "{start}; the answer of small has a confidence of 25.0 %, below 60.0 %: big is asked; \
         big has to be loaded first: about 2 s while small leaves memory"
        ),
    );
    assert_eq!(second.escalation, None);
    assert_eq!(escalate(&second, 0.0), None);
    let passed = pass_over(&first, "it broke").unwrap();
    assert_eq!(passed.model, second.model);
    let said = passed
        .reasons
        .iter()
        .any(|one| one.contains("failed: it broke;"));
    assert!(said, "{:?}", passed.reasons);
    assert_eq!(pass_over(&second, "it broke"), None);
    assert!(escalate(&first, f64::NAN).is_some());
    let long = decide(&DecisionInput {
        size: RequestSize {
            prompt_tokens: Some(3_000),
            answer_tokens: None,
        },
        ..DecisionInput::new(&policy, &candidates)
    });
    assert_eq!(long.model.as_deref(), Some("big"));
    let fault =
        "small, a step of the cascade: its context of 2048 tokens cannot hold a prompt of 3000";
    assert_eq!(long.reasons[0], fault);
    let gone = Policy::Cascade(Cascade::new(vec!["gone".to_owned()], 0.6).unwrap());
    let decision = decide(&DecisionInput::new(&gone, &candidates));
    let reasons = [
        "gone, a step of the cascade, is not installed",
        "the cascade has no step that may answer",
        "small is the first installed model",
    ];
    assert_eq!(decision.reasons, reasons);
}

#[test]
fn a_model_that_can_never_fit_is_excluded_under_every_policy() {
    let fault = "needs 4,096 MiB, the budget is 2,048 MiB";
    let big = Candidate {
        unfit: Some(fault.to_owned()),
        ..Candidate::named("big")
    };
    let steps = ["big", "small"].map(str::to_owned).to_vec();
    let policies = [
        (
            Policy::Mapping(ModelMapping::parse(r#"{"Factual":"big"}"#).unwrap()),
            Some("small"),
            ChosenBy::Fallback,
        ),
        (
            Policy::Target(Target::default()),
            Some("small"),
            ChosenBy::Policy,
        ),
        (
            Policy::Cascade(Cascade::new(steps, 0.5).unwrap()),
            Some("small"),
            ChosenBy::Policy,
        ),
        (Policy::Direct("big".to_owned()), None, ChosenBy::Nothing),
    ];
    for (policy, model, chosen_by) in &policies {
        for n_candidates in [2, 1] {
            let candidates = [big.clone(), Candidate::named("small")];
            let decision = decide(&DecisionInput {
                classification: Some(&classified(Some("Factual"))),
                fallback: Some("small"),
                ..DecisionInput::new(policy, &candidates[..n_candidates])
            });
            let (model, chosen_by) = match n_candidates {
                2 => (*model, *chosen_by),
                _ => (None, ChosenBy::Nothing),
            };
            assert_eq!(
                (decision.model.as_deref(), decision.chosen_by),
                (model, chosen_by)
            );
            let reasons = decision.reasons.join("; ");
            assert!(reasons.contains(fault), "{policy:?}: {reasons}");
            assert_eq!(decision.excluded[0].reason, fault);
            assert_eq!(decision.excluded.len(), 1, "{:?}", decision.excluded);
        }
    }
}

#[test]
fn memory_is_compared_in_one_kind_and_the_reason_names_what_decided() {
    let policy = Policy::Target(Target::parse("memory").unwrap());
    let of = |name: &str, file_bytes, peak| Candidate {
        file_bytes: Some(file_bytes),
        measured: Some(Measured {
            peak_rss_bytes: peak,
            ..Measured::default()
        }),
        ..Candidate::named(name)
    };
    // A peak is larger than a file: the measured one must not lose by having been measured.
    let candidates = [of("large", 9, None), of("small", 5, Some(40.0))];
    let decision = decide(&DecisionInput::new(&policy, &candidates));
    assert_eq!(decision.model.as_deref(), Some("small"));
    let time = Policy::Target(Target::parse("time").unwrap());
    let decision = decide(&DecisionInput::new(&time, &candidates));
    let reasons = decision.reasons.join("; ");
    assert!(reasons.contains("takes the least memory of 2"), "{reasons}");
}
