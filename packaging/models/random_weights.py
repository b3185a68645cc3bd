"""Writes a model of random weights: as heavy as a real one, and with nothing to say.

Usage: ``python random_weights.py SHAPE OUT``; SHAPE is one of tiny, r200 and r1b. It is for
measuring: what a step costs does not depend on what the weights mean. The vocabulary is that of
the shipped model, so that every prompt of the app can be tokenized. Matrices are Q8_0, made and
written a block at a time, so that a gigabyte of weights takes little memory. The same shape and
seed give the same bytes. Nothing that this writes belongs in the repository.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

SHIPPED = Path(__file__).parents[2] / "resources" / "models" / "converge-nano-q8_0.gguf"
CONTEXT = 8192
MATRIX = GGMLQuantizationType.Q8_0
BLOCK_VALUES = 4_000_000
"""How many weights are made at a time."""


@dataclass(frozen=True)
class Shape:
    """How large a model is."""

    layers: int
    width: int
    hidden: int
    heads: int
    kv_heads: int

    @property
    def kv_width(self) -> int:
        """Returns how wide keys and values are."""
        return self.width // self.heads * self.kv_heads


SHAPES = {
    "tiny": Shape(layers=2, width=64, hidden=192, heads=4, kv_heads=2),
    "r200": Shape(layers=16, width=1024, hidden=3072, heads=16, kv_heads=4),
    "r1b": Shape(layers=22, width=2048, hidden=5888, heads=32, kv_heads=4),
}


@dataclass(frozen=True)
class Tensor:
    """One tensor to write: a matrix of rows, or a norm of one dimension.

    Attributes:
        name: its name in GGUF.
        shape: rows and columns, or the width of a norm.
        scale: the standard deviation of its weights; a norm is all ones.
    """

    name: str
    shape: tuple[int, ...]
    scale: float = 0.0


def tensors(shape: Shape, vocabulary: int) -> Iterator[Tensor]:
    """Yields what a model of ``shape`` is made of, at scales that keep activations near one."""
    wide, narrow = shape.width**-0.5, shape.hidden**-0.5
    # What is added to the residual stream is made smaller the more layers add to it.
    added = (2 * shape.layers) ** -0.5
    yield Tensor("token_embd.weight", (vocabulary, shape.width), wide)
    for number in range(shape.layers):
        block = f"blk.{number}."
        yield Tensor(block + "attn_norm.weight", (shape.width,))
        yield Tensor(block + "attn_q.weight", (shape.width, shape.width), wide)
        yield Tensor(block + "attn_k.weight", (shape.kv_width, shape.width), wide)
        yield Tensor(block + "attn_v.weight", (shape.kv_width, shape.width), wide)
        yield Tensor(block + "attn_output.weight", (shape.width, shape.width), wide * added)
        yield Tensor(block + "ffn_norm.weight", (shape.width,))
        yield Tensor(block + "ffn_gate.weight", (shape.hidden, shape.width), wide)
        yield Tensor(block + "ffn_up.weight", (shape.hidden, shape.width), wide)
        yield Tensor(block + "ffn_down.weight", (shape.width, shape.hidden), narrow * added)
    yield Tensor("output_norm.weight", (shape.width,))


def write(name: str, out: Path, seed: int = 0, vocabulary: Path = SHIPPED) -> int:
    """Writes the model of shape ``name`` to ``out`` and returns how many weights it has."""
    shape = SHAPES[name]
    donor = GGUFReader(vocabulary)
    made = list(tensors(shape, len(donor.fields["tokenizer.ggml.tokens"].data)))
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".part")
    writer = GGUFWriter(unfinished, "llama")
    _describe(writer, name, shape)
    _copy_tokenizer(writer, donor)
    for tensor in made:
        _announce(writer, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in made:
        # A tensor's weights depend on its name alone, not on what was written before it.
        rng = np.random.default_rng([seed, zlib.crc32(tensor.name.encode())])
        writer.write_tensor_data(_Lazy(tensor, rng))  # type: ignore[arg-type]
    writer.close()
    unfinished.replace(out)
    return sum(int(np.prod(tensor.shape)) for tensor in made)


def _describe(writer: GGUFWriter, name: str, shape: Shape) -> None:
    writer.add_name(f"random-{name}")
    writer.add_description("Random weights, for measuring; it has nothing to say.")
    writer.add_license("MIT")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)


def _copy_tokenizer(writer: GGUFWriter, donor: GGUFReader) -> None:
    def held(key: str) -> Any:
        return donor.fields[f"tokenizer.ggml.{key}"].contents()

    tokens = held("tokens")
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model(held("model"))
    writer.add_tokenizer_pre(held("pre"))
    writer.add_token_list(tokens)
    writer.add_token_types(held("token_type"))
    writer.add_token_merges(held("merges"))
    writer.add_bos_token_id(held("bos_token_id"))
    writer.add_eos_token_id(held("eos_token_id"))
    writer.add_pad_token_id(held("padding_token_id"))
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)


def _announce(writer: GGUFWriter, tensor: Tensor) -> None:
    """Tells the writer of a tensor whose weights come later."""
    if len(tensor.shape) == 1:
        size = 4 * tensor.shape[0]
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), size)
        return
    packed = gguf.quant_shape_to_byte_shape(tensor.shape, MATRIX)
    size = int(np.prod(packed))
    writer.add_tensor_info(tensor.name, packed, np.dtype(np.uint8), size, raw_dtype=MATRIX)


class _Lazy:
    """A tensor that makes its weights while it is written, as the writer asks for them."""

    def __init__(self, tensor: Tensor, rng: np.random.Generator) -> None:
        self._tensor = tensor
        self._rng = rng
        one = len(tensor.shape) == 1
        packed = tensor.shape if one else gguf.quant_shape_to_byte_shape(tensor.shape, MATRIX)
        self.nbytes = int(np.prod(packed)) * (4 if one else 1)

    def tofile(self, file: Any) -> None:
        """Writes the weights, some rows at a time."""
        if len(self._tensor.shape) == 1:
            np.ones(self._tensor.shape, np.float32).tofile(file)
            return
        rows, columns = self._tensor.shape
        step = max(1, BLOCK_VALUES // columns)
        for start in range(0, rows, step):
            size = (min(step, rows - start), columns)
            values = self._rng.standard_normal(size, np.float32) * np.float32(self._tensor.scale)
            gguf.quants.quantize(values, MATRIX).tofile(file)


def main() -> None:
    """Reads the command line and writes the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    weights = write(chosen.shape, chosen.out, chosen.seed)
    size = chosen.out.stat().st_size
    print(f"{chosen.out}: {weights / 1e6:,.1f} million weights, {size / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
