"""Accuracy, macro-F1 and calibration by source, beside two baselines, from the answers of the Rust classifier.

    cargo build --release -p lilim-router --example classify
    python evaluate.py --prompts FOLDER --external FOLDER --binary ../../target/release/examples/classify --split held_out
    python evaluate.py --external FOLDER --binary … --split development   # of the external sources alone
    python evaluate.py --prompts FOLDER --binary … --prompts-json        # counts, and says so; prints three figures and the baselines
    python evaluate.py --prompts FOLDER --leave-one-out                  # trains anew without each source
    python evaluate.py --fixture ../../crates/lilim-router/tests/data/embedded_expected.json

The answers are compared with those of the Python twin: a difference over 1e-5 is an error.
"""

import argparse
import json
import math
import struct
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np

import train
from features import BUCKETS, Matrix
from generate import LABELS
from external import load_external
from sources import load_sources

WEIGHTS = Path(__file__).parent / "../../crates/lilim-router/assets/prompt-classifier.bin"
BINS = 10  # of equal width


class Weights:
    """The file as written by train.py."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        assert data[:8] == train.MAGIC and struct.unpack_from("<III", data, 8) == (train.VERSION, len(LABELS), BUCKETS)
        numbers = np.frombuffer(data, "<f4", 1 + 2 * len(LABELS), 20).astype(np.float64)
        self.divisor, self.scale, self.bias = numbers[0], numbers[1 : 1 + len(LABELS)], numbers[1 + len(LABELS) :]
        self.table = np.frombuffer(data, np.int8, BUCKETS * len(LABELS), 24 + 8 * len(LABELS)).reshape(BUCKETS, len(LABELS))

    def probabilities(self, texts):
        return train.softmax(Matrix(texts).logits(self.table * self.scale, self.bias) / self.divisor)


def ask_rust(binary, texts):
    """Probabilities, keyword labels and microseconds of each prompt."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    answers = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    answers = [json.loads(answer) for answer in answers]
    numbers = lambda names: np.array([LABELS.index(name) for name in names])
    return np.array([a["probabilities"] for a in answers]), numbers([a["keywords"] for a in answers]), np.array([a["us"] for a in answers])


