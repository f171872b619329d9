//! `lilim bench check --self-test`: the gate's own promises, held against slow-downs that are known.

use std::time::Duration;

use lilim_bench::self_test::{SelfTest, SelfTestOptions, SelfTestRow, self_test};

use crate::arguments::RunFlags;
use crate::commands::{print_json, print_line};
use crate::exit::Exit;
use crate::generate::end_on_ctrl_c;
use crate::terminal::{Align, StatusLine, table};

/// Simulated comparisons of each slow-down.
const SIMULATED: usize = 2_000;

/// Runs it.
pub(super) fn run(flags: &RunFlags) -> anyhow::Result<Exit> {
    let (n_injected, seconds) = match flags.quick {
        true => (8, 15),
        false => (24, 45),
    };
    let options = SelfTestOptions {
        seed: flags.seed,
        n_simulated: SIMULATED,
        n_injected,
        time: Duration::from_secs(seconds),
    };
    let mut line = StatusLine::new();
    let found = self_test(options, &end_on_ctrl_c(), &mut |text| line.show(text));
    line.clear();
    let found = found?;
    if flags.json {
        print_json(&found)?;
    } else {
        print_line(&for_people(&found))?;
    }
    Ok(match found.is_missed() {
        true => Exit::GateFailed,
        false => Exit::Fine,
    })
}

fn for_people(found: &SelfTest) -> String {
    let mut text = format!(
        "The gate '{}', {} rounds a comparison: how often it says what of a side whose speed is known.\n",
        found.limit, found.rounds
    );
    for (kind, heading) in [
        (
            "simulated",
            format!(
                "simulated rounds that scatter by {:.0}%: the statistics alone",
                100.0 * found.sigma
            ),
        ),
        (
            "injected",
            format!(
                "an engine with real delays that scatter by {:.0}%, on this machine: from request to verdict",
                100.0 * found.injected_sigma
            ),
        ),
    ] {
        let rows = found.rows.iter().filter(|row| row.kind == kind);
        let rows: Vec<_> = rows.map(cells).collect();
        text += &format!("\n{heading}\n{}\n", table(&HEAD, &rows));
    }
    let is_all_shown = found.rows.iter().all(|row| row.is_met.is_some());
    text += match (found.is_missed(), is_all_shown) {
        (true, _) => "\n✗ the gate does not keep what it promises",
        (false, true) => "\n✓ the gate keeps what it promises",
        (false, false) => {
            "\n✓ the gate keeps what it promises, as far as this noisy machine shows it"
        }
    };
    text
}

const HEAD: [(&str, Align); 8] = [
    ("the tested side is", Align::Left),
    ("comparisons", Align::Right),
    ("PASS", Align::Right),
    ("FAIL", Align::Right),
    ("INCONCLUSIVE", Align::Right),
    ("UNFIT", Align::Right),
    ("promised", Align::Left),
    ("", Align::Left),
];

fn cells(row: &SelfTestRow) -> Vec<String> {
    let share = |share: f64| match row.comparisons {
        0 => "–".to_owned(),
        _ => format!("{:.1}%", 100.0 * share),
    };
    let what = match row.slower_percent {
        0.0 => "unchanged".to_owned(),
        5.0 => "5% slower, at the limit".to_owned(),
        slower => format!("{slower}% slower"),
    };
    vec![
        what,
        row.comparisons.to_string(),
        share(row.pass),
        share(row.fail),
        share(row.inconclusive),
        share(row.unfit),
        row.bound.clone(),
        match row.is_met {
            Some(true) => "✓ kept",
            Some(false) => "✗ MISSED",
            None => "– machine too noisy",
        }
        .to_owned(),
    ]
}
