//! `load`: from starting the engine to a model that is ready.

use super::{Context, Keep};
use crate::error::BenchError;
use crate::process;
use crate::record::Outcome;

pub(super) fn run(
    context: &Context<'_>,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    for &slot in slots {
        keep.check()?;
        if keep.is_out_of_time(slot) {
            break;
        }
        let page_cache = context.launcher.drop_page_cache();
        let at_ns = context.clock.now_ns();
        match context.load() {
            Ok(mut ready) => {
                ready.load.page_cache = page_cache;
                ready.load.readings = process::readings(ready.process_id);
                keep.sample(slot, at_ns, Outcome::Load(ready.load.clone()))?;
            }
            Err(error) => keep.failed(slot, at_ns, &error)?,
        }
    }
    Ok(())
}
