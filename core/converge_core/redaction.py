"""Personal data is left out of a text before it is embedded.

A vector cannot be read, but what it was made of can be guessed from it, and it lies in files that
are no record and that nobody redacts. What counts as personal is a list of patterns, the most
specific first; where a kind has a check digit it has to fit, so that an amount or a version stays
what it is. A word takes the place of what is left out, because that something stood there is part
of the matter.

A digit or a letter from A to Z right before or behind is part of a longer word. A low line is not,
nor is a letter of another script, because not every script parts words by blanks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from converge_core import check_digits as digits

_DASH = r"\-\u2010-\u2015\u2212"
_SEP = rf"[ .{_DASH}/]?"
_GAP = rf"[ {_DASH}]{{0,3}}"
_IGNORED = frozenset("\u034f\u115f\u1160\u3164\ufe0e\ufe0f")
"""Signs that show nothing, and that no category tells apart."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of personal data.

    Attributes:
        name: what it is called, and what takes its place, in angle brackets.
        about: what it finds, for a person.
        regex: what may be one.
        fits: says whether something that may be one is one, or what part of it.
    """

    name: str
    about: str
    regex: re.Pattern[str]
    fits: Callable[[str], bool | str] = bool


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without personal data, and how much of each kind was left out."""

    text: str
    found: tuple[tuple[str, int], ...] = ()

    @property
    def count(self) -> int:
        """How many pieces were left out."""
        return sum(count for _, count in self.found)


def redact(text: str) -> Redacted:
    """Returns a text without personal data, in its compatible form and without hidden signs.

    Wide digits are digits there, and nothing invisible can stand between them.
    """
    plain = _plain(text)
    found: list[tuple[str, int]] = []
    for pattern in PATTERNS:
        plain, count = _without(plain, pattern)
        if count:
            found.append((pattern.name, count))
    return Redacted(plain, tuple(found))


def _without(text: str, pattern: Pattern) -> tuple[str, int]:
    """Leaves out one kind; what does not fit from one place on may from the next."""
    kept: list[str] = []
    begin = at = 0
    while match := pattern.regex.search(text, at):
        fits = pattern.fits(match[0])
        at = match.start() + 1
        if fits:
            kept += (text[begin : match.start()], f"<{pattern.name}>")
            begin = at = match.start() + len(fits if isinstance(fits, str) else match[0])
    return "".join((*kept, text[begin:])), len(kept) // 2


def _plain(text: str) -> str:
    signs: list[str] = []
    for char in unicodedata.normalize("NFKC", text.replace("\u2116", "\u2116 ")):
        if char.isdigit():
            signs.append(str(unicodedata.digit(char)))
        elif char.isspace():
            signs.append(" ")
        elif not _hidden(char, signs[-1] if signs else ""):
            signs.append(char)
    return "".join(signs)


def _hidden(char: str, before: str) -> bool:
    """Whether a sign shows nothing of its own, or only dresses up a digit."""
    category = unicodedata.category(char)
    dressed = category == "Mn" and before.isdigit()
    return char in _IGNORED or category in {"Cf", "Cc", "Me"} or dressed


_FLAGS: Final = re.IGNORECASE | re.ASCII
"""Of ASCII alone: what has to be a letter from A to Z is no other letter like one."""


def _compiled(regex: str, before: str = "") -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z]){before}{regex}(?![0-9A-Za-z])", _FLAGS)


_HEX = r"[0-9a-f]"
_GROUP = rf"{_HEX}{{1,4}}"
_AT = r" ?[(\[{] ?at ?[)\]}] ?"
_DOT = r" ?[(\[{] ?dot ?[)\]}] ?"
_LOCAL = r"(?:\"[^\"@]{1,64}\"|[\w.!#$%&'*+/=?^`{|}~-]{1,64})"
_NO_NUMBER_BEFORE = rf"(?<!\+)(?<![0-9][.,:/{_DASH}])"
_PHONE_GAP = rf"[ ().{_DASH}/]"

