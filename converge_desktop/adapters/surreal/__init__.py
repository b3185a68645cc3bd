"""SurrealDB, embedded or on a server, as a view of the ledger: for questions, never the truth."""

from converge_desktop.adapters.surreal.address import Place, Server, ServerRefused
from converge_desktop.adapters.surreal.answers import (
    CheckpointRow,
    DecisionRow,
    FactRow,
    ProposalRow,
    Walk,
)
from converge_desktop.adapters.surreal.connection import StoreProblem, StoreUnreachable
from converge_desktop.adapters.surreal.settings import SettingProblem, load_place
from converge_desktop.adapters.surreal.view import SurrealView

__all__ = [
    "CheckpointRow",
    "DecisionRow",
    "FactRow",
    "Place",
    "ProposalRow",
    "Server",
    "ServerRefused",
    "SettingProblem",
    "StoreProblem",
    "StoreUnreachable",
    "SurrealView",
    "Walk",
    "load_place",
]
