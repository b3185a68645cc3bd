"""Unpacks a git bundle into a bare repository, without git.

The repository is kept under the hash of the bundle's bytes, so a second run finds it there. It
appears under that name complete or not at all.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

from dulwich.bundle import Bundle, read_bundle
from dulwich.errors import (
    ApplyDeltaError,
    ChecksumMismatch,
    FileFormatException,
    GitProtocolError,
    NotGitRepository,
    ObjectMissing,
    PackedRefsException,
    RefFormatError,
    WrongObjectException,
)
from dulwich.objects import ObjectID, valid_hexsha
from dulwich.pack import DeltaCycle, UnresolvedDeltas
from dulwich.refs import Ref, check_ref_format
from dulwich.repo import Repo

from converge_core.canonical import ContentHash
from converge_desktop.adapters.intake import refusal
from converge_desktop.adapters.wording import plain

MAX_BYTES = 1_000_000_000

REMEDY = "Make it again with: git bundle create project.bundle HEAD --branches --tags"
_HEAD = Ref(b"HEAD")
_BRANCHES = b"refs/heads/"
_TAGS = b"refs/tags/"
_MAGIC = b"# v"

# What dulwich raises, by its own account and by experience, where a bundle is not what it says.
_BROKEN = (
    ApplyDeltaError, ChecksumMismatch, DeltaCycle, FileFormatException, GitProtocolError,
    NotGitRepository, ObjectMissing, PackedRefsException, RefFormatError, UnresolvedDeltas,
    WrongObjectException, AssertionError, EOFError, IndexError, KeyError, MemoryError,
    NotImplementedError, OverflowError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip


def unpack(path: Path, name: str, workspace: Path) -> tuple[Path, ContentHash]:
    """Returns the bare repository that the bundle holds, and the hash of the bundle.

    Raises:
        IntakeError: if it is no complete bundle.
    """
    digest = _digest(path, name)
    target = workspace / f"bundle-{digest[:32]}.git"
    if target.is_dir():
        return target, digest
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="unpacking-", dir=workspace))
        try:
            _unpack_into(scratch, path, name)
            _publish(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        what = f"the bundle could not be unpacked into {plain(str(workspace))} ({error.strerror})"
        raise refusal(name, "", what, "Make room on that disk and try again.") from error
    return target, digest


def _publish(scratch: Path, target: Path) -> None:
    """Moves the repository to its name; another run may have been faster, its copy is as good."""
    try:
        scratch.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _digest(path: Path, name: str) -> ContentHash:
    try:
        if path.stat().st_size > MAX_BYTES:
            what = f"the bundle is larger than {MAX_BYTES // 1_000_000} MB"
            raise refusal(name, "", what, "Clone it and pick the clone instead.")
        with path.open("rb") as file:
            return ContentHash(hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        what = f"the bundle cannot be read ({error.strerror})"
        raise refusal(name, "", what, "Check its permissions.") from error


def _unpack_into(directory: Path, path: Path, name: str) -> None:
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise refusal(name, "line 1", "this is not a git bundle", REMEDY)
            file.seek(0)
            _store(directory, file, name)
    except _BROKEN as error:
        reason = plain(str(error) or type(error).__name__, 100)
        raise refusal(name, "", f"the bundle is damaged ({reason})", REMEDY) from error


def _store(directory: Path, file: BinaryIO, name: str) -> None:
    with read_bundle(file) as bundle:
        _check_header(bundle, name)
        head = _head(bundle, name)
        references = dict(bundle.references)
    with Repo.init_bare(directory, default_branch=b"main") as repo:
        _skip_header(file)
        repo.object_store.add_thin_pack(file.read, None)
        if head not in repo.object_store:
            what = f"the bundle lacks the commit {plain(head.decode())[:7]} that is its HEAD"
            raise refusal(name, "its header", what, REMEDY)
        refs = {ref: at for ref, at in references.items() if _is_kept(ref, at)}
        repo.refs.add_packed_refs(refs)
    (directory / "HEAD").write_bytes(head + b"\n")


def _check_header(bundle: Bundle, name: str) -> None:
    if bundle.prerequisites:
        needed = plain(bundle.prerequisites[0][0][:7].decode("ascii", "replace"))
        what = f"the bundle holds only a part of the history and rests on commit {needed}"
        raise refusal(name, "its header", what, REMEDY)
    if (objects := bundle.capabilities.get("object-format") or "sha1") != "sha1":
        what = f"the bundle names its objects by {plain(objects)}, which cannot be read here"
        raise refusal(name, "its header", what, "Bundle a repository with SHA-1 objects.")


def _skip_header(file: BinaryIO) -> None:
    file.seek(0)
    while file.readline() not in {b"\n", b""}:
        pass


def _head(bundle: Bundle, name: str) -> ObjectID:
    """Returns what HEAD is: as the bundle says, or else main, or else its only branch."""
    branches = {ref: at for ref, at in bundle.references.items() if ref.startswith(_BRANCHES)}
    named = (_HEAD, Ref(_BRANCHES + b"main"), Ref(_BRANCHES + b"master"))
    found = [at for ref in named if (at := bundle.references.get(ref))]
    if not found and len(branches) == 1:
        found = list(branches.values())
    if found and valid_hexsha(found[0]):
        return found[0]
    raise refusal(name, "its header", "the bundle does not say which commit is HEAD", REMEDY)


def _is_kept(ref: Ref, target: ObjectID) -> bool:
    wanted = ref.startswith((_BRANCHES, _TAGS))
    return wanted and check_ref_format(ref) and valid_hexsha(target)
