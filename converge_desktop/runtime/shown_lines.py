"""A review as lines of text: for a terminal, and for somebody who is asked at another desk."""

from __future__ import annotations

from converge_desktop.runtime.review_model import Review


def shown_lines(review: Review) -> list[str]:
    """Returns the review as it is shown there; the decision signs that it was."""
    lines = [review.title, f"{review.risk} risk, asked by rule {review.rule}: {review.rule_reason}"]
    lines += [review.becomes_true] if review.becomes_true != review.title else []
    lines += [f"  {sentence}" for sentence in review.consequences]
    for stands in review.truth:
        lines.append(f"  {stands.relation} {stands.other}:")
        lines += [f"    {one.field}: {one.before} → {one.after}" for one in stands.changes]
    for row in review.reasoning:
        lines.append(f"  {row.side:8} {''.join(part.text for part in row.text)}")
    for step in review.plan:
        purpose = "".join(part.text for part in step.purpose)
        lines.append(f"  {step.capability:16} {step.meaning} {purpose}".rstrip())
    for fact in review.evidence:
        said = [f"{fact.label}: {fact.value}", fact.limit, f"({fact.source}, {fact.place})"]
        lines.append(f"  {' '.join(filter(None, said))}")
    for check in review.checks:
        lines.append(f"  {'ok' if check.passed else 'NO'}  {check.name} {check.reason}".rstrip())
    return [*lines, *(f"  note: {note}" for note in (*review.notes, *review.kept))]
