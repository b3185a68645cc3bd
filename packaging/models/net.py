"""The network: a llama in miniature, in the shape llama.cpp expects."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

SHORT = 384
"""Up to this length attention is faster in single precision (measured on the CPU)."""
COPYING = 0.4
"""How strongly a head copies at first."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The hyperparameters that the exported file names."""

    vocabulary: int
    width: int = 256
    layers: int = 6
    heads: int = 8
    kv_heads: int = 4
    hidden: int = 768
    context: int = 2048
    rope_base: float = 10_000.0
    epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """The width of one head."""
        return self.width // self.heads


class Attention(nn.Module):
    """Causal attention with grouped keys and values and rotary positions on adjacent pairs."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.q = nn.Linear(shape.width, shape.width, bias=False)
        self.k = nn.Linear(shape.width, shape.kv_heads * shape.head_width, bias=False)
        self.v = nn.Linear(shape.width, shape.kv_heads * shape.head_width, bias=False)
        self.o = nn.Linear(shape.width, shape.width, bias=False)

    def matching(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Returns queries and keys, by head and position."""
        split = (*x.shape[:2], -1, self.shape.head_width)
        q, k = (rotate(f(x).view(split).transpose(1, 2), rope) for f in (self.q, self.k))
        return q, k.repeat_interleave(self.shape.heads // self.shape.kv_heads, 1)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """Returns what each position gathers from those before it."""
        batch, length, width = x.shape
        q, k = self.matching(x, rope)
        v = self.v(x).view(batch, length, -1, self.shape.head_width).transpose(1, 2)
        v = v.repeat_interleave(self.shape.heads // self.shape.kv_heads, 1)
        if length <= SHORT and x.device.type == "cpu":
            q, k, v = q.float(), k.float(), v.float()
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).to(x.dtype)
        return self.o(y.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Attention and a gated feed-forward, each behind a norm and beside the residual."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.attention = Attention(shape)
        self.feed_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """Returns the residual stream after this block."""
        x = x + self.attention(self.attention_norm(x), rope)
        y = self.feed_norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass leaves behind for the losses.

    Attributes:
        last: the normed stream after the last block.
        probed: the normed stream where the probe sits.
        matches: the attention scores of the pointing heads, by head, query and key.
    """

    last: Tensor
    probed: Tensor
    matches: Tensor


class Net(nn.Module):
    """The language model.

    Two things are there for training only. A probe names, at the end of each state line, what the
    line says. And some heads of one block are told which place of the prompt to look at when the
    next token of the answer is to be copied from it.
    """

    def __init__(
        self,
        shape: Shape,
        probed: int,
        probe_after: int = 3,
        point_in: int = 5,
        pointing: tuple[int, ...] = (0, 2, 4, 6),
    ) -> None:
        super().__init__()
        self.point_in = point_in
        self.pointing = list(pointing)
        self.shape = shape
        self.probe_after = probe_after
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.probe_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.probe = nn.Linear(shape.width, probed)
        self._start()

    def _start(self) -> None:
        """Starts from heads that copy what they look at, and feed-forwards that add nothing.

        The tied output head stays calm at first because the norms before it start small.
        """
        nn.init.normal_(self.embedding.weight, std=0.5)
        nn.init.constant_(self.norm.weight, 0.1)
        nn.init.constant_(self.probe_norm.weight, 0.1)
        groups = self.shape.heads // self.shape.kv_heads
        for block in self.blocks:
            for layer in (block.attention.q, block.attention.k, block.gate, block.up):
                nn.init.normal_(layer.weight, std=self.shape.width**-0.5)
            nn.init.zeros_(block.down.weight)
            nn.init.orthogonal_(block.attention.v.weight)
            value = block.attention.v.weight.view(self.shape.kv_heads, -1, self.shape.width)
            copied = value.repeat_interleave(groups, 0).flatten(0, 1).T
            block.attention.o.weight.data.copy_(COPYING * copied)

    def forward(self, tokens: Tensor) -> Seen:
        """Returns what a pass over ``tokens`` leaves behind."""
        rope = rope_table(self.shape, tokens.shape[1], tokens.device)
        x = probed = self.embedding(tokens)
        matches = x
        for number, block in enumerate(self.blocks, 1):
            if number == self.point_in:
                q, k = block.attention.matching(block.attention_norm(x), rope)
                q, k = q[:, self.pointing], k[:, self.pointing]
                matches = q @ k.transpose(-1, -2) / self.shape.head_width**0.5
            x = block(x, rope)
            if number == self.probe_after:
                probed = x
        return Seen(self.norm(x), self.probe_norm(probed), matches)


def rope_table(shape: Shape, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Returns cosine and sine by position and pair."""
    pairs = torch.arange(0, shape.head_width, 2, device=device) / shape.head_width
    angles = torch.arange(length, device=device)[:, None] * shape.rope_base**-pairs
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotates adjacent pairs by position, llama.cpp's way."""
    cosine, sine = rope
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1)
    return turned.flatten(-2).to(x.dtype)
