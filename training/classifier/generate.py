"""Writes the classifier's own training text: frames filled with words, joined and roughened as people write.

    python generate.py --out own.jsonl [--seed 1] [--per-category 4000]

Each line: {"text", "label", "split"}. The split (train, calibration, dev) is that of the frame, so no frame is in two of them.
"""

import argparse
import hashlib
import json
import random
import re
from pathlib import Path

import frames_creative
import frames_factual
import frames_fourth
import frames_instruction
import frames_reasoning
import frames_role
import frames_second
import frames_third
from slots import SLOTS

FACTUAL, REASONING, CREATIVE, INSTRUCTION, ROLE = LABELS = ["Factual", "Reasoning", "Creative", "Instruction-heavy", "Role-based"]
SPLITS = ("train", "calibration", "dev")

# What people put around any prompt, whatever its category.
BEFORE = """Hi! ; Hello, ; Hey, ; hi ; Good morning. ; Quick one: ; Question: ; Q: ; Task: ; One more thing. ; OK next. ; So, ; I'm a teacher. ; I'm a student in my second year. ; I have an exam tomorrow.
; My daughter asked me this. ; My boss wants to know. ; This is for school. ; It's for a friend. ; I am preparing a talk. ; I work in a small company in Leeds. ; I'm bored. ; I need your help. ; Can you help me with this?
; Here is what I need. ; We are a group of five. ; It's my mother's birthday tomorrow. ; I've been thinking about this all day. ; Sorry if this is a stupid question. ; I'm not a native speaker. ; Thanks for your help earlier. ; Prompt:
; Instruction: ; User: ; Dear assistant, ; Please help. ; I hope you can do this. ; We discussed this at dinner. ; I saw it on television last night. ; English is fine. ; New topic. ; Let's try something else."""
AFTER = """Thanks! ; Thank you. ; thanks ; Thanks in advance. ; Please. ; please ; It's urgent. ; Take your time. ; I appreciate it. ; Cheers. ; Be honest. ; Do your best. ; Go. ; That's all. ; :) ; Any help is welcome. ; asap"""
SOFT = {
    FACTUAL: """Explain it simply. ; Be brief. ; in simple terms ; briefly ; Please give some examples. ; Please include the most important dates. ; Give a short answer. ; in a few sentences ; Why does it matter? ; And since when?
        ; Where does the word come from? ; Please explain. ; Give details. ; with examples ; And how does it compare to others? ; Who came up with it? ; Please keep it simple, I'm new to this. ; What are the sources? ; in detail ; What else should I know?""",
    REASONING: """Show your work. ; Explain your reasoning. ; Think step by step. ; Show all steps. ; How did you get there? ; Justify your answer. ; Explain. ; Why? ; step by step ; Give the final answer. ; Give your answer as a number.
        ; Round to two decimals. ; Think carefully. ; Is there only one answer? ; Let's work it out. ; What is the answer? ; Explain how you know. ; Give a reason. ; Please check your result. ; Walk me through it.""",
    CREATIVE: """Make it funny. ; Make it sad. ; Make it rhyme. ; Keep it short. ; Surprise me. ; Give it a happy ending. ; Give it an unexpected ending. ; It should feel like a dream. ; Use vivid images. ; in about 200 words ; for children ; Be imaginative.
        ; Make it original. ; It should be playful. ; Make the reader cry. ; I like dark humour. ; The mood should be warm. ; with a twist at the end ; in a whimsical style ; It's for a card. ; Give it a title. ; Let your imagination run. ; No clichés please. ; about 100 words ; Make it memorable. ; It should be set at night.""",
    INSTRUCTION: "", ROLE: "",
}


PASSAGES = frames_second.PASSAGES.strip().split("\n")


def lines(text):
    return [line.replace("\\n", "\n") for line in text.strip("\n").split("\n")]


def items(text):
    return [item.strip() for item in text.replace("\n", " ").split(";") if item.strip()]


def split_of(frame):
    byte = hashlib.sha256(frame.encode()).digest()[0]
    return "train" if byte < 205 else "calibration" if byte < 230 else "dev"


