"""Lists frames and written prompts that share much wording with a prompt that is tested on, so that they can be taken out.

    python overlap.py --prompts FOLDER --external FOLDER
"""

import argparse
import re

import generate
from external import load_external
from sources import load_sources

SIZE, MOST = 4, 0.34  # words in a row; the share of a frame's that one held-out prompt may have


def runs(text):
    words = re.findall(r"[a-z0-9']+", re.sub(r"\{[a-z]+\}", " _ ", text).lower())
    return {tuple(words[at : at + SIZE]) for at in range(len(words) - SIZE + 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", required=True)
    parser.add_argument("--external", required=True)
    args = parser.parse_args()
    held = [prompt for prompt in load_sources(args.prompts)[0] if prompt.split in ("held_out", "unused")] + load_external(args.external)
    index = {}
    for at, prompt in enumerate(held):
        for run in runs(prompt.text):
            index.setdefault(run, []).append(at)
    writer = generate.Writer(None)
    groups = [*writer.frames.values(), writer.tasks, writer.demands, writer.tails, writer.role_openings, writer.role_tasks]
    own = {frame for group in groups for frames in group.values() for frame in frames} | {text for text, _, _ in generate.written_prompts()}
    for frame in sorted(own):
        mine = runs(frame)
        counts = {}
        for run in mine:
            for at in index.get(run, []):
                counts[at] = counts.get(at, 0) + 1
        at = max(counts, key=counts.get, default=None)
        if at is not None and counts[at] >= 2 and counts[at] / len(mine) >= MOST:
            print(f"{counts[at]}/{len(mine)} {held[at].source}: {frame!r}")


if __name__ == "__main__":
    main()
