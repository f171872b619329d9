//! What of a comparison with a server cannot be proven, and is therefore declared or refused.

use super::arms::Arms;
use crate::record::{Outcome, SideInfo, Transport};

/// The sides that are servers.
pub(super) fn sides<'a>(both: impl IntoIterator<Item = &'a SideInfo>) -> Vec<&'a SideInfo> {
    let is_server = |side: &&SideInfo| side.transport == Transport::Server;
    both.into_iter().filter(is_server).collect()
}

/// What the user declares equal, in words.
pub(super) fn unproven(servers: &[&SideInfo], arms: &Arms<'_>) -> String {
    let mut all = vec![
        "weights",
        "threads",
        "KV type",
        "batch sizes",
        "load before the run",
    ];
    let tells_context = |side: &&SideInfo| {
        let facts = side.server.as_ref();
        facts.is_some_and(|facts| facts.told.contains_key("context"))
    };
    if !servers.iter().all(tells_context) {
        all.push("context");
    }
    let samples = [&arms.tested, &arms.baseline, &arms.again].into_iter();
    let mut engines = samples
        .flatten()
        .filter_map(|sample| match &sample.outcome {
            Outcome::Request(request) => request.engine,
            _ => None,
        });
    if engines.any(|engine| engine.untold.n_cached) {
        all.push("that no prefix cache was used");
    }
    all.join(", ")
}

/// What is known to differ where one side is a server.
pub(super) fn differ_in(a: &SideInfo, b: &SideInfo) -> Vec<String> {
    let all = [
        ("engine", a.engine != b.engine),
        ("transport", a.transport != b.transport),
        ("server", sides([a, b]).len() == 2 && a.name != b.name),
    ];
    let differing = all.iter().filter(|(_, differs)| *differs);
    differing.map(|(name, _)| (*name).to_owned()).collect()
}