def by_split(frames):
    return {split: [frame for frame in frames if split_of(frame) == split] for split in SPLITS}


class Writer:
    def __init__(self, rng):
        self.rng = rng
        self.frames = {
            FACTUAL: by_split(lines(frames_factual.FRAMES) + lines(frames_second.FACTUAL) + lines(frames_third.FACTUAL) + lines(frames_fourth.FACTUAL)),
            REASONING: by_split(lines(frames_reasoning.FRAMES) + lines(frames_second.REASONING) + lines(frames_third.REASONING)),
            CREATIVE: by_split(lines(frames_creative.FRAMES) + lines(frames_second.CREATIVE) + lines(frames_third.CREATIVE) + lines(frames_fourth.CREATIVE)),
            INSTRUCTION: by_split(lines(frames_instruction.FRAMES) + lines(frames_second.INSTRUCTION) + lines(frames_third.INSTRUCTION)),
            ROLE: by_split(lines(frames_role.FRAMES) + lines(frames_third.ROLE) + lines(frames_fourth.ROLE)),
        }
        self.role_openings = by_split(lines(frames_role.OPENINGS))
        self.role_tasks = by_split(lines(frames_role.TASKS))
        self.tasks = by_split(lines(frames_instruction.TASKS))
        self.demands = by_split(lines(frames_instruction.DEMANDS))
        self.tails = by_split(lines(frames_instruction.TAILS))
        self.soft = {label: items(text) for label, text in SOFT.items()}
        self.before, self.after = items(BEFORE), items(AFTER)

    def fill(self, frame):
        """Fills choices and slots; {{ and }} stand for braces."""
        frame = frame.replace("{{", "\x01").replace("}}", "\x02")
        frame = re.sub(r"\[([^\[\]|]+(?:\|[^\[\]|]+)+)\]", lambda found: self.rng.choice(found.group(1).split("|")), frame)

        def word(found):
            return self.passage() if found.group(1) == "passage" else self.rng.choice(SLOTS[found.group(1)])

        text = re.sub(r"\{([a-z]+)\}", word, frame).replace("\x01", "{").replace("\x02", "}")
        text = re.sub(r"\b([Aa]) (?=[aeioAEIO]\w)", r"\1n ", text)
        return text

    def passage(self):
        """Some sentences in a row of one of the passages, or of two."""
        text = " ".join(self.rng.sample(PASSAGES, self.rng.choice([1, 1, 2])))
        sentences = re.split(r"(?<=[.!?]) ", text)
        start = self.rng.randrange(max(1, len(sentences) - 3))
        return " ".join(sentences[start : start + self.rng.randint(2, 9)])

    def pick(self, groups, split):
        return self.fill(self.rng.choice(groups[split]))

    def join(self, first, second):
        """Two parts as two sentences, or on two lines."""
        if not first.endswith((".", "!", "?", ":", ",", "\n")):
            first += "."
        return first + self.rng.choice([" ", " ", " ", "\n", "\n\n"]) + second

    def instruction(self, split):
        kind = self.rng.random()
        if kind < 0.40:
            return self.pick(self.frames[INSTRUCTION], split)
        if kind < 0.55:  # a question or a wish of another category becomes this one by what is demanded of the answer
            other = self.rng.choice([FACTUAL, FACTUAL, REASONING, CREATIVE])
            text = self.pick(self.frames[other], split)
            for _ in range(self.rng.choice([1, 2, 2, 3]) + (other == CREATIVE)):
                text = self.join(text, self.pick(self.demands, split))
            return text
        task = self.pick(self.tasks, split)
        if kind < 0.70:
            tail = self.pick(self.tails, split)
            text = task.rstrip("?") + ("" if tail.startswith(",") else " ") + tail
            text += self.rng.choice([".", ".", "", "?" if task.startswith(("Can", "Could", "What")) else "."])
            return self.join(text, self.pick(self.demands, split)) if self.rng.random() < 0.3 else text
        demands = [self.pick(self.demands, split) for _ in range(self.rng.choice([2, 2, 2, 3, 3, 4]))]
        demands = list(dict.fromkeys(demands))
        style = self.rng.random()
        if style < 0.12:
            return task + ". Requirements:\n" + "\n".join(self.rng.choice(["- ", "* "]) + demand for demand in demands)
        if style < 0.20:
            return task + ". " + "\n".join(f"{at + 1}. {demand}" for at, demand in enumerate(demands))
        if style < 0.32:
            return " ".join(demands[:1] + [task + "."] + demands[1:])
        for demand in demands:
            task = self.join(task, demand)
        return task

    def role(self, split):
        kind = self.rng.random()
        if kind < 0.42:
            return self.pick(self.frames[ROLE], split)
        opening = self.pick(self.role_openings, split)
        if kind < 0.72:
            task = self.pick(self.role_tasks, split)
        elif kind < 0.88:
            task = self.pick(self.frames[self.rng.choice([FACTUAL, FACTUAL, REASONING, CREATIVE])], split)
        else:
            task = self.instruction(split)
        if opening.endswith((",", " and")):
            return opening + " " + task[:1].lower() + task[1:]
        text = self.join(opening, task[:1].upper() + task[1:])
        if self.rng.random() < 0.15:
            text += " " + self.pick(self.demands, split)
        return text

    def prompt(self, label, split):
        if label == INSTRUCTION:
            return self.instruction(split)
        if label == ROLE:
            return self.role(split)
        text = self.pick(self.frames[label], split)
        if self.rng.random() < 0.06:  # something given with it says nothing about the category
            given = self.passage() if self.rng.random() < 0.6 else self.rng.choice(SLOTS[self.rng.choice(["list", "sentence", "product", "topic"])])
            return text + self.rng.choice(frames_fourth.LEADS) + given
        if self.rng.random() < 0.22:
            soft = self.rng.choice(self.soft[label])
            text = text.rstrip(".") + " " + soft + self.rng.choice(["", "."]) if soft[0].islower() and not text.endswith("?") else self.join(text, soft)
        return text

    def roughen(self, text):
        rng = self.rng
        if rng.random() < 0.12:
            text = rng.choice(self.before) + rng.choice([" ", " ", "\n"]) + text
        if rng.random() < 0.06:
            text += rng.choice([" ", "\n"]) + rng.choice(self.after)
        if rng.random() < 0.10:
            text = text.lower()
        if rng.random() < 0.12:
            text = text.rstrip(".?!")
        if rng.random() < 0.08:
            text = self.mistype(text)
        if rng.random() < 0.05:
            text = text.replace("'", "")
        return text

    def mistype(self, text):
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            at = self.rng.randrange(max(1, len(text) - 1))
            if text[at : at + 2].isalpha():
                text = self.rng.choice([text[:at] + text[at + 1 :], text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :], text[:at] + text[at] + text[at:]])
        return text


def own_prompts(seed, per_category):
    """[(text, label, split)], without repetitions; a tenth each goes to calibration and dev."""
    writer = Writer(random.Random(seed))
    rows, seen = [], set()
    for label in LABELS:
        for split, share in zip(SPLITS, (1.0, 0.1, 0.1)):
            wanted, tries = int(per_category * share), 0
            while wanted and tries < 20 * per_category:
                tries += 1
                text = writer.roughen(writer.prompt(label, split))
                if text not in seen:
                    seen.add(text)
                    rows.append((text, label, split))
                    wanted -= 1
    return rows


def written_prompts():
    """[(text, label, split)] of the prompts in `written/`, which were written one by one."""
    rows = []
    for path in sorted((Path(__file__).parent / "written").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            byte = hashlib.sha256(entry["text"].encode()).digest()[0]
            rows.append((entry["text"], entry["label"], "train" if byte < 225 else "calibration" if byte < 240 else "dev"))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-category", type=int, default=4000)
    args = parser.parse_args()
    with open(args.out, "w") as file:
        for text, label, split in own_prompts(args.seed, args.per_category):
            file.write(json.dumps({"text": text, "label": label, "split": split}) + "\n")


if __name__ == "__main__":
    main()
