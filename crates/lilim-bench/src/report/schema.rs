//! The JSON schema of a result file; `docs/reference/bench.schema.json` is a copy that a test
//! compares.

use schemars::schema_for;

use crate::result_file::ResultFile;

/// The schema of a result file, as JSON text (draft 2020-12).
pub fn schema() -> String {
    let schema = schema_for!(ResultFile);
    let text = serde_json::to_string_pretty(&schema);
    let mut text = text.expect("a schema holds nothing that JSON cannot");
    text.push('\n');
    text
}
