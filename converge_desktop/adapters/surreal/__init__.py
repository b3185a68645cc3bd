"""SurrealDB, embedded or on a server, as a view of the ledger: for questions, never the truth."""

from converge_desktop.adapters.surreal.address import Place, Server, ServerRefused
from converge_desktop.adapters.surreal.answers import DecisionRow, FactRow, ProposalRow, Walk
from converge_desktop.adapters.surreal.connection import StoreProblem, StoreUnreachable
from converge_desktop.adapters.surreal.view import SurrealView

__all__ = [
    "DecisionRow",
    "FactRow",
    "Place",
    "ProposalRow",
    "Server",
    "ServerRefused",
    "StoreProblem",
    "StoreUnreachable",
    "SurrealView",
    "Walk",
]
