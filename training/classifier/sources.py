"""Prompts of others with their labels (LABELS.md) and their split: 40% train, 10% calibration, 50% held out, by hash of the text."""

import csv
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

from generate import FACTUAL, INSTRUCTION, LABELS, REASONING

HERE = Path(__file__).parent
# Tasks of llmrouter_queries.jsonl whose kind is one: their label. The word lists of commongen ask for nothing, and the quiz stems of mmlu, gpqa,
# commonsense_qa, openbook_qa and arc_challenge are knowledge and inference at once: unclear.
ROUTER = {"natural_qa": FACTUAL, "trivia_qa": FACTUAL, "math": REASONING, "gsm8k": REASONING, "agentverse-mgsm": REASONING,
          "agentverse-logicgrid": REASONING, "mbpp": INSTRUCTION, "human_eval": INSTRUCTION}
# Natural Questions and MGSM are share-alike, MBPP is CC-BY: these are in no training and no calibration, only held out.
NEVER_TRAINED = {"natural_qa", "agentverse-mgsm", "mbpp"}


class Prompt:
    """One prompt; `task` is the sub-source where a source has several, `is_agreed` False where a second annotator says otherwise."""

    def __init__(self, source, text, label, task=None, is_agreed=True):
        self.source, self.text, self.label, self.task, self.is_agreed = source, text, label, task, is_agreed
        self.split = split_of(text, task)
        if task in NEVER_TRAINED and self.split != "held_out":
            self.split = "unused"


def split_of(text, task=None):
    """By hash of the lower-case words, so that copies with other spacing or punctuation share a split."""
    if task == "agentverse-mgsm":
        text = text.split("\n")[0]  # GSM8K's question; what follows asks for a box
    at = int.from_bytes(hashlib.sha256(words_of(text).encode()).digest()[:8], "little") % 100
    return "train" if at < 40 else "calibration" if at < 50 else "held_out"


def words_of(text):
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def load_sources(folder):
    """([Prompt], how many were left out as unclear by source); prompts.json is not read here."""
    folder = Path(folder)
    by_hand, second = ({source: {at: label for label, ats in groups.items() for at in ats}
                        for source, groups in json.loads((HERE / name).read_text()).items()} for name in ("labels.json", "second_labels.json"))

    def labelled(source, at):
        first = by_hand[source][at]
        return first, None, second[source].get(at, first) == first

    rows = []
    for entry in _lines(folder / "mt_bench.jsonl"):
        rows.append(("mt_bench", entry["turns"][0], *labelled("mt_bench", entry["question_id"])))
    for source, name in (("self_instruct", "self_instruct_seed_tasks"), ("user_oriented", "user_oriented_instructions")):
        for entry in _lines(folder / f"{name}.jsonl"):
            given = entry["instances"][0]["input"]
            text = entry["instruction"] + (f"\n\n{given}" if given.strip() else "")
            rows.append((source, text, *labelled(source, int(entry["id"].split("_")[-1]))))
    rows += [("ifeval", entry["prompt"], by_hand["ifeval"].get(entry["key"], INSTRUCTION), None) for entry in _lines(folder / "ifeval.jsonl")]
    rows += [("gsm8k", entry["question"], REASONING, None) for entry in _lines(folder / "gsm8k_test.jsonl")]
    with open(folder / "truthfulqa.csv", encoding="utf-8-sig", newline="") as file:
        rows += [("truthfulqa", entry["Question"], FACTUAL, None) for entry in csv.DictReader(file)]
    for entry in _lines(folder / "llmrouter_queries.jsonl"):
        rows.append(("llmrouter", entry["query"], ROUTER.get(entry["task_name"], "unclear"), entry["task_name"]))
    unclear = Counter(row[0] for row in rows if row[2] == "unclear")
    return [Prompt(*row) for row in rows if row[2] != "unclear"], unclear


def main():
    import sys

    prompts, unclear = load_sources(sys.argv[1])
    print("left out as unclear:", dict(unclear))
    for source in dict.fromkeys(prompt.source for prompt in prompts):
        for split in ("train", "calibration", "held_out", "unused"):
            labels = Counter(prompt.label for prompt in prompts if prompt.source == source and prompt.split == split)
            print(f"{source:14} {split:12} {sum(labels.values()):5}", {label: labels[label] for label in LABELS if labels[label]})


if __name__ == "__main__":
    main()
