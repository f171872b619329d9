"""Prints what the exported model says: stories from BOS and answers to prompts.

    python sample.py --model ../crates/lilim/assets/lilim-small.gguf [--prompts demo_prompts.json] [--stories 3] [--temperature 0.6]
"""

import argparse
import json
from pathlib import Path

from loaded import Loaded


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--prompts", type=Path)
    parser.add_argument("--stories", type=int, default=2)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("ask", nargs="*")
    args = parser.parse_args()
    loaded = Loaded(args.model)
    for seed in range(args.stories):
        new = loaded.generate(loaded.encode("Once upon a time"), 240, temperature=max(args.temperature, 0.6), seed=seed)
        print("STORY Once upon a time" + loaded.tokenizer.decode(new) + "\n")
    asks = list(args.ask)
    if args.prompts:
        asks += [p["prompt"] for p in json.loads(args.prompts.read_text())["prompts"]]
    for ask in asks:
        print(f"USER  {ask}\nLILIM {loaded.answer(ask, n_tokens=260, temperature=args.temperature)}\n")


if __name__ == "__main__":
    main()
