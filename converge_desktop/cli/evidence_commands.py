"""Evidence: handing it on, checking what one was handed, and checkpoints that lie outside."""

from __future__ import annotations

import argparse
import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from converge_core.capsule_check import Holding
from converge_core.checkpoint import MAX_TEXT, SignedCheckpoint, read_checkpoint
from converge_core.errors import CapsuleBroken, InvalidValue, LedgerCorrupt
from converge_core.events import KINDS, GateOpened, RunStarted
from converge_desktop.adapters.capsule import NotExported, check_capsule
from converge_desktop.adapters.clock import system_clock
from converge_desktop.adapters.disk import write_durably
from converge_desktop.adapters.keys import KEY_BYTES
from converge_desktop.adapters.qr import TooLong, qr_characters, qr_svg
from converge_desktop.cli import desk_commands
from converge_desktop.cli.shared import (
    ALTERED,
    DONE,
    CannotGoOn,
    absolute,
    data_dir,
    show,
)
from converge_desktop.runtime.desk_reader import LEDGER, snapshot_reader_of
from converge_desktop.runtime.evidence import KEYS, Evidence, Redaction
from converge_desktop.runtime.evidence_outputs import (
    CapsuleOutput,
    KeptOutput,
    capsule_output,
    checkpoint_output,
)
from converge_desktop.runtime.wording import ledger_problem, plural

MOST_DIGITS = 16
"""More digits than the number of any record has."""
ENROLLED = "enrolled"
"""Stands for the key that a person is enrolled with in the ledger at hand."""


def add_commands(command: Any, path: Callable[[str], Path]) -> None:
    """Adds the commands; ``command`` makes one of a name and words, ``path`` reads a path."""
    export = command("export", "write evidence of a run, a decision or a record; it proves itself")
    about = export.add_mutually_exclusive_group(required=True)
    about.add_argument(
        "about", nargs="?", default="", metavar="RUN|GATE", help="the id of a run, or of a gate"
    )
    about.add_argument("--record", type=_number, metavar="N", help="the number of one record")
    export.add_argument("--out", type=path, required=True, metavar="FILE", help="where to write it")
    export.add_argument(
        "--redact",
        default="",
        metavar="WHAT",
        help="leave out: text, body, or kinds of records, separated by commas",
    )
    _add_key(export)
    checkpoint = command("checkpoint", "print the newest signed checkpoint, to be kept outside")
    checkpoint.add_argument(
        "--qr", default="", metavar="FILE.svg", help="as a QR code besides; - for the terminal"
    )


def add_options(verify: argparse.ArgumentParser, path: Callable[[str], Path]) -> None:
    """Adds to ``verify`` what else it can verify."""
    what = verify.add_mutually_exclusive_group()
    what.add_argument("--capsule", type=path, metavar="FILE", help="evidence that was exported")
    what.add_argument("--checkpoint", type=path, metavar="FILE", help="one that was kept outside")
    _add_key(verify)


def _add_key(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--key",
        default=ENROLLED,
        metavar="KEY",
        help="the public key that signed it; the one that is enrolled if it is left out",
    )


def export(arguments: argparse.Namespace) -> int:
    """Carries out ``export``."""
    left_out, key = _redaction(arguments.redact), _key(arguments.key)
    evidence = _open(arguments)
    try:
        holding = evidence.export(
            _asked(arguments), absolute(arguments.out), left_out, system_clock(), key=key
        )
    except NotExported as error:
        raise CannotGoOn(str(error)) from error
    except CapsuleBroken as error:
        how = " with --key" * error.reason.endswith("give their public key")
        words = f"nothing was written, for it would not hold: {error.reason}{how}"
        raise CannotGoOn(words) from error
    finally:
        evidence.close()
    lines = [f"{arguments.out} holds evidence of {_what(holding)}.", *_told(holding)]
    if left_out.texts and holding.inline:
        lines.append(
            f"Short texts stand in the records themselves, {holding.inline:,} of them; to leave "
            "them out too: --redact text,trace_recorded"
        )
    begins = (GateOpened if holding.about.gate else RunStarted).kind
    if holding.about.record is None and begins in left_out.kinds:
        lines.append(f"The record that begins {_what(holding)} stays: it says what this is about.")
    show(arguments, capsule_output(holding), lines)
    return DONE


def checkpoint(arguments: argparse.Namespace) -> int:
    """Carries out ``checkpoint``."""
    if arguments.qr not in {"", "-"} and not arguments.qr.endswith(".svg"):
        raise CannotGoOn(f"--qr takes a file that ends in .svg, or -; {arguments.qr} is neither")
    evidence = _open(arguments)
    try:
        signed = evidence.checkpoint()
        output = checkpoint_output(signed, evidence.key_of(signed))
        if arguments.qr not in {"", "-"}:
            write_durably(absolute(Path(arguments.qr)), qr_svg(output.text))
        code = [qr_characters(output.text)] if arguments.qr == "-" else []
    except (NotExported, TooLong) as error:
        raise CannotGoOn(str(error)) from error
    finally:
        evidence.close()
    show(arguments, output, [output.text.removesuffix("\n"), *code])
    return DONE


def verify(arguments: argparse.Namespace) -> int:
    """Carries out ``verify``: the ledger, evidence, or the ledger against a checkpoint."""
    key = _key(arguments.key)
    if arguments.capsule:
        return _verify_capsule(arguments, key)
    if arguments.checkpoint:
        return _verify_checkpoint(arguments, key)
    return desk_commands.verify(arguments)


