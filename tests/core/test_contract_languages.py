"""The languages that the shipped model was trained on: what a contract lets it say, to the byte.

Frozen as they were when it was trained. How a grammar is put together may change; what can be
derived from it may not, or the model decodes under another one than it learned.
"""

from __future__ import annotations

import pytest

from converge_core.chain import DecisionStep, contract_of
from converge_core.contract import Ground
from converge_core.prompt import Standing, StateEntry, StateLayer
from tests.core.gbnf import rules_of, written_out

VERDICTS = ("proceed", "conditions", "hold")
TEXT = r"""text ::= item{1,80}
item ::= [A-Za-z0-9 ,.;:'()%/-] | "{" cite "}"
cite ::= [a-z] [0-9] [0-9]
"""
Frozen = tuple[str, list[str | None] | None, list[str], str | None, str]
"""Step, standings (None for the general grammar), capabilities, conclusion, and the grammar."""
FROZEN: list[Frozen] = [
    (
        "reasoning",
        None,
        [],
        None,
        r"""root ::= "{\"steps\":[" step ("," step){0,11} "],\"conclusion\":\"" verdict "\"}"
step ::= "{\"text\":\"" text "\",\"side\":\"" side "\"}"
side ::= "breach" | "concern" | "unknown" | "support"
verdict ::= "proceed" | "conditions" | "hold" | "uncertain"
"""
        + TEXT,
    ),
    (
        "reasoning",
        ["breach", "concern", None, "unknown", "support"],
        [],
        None,
        r"""root ::= "{\"steps\":[" "{\"text\":\"{s01}" said "\",\"side\":\"" side "\"}"
  "," "{\"text\":\"{s02}" said "\",\"side\":\"" side "\"}" "," "{\"text\":\"{s04}" said
  "\",\"side\":\"" side "\"}" "," "{\"text\":\"{s05}" said "\",\"side\":\"" side "\"}"
  "],\"conclusion\":\"" verdict "\"}"
said ::= [A-Za-z ,.;:'()%/-]{1,79}
side ::= "breach" | "concern" | "unknown" | "support"
verdict ::= "proceed" | "conditions" | "hold" | "uncertain"
""",
    ),
    (
        "reasoning",
        ["support", "support", None],
        [],
        None,
        r"""root ::= "{\"steps\":[" "{\"text\":\"{s01}" said "\",\"side\":\"" side "\"}"
  "," "{\"text\":\"{s02}" said "\",\"side\":\"" side "\"}" "],\"conclusion\":\"" verdict "\"}"
said ::= [A-Za-z ,.;:'()%/-]{1,79}
side ::= "breach" | "concern" | "unknown" | "support"
verdict ::= "proceed" | "conditions" | "hold" | "uncertain"
""",
    ),
    (
        "evaluation",
        None,
        [],
        None,
        r"""root ::= "{\"justification\":\"" text "\",\"score\":" unit ",\"confidence\":" unit "}"
unit ::= "1.00" | "0." [0-9] [0-9]
"""
        + TEXT,
    ),
    (
        "evaluation",
        [None, None],
        [],
        None,
        r"""root ::= "{\"justification\":\"" cited item{1,79} "\",\"score\":" unit
  ",\"confidence\":" unit "}"
unit ::= "1.00" | "0." [0-9] [0-9]
item ::= [A-Za-z ,.;:'()%/-] | cited
cited ::= "{" cite "}"
cite ::= "s01" | "s02"
""",
    ),
    (
        "evaluation",
        ["breach", "concern", None, "unknown", "support"],
        [],
        None,
        r"""root ::= "{\"justification\":\"" cited item{1,79} "\",\"score\":" unit
  ",\"confidence\":" unit "}"
unit ::= "1.00" | "0." [0-9] [0-9]
item ::= [A-Za-z ,.;:'()%/-] | cited
cited ::= "{" cite "}"
cite ::= "s01" | "s02" | "s03" | "s04" | "s05"
""",
    ),
    (
        "evaluation",
        ["support", "support", None],
        [],
        None,
        r"""root ::= "{\"justification\":\"" cited item{1,79} "\",\"score\":" unit
  ",\"confidence\":" unit "}"
unit ::= "1.00" | "0." [0-9] [0-9]
item ::= [A-Za-z ,.;:'()%/-] | cited
cited ::= "{" cite "}"
cite ::= "s01" | "s02" | "s03"
""",
    ),
    (
        "evaluation",
        [
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
        ],
        [],
        None,
        r"""root ::= "{\"justification\":\"" cited item{1,79} "\",\"score\":" unit
  ",\"confidence\":" unit "}"
unit ::= "1.00" | "0." [0-9] [0-9]
item ::= [A-Za-z ,.;:'()%/-] | cited
cited ::= "{" cite "}"
cite ::= "s01" | "s02" | "s03" | "s04" | "s05" | "s06" | "s07" | "s08" | "s09" | "s10" | "s11" |
  "s12" | "s13"
""",
    ),
    (
        "planning",
        None,
        [],
        None,
        r"""root ::= "{\"verdict\":\"" verdict "\",\"steps\":[" (step ("," step){0,11}){0,1} "]}"
step ::= "{\"for\":[" cites "],\"do\":\"" cite "\"}"
cites ::= quoted ("," quoted){0,3}
quoted ::= "\"" cite "\""
cite ::= [a-z] [0-9] [0-9]
verdict ::= "proceed" | "conditions" | "hold"
""",
    ),
    (
        "planning",
        [],
        [],
        None,
        r"""root ::= "{\"verdict\":\"" verdict "\",\"steps\":[" "]}"
verdict ::= "proceed" | "conditions" | "hold"
""",
    ),
    (
        "planning",
        [],
        [],
        "hold",
        r"""root ::= "{\"verdict\":\"" verdict "\",\"steps\":[" "]}"
verdict ::= "hold"
""",
    ),
    (
        "planning",
        ["breach", "concern", None, "unknown", "support"],
        ["c01", "c02"],
        None,
        r"""root ::= "{\"verdict\":\"" verdict "\",\"steps\":[" one "," two "," three "]}"
verdict ::= "proceed" | "conditions" | "hold"
one ::= "{\"for\":[\"s01\"],\"do\":\"" do "\"}"
two ::= "{\"for\":[\"s02\"],\"do\":\"" do "\"}"
three ::= "{\"for\":[\"s04\"],\"do\":\"" do "\"}"
do ::= "c01" | "c02"
""",
    ),
    (
        "planning",
        ["breach", "concern", None, "unknown", "support"],
        ["c01", "c02"],
        "hold",
        r"""root ::= "{\"verdict\":\"" verdict "\",\"steps\":[" one "," two "," three "]}"
verdict ::= "hold"
one ::= "{\"for\":[\"s01\"],\"do\":\"" do "\"}"
two ::= "{\"for\":[\"s02\"],\"do\":\"" do "\"}"
three ::= "{\"for\":[\"s04\"],\"do\":\"" do "\"}"
do ::= "c01" | "c02"
""",
    ),
    (
        "planning",
        [
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
        ],
        ["c01", "c02"],
        None,
        r"""root ::= "{\"verdict\":\"" verdict "\",\"steps\":[" step ("," step){0,11} "]}"
verdict ::= "proceed" | "conditions" | "hold"
step ::= "{\"for\":[" cites "],\"do\":\"" do "\"}"
cites ::= quoted ("," quoted){0,3}
quoted ::= "\"" cite "\""
cite ::= "s01" | "s02" | "s03" | "s04" | "s05" | "s06" | "s07" | "s08" | "s09" | "s10" | "s11" |
  "s12" | "s13"
do ::= "c01" | "c02"
""",
    ),
    (
        "planning",
        [
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
            "concern",
        ],
        ["c01", "c02"],
        "hold",
        r"""root ::= "{\"verdict\":\"" verdict "\",\"steps\":[" step ("," step){0,11} "]}"
verdict ::= "hold"
step ::= "{\"for\":[" cites "],\"do\":\"" do "\"}"
cites ::= quoted ("," quoted){0,3}
quoted ::= "\"" cite "\""
cite ::= "s01" | "s02" | "s03" | "s04" | "s05" | "s06" | "s07" | "s08" | "s09" | "s10" | "s11" |
  "s12" | "s13"
do ::= "c01" | "c02"
""",
    ),
]


