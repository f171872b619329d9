//! Models in memory under a budget: the one used longest ago goes first.

use std::time::{Duration, Instant};

use lilim_api::EngineError;

use crate::{HostError, Shortage};

/// Where models come from.
pub trait Source {
    /// A model that is loaded, with whatever its user keeps beside it. Dropping it gives the memory
    /// back.
    type Model;

    /// Bytes that it will take.
    ///
    /// # Errors
    /// When that cannot be told: there is no such model, or no engine for it.
    fn need_bytes(&self, name: &str) -> Result<u64, EngineError>;

    /// Loads it.
    ///
    /// # Errors
    /// The engine's.
    fn load(&self, name: &str) -> Result<Self::Model, EngineError>;
}

/// The models in memory.
#[derive(Debug)]
pub struct Residency<S: Source> {
    source: S,
    budget_bytes: u64,
    /// The one used last stands last.
    residents: Vec<Resident<S::Model>>,
}

#[derive(Debug)]
struct Resident<M> {
    name: String,
    bytes: u64,
    model: M,
    is_pinned: bool,
}

/// A model that was asked for.
#[derive(Debug)]
pub struct Fetched<'a, M> {
    /// The model.
    pub model: &'a mut M,
    /// What it took to get it; `None` where it was there.
    pub switch: Option<Switch>,
}

/// A model that came into memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// How long loading took.
    pub load: Duration,
    /// The models that had to go.
    pub evicted: Vec<String>,
}

/// Which models were in memory at one time, the one used longest ago first, and which of them had to
/// stay. By default none were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Residents(Vec<(String, bool)>);

/// Names in that order, each with whether it had to stay.
impl From<Residents> for Vec<(String, bool)> {
    fn from(all: Residents) -> Self {
        all.0
    }
}

impl From<Vec<(String, bool)>> for Residents {
    fn from(all: Vec<(String, bool)>) -> Self {
        Self(all)
    }
}

impl<S: Source> Residency<S> {
    /// Nothing is loaded yet.
    pub fn new(source: S, budget_bytes: u64) -> Self {
        Self {
            source,
            budget_bytes,
            residents: Vec::new(),
        }
    }

    /// Where models come from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Whether a model is in memory.
    pub fn is_resident(&self, name: &str) -> bool {
        self.residents.iter().any(|one| one.name == name)
    }

    /// Names of the models in memory, the one used longest ago first.
    pub fn residents(&self) -> impl Iterator<Item = &str> {
        self.residents.iter().map(|one| one.name.as_str())
    }

    /// The models that would have to go for this one; none where it is there or fits.
    ///
    /// # Errors
    /// `Load` when nobody knows what it takes, `TooLarge` when it does not fit beside what is pinned.
    pub fn would_evict(&self, name: &str) -> Result<Vec<String>, HostError> {
        if self.is_resident(name) {
            return Ok(Vec::new());
        }
        let need_bytes = self.need_bytes(name)?;
        let mut used: u64 = self.residents.iter().map(|one| one.bytes).sum();
        let mut going = Vec::new();
        let mut oldest = self.residents.iter().filter(|one| !one.is_pinned);
        while used.saturating_add(need_bytes) > self.budget_bytes {
            let Some(one) = oldest.next() else {
                return Err(HostError::TooLarge {
                    model: name.to_owned(),
                    shortage: Shortage {
                        need_bytes,
                        budget_bytes: self.budget_bytes,
                        pinned_bytes: used,
                    },
                });
            };
            used -= one.bytes;
            going.push(one.name.clone());
        }
        Ok(going)
    }

