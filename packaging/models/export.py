"""Writes a trained model as a GGUF file that llama.cpp loads, and takes one up again to train on.

Usage: ``python export.py RUN [OUT]``; OUT is the file that ships unless said otherwise.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch
from bpe import END, tokenizer_of
from generate import SHIPPED
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from net import Net, Shape
from tokenizers import Tokenizer

VERSION = "1.0"

_BLOCK_NAMES = {
    "attention_norm.weight": "attn_norm.weight",
    "attention.q.weight": "attn_q.weight",
    "attention.k.weight": "attn_k.weight",
    "attention.v.weight": "attn_v.weight",
    "attention.o.weight": "attn_output.weight",
    "feed_norm.weight": "ffn_norm.weight",
    "gate.weight": "ffn_gate.weight",
    "up.weight": "ffn_up.weight",
    "down.weight": "ffn_down.weight",
}


def tensor_name(name: str) -> str | None:
    """Returns a weight's name in GGUF; None for what only training needs."""
    if name == "embedding.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    if not name.startswith("blocks."):
        return None
    _, block, rest = name.split(".", 2)
    return f"blk.{block}.{_BLOCK_NAMES[rest]}"


def export(run: Path, out: Path) -> None:
    """Exports the model of a training run, matrices as Q8_0."""
    saved = torch.load(run / "model.pt", weights_only=True)
    shape = Shape(**saved["shape"])
    out.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(out, "llama")
    _describe(writer, shape)
    _tokenizer(writer, json.loads((run / "tokenizer.json").read_text("utf-8"))["model"])
    for name, weight in saved["weights"].items():
        target = tensor_name(name)
        if target is None:
            continue
        data = weight.float().numpy()
        if data.ndim == 1:
            writer.add_tensor(target, data)
            continue
        kind = GGMLQuantizationType.Q8_0
        packed: np.ndarray = gguf.quants.quantize(data, kind)
        writer.add_tensor(target, packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def take_up(file: Path) -> tuple[dict[str, torch.Tensor], Tokenizer]:
    """Returns the weights and the tokenizer of a file that :func:`export` wrote.

    The weights are those that llama.cpp computes with: rounded to Q8_0, and without what only
    training needs.
    """
    reader = gguf.GGUFReader(file)
    packed = {tensor.name: tensor for tensor in reader.tensors}
    shape = Shape(len(reader.get_field("tokenizer.ggml.tokens").data))
    weights = {}
    for name, parameter in Net(shape, probed=1).state_dict().items():
        target = tensor_name(name)
        if target is not None:
            tensor = packed[target]
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            weights[name] = torch.tensor(values).view(parameter.shape)
    tokens = reader.get_field("tokenizer.ggml.tokens").contents()
    merges = reader.get_field("tokenizer.ggml.merges").contents()
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return weights, tokenizer_of(vocabulary, [tuple(pair.split(" ")) for pair in merges])


def _describe(writer: GGUFWriter, shape: Shape) -> None:
    writer.add_name("converge-nano")
    writer.add_version(VERSION)
    writer.add_organization("Converge Desktop")
    writer.add_description("Weighs a rendered state under a written policy; no chat model.")
    writer.add_license("MIT")
    writer.add_languages(["en"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)


def _tokenizer(writer: GGUFWriter, model: dict[str, object]) -> None:
    vocabulary, merges = model["vocab"], model["merges"]
    assert isinstance(vocabulary, dict)
    assert isinstance(merges, list)
    end = vocabulary[END]
    kinds = [TokenType.CONTROL if n == end else TokenType.NORMAL for n in range(len(vocabulary))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(sorted(vocabulary, key=vocabulary.__getitem__))
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_pad_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)


def main() -> None:
    """Reads the command line and exports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path, nargs="?", default=SHIPPED)
    chosen = parser.parse_args()
    export(chosen.run, chosen.out)
    print(f"{chosen.out}: {chosen.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
