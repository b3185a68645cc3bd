"""What comes of trying a step with a change: another answer, the same, and one that breaks."""

from __future__ import annotations

from collections.abc import Mapping

from converge_desktop.runtime.replay import FirstDifference
from converge_desktop.runtime.review_model import CheckRow
from converge_desktop.runtime.trace_compare import text_difference
from converge_desktop.runtime.trace_tried import Tried
from tests.ui import sample_trace as own

CHECKS = (
    CheckRow("it has the shape of its contract", True, ""),
    CheckRow("the verdict is declared", True, ""),
    CheckRow(
        "the verdict follows from the reasoning",
        False,
        "The plan’s verdict is not the one the reasoning concluded. Expected hold; found proceed.",
    ),
)
BECAUSE = "this program asks that step otherwise than it was asked then"


def tried(trace_id: str, layers: Mapping[str, str], model: str = "") -> Tried:
    """Another answer that breaks its contract; with a model alone the same; by state unchecked."""
    recorded = own.step(trace_id).raw_output
    if not layers:
        return Tried(
            *(trace_id, model, (), recorded, recorded, text_difference("output", "", "")),
            checks=CHECKS[:2],
            changed=(("model", "converge-nano", model), ("threads", "2", "8")),
            output_tokens=31,
            duration=412_000,
        )
    answer = recorded.replace("hold", "proceed", 1) + "\n1 release.propose"
    return Tried(
        *(trace_id, model or "converge-nano", tuple(layers), recorded, answer),
        text_difference("output", recorded, answer),
        FirstDifference(3, "hold", "proceed"),
        checks=() if "priming" in layers else CHECKS,
        unchecked=BECAUSE if "priming" in layers else "",
        output_tokens=38,
        duration=602_000,
    )
