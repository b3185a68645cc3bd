"""Texts like those that a desk recalls, as many as one likes: templates with slots, by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

_TEMPLATES = (
    "Hold {project} {version}: {count} tests fail in {part}",
    "Release {project} {version}; {part} is tested and covered",
    "Roll {project} back to {version} because {part} is {trouble}",
    "{part} has been {trouble} since {day}",
    "line coverage of {part} {share} %",
    "{person} asks for {amount} euros for {item} from {vendor}",
    "Approve the invoice of {vendor} over {amount} euros for {item}",
    "Reject the invoice of {vendor}: {item} was never delivered to {place}",
    "The contract with {vendor} about {item} ends on {day} and is not to be renewed",
    "Renew the contract with {vendor} for {count} months at {amount} euros",
    "{vendor} delivered {count} {item} to {place}, {count2} of them damaged",
    "Hire a {role} for {place}, beginning on {day}",
    "{role} in {place} is overloaded: {count} cases are open",
    "The customer {vendor} complains about {part} being {trouble}",
    "Refund {amount} euros to {vendor} because {item} arrived {trouble}",
    "Move {part} of {project} from {place} to {place2}",
    "The expense of {person} for {item} in {place} lacks a receipt",
    "Grant {person} access to {part} of {project} until {day}",
    "Revoke the access of {person} to {part}: the {role} has left",
    "The supplier {vendor} is rated {share} of 100 for {quality}",
    "{quality} of {project} fell to {share} % after version {version}",
    "Ask {vendor} for a second offer on {count} {item}",
)


def _words(text: str) -> list[str]:
    return text.split("|")


_SLOTS = {
    "project": _words(
        "billing|portal|warehouse|scheduler|ledger|gateway|mailer|archive|planner|reporter|importer|"
        "search|notifier|checkout|pricing"
    ),
    "part": _words(
        "the login page|the payment service|the nightly import|the export to PDF|the tax rules|"
        "the address check|the search index|the mobile app|the backup|the audit log|"
        "the rate limiter|the user directory|the translation of texts|the queue of orders|"
        "the price list|the stock count"
    ),
    "trouble": _words(
        "broken|late|slow|incomplete|unreadable|duplicated|insecure|out of date|unstable|"
        "wrongly labelled|too expensive|unavailable"
    ),
    "day": [f"{day} {month}" for day in range(1, 29) for month in ("March", "June", "November")],
    "person": _words(
        "the head of sales|an intern|the new auditor|the night shift|the finance team|"
        "the plant manager|a contractor|the legal team|the board|the help desk"
    ),
    "item": _words(
        "office chairs|steel bolts|licences|laptops|a train ticket|hotel nights|cement|"
        "printer paper|a translation|solar panels|safety gloves|coffee beans|a crane|"
        "software updates|insurance|cleaning|pallets|glass bottles|diesel|training days"
    ),
    "vendor": [
        f"{first} {last}"
        for first in _words("North|Blue|Iron|Green|Harbour|Silver|Alpine|Delta")
        for last in _words("Steel|Foods|Logistics|Energy|Media|Textiles|Optics")
    ],
    "place": _words("Lyon|Porto|Gdansk|Bergen|Turin|Graz|Leeds|Ghent|Malmo|Zagreb|Riga|Cork"),
    "role": _words(
        "nurse|welder|data analyst|driver|translator|security guard|buyer|electrician|lawyer|"
        "store manager"
    ),
    "quality": _words(
        "punctuality|availability|test coverage|customer satisfaction|energy use|accuracy|"
        "accessibility|response time"
    ),
}


def texts(count: int, seed: int) -> Iterator[str]:
    """Yields so many different texts."""
    chance, known = random.Random(seed), set[str]()
    while len(known) < count:
        text = _filled(chance)
        if text not in known:
            known.add(text)
            yield text


def _filled(chance: random.Random) -> str:
    slots = {name: chance.choice(words) for name, words in _SLOTS.items()}
    slots["place2"] = chance.choice(_SLOTS["place"])
    slots["version"] = f"{chance.randint(0, 9)}.{chance.randint(0, 20)}.{chance.randint(0, 9)}"
    slots["count"], slots["count2"] = str(chance.randint(2, 400)), str(chance.randint(1, 40))
    slots["amount"] = f"{chance.randint(20, 90_000):,}"
    slots["share"] = f"{chance.randint(100, 1000) / 10}"
    return chance.choice(_TEMPLATES).format(**slots)
