"""Trains the linear classifier and writes its weights. Needs numpy; one core is enough.

    OMP_NUM_THREADS=1 python train.py --prompts FOLDER --out ../../crates/lilim-router/assets/prompt-classifier.bin
    OMP_NUM_THREADS=1 python train.py --prompts FOLDER --develop      # what choices were made by; looks at train halves only

`--develop` trains without each source in turn and tests on its training half, so that nothing held out is seen while features and settings are chosen.
"""

import argparse
import struct
from collections import Counter

import numpy as np

from features import BUCKETS, Matrix
from generate import CREATIVE, INSTRUCTION, LABELS, own_prompts, written_prompts
from sources import load_sources

MAGIC, VERSION = b"LILIMPC\0", 2
EPOCHS, BATCH, RATE, DECAY = 8, 256, 0.03, 1e-4
SMOOTHING = 0.1  # of the target: a prompt is never wholly one kind
WEIGHTS = {"own": 0.2, "written": 2.0}  # of a prompt filled into a frame, and of one that was written
SOURCE_WEIGHT = 500  # what all prompts of a source weigh together at most
# Left out together when the divisor is fitted: sources of a kind.
GROUPS = (("mt_bench", "self_instruct", "user_oriented"), ("ifeval",), ("truthfulqa",), ("gsm8k", "llmrouter"))
# Added to the biases: long wishes for a story with much said of it were taken for instructions, by the external development prompts.
SHIFT = {CREATIVE: 0.15, INSTRUCTION: -0.15}
SINGLE_WEIGHT = 4  # what one prompt of a source weighs at most


def softmax(logits):
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


class Rows:
    """Prompts as features with label numbers and weights; the labels weigh alike in sum."""

    def __init__(self, triples):
        self.sources = np.array([source for _, _, source in triples])
        self.labels = np.array([LABELS.index(label) for _, label, _ in triples])
        self.matrix = Matrix([text for text, _, _ in triples])

    def weights(self, used):
        weight = np.zeros(len(self.labels))
        sizes = Counter(self.sources[used])
        weight[used] = [WEIGHTS.get(source, min(SINGLE_WEIGHT, SOURCE_WEIGHT / sizes[source])) for source in self.sources[used]]
        for label in range(len(LABELS)):
            mine = used[self.labels[used] == label]
            weight[mine] *= len(used) / len(LABELS) / weight[mine].sum()
        return weight


