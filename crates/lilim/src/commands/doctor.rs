//! `lilim doctor`: the machine, the configuration with its origins, and a check that the embedded
//! model computes what it should.

use lilim_api::{CancelToken, Engine, LoadOptions};
use lilim_kernels::Level;
use serde::Serialize;

use crate::arguments::OutputArguments;
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::Exit;
use crate::machine;
use crate::models;
use crate::terminal::human_bytes;

#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    os: &'static str,
    cpu_arch: &'static str,
    cores: usize,
    memory_bytes: Option<u64>,
    available_bytes: Option<u64>,
    levels: Vec<String>,
    absent_levels: Vec<String>,
    /// Of all levels, those whose tests never ran on a real machine.
    unverified_levels: Vec<String>,
    settings: Vec<SettingRow>,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
struct SettingRow {
    name: &'static str,
    meaning: &'static str,
    value: Option<String>,
    origin: String,
}

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
}

/// Runs the command; fails when a check does.
pub(crate) fn run(output: OutputArguments, config: &Config) -> anyhow::Result<Exit> {
    let report = examine(config);
    if output.json {
        print_json(&report)?;
    } else {
        print_line(&for_people(&report))?;
    }
    let healthy = report.checks.iter().all(|check| check.ok);
    Ok(if healthy { Exit::Fine } else { Exit::Failed })
}

fn examine(config: &Config) -> Report {
    let available: Vec<Level> = Level::available().collect();
    let name = |level: &Level| level.name().to_owned();
    let settings = config.settings.iter().map(|setting| SettingRow {
        name: setting.name,
        meaning: setting.meaning,
        value: match setting.name {
            "home" => Some(config.home.display().to_string()),
            _ => setting.value.clone(),
        },
        origin: setting.origin.to_string(),
    });
    Report {
        version: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        cpu_arch: std::env::consts::ARCH,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: machine::total_memory_bytes(),
        available_bytes: machine::available_memory_bytes(),
        levels: available.iter().map(name).collect(),
        absent_levels: Level::ALL
            .iter()
            .filter(|level| !available.contains(level) && !level.fails_self_check())
            .map(name)
            .collect(),
        unverified_levels: Level::ALL
            .iter()
            .filter(|level| !level.is_verified())
            .map(name)
            .collect(),
        settings: settings.collect(),
        checks: available
            .iter()
            .map(|level| level_check(*level))
            .chain(Level::ALL.into_iter().filter_map(self_check))
            .chain([models_check(config)])
            .collect(),
    }
}

/// Every level must compute the same tokens with the embedded model.
fn level_check(level: Level) -> Check {
    let name = format!("embedded model at {}", level.name());
    match greedy_hash(level).and_then(|here| Ok((here, greedy_hash(Level::Reference)?))) {
        Ok((here, reference)) if here == reference => Check {
            name,
            ok: true,
            detail: format!("quality hash {}", &here[..16]),
        },
        Ok((here, reference)) => Check {
            name,
            ok: false,
            detail: format!(
                "quality hash {} but reference has {}",
                &here[..16],
                &reference[..16]
            ),
        },
        Err(error) => Check {
            name,
            ok: false,
            detail: format!("{error:#}"),
        },
    }
}

/// A level that is not used because what it computed at a trial was wrong.
fn self_check(level: Level) -> Option<Check> {
    level.fails_self_check().then(|| Check {
        name: format!("self-check of {}", level.name()),
        ok: false,
        detail: "this machine has its instructions, but they gave other bits; it is not used"
            .to_owned(),
    })
}

/// blake3 of the greedy tokens that follow a fixed prompt.
fn greedy_hash(level: Level) -> anyhow::Result<String> {
    const N_TOKENS: usize = 24;
    let level = Some(level.name().parse()?);
    let options = LoadOptions {
        level,
        context: Some(128),
        ..LoadOptions::default()
    };
    let model = models::native_engine().load(&models::embedded(), &options, &mut |_| {})?;
    // More rows than a tile has, so that levels that multiply tiles do it.
    let prompt = "Once upon a time there was a little fox who lived in a house near the lake. One \
                  day the fox found an old box under a tree, and in the box";
    let ids = model.tokenize(prompt, true, false)?;
    let mut hasher = blake3::Hasher::new();
    let mut session = model.session()?;
    session.with_stepper(&mut |stepper| {
        stepper.prefill(&ids, &CancelToken::new(), &mut |_| {})?;
        for _ in 0..N_TOKENS {
            let id = greedy(stepper.logits());
            hasher.update(&id.to_le_bytes());
            stepper.step(id)?;
        }
        Ok(())
    })?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The first of the largest logits.
fn greedy(logits: &[f32]) -> u32 {
    let best = (0..logits.len())
        .rev()
        .max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
    best.unwrap_or(0) as u32
}

fn models_check(config: &Config) -> Check {
    let name = "installed models".to_owned();
    match models::catalog(config) {
        Ok(catalog) => Check {
            name,
            ok: true,
            detail: format!("{} found", catalog.entries().len()),
        },
        Err(error) => Check {
            name,
            ok: false,
            detail: format!("{error:#}"),
        },
    }
}

fn for_people(report: &Report) -> String {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "unknown".to_owned(), human_bytes);
    let mut lines = vec![
        format!(
            "lilim {} on {} {}",
            report.version, report.os, report.cpu_arch
        ),
        format!(
            "{} cores, {} memory, {} free",
            report.cores,
            bytes(report.memory_bytes),
            bytes(report.available_bytes)
        ),
        format!(
            "kernel levels here: {}; not here (untested on this machine): {}",
            report.levels.join(", "),
            report.absent_levels.join(", ")
        ),
        format!(
            "unverified on hardware, tested under emulation at best: {}",
            report.unverified_levels.join(", ")
        ),
        String::new(),
    ];
    for setting in &report.settings {
        let value = setting.value.as_deref().unwrap_or("(engine's choice)");
        lines.push(format!(
            "{:<8} {value}  [{}]  {}",
            setting.name, setting.origin, setting.meaning
        ));
    }
    lines.push(String::new());
    for check in &report.checks {
        let mark = if check.ok { "ok  " } else { "FAIL" };
        lines.push(format!("{mark} {}: {}", check.name, check.detail));
    }
    lines.join("\n")
}
