"""Documents of the training text: each is a list of (text, weight code) pieces; special tokens are spelled out."""

from . import prompts, stories
from .chat import Chat

BOS, IM_START, IM_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIAL = [BOS, IM_START, IM_END]

# Weight codes, stored with each token; WEIGHTS gives the factor of its loss.
IGNORED, READ, SPOKEN, LABEL = 0, 1, 2, 3
WEIGHTS = [0.0, 0.3, 1.0, 4.0]

SYSTEM = ["You are a helpful assistant.", "You are Lilim, a small assistant.", "Answer briefly.", "You are a friendly assistant."]


def message(role, content, code):
    """One ChatML message; the assistant learns its words and the end mark."""
    return [(f"{IM_START}{role}\n", IGNORED), (f"{content}{IM_END}", code), ("\n", IGNORED)]


class Corpus:
    """Draws documents: plain stories, chats, and prompts with their category."""

    def __init__(self):
        self.grammar = prompts.build_grammar()
        self.chat = Chat()

    def document(self, rng):
        kind = rng.random()
        if kind < 0.08:
            return [(BOS, IGNORED), (stories.tell(stories.story_parts(rng), rng) + BOS, SPOKEN)]
        # Engines differ in whether they put BOS before a chat template, so the model sees both.
        start = [(BOS, IGNORED)] if rng.random() < 0.5 else []
        if kind < 0.62:
            return start + self.classification(rng)
        return start + self.conversation(rng, kind)

    def classification(self, rng):
        text, label = prompts.labelled_prompt(self.grammar, rng)
        code = READ if rng.random() < 0.25 else IGNORED
        return message("user", prompts.QUESTION + text, code) + message("assistant", label, LABEL)

    def conversation(self, rng, kind):
        turns = [stories.request_and_story(rng)] if kind < 0.70 else self.chat.talk(rng)
        parts = message("system", rng.choice(SYSTEM), IGNORED) if rng.random() < 0.1 else []
        for ask, say in turns:
            parts += message("user", ask, READ) + message("assistant", say, SPOKEN)
        return parts