def fit(rows, used, seed=0, epochs=EPOCHS):
    """Softmax regression by Adam with decoupled decay, the rate falling to zero in a line."""
    rng = np.random.default_rng(seed)
    n_labels = len(LABELS)
    weights, bias = np.zeros((BUCKETS, n_labels)), np.zeros(n_labels)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    share = rows.weights(used)
    target = np.full((len(rows.labels), n_labels), SMOOTHING / n_labels)
    target[np.arange(len(rows.labels)), rows.labels] += 1 - SMOOTHING
    n_steps, step = epochs * (len(used) // BATCH), 0
    for _ in range(epochs):
        order = rng.permutation(used)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            step += 1
            picked = order[start : start + BATCH]
            columns, values, row = rows.matrix.entries(picked)
            logits = rows.matrix.logits(weights, bias, picked)
            slope = (softmax(logits) - target[picked]) * share[picked, None] / BATCH
            rate = RATE * (1 - step / n_steps)
            correction = np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            for label in range(n_labels):
                gradient = np.bincount(columns, slope[row, label] * values, BUCKETS)
                first[:, label] += 0.1 * (gradient - first[:, label])
                second[:, label] += 0.001 * (gradient**2 - second[:, label])
            weights -= rate * correction * first / (np.sqrt(second) + 1e-8 / correction) + rate * DECAY * BUCKETS / 16 * weights
            bias -= rate * slope.sum(axis=0)
    return weights, bias + [SHIFT.get(label, 0.0) for label in LABELS]


def temperature(logits, labels, weight):
    """The divisor of the logits with the least weighted log loss, by a search over a grid of logarithms."""
    def loss(divisor):
        chosen = softmax(logits / divisor)[np.arange(len(labels)), labels]
        return -(weight * np.log(np.maximum(chosen, 1e-12))).sum() / weight.sum()

    return min(np.exp(np.linspace(np.log(0.1), np.log(10), 401)), key=loss)


def quantise(weights):
    """One step of 1/127 of a label's largest weight: int8 numbers and a scale a label."""
    scale = (np.abs(weights).max(axis=0) / 127).astype(np.float32)
    return np.rint(weights / scale.astype(np.float64)).astype(np.int8), scale


def write(path, weights, bias, divisor):
    """Magic (8 bytes), then little-endian: version, labels, buckets (u32 each), divisor, scale and bias (f32 each), int8 weights bucket by bucket."""
    numbers, scale = quantise(weights)
    with open(path, "wb") as file:
        file.write(MAGIC + struct.pack("<III", VERSION, len(LABELS), BUCKETS) + struct.pack("<f", divisor))
        file.write(scale.astype("<f4").tobytes() + bias.astype("<f4").tobytes() + numbers.tobytes())


def accuracy_and_f1(truth, guess):
    """Accuracy, and the mean F1 over the labels that occur in the truth."""
    scores = [2 * np.sum((truth == label) & (guess == label)) / (np.sum(truth == label) + np.sum(guess == label)) for label in np.unique(truth)]
    return float(np.mean(truth == guess)), float(np.mean(scores))


def calibrate(rows, used, weights, bias):
    """The divisor: half of its loss is on the calibration splits, half on sources that a fit without them had not seen.

    The first alone would be too sure of prompts from elsewhere, the second too unsure of familiar ones. In both, every source counts alike.
    """
    def logits_of(weights, bias, picked):
        numbers, scale = quantise(weights)
        return rows.matrix.logits(numbers * scale.astype(np.float64), bias.astype(np.float32), picked)

    def shares(picked):
        sizes = Counter(rows.sources[picked])
        return np.array([1 / sizes[source] / len(sizes) for source in rows.sources[picked]])

    seen = np.flatnonzero(np.char.endswith(rows.sources, " calibration"))
    seen_logits = logits_of(weights, bias, seen)
    unseen_logits, unseen = [], []
    for group in GROUPS:
        picked = used[np.isin(rows.sources[used], group)]
        unseen_logits.append(logits_of(*fit(rows, used[~np.isin(rows.sources[used], group)]), picked))
        unseen.append(picked)
    unseen_logits, unseen = np.concatenate(unseen_logits), np.concatenate(unseen)
    alone = [temperature(seen_logits, rows.labels[seen], shares(seen)), temperature(unseen_logits, rows.labels[unseen], shares(unseen))]
    both = np.concatenate([seen, unseen])
    divisor = temperature(np.concatenate([seen_logits, unseen_logits]), rows.labels[both], np.concatenate([shares(seen), shares(unseen)]))
    print(f"{len(used)} prompts trained on; divisor {divisor:.3f} (seen sources alone {alone[0]:.3f}, unseen alone {alone[1]:.3f})")
    return divisor


def training_rows(folder, seed, per_category, splits):
    own = [(text, label, "own" if split == "train" else f"own {split}") for text, label, split in own_prompts(seed, per_category)]
    own += [(text, label, "written" if split == "train" else f"written {split}") for text, label, split in written_prompts()]
    others, _ = load_sources(folder)
    return Rows(own + [(p.text, p.label, p.source if p.split == "train" else f"{p.source} {p.split}") for p in others if p.split in splits])


def develop(rows):
    sources = [source for source in dict.fromkeys(rows.sources) if " " not in source]
    print(f"{'left out':16} {'n':>5} {'accuracy':>9} {'macro-F1':>9}   guesses")
    correct = []
    for left_out in ["", *sources]:
        used = np.flatnonzero(np.isin(rows.sources, [source for source in sources if source != left_out]))
        weights, bias = fit(rows, used)
        tested = np.flatnonzero(rows.sources == left_out if left_out else np.isin(rows.sources, ["own dev", "written dev"]))
        guess = rows.matrix.logits(weights, bias, tested).argmax(axis=1)
        accuracy, f1 = accuracy_and_f1(rows.labels[tested], guess)
        print(f"{left_out or '- (dev)':16} {len(tested):5} {accuracy:9.3f} {f1:9.3f}  ", dict(Counter(LABELS[at] for at in guess)), flush=True)
        correct.append(accuracy)
    print(f"mean accuracy {np.mean(correct):.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", required=True)
    parser.add_argument("--out")
    parser.add_argument("--develop", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-category", type=int, default=4000)
    args = parser.parse_args()
    rows = training_rows(args.prompts, args.seed, args.per_category, ("train",) if args.develop else ("train", "calibration"))
    if args.develop:
        return develop(rows)
    used = np.flatnonzero(np.char.find(rows.sources, " ") < 0)
    weights, bias = fit(rows, used)
    divisor = calibrate(rows, used, weights, bias)
    if args.out:
        write(args.out, weights, bias, divisor)


if __name__ == "__main__":
    main()
