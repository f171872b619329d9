//! Published and SciPy values from `fixtures/statistics/reference.json`, for the tests.

use serde_json::Value;

/// One case of the file.
pub(crate) struct Case(Value);

impl Case {
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.0[name]
            .as_f64()
            .unwrap_or_else(|| panic!("no number {name} in {}", self.0))
    }

    /// A number, or `None` where the file says null.
    pub(crate) fn maybe(&self, name: &str) -> Option<f64> {
        assert!(self.0.get(name).is_some(), "no {name} in {}", self.0);
        self.0[name].as_f64()
    }

    /// A case inside the case.
    pub(crate) fn object(&self, name: &str) -> Self {
        assert!(self.0[name].is_object(), "no object {name} in {}", self.0);
        Self(self.0[name].clone())
    }

    pub(crate) fn integer(&self, name: &str) -> usize {
        self.0[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no integer {name} in {}", self.0)) as usize
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        let values = self.0[name]
            .as_array()
            .unwrap_or_else(|| panic!("no list {name} in {}", self.0));
        values
            .iter()
            .map(|value| value.as_f64().expect("a number"))
            .collect()
    }
}

/// The cases of one subject.
pub(crate) fn reference(subject: &str) -> Vec<Case> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/statistics/reference.json"
    );
    let text = std::fs::read_to_string(path).expect("the committed reference");
    let file: Value = serde_json::from_str(&text).expect("valid JSON");
    let cases = file[subject]
        .as_array()
        .unwrap_or_else(|| panic!("no subject {subject}"));
    assert!(!cases.is_empty(), "{subject} has cases");
    cases.iter().cloned().map(Case).collect()
}
