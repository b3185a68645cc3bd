"""Where a desk keeps its view: what ``view.toml`` of its directory says, or beside its ledger.

The password is never part of the file: it is in an environment variable, or in a file of its own
that nobody but its owner can read.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from converge_desktop.adapters.surreal.address import Place, Server, ServerRefused

FILE = "view.toml"
"""The file in a desk's directory that names a server."""
DIRECTORY = "view"
"""Where the database lies in a desk's directory if no server is named."""
OTHERS = 0o077
MAX_PASSWORD = 4096
_SECRETS = re.compile("pass|pwd|secret|token", re.IGNORECASE)


class SettingProblem(Exception):
    """The setting cannot be used; the text names file, place and remedy, and repeats no secret."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    url: str
    user: Annotated[str, Field(min_length=1)]
    password_env: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = ""
    password_file: str = ""
    namespace: Annotated[str, Field(min_length=1)] = "converge"
    database: Annotated[str, Field(min_length=1)] = "desks"
    of: Literal["root", "namespace", "database"] = "root"

    @model_validator(mode="after")
    def _one_password(self) -> _Declared:
        if bool(self.password_env) == bool(self.password_file):
            raise ValueError(
                "give either password_env, the name of an environment variable that holds the "
                "password, or password_file, a file that does"
            )
        return self


def load_place(directory: Path) -> Place:
    """Returns where the view of a desk is.

    Args:
        directory: the desk's; a relative ``password_file`` begins there.

    Raises:
        SettingProblem: if its file cannot be read, or says what it cannot mean.
    """
    file = directory / FILE
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return directory / DIRECTORY
    except OSError as error:
        raise SettingProblem(f"{file} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError:
        raise SettingProblem(f"{file} is not UTF-8. Write it again as plain text.") from None
    declared = _read(file, text)
    try:
        return Server(
            url=declared.url,
            user=declared.user,
            password=_password(file, declared),
            namespace=declared.namespace,
            database=declared.database,
            of=declared.of,
        )
    except ServerRefused as error:
        raise SettingProblem(f"{file}: url: {error}") from None


# Errors below are raised from None: what stands in the file may be a secret in the wrong place.


def _read(file: Path, text: str) -> _Declared:
    try:
        return _Declared.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingProblem(f"{file} is not TOML: {error}. Mend it and try again.") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        # A name that is not known is why another is missing.
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    where = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        raise SettingProblem(f"{file}: {_unknown(where)}")
    if first["type"] == "missing":
        raise SettingProblem(f"{file}: {where} is missing. Add it and try again.")
    what = first["msg"].removeprefix("Value error, ")
    raise SettingProblem(f"{file}: {where + ': ' if where else ''}{what}. Mend it and try again.")


def _unknown(name: str) -> str:
    known = list(_Declared.model_fields)
    if _SECRETS.search(name) and name not in known and not get_close_matches(name, known, 1, 0.85):
        return (
            "a password does not belong in this file. Put it in an environment variable and name "
            "that as password_env, or in a file that only you can read, named as password_file."
        )
    near = get_close_matches(name, known, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"there is no setting {name!r}.{meant} There are: {', '.join(known)}."


def _password(file: Path, declared: _Declared) -> str:
    if declared.password_env:
        password = os.environ.get(declared.password_env, "")
        if not password:
            raise SettingProblem(
                f"{file}: password_env: the environment variable {declared.password_env} is not "
                "set. Set it to the password and start the app again."
            )
        return password
    return _password_in(file, Path(declared.password_file))


def _password_in(file: Path, named: Path) -> str:
    where = f"{file}: password_file:"
    try:
        path = file.parent / named.expanduser()
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "that is no path"
        raise SettingProblem(f"{where} {str(named)!r} cannot be read: {why}.") from None
    try:  # what is looked at is what is read
        mode = os.fstat(descriptor).st_mode
        raw = os.read(descriptor, MAX_PASSWORD + 1) if stat.S_ISREG(mode) else b""
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(mode):
        raise SettingProblem(f"{where} {path} is not a file. Name one that holds the password.")
    if mode & OTHERS:
        raise SettingProblem(
            f"{where} {path} can be read by others; run: chmod 600 '{path}', and if somebody "
            "may have read it, change the password."
        )
    try:
        password = raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        password = ""
    if not password or "\n" in password or len(raw) > MAX_PASSWORD:
        raise SettingProblem(f"{where} {path} does not hold one line of text, the password.")
    return password
