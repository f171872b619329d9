"""Generates the corpus, trains the tokenizer on it and packs token rows for train.py.

    python prepare.py --out /tmp/train --tokens 8e6 [--seed 1] [--tokenizer existing/tokenizer.json]

Writes tokenizer.json and rows-SEED.npz: `ids` [rows, ROW] uint16, `weights` (codes) and `segments` (document numbers), uint8.
"""

import argparse
import random
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from gen.corpus import SPECIAL, Corpus

ROW = 512
# The Qwen2 split: contractions, words with one leading sign, single digits, runs of signs, white space.
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def train_tokenizer(corpus, seed, vocab_size=4096, n_docs=60000):
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(SPLIT), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    rng = random.Random(seed)
    texts = (plain_text(corpus.document(rng)) for _ in range(n_docs))
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def plain_text(document):
    text = "".join(piece for piece, _ in document)
    for token in SPECIAL:
        text = text.replace(token, "\n")
    return text


def encode(document, tokenizer):
    """Token ids and weight codes; pieces are encoded apart, as the template's borders fall on special tokens or new lines."""
    ids, codes = [], []
    for text, code in document:
        piece = tokenizer.encode(text).ids
        ids += piece
        codes += [code] * len(piece)
    return ids[: ROW + 1], codes[: ROW + 1]


def pack(documents, n_tokens):
    """Fills rows with whole documents (first fit among 64 open rows), so that each row starts with a document."""
    rows, open_rows, used = [], [], 0
    for ids, codes in documents:
        home = next((row for row in open_rows if row["len"] + len(ids) <= ROW + 1), None)
        if home is None:
            if len(open_rows) == 64:
                rows.append(open_rows.pop(0))
            home = {"len": 0, "docs": []}
            open_rows.append(home)
        home["docs"].append((ids, codes))
        home["len"] += len(ids)
        used += len(ids)
        if used >= n_tokens:
            break
    return rows + open_rows


def to_arrays(rows):
    ids = np.zeros((len(rows), ROW + 1), np.uint16)
    weights = np.zeros((len(rows), ROW + 1), np.uint8)
    segments = np.full((len(rows), ROW + 1), 255, np.uint8)
    for index, row in enumerate(rows):
        at = 0
        for number, (doc, codes) in enumerate(row["docs"]):
            ids[index, at : at + len(doc)] = doc
            weights[index, at + 1 : at + len(doc)] = codes[1:]
            segments[index, at : at + len(doc)] = number
            at += len(doc)
    return ids, weights, segments


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=float, default=8e6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokenizer", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    corpus = Corpus()
    tokenizer = Tokenizer.from_file(str(args.tokenizer)) if args.tokenizer else train_tokenizer(corpus, seed=0)
    tokenizer.save(str(args.out / "tokenizer.json"))
    rng = random.Random(args.seed)
    documents = (encode(corpus.document(rng), tokenizer) for _ in iter(int, 1))
    ids, weights, segments = to_arrays(pack(documents, args.tokens))
    np.savez(args.out / f"rows-{args.seed}.npz", ids=ids, weights=weights, segments=segments)
    print(f"{len(ids)} rows of {ROW}, {np.mean(segments < 255):.1%} full, weights {np.bincount(weights.ravel(), minlength=4)}")


if __name__ == "__main__":
    main()
