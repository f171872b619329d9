"""Accuracy and macro-F1 of the labels on prompts of sources the model never saw, beside two baselines.

    python eval_classify.py --model ../crates/lilim/assets/lilim-small.gguf --prompts FOLDER [--confusion] [--json out.json]

Rules that give each prompt of FOLDER its label:
  prompts.json        its own `category`
  mt_bench            first turn: roleplay = Role-based; math, reasoning = Reasoning; stem, humanities = Factual; writing = Creative;
                      coding, extraction = Instruction-heavy
  truthfulqa          Factual                gsm8k      Reasoning           ifeval     Instruction-heavy
  llmrouter           natural_qa, trivia_qa = Factual; math, gsm8k, agentverse-mgsm, agentverse-logicgrid = Reasoning;
                      commongen, mbpp, human_eval = Instruction-heavy; the other tasks are left out
  self_instruct       by a word in the task's name: poem, story, joke, song, haiku, lyrics, slogan = Creative; math, puzzle, logic, reason,
                      riddle = Reasoning; fact, explain, define, capital, country = Factual; rewrite, translate, format, table, convert, code,
                      program, list = Instruction-heavy; the rest is left out
The labels of every source but prompts.json are thus rough: a mt_bench writing task may well ask for an email.
"""

import argparse
import csv
import json
import math
import random
from collections import Counter
from pathlib import Path

import torch

from gen.prompts import MAKERS, QUESTION
from loaded import Loaded

LABELS = list(MAKERS)
FACTUAL, REASONING, CREATIVE, INSTRUCTION, ROLE = LABELS
MAX_PROMPT_TOKENS = 256
MT_BENCH = {"roleplay": ROLE, "math": REASONING, "reasoning": REASONING, "stem": FACTUAL, "humanities": FACTUAL, "writing": CREATIVE,
            "coding": INSTRUCTION, "extraction": INSTRUCTION}
ROUTER = {"natural_qa": FACTUAL, "trivia_qa": FACTUAL, "math": REASONING, "gsm8k": REASONING, "agentverse-mgsm": REASONING,
          "agentverse-logicgrid": REASONING, "commongen": INSTRUCTION, "mbpp": INSTRUCTION, "human_eval": INSTRUCTION}
NAME_WORDS = {
    CREATIVE: "poem story joke song haiku lyrics slogan", REASONING: "math puzzle logic reason riddle",
    FACTUAL: "fact explain define capital country", INSTRUCTION: "rewrite translate format table convert code program list",
}
KEYWORDS = [
    (ROLE, ["you are a", "you are an", "act as", "imagine you are", "pretend", "roleplay", "as a ", "role of", "persona"]),
    (CREATIVE, ["story", "poem", "haiku", "song", "lyrics", "fiction", "novel", "slogan", "scene", "imagine", "compose", "monologue"]),
    (INSTRUCTION, ["exactly", "bullet", "json", "table", "list of", "words", "format", "do not use", "steps", "paragraphs", "python", "function", "must"]),
    (REASONING, ["how many", "if ", "solve", "why does", "prove", "step by step", "puzzle", "logic", "riddle", "calculate", "how much", "$", "probability"]),
]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def name_label(name):
    for label, wanted in NAME_WORDS.items():
        if any(word in name.lower() for word in wanted.split()):
            return label
    return None


def load_sources(folder, limit):
    """{source: [(prompt, label)]}, at most `limit` prompts of each, drawn with a fixed seed."""
    sources = {
        "prompts.json": [(p["prompt"], p["category"]) for p in json.loads((folder / "prompts.json").read_text())["prompts"]],
        "mt_bench": [(p["turns"][0], MT_BENCH[p["category"]]) for p in lines(folder / "mt_bench.jsonl")],
        "truthfulqa": [(p["Question"], FACTUAL) for p in csv.DictReader((folder / "truthfulqa.csv").open())],
        "gsm8k": [(p["question"], REASONING) for p in lines(folder / "gsm8k_test.jsonl")],
        "ifeval": [(p["prompt"], INSTRUCTION) for p in lines(folder / "ifeval.jsonl")],
        "llmrouter": [(p["query"], ROUTER[p["task_name"]]) for p in lines(folder / "llmrouter_queries.jsonl") if p["task_name"] in ROUTER],
        "self_instruct": [(p["instruction"], name_label(p["name"])) for p in lines(folder / "self_instruct_seed_tasks.jsonl") if name_label(p["name"])],
    }
    for name, items in sources.items():
        if len(items) > limit:
            sources[name] = random.Random(0).sample(items, limit)
    return sources


