"""The models a desk knows by name: what ships, and what ``models.toml`` of its directory adds.

A pack names models, not files: which file or server stands behind a name is for whoever runs the
desk to say, so that the same pack runs on a laptop and beside a server.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from converge_core.routing import Reach

FILE = "models.toml"
"""The file in a desk's directory that adds models."""


_SHY: Final = ConfigDict(hide_input_in_errors=True)
"""What stands in the file may be a secret in the wrong place, so that no error repeats it."""


class CatalogueProblem(Exception):
    """The models cannot be read; the text names the file, the place and the remedy."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model in this process.

    Attributes:
        name: what packs call it.
        path: its GGUF file.
        sha256: the hash it has to have; empty where any will do.
        adapter: a weight adapter to compute with; None for none.
    """

    name: str
    path: Path
    sha256: str = ""
    adapter: Path | None = None

    @property
    def reach(self) -> Reach:
        """Where it computes."""
        return Reach.LOCAL


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model behind an address that speaks the OpenAI protocol.

    Attributes:
        name: what packs call it.
        url: where the protocol begins, such as ``http://127.0.0.1:8080/v1``.
        model: what the server calls it.
        key_env: the environment variable that holds the key; empty for none. The key itself is
            written down nowhere.
        timeout_s: how long an answer may take.
        plain: whether another machine may be spoken to without encryption.
        schema: how the server is told the schema of an answer.
    """

    name: str
    url: str
    model: str
    key_env: str = ""
    timeout_s: int = 120
    plain: bool = False
    schema: Literal["json_schema", "json_object"] = "json_schema"

    @property
    def reach(self) -> Reach:
        """Where it computes."""
        return Reach.REMOTE

    def key(self) -> str | None:
        """Returns the key.

        Raises:
            CatalogueProblem: if the variable that is to hold it is not set.
        """
        if not self.key_env:
            return None
        key = os.environ.get(self.key_env, "")
        if not key:
            raise CatalogueProblem(
                f"the model {self.name} wants its key in the environment variable {self.key_env}, "
                "and that is not set; set it and start the app again"
            )
        return key


ModelEntry = LocalModel | RemoteModel

ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""How a pack may name a model."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    adapter: str = ""
    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    model: str = ""
    key_env: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = ""
    timeout_s: Annotated[int, Field(ge=1, le=3600)] = 120
    plain: bool = False
    schema_form: Annotated[Literal["json_schema", "json_object"], Field(alias="schema")] = (
        "json_schema"
    )

    @field_validator("path", "adapter")
    @classmethod
    def _place(cls, text: str) -> str:
        if "\0" in text:
            raise ValueError("a path holds no sign of number zero")
        try:
            return str(Path(text).expanduser()) if text else ""
        except RuntimeError as error:
            raise ValueError("it names a person this machine does not know") from error

    @field_validator("url")
    @classmethod
    def _no_secret(cls, text: str) -> str:
        if text and not _is_place(text):
            raise ValueError(
                "write the address as https://host/v1: without user, password and whatever follows "
                "“?” or “#”. A key belongs into an environment variable, whose name is key_env"
            )
        return text

    @model_validator(mode="after")
    def _one_kind(self) -> _Declared:
        if bool(self.path) == bool(self.url):
            raise ValueError("needs either path, for a file, or url, for a server")
        if self.url and (self.sha256 or self.adapter):
            raise ValueError("sha256 and adapter belong to a file, not to a server")
        if self.url and not self.model:
            raise ValueError("needs model, the name by which the server knows it")
        if self.path and (self.model or self.key_env):
            raise ValueError("model and key_env belong to a server, not to a file")
        return self

    def entry(self, name: str, folder: Path) -> ModelEntry:
        if self.url:
            return RemoteModel(
                name,
                self.url,
                self.model,
                self.key_env,
                self.timeout_s,
                self.plain,
                self.schema_form,
            )
        adapter = folder / self.adapter if self.adapter else None
        return LocalModel(name, folder / self.path, self.sha256, adapter)


_FILE = TypeAdapter(dict[ModelName, _Declared], config=_SHY)


def load_catalogue(directory: Path, shipped: Mapping[str, Path]) -> dict[str, ModelEntry]:
    """Returns the models that are known by name; what the desk's file says wins.

    Args:
        directory: the desk's; relative paths in its file begin there.
        shipped: the models that ship, by name.

    Raises:
        CatalogueProblem: if the file cannot be read, or says what it cannot mean.
    """
    known: dict[str, ModelEntry] = {name: LocalModel(name, path) for name, path in shipped.items()}
    file = directory / FILE
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return known
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueProblem(f"{file} cannot be read: {error}") from error
    known.update({name: one.entry(name, directory) for name, one in _read(file, text).items()})
    return known


def _read(file: Path, text: str) -> dict[str, _Declared]:
    try:
        found: Any = tomllib.loads(text)
        return _FILE.validate_python(found)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueProblem(f"{file} is not TOML: {error}. Mend it and try again.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        what = first["msg"].removeprefix("Value error, ")
        raise CatalogueProblem(f"{file}: {where}: {what}. Mend it and try again.") from error


def _is_place(url: str) -> bool:
    """Whether an address holds a host, a port and a path, and nothing that may be a secret."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # a password without its “@” reads like a port
    except ValueError:
        return False
    return bool(parts.hostname) and "@" not in parts.netloc and not set("?#\\") & set(url)
