"""The network: a llama in miniature, in the shape llama.cpp expects."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


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

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """Returns what each position gathers from those before it."""
        batch, length, width = x.shape
        split = (batch, length, -1, self.shape.head_width)
        q, k, v = (f(x).view(split).transpose(1, 2) for f in (self.q, self.k, self.v))
        groups = self.shape.heads // self.shape.kv_heads
        k, v = rotate(k, rope).repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        y = F.scaled_dot_product_attention(rotate(q, rope), k, v, is_causal=True)
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


class Net(nn.Module):
    """The language model, with a head for training only that names what a state line says."""

    def __init__(self, shape: Shape, kinds: int, probe_after: int = 3) -> None:
        super().__init__()
        self.shape = shape
        self.probe_after = probe_after
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.probe_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.probe = nn.Linear(shape.width, kinds)
        self._start()

    def _start(self) -> None:
        """Starts from blocks that add nothing to embeddings of an even size.

        The tied output head stays calm at first because the last norm starts small.
        """
        nn.init.normal_(self.embedding.weight, std=0.5)
        nn.init.constant_(self.norm.weight, 0.1)
        for name, parameter in self.blocks.named_parameters():
            if name.endswith(("o.weight", "down.weight")):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the hidden states after the last block and at the probe."""
        rope = rope_table(self.shape, tokens.shape[1])
        x = self.embedding(tokens)
        early = x
        for number, block in enumerate(self.blocks, 1):
            x = block(x, rope)
            early = x if number == self.probe_after else early
        return self.norm(x), self.probe_norm(early)


def rope_table(shape: Shape, length: int) -> tuple[Tensor, Tensor]:
    """Returns cosine and sine by position and pair."""
    pairs = torch.arange(0, shape.head_width, 2) / shape.head_width
    angles = torch.arange(length)[:, None] * shape.rope_base**-pairs
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotates adjacent pairs by position, llama.cpp's way."""
    cosine, sine = rope
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1)
    return turned.flatten(-2).to(x.dtype)