def bins(truth, probabilities):
    """[(number, mean confidence, accuracy)] of the bins of confidence that hold something."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [(int(np.sum(which == b)), confidence[which == b].mean(), right[which == b].mean()) for b in range(BINS) if np.any(which == b)]


def calibration_error(truth, probabilities):
    return sum(n * abs(confidence - right) for n, confidence, right in bins(truth, probabilities)) / len(truth)


def row(name, truth, probabilities, keywords):
    accuracy, f1 = train.accuracy_and_f1(truth, probabilities.argmax(axis=1))
    keyword_accuracy, keyword_f1 = train.accuracy_and_f1(truth, keywords)
    half = 1.96 * math.sqrt(accuracy * (1 - accuracy) / len(truth))
    majority = max(Counter(truth).values()) / len(truth)
    error = calibration_error(truth, probabilities)
    print(f"| {name} | {len(truth)} | {accuracy:.3f} ± {half:.3f} | {f1:.3f} | {error:.3f} | {keyword_accuracy:.3f} | {keyword_f1:.3f} | {majority:.3f} |")


def header():
    print("| source | prompts | accuracy | macro-F1 | calibration error | keyword accuracy | keyword macro-F1 | majority accuracy |")
    print("|---|---|---|---|---|---|---|---|")


def by_source(prompts, probabilities, keywords):
    truth = np.array([LABELS.index(prompt.label) for prompt in prompts])
    sources = np.array([prompt.source for prompt in prompts])
    agreed = np.array([prompt.is_agreed for prompt in prompts])
    header()
    for source in dict.fromkeys(sources):
        here = sources == source
        row(source, truth[here], probabilities[here], keywords[here])
        if not agreed[here].all():
            here &= agreed
            row(f"{source}, both annotators alike", truth[here], probabilities[here], keywords[here])
    row("all", truth, probabilities, keywords)
    if not agreed.all():
        row("all, both annotators alike", truth[agreed], probabilities[agreed], keywords[agreed])
        print("below: where both annotators are alike")
        truth, sources, probabilities, keywords = truth[agreed], sources[agreed], probabilities[agreed], keywords[agreed]
    guess = probabilities.argmax(axis=1)
    means = [np.mean(guess[sources == source] == truth[sources == source]) for source in dict.fromkeys(sources)]
    print(f"mean of the sources' accuracies: {np.mean(means):.3f}")
    print("\n| truth \\ guess | " + " | ".join(LABELS) + " | recall | precision |\n|" + "---|" * (len(LABELS) + 3))
    for at, label in enumerate(LABELS):
        counts = [int(np.sum((truth == at) & (guess == other))) for other in range(len(LABELS))]
        recall, precision = counts[at] / max(1, sum(counts)), counts[at] / max(1, int(np.sum(guess == at)))
        print(f"| {label} | " + " | ".join(map(str, counts)) + f" | {recall:.3f} | {precision:.3f} |")
    print("\n| confidence | prompts | accuracy |\n|---|---|---|")
    for n, confidence, right in bins(truth, probabilities):
        print(f"| {confidence:.3f} | {n} | {right:.3f} |")
    print("\n| threshold | answered | accuracy of those |\n|---|---|---|")
    for threshold in (0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        answered = probabilities.max(axis=1) >= threshold
        print(f"| {threshold} | {answered.mean():.3f} | {np.mean(guess[answered] == truth[answered]):.3f} |")


def leave_one_out(folder, seed, per_category):
    """Trains without a source and tests on its held-out half; the last row is trained on none of them."""
    rows = train.training_rows(folder, seed, per_category, ("train", "held_out"))
    sources = [source for source in dict.fromkeys(rows.sources) if " " not in source and source not in train.WEIGHTS]
    print("| left out | prompts | accuracy | macro-F1 |\n|---|---|---|---|")
    for left_out in [*sources, None]:
        kept = [*train.WEIGHTS] + [source for source in sources if left_out and source != left_out]
        weights, bias = train.fit(rows, np.flatnonzero(np.isin(rows.sources, kept)))
        for source in [left_out] if left_out else sources:
            tested = np.flatnonzero(rows.sources == f"{source} held_out")
            accuracy, f1 = train.accuracy_and_f1(rows.labels[tested], rows.matrix.logits(weights, bias, tested).argmax(axis=1))
            print(f"| {source}{'' if left_out else ' (own text only)'} | {len(tested)} | {accuracy:.3f} | {f1:.3f} |", flush=True)


def refresh_fixture(path):
    """Writes the twin's probabilities beside the texts that the file holds."""
    texts = [entry["text"] for entry in json.loads(path.read_text())]
    found = Weights(WEIGHTS).probabilities(texts)
    lines = [json.dumps({"text": text, "probabilities": [round(float(p), 9) for p in row]}) for text, row in zip(texts, found)]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", type=Path)
    parser.add_argument("--fixture", type=Path, help="a list of texts that the Rust test reads; gets new probabilities")
    parser.add_argument("--binary")
    parser.add_argument("--split", choices=["train", "calibration", "development", "held_out"], default="calibration")
    parser.add_argument("--external", type=Path, help="the files that external.py reads")
    parser.add_argument("--prompts-json", action="store_true")
    parser.add_argument("--leave-one-out", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-category", type=int, default=4000)
    args = parser.parse_args()
    if args.fixture:
        return refresh_fixture(args.fixture)
    if args.leave_one_out:
        return leave_one_out(args.prompts, args.seed, args.per_category)
    if args.prompts_json:
        entries = json.loads((args.prompts / "prompts.json").read_text(encoding="utf-8"))["prompts"]
        texts, truth = [entry["prompt"] for entry in entries], np.array([LABELS.index(entry["category"]) for entry in entries])
    else:
        prompts = load_sources(args.prompts)[0] if args.prompts else []
        prompts = [prompt for prompt in prompts + (load_external(args.external) if args.external else []) if prompt.split == args.split]
        texts = [prompt.text for prompt in prompts]
    probabilities, keywords, micros = ask_rust(args.binary, texts)
    apart = np.abs(probabilities - Weights(WEIGHTS).probabilities(texts)).max()
    assert apart < 1e-5, f"the Rust classifier is {apart} away from its twin"
    if args.prompts_json:
        header()
        row("prompts.json", truth, probabilities, keywords)
    else:
        by_source(prompts, probabilities, keywords)
    print(f"\nmost apart from the Python twin: {apart:.1e}; time a prompt: median {np.median(micros):.0f} µs, p95 {np.percentile(micros, 95):.0f} µs, most {micros.max():.0f} µs")


if __name__ == "__main__":
    main()
