//! Stop strings in text that comes in pieces. (Stands in for `lilim_text::StopFinder` until that
//! lands; the token loop is written against this shape.)

/// What a piece of text showed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Text that is certainly part of the answer.
    pub(crate) text: String,
    /// Whether a stop string ended the answer.
    pub(crate) stopped: bool,
}

pub(crate) struct StopFinder {
    stops: Vec<String>,
    held: String,
}

impl StopFinder {
    pub(crate) fn new(stops: &[String]) -> Self {
        Self {
            stops: stops.to_vec(),
            held: String::new(),
        }
    }

    pub(crate) fn push(&mut self, text: &str) -> Found {
        self.held.push_str(text);
        let first = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min();
        if let Some(at) = first {
            self.held.truncate(at);
            return Found {
                text: std::mem::take(&mut self.held),
                stopped: true,
            };
        }
        let n_held = (0..self.held.len())
            .filter(|&at| self.held.is_char_boundary(at))
            .find(|&at| {
                self.stops
                    .iter()
                    .any(|stop| stop.starts_with(&self.held[at..]))
            })
            .map_or(0, |at| self.held.len() - at);
        let rest = self.held.split_off(self.held.len() - n_held);
        Found {
            text: std::mem::replace(&mut self.held, rest),
            stopped: false,
        }
    }

    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}
