"""The tables of the view: which there are, what their rows hold, and that rows never change.

Rows are keyed by desk: the id of each is a list that begins with it. What happened is append-only,
guarded by events that throw. What sums up rows changes: ``standing`` (how the proposals stand that
are no facts), ``stretch`` (which facts a stretch of the ledger made, by key), ``reading`` (what a
run read from the world in one), ``head`` (how far the view reaches) and ``begun`` (how far it was
to reach: the engine may keep the beginning of a transaction without its end).

The provenance graph lies in the rows: each names what it came from, and how. What rests on a row is
of its run, or of one that goes on from that, and is read with all of the run; only what many runs
share is indexed. The embedded engine holds every key in memory, half a kilobyte for each whatever
it is: a row an observation and an index entry a fact would be half of all, and the engine's own
relations five keys an edge. For the same reason a proposal that becomes a fact at once, with nobody
asked, is told by the fact: ``drawn`` says when it was made and what it came from.
"""

from __future__ import annotations

FORMAT = 4
"""The version of tables and rows; another one on disk means: fill again."""

_ENTITIES: dict[str, dict[str, str]] = {
    "run": {
        "pack": "option<record<pack>>",
        "continues": "option<record<run>>",
        "forked_at": "option<int>",
        "tenant": "string",
    },
    "ending": {"run": "record<run>", "cycles": "int", "root": "string"},
    "pack": {"name": "string", "version": "int"},
    "operator": {"public_key": "string"},
    "model": {"family": "string", "backend": "string", "sha256": "string", "system": "string"},
    "prompt": {},
    "trace": {
        "run": "record<run>",
        "agent": "string",
        "grade": "string",
        "prompt": "record<prompt>",
        "model": "record<model>",
    },
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
        "drawn": "option<object>",
        "drawn.seq": "option<int>",
        "drawn.at": "option<int>",
        "drawn.how": "option<array<string>>",
        "drawn.came_from": "option<array<record>>",
    },
    "correction": {
        "run": "record<run>",
        "supersedes": "record<fact>",
        "reason": "string",
        "scope": "string",
        "whose": "string",
    },
    "checkpoint": {"size": "int", "root": "string", "operator": "record<operator>"},
}
_EVERY = {
    "label": "string",
    "seq": "int",
    "at": "int",
    "how": "array<string>",
    "came_from": "array<record>",
}
_INDEXES = {
    "decision": ("operator, seq",),
    "standing": ("status, seq",),
    "checkpoint": ("seq", "operator"),
    "run": ("continues", "pack"),
    "trace": ("prompt", "model"),
}

STRETCH = 500
"""How many records of the ledger make a stretch."""

KEPT = tuple(_ENTITIES)
"""The tables whose rows are never changed."""
TABLES = (*KEPT, "standing", "stretch", "reading", "begun", "head")
MADE = "made"
"""Says by one row of which format the tables are; it is nobody's, and no desk's rows."""


def _fields(how: str, table: str, fields: dict[str, str]) -> str:
    return "".join(
        f"DEFINE FIELD {how} {name} ON {table} TYPE {kind};" for name, kind in fields.items()
    )


def _guard(how: str, table: str) -> str:
    """Returns the event that keeps rows; only who says that a desk is discarded may delete its."""
    return (
        f"DEFINE EVENT {how} kept ON {table} WHEN $event = 'UPDATE' OR "
        "($event = 'DELETE' AND $discarding != record::id($before.id)[0]) "
        f"THEN {{ THROW 'rows of {table} are never changed' }};"
    )


_TABLES = {
    **{table: _EVERY | fields for table, fields in _ENTITIES.items()},
    "standing": {
        "proposal": "record<proposal>",
        "status": "string",
        "rule": "string",
        "reason": "string",
        "seq": "int",
    },
    "stretch": {"facts": "array<record<fact>>"},
    "reading": {"places": "array<array<string>>"},
    "begun": {"seq": "int"},
    "head": {"seq": "int", "hash": "string", "format": "int", "rows": "int"},
    MADE: {"format": "int"},
}


def _schema(how: str) -> str:
    tables = (
        f"DEFINE TABLE {how} {table} SCHEMAFULL;{_fields(how, table, fields)}"
        for table, fields in _TABLES.items()
    )
    indexes = (
        f"DEFINE INDEX {how} by_{fields.replace(', ', '_')} ON {table} FIELDS {fields};"
        for table, indexes in _INDEXES.items()
        for fields in indexes
    )
    guards = (_guard(how, table) for table in KEPT)
    made = f"UPSERT {MADE}:tables SET format = {FORMAT};"
    return "".join([*tables, *guards, *indexes, made])


SCHEMA = _schema("IF NOT EXISTS")
"""Makes the tables that are not there."""
ANEW = _schema("OVERWRITE")
"""Makes tables of an older format over, with whatever rows they hold."""