    /// The model, loaded if it is not in memory; what was used longest ago makes room.
    ///
    /// # Errors
    /// As [`Self::would_evict`], and what loading says. What was evicted for it stays out.
    pub fn fetch(&mut self, name: &str) -> Result<Fetched<'_, S::Model>, HostError> {
        if let Some(index) = self.residents.iter().position(|one| one.name == name) {
            let resident = self.residents.remove(index);
            self.residents.push(resident);
            return Ok(Fetched {
                model: self.newest(),
                switch: None,
            });
        }
        let evicted = self.would_evict(name)?;
        let bytes = self.need_bytes(name)?;
        self.residents.retain(|one| !evicted.contains(&one.name));
        let start = Instant::now();
        let model = self.source.load(name).map_err(|source| HostError::Load {
            model: name.to_owned(),
            source,
        })?;
        let load = start.elapsed();
        self.residents.push(Resident {
            name: name.to_owned(),
            bytes,
            model,
            is_pinned: false,
        });
        Ok(Fetched {
            model: self.newest(),
            switch: Some(Switch { load, evicted }),
        })
    }

    /// What is in memory now, for [`Self::restore`].
    pub fn snapshot(&self) -> Residents {
        let all = self.residents.iter();
        Residents(all.map(|one| (one.name.clone(), one.is_pinned)).collect())
    }

    /// Makes memory what it was at an earlier time: other models go, missing ones are loaded, and all are
    /// used and pinned in the order of then. `loaded` gets each one that had to be loaded.
    ///
    /// # Errors
    /// As [`Self::fetch`]; what was restored up to then is in memory.
    pub fn restore(
        &mut self,
        earlier: &Residents,
        mut loaded: impl FnMut(&str, &mut S::Model),
    ) -> Result<(), HostError> {
        let is_wanted = |name: &str| earlier.0.iter().any(|(one, _)| one == name);
        self.residents.retain(|one| is_wanted(&one.name));
        for (name, is_pinned) in &earlier.0 {
            let fetched = self.fetch(name)?;
            if fetched.switch.is_some() {
                loaded(name, fetched.model);
            }
            if let Some(resident) = self.residents.last_mut() {
                resident.is_pinned = *is_pinned;
            }
        }
        Ok(())
    }

    /// Keeps a model that is in memory there.
    pub fn pin(&mut self, name: &str) {
        for resident in &mut self.residents {
            resident.is_pinned |= resident.name == name;
        }
    }

    /// Lets a model go: it broke, or nobody wants it.
    pub fn drop_model(&mut self, name: &str) {
        self.residents.retain(|one| one.name != name);
    }

    fn need_bytes(&self, name: &str) -> Result<u64, HostError> {
        self.source
            .need_bytes(name)
            .map_err(|source| HostError::Load {
                model: name.to_owned(),
                source,
            })
    }

    fn newest(&mut self) -> &mut S::Model {
        let newest = self.residents.last_mut();
        &mut newest.expect("one was pushed just now").model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Models named after their size: `a3` takes 3 bytes.
    struct BySize;

    impl Source for BySize {
        type Model = String;

        fn need_bytes(&self, name: &str) -> Result<u64, EngineError> {
            let size = name.trim_start_matches(char::is_alphabetic);
            size.parse()
                .map_err(|_| EngineError::Text(format!("no size in {name}")))
        }

        fn load(&self, name: &str) -> Result<String, EngineError> {
            match name.starts_with('x') {
                true => Err(EngineError::Text("broken".to_owned())),
                false => Ok(name.to_owned()),
            }
        }
    }

    fn fetch(residency: &mut Residency<BySize>, name: &str) -> (bool, Vec<String>) {
        let fetched = residency.fetch(name).unwrap();
        assert_eq!(fetched.model, name);
        let evicted = fetched.switch.as_ref().map(|one| one.evicted.clone());
        (fetched.switch.is_some(), evicted.unwrap_or_default())
    }

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let mut residency = Residency::new(BySize, 6);
        assert_eq!(fetch(&mut residency, "a3"), (true, vec![]));
        assert_eq!(fetch(&mut residency, "b3"), (true, vec![]));
        assert_eq!(fetch(&mut residency, "a3"), (false, vec![]));
        assert_eq!(residency.would_evict("c2").unwrap(), ["b3"]);
        assert_eq!(fetch(&mut residency, "c2"), (true, vec!["b3".to_owned()]));
        assert_eq!(
            fetch(&mut residency, "d6"),
            (true, vec!["a3".to_owned(), "c2".to_owned()])
        );
        assert_eq!(residency.residents().collect::<Vec<_>>(), ["d6"]);
    }

    #[test]
    fn what_is_pinned_stays() {
        let mut residency = Residency::new(BySize, 6);
        fetch(&mut residency, "a3");
        residency.pin("a3");
        fetch(&mut residency, "b2");
        assert_eq!(fetch(&mut residency, "c3"), (true, vec!["b2".to_owned()]));
        let error = residency.fetch("d4").unwrap_err();
        assert_eq!(
            error.to_string(),
            "d4 needs 4 bytes, the budget is 6 bytes, of which 3 bytes are taken by what has to stay"
        );
    }

    #[test]
    fn memory_becomes_what_it_was() {
        let mut residency = Residency::new(BySize, 6);
        fetch(&mut residency, "a2");
        fetch(&mut residency, "b2");
        residency.pin("a2");
        let both = residency.snapshot();
        let restore = |residency: &mut Residency<BySize>, earlier: &Residents| {
            let mut loaded = Vec::new();
            let restored = residency.restore(earlier, |name, model| {
                assert_eq!(name, model);
                loaded.push(name.to_owned());
            });
            restored.unwrap();
            assert_eq!(residency.snapshot(), *earlier);
            loaded
        };
        assert!(restore(&mut residency, &Residents::default()).is_empty());
        fetch(&mut residency, "c6");
        let other = residency.snapshot();
        assert_eq!(restore(&mut residency, &both), ["a2", "b2"]);
        assert!(restore(&mut residency, &both).is_empty());
        // What was pinned then is pinned now, and what was not, not: both go for the other one.
        assert!(residency.would_evict("c6").is_err());
        assert_eq!(restore(&mut residency, &other), ["c6"]);
        assert_eq!(restore(&mut residency, &both), ["a2", "b2"]);
        fetch(&mut residency, "b2");
        fetch(&mut residency, "a2");
        assert!(restore(&mut residency, &both).is_empty());
        assert_eq!(residency.residents().collect::<Vec<_>>(), ["a2", "b2"]);
    }

    #[test]
    fn a_model_that_cannot_be_restored_is_an_error() {
        let mut residency = Residency::new(BySize, 6);
        fetch(&mut residency, "a2");
        let broken = Residents(vec![("a2".to_owned(), false), ("x1".to_owned(), false)]);
        let error = residency.restore(&broken, |_, _| {}).unwrap_err();
        assert!(matches!(error, HostError::Load { model, .. } if model == "x1"));
        assert!(residency.is_resident("a2"));
    }

    #[test]
    fn a_model_that_does_not_load_is_not_there() {
        let mut residency = Residency::new(BySize, 6);
        assert!(matches!(
            residency.fetch("x1"),
            Err(HostError::Load { model, .. }) if model == "x1"
        ));
        assert!(!residency.is_resident("x1"));
        assert!(residency.fetch("nameless").is_err());
    }
}