PATTERNS: Final[tuple[Pattern, ...]] = (
    Pattern(
        "uuid",
        "UUID in its five groups",
        _compiled(rf"{_HEX}{{8}}(?:[{_DASH}]{_HEX}{{4}}){{3}}[{_DASH}]{_HEX}{{12}}"),
    ),
    Pattern(
        "email",
        "e-mail address in letters of any script, also behind mailto: and with (at) and (dot)",
        re.compile(
            rf"{_LOCAL}(?:@|{_AT})(?:[\w-]+(?:[.\u3002]|{_DOT}))+[^\W\d][\w-]+", re.IGNORECASE
        ),
    ),
    Pattern(
        "account",
        "IBAN with its checksum, in one piece or in groups of any length",
        _compiled(rf"[A-Z]{{2}}{_SEP}[0-9]{{2}}(?:[ .{_DASH}]{{0,3}}[0-9A-Z]){{11,30}}"),
        digits.iban,
    ),
    Pattern(
        "account",
        "number behind a word such as account, konto, compte, cuenta or sort code",
        _compiled(
            r"(?:account|acct|konto|compte|cuenta|conto|sort code)\.?"
            rf"(?: ?(?:number|num|no|nr|nummer|#)\.?)?[ :=#]{{1,3}}[0-9](?:{_GAP}[0-9]){{5,16}}"
        ),
    ),
    Pattern(
        "ip",
        "address of IP version 4, but for what the word version stands before",
        re.compile(
            r"(?<![0-9a-z.])(?<!version )[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9a-z]|\.[0-9])", _FLAGS
        ),
        digits.ip_version_4,
    ),
    Pattern(
        "ip",
        "address of IP version 6, also shortened",
        re.compile(
            rf"(?<![\w:.])(?:{_GROUP})?(?::{{1,2}}{_GROUP}){{1,7}}(?:::)?(?![\w:])|"
            rf"(?<![\w:.])(?:{_GROUP}:){{1,7}}:(?![\w:])|(?<![\w:.])::(?:{_GROUP})(?![\w:])",
            _FLAGS,
        ),
        digits.ip_version_6,
    ),
    Pattern(
        "card",
        "number of a payment card, 13 to 19 digits, by Luhn's check digit",
        _compiled(
            rf"(?:[2-6][0-9]{{3}}(?:[ ._/{_DASH}]{{1,3}}[0-9]{{4}}){{3}}|"
            rf"[2-6](?:{_GAP}[0-9]){{12,21}})"
        ),
        digits.card_number,
    ),
    Pattern(
        "mac",
        "address of a network card, in pairs or in groups of four",
        _compiled(
            rf"(?:{_HEX}{{2}}(?::{_HEX}{{2}}){{5}}|{_HEX}{{2}}(?:-{_HEX}{{2}}){{5}}|"
            rf"(?=[0-9.]*[a-f]){_HEX}{{4}}(?:\.{_HEX}{{4}}){{2}})"
        ),
    ),
    Pattern(
        "national-number",
        "United States: social security number, with its hyphens, points or blanks",
        _compiled(r"[0-9]{3}([-. ])[0-9]{2}\1[0-9]{4}"),
        digits.social_security,
    ),
    Pattern(
        "national-number",
        "United Kingdom: national insurance number",
        _compiled(
            r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
            r"[ \-]?[0-9]{2}[ \-]?[0-9]{2}[ \-]?[0-9]{2}[ \-]?[A-D]"
        ),
    ),
    Pattern(
        "national-number",
        "China: number of a resident, 18 signs, with its check sign",
        _compiled(r"[1-8][0-9]{5}(?:19|20)[0-9]{9}[0-9X]"),
        digits.resident_of_china,
    ),
    Pattern(
        "national-number",
        "France: NIR, with its key",
        _compiled(
            rf"[12]{_SEP}[0-9]{{2}}{_SEP}[0-9]{{2}}{_SEP}(?:[0-9]{{2}}|2[AB])"
            rf"{_SEP}[0-9]{{3}}{_SEP}[0-9]{{3}}{_SEP}[0-9]{{2}}"
        ),
        digits.nir_of_france,
    ),
    Pattern(
        "national-number",
        "Spain: DNI and NIE, with their letter",
        _compiled(rf"(?:[XYZ]{_SEP}[0-9]|[0-9]{{2}})\.?[0-9]{{3}}\.?[0-9]{{3}}{_SEP}[A-Z]"),
        digits.dni_of_spain,
    ),
    Pattern(
        "national-number",
        "Italy: codice fiscale, with its letter",
        _compiled(r"[A-Z]{6}[0-9]{2}[A-EHLMPR-T][0-9]{2}[A-Z][0-9]{3}[A-Z]"),
        digits.codice_fiscale,
    ),
    Pattern(
        "national-number",
        "Switzerland: AHV number, by its check digit",
        _compiled(r"756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}"),
        digits.ahv_of_switzerland,
    ),
    Pattern(
        "national-number",
        "Brazil: CPF, by its check digits",
        _compiled(rf"[0-9]{{3}}\.?[0-9]{{3}}\.?[0-9]{{3}}[/{_DASH}]?[0-9]{{2}}"),
        digits.cpf_of_brazil,
    ),
    Pattern(
        "national-number",
        "India: Aadhaar, by its check digit",
        _compiled(r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}"),
        digits.aadhaar_of_india,
    ),
    Pattern(
        "national-number",
        "Canada: SIN with hyphens, or with blanks behind that word, by Luhn's check digit",
        _compiled(r"(?:[1-9][0-9]{2}-[0-9]{3}-[0-9]{3}|(?<=SIN )[1-9][0-9]{2} [0-9]{3} [0-9]{3})"),
        digits.luhn,
    ),
    Pattern(
        "national-number",
        "Poland: PESEL, by its check digit",
        _compiled(r"[0-9]{11}"),
        digits.pesel_of_poland,
    ),
    Pattern(
        "national-number",
        "Germany: tax identification number, by its check digit",
        _compiled(r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}"),
        digits.tax_id_of_germany,
    ),
    Pattern(
        "national-number",
        "Sweden, Denmark: birth date and four digits behind a hyphen",
        _compiled(r"(?:19|20)?[0-9]{6}[-+][0-9]{4}"),
        digits.born_in_the_north,
    ),
    Pattern(
        "national-number",
        "South Korea: birth date and seven digits behind a hyphen",
        _compiled(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-[1-8][0-9]{6}"),
    ),
    Pattern(
        "phone",
        "number behind a word such as tel, phone or mobile, of seven digits or more",
        _compiled(
            r"(?:tel(?:e(?:ph|f)one?)?|phone|mobile|mob|cell|fax|whatsapp|handy|m[\u00f3o]vil|"
            r"\u0442\u0435\u043b|\u260e|\u7535\u8bdd|\u96fb\u8a71|\u624b\u673a|\u643a\u5e2f)"
            rf"[ .:=#]{{0,3}}[0-9(](?:{_PHONE_GAP}{{0,2}}[0-9]){{6,13}}"
        ),
        digits.no_moment,
    ),
    Pattern(
        "phone",
        "telephone number: with + and a country, or led by a 0, or grouped as in North America",
        _compiled(
            rf"(?:\+[1-9](?:{_PHONE_GAP}{{0,3}}[0-9]){{7,14}}|"
            rf"00[1-9](?:{_PHONE_GAP}{{0,3}}[0-9]){{7,13}}|"
            rf"\(?0[1-9](?:[ (){_DASH}/]{{0,2}}[0-9]){{6,12}}|0[1-9](?:\.[0-9]{{2}}){{4}}|"
            rf"(?:8 ?)?\([1-9][0-9]{{1,3}}\) ?[0-9](?:[ {_DASH}]?[0-9]){{6,8}}|"
            rf"(?:1[ .{_DASH}])?\(?[2-9][0-9]{{2}}\)?[ .{_DASH}]"
            rf"[2-9][0-9]{{2}}[ .{_DASH}][0-9]{{4}}|"
            rf"1[3-9][0-9](?:[ {_DASH}]?[0-9]{{4}}){{2}})",
            _NO_NUMBER_BEFORE,
        ),
        digits.phone_number,
    ),
)
"""What is left out, the most specific first."""