def keyword_label(prompt):
    text = " " + prompt.lower()
    return next((label for label, words in KEYWORDS if any(word in text for word in words)), FACTUAL)


class Classifier:
    """Scores each label's log-probability as the assistant's answer, as Lilim's router does."""

    def __init__(self, loaded):
        self.loaded = loaded
        self.label_ids = [loaded.tokenizer.encode(label).ids for label in LABELS]

    @torch.no_grad()
    def label(self, prompt):
        ids = self.loaded.tokenizer.encode(prompt).ids[:MAX_PROMPT_TOKENS]
        start = self.loaded.chat_ids([("user", QUESTION + self.loaded.tokenizer.decode(ids))])
        # The last prompt position serves all labels, so only labels of several tokens need a row of their own.
        rows = sorted({tuple(label[:-1]) for label in self.label_ids})
        longest = max(map(len, rows))
        batch = torch.tensor([start + list(row) + [0] * (longest - len(row)) for row in rows if row or len(rows) == 1])
        logprobs = dict(zip([row for row in rows if row or len(rows) == 1], self.loaded.model(batch)[:, len(start) - 1 :].log_softmax(-1)))
        any_row = next(iter(logprobs.values()))
        score = lambda label: sum(float(logprobs.get(tuple(label[:-1]), any_row)[at, token]) for at, token in enumerate(label))
        return max(zip(map(score, self.label_ids), LABELS))[1]


def macro_f1(truth, guess):
    """Mean F1 over the labels that occur in the truth."""
    scores = []
    for label in sorted(set(truth)):
        hit = sum(t == g == label for t, g in zip(truth, guess))
        scores.append(2 * hit / max(1, truth.count(label) + guess.count(label)))
    return sum(scores) / len(scores)


def accuracy(truth, guess):
    return sum(t == g for t, g in zip(truth, guess)) / len(truth)


def print_confusion(truth, guess):
    print("    rows: truth, columns: guess (" + ", ".join(label[:6] for label in LABELS) + ")")
    for label in LABELS:
        if label in truth:
            counts = Counter(g for t, g in zip(truth, guess) if t == label)
            print(f"    {label:18}" + "".join(f"{counts[other]:6}" for other in LABELS))


def report(name, truth, guess, keyword, confusion):
    majority = Counter(truth).most_common(1)[0][1] / len(truth)
    half_width = 1.96 * math.sqrt(max(1e-9, accuracy(truth, guess) * (1 - accuracy(truth, guess))) / len(truth))
    row = {"n": len(truth), "accuracy": accuracy(truth, guess), "half_width_95": half_width, "macro_f1": macro_f1(truth, guess),
           "keyword_accuracy": accuracy(truth, keyword), "keyword_macro_f1": macro_f1(truth, keyword), "majority_accuracy": majority}
    print(f"{name:14} n {row['n']:4}  acc {row['accuracy']:.3f} ±{half_width:.3f}  F1 {row['macro_f1']:.3f}   keyword acc {row['keyword_accuracy']:.3f} "
          f"F1 {row['keyword_macro_f1']:.3f}   majority acc {majority:.3f}")
    if confusion:
        print_confusion(truth, guess)
    return {key: round(value, 4) for key, value in row.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=300, help="prompts of each source")
    parser.add_argument("--confusion", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    classifier, results = Classifier(Loaded(args.model)), {}
    balanced = {label: [] for label in LABELS}
    for name, items in load_sources(args.prompts, args.limit).items():
        truth = [label for _, label in items]
        guess = [classifier.label(prompt) for prompt, _ in items]
        keyword = [keyword_label(prompt) for prompt, _ in items]
        results[name] = report(name, truth, guess, keyword, args.confusion)
        for triple in zip(truth, guess, keyword):
            balanced[triple[0]].append(triple)
    recall = {label: accuracy(*list(zip(*rows))[:2]) for label, rows in balanced.items()}
    everything = [triple for rows in balanced.values() for triple in rows]
    results["all"] = report("all", *map(list, zip(*everything)), args.confusion)
    print("recall by label:", {label: round(value, 3) for label, value in recall.items()})
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