@pytest.mark.parametrize(("step", "standings", "capabilities", "concluded", "frozen"), FROZEN)
def test_the_language_is_that_which_the_model_learned(
    step: str,
    standings: list[str | None] | None,
    capabilities: list[str],
    concluded: str | None,
    frozen: str,
) -> None:
    """Names written out and neighbours joined, both say the same."""
    contract = contract_of(DecisionStep(step), VERDICTS)
    if standings is None:
        grammar = contract.grammar()
    else:
        entries = tuple(
            StateEntry(
                f"s{number:02d}",
                "a fact",
                ("a line",),
                "shown",
                Standing(standing) if standing else None,
            )
            for number, standing in enumerate(standings, 1)
        )
        ground = Ground(StateLayer(entries), VERDICTS, frozenset(capabilities), concluded)
        grammar = contract.grammar_over(ground)
    was, now = rules_of(frozen.replace("\n  ", " ")), rules_of(grammar)

    assert written_out(was["root"], was) == written_out(now["root"], now)


@pytest.mark.parametrize(
    "other",
    [
        'root ::= "a" ("b"){0,2} "c"',
        'root ::= "a" "b"{0,3} "c" | "d"',
        'root ::= "a" "b"{0,3} "C"',
        'root ::= "a" [bx]{0,3} "c"',
    ],
)
def test_another_language_is_told_from_it(other: str) -> None:
    """The comparison would be worth nothing if it called all things alike."""
    one, two = rules_of('root ::= "a" b{0,3} "c"\nb ::= ("b")'), rules_of(other)
    alike = rules_of('root ::= "a" "b"{0,3} "c"')

    assert written_out(one["root"], one) == written_out(alike["root"], alike)
    assert written_out(one["root"], one) != written_out(two["root"], two)
