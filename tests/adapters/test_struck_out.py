"""A key is struck out of a stranger's text in every spelling a program gives it."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.adapters.remote.struck_out import WITHHELD, Secret

KEY = "sk-5ecret/of+the=test~"
SPELLED = {
    "as it is": KEY,
    "percent-encoded": quote(KEY, safe=""),
    "percent-encoded in small letters": quote(KEY, safe="").lower(),
    "percent-encoded whole": "".join(f"%{ord(sign):02x}" for sign in KEY),
    "escaped": KEY.replace("/", "\\/"),
    "escaped whole": "".join(f"\\u{ord(sign):04x}" for sign in KEY),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "base64 with a word before": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 as a password": base64.b64encode(f":{KEY}\n".encode()).decode(),
    "hex": KEY.encode().hex(),
}


@pytest.mark.parametrize("spelling", SPELLED)
def test_a_key_is_found_and_struck_out(spelling: str) -> None:
    """What is left holds it in no spelling."""
    secret, text = Secret(KEY), f"who sent {SPELLED[spelling]} here?"

    assert secret.is_in(text)
    left = secret.struck_out(text)
    assert not secret.is_in(left)
    assert SPELLED[spelling] not in left
    assert left == WITHHELD or (left.startswith("who sent ") and left.endswith(" here?"))


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=80),
    st.binary(max_size=9),
    st.binary(max_size=9),
)
def test_base64_hides_no_key_wherever_it_begins(key: str, before: bytes, after: bytes) -> None:
    """Whatever stands before and behind it in what was encoded."""
    text = base64.b64encode(before + key.encode() + after).decode()

    assert Secret(key).is_in(text)
    assert not Secret(key).is_in(Secret(key).struck_out(text))


def test_other_words_stay_as_they_are() -> None:
    """A text without the key is not touched, and the secret shows itself nowhere."""
    assert "100% of \\u0041 fine" == Secret(KEY).struck_out("100% of \\u0041 fine")
    assert KEY not in repr(Secret(KEY))
