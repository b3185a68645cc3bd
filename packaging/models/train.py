"""Trains the shipped model from nothing; about 80 minutes on two cores, minutes on a GPU.

Usage: ``python train.py OUT [--steps N]``. Writes ``OUT/model.pt``, ``OUT/tokenizer.json`` and
``OUT/training.json`` (figures for the model card).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import count
from multiprocessing import Pool
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from bpe import END, train_tokenizer
from export import take_up
from generate import MAX_ENTRIES, Case, Example, make_case, make_first_lesson
from net import Net, Shape
from tokenizers import Tokenizer
from torch import Tensor

from converge_core.chain import DecisionStep
from converge_core.prompt import Standing, StateEntry

KINDS = 6
STEPS = (0.55, 0.2, 0.25)
"""How often each step of a chain is taught."""
UNKNOWING = 0.5
"""The share of evaluations with more than one unknown, which are rare among cases as drawn."""
FAR = 1_000_000_007
"""Added to a seed, leads to a case of no other batch."""
PROBE_WEIGHT = 0.3
POINTER_WEIGHT = 0.3
DECAY = 0.6
"""The share of training over which the rate falls to nothing, at its end; all of it where a run
goes on from another."""
HELPED = 0.6
"""The share of training over which probe and pointing heads fade out."""
FIRST_LESSONS = 0.12
"""The share of training that is spent on bare states only; they fade out over as much again."""
HEAD = re.compile(r"s\d\d \| (?:info|(?:hard|soft) \| margin [-+?])")
"""What opens a state line; its last character settles what the line says."""
SETTLING = re.compile(r'"(?:conclusion|verdict|side)":"\w|"(?:score|confidence)":0.\d|"do":"c\d')
"""Ends where a verdict, a side, a number or a means begins: one token of an answer's hundred."""
EMPHASIS = 8.0
"""How much more than another such a token weighs."""
STRIDE = 64
"""Sequences are filled up to multiples of this."""
DRAWN = 512
"""So many examples are drawn at one stage of progress."""
WORKERS = max(1, (os.cpu_count() or 2) - 1)
"""How many processes draw examples beside the one that trains."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example in tokens, with what each token is to teach.

    Attributes:
        tokens: prompt, answer and end.
        prompt: how many of the tokens are the prompt.
        settling: where the tokens stand that settle most, and weigh more in the loss.
        lines: for each state line, where the number of its id stands, where it ends, its kind.
        sources: pointing head, place in the answer, and the place of the prompt to look at there.
    """

    tokens: list[int]
    prompt: int
    settling: frozenset[int]
    lines: list[tuple[int, int, int]]
    sources: list[tuple[int, int, int]]

    @property
    def padded(self) -> int:
        """The length up to which it is filled, so that few shapes occur."""
        return -(-len(self.tokens) // STRIDE) * STRIDE


def kind_of(entry: StateEntry) -> int:
    """Returns the class the probe is to name: standing and, of an unknown, its weight."""
    if entry.standing is None:
        return 5
    if entry.standing is Standing.UNKNOWN and entry.binding:
        return 4
    return list(Standing).index(entry.standing)


def _covering(token_at: dict[int, int], place: int) -> int:
    """Returns the token that holds the character at ``place``."""
    while place not in token_at:
        place -= 1
    return token_at[place]


def encode(tokenizer: Tokenizer, case: Case, example: Example) -> Encoded:
    """Encodes an example."""
    prompt, answer = tokenizer.encode(example.prompt), tokenizer.encode(example.answer)
    token_at = {start: place for place, (start, _) in enumerate(prompt.offsets)}
    answer_at = {start: place for place, (start, _) in enumerate(answer.offsets)}
    before = len(prompt.ids) - 1
    lines = []
    at = example.prompt.index("STATE\n") + len("STATE\n")
    for entry in case.entries if example.step is DecisionStep.REASONING else ():
        head = HEAD.match(example.prompt, at)
        assert head, example.prompt[at : at + 40]
        lines.append((token_at[at + 1], _covering(token_at, head.end() - 1), kind_of(entry)))
        at = example.prompt.index("\n", at) + 1
    head_of = {entry.cite: line[1] for entry, line in zip(case.entries, lines, strict=False)}
    listed = example.prompt.find("\nh01")
    sources = []
    for match in re.finditer(r"s(\d\d)[}\"]", example.answer):
        asker = before + answer_at[match.start(1)]
        if listed < 0:
            sources.append((0, asker, head_of[match[0][:3]]))
        else:
            named = example.prompt.index(match[0][:3], listed)
            sources.append((1, asker, token_at[named + 1]))
    for match in re.finditer(r"\{(s\d\d)(\}) is|\{(s\d\d)(\}) breaks", example.answer):
        cite, brace = (match[1], match.start(2)) if match[1] else (match[3], match.start(4))
        after = before + answer_at[brace] + 1
        if listed < 0:
            sources += [(0, place, head_of[cite]) for place in (after, after + 1, after + 2)]
    for match in re.finditer(r'"for":\["(s\d\d)"\],"do":"(c\d\d)', example.answer):
        named = example.prompt.index(f"{match[1]} {match[2]}", listed)
        sources.append((1, before + answer_at[match.start(2) + 1], token_at[named + 5]))
    tokens = [*prompt.ids, *answer.ids, tokenizer.token_to_id(END)]
    settling = frozenset(
        before + 1 + _covering(answer_at, match.end() - 1)
        for match in SETTLING.finditer(example.answer)
    )
    return Encoded(tokens, len(prompt.ids), settling, lines, sources)


def brief(prompt: str) -> str:
    """Cuts a prompt down for the first lessons: which step, what varies, and the state."""
    lines = prompt.split("\n")
    start = lines.index("STATE")
    varying = [line for line in lines[:start] if "soft breaches" in line]
    state = lines[start + 1 : lines.index("", start)]
    return "\n".join([prompt.partition(".")[0], *varying, "STATE", *state, "", "ANSWER", ""])


def lesson(tokenizer: Tokenizer, seed: int, progress: float) -> Encoded:
    """Draws one example; with progress (0..1) states grow and bare ones give way to full ones."""
    rng = random.Random(seed)
    full = rng.random() < (progress - FIRST_LESSONS) / FIRST_LESSONS
    most = min(MAX_ENTRIES, 2 + int((18 if full else 50) * progress / (2 * FIRST_LESSONS)))
    case = make_case("training", seed, most) if full else make_first_lesson(seed, most)
    chain = case.examples()
    step = rng.choices((0, 1, 2), STEPS)[0]
    if step == 1 and full and rng.random() < UNKNOWING:
        case, chain = _unknowing(seed, most)
    example = chain[step % len(chain)]
    if not full:
        example = replace(example, prompt=brief(example.prompt))
    return encode(tokenizer, case, example)


def _unknowing(seed: int, most: int) -> tuple[Case, list[Example]]:
    """Returns the next case with several unknowns whose chain does not end in the first step."""
    for number in count():
        case = make_case("training", seed + number * FAR, most)
        chain = case.examples()
        if len(chain) > 1 and len(case.with_standing(Standing.UNKNOWN)) > 1:
            return case, chain
    raise AssertionError


def batches(
    tokenizer: Tokenizer, budget: int, total: int, seed: int, grown: bool
) -> Iterator[list[Encoded]]:
    """Yields ``total`` batches of one length class and about ``budget`` tokens each.

    Args:
        tokenizer: encodes them.
        budget: tokens a batch.
        total: how many.
        seed: the first case.
        grown: whether the model has had its first lessons.
    """
    waiting: dict[int, list[Encoded]] = defaultdict(list)
    made = 0
    with Pool(WORKERS) as pool:
        while made < total:
            progress = 1.0 if grown else made / total
            seeds = range(seed, seed + DRAWN)
            seed += DRAWN
            for item in pool.imap(partial(lesson, tokenizer, progress=progress), seeds, 16):
                length = item.padded
                waiting[length].append(item)
                if len(waiting[length]) == max(1, budget // length) and made < total:
                    made += 1
                    yield waiting.pop(length)


def losses(net: Net, batch: list[Encoded]) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the losses over the answers, of the probe, and of the pointing heads."""
    device = net.embedding.weight.device
    length = batch[0].padded
    tokens = torch.zeros(len(batch), length, dtype=torch.long)
    answers, lines, names, sources = [], [], [], [(0, 0, 0, 0)]
    for row, item in enumerate(batch):
        size = len(item.tokens)
        tokens[row, :size] = torch.tensor(item.tokens)
        answers += [
            (row, place, item.tokens[place + 1], place + 1 in item.settling)
            for place in range(item.prompt - 1, size - 1)
        ]
        lines += [(row, end, kind) for _, end, kind in item.lines]
        names += [(row, end, item.tokens[name]) for name, end, _ in item.lines]
        copied = {source for head, _, source in item.sources if head == 1}
        names += [(row, place, item.tokens[place]) for place in sorted(copied)]
        for head, place, source in item.sources:
            sources += [(row, 2 * head, place, source), (row, 2 * head + 1, place, source)]
    tokens = tokens.to(device)
    rows, places, targets, settling = torch.tensor(answers, device=device).T
    weights = 1.0 + (EMPHASIS - 1.0) * settling
    line_rows, ends, kinds = torch.tensor(lines or [(0, 0, 0)], device=device).T
    name_rows, held_at, held = torch.tensor(names or [(0, 0, 0)], device=device).T
    source_rows, heads, askers, looked_at = torch.tensor(sources, device=device).T
    with torch.autocast(device.type, torch.bfloat16):
        seen = net(tokens)
        logits = seen.last[rows, places] @ net.embedding.weight.T
        named = net.probe(seen.probed[line_rows, ends]).float()
        kept = seen.probed[name_rows, held_at] @ net.embedding.weight.T
    matches = seen.matches[source_rows, heads, askers].float()
    ahead = torch.arange(length, device=device) > askers[:, None]
    return (
        (weights * F.cross_entropy(logits.float(), targets, reduction="none")).sum()
        / weights.sum(),
        F.cross_entropy(named, kinds) + F.cross_entropy(kept.float(), held),
        F.cross_entropy(matches.masked_fill(ahead, -torch.inf), looked_at),
    )


def optimizers(net: Net, rate: float) -> list[torch.optim.Optimizer]:
    """Returns Muon for the blocks' matrices and AdamW for everything else."""
    matrices = [p for p in net.blocks.parameters() if p.dim() == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in net.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=2 * rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.01),
    ]


def train(
    out: Path,
    steps: int,
    *,
    budget: int,
    rate: float,
    seed: int,
    begun: Path | None,
    device: str,
) -> None:
    """Trains and writes the results to ``out``; goes on from ``begun`` if that is given."""
    torch.manual_seed(1)
    out.mkdir(parents=True, exist_ok=True)
    started, seen = time.monotonic(), 0
    weights, tokenizer = take_up(begun) if begun else ({}, train_tokenizer())
    tokenizer.save(str(out / "tokenizer.json"))
    shape = Shape(tokenizer.get_vocab_size())
    net = Net(shape, KINDS)
    net.load_state_dict(weights, strict=False)
    net.to(device)
    parameters = sum(p.numel() for p in net.parameters())
    print(f"{parameters} parameters", flush=True)
    chosen = optimizers(net, rate)
    recent: list[tuple[float, ...]] = []
    for step, batch in enumerate(batches(tokenizer, budget, steps, seed, begun is not None)):
        scale = min(1.0, (step + 1) / 30, (steps - step) / ((1.0 if begun else DECAY) * steps))
        for optimizer in chosen:
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("peak", group["lr"]) * scale
            optimizer.zero_grad()
        answer, probe, pointer = losses(net, batch)
        helped = 0.0 if begun else max(0.0, 1 - step / (HELPED * steps))
        (answer + helped * (PROBE_WEIGHT * probe + POINTER_WEIGHT * pointer)).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for optimizer in chosen:
            optimizer.step()
        seen += sum(len(item.tokens) for item in batch)
        recent = [*recent[-24:], (answer.item(), probe.item(), pointer.item())]
        if step % 25 == 24:
            means = [sum(column) / len(recent) for column in zip(*recent, strict=True)]
            spent = time.monotonic() - started
            print(
                f"{step + 1} answer {means[0]:.4f} probe {means[1]:.4f} pointer {means[2]:.4f}"
                f" tokens {seen} seconds {spent:.0f}",
                flush=True,
            )
        if step % 250 == 249 or step == steps - 1:
            torch.save({"shape": asdict(shape), "weights": on_cpu(net)}, out / "model.pt")
    figures = {
        "parameters": parameters,
        "steps": steps,
        "tokens": seen,
        "seconds": round(time.monotonic() - started),
        "answer_loss": round(means[0], 5),
    }
    (out / "training.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def on_cpu(net: Net) -> dict[str, Tensor]:
    """Returns the weights where any machine can read them."""
    return {name: weight.cpu() for name, weight in net.state_dict().items()}


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=5500)
    parser.add_argument("--budget", type=int, default=4096, help="tokens a batch")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1_000_000, help="the first case")
    parser.add_argument("--device", default="cpu", help="where to compute, such as cuda")
    parser.add_argument("--begun", type=Path, help="a GGUF file of export.py's to go on from")
    chosen = parser.parse_args()
    train(
        chosen.out,
        chosen.steps,
        budget=chosen.budget,
        rate=chosen.rate,
        seed=chosen.seed,
        begun=chosen.begun,
        device=chosen.device,
    )


if __name__ == "__main__":
    main()
