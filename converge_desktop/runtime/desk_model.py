"""What is shown of the desk itself: its models, its packs, and how all of it stands.

Plain values, made and measured as those of ``review_model``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that is known by name: where it is, and how it stands with it.

    ``embeds`` is true of the one that embeds texts for recall and answers nothing.
    """

    name: str
    where: str
    remote: bool = False
    loaded: bool = False
    grade: str = ""
    embeds: bool = False


@dataclass(frozen=True, slots=True)
class ModelView:
    """The models: the one in use, and those that are known by name.

    ``state`` is ``none``, ``loading``, ``measuring``, ``ready``, ``busy`` or ``failed``; ``doing``
    names the model that is being loaded, measured or asked. ``problem`` is about ``failed_path``;
    where that file is quarantined, ``quarantined`` is its SHA-256. ``catalogue`` is the file that
    adds models.
    """

    state: str = "none"
    name: str = ""
    path: str = ""
    sha256: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    tokens_per_second: int = 0
    grade: str = ""
    problem: str = ""
    doing: str = ""
    models: tuple[ModelRow, ...] = ()
    failed_path: str = ""
    quarantined: str = ""
    catalogue: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The status bar.

    ``view_state`` is ``starting``, ``opening``, ``filling``, ``ready``, ``unreachable`` or
    ``failed``; ``view_share`` says in thousandths how much of the ledger is in while it is being
    filled, and ``view_problem`` in a sentence what is wrong. ``ledger_problem`` says in a sentence
    why the ledger cannot be used; ``signed_seq`` is the record of the newest checkpoint, -1 while
    there is none, ``signed_by`` who signed it and ``signed_at`` when. ``operator`` is the name of
    the person at the desk, and ``key_kept`` says where their key lies: ``keyring``, ``file under a
    passphrase`` or ``plain file``; empty while nobody knows.
    """

    operator: str = ""
    unlocked: bool = False
    key_kept: str = ""
    engine: str = "Starting"
    model: ModelView = field(default_factory=ModelView)
    ledger_seq: int = 0
    ledger_state: str = "verifying"
    ledger_verified_at: int = 0
    ledger_problem: str = ""
    signed_seq: int = -1
    signed_by: str = ""
    signed_at: int = 0
    view_seq: int = 0
    view_state: str = "starting"
    view_share: int = 0
    view_problem: str = ""
    budgets: str = ""


@dataclass(frozen=True, slots=True)
class PackWaiting:
    """A version of a pack that lies here and does not govern yet.

    ``loosens`` says in sentences what it makes easier, and who has to agree to each; ``changes`` is
    what is other in its files, line by line. ``gates`` are the open gates at which it is asked, and
    ``refused`` says whether it was asked and not approved.
    """

    version: int
    loosens: tuple[str, ...]
    changes: str
    gates: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class PackRow:
    """One pack that can be run, as it is in force; ``waiting`` is what lies here and does not."""

    pack_id: str
    title: str
    summary: str
    version: int
    policy: str
    sample: str
    waiting: PackWaiting | None = None
