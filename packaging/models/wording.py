"""The two wordings of generated states: one to train on, one held out.

Everything a state line is made of stands here twice. The two share only the cues that the model
is meant to learn: the cite id that opens a line, ``hard`` or ``soft``, ``margin`` before a sign or
a question mark; and bare punctuation and brackets may
be absent in both. ``tests/models/test_generator.py`` proves that nothing else is shared.
"""

# ruff: noqa: SIM905
# Word lists read better as running text.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from random import Random

FIELDS = ("label", "value", "bound")
"""The fields of a line that has a limit, in the order in which the app writes them."""

Wrap = tuple[str, str]
"""What stands before and behind a field."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The stock one split is drawn from.

    Attributes:
        words: words of labels, subjects and capabilities.
        syllables: what invented words are made of.
        decoys: label words that look like a cue and are none.
        separators: what stands between fields.
        openings: what stands between the cite id and the first field; "" means the separator.
        wraps: key words and brackets, by field.
        bounds: words for a floor and for a ceiling.
        units: units of measure.
        notations: how numbers are written, as named in ``layout.NOTATIONS``.
        questions: the intent; ``{}`` takes a subject.
        notes: values of lines that have no limit.
    """

    words: tuple[str, ...]
    syllables: tuple[str, ...]
    decoys: tuple[str, ...]
    separators: tuple[str, ...]
    openings: tuple[str, ...]
    wraps: Mapping[str, tuple[Wrap, ...]]
    bounds: tuple[Wrap, ...]
    units: tuple[str, ...]
    notations: tuple[str, ...]
    questions: tuple[str, ...]
    notes: tuple[str, ...]


TRAINING = Wording(
    words=tuple(
        """
        access account address adoption age agent alert amount answer archive area asset audit
        backlog balance bandwidth battery benefit bill block board boot bridge budget buffer
        build cable cache capacity cargo carrier cell chain channel charge circuit city claim
        client cloud code cold colour column comment company contract cost count crash credit
        crew crop cycle daily damage data date dead debt delay delivery demand density depth
        desk device disk distance door download draft drift drive duty energy engine error
        event exit export factor failure farm fault feed field file filter fire fleet flow food
        forecast form freight frequency fuel gap gas gate gear goods grade grain graph grid group
        growth guest harbour head health heat height house hour image import income index input
        invoice item job journey key kitchen label lag land latency layer lead leak length level
        library licence lift light link list load loan lock log loss lot machine mail market
        mass member memory message meter mill mine minute mobile model module month motor night
        noise north note number office oil open order outage output oven owner pace packet page
        paint panel paper part partner path patient pay peak people period phone pipe plant
        plate point pool port power press price print process product profile pump query queue
        rain range rate ratio reach record reply report request rest result return revenue road
        roof room rotor route salary sale sample scan school score screen seal season seat
        sensor server service session share shelf shift ship shop signal site size skill slot
        smoke source speed staff stage steel stock storage storm stream street strike string
        supply surface switch table tank target task team thread ticket tide time tool total
        tower track trade traffic train transfer travel trip truck turn usage user valve vendor
        video visit voltage volume wage waste water wave weather week weight wheel width wind
        window winter wire work yard year yield zone
        """.split()
    ),
    syllables=tuple(
        """
        ba be bi bo bu da de di do du fa fe fi fo fu ga ge gi go gu ka ke ki ko ku la le li lo lu
        ma me mi mo mu na ne ni no nu pa pe pi po pu ra re ri ro ru ta te ti to tu an en in on un
        ar er ir or ur al el il ol st tr pl gr br cl sp nd nt rk lm x q
        """.split()
    ),
    decoys=(
        "hard disk",
        "soft start",
        "hardware",
        "software",
        "softener",
        "harden",
        "breach report",
        "hold time",
        "unknown callers",
        "margin call",
        "margin of safety",
        "hard-coded",
        "soft_limit",
        "Hard copy",
        "SOFT",
        "proceed rate",
        "conclude",
        "s07",
        "limit",
        "concern",
        "at least once",
        "marginal",
        "support desk",
        "uncertain weather",
        "hard and soft",
    ),
    separators=(
        " | ",
        ", ",
        "; ",
        " / ",
        " - ",
        " : ",
        "  ",
        " · ",
        " # ",
        "|",
        ";",
        " , ",
        " -- ",
        " * ",
        " & ",
        "/",
        " . ",
        " => ",
        " = ",
        " ; ",
        " |",
        "| ",
        " + ",
        ": ",
        " ¦ ",
        " • ",
        "   ",
    ),
    openings=("", "", " ", ": ", ") ", ". ", " - ", " = "),
    wraps={
        "label": (("", ""), ("", ""), ("'", "'"), ('"', '"'), ("metric ", ""), ("*", "*")),
        "value": (
            ("", ""),
            ("", ""),
            ("= ", ""),
            ("value ", ""),
            ("now ", ""),
            ("(", ")"),
            ("is ", ""),
            ("val=", ""),
        ),
        "bound": (("", ""), ("", ""), ("limit ", ""), ("[", "]"), ("want ", ""), ("(", ")")),
    },
    bounds=(("at least", "at most"), (">=", "<="), ("min", "max"), ("from", "to")),
    units=("", "", "%", "s", "ms", "GB", "lines", "USD", "items", "km", "C", "days"),
    notations=("plain", "plain", "padded", "decimal-comma"),
    questions=(
        "is {} fit to be released",
        "may {} go ahead",
        "should {} be approved",
        "is {} ready",
        "what about {}",
        "shall we start {}",
        "is it safe to ship {} now",
        "decide on {}",
    ),
    notes=(
        "unknown",
        "none",
        "?",
        "2024-05-01",
        "-",
        "hard",
        "soft",
        "5-7",
        "v1.2.3",
        "yes",
        "ok",
        "a1b2c3d",
        "-4",
        "+9",
        "10:45",
        "s04",
        "n/a",
        "hold",
        "proceed",
        "main",
        "{s01}",
        "true",
    ),
)

