"""Trains the embedded model on the rows that prepare.py packed; the same script on a CPU and on a GPU.

    python train.py --data /tmp/train --minutes 60            # starts; checkpoints in --data
    python train.py --data /tmp/train --minutes 60 --resume   # goes on where the last checkpoint is

The learning rate is held, then falls to zero over the last `--decay` share of the minutes, so the end follows the clock and not
the speed of the machine. Matrices are trained with Muon (momentum, orthogonalized), the rest with AdamW.
"""

import argparse
import json
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from gen.corpus import WEIGHTS
from model import Config, Llama

MUON_LR, ADAM_LR, WARMUP_STEPS = 0.01, 0.003, 40


def orthogonalize(stack, steps=4):
    """Newton-Schulz: brings the singular values of each matrix near 1. stack: [n, rows, cols]."""
    x = stack.bfloat16()
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x if wide else x.transpose(1, 2)


class Muon:
    """Momentum whose update is orthogonalized, for all hidden matrices; those of one shape are done together."""

    def __init__(self, params, momentum=0.95, weight_decay=0.05):
        self.groups = {}
        for param in params:
            self.groups.setdefault(tuple(param.shape), []).append(param)
        self.momentum, self.weight_decay = momentum, weight_decay
        self.buffers = {shape: torch.zeros(len(ps), *shape, device=ps[0].device) for shape, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, lr):
        for shape, params in self.groups.items():
            grad = torch.stack([p.grad for p in params])
            buf = self.buffers[shape].lerp_(grad, 1 - self.momentum)
            update = orthogonalize(grad.lerp(buf, self.momentum)).float()
            scale = lr * max(1.0, shape[0] / shape[1]) ** 0.5
            for param, delta in zip(params, update):
                param.mul_(1 - lr * self.weight_decay).sub_(delta, alpha=scale)


class Rows:
    """All packed rows, in a new order every epoch; the last `held_out` rows of the first file are for validation."""

    def __init__(self, folder, device, held_out=64):
        files = sorted(folder.glob("rows-*.npz"))
        parts = [np.load(f) for f in files]
        self.ids, self.weights, self.segments = (np.concatenate([p[k] for p in parts]) for k in ("ids", "weights", "segments"))
        first = len(parts[0]["ids"])
        self.valid = np.arange(first - held_out, first)
        self.train = np.setdiff1d(np.arange(len(self.ids)), self.valid)
        self.device = device

    def order(self, epoch):
        return np.random.default_rng(epoch).permutation(self.train)

    def batch(self, index):
        pick = lambda array: torch.from_numpy(array[index].astype(np.int64)).to(self.device)
        ids, codes, segments = pick(self.ids), pick(self.weights), pick(self.segments)
        seen = segments[:, None, :-1, None] == segments[:, None, None, :-1]
        mask = seen & torch.ones(seen.shape[-2:], dtype=torch.bool, device=self.device).tril()
        weights = torch.tensor(WEIGHTS, device=self.device)[codes[:, 1:]]
        return ids[:, :-1], ids[:, 1:], weights, codes[:, 1:], mask


def losses(model, batch, device):
    """Weighted loss, plus the loss of each token whose weight is above zero and its weight code."""
    inputs, targets, weights, codes, mask = batch
    with torch.autocast(device, dtype=torch.bfloat16):
        hidden = model.hidden(inputs, mask)
        counted = weights > 0
        logits = F.linear(hidden[counted], model.token_embd.weight)
    each = F.cross_entropy(logits.float(), targets[counted], reduction="none")
    return (each * weights[counted]).sum() / weights.sum(), each.detach(), codes[counted]


@torch.no_grad()
def validate(model, rows, device, batch_rows):
    """Mean loss by weight code: read, spoken, label."""
    sums, counts = torch.zeros(4), torch.zeros(4)
    for at in range(0, len(rows.valid), batch_rows):
        _, each, codes = losses(model, rows.batch(rows.valid[at : at + batch_rows]), device)
        sums.index_add_(0, codes.cpu(), each.cpu())
        counts.index_add_(0, codes.cpu(), torch.ones(len(codes)))
    mean = (sums / counts.clamp(min=1)).tolist()
    return {"read": mean[1], "spoken": mean[2], "label": mean[3]}


