//! Names that the user wrote, before anything is run: what is not there is told at once.

use lilim_router::Policy;

use super::job::Job;
use crate::exit::UsageError;
use crate::terminal;

/// Models that the flags name must be there; a mapping's categories that no prompt can have are told.
pub(super) fn check_names(job: &Job) -> Result<(), UsageError> {
    if let Some(model) = &job.fallback {
        check_model(job, "--default", model)?;
    }
    match &job.policy {
        Policy::Direct(model) => check_model(job, "--direct", model)?,
        Policy::Cascade(cascade) => {
            for model in &cascade.steps {
                check_model(job, "--cascade", model)?;
            }
        }
        Policy::Mapping(mapping) => {
            for route in mapping.routes() {
                tell_unknown_category(job, &route.category);
            }
        }
        Policy::Target(_) => {}
    }
    Ok(())
}

fn check_model(job: &Job, flag: &str, model: &str) -> Result<(), UsageError> {
    let names: Vec<String> = job.names().collect();
    let is_it = |name: &String| name.to_lowercase() == model.to_lowercase();
    if names.iter().any(is_it) {
        return Ok(());
    }
    let names = names.join(", ");
    Err(UsageError(format!(
        "{flag} {model}: no such model was chosen (these were: {names})"
    )))
}

fn tell_unknown_category(job: &Job, category: &str) {
    let names: Vec<&str> = job.categories.iter().map(|one| one.name.as_str()).collect();
    if names.contains(&category) {
        return;
    }
    let mut all = names.iter();
    let near = all.find(|name| name.eq_ignore_ascii_case(category));
    let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    terminal::tell(&format!(
        "warning: the mapping has a route for '{category}', which is none of the categories ({}){near}",
        names.join(", ")
    ));
}
