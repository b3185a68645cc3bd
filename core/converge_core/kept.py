"""What a run keeps though the world has moved on: its policy, its pack, its intent.

A run is begun by the rules of one moment and ends by them: what it began with stands in its first
record, its pack's files included. While its gates are open, policy, pack or program may be changed;
nothing of it reaches the run, and whoever is asked has to know.
"""

from __future__ import annotations

from dataclasses import dataclass

from converge_core.events import RunStarted


@dataclass(frozen=True, slots=True)
class Current:
    """What a new run would begin with now.

    Attributes:
        pack_version: the pack's version; None where the pack is gone.
        pack_digest: the hash of all its files.
        policy_digest: the version of its policy.
        app_version: the program's version.
    """

    pack_version: int | None
    pack_digest: str
    policy_digest: str
    app_version: str


def what_changed(started: RunStarted, now: Current) -> tuple[str, ...]:
    """Returns sentences about what is no longer as it was when a run began; none if all is.

    Args:
        started: how the run began.
        now: what a new run of the same pack would begin with.
    """
    sentences = []
    if started.pack and now.pack_version is None:
        sentences.append(f"The pack {started.pack} is no longer here. {_KEEPS_PACK}")
    elif started.pack and started.pack_digest != now.pack_digest:
        sentences.append(f"{_pack(started, now)} {_KEEPS_PACK}")
    if now.pack_version is not None and started.policy_digest != now.policy_digest:
        sentences.append(
            "The policy was changed since this run began. It is decided by the policy it began "
            f"with, {started.policy_digest[:12]}; a new run would follow {now.policy_digest[:12]}."
        )
    if started.app_version and started.app_version != now.app_version:
        sentences.append(
            f"This run began under version {started.app_version} of the program; this is version "
            f"{now.app_version}. The run keeps the intent, the policy and the pack it began with."
        )
    return tuple(sentences)


def _pack(started: RunStarted, now: Current) -> str:
    if started.pack_version == now.pack_version:
        return f"The files of the pack {started.pack} were changed since this run began."
    return (
        f"The pack {started.pack} is now version {now.pack_version}; this run began with version "
        f"{started.pack_version}."
    )


_KEEPS_PACK = "The run keeps the files it began with."
