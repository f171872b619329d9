//! Figures of readings: as they are, and rates of probes from their time and size.

use super::Gathered;
use crate::record::Reading;
use crate::scenario::{BYTES, LIMIT_BYTES, LIMIT_NS, LIMIT_OPS, OPS};

pub(super) fn gather(all: &[Reading], gathered: &mut Gathered) {
    let value = |name: &str| {
        let found = all.iter().find(|reading| reading.name == name)?;
        found.value
    };
    for reading in all {
        match (reading.value, &reading.why_null) {
            (Some(value), _) => gathered.add(&reading.name, value),
            (None, Some(why)) => gathered.add_null(&reading.name, why),
            (None, None) => {}
        }
    }
    let call_ns = value("call_ns").filter(|&ns| ns > 0.0);
    // Things a nanosecond are 10⁹ things a second.
    let rate = |name| Some(value(name)? / call_ns?);
    gathered.add_some("gb_per_s", rate(BYTES));
    gathered.add_some("gop_per_s", rate(OPS));
    // The limit of the same sample, where it was timed beside it.
    let limit_ns = value(LIMIT_NS).filter(|&ns| ns > 0.0);
    let limit = |name| Some(value(name)? / limit_ns?);
    let share = |ours, most| Some(rate(ours)? / limit(most)?);
    let share = share(BYTES, LIMIT_BYTES).or_else(|| share(OPS, LIMIT_OPS));
    gathered.add_some("share_of_limit", share);
    let ratio = value("message_bytes").zip(value("zstd_bytes"));
    gathered.add_some(
        "compression_ratio",
        ratio.map(|(plain, small)| plain / small),
    );
}
