"""Who may decide, their keys, and votes that go from desk to desk as files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from converge_desktop.adapters.identity.key_store import Where
from converge_desktop.cli.passphrase import new_passphrase
from converge_desktop.cli.shared import DONE, CannotGoOn, absolute, options, show
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.people_outputs import (
    OperatorLine,
    OperatorOutput,
    RequestOutput,
    VoteOutput,
)
from converge_desktop.runtime.shown_lines import shown_lines
from converge_desktop.runtime.unseen import spelled_out

PROTECT = "it lies in a plain file; protect it: converge-desktop operator protect"


def add_commands(command: Any, path: Callable[[str], Path]) -> None:
    """Adds the commands; ``command`` makes one of a name and words, ``path`` reads a path."""
    operator = command("operator", "list, enrol and revoke who may decide, and mind their keys")
    doing = operator.add_subparsers(dest="doing", metavar="WHAT", required=True)

    def what(name: str, words: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = doing.add_parser(name, help=words, description=words)
        made.add_argument("--data-dir", type=path, default=argparse.SUPPRESS, metavar="D")
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        return made

    what("list", "who was ever enrolled here, and whose keys lie on this machine")
    enrol = what("enrol", "make a key for somebody and answer for them")
    enrol.add_argument("name", metavar="NAME", help="who is to decide here")
    rotate = what("rotate", "take another key; what the old one signed stands")
    rotate.add_argument("name", nargs="?", default="", metavar="NAME", help="yours if missing")
    rotate.add_argument("--reason", default="", metavar="TEXT", help="why")
    revoke = what("revoke", "have somebody decide nothing any more; what they decided stands")
    revoke.add_argument("name", metavar="NAME", help="the name or the id")
    revoke.add_argument("--reason", required=True, metavar="TEXT", help="why")
    export = what("export-key", "write a public key, to be enrolled at another desk")
    export.add_argument("name", nargs="?", default="", metavar="NAME", help="yours if missing")
    export.add_argument("--out", type=path, required=True, metavar="FILE", help="where to write it")
    taken = what("import-key", "answer for the owner of a key from another desk")
    taken.add_argument("file", type=path, metavar="FILE", help="the exported key")
    protect = what("protect", "move a key from its plain file into safety")
    protect.add_argument("name", nargs="?", default="", metavar="NAME", help="yours if missing")
    request = command("request", "write a request for a vote at another desk")
    request.add_argument("gate", metavar="GATE", help="the gate's id, as inbox lists it")
    request.add_argument("--out", type=path, required=True, metavar="FILE", help="where to write")
    vote = command("vote", "answer a request of another desk, or take in such an answer")
    vote.add_argument("file", nargs="?", type=path, metavar="FILE", help="the request")
    vote.add_argument("verdict", nargs="?", choices=["approve", "reject"])
    vote.add_argument("--reason", default="", metavar="TEXT", help="why; a rejection needs it")
    vote.add_argument("--out", type=path, metavar="FILE", help="where to write the vote")
    vote.add_argument("--import", dest="taken", type=path, metavar="FILE", help="a vote to take in")


def operator(arguments: argparse.Namespace) -> int:
    """Carries out ``operator``."""
    return _DOING[arguments.doing](arguments)


def request(arguments: argparse.Namespace) -> int:
    """Carries out ``request``."""
    out = absolute(arguments.out)
    with _desk(arguments) as desk:
        review = desk.review(arguments.gate).result()
        desk.request_vote(arguments.gate, shown_lines(review), out).result()
    words = f"{arguments.out} asks for a vote on {arguments.gate}; take it to another desk."
    show(arguments, RequestOutput(arguments.gate, str(out)), [words])
    return DONE


def vote(arguments: argparse.Namespace) -> int:
    """Carries out ``vote``."""
    if arguments.taken:
        if arguments.file or arguments.verdict or arguments.out:
            raise CannotGoOn("vote --import takes the file of a vote, and nothing else")
        return _take_vote(arguments)
    if not (arguments.file and arguments.verdict and arguments.out):
        raise CannotGoOn("vote takes a request, approve or reject, and --out FILE for the vote")
    out = absolute(arguments.out)
    with _desk(arguments) as desk:
        asked = desk.read_request(absolute(arguments.file)).result()
        told = asked.asked
        lines = [f"Desk {told.desk} asks, by {told.by.id} with the key {told.by.public_key}:"]
        lines += [*told.shown, f"Its evidence holds: {asked.holding.records:,} records."]
        print("\n".join(map(spelled_out, lines)), file=sys.stderr)
        desk.vote(asked, arguments.verdict, arguments.reason, out).result()
        name = desk.operator
    words = f"{arguments.out} holds the vote of {name} to {arguments.verdict}; take it back."
    output = VoteOutput(told.gate, told.desk, name, arguments.verdict, str(out))
    show(arguments, output, [words])
    return DONE


def _take_vote(arguments: argparse.Namespace) -> int:
    with _desk(arguments) as desk:
        ballot, answered = desk.import_vote(absolute(arguments.taken)).result()
    said = ballot.decision
    output = VoteOutput(
        said.gate,
        ballot.asked.desk,
        said.operator,
        said.verdict.value,
        phase=answered.phase,
        end=answered.end,
    )
    stands = f"{said.gate} is {answered.end or answered.phase} now."
    show(arguments, output, [f"{said.operator} chose {said.verdict}.", stands])
    return DONE


def _list(arguments: argparse.Namespace) -> int:
    with _desk(arguments) as desk:
        rows = desk.operators().result()
    output = [
        OperatorLine(
            *(row.operator_id, row.name, row.public_key, row.state, row.here),
            *(row.by, row.reason, row.at),
        )
        for row in rows
    ]
    lines = []
    for row in rows:
        ended = f", by {row.by}: {row.reason}" if row.by else ""
        lines.append(f"{row.operator_id}  {row.state}{ended}  {row.here}".rstrip())
        lines += [f"  {PROTECT}"] if row.here == Where.PLAIN else []
    show(arguments, output, lines or ["Nobody may decide here yet."])
    return DONE


def _enrol(arguments: argparse.Namespace) -> int:
    with _desk(arguments) as desk:
        who = desk.enrol_operator(arguments.name, new_passphrase(arguments.name)).result()
    return _told(arguments, who, "enrolled", f"{who} may decide here from now on.")


def _rotate(arguments: argparse.Namespace) -> int:
    with _desk(arguments) as desk:
        who = desk.rotate_key(arguments.reason, arguments.name or None).result()
    words = f"{who} has another key from now on; what was signed with the old one stands."
    return _told(arguments, who, "rotated", words)


def _revoke(arguments: argparse.Namespace) -> int:
    with _desk(arguments) as desk:
        who = desk.revoke_operator(arguments.name, arguments.reason).result()
    return _told(arguments, who, "revoked", f"{who} decides nothing here any more.")


def _export(arguments: argparse.Namespace) -> int:
    out = absolute(arguments.out)
    with _desk(arguments) as desk:
        who = desk.export_key(out, arguments.name or None).result()
    words = f"{arguments.out} holds the public key of {who}; have it enrolled at another desk."
    return _told(arguments, who, "exported", words, str(out))


def _import(arguments: argparse.Namespace) -> int:
    file = absolute(arguments.file)
    with _desk(arguments) as desk:
        who = desk.import_operator(file).result()
    return _told(arguments, who, "enrolled", f"{who} may decide here from now on.", str(file))


def _protect(arguments: argparse.Namespace) -> int:
    name = arguments.name or options(arguments).operator
    with _desk(arguments, passphrase=new_passphrase(name)) as desk:
        kept = desk.protect_key(name).result()
    words = f"The key of {name} lies in the {kept.where} now."
    return _told(arguments, name, "protected", words, kept.place)


_DOING: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "enrol": _enrol,
    "rotate": _rotate,
    "revoke": _revoke,
    "export-key": _export,
    "import-key": _import,
    "protect": _protect,
}


def _told(arguments: argparse.Namespace, who: str, done: str, words: str, place: str = "") -> int:
    show(arguments, OperatorOutput(who, done, place), [words])
    return DONE


@contextmanager
def _desk(arguments: argparse.Namespace, **more: Any) -> Iterator[Desk]:
    """Opens the desk without a model, which nothing here needs."""
    desk = Desk(replace(options(arguments), model=None, **more))
    try:
        desk.wait_until_unlocked()
        yield desk
    finally:
        desk.close()
