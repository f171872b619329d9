"""Labelled prompts of all five categories, and what a user may do to them."""

from . import prompts_creative, prompts_factual, prompts_instruction, prompts_reasoning, prompts_role, words
from .grammar import Grammar
from .noise import blur_words

MAKERS = {
    "Factual": prompts_factual.make,
    "Reasoning": prompts_reasoning.make,
    "Creative": prompts_creative.make,
    "Instruction-heavy": prompts_instruction.make,
    "Role-based": prompts_role.make,
}
MODULES = (prompts_factual, prompts_reasoning, prompts_creative, prompts_instruction, prompts_role)
QUESTION = "Name the category of this prompt: Factual, Reasoning, Creative, Instruction-heavy or Role-based.\n\nPrompt: "


def build_grammar():
    tables = {name.lower(): table for name, table in vars(words).items() if name.isupper()}
    for module in MODULES:
        tables.update(module.TABLES)
    tables["concept"] = tables["concept"] * 2 + tables["task_topic"] + tables["event"] + ["{pseudo}", "the {pseudo} effect", "{pseudo_name}'s law"] * 12
    tables["person"] = tables["person"] + ["{name} {pseudo_name}"] * 20
    tables["place"] = tables["place"] + ["{pseudo_name}"] * 12
    tables["name"] = tables["name"] + ["{pseudo_name}"] * 12
    tables["title"] = tables["title"] + ["The {pseudo_name}", "The {adj} {animal}"] * 4
    return Grammar(tables)


def roughen(text, rng):
    """What users do: lower case, a missing full stop, a greeting, a new line."""
    if rng.random() < 0.30:
        text = blur_words(text, rng)
    if rng.random() < 0.06:
        text = text.lower()
    if rng.random() < 0.10:
        text = text.rstrip(".?!")
    if rng.random() < 0.05:
        text = rng.choice(["Please ", "Hello. ", "Hi! ", "Question: ", "Q: ", "Hey, ", "Task: "]) + text
    if rng.random() < 0.06:
        text = text.replace(". ", ".\n", 1)
    return text


def labelled_prompt(grammar, rng):
    label = rng.choice(list(MAKERS))
    return roughen(MAKERS[label](grammar, rng), rng), label
