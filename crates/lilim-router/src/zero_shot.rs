//! The message that asks a model for a prompt's category.

use crate::Category;

/// Asks for the category of a prompt by naming them all; the answer to score is a category's name.
///
/// The embedded model is trained on exactly this wording, so a change here is a change of model.
///
/// # Panics
/// When there is no category.
pub fn zero_shot_message(prompt: &str, categories: &[Category]) -> String {
    let (last, rest) = categories
        .split_last()
        .expect("there is at least one category");
    let mut names = rest
        .iter()
        .map(|category| category.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    if !names.is_empty() {
        names.push_str(" or ");
    }
    names.push_str(&last.name);
    format!("Name the category of this prompt: {names}.\n\nPrompt: {prompt}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in_categories;

    #[test]
    fn the_built_in_message_is_word_for_word() {
        assert_eq!(
            zero_shot_message("Why is the sky blue?\n", &built_in_categories()),
            "Name the category of this prompt: Factual, Reasoning, Creative, Instruction-heavy or \
             Role-based.\n\nPrompt: Why is the sky blue?\n"
        );
    }

    #[test]
    fn one_and_two_categories_read_well() {
        let categories = built_in_categories();
        assert!(
            zero_shot_message("x", &categories[..1])
                .starts_with("Name the category of this prompt: Factual.\n")
        );
        assert!(zero_shot_message("x", &categories[..2]).contains(": Factual or Reasoning.\n"));
    }
}
