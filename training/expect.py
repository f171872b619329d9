"""Writes expected.json: greedy tokens and logit margins an engine must reproduce, in float32 on the dequantized Q8_0 weights.

    python expect.py --model ../crates/lilim/assets/lilim-small.gguf --out expected.json

A near tie (small margin) may fall the other way under another order of summation, so each step carries its top-2 margin.
"""

import argparse
import hashlib
import json
from pathlib import Path

from loaded import Loaded

N_NEW = 48
CASES = [
    ("story", None, "Once upon a time"),
    ("chat", "What is the capital of Norway?", None),
    ("tale", "Tell me a story about a shy owl and a lantern.", None),
]


def greedy(loaded, ids):
    """N_NEW greedy tokens, going on past stop tokens, and the margin of the best over the second logit at each step."""
    new, margins = [], []
    for _ in range(N_NEW):
        best = loaded.logits(ids + new)[-1].topk(2)
        new.append(int(best.indices[0]))
        margins.append(round(float(best.values[0] - best.values[1]), 5))
    return new, margins


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    loaded, cases = Loaded(args.model), []
    for name, prompt, text in CASES:
        ids = loaded.encode(text) if text else loaded.chat_ids([("user", prompt)])
        new, margins = greedy(loaded, ids)
        last = loaded.logits(ids)[-1].topk(5)
        cases.append({
            "name": name, "text": text, "user": prompt, "prompt_ids": ids, "greedy_ids": new, "top2_margins": margins,
            "greedy_text": loaded.tokenizer.decode(new, skip_special_tokens=False),
            "first_top5": [[int(i), round(float(v), 5)] for i, v in zip(last.indices, last.values)],
        })
    digest = hashlib.sha256(args.model.read_bytes()).hexdigest()
    args.out.write_text(json.dumps({"model_sha256": digest, "arithmetic": "float32 on dequantized Q8_0 weights", "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
