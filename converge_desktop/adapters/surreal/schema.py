"""The tables of the view: which there are, what their rows hold, and that rows never change.

Rows are keyed by desk: the id of each is a list that begins with it. What happened is append-only,
guarded by events that throw: most rows are never changed, and those of a stretch of the ledger only
grow while it does. Of the latter are ``stretch`` (which facts it made, by key), ``reading`` (what a
run read from the world in it), ``calls`` (what a run asked of models in it) and ``used`` (where in
it a prompt or a model was asked). Only these change: ``standing`` (how the proposals stand that are
no facts), ``head`` (how far the view reaches) and ``begun`` (how far it was to reach: the engine
may keep the beginning of a transaction without its end).

The provenance graph lies in the rows: each names what it came from, and how. What rests on a row is
of its run, or of one that goes on from that, and is read with all of the run; only what many runs
share is indexed. The embedded engine holds every key in memory, half a kilobyte for each whatever
it is, and no value: a row an observation, a row and two index entries a model call and an index
entry a fact would be most of all, and the engine's own relations five keys an edge. For the same
reason a proposal that becomes a fact at once, with nobody asked, is told by the fact: ``drawn``
says when it was made and what it came from.
"""

from __future__ import annotations

FORMAT = 5
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
}

STRETCH = 500
"""How many records of the ledger make a stretch."""

KEPT = tuple(_ENTITIES)
"""The tables whose rows are never changed."""
GROWING = {"stretch": "facts", "reading": "places", "calls": "made", "used": "calls"}
"""The tables with rows for a stretch of the ledger, and the list in each that grows with it."""
COUNTED = (*KEPT, *GROWING)
"""The tables whose rows are counted: there are only ever more."""
TABLES = (*COUNTED, "standing", "begun", "head")
_GONE = ("observation", "trace")
"""Tables of older formats."""
MADE = "made"
"""Says by one row of which format the tables are; it is nobody's, and no desk's rows."""


def _fields(how: str, table: str, fields: dict[str, str]) -> str:
    return "".join(
        f"DEFINE FIELD {how} {name} ON {table} TYPE {kind};" for name, kind in fields.items()
    )


def _guard(how: str, table: str) -> str:
    """Returns the event that keeps rows; only who says that a desk is discarded may delete its."""
    return _event(how, table, "$event = 'UPDATE'", "are never changed")


def _growing(how: str, table: str, field: str) -> str:
    """Returns the event that keeps what rows hold, and lets them hold more."""
    begins = f"array::slice($after.{field}, 0, array::len($before.{field})) = $before.{field}"
    return _event(how, table, f"($event = 'UPDATE' AND !({begins}))", "only grow")


def _event(how: str, table: str, refused: str, words: str) -> str:
    return (
        f"DEFINE EVENT {how} kept ON {table} WHEN {refused} OR "
        "($event = 'DELETE' AND $discarding != record::id($before.id)[0]) "
        f"THEN {{ THROW 'rows of {table} {words}' }};"
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
    "calls": {"made": "array<string>"},
    "used": {"calls": "array<record<calls>>"},
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
    guards = (
        *(_guard(how, table) for table in KEPT),
        *(_growing(how, table, field) for table, field in GROWING.items()),
    )
    made = f"UPSERT {MADE}:tables SET format = {FORMAT};"
    return "".join([*tables, *guards, *indexes, made])


SCHEMA = _schema("IF NOT EXISTS")
"""Makes the tables that are not there."""
ANEW = "".join(f"REMOVE TABLE IF EXISTS {table};" for table in _GONE) + _schema("OVERWRITE")
"""Makes tables of an older format over, with whatever rows they hold; some are there no more."""
