"""The checks that every proposal passes, whatever its pack."""

from __future__ import annotations

from collections.abc import Mapping

from converge_core.context import Context
from converge_core.contract import CheckResult
from converge_core.gate import Check
from converge_core.proposal import Draft

CERTAIN = 1000
"""Full confidence, in thousandths."""
MAX_CONTENT = 100_000
"""The longest statement a proposal may make, in characters."""


def content_present(draft: Draft, context: Context) -> CheckResult:
    """The statement is neither blank nor absurdly long."""
    del context
    content = draft.fact.content
    size = len(content)
    if not size or content.isspace():
        return CheckResult("content-present", False, "The statement is blank.", "words", "nothing")
    if size > MAX_CONTENT:
        reason = f"The statement has {size:,} characters; the limit is {MAX_CONTENT:,}."
        return CheckResult("content-present", False, reason, f"at most {MAX_CONTENT}", str(size))
    return _HOLDS["content-present"]


def confidence_in_range(draft: Draft, context: Context) -> CheckResult:
    """The confidence, if any, lies in 0..1000 thousandths."""
    del context
    confidence = draft.fact.confidence
    if confidence is None or 0 <= confidence <= CERTAIN:
        return _HOLDS["confidence-in-range"]
    reason = "The confidence lies outside 0 to 1."
    return CheckResult("confidence-in-range", False, reason, "0 to 1000", str(confidence))


def ground_exists(draft: Draft, context: Context) -> CheckResult:
    """Every fact the proposal rests on stands in the context."""
    missing = [name for name in draft.rests_on if context.find(name) is None]
    if not missing:
        return _HOLDS["ground-exists"]
    reason = "The proposal rests on facts that do not exist."
    return CheckResult("ground-exists", False, reason, "facts of this run", ", ".join(missing))


_HOLDS = {
    name: CheckResult(name, passed=True)
    for name in ("content-present", "confidence-in-range", "ground-exists")
}
BASIC: Mapping[str, Check] = {
    "content-present": content_present,
    "confidence-in-range": confidence_in_range,
    "ground-exists": ground_exists,
}
