"""A small template language: `[a|b]` is a choice, `{table}` a draw, `{table.1}` the same draw again, `{2-20}` a number.

`<<` and `>>` stand for literal square brackets, `«` and `»` for literal braces. Tables may hold templates themselves.
"""

import re

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{([A-Za-z_]+|\d+-\d+)(?:\.(\w+))?\}")
ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])(?!one\b|once\b|uni(?!n)|use|usu|eu|Eu|ut[io])")
LITERALS = (("<<", "["), (">>", "]"), ("«", "{"), ("»", "}"))
SYLLABLES = "ba be bor da del dra el en fa fen gor ha hil in ka kel la lor ma mir na nor o pel ra rin sa sol ta tor u va vel wen zan".split()


def options(text):
    """Splits `a|b [c|d]` at the bars that stand outside brackets: `a` and `b [c|d]`."""
    depth, parts = 0, [""]
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def pseudo_word(rng):
    """A made-up name, so that the model does not lean on knowing the topic."""
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3)))


class Grammar:
    def __init__(self, tables):
        self.tables = tables

    def expand(self, template, rng):
        """The template with every choice made and every slot filled."""
        drawn = {}
        text = template
        for _ in range(40):
            before = text
            text = CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), text)
            if not CHOICE.search(text):
                text = SLOT.sub(lambda m: self.draw(m.group(1), m.group(2), rng, drawn), text)
            if text == before:
                return self.finish(text)
        raise ValueError(f"template does not end: {template[:80]}")

    def draw(self, name, label, rng, drawn):
        key = (name, label)
        if label and key in drawn:
            return drawn[key]
        if "-" in name:
            low, high = map(int, name.split("-"))
            value = str(rng.randint(low, high))
        elif name == "pseudo":
            value = pseudo_word(rng)
        elif name == "pseudo_name":
            value = pseudo_word(rng).capitalize()
        else:
            value = rng.choice(self.tables[name])
        if label:
            # A labelled draw is used more than once, so its inner choices must be made now.
            value = self.settle(value, rng, drawn)
            drawn[key] = value
        return value

    def settle(self, text, rng, drawn):
        while CHOICE.search(text) or SLOT.search(text):
            text = CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), text)
            text = SLOT.sub(lambda m: self.draw(m.group(1), m.group(2), rng, drawn), text)
        return text

    @staticmethod
    def finish(text):
        text = re.sub(r" +", " ", text).replace(" ,", ",").replace(" .", ".").replace(" ?", "?").strip()
        text = ARTICLE.sub(r"\1n ", text)
        for mark, literal in LITERALS:
            text = text.replace(mark, literal)
        return re.sub(r"(^|[.?!] |\n)([a-z])(?![a-z]*\()", lambda m: m.group(1) + m.group(2).upper(), text)
