//! `load`: from starting the engine to a model that is ready.

use super::{Context, Keep};
use crate::error::BenchError;
use crate::record::Outcome;
use crate::side::DROPPED;

/// Whether the model's file lies in the system's cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    /// It was read shortly before.
    Warm,
    /// It is put out of it before each loading.
    Cold,
}

pub(super) fn run(
    context: &Context<'_>,
    cache: Cache,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    for &slot in slots {
        keep.check()?;
        if keep.is_out_of_time(slot) {
            break;
        }
        let page_cache = match cache {
            Cache::Warm => context.launcher.page_cache(),
            Cache::Cold => context.launcher.drop_page_cache(),
        };
        let at_ns = context.clock.now_ns();
        if cache == Cache::Cold && page_cache != DROPPED {
            let reason = format!("no cold load: the page cache is {page_cache}");
            keep.sample(slot, at_ns, Outcome::Failed { reason })?;
            continue;
        }
        match context.load() {
            Ok(mut ready) => {
                ready.load.page_cache = page_cache;
                ready.load.readings = ready.readings();
                keep.sample(slot, at_ns, Outcome::Load(ready.load.clone()))?;
            }
            Err(error) => keep.failed(slot, at_ns, &error)?,
        }
    }
    Ok(())
}