def _verify_capsule(arguments: argparse.Namespace, key: str) -> int:
    try:
        holding = check_capsule(arguments.capsule, key)
    except CapsuleBroken as error:
        output = CapsuleOutput(ok=False, bad_line=error.line, reason=error.reason)
        show(
            arguments,
            output,
            [f"{arguments.capsule} does not hold, at line {error.line}:", error.reason],
        )
        return ALTERED
    lines = [f"{arguments.capsule} is evidence of {_what(holding)}.", *_told(holding)]
    if not key:
        lines.append(f"It brings the key {holding.key} itself; compare it, if you know it.")
    whole = holding.whole or (holding.about.record is not None and not holding.redacted)
    lines.append("It holds." if whole else "It holds, redacted.")
    show(arguments, capsule_output(holding), lines)
    return DONE


def _verify_checkpoint(arguments: argparse.Namespace, key: str) -> int:
    signed = _kept(arguments.checkpoint)
    evidence = _open(arguments, believe_snapshots=False)
    try:
        reason = evidence.why_not_kept(signed, key)
        records, redacted = evidence.records, evidence.redacted
    finally:
        evidence.close()
    size = signed.checkpoint.size
    words = f"Records 0 to {size - 1} are those that {signed.operator} signed."
    if redacted:
        words += f" But what {plural(redacted, 'record')} said was left out."
    output = KeptOutput(not reason, reason, size, records, redacted)
    show(arguments, output, [f"It does not hold: {reason}." if reason else words])
    return ALTERED if reason else DONE


def _open(arguments: argparse.Namespace, *, believe_snapshots: bool = True) -> Evidence:
    directory = data_dir(arguments)
    if not (directory / LEDGER).is_dir():
        raise CannotGoOn(f"there is no ledger in {directory}; say where it is with --data-dir")
    try:
        return Evidence(directory, snapshot_reader_of(directory) if believe_snapshots else None)
    except (LedgerCorrupt, OSError) as error:
        raise CannotGoOn(ledger_problem(directory, error)) from error


def _redaction(text: str) -> Redaction:
    """Reads what is to be left out."""
    asked = {one.strip() for one in text.split(",") if one.strip()}
    unknown = sorted(asked - {"text", "body"} - KINDS.keys())
    if unknown:
        raise CannotGoOn(
            f"{unknown[0]} cannot be left out; what can is text, body, and the kinds of records: "
            + ", ".join(sorted(KINDS))
        )
    kinds = asked & KINDS.keys()
    if "body" in asked:
        kinds |= KINDS.keys() - KEYS
    return Redaction(kinds, texts="text" in asked)


def _kept(file: Path) -> SignedCheckpoint:
    """Reads a checkpoint that was kept outside."""
    with file.open("rb") as opened:
        data = opened.read(4 * MAX_TEXT + 1)
    try:
        return read_checkpoint(data.decode())
    except UnicodeDecodeError as error:
        raise CannotGoOn(f"{file} is no text, and so no checkpoint") from error
    except InvalidValue as error:
        raise CannotGoOn(f"{file}: {error}") from error


def _key(text: str) -> str:
    """Reads a public key, in hexadecimal or base64, as others write keys; empty if enrolled."""
    if text.lower() == ENROLLED:
        return ""
    if re.fullmatch("[0-9a-fA-F]{64}", text):
        return text.lower()
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise CannotGoOn("--key is not the 32 bytes of a public key, in hexadecimal or base64")
    return key.hex()


def _number(text: str) -> int:
    """Reads the number of a record, as it is printed: with commas or without."""
    plain = text.replace(",", "")
    if not (plain.isascii() and plain.isdecimal()) or len(plain) > MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"{text} is no number of a record; they begin with 0")
    return int(plain)


def _asked(arguments: argparse.Namespace) -> str | int:
    return str(arguments.about) if arguments.record is None else int(arguments.record)


def _what(holding: Holding) -> str:
    about = holding.about
    if about.record is not None:
        return f"record {about.record:,}"
    return f"gate {about.gate}" if about.gate else f"run {about.run}"


def _proves(record: int, signed: SignedCheckpoint) -> str:
    """Says what evidence of a record proves; the times of ledgers are in UTC."""
    at = datetime.fromtimestamp(signed.checkpoint.at / 1e6, UTC)
    return (
        f"Record {record:,} is in the ledger of desk {signed.checkpoint.desk} whose root "
        f"{signed.operator} signed on {at:%Y-%m-%d %H:%M:%S} UTC."
    )


def _told(holding: Holding) -> list[str]:
    signed, about = holding.signed, holding.about
    hidden = f", {holding.redacted:,} of them redacted" * bool(holding.redacted)
    missing = f", {holding.left_out:,} of them left out" * bool(holding.left_out)
    unchecked = f", and {holding.unchecked:,} could not be checked" * bool(holding.unchecked)
    records, texts = plural(holding.records, "record"), plural(holding.texts, "text")
    stands = f"{holding.stands[:1].upper()}{holding.stands[1:]}."
    return [
        *([stands] if holding.stands else []),
        f"{records} of {signed.checkpoint.size:,}{hidden}; {texts}{missing}.",
        f"Signatures: {holding.fitting:,} hold{unchecked}.",
        f"The checkpoint is signed by {signed.operator}.",
        *([] if about.record is None else [_proves(about.record, signed)]),
    ]
