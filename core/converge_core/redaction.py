"""Personal data is left out of a text before it is embedded.

A vector cannot be read, but what it was made of can be guessed from it, and it lies in files that
are no record and that nobody redacts. What counts as personal is a list of patterns, the most
specific first; where a kind has a check digit it has to fit, so that an amount or a version stays
what it is. A word takes the place of what is left out, because that something stood there is part
of the matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from converge_core import check_digits as digits

_SEP = r"[ \u00a0.\-/]?"


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
    count = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal count
        fits = pattern.fits(match[0])
        if not fits:
            return match[0]
        count += 1
        rest = match[0][len(fits) :] if isinstance(fits, str) else ""
        return f"<{pattern.name}>{rest}"

    return pattern.regex.sub(replaced, text), count


def _plain(text: str) -> str:
    wide = unicodedata.normalize("NFKC", text)
    return "".join(map(_sign, wide))


def _sign(char: str) -> str:
    if char.isdigit():
        return str(unicodedata.digit(char))
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in {"Cf", "Cc"} else char


def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w]){regex}(?![\w])", re.IGNORECASE)


_HEX = r"[0-9a-f]"
_GROUP = rf"{_HEX}{{1,4}}"

PATTERNS: Final[tuple[Pattern, ...]] = (
    Pattern(
        "uuid",
        "UUID in its five groups",
        _compiled(rf"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"),
    ),
    Pattern(
        "email",
        "e-mail address in letters of any script, also behind mailto:",
        re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]+@(?:[\w-]+\.)+\w{2,}", re.IGNORECASE),
    ),
    Pattern(
        "account",
        "IBAN with its checksum, in one piece or in groups",
        _compiled(r"[A-Z]{2}[0-9]{2}(?:[ \-]?[0-9A-Z]{4}){2,7}(?:[ \-]?[0-9A-Z]{1,3})?"),
        digits.iban,
    ),
    Pattern(
        "ip",
        "address of IP version 6, also shortened",
        re.compile(
            rf"(?<![\w:.])(?:{_GROUP})?(?::{{1,2}}{_GROUP}){{1,7}}(?:::)?(?![\w:])|"
            rf"(?<![\w:.])(?:{_GROUP}:){{1,7}}:(?![\w:])|(?<![\w:.])::(?:{_GROUP})(?![\w:])",
            re.IGNORECASE,
        ),
        digits.ip_version_6,
    ),
    Pattern(
        "ip",
        "address of IP version 4",
        re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9])"),
        digits.ip_version_4,
    ),
    Pattern(
        "card",
        "number of a payment card, 13 to 19 digits, by Luhn's check digit",
        _compiled(r"[0-9](?:[ \-]?[0-9]){12,18}"),
        digits.card_number,
    ),
    Pattern(
        "national-number",
        "United States: social security number, with its hyphens or blanks",
        _compiled(r"[0-9]{3}([- ])[0-9]{2}\1[0-9]{4}"),
        digits.social_security,
    ),
    Pattern(
        "national-number",
        "United Kingdom: national insurance number",
        _compiled(
            r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
            r" ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"
        ),
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
        _compiled(r"[XYZ0-9][-]?[0-9]{7}[-]?[A-Z]"),
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
        _compiled(r"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}"),
        digits.ahv_of_switzerland,
    ),
    Pattern(
        "national-number",
        "Brazil: CPF, by its check digits",
        _compiled(r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-[0-9]{2}"),
        digits.cpf_of_brazil,
    ),
    Pattern(
        "national-number",
        "India: Aadhaar, by its check digit",
        _compiled(r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}"),
        digits.verhoeff,
    ),
    Pattern(
        "national-number",
        "Canada: SIN in its groups, by Luhn's check digit",
        _compiled(r"[1-9][0-9]{2}[ -][0-9]{3}[ -][0-9]{3}"),
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
        "phone",
        "telephone number: with + and a country, or led by a 0, or grouped as in North America",
        re.compile(
            r"(?<![\w.,+/-])(?:\+[1-9](?:[ ().\-/]{0,2}[0-9]){7,14}|"
            r"00[1-9](?:[ ().\-/]{0,2}[0-9]){7,13}|"
            r"\(?0[1-9](?:[ ()\-/]{0,2}[0-9]){6,12}|"
            r"(?:1[ .\-])?\(?[2-9][0-9]{2}\)?[ .\-][2-9][0-9]{2}[ .\-][0-9]{4})(?![\w])"
        ),
        digits.phone_number,
    ),
)
"""What is left out, the most specific first."""
