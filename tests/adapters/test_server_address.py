"""Where a model server is: read from what a person writes, without secrets."""

from __future__ import annotations

import pytest

from converge_desktop.adapters.remote.server_address import AddressRefused, address_of


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        (" http://localhost:8080/v1/ ", "http://localhost:8080/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("HTTPS://Models.Test/v1", "https://models.test/v1"),
        ("https://models.test:443/v1", "https://models.test/v1"),
    ],
)
def test_an_address_is_shown_in_one_spelling(written: str, shown: str) -> None:
    """However a person writes it; this is what goes on record."""
    assert shown == str(address_of(written))


@pytest.mark.parametrize("host", ["models.test", "192.168.0.7", "localhost.models.test", "127.1"])
def test_prompts_do_not_travel_unencrypted_unless_that_is_allowed(host: str) -> None:
    """The sentence names the machine and both remedies; allowed is what a person allows."""
    with pytest.raises(AddressRefused, match=f"{host}.*https://.*allow plain HTTP"):
        address_of(f"http://{host}/v1")

    assert not address_of(f"http://{host}/v1", allow_plain=True).only_here
    assert not address_of(f"https://{host}/v1").only_here


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
def test_to_this_machine_they_may(host: str) -> None:
    """And then to nobody but this machine, whatever its names come to stand for."""
    assert address_of(f"http://{host}/v1").only_here


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("https://me:hush@models.test/v1", "give the key on its own"),
        ("https://hush@models.test/v1", "give the key on its own"),
        ("https://models.test/v1?key=hush", "give the key on its own"),
        ("https://models.test/v1#hush", "give the key on its own"),
        ("hush", "Write it as https://"),
        ("", "Write it as https://"),
        ("ftp://models.test/hush", "Write it as https://"),
        ("https:///hush", "Write it as https://"),
        ("https://models.test:99999/hush", "Write it as https://"),
        ("http://[::1/hush", "Write it as https://"),
    ],
)
def test_what_is_no_address_or_more_is_refused_and_not_repeated(written: str, remedy: str) -> None:
    """A password or a key may stand in it, so the sentence names the remedy and not the text."""
    with pytest.raises(AddressRefused, match=remedy) as caught:
        address_of(written)

    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
