//! Figures of one loading.

use super::{Gathered, millis, readings};
use crate::record::LoadRecord;

pub(super) fn gather(load: &LoadRecord, gathered: &mut Gathered) {
    if let Some(reason) = &load.not_loaded {
        gathered.add_null("load_ms", reason);
        return readings::gather(&load.readings, gathered);
    }
    let since = |from: u64, to: u64| millis(to.saturating_sub(from));
    gathered.add("load_ms", since(load.start_ns, load.ready_ns));
    if let Some(process_ready_ns) = load.process_ready_ns {
        gathered.add("process_ms", since(load.start_ns, process_ready_ns));
    }
    let first_ns = load.phases.first().map(|(_, begin)| *begin);
    if let (Some(ready_ns), Some(first_ns)) = (load.process_ready_ns, first_ns) {
        gathered.add("load_ask_ms", since(ready_ns, first_ns));
    }
    let ends = load.phases.iter().skip(1).map(|(_, begin)| *begin);
    let ends = ends.chain([load.ready_ns]);
    for ((phase, begin), end) in load.phases.iter().zip(ends) {
        gathered.add(&format!("load_{phase}_ms"), since(*begin, end));
    }
    readings::gather(&load.readings, gathered);
}
