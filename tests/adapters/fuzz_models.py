"""Model files with mutated headers, and what becomes of them: never of this process.

Usage: ``python -m tests.adapters.fuzz_models 1000``. The same number gives the same files. Half of
the mutants are changed in any bytes of the header; the other half where a header is believed: the
value or the kind of one setting, a count, a length, a dimension.
"""

from __future__ import annotations

import random
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from converge_core.model_config import ModelFacts
from converge_desktop.adapters.models.gguf_header import BadHeader, read_header
from converge_desktop.adapters.models.model_check import (
    ModelCrashed,
    ModelRefused,
    UnsafeModel,
    inspect_models,
)
from tests.adapters.gguf_files import write_model

FILES_A_ROUND = 100
TIMEOUT_S = 20.0
EXTREMES = (
    *(0, 1, 2, 3, 7, 8, 255, 256, 4096, 65535, 2**20, 2**24),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1),
)


def header_length(data: bytes) -> int:
    """Returns about where the weights begin: after the name of the last tensor."""
    return data.rindex(b"output_norm.weight") + 64


def setting_values(data: bytes) -> Iterator[int]:
    """Yields where the kind of each setting stands that holds a number."""
    for key in (
        *(b"general.file_type", b"llama.context_length", b"llama.embedding_length"),
        *(b"llama.block_count", b"llama.feed_forward_length", b"llama.attention.head_count"),
        *(b"llama.attention.head_count_kv", b"llama.rope.dimension_count"),
        *(b"llama.attention.layer_norm_rms_epsilon", b"tokenizer.ggml.bos_token_id"),
        *(b"tokenizer.ggml.eos_token_id", b"tokenizer.ggml.padding_token_id"),
        *(b"tokenizer.ggml.add_bos_token", b"general.architecture", b"tokenizer.ggml.model"),
        *(b"tokenizer.ggml.pre", b"tokenizer.ggml.tokens", b"tokenizer.ggml.token_type"),
        *(b"tokenizer.ggml.merges",),
    ):
        yield data.index(struct.pack("<Q", len(key)) + key) + 8 + len(key)


def dimension_places(data: bytes) -> Iterator[int]:
    """Yields where the number of dimensions of each tensor stands."""
    at = data.index(b"token_embd.weight") - 8
    while at < header_length(data) - 64 + len(b"output_norm.weight"):
        (length,) = struct.unpack_from("<Q", data, at)
        at += 8 + length
        yield at
        (dimensions,) = struct.unpack_from("<I", data, at)
        at += 4 + 8 * dimensions + 4 + 8


def mutate(data: bytes, number: int) -> bytes:
    """Returns the mutant of this number."""
    rng = random.Random(number)
    mutant = bytearray(data)
    if number % 2:
        _believed(mutant, data, rng)
        return bytes(mutant)
    length = header_length(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        at = rng.randrange(length)
        how = rng.randrange(4)
        if how == 0:
            mutant[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            mutant[at] = rng.randrange(256)
        elif how == 2:
            struct.pack_into("<Q", mutant, at, rng.choice(EXTREMES))
        else:
            source, size = rng.randrange(length), rng.randrange(1, 32)
            mutant[at : at + size] = data[source : source + size]
    if rng.randrange(10) == 0:
        del mutant[rng.randrange(len(mutant)) :]
    return bytes(mutant)


def _believed(mutant: bytearray, data: bytes, rng: random.Random) -> None:
    """Changes one or two values where a header is believed."""
    for _ in range(rng.choice((1, 1, 2))):
        how = rng.randrange(8)
        value = rng.choice(EXTREMES)
        if how == 0:
            struct.pack_into("<Q", mutant, rng.choice((8, 16)), value)
        elif how <= 4:
            at = rng.choice(list(setting_values(data)))
            struct.pack_into("<I", mutant, at + 4, value & 0xFFFFFFFF)
        elif how == 5:
            at = rng.choice(list(setting_values(data)))
            struct.pack_into("<I", mutant, at, rng.choice((0, 4, 5, 6, 7, 8, 9, 10, 12, 13)))
        else:
            at = rng.choice(list(dimension_places(data)))
            place = rng.choice((at, at + 4, at + 12, at + 20, at + 24))
            struct.pack_into("<Q", mutant, place, value)


def mutants(folder: Path, numbers: Sequence[int]) -> list[Path]:
    """Writes mutants of a small model and returns where they lie."""
    data = write_model(folder / "good.gguf").read_bytes()
    paths = []
    for number in numbers:
        path = folder / f"mutant-{number}.gguf"
        path.write_bytes(mutate(data, number))
        paths.append(path)
    return paths


def outcome(found: ModelFacts | UnsafeModel) -> str:
    """Returns what became of a file, in a few words."""
    if isinstance(found, ModelCrashed):
        return "crashed its own process"
    if isinstance(found, ModelRefused):
        return "refused"
    assert isinstance(found, ModelFacts)
    return "loaded"


def say(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(count: int) -> None:
    """Looks into ``count`` mutants and prints what became of them."""
    begun = time.perf_counter()
    came: Counter[str] = Counter()
    for start in range(0, count, FILES_A_ROUND):
        numbers = range(start, min(count, start + FILES_A_ROUND))
        with tempfile.TemporaryDirectory() as folder:
            paths = mutants(Path(folder), numbers)
            for path, found in zip(paths, inspect_models(paths, timeout_s=TIMEOUT_S), strict=True):
                what = outcome(found)
                if what == "refused":
                    what += " by its header" if _bad(path) else " by llama.cpp"
                came[what] += 1
                if isinstance(found, ModelCrashed):
                    say(f"  {path.stem}: {found.reason}")
    seconds = time.perf_counter() - begun
    say(f"{count} mutated headers in {seconds:.0f} s, 0 crashes of this process:")
    for what, times in sorted(came.items()):
        say(f"  {times:5} {what}")


def _bad(path: Path) -> bool:
    try:
        read_header(path)
    except (BadHeader, OSError):
        return True
    return False


if __name__ == "__main__":
    main(int(sys.argv[1]))
