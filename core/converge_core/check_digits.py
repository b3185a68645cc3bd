"""Check digits: whether a number can be what it looks like.

Each is a function of the text as it was found, blanks and hyphens included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DIGITS = re.compile(r"[0-9]")
_MONTHS = range(1, 13)
_NEVER = 666
"""No social security number begins with it."""
_IP_GROUPS = 8
_CARD_GROUP = 4
"""How many digits the first group of a card's number has."""
_IBAN_DIGITS = 10
"""How many digits an IBAN has at least; what has fewer is words."""
_MOMENT = re.compile(
    r"(?:0[1-9]|[12][0-9]|3[01])([ ./-])(?:0[1-9]|[12][0-9]|3[01])\1(?:19|20)[0-9]{2}"
    r"|(?:19|20)[0-9]{2}([ ./-]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:[01][0-9]|2[0-3])[0-5][0-9] ?- ?(?:[01][0-9]|2[0-3])[0-5][0-9]$"
)
"""A date, with what may follow it, or hours from and to."""


def digits_of(text: str) -> list[int]:
    """Returns the digits of a text."""
    return [int(one) for one in _DIGITS.findall(text)]


def luhn(text: str) -> bool:
    """Whether the digits of a text end in the check digit of Luhn (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits_of(text))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled // 10 + doubled % 10
    return total % 10 == 0


def card_number(text: str) -> str:
    """Returns the number of a payment card a text begins with; empty without one.

    What follows one, such as until when it is good, is no part of it.
    """
    return next((part for part in _begins(text) if _is_card(part)), "")


def _is_card(text: str) -> bool:
    digits, sizes = digits_of(text), [len(group) for group in re.findall("[0-9]+", text)]
    if len(digits) not in range(13, 20) or len(set(digits)) == 1 or _MOMENT.match(text):
        return False
    single = len(digits) == len(sizes)
    grouped = sizes[0] == _CARD_GROUP or len(sizes) == 1 or (single and len(digits) in {15, 16})
    return grouped and luhn(text)


def _begins(text: str) -> Iterator[str]:
    """Returns a text, and then what is left of it, one group of signs less each time."""
    while text:
        yield text
        text = re.sub(r"(?:^|[^0-9A-Za-z]+)[0-9A-Za-z]*$", "", text)


def no_moment(text: str) -> bool:
    """Whether what digits a text has are no date, and no hours from and to."""
    return not _MOMENT.match(re.sub(r"^[^0-9]*", "", text))


def iban(text: str) -> str:
    """Returns the IBAN a text begins with, by length and checksum (ISO 13616); empty without one.

    Words that follow one are no part of it.
    """
    return next((part for part in _begins(text) if _is_iban(part)), "")


def _is_iban(text: str) -> bool:
    packed = re.sub(r"[^0-9A-Z]", "", text.upper())
    if len(packed) not in range(15, 35) or len(digits_of(packed)) < _IBAN_DIGITS:
        return False
    return int("".join(map(_base_36, packed[4:] + packed[:4]))) % 97 == 1


def _base_36(char: str) -> str:
    return str(int(char, 36))


def ip_version_4(text: str) -> bool:
    """Whether the numbers of a text fit into an address of version 4."""
    return all(int(part) in range(256) for part in text.split("."))


def ip_version_6(text: str) -> bool:
    """Whether a text has the groups of an address of version 6."""
    groups = text.split(":")
    short = "::" in text
    numeric = len(groups) == _IP_GROUPS or bool(digits_of(text))  # "a::b" is a name of code
    return text.count("::") <= 1 and numeric and len(groups) in (range(3, 10) if short else (8,))


def phone_number(text: str) -> bool:
    """Whether a text has as many digits as a telephone number, and is no date."""
    return len(digits_of(text)) in range(8, 16) and no_moment(text)


def social_security(text: str) -> bool:
    """Whether a text may be a social security number of the United States."""
    area, group, serial = (int(part) for part in re.split(r"[-. ]", text))
    return area in range(1, 900) and area != _NEVER and group > 0 and serial > 0


def _weighed(weights: str, modulus: int, text: str) -> int:
    digits, many = digits_of(text), len(weights)
    return sum(int(weights[at % many]) * digit for at, digit in enumerate(digits)) % modulus


def nir_of_france(text: str) -> bool:
    """Whether the key of a French NIR fits."""
    packed = re.sub(r"[^0-9AB]", "", text.upper()).replace("2A", "19").replace("2B", "18")
    return packed.isdigit() and 97 - int(packed[:13]) % 97 == int(packed[13:])


def dni_of_spain(text: str) -> bool:
    """Whether the letter of a Spanish DNI or NIE fits; a small one behind a blank is a word."""
    if re.search(" [a-z]$", text):
        return False
    packed = re.sub(r"[^0-9A-Z]", "", text.upper())
    number = packed[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == packed[-1]


_ODD = (
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    2,
    4,
    18,
    20,
    11,
    3,
    6,
    8,
    12,
    14,
    16,
    10,
    22,
    25,
    24,
    23,
)


def codice_fiscale(text: str) -> bool:
    """Whether the last letter of an Italian codice fiscale fits."""
    signs = [ord(char) - 65 if char.isalpha() else int(char) for char in text.upper()]
    total = sum(_ODD[sign] if place % 2 == 0 else sign for place, sign in enumerate(signs[:15]))
    return total % 26 == signs[15]


def pesel_of_poland(text: str) -> bool:
    """Whether month and check digit of a Polish PESEL fit."""
    digits = digits_of(text)
    return digits[2] * 10 % 20 + digits[3] in _MONTHS and _weighed("13791379131", 10, text) == 0


def tax_id_of_germany(text: str) -> bool:
    """Whether the digits of a German tax identification number fit (ISO/IEC 7064, MOD 11,10)."""
    digits = digits_of(text)
    product = 10
    for digit in digits[:10]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    repeated = max(digits[:10].count(digit) for digit in range(10))
    return digits[0] != 0 and repeated in {2, 3} and (11 - product) % 10 == digits[10]


def born_in_the_north(text: str) -> bool:
    """Whether a number begins with a date of birth, as in Sweden and in Denmark."""
    digits = digits_of(text)[-10:]
    month, day = digits[2] * 10 + digits[3], digits[0] * 10 + digits[1]
    if month not in _MONTHS:
        return False
    danish = len(digits_of(text)) == len(digits) and day in range(1, 32)
    return danish or luhn("".join(map(str, digits)))


def ahv_of_switzerland(text: str) -> bool:
    """Whether the check digit of a Swiss AHV number fits."""
    return _weighed("13", 10, text) == 0


def cpf_of_brazil(text: str) -> bool:
    """Whether the check digits of a Brazilian CPF fit."""
    digits = digits_of(text)

    def check(count: int) -> int:
        total = sum((count + 1 - place) * digits[place] for place in range(count))
        return total * 10 % 11 % 10

    return len(set(digits)) > 1 and [check(9), check(10)] == digits[9:]


_TURN = "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415"
_TABLE = "0123456789", *_TURN, "7046913258"
_PRODUCT = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)


def resident_of_china(text: str) -> bool:
    """Whether month and check sign of the number of a resident fit (ISO 7064, MOD 11-2)."""
    total = sum(int(sign) * 2 ** (17 - place) for place, sign in enumerate(text[:17]))
    return int(text[10:12]) in _MONTHS and "10X98765432"[total % 11] == text[17].upper()


def aadhaar_of_india(text: str) -> bool:
    """Whether the check digit of an Indian Aadhaar number fits, and it is no date and time."""
    return not _MOMENT.match(text) and verhoeff(text)


def verhoeff(text: str) -> bool:
    """Whether the digits of a text end in the check digit of Verhoeff (1969)."""
    check = 0
    for place, digit in enumerate(reversed(digits_of(text))):
        check = int(_PRODUCT[check][int(_TABLE[place % 8][digit])])
    return check == 0
