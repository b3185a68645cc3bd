"""Small GGUF files of random weights, right ones and wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType

WIDTH: Final = 32
HIDDEN: Final = 64
HEADS: Final = 2
CONTEXT: Final = 256
BEGIN, END, PAD = "<|begin|>", "<|end|>", "<|pad|>"
MERGES: Final = (("t", "h"), ("th", "e"), ("i", "n"), ("a", "n"))
F32, F16, Q8_0 = (
    GGMLQuantizationType.F32,
    GGMLQuantizationType.F16,
    GGMLQuantizationType.Q8_0,
)
_FILE_TYPES = {
    F32: gguf.LlamaFileType.ALL_F32,
    F16: gguf.LlamaFileType.MOSTLY_F16,
    Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0,
    GGMLQuantizationType.Q4_0: gguf.LlamaFileType.MOSTLY_Q4_0,
}


def byte_signs() -> list[str]:
    """Returns the sign that stands for each byte in a byte-level vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    signs = {byte: chr(byte) for byte in shown}
    signs |= {byte: chr(256 + place) for place, byte in enumerate(hidden)}
    return [signs[byte] for byte in range(256)]


def vocabulary() -> list[str]:
    """Returns the pieces of the small tokenizer: control tokens, bytes, a few merges."""
    return [BEGIN, END, PAD, *byte_signs(), *("".join(pair) for pair in MERGES)]


def write_model(
    path: Path,
    *,
    name: str = "tiny",
    architecture: str = "llama",
    layers: int = 2,
    said_layers: int | None = None,
    width: int = WIDTH,
    context: int = CONTEXT,
    precision: GGMLQuantizationType = F32,
    bos: int | None = 0,
    eos: int | None = 1,
    pad: int | None = 2,
    pre: str | None = "gpt-2",
    tokenizer: bool = True,
    ends: bool = True,
    starts: bool = False,
    seed: int = 0,
) -> Path:
    """Writes a llama-shaped model of random weights.

    Args:
        path: where to.
        name: what it calls itself.
        architecture: the family it names; other than ``llama`` it is not loaded.
        layers: its blocks.
        said_layers: how many it says it has; with none, llama.cpp aborts.
        width: how wide it is.
        context: the tokens of context it says it was trained for.
        precision: what its matrices are stored in.
        bos: the start token it names.
        eos: the end token it names.
        pad: the padding token it names.
        pre: its pre-tokenizer.
        tokenizer: whether it has a vocabulary at all.
        ends: whether its end token is spelled in a way that llama.cpp knows, and a control token.
        starts: whether it asks for a start token before each prompt.
        seed: which random weights.
    """
    rng = np.random.default_rng(seed)
    writer = GGUFWriter(path, architecture)
    writer.add_name(name)
    writer.add_license("MIT")
    writer.add_file_type(_FILE_TYPES[precision])
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers if said_layers is None else said_layers)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    pieces = vocabulary()
    if tokenizer:
        _tokenizer(writer, pieces, pre, ends)
        writer.add_add_bos_token(starts)
        for add, token in (
            (writer.add_bos_token_id, bos),
            (writer.add_eos_token_id, eos),
            (writer.add_pad_token_id, pad),
        ):
            if token is not None:
                add(token)

    def matrix(rows: int, columns: int) -> Any:
        return rng.normal(0, columns**-0.5, (rows, columns))

    _add(writer, "token_embd.weight", matrix(len(pieces), width), precision)
    for number in range(layers):
        block = f"blk.{number}."
        _add(writer, block + "attn_norm.weight", np.ones(width))
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            _add(writer, f"{block}{part}.weight", matrix(width, width), precision)
        _add(writer, block + "ffn_norm.weight", np.ones(width))
        for part in ("ffn_gate", "ffn_up"):
            _add(writer, f"{block}{part}.weight", matrix(HIDDEN, width), precision)
        _add(writer, block + "ffn_down.weight", matrix(width, HIDDEN), precision)
    _add(writer, "output_norm.weight", np.ones(width))
    return _written(writer, path)


def write_adapter(
    path: Path,
    *,
    name: str = "tiny-adapter",
    architecture: str = "llama",
    base: str = "tiny",
    layers: int = 2,
    width: int = WIDTH,
    rank: int = 4,
    alpha: float = 8.0,
    precision: GGMLQuantizationType = F32,
    crashes: bool = False,
    seed: int = 0,
) -> Path:
    """Writes a LoRA adapter for :func:`write_model`.

    Args:
        path: where to.
        name: what it calls itself.
        architecture: the family of its base.
        base: the name of its base.
        layers: how many blocks it changes.
        width: how wide its base is.
        rank: its rank.
        alpha: its strength.
        precision: what its matrices are stored in.
        crashes: whether its method is a number, which makes llama.cpp abort.
        seed: which random weights.
    """
    rng = np.random.default_rng(seed)
    writer = GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_name(name)
    if crashes:
        writer.add_uint32("adapter.type", 1)
    else:
        writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    if base:
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, base)
    for number in range(layers):
        for part in ("attn_q", "attn_v"):
            weight = f"blk.{number}.{part}.weight"
            _add(writer, f"{weight}.lora_a", rng.normal(0, 0.5, (rank, width)), precision)
            _add(writer, f"{weight}.lora_b", rng.normal(0, 0.5, (width, rank)), precision)
    return _written(writer, path)


def _tokenizer(writer: GGUFWriter, pieces: list[str], pre: str | None, ends: bool) -> None:
    spelled = list(pieces)
    kinds = [TokenType.NORMAL] * len(spelled)
    kinds[0] = kinds[1] = kinds[2] = TokenType.CONTROL
    if not ends:
        spelled[1], kinds[1] = "stop", TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(spelled)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in MERGES])


def _add(writer: GGUFWriter, name: str, values: Any, precision: GGMLQuantizationType = F32) -> None:
    values = values.astype(np.float32)
    if precision is F32 or values.ndim == 1:
        writer.add_tensor(name, values)
    else:
        writer.add_tensor(name, gguf.quants.quantize(values, precision), raw_dtype=precision)


def _written(writer: GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
