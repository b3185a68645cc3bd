"""The tables of the view: which there are, what their rows hold, and that rows never change.

Rows are keyed by desk: the id of each is a list that begins with it. What happened is append-only,
guarded by events that throw; only ``standing`` (how the proposals stand that are no facts) and
``head`` (how far the view reaches) change.
"""

from __future__ import annotations

FORMAT = 2
"""The version of tables and rows; another one on disk means: fill again."""

_ENTITIES: dict[str, dict[str, str]] = {
    "run": {
        "pack": "option<record<pack>>",
        "continues": "option<record<run>>",
        "tenant": "string",
    },
    "ending": {"run": "record<run>", "cycles": "int", "root": "string"},
    "pack": {"name": "string", "version": "int"},
    "operator": {"public_key": "string"},
    "observation": {"run": "record<run>", "source": "string", "place": "string"},
    "model": {"family": "string", "backend": "string", "sha256": "string", "system": "string"},
    "prompt": {},
    "trace": {"run": "record<run>", "agent": "string", "grade": "string"},
    "proposal": {"run": "record<run>", "key": "string", "fact_id": "string", "agent": "string"},
    "gate": {
        "run": "record<run>",
        "proposal": "record<proposal>",
        "rule": "string",
        "risk": "string",
        "key": "string",
    },
    "decision": {
        "run": "record<run>",
        "gate": "record<gate>",
        "operator": "record<operator>",
        "verdict": "string",
        "reason": "string",
    },
    "fact": {
        "run": "record<run>",
        "proposal": "record<proposal>",
        "key": "string",
        "byline": "string",
        "approver": "string",
        "search": "string",
    },
    "correction": {
        "run": "record<run>",
        "supersedes": "record<fact>",
        "reason": "string",
        "scope": "string",
        "whose": "string",
    },
}
_EVERY = {"label": "string", "seq": "int", "at": "int"}
_INDEXES = {
    "fact": ("seq",),
    "decision": ("operator, seq",),
    "standing": ("status, seq",),
}

EDGES = "came_from"
"""The provenance graph: ``in`` came from ``out``."""
KEPT = (*_ENTITIES, EDGES)
"""The tables whose rows are never changed."""
TABLES = (*KEPT, "standing", "head")


def _fields(table: str, fields: dict[str, str]) -> str:
    return "".join(
        f"DEFINE FIELD IF NOT EXISTS {name} ON {table} TYPE {kind};"
        for name, kind in fields.items()
    )


def _guard(table: str) -> str:
    """Returns the event that keeps rows; only who says that a desk is discarded may delete its."""
    return (
        f"DEFINE EVENT IF NOT EXISTS kept ON {table} WHEN $event = 'UPDATE' OR "
        "($event = 'DELETE' AND $discarding != record::id($before.id)[0]) "
        f"THEN {{ THROW 'rows of {table} are never changed' }};"
    )


SCHEMA = "".join(
    [
        *(
            f"DEFINE TABLE IF NOT EXISTS {table} SCHEMAFULL;{_fields(table, _EVERY | fields)}"
            for table, fields in _ENTITIES.items()
        ),
        f"DEFINE TABLE IF NOT EXISTS {EDGES} TYPE RELATION SCHEMAFULL;",
        _fields(EDGES, {"relation": "string"}),
        *map(_guard, KEPT),
        "DEFINE TABLE IF NOT EXISTS standing SCHEMAFULL;",
        _fields(
            "standing",
            {
                "proposal": "record<proposal>",
                "status": "string",
                "rule": "string",
                "reason": "string",
                "seq": "int",
            },
        ),
        "DEFINE TABLE IF NOT EXISTS head SCHEMAFULL;",
        _fields("head", {"seq": "int", "hash": "string", "format": "int", "rows": "int"}),
        *(
            f"DEFINE INDEX IF NOT EXISTS by_{fields.replace(', ', '_')} ON {table} FIELDS {fields};"
            for table, indexes in _INDEXES.items()
            for fields in indexes
        ),
    ]
)
