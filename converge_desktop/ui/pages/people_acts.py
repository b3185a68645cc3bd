"""What can be done about people and their keys, as the box on the page asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from converge_desktop.runtime.wording import fingerprint
from converge_desktop.ui import words
from converge_desktop.ui.widgets.act_box import Act, Field, Values

if TYPE_CHECKING:
    from converge_core.ballot import Ballot
    from converge_core.review import Operator
    from converge_desktop.runtime.peopling import OperatorRow
    from converge_desktop.runtime.person_views import PersonView

KEYRING, SEALED, PLAIN = "keyring", "file under a passphrase", "plain file"
"""Where a key may lie, as the desk says it."""

SHORTEST = 8
"""Fewer letters than this are tried through in no time, whatever they are sealed with."""
_NEW = Field("new", "Passphrase", "at least 8 letters; write it down", secret=True)
_AGAIN = Field("again", "Once more", secret=True)
_REASON = Field("reason", "Reason", "who reads the ledger later sees it")


def _new_lacks(values: Values, *, may_be_empty: bool) -> str:
    """Says what is missing of a passphrase that is chosen."""
    new, again = values["new"], values["again"]
    if not new and not again:
        return "" if may_be_empty else "It takes a passphrase."
    if len(new) < SHORTEST:
        return f"Take at least {SHORTEST} letters, signs or spaces; several words are best."
    return "" if new == again else "The two passphrases differ."


def _enrol_lacks(values: Values) -> str:
    if not values["name"]:
        return "It takes a name."
    return _new_lacks(values, may_be_empty=True)


ENROL = Act(
    id="enrol",
    title="Enrol somebody at this desk",
    about="A key is made for them on this machine, and you answer with your signature that it is "
    "theirs. Have them type the passphrase themselves: who knows it can decide as them. Without "
    "one, the key lies in the system's keyring or in a plain file, which open to whoever is "
    "logged in here.",
    verb="Enrol",
    writes="Writes one record: that they may decide here from now on, welcomed and signed by you.",
    fields=(Field("name", "Name", "letters, digits, spaces"), _NEW, _AGAIN),
    lacks=_enrol_lacks,
)


def welcome(who: Operator) -> Act:
    """Returns what is asked before somebody is answered for whose key was made elsewhere."""
    return Act(
        id="welcome",
        title=f"Answer for {words.one_line(who.name)}",
        about=f"The file holds the public key of {words.one_line(who.id)}, and shows that whoever "
        f"wrote it has the key. Its fingerprint is {fingerprint(who.public_key)}. Have them read "
        "theirs aloud: only you can tell whether it is the same.",
        verb="It is the same, enrol",
        writes="Writes one record: that they may decide here from now on, welcomed and signed by "
        "you. Their key stays where it is.",
    )


def seat(row: OperatorRow) -> Act:
    """Returns what is asked before somebody else decides at this desk."""
    name = words.one_line(row.name)
    sealed = row.here == SEALED
    opens = "" if sealed else f" It lies in {place(row.here)}, so it takes no passphrase."
    return Act(
        id=f"seat/{row.operator_id}",
        title=f"Decide as {name}",
        about=f"The key of {name} is opened, and everybody else's is locked. What is decided here "
        f"from then on is signed by {name}.{opens}",
        verb=f"Decide as {name}",
        writes="Writes nothing.",
        fields=(Field("passphrase", f"Passphrase of {name}", secret=True),) if sealed else (),
        lacks=lambda v: "" if not sealed or v["passphrase"] else "It takes their passphrase.",
    )


def rotate(row: OperatorRow) -> Act:
    """Returns what is asked before the person at the desk takes another key."""
    mind = "The new key will lie in a plain file, as the old one does. Protect it first, or after."
    return Act(
        id="rotate",
        title="Take another key",
        about="A new key is made and takes the place of yours; you stay who you are. What the old "
        "one signed stands, and it signs nothing more. Other desks that know your key have to be "
        "given the new one.",
        verb="Take another key",
        writes="Writes one record: your new public key, signed with the old key and with the new.",
        fields=(_REASON,),
        minds=(mind,) if row.here == PLAIN else (),
    )


def revoke(row: OperatorRow, person: PersonView | None) -> Act:
    """Returns what is asked before somebody decides nothing any more."""
    name = words.one_line(row.name)

    def lacks(values: Values) -> str:
        if not values["reason"]:
            return "Revoking somebody needs a reason."
        return "" if values["name"] == row.name else f"Type the name, {name}, to confirm it."

    who = "You decide" if row.sits else f"{name} decides"
    return Act(
        id=f"revoke/{row.operator_id}",
        title=f"Revoke {name}",
        about=f"{who} nothing here any more, and that cannot be taken back. What they decided "
        "before stands. Where several must agree, they still count in runs that had begun, so that "
        "agreement gets no easier.",
        verb=f"Revoke {name}",
        writes="Writes one record: who was revoked, why, and by whom, signed by you.",
        fields=(_REASON, Field("name", "Their name", f"type {name}")),
        minds=consequences(person),
        lacks=lacks,
        grave=True,
    )


def consequences(person: PersonView | None) -> tuple[str, ...]:
    """Says in sentences what nobody could decide any more without a person."""
    if person is None:
        return ()
    told = []
    for one in person.strands:
        title = f"“{words.one_line(one.title)}”"
        what = title if one.gate_id else f"What the rule {title} asks about"
        told.append(f"{what} could be approved by nobody any more: {one.why}.")
    return tuple(told)


def protect(row: OperatorRow) -> Act:
    """Returns what is asked before a key is moved to where it is safer."""
    whose = "your key" if row.sits else f"the key of {words.one_line(row.name)}"
    plain = row.here == PLAIN
    lies = (
        f"It lies in {place(row.here)}, and can sign as {words.one_line(row.name)}. "
        "A passphrase seals it in a file."
    )
    other = " Leave both lines empty to move it into the system's keyring, where there is one."
    return Act(
        id=f"protect/{row.here}",
        title=f"Protect {whose}",
        about=f"{lies}{other if plain else ''}",
        verb="Protect it",
        writes="Writes nothing into the ledger; it is taken away from where it lies.",
        fields=(_NEW, _AGAIN),
        lacks=lambda values: _new_lacks(values, may_be_empty=plain),
    )


def _change_lacks(values: Values) -> str:
    return "" if values["old"] and values["new"] else "It takes the old passphrase and a new one."


PASSPHRASE = Act(
    id="passphrase",
    title="Change your passphrase",
    about="The key stays the same, sealed anew. A copy of the old file still opens with the old "
    "passphrase; if somebody may have both, take another key instead.",
    verb="Change it",
    writes="Writes nothing into the ledger; the file of your key is written anew.",
    fields=(Field("old", "Old passphrase", secret=True), _NEW, _AGAIN),
    lacks=lambda values: _change_lacks(values) or _new_lacks(values, may_be_empty=False),
)


def take_vote(path: Path, ballot: Ballot) -> Act:
    """Returns what is asked before a vote from elsewhere is taken in."""
    said = ballot.decision
    why = f" Their reason: {words.sentence(said.reason)}" if said.reason else ""
    return Act(
        id="take-vote",
        title="Bring in a vote",
        about=f"{words.one_line(path.name)} holds the vote of {words.one_line(said.operator)} to "
        f"{said.verdict} what was asked at {words.one_line(said.gate)}.{why}",
        verb="Bring it in",
        writes="Writes their decision, if this desk asked for it and the gate is still open.",
    )


def place(here: str) -> str:
    """Says where a key lies, and to whom it opens there."""
    return {
        KEYRING: "the system's keyring, which opens with the login on this machine",
        SEALED: "a file under a passphrase",
        PLAIN: "a plain file, which opens to whoever can read the files of this account",
    }.get(here, "no place on this machine")


def in_two(print_: str) -> str:
    """Shows a fingerprint as two even lines, however wide the window is."""
    groups = print_.split()
    half = len(groups) // 2
    return f"{' '.join(groups[:half])}\n{' '.join(groups[half:])}"
