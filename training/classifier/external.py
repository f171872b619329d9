"""Prompts of sources that nothing was trained or tuned on: their files, labels and split.

    python external.py FOLDER      # what is there, by source, split and label

FOLDER holds the files of PROVENANCE.md under the names below; none of them is part of this repository. `external_labels.json` holds
{source: {label: {id: first 16 hex digits of the hash of the words}}}: the prompts that two annotators labelled alike.
"""

import csv
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

from generate import LABELS
from sources import Prompt, words_of

HERE = Path(__file__).parent
DEVELOPMENT = 20  # of 100: errors on these were read; the rest is held out


def _lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _texts(folder):
    """(source, id, text) of everything in the files."""
    for at, entry in enumerate(json.loads((folder / "alpaca.json").read_text())):
        yield f"alpaca_{entry['dataset']}", str(at), entry["instruction"]
    for entry in _lines(folder / "wizard.jsonl"):
        yield "wizardlm", str(entry["idx"]), entry["Instruction"]
    with open(folder / "awesome.csv", encoding="utf-8", newline="") as file:
        for at, entry in enumerate(csv.DictReader(file)):
            yield "awesome", str(at), entry["prompt"]
    for path in sorted((folder / "system_prompts").rglob("*.md")):
        found = re.search(r"##\s*System Message\s*\n(.*?)(?=\n## |\Z)", path.read_text(encoding="utf-8"), re.S)
        yield "system_prompts", str(path.relative_to(folder / "system_prompts"))[:-3], (found.group(1) if found else "").strip()
    for entry in _lines(folder / "arena.jsonl"):
        yield "arena_creative", entry["uid"], entry["prompt"]
    for key, entry in json.loads((folder / "eqbench.json").read_text()).items():
        yield "eqbench_creative", key, re.sub(r"\n*<SEED>\n*", "\n", entry["writing_prompt"]).strip()


def load_external(folder):
    """[Prompt] with split `development` or `held_out`. A labelled prompt that is missing, or is another now, is an error."""
    wanted = {(source, key): (label, digest) for source, labels in json.loads((HERE / "external_labels.json").read_text()).items()
              for label, ids in labels.items() for key, digest in ids.items()}
    out = []
    for source, key, text in _texts(Path(folder)):
        label, digest = wanted.pop((source, key), (None, None))
        if label is None:
            continue
        found = hashlib.sha256(words_of(text).encode()).digest()
        assert found.hex().startswith(digest), f"{source} {key}: another text than the one that was labelled"
        prompt = Prompt(source, text, label)
        prompt.split = "development" if int.from_bytes(found[:8], "little") % 100 < DEVELOPMENT else "held_out"
        out.append(prompt)
    assert not wanted, f"{len(wanted)} labelled prompts are not in the files, the first is {next(iter(wanted))}"
    return out


def main():
    prompts = load_external(sys.argv[1])
    for source in dict.fromkeys(prompt.source for prompt in prompts):
        for split in ("development", "held_out"):
            labels = Counter(prompt.label for prompt in prompts if prompt.source == source and prompt.split == split)
            print(f"{source:20} {split:12} {sum(labels.values()):5}", {label: labels[label] for label in LABELS if labels[label]})


if __name__ == "__main__":
    main()
