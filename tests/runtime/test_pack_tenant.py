"""D19: whose the runs of a pack are is declared in it, and stands in the first record of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import UNSET

from converge_core.ids import RunId
from converge_core.routing import Reach
from converge_desktop import paths
from converge_desktop.adapters.intake import Intake
from converge_desktop.adapters.packs.pack import load_pack
from converge_desktop.runtime.pack_engine import begin, plan_of


@pytest.mark.parametrize(("declared", "tenant"), [("acme", "acme"), ("", UNSET)])
def test_a_run_belongs_to_the_tenant_of_its_pack(declared: str, tenant: object) -> None:
    """Where the pack names none, the run is nobody's."""
    pack = replace(load_pack(paths.packs() / "release-readiness"), tenant=declared)
    plan = plan_of(pack, lambda _: Reach.LOCAL)

    started = begin(RunId("run-0001"), pack, plan, Intake("app", (), (), ()), Path()).started

    assert tenant == started.tenant