HELD_OUT = Wording(
    words=tuple(
        """
        acreage aperture artefact ballast barometer bearing beeswax biopsy brine caramel catalyst
        chassis chloride cistern clinic compost copper corridor cortex dairy dividend dosage dune
        ecology embargo enzyme fabric fathom ferry fjord forge foundry gallery genome glacier
        granite gypsum habitat harvest hectare humidity hydrant insulin isotope jetty kelp kernel
        kiln lagoon lattice ledger lumber magma mandate meadow mercury molecule mosaic nectar
        nitrate nozzle orchard ozone parcel pasture pigment pollen poultry prairie quarry quota
        rapeseed reactor reservoir resin saline sapling sediment silo solvent spindle sulphur
        tariff tendon thermal thicket timber topsoil tundra turbine vaccine vessel viscosity
        warehouse wharf zinc zygote
        """.split()
    ),
    syllables=tuple(
        "zha vek jul qui wom yst hob fyn wep cax vy jaz kov yel wic hux zor vaj yim jet".split()
    ),
    decoys=(
        "hard hat",
        "soft fruit",
        "hardship fund",
        "softwood",
        "breach drill",
        "holdover",
        "unknown senders",
        "margin note",
        "margin-of-error",
        "hard_stop",
        "Soft skills",
        "HARD",
        "softly spoken",
        "hardened",
        "s19 successor",
        "conditions met",
    ),
    separators=(" || ", " ~ ", " >> ", " :: ", " ^ ", "\t", " § ", " \\ ", " ;; ", " – ", " ~~ "),
    openings=("", " >", " ~ ", "] "),
    wraps={
        "label": (("", ""), ("<", ">"), ("name ", ""), ("`", "`")),
        "value": (("", ""), ("reads ", ""), ("{", "}"), ("measured ", ""), ("@ ", "")),
        "bound": (("", ""), ("threshold ", ""), ("{", "}"), ("goal ", "")),
    },
    bounds=(("no less than", "no more than"), ("≥", "≤"), ("floor", "cap"), ("above", "below")),
    units=("EUR", "kWh", "ppm", "rows", "m3", "bps", "°F", "hPa"),
    notations=("thousands", "apostrophe", "scientific", "eighths", "underscore"),
    questions=(
        "can {} be signed off",
        "does {} deserve a go",
        "clear {} for use?",
        "verdict for {}",
    ),
    notes=(
        "2031/11/30",
        "(-7)",
        "3e-9",
        "1-in-8",
        "not hard",
        "so soft",
        "??",
        "-0",
        "~",
        "idle",
        "s88",
        "{s42}",
        "margin",
        "unlimited",
        "+1e+3",
        "breach",
    ),
)

NOISE_DIGITS = "0123456789.:*=x"
_LETTERS = "".join(map(chr, (*range(33, 127), *range(161, 384), *range(0x2010, 0x2266))))
_ALPHABETS = ("0123456789.-+", "abcdefghijklmnopqrstuvwxyz", _LETTERS[:94], _LETTERS)


def noise(rng: Random, most: int) -> str:
    """Returns up to ``most`` random words that mean nothing, for training.

    Characters of held-out layouts occur in it, so that no byte is new to the model; what opens or
    parts their fields does not, and neither do their words.
    """
    while True:
        alphabets = rng.choices(_ALPHABETS, k=rng.randint(1, most))
        words = ["".join(rng.choices(a, k=rng.randint(2, 7))) for a in alphabets]
        text = " ".join(words)
        if not any(part in text for part in _KEPT_OUT) and not re.search(r"[1-9]\d{5}", text):
            return text


APP_ORDER = FIELDS
_KEPT_OUT = tuple(
    part
    for part in (
        *HELD_OUT.separators,
        *HELD_OUT.openings,
        *HELD_OUT.words,
        *HELD_OUT.decoys,
        *(key for wraps in HELD_OUT.wraps.values() for wrap in wraps for key in wrap),
        *(bound for pair in HELD_OUT.bounds for bound in pair),
        *HELD_OUT.units,
    )
    if len(part) > 1
)
"""What noise must not hold: everything of the held-out wording but single characters."""
_ALL_ORDERS = tuple(permutations(FIELDS))
HELD_OUT_ORDERS = tuple(order for order in _ALL_ORDERS[1:] if _ALL_ORDERS.index(order) % 3 == 2)
"""Every third order of the three fields; none of them occurs in training."""
TRAINING_ORDERS = tuple(order for order in _ALL_ORDERS if order not in HELD_OUT_ORDERS)
