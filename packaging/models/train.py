"""Trains the shipped model from nothing; about half an hour on two cores.

Usage: ``python train.py OUT [--steps N]``. Writes ``OUT/model.pt``, ``OUT/tokenizer.json`` and
``OUT/training.json`` (figures for the model card).
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from bpe import END, train_tokenizer
from converge_core.prompt import Standing, StateEntry
from generate import MAX_ENTRIES, Case, Example, make_case
from net import Net, Shape
from tokenizers import Tokenizer
from torch import Tensor

KINDS = 6
IGNORED = -100
POOL = 384
"""How many examples are sorted by length at a time."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example in tokens, with what each token is to teach.

    Attributes:
        tokens: prompt, answer and end.
        prompt: how many of the tokens are the prompt.
        lines: position of each state line's end and what kind of line it is.
    """

    tokens: list[int]
    prompt: int
    lines: list[tuple[int, int]]


def kind_of(entry: StateEntry) -> int:
    """Returns the class the probe is to name: standing and, of an unknown, its weight."""
    if entry.standing is None:
        return 5
    if entry.standing is Standing.UNKNOWN and entry.binding:
        return 4
    return list(Standing).index(entry.standing)


def encode(tokenizer: Tokenizer, case: Case, example: Example) -> Encoded:
    """Encodes an example."""
    prompt = tokenizer.encode(example.prompt).ids
    answer = tokenizer.encode(example.answer).ids
    newline, end = tokenizer.token_to_id("Ċ"), tokenizer.token_to_id(END)
    ends = [place for place, token in enumerate(prompt) if token == newline]
    first = example.prompt[: example.prompt.index("\nSTATE\n")].count("\n") + 2
    kinds = [kind_of(entry) for entry in case.entries]
    lines = list(zip(ends[first : first + len(kinds)], kinds, strict=True))
    return Encoded([*prompt, *answer, end], len(prompt), lines)


def examples(tokenizer: Tokenizer, first_seed: int, most: int, count: int) -> Iterator[Encoded]:
    """Draws ``count`` examples of at most ``most`` entries, one from each case."""
    for seed in range(first_seed, first_seed + count):
        case = make_case("training", seed, most)
        chain = case.examples()
        step = random.Random(seed).choices((0, 1, 2), (0.5, 0.12, 0.38))[0]
        yield encode(tokenizer, case, chain[step % len(chain)])


def batches(tokenizer: Tokenizer, budget: int, total: int) -> Iterator[list[Encoded]]:
    """Yields ``total`` batches of about ``budget`` tokens; states grow in the first third."""
    rng, seed, made = random.Random(1), 1_000_000, 0
    while made < total:
        most = min(MAX_ENTRIES, 3 + int(36 * made / total))
        pool = sorted(examples(tokenizer, seed, most, POOL), key=lambda item: len(item.tokens))
        seed += POOL
        cut: list[list[Encoded]] = [[]]
        for item in pool:
            if (len(cut[-1]) + 1) * len(item.tokens) > budget:
                cut.append([])
            cut[-1].append(item)
        rng.shuffle(cut)
        for batch in cut:
            if batch:
                made += 1
                yield batch


def losses(net: Net, batch: list[Encoded]) -> tuple[Tensor, Tensor]:
    """Returns the loss over the answers and the probe's loss over the state lines."""
    longest = -(-max(len(item.tokens) for item in batch) // 64) * 64
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    rows, places, targets, probe_rows, probe_places, kinds = ([] for _ in range(6))
    for row, item in enumerate(batch):
        tokens[row, : len(item.tokens)] = torch.tensor(item.tokens)
        answer = range(item.prompt - 1, len(item.tokens) - 1)
        rows += [row] * len(answer)
        places += answer
        targets += item.tokens[item.prompt :]
        probe_rows += [row] * len(item.lines)
        probe_places += [place for place, _ in item.lines]
        kinds += [kind for _, kind in item.lines]
    with torch.autocast("cpu", torch.bfloat16):
        last, early = net(tokens)
        logits = last[rows, places] @ net.embedding.weight.T
        probed = net.probe(early[probe_rows, probe_places])
    answered = F.cross_entropy(logits.float(), torch.tensor(targets))
    return answered, F.cross_entropy(probed.float(), torch.tensor(kinds))


def optimizers(net: Net, rate: float) -> list[torch.optim.Optimizer]:
    """Returns Muon for the blocks' matrices and AdamW for everything else."""
    matrices = [p for p in net.blocks.parameters() if p.dim() == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in net.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.01),
    ]


def train(out: Path, steps: int, budget: int, rate: float) -> None:
    """Trains and writes the results to ``out``."""
    torch.manual_seed(1)
    out.mkdir(parents=True, exist_ok=True)
    started, seen = time.monotonic(), 0
    tokenizer = train_tokenizer()
    tokenizer.save(str(out / "tokenizer.json"))
    shape = Shape(tokenizer.get_vocab_size())
    net = Net(shape, KINDS)
    parameters = sum(p.numel() for p in net.parameters())
    print(f"{parameters} parameters", flush=True)
    chosen = optimizers(net, rate)
    recent: list[tuple[float, float]] = []
    for step, batch in enumerate(batches(tokenizer, budget, steps)):
        scale = min(1.0, (step + 1) / 50, (steps - step) / (0.4 * steps))
        for optimizer in chosen:
            for group in optimizer.param_groups:
                group["lr"] = rate * max(scale, 0.0)
            optimizer.zero_grad()
        answered, probed = losses(net, batch)
        (answered + 0.3 * probed).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for optimizer in chosen:
            optimizer.step()
        seen += sum(len(item.tokens) for item in batch)
        recent = [*recent[-24:], (answered.item(), probed.item())]
        if step % 25 == 24:
            means = [sum(column) / len(recent) for column in zip(*recent, strict=True)]
            spent = time.monotonic() - started
            print(f"{step + 1} answer {means[0]:.4f} probe {means[1]:.4f}"
                  f" tokens {seen} seconds {spent:.0f}", flush=True)
        if step % 250 == 249 or step == steps - 1:
            torch.save({"shape": asdict(shape), "weights": net.state_dict()}, out / "model.pt")
    figures = {
        "parameters": parameters, "steps": steps, "tokens": seen,
        "seconds": round(time.monotonic() - started), "answer_loss": round(means[0], 5),
    }
    (out / "training.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--budget", type=int, default=8192, help="tokens a batch")
    parser.add_argument("--rate", type=float, default=2e-3)
    chosen = parser.parse_args()
    train(chosen.out, chosen.steps, chosen.budget, chosen.rate)


if __name__ == "__main__":
    main()