def rate(step, progress, decay):
    return min(1.0, (step + 1) / WARMUP_STEPS) * min(1.0, max(0.0, (1 - progress) / decay))


def save(path, model, muon, adam, state):
    data = {"config": model.cfg.to_dict(), "model": model.state_dict(), "muon": muon.buffers, "adam": adam.state_dict(), "state": state}
    torch.save(data, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def build(args, device):
    """Model, optimizers and progress, new or from the checkpoint."""
    model = Llama(Config()).to(device)
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "token_embd" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() == 1 or "token_embd" in n]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, lr=ADAM_LR, betas=(0.9, 0.95), weight_decay=0.0)
    state = {"step": 0, "seconds": 0.0, "tokens": 0, "epoch": 0, "at": 0, "n_rows": 0}
    if args.resume:
        saved = torch.load(args.checkpoint, map_location=device)
        model.load_state_dict(saved["model"])
        muon.buffers = saved["muon"]
        adam.load_state_dict(saved["adam"])
        state = saved["state"]
    return model, muon, adam, state


def next_index(rows, state, batch_rows):
    """The next rows of this epoch; more or fewer rows than before (new data) start a new epoch."""
    if state["n_rows"] != len(rows.train) or state["at"] + batch_rows > len(rows.train):
        state.update(epoch=state["epoch"] + 1, at=0, n_rows=len(rows.train))
    index = rows.order(state["epoch"])[state["at"] : state["at"] + batch_rows]
    state["at"] += batch_rows
    return index


def train(args):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(args.seed)
    if device == "cpu":
        torch.set_num_threads(args.threads)
    args.checkpoint = args.data / "checkpoint.pt"
    rows = Rows(args.data, device)
    model, muon, adam, state = build(args, device)
    log = open(args.data / "log.jsonl", "a")
    before, saved_at, running = time.time(), time.time(), []
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    while state["seconds"] < args.minutes * 60 and not stopping:
        factor = rate(state["step"], state["seconds"] / (args.minutes * 60), args.decay)
        batch = rows.batch(next_index(rows, state, args.rows))
        loss, _, _ = losses(model, batch, device)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in adam.param_groups for p in g["params"]], 1.0)
        for group in adam.param_groups:
            group["lr"] = ADAM_LR * factor
        adam.step()
        muon.step(MUON_LR * factor)
        model.zero_grad(set_to_none=True)
        now = time.time()
        state.update(step=state["step"] + 1, seconds=state["seconds"] + now - before, tokens=state["tokens"] + batch[0].numel())
        before = now
        running.append(loss.item())
        if state["step"] % 20 == 0:
            entry = {"step": state["step"], "minutes": round(state["seconds"] / 60, 2), "tokens": state["tokens"], "lr": round(factor, 3), "loss": round(float(np.mean(running)), 4)}
            if state["step"] % 200 == 0:
                entry["valid"] = {k: round(v, 4) for k, v in validate(model, rows, device, args.rows).items()}
            running = []
            print(json.dumps(entry), file=log, flush=True)
        if now - saved_at > 180:
            save(args.checkpoint, model, muon, adam, state)
            saved_at = now
    print(json.dumps({"final": validate(model, rows, device, args.rows), **state}), file=log, flush=True)
    save(args.checkpoint, model, muon, adam, state)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with rows-*.npz; checkpoints and the log go there too")
    parser.add_argument("--minutes", type=float, default=60.0, help="time to train, all resumed parts together")
    parser.add_argument("--decay", type=float, default=0.3, help="share of the time over which the learning rate falls")
    parser.add_argument("--rows", type=int, default=8, help="rows of 512 tokens a step")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
