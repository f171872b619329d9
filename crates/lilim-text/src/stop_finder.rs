//! Finds stop strings in text that comes in pieces: text goes on as soon as it cannot be part of
//! a stop string, and stays here as long as it can.

/// What a piece of text brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Text that is certainly no part of a stop string.
    pub text: String,
    /// Which stop string ended the text, by its place in the list.
    pub stop: Option<usize>,
}

/// Looks for stop strings across pieces. The one that is complete first ends the text (of several
/// that end at the same place, the longest), whatever the pieces.
#[derive(Clone, Debug)]
pub struct StopFinder {
    stops: Vec<String>,
    /// The end of the text so far, as far as it may be the beginning of a stop string.
    held: String,
    stopped: bool,
}

impl StopFinder {
    /// Makes a finder; empty strings never stop.
    pub fn new(stops: &[String]) -> Self {
        Self {
            stops: stops.to_vec(),
            held: String::new(),
            stopped: false,
        }
    }

    /// Takes the next piece of text. After a stop was found, everything is dropped.
    pub fn push(&mut self, piece: &str) -> Found {
        if self.stopped {
            return Found::default();
        }
        self.held.push_str(piece);
        if let Some((start, stop)) = self.first_stop() {
            self.stopped = true;
            let mut text = std::mem::take(&mut self.held);
            text.truncate(start);
            return Found {
                text,
                stop: Some(stop),
            };
        }
        let keep = self.held_len();
        let rest = self.held.split_off(self.held.len() - keep);
        Found {
            text: std::mem::replace(&mut self.held, rest),
            stop: None,
        }
    }

    /// Ends the text: what was held back is text after all.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Start and index of the stop string that ends first; of several the longest.
    fn first_stop(&self) -> Option<(usize, usize)> {
        self.stops
            .iter()
            .enumerate()
            .filter(|(_, stop)| !stop.is_empty())
            .filter_map(|(index, stop)| {
                let start = self.held.find(stop.as_str())?;
                Some((start + stop.len(), start, index))
            })
            .min()
            .map(|(_, start, index)| (start, index))
    }

    /// The length of the longest end of the text that begins a stop string.
    fn held_len(&self) -> usize {
        let longest = self.stops.iter().map(String::len).max().unwrap_or(0);
        let from = self.held.len().saturating_sub(longest.saturating_sub(1));
        (from..self.held.len())
            .filter(|&at| self.held.is_char_boundary(at))
            .find(|&at| {
                self.stops
                    .iter()
                    .any(|stop| stop.starts_with(&self.held[at..]))
            })
            .map_or(0, |at| self.held.len() - at)
    }
}
